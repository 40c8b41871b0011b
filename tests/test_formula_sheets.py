"""What is read of a chain and its loss: the formulas, and that they are what is computed."""

import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from chainrule import Chain, Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU, Tanh
from chainrule.formulas import Formulas, FormulaSheet
from chainrule.functions import ACTIVATIONS, SELU, Exp, Identity, LogSoftmax, Sigmoid, Softmax
from chainrule.losses import (
    FUSED,
    LOSSES,
    BinaryCrossEntropy,
    CrossEntropy,
    ElementwiseLoss,
    MeanSquaredError,
    Poisson,
    SoftmaxCrossEntropy,
    fused,
)
from typeset import parsed

TOGETHER = [
    (function(), loss())
    for function in ACTIVATIONS.values()
    for loss in LOSSES
    if issubclass(loss, ElementwiseLoss) and fused(function(), loss()) != loss()
]


def together(function, loss):
    return Chain(function).formulas(loss).rules[f"{function} and {loss} together"]


def computed(formula, **letters):
    """Evaluate a formula as it is printed."""
    text = re.sub(r"\|(.*?)\|", r"abs(\1)", formula.split(" = ")[1]).replace("^", "**")
    return eval(text, {**vars(math), **letters})


@pytest.mark.parametrize(("function", "loss"), TOGETHER, ids=str)
@pytest.mark.parametrize("z", [-0.7, 0.4])
def test_the_gradient_that_is_printed_is_the_one_that_is_trained(function, loss, z):
    chain = Chain(function).initialize((1,), dtype=np.float64)
    y = chain.forward([[z]])[0, 0]
    if isinstance(loss, BinaryCrossEntropy | Poisson) and not 0 < y < 1:
        return
    t = 0.3
    formulas = together(function, loss)
    rel = 1e-5 if isinstance(function, SELU) else 1e-12  # whose constants are printed in short
    slope = computed(formulas.derivative[0], z=z, y=y, t=t)
    assert slope == pytest.approx(chain.input_gradient(loss, [[z]], [[t]])[0, 0], rel=rel)
    error = computed(formulas.definition[1], z=z, y=y, t=t)
    assert error == pytest.approx(chain.loss(loss, [[z]], [[t]]), rel=rel)
    assert computed(formulas.definition[0], z=z) == pytest.approx(y, rel=rel)


def test_y_minus_t_is_what_is_trained():
    for function, loss in ((Sigmoid(), BinaryCrossEntropy()), (Exp(), Poisson())):
        formulas = together(function, loss)
        assert formulas.derivative == ("derr/dz = y - t",)
        assert formulas.backprop == ("dZ = 1/(N·K) · derr/dz",)
    assert together(Identity(), MeanSquaredError()).derivative == ("derr/dz = 2*(y - t)",)
    assert together(Tanh(), MeanSquaredError(outputs="sum")).backprop == ("dZ = 1/N · derr/dz",)
    softmax = together(Softmax(), CrossEntropy())
    assert softmax.derivative[0].endswith("that is 1/N (y − t)")
    assert softmax == fused(Softmax(), CrossEntropy()).formulas()


def test_a_pair_that_is_trained_otherwise_is_told_as_it_is(monkeypatch):
    kind = FUSED[Sigmoid, BinaryCrossEntropy]
    monkeypatch.setattr(kind, "derivative", lambda self, y, t: 2 * y - t)
    formulas = together(Sigmoid(), BinaryCrossEntropy())
    assert formulas.derivative == ("derr/dz = 2*z - t",)


@pytest.mark.parametrize("kinds", [*FUSED, *((f, MeanSquaredError) for f in ACTIVATIONS.values())])
def test_pairs_are_typeset(kinds):
    lines = together(*(kind() for kind in kinds)).latex
    assert len(lines) >= 2
    assert all(map(parsed, lines))


@pytest.mark.parametrize("kind", LOSSES)
def test_losses_are_typeset(kind):
    lines = kind().formulas().latex
    assert lines[0].startswith(("L = ", r"\mathrm{err} = "))
    assert r"\frac{\partial L}{\partial" in lines[-1]
    assert all(map(parsed, lines))


def test_a_chain_says_all_that_is_trained():
    images = (Conv2d(2), ReLU(), MaxPool2d(), Flatten(), Linear(3), ReLU(), Linear(2), Softmax())
    chain = Chain(*images)
    assert list(chain.formulas().together()) == [
        *("Conv2d(2)", "ReLU()", "MaxPool2d()", "Flatten()", "Linear(3), Linear(2)", "Softmax()")
    ]
    told = list(chain.formulas(CrossEntropy()).rules)
    assert told[-2:] == ["CrossEntropy", "Softmax() and CrossEntropy together"]
    for last in (LogSoftmax(), Linear(2)):
        loss = MeanSquaredError()
        assert list(Chain(last).formulas(loss).rules) == [str(last), str(loss)]


def test_what_does_not_go_together_is_shown_one_by_one():
    for last, loss in ((Sigmoid(), SoftmaxCrossEntropy()), (LogSoftmax(), CrossEntropy())):
        with pytest.raises(ValueError, match="got the outputs of"):
            fused(last, loss)
        assert list(Chain(last).formulas(loss).rules) == [str(last), str(loss)]


def test_a_sheet_prints_as_it_is_shown():
    sheet = Chain(Linear(2, bias=False), Sigmoid()).formulas(BinaryCrossEntropy())
    assert str(sheet).splitlines() == """\
Linear(2, bias=False)
    definition  Y[n,o] = X[n,i] W[i,o]
    derivative  dY_dX[n,o,i] = W[i,o]
                dY_dW[n,o,i,o] = X[n,i]
    backprop    dX[n,i] = dY[n,o] W[i,o]
                dW[i,o] = X[n,i] dY[n,o]

Sigmoid()
    definition  y = 1/(exp(-x) + 1)
    derivative  dy/dx = y*(1 - y)
    backprop    dX = dY · dy/dx

BinaryCrossEntropy
    definition  err = -((1 - t)*log(1 - y) if t < 1 else 0) - (t*log(y) if t > 0 else 0)
                L = 1/(N·K) Σ_n Σ_k err, of N samples with K outputs
    derivative  derr/dy = ((y - t)/(y*(1 - y)) if t < 1 else -1/y) if t > 0 else 1/(1 - y)
    backprop    dY = 1/(N·K) · derr/dy

Sigmoid() and BinaryCrossEntropy together
    definition  y = 1/(exp(-z) + 1)
                err = log(exp(-|z|) + 1) + (z*(1 - t) if z > 0 else -t*z)
                L = 1/(N·K) Σ_n Σ_k err, of N samples with K outputs
    derivative  derr/dz = y - t
    backprop    dZ = 1/(N·K) · derr/dz""".splitlines()


def test_a_notebook_typesets_a_sheet():
    class Text(HTMLParser):
        def __init__(self):
            super().__init__()
            self.parts = []

        def handle_data(self, data):
            self.parts.append(data)

    reader = Text()
    reader.feed(Chain(ReLU(), Dropout(0.2)).formulas()._repr_html_())
    assert reader.parts[0::2] == ["ReLU()", "Dropout(rate=0.2)"]
    assert reader.parts[1].startswith(r"$$\begin{aligned} & y = \max\left(0, x\right) \\ & \frac")


def test_a_rule_without_latex_is_shown_as_text():
    own = Formulas(("y = x",), ("dy/dx = 1",), ())
    assert own._repr_latex_() is None
    html = FormulaSheet({"<Own>": own})._repr_html_()
    assert html.startswith("<p><b>&lt;Own&gt;</b></p><pre>definition  y = x\n")
    assert FormulaSheet({"Own()": own}).lines(latex=True) == [
        *("Own()", "    definition  y = x", "    derivative  dy/dx = 1")
    ]

"""Each line of a derivation, for every function and every loss, is what differences find."""

import numpy as np
import pytest

from chainrule import (
    Chain,
    CrossEntropy,
    Linear,
    MeanOverMembers,
    MeanSquaredError,
    MemberLinear,
    Multilinear,
    ReLU,
    Softmax,
    Tanh,
    derivation,
    functions as f,
    losses,
    mathematics as m,
)
from chainrule.explain.expressions import Stated
from explain.networks import ALONE, ENDS, MEMBERS, TRAINING, initialized, of_functions
from wrong_rules import (
    BiasedVariance,
    FlatJacobian,
    LongBias,
    Mixing,
    NoInputGradient,
    NotANumber,
    OneWrongEntry,
    ScaledTwice,
    SmallestWins,
    SumInsteadOfMean,
    SummedSquaredError,
    TooSteep,
    Transposed,
    WithoutBias,
    WithoutMean,
    WrongSign,
)


def right(derived, seed=0):
    report = derived.check(seed=seed)
    assert report.passed, report
    return {entry.name for entry in report.entries}


@pytest.mark.parametrize("chain", list(of_functions()), ids=repr)
def test_every_function_is_derived_and_each_line_is_right(chain):
    function = chain.functions[0]
    key = TRAINING if isinstance(function, f.Dropout | f.BatchNorm) else None
    derived = derivation(chain, MeanSquaredError(), key=key, input_gradient=True)
    names = right(derived)
    assert any("∂L/∂X" in name.partition("[")[0] for name in names)
    assert {f"chain.gradient d{name}" for name in chain.parameters} <= names
    assert not [
        side
        for step in derived.steps
        for equation in step.equations
        for side in equation.sides
        if isinstance(side.formula, Stated)
    ]


@pytest.mark.parametrize(("function", "loss"), ENDS, ids=repr)
def test_every_loss_after_a_function(function, loss):
    chain = initialized(Chain(Linear(3), function), (2,))
    names = right(derivation(chain, loss))
    assert {"2.1.1 L", "2.2.1 ∂L/∂Y[n,k]"} <= names
    assert any(name.startswith("3.2.3 ∂L/∂X1") for name in names)


@pytest.mark.parametrize("loss", ALONE, ids=repr)
def test_losses_that_have_the_last_function_in_them(loss):
    derived = derivation(initialized(Chain(Linear(3)), (2,)), loss)
    right(derived)
    assert f"which {loss} has in it" in repr(derived)
    assert "program: dX1[n," in repr(derived)
    assert "Y[n,i] − T[n,i])" in repr(derived) or "(Y[n,j] − T[n,j])" in repr(derived)


def test_flattening_and_dropout_are_lines():
    chain = initialized(Chain(f.Dropout(0.4), f.Flatten()), (2, 3, 4))
    derived = derivation(chain, MeanSquaredError(), key=TRAINING)
    assert "Y[n,12*c+4*i+j] = X1[n,c,i,j]" in repr(derived)
    assert derived.steps[-1].lines[1:] == (
        "dX1[n,c,i,j] = dY[n,12*c+4*i+j]",
        "dX[n,c,i,j] = M0[n,c,i,j] dX1[n,c,i,j]",
    )
    right(derived)


def test_a_function_that_a_loss_makes_needless_is_left_out():
    chain = initialized(Chain(Linear(3), f.LogSoftmax()), (2,))
    derived = derivation(chain, losses.SoftmaxCrossEntropy())
    said = "LogSoftmax() is left out: Softmax() of its output is that of its input."
    assert derived.steps[2].explanation.endswith(said)
    twice = derivation(initialized(Chain(f.Softmax()), (2,)), losses.SoftmaxCrossEntropy())
    assert "left out:" not in repr(twice)


@pytest.mark.parametrize(("function", "loss"), MEMBERS, ids=repr)
def test_members(function, loss):
    chain = initialized(Chain(MemberLinear(3, members=2), function), (4,))
    names = right(derivation(chain, MeanOverMembers(loss)))
    assert "2.2.1 ∂L/∂Y[n,m,k]" in names
    one_number = initialized(Chain(Linear(2)), (3,))
    assert "2.2.1 ∂L/∂Y[n,m]" in right(derivation(one_number, MeanOverMembers(MeanSquaredError())))


@pytest.mark.parametrize("seed", range(2))
def test_lines_are_right_at_random_sizes(seed):
    rng = np.random.default_rng(seed)
    i, h, g, k = rng.permutation(np.arange(2, 6)).tolist()
    chain = Chain(Linear(h), Tanh(), Linear(g, bias=False), ReLU(), Linear(k), Softmax())
    right(derivation(initialized(chain, (i,)), CrossEntropy()), seed)


def test_a_line_of_ones_own():
    class Gated(Multilinear):
        """X with weights of two kinds."""

        def text(self):
            return "Y[n,o] = 1/√i X[n,i] W[i,o] s[o] - 2 b[o]"

        def parameter_shapes(self, input_shape):
            return {"W": (*input_shape, 2), "s": (2,), "b": (2,)}

    derived = derivation(initialized(Chain(Gated()), (3,)), MeanSquaredError())
    right(derived)
    assert "Y[n,o] = 1/√(i)·Σ_i X[n,i]·W0[i,o]·s0[o] − 2·b0[o]" in repr(derived)
    assert "program: ds0[o] = 1/√i X[n,i] W0[i,o] dY[n,o]" in repr(derived)


def test_a_line_in_which_a_factor_stands_twice():
    class Squares(Multilinear):
        """Products of neighbours."""

        def text(self):
            return "Y[n,i] = X[n,i] X[n,i] W[i]"

        def parameter_shapes(self, input_shape):
            return {"W": input_shape}

    derived = derivation(initialized(Chain(Linear(3), Squares()), (2,)), MeanSquaredError())
    right(derived)


def test_a_line_of_two_statements_is_quoted_and_checked():
    class Interleaved(Multilinear):
        def text(self):
            return "Y[n,2*i] = X[n,i] W[i]; Y[n,2*i+1] = X[n,i]"

        def parameter_shapes(self, input_shape):
            return {"W": input_shape}

    derived = derivation(initialized(Chain(Linear(3), Interleaved()), (2,)), MeanSquaredError())
    right(derived)
    assert "   Y[n,2*i] = X[n,i] W[i]; Y[n,2*i+1] = X[n,i]" in repr(derived)
    assert "   program: dW1, dX1 = Interleaved.backprop(dY, …)" in repr(derived)
    assert derived.html()


def test_rules_of_ones_own_that_state_nothing():
    class Sorted(f.ExplicitFunction):
        def output_shape(self, input_shape):
            return input_shape

        def forward(self, X, parameters, key=None):
            return np.sort(X, axis=1)

        def jacobian(self, X, parameters, by="X", key=None):
            return np.eye(X.shape[1])[np.argsort(X, axis=1)]

        def backprop(self, dY, X, Y, parameters, key=None, *, input_gradient=True):
            return np.take_along_axis(dY, np.argsort(np.argsort(X, axis=1), axis=1), axis=1), {}

    class Cubed(losses.Loss):
        def targets(self, t, Y):
            return np.asarray(t, dtype=Y.dtype)

        def errors(self, Y, T):
            return ((Y - T) ** 3).sum(axis=1)

        def error_gradients(self, Y, T):
            return 3 * (Y - T) ** 2

    derived = derivation(initialized(Chain(Linear(2), Sorted()), (3,)), Cubed())
    right(derived)
    shown = repr(derived)
    assert "Sorted() states nothing of its backprop" in shown
    assert "Cubed states nothing of its derivative" in shown
    assert "   dX1 = Sorted.backprop(dY, …)" in shown
    assert derived.html()
    assert derived.latex()


def test_a_rule_of_ones_own_is_read_as_it_runs():
    class RootMeanSquare(f.ExplicitFunction):
        """Samples of length √K, as their code has it."""

        def output_shape(self, input_shape):
            return input_shape

        def scale(self, X):
            return 1 / np.sqrt(np.mean(X * X, axis=1, keepdims=True) + 0.1)

        def forward(self, X, parameters, key=None):
            return X * self.scale(X)

        def jacobian(self, X, parameters, by="X", key=None):
            s, Y = self.scale(X)[..., None], self.forward(X, parameters)
            return s * (np.eye(X.shape[1]) - Y[:, :, None] * Y[:, None, :] / X.shape[1])

        def backprop(self, dY, X, Y, parameters, key=None, *, input_gradient=True):
            s = self.scale(X)
            return s * (dY - Y * np.mean(dY * Y, axis=1, keepdims=True)), {}

    derived = derivation(initialized(Chain(Linear(4), RootMeanSquare()), (3,)), MeanSquaredError())
    right(derived)
    shown = repr(derived)
    assert "   s[n] = 1/√(v[n] + 0.1)" in shown
    assert "program: dX1[n,i] = s[n]·(dY[n,i] − 1/4·Y[n,i]·Σ_k dY[n,k]·Y[n,k])" in shown


def test_normalisations_have_the_formulas_of_their_code():
    shown = repr(derivation(initialized(Chain(Linear(4), f.LayerNorm()), (3,)), MeanSquaredError()))
    for line in (
        "   m[n] = 1/4·Σ_i X1[n,i]    (the mean)",
        "   v[n] = 1/4·Σ_i (X1[n,i] − m[n])²    (the mean of squares)",
        "   s[n] = 1/√(v[n] + 1e−05)    (1 over the root)",
        "   Z[n,i] = (X1[n,i] − m[n])·s[n]    (scaled by s)",
        "   Y[n,i] = Z[n,i]·g1[i] + b1[i]    (LayerNorm())",
        "   dg1[i] = Σ_n dY[n,i]·Z[n,i]",
        "   dX1[n,i] = s[n]·(dY[n,i]·g1[i] − 1/4·Σ_k dY[n,k]·g1[k] "
        "− 1/4·Z[n,i]·Σ_k dY[n,k]·g1[k]·Z[n,k])",
    ):
        assert line in shown.split("\n"), line
    for line in (
        "   ∂m[n]/∂X1[n,i'] = 1/4    (term by term)",
        "     = 1/2·(X1[n,i'] − m[n])    (numbers without their mean have the sum 0)",
        "     = −1/4·s[n]²·Z[n,i']    (what has a name, by its name)",
        "     = s[n]·((1 if i' = i else 0) − 1/4 − 1/4·Z[n,i']·Z[n,i])",
    ):
        assert line in shown.split("\n"), line
    batch = initialized(Chain(f.BatchNorm(affine=False), f.Flatten()), (2, 4, 3))
    trained = repr(derivation(batch, MeanSquaredError(), key=TRAINING, input_gradient=True))
    assert "   m1[c] = 1/(12·N)·Σ_{n,i,j} X[n,c,i,j]    (the mean)" in trained
    predicting = repr(derivation(batch, MeanSquaredError(), input_gradient=True))
    assert "   Z1[n,c,i,j] = (X[n,c,i,j] − mean0[c])·s1[c]" in predicting
    assert "   dX[n,c,i,j] = dX1[n,c,i,j]·s1[c]" in predicting


def test_a_maximum_is_a_line_with_its_place():
    pooled = initialized(Chain(f.MaxPool2d(3, stride=2, padding="same"), f.Flatten()), (2, 5, 6))
    derived = derivation(pooled, MeanSquaredError(), input_gradient=True)
    shown = repr(derived)
    assert "X1[n,c,i,j] = max_{u,v} X[n,c,2*i+u−p,2*j+v−q]" in shown
    assert "of each window, p = 1, q = 0)" in shown
    assert "= Σ_{u,v} M0[n,c,i,j,u,v]·X[n,c,2*i+u−p,2*j+v−q]" in shown
    assert "dX[n,c,2*i+u−p,2*j+v−q] = M0[n,c,i,j,u,v] dX1[n,c,i,j]" in derived.steps[-1].lines
    rng = np.random.default_rng(0)
    below = -1 - rng.random((2, 2, 5, 6))  # zeros of a padding would win
    assert derived.check(below, np.zeros((2, 18))).passed


def test_a_mean_of_embeddings_is_a_line_of_shares():
    chain = initialized(Chain(f.EmbeddingBag(2, mode="mean")), (5,))
    derived = derivation(chain, MeanSquaredError(), input_gradient=True)
    shown = repr(derived)
    assert "   P[n,p] = (X[n,p]/(Σ_q X[n,q]) if Σ_q X[n,q] ≠ 0 else 0)" in shown
    assert "   dA0[p,d] = P[n,p] dY[n,d]" in shown
    empty = [[1, 2, 0, 0, 1], [0, 0, 0, 0, 0]]
    assert derivation(chain, MeanSquaredError()).check(empty, np.ones((2, 2))).passed
    with pytest.raises(ValueError, match="expected t, too, as X is given, got None"):
        derived.check(empty)


def test_an_elementwise_function_of_ones_own():
    class Bent(f.Elementwise):
        """Written with NumPy's functions."""

        def value(self, x):
            return np.where(x > 0.5, np.exp(-x), x * x)

        def derivative(self, x, y):
            return np.where(x > 0.5, -y, 2 * x)

    derived = derivation(initialized(Chain(Linear(4), Bent()), (3,)), MeanSquaredError())
    right(derived)
    assert "Y[n,i] = (exp(−X1[n,i]) if X1[n,i] > 0.5 else X1[n,i]²)" in repr(derived)


def test_ways_above_and_below_0_are_one_formula_where_they_are_the_same():
    class Misprinted(f.Mish):
        """Mish, with another number below 0."""

        def value(self, x):
            return m.where(x > 0, super().value(x), x * m.exp(x))

    derived = derivation(initialized(Chain(Linear(2), f.Mish()), (3,)), MeanSquaredError())
    right(derived)
    assert str(derived.steps[0].equations[1]).split("\n")[-1] == (
        "  = X1[n,i]·(2 + exp(X1[n,i]))·exp(X1[n,i])/(2 + 2·exp(X1[n,i]) + exp(2·X1[n,i]))"
    )
    wrong = derivation(initialized(Chain(Linear(2), Misprinted()), (3,)), MeanSquaredError())
    assert len(wrong.steps[0].equations[1].sides) == 1
    assert not wrong.check().passed


def test_a_network_in_training_mode():
    chain = Chain(f.BatchNorm(), Linear(4), f.Dropout(0.4), Linear(2))
    right(derivation(initialized(chain, (3,)), MeanSquaredError(), key=TRAINING))


# ---- what is wrong


@pytest.mark.parametrize(
    ("function", "first"),
    [
        (TooSteep(), "4.1.1"),
        (WrongSign(), "4.1.1"),
        (NotANumber(), "4.1.1"),
        (Mixing(), "1.2.1"),
        (Transposed(3), "4.2 dW1"),
        (WithoutBias(3), "4.6 db1"),
        (OneWrongEntry(3), "4.2 dW1"),
    ],
)
def test_a_wrong_rule_makes_a_wrong_line(function, first):
    chain = initialized(Chain(Linear(4), function, Linear(2)), (3,))
    report = derivation(chain, MeanSquaredError()).check()
    assert not report.passed
    wrong = [entry.name for entry in report.entries if not entry.passed]
    assert wrong[0].startswith(first)
    assert not [name for name in wrong if name[0] in "23"]  # lines before it are right


@pytest.mark.parametrize(
    ("function", "shape", "line", "wrong"),
    [
        (
            WithoutMean(),
            (4,),
            "dX[n,i] = s1[n]·(dX1[n,i]·g0[i] − 1/4·Z1[n,i]·Σ_k dX1[n,k]·g0[k]·Z1[n,k])",
            ["4.9.3 ∂X1[n,i]/∂X[n,i']", "4.10 dX"],
        ),
        (
            ScaledTwice(),
            (4,),
            "dg0[i] = 2·Σ_n dX1[n,i]·Z1[n,i]",
            ["4.1.1 ∂X1[n,i]/∂g0[i']", "4.2 dg0"],
        ),
        (
            BiasedVariance(),
            (4,),
            "dX[n,i] = s1[i]·(dX1[n,i]·g0[i] − 1/N·Σ_r dX1[r,i]·g0[i] "
            "− 1/N·Z1[n,i]·Σ_r dX1[r,i]·g0[i]·Z1[r,i])",
            ["4.14.1 ∂X1[n,i]/∂X[n',i']", "4.15 dX"],
        ),
        (
            SmallestWins(),
            (2, 4, 4),
            "dX[n,c,2*i+u,2*j+v] = M0[n,c,i,j,u,v] dX1[n,c,i,j]",
            ["1.1.2 X1[n,c,i,j]", "4.2 dX"],
        ),
    ],
    ids=lambda value: repr(value) if isinstance(value, f.Function) else "",
)
def test_a_wrong_rule_of_numpy_makes_a_wrong_formula(function, shape, line, wrong):
    chain = initialized(Chain(function, f.Flatten()), shape)
    key = TRAINING if isinstance(function, f.BatchNorm) else None
    derived = derivation(chain, MeanSquaredError(), key=key, input_gradient=True)
    assert line in derived.steps[-1].lines
    found = [entry.name for entry in derived.check().entries if not entry.passed]
    for name in wrong:
        assert any(each.startswith(name) for each in found), (name, found)


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (NoInputGradient(3), r"NoInputGradient\(3\): expected dX of shape \(3, 4\), got None"),
        (LongBias(3), r"LongBias\(3\): expected db of shape \(3,\), got \(4,\)"),
        (FlatJacobian(3), r"4.1 jacobian: expected the shape \(3, 3, 4, 3\), got \(3, 3, 12\)"),
    ],
)
def test_a_rule_of_a_wrong_shape_is_an_error(function, error):
    chain = initialized(Chain(Linear(4), function, Linear(2)), (3,))
    with pytest.raises(ValueError, match=error):
        derivation(chain, MeanSquaredError()).check()


def test_a_docstring_that_is_wrong_makes_a_wrong_line():
    class Misprinted(Softmax):
        """Softmax, with a sign lost.

        Definition: Y[n,i] = exp(X[n,i]) / Σ_k exp(X[n,k])
        Jacobian: ∂Y[n,i]/∂X[n,j] = Y[n,i]·(1 − Y[n,i]) if i = j else Y[n,i]·Y[n,j]
        """

    derived = derivation(initialized(Chain(Misprinted()), (3,)), MeanSquaredError())
    wrong = [entry.name for entry in derived.check().entries if not entry.passed]
    assert wrong[0].startswith("3.1.1 ∂Y[n,i]/∂X[n,j]")
    assert len(wrong) > 1


@pytest.mark.parametrize(
    ("loss", "ends", "first"),
    [
        (SumInsteadOfMean(), (Softmax(),), "2.2 dY"),
        (SummedSquaredError(), (), "2.2 dY"),
    ],
)
def test_a_wrong_gradient_of_a_loss(loss, ends, first):
    report = derivation(initialized(Chain(Linear(4), *ends), (3,)), loss).check()
    wrong = [entry.name for entry in report.entries if not entry.passed]
    assert wrong[0].startswith(first)


def test_a_fused_loss_that_is_wrong(monkeypatch):
    kind = losses.SigmoidBinaryCrossEntropy
    monkeypatch.setattr(kind, "derivative", lambda self, y, t: 2 * y - t)
    chain = initialized(Chain(Linear(2), f.Sigmoid()), (3,))
    derived = derivation(chain, losses.BinaryCrossEntropy())
    assert "= 1/(N·K)·(2·X1[n,i] − T[n,i])" in repr(derived)
    wrong = [entry.name for entry in derived.check().entries if not entry.passed]
    assert wrong[0].startswith("3.2.5 ∂L/∂X1[n,i]")
    assert wrong[1].startswith("3.2 dX1")


def test_arrays_of_many_numbers_are_compared_at_some():
    chain = initialized(Chain(Linear(30), Tanh(), Linear(4), Softmax()), (22,))
    derived = derivation(chain, CrossEntropy())
    report = derived.check()
    assert report.passed
    (entry,) = (x for x in report.entries if x.name.startswith("chain.gradient dW0"))
    assert (entry.checked, entry.shape) == (40, (22, 30))

"""Kernels of losses, called by themselves."""

import numpy as np
import pytest

from chainrule import losses
from chainrule.chain import Chain
from chainrule.engine.kernels import losses as kernels
from chainrule.engine.kernels.library import library
from chainrule.engine.machine.memory import Panels, aligned
from chainrule.engine.running.steps import Steps
from chainrule.functions import Linear, Softmax, Tanh
from chainrule.training import SGD
from engine.calls import call

PAIR = losses.SoftmaxCrossEntropy()


def gradients(loss, dtype, *, labels, over):
    """Return losses (n,) and gradients (n, o) of a kernel, written over the outputs or not."""
    rows, outputs = 7, 37
    rng = np.random.default_rng(3)
    Z = Panels.zeros(rows, outputs, np.dtype(dtype))
    dZ = Z if over else Panels.zeros(rows, outputs, np.dtype(dtype))
    dZ.data[...] = np.nan
    Z.write(rng.normal(size=(rows, outputs)))
    t = rng.integers(0, outputs, rows) if labels else rng.random((rows, outputs)).astype(dtype)
    shares, found = aligned((rows,), dtype), aligned((rows,), dtype)
    shares[:] = rng.random(rows)
    call(
        kernels.of(library(np.dtype(dtype)), loss, labels=labels),
        last=rows,
        outputs=outputs,
        y=Z.address,
        gradient=dZ.address,
        vector_stride=Z.stride,
        t=t,
        targets=np.arange(rows) * t.strides[0],
        normalized_weights=shares,
        losses=found,
    )
    return found, dZ.read()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("loss", "labels"), [(PAIR, True), (PAIR, False), (losses.MeanSquaredError(), False)]
)
def test_a_gradient_over_the_outputs_has_the_same_bits(loss, labels, dtype):
    apart = gradients(loss, dtype, labels=labels, over=False)
    over = gradients(loss, dtype, labels=labels, over=True)
    assert np.isfinite(apart[1]).all()
    assert [array.tobytes() for array in apart] == [array.tobytes() for array in over]


@pytest.mark.parametrize(("last", "shared"), [([], True), ([Tanh()], False)])
def test_outputs_that_the_loss_alone_reads_have_no_gradient_beside_them(last, shared):
    X, t = np.zeros((4, 3)), np.zeros(4, dtype=int)
    functions = (Linear(6), Tanh(), Linear(5), *last, Softmax())
    chain = Chain(*functions).initialize(X, dtype=np.float64)
    steps = Steps(chain, losses.CrossEntropy(), SGD(0.1), X, t)
    first, second = (head.values for head in steps._program(4)[0].heads)
    assert (second.output is second.gradient) == shared
    assert first.output is not first.gradient

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
    Z, shares = rng.normal(size=(rows, outputs)), rng.random(rows)
    t = rng.integers(0, outputs, rows) if labels else rng.random((rows, outputs)).astype(dtype)
    return of_kernel(loss, dtype, Z, t, shares, labels=labels, over=over)


def of_kernel(loss, dtype, numbers, t, weights, *, labels, over=False, samples=1):
    """Return losses (n,) and gradients (n, o) of a kernel for outputs, targets and weights."""
    rows, outputs = numbers.shape
    sizes = {"labels": labels, "outputs": outputs, "samples": samples}
    Z = Panels.zeros(rows, outputs, np.dtype(dtype))
    dZ = Z if over else Panels.zeros(rows, outputs, np.dtype(dtype))
    dZ.data[...] = np.nan
    Z.write(numbers)
    shares, found = aligned((rows,), dtype), aligned((rows,), dtype)
    shares[:] = weights
    call(
        kernels.of(library(np.dtype(dtype)), loss, **sizes),
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


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [3, 16, 37])
def test_ties_infinities_and_nan_are_the_textbooks(k, dtype, labels):
    Z = np.random.default_rng(k).normal(size=(40, k)).astype(dtype)
    Z[1, 2] = Z[1, 0] = 4  # a tie
    Z[2] = 1
    Z[3, 1:] = -np.inf
    Z[4, 1] = -np.inf
    Z[5, 2] = np.inf
    Z[6, 1] = np.nan
    Z[7] = -np.inf
    Z[8, :2] = 3e38, -3e38
    t = np.arange(40) % k
    t[3] = 0
    T = np.eye(k, dtype=dtype)[t]
    expected = PAIR.errors(Z, T), PAIR.error_gradients(Z, T)
    found = of_kernel(PAIR, dtype, Z, t if labels else T, np.ones(40), labels=labels)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=8 * np.finfo(dtype).eps, atol=1e-36)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("rows", "k"), [(40, 1), (9, 3), (33, 10), (16, 8), (23, 17), (50, 32)])
def test_many_samples_at_a_time_have_the_same_bits(rows, k, dtype):
    rng = np.random.default_rng(rows)
    Z = (rng.normal(size=(rows, k)) * 10).astype(dtype)
    Z[1], Z[2, -1], Z[3] = 2, -np.inf, -0.0  # ties
    Z[4] = rng.choice([-0.0, 0.0], k)
    if rows > 30:  # where a sum is NaN, its sign is nobody's business
        Z[5, 0], Z[6, -1] = np.inf, np.nan
    t, weights = rng.integers(0, k, rows), rng.random(rows)
    one, many = (
        of_kernel(PAIR, dtype, Z, t, weights, labels=True, over=over, samples=samples)
        for over, samples in ((False, 1), (True, rows))
    )
    for each, other in zip(one, many, strict=True):
        np.testing.assert_array_equal(each, other)
        known = ~np.isnan(each)
        assert each[known].tobytes() == other[known].tobytes()
    full = library(np.dtype(dtype))
    assert kernels.of(full, PAIR, labels=True, outputs=k, samples=rows) is full.get(
        kernels.softmax_of_labels
    )


@pytest.mark.parametrize(("last", "shared"), [([], True), ([Tanh()], False)])
def test_outputs_that_the_loss_alone_reads_have_no_gradient_beside_them(last, shared):
    X, t = np.zeros((4, 3)), np.zeros(4, dtype=int)
    functions = (Linear(6), Tanh(), Linear(5), *last, Softmax())
    chain = Chain(*functions).initialize(X, dtype=np.float64)
    steps = Steps(chain, losses.CrossEntropy(), SGD(0.1), X, t)
    first, second = (head.values for head in steps._program(4)[0].plans[0].heads)
    assert (second.output is second.gradient) == shared
    assert first.output is not first.gradient

"""Finite numbers that a float type cannot hold, and what overflows within a network."""

import pickle

import numpy as np
import pytest
from scipy import sparse

from chainrule import (
    Chain,
    CrossEntropy,
    Linear,
    Plan,
    Predictor,
    ReLU,
    Softmax,
    train,
)
from chainrule.finite import NotFiniteError, check_range, finite_outputs, narrowed

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
X = np.random.default_rng(0).normal(size=(7, 4))
FAR = np.where(np.arange(28).reshape(7, 4) == 14, -1e39, X)
t = np.arange(7) % 3
NAMED = r"expected X within ±3.4e\+38 for float32, got -1e\+39 in sample 3 at \(2\); float64 holds"


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array, sparse.csc_matrix])
def test_the_first_number_beyond_a_type_is_named(form):
    with pytest.raises(NotFiniteError, match=f"^name: {NAMED} it$") as caught:
        check_range("name", form(FAR), F32)
    assert (caught.value.sample, caught.value.place) == (3, (2,))
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    check_range("name", form(FAR), F64)
    check_range("name", form(X.astype(np.float32)), F32)
    with pytest.raises(NotFiniteError, match=r"expected y within .* at \(2\), read the manual$"):
        check_range("name", form(FAR), F32, "y", ", read the manual")


def test_only_finite_numbers_of_a_larger_type_are_looked_at():
    for given in (np.array([[np.nan, np.inf], [-np.inf, 3e38]]), np.array([[2**63 - 1]])):
        check_range("name", given, F32)
    np.testing.assert_array_equal(narrowed("name", X, F32), X.astype(np.float32))
    assert narrowed("name", X.astype(np.float32), F64).dtype == np.float32
    edge = np.array([[float(np.finfo(np.float32).max), -float(np.finfo(np.float32).max)]])
    assert np.isfinite(narrowed("name", edge, F32)).all()
    both = np.array([[np.nan, 1e39]])
    with pytest.raises(NotFiniteError, match=r"got 1e\+39 in sample 0 at \(1\)"):
        narrowed("name", both, F32)
    if np.finfo(np.longdouble).max > np.finfo(np.float64).max:
        huge = np.array([[1, 2]]) * np.longdouble("1e400")
        with pytest.raises(NotFiniteError, match=r"within ±1.8e\+308 for float64, got 1e\+400 in"):
            check_range("name", huge, F64)


@pytest.mark.parametrize("shape", [(3, 1), (3, 2), (30, 2), (3, 2, 9)])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_outputs_that_are_not_finite_are_named(shape, value):
    Y = np.full(shape, 1e308)  # whose sum is infinite
    assert finite_outputs("name", Y) is Y
    Y[2, 0] = value
    at = "" if shape[1:] == (1,) else rf" at \(0{', 0' * (len(shape) - 2)}\)"
    expected = f"^name: expected a finite gradient, got {value} in sample 2{at}: a number in "
    with pytest.raises(NotFiniteError, match=f"{expected}the network grew beyond float64; bring"):
        finite_outputs("name", Y, "gradient")
    with pytest.raises(NotFiniteError, match=r"beyond float32; .*, or fit on X of float64$"):
        finite_outputs("name", np.array([[value]], np.float32))


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_a_chain_of_float32_names_what_it_cannot_hold(form):
    given, loss = form(FAR), CrossEntropy()
    chain = Chain(Linear(5), ReLU(), Linear(3), Softmax()).initialize((4,))
    for call in (
        lambda: chain.forward(given),
        lambda: chain.loss(loss, given, t),
        lambda: chain.gradient(loss, given, t),
        lambda: chain.input_gradient(loss, given, t),
    ):
        with pytest.raises(NotFiniteError, match=rf"^Linear\(5\): {NAMED}"):
            call()
    with pytest.raises(NotFiniteError, match=NAMED):
        Predictor(chain)(given)
    for engine in ("machine", "reference"):
        before = chain.parameters.flat.copy()
        with pytest.raises(NotFiniteError, match=f"^train: {NAMED}"):
            train(chain, loss, given, t, Plan(epochs=1), engine=engine)
        with pytest.raises(NotFiniteError, match=f"^validation: {NAMED}"):
            train(chain, loss, X, t, Plan(epochs=1), validation=(given, t), engine=engine)
        np.testing.assert_array_equal(chain.parameters.flat, before)
    wide = chain.astype(np.float64)
    np.testing.assert_allclose(wide.forward(given).sum(axis=1), 1)
    np.testing.assert_allclose(Predictor(wide)(given), wide.forward(given))

"""Steps whose products read bfloat16: the same bits everywhere, and those of their definition.

There are two orders of sums, each a precision of its own.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import sparse

from chainrule import functions as f, losses
from chainrule.chain import Chain
from chainrule.engine.kernels.library import Library
from chainrule.engine.machine.compiling import host
from chainrule.engine.network.errors import CannotLowerError
from chainrule.engine.planning.blocked import Blocked
from chainrule.engine.planning.operands import Paired, Widened
from chainrule.engine.running.steps import Steps
from chainrule.training import SGD, Adam
from engine.bfloat16_by_hand import block_product, flushed, matrix_product
from engine.calls import OTHERS, without_tiles

FLOAT32 = np.dtype(np.float32)
PLAIN = Library(FLOAT32, replace(host(), features=host().features.replace("+avx512bf16", "")))
WAYS = [(Widened(), PLAIN), *((Widened(), Library(FLOAT32, target)) for target in OTHERS.values())]
WAYS += [(Paired(), Library(FLOAT32))] if host().has_pairs else []
BLOCKS = [(Blocked(), Library(FLOAT32, target)) for target in (host(), without_tiles())]
BLOCKS += [(Blocked(), Library(FLOAT32, target)) for target in OTHERS.values()]
ORDERS = {"pairs": (WAYS, matrix_product), "blocks": (BLOCKS, block_product)}
MAPS = [f.ReLU(), f.Tanh(), f.Dropout(0.3), f.Softmax(), f.LayerNorm()]


def taken(functions, loss, optimizer, X, t, rows, way, threads, **options):
    """Return losses and parameters after three steps."""
    form, kernels = way
    chain = Chain(*functions).initialize(X[0].shape, seed=1)
    rng = np.random.default_rng(3)
    order = np.concatenate([rng.permutation(len(t))[:rows] for _ in range(3)])
    given = (chain, loss, optimizer, X, t)
    steps = Steps(*given, form=form, kernels=kernels, threads=threads, **options)
    found = steps.run(order, rows, np.full(3, optimizer.learning_rate))
    steps.store()
    return found, chain.parameters.flat


@st.composite
def networks(draw):
    """Draw a chain and its samples."""
    size = st.integers(1, 40)
    functions = [*draw(st.lists(st.sampled_from(MAPS[:3]), max_size=1))]
    for _ in range(draw(st.integers(0, 2))):
        functions.append(f.Linear(draw(size), bias=draw(st.booleans())))
        functions += draw(st.lists(st.sampled_from(MAPS), max_size=2))
        if draw(st.booleans()):
            width = draw(size)
            block = f.Residual(Chain(f.Linear(width), f.ReLU()))
            functions += [f.Linear(width), block]
    n, inputs = draw(st.integers(1, 40)), draw(size)
    X = np.random.default_rng(4).normal(size=(n, inputs)).astype(np.float32)
    return [*functions, f.Linear(draw(size)), f.Softmax()], X


@settings(max_examples=12, deadline=None)
@given(networks(), st.sampled_from([None, 0.1]), st.booleans(), st.data())
@pytest.mark.parametrize("order", ORDERS)
def test_the_same_bits_for_any_form_and_number_of_threads(order, network, clip, keeps, data):
    (functions, X), (forms, _) = network, ORDERS[order]
    rows = data.draw(st.integers(1, len(X)))
    t = np.arange(len(X)) % functions[-2].outputs
    options = {"l2": 0.01, "clip": clip, "keeps_gradient": keeps}
    given = (functions, losses.CrossEntropy(), Adam(0.01), X, t, rows)
    expected, moved = taken(*given, forms[0], 1, **options)
    ways = [(forms[0], threads) for threads in (2, 3, 7)]
    for way, threads in [*ways, *((way, 2) for way in forms[1:])]:
        found, flat = taken(*given, way, threads, **options)
        assert found.tobytes() == expected.tobytes()
        assert flat.tobytes() == moved.tobytes()


@pytest.mark.parametrize("order", ORDERS)
def test_behind_images_and_lines_too(order):
    forms, _ = ORDERS[order]
    rng = np.random.default_rng(6)
    X, t = rng.normal(size=(37, 2, 5, 6)).astype(np.float32), np.arange(37) % 3
    functions = [f.Conv2d(3, 2), f.ReLU(), f.Flatten(), f.Linear(21), f.LayerNorm(), f.Linear(3)]
    given = (functions, losses.SoftmaxCrossEntropy(), SGD(0.1), X, t, 35)
    expected, moved = taken(*given, forms[0], 1)
    assert not np.array_equal(moved, taken(*given, (None, None), 1)[1])
    for way, threads in [(forms[0], 3), *((way, 2) for way in forms[1:])]:
        found, flat = taken(*given, way, threads)
        assert found.tobytes() == expected.tobytes()
        assert flat.tobytes() == moved.tobytes()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [1.0, 3e-9], ids=["usual", "denormal sums"])
def test_the_bits_of_the_definition(order, size):
    """Forward, dX and dW round both operands; biases, losses and moves are float32's."""
    forms, product = ORDERS[order]
    rng = np.random.default_rng(8)
    X = (rng.normal(size=(23, 19)) * size).astype(np.float32)
    t = rng.normal(size=(23, 5)).astype(np.float32)
    functions = [f.Linear(33), f.ReLU(), f.Linear(5)]
    loss, rate = losses.HalfSquaredError(outputs="sum"), np.float32(0.125)
    chain = Chain(*functions).initialize(X, seed=1)
    w = {name: array.copy() for name, array in chain.parameters.items()}
    if size < 1:
        w["W0"] = chain.parameters["W0"][...] = (rng.normal(size=(19, 33)) * 1e-29).astype(FLOAT32)
    start, share = chain.parameters.flat.copy(), np.float32(1) / np.float32(23)
    for _ in range(3):
        Z = product(X, w["W0"]) + w["b0"]
        Y = np.maximum(Z, 0)
        dV = flushed((product(Y, w["W1"]) + w["b1"] - t) * share)
        dZ = flushed(product(dV, w["W1"].T) * (Z > 0))
        gradients = {"W1": product(Y.T, dV), "W0": product(X.T, dZ)}
        gradients |= {f"b{k}": np.add.accumulate(d)[-1] for k, d in enumerate((dZ, dV))}
        w = {name: flushed(w[name] - flushed(rate * gradients[name])) for name in w}
    expected = np.concatenate([w[name].reshape(-1) for name in chain.parameters])
    for form, kernels in forms:
        chain.parameters.flat[...] = start
        given = (chain, loss, SGD(float(rate)), X, t)
        steps = Steps(*given, form=form, kernels=kernels, threads=2)
        steps.run(np.tile(np.arange(23), 3), 23, np.full(3, float(rate)))
        steps.store()
        assert chain.parameters.flat.tobytes() == expected.tobytes()


def sparse_samples():
    rng = np.random.default_rng(9)
    X = rng.normal(size=(20, 30)).astype(np.float32) * (rng.random((20, 30)) < 0.2)
    return X, np.arange(20) % 4


def test_outputs_are_those_of_float32():
    X, t = sparse_samples()
    chain = Chain(f.Linear(8), f.Tanh(), f.Linear(4), f.Softmax()).initialize(X, seed=1)
    given = chain, losses.CrossEntropy(), SGD(0.1), X, t
    rounded, plain = (Steps(*given, form=form) for form in (Widened(), None))
    assert rounded.outputs(X).tobytes() == plain.outputs(X).tobytes()


def test_the_product_of_sparse_samples_is_that_of_float32():
    X, t = sparse_samples()
    functions, loss = [f.Linear(8), f.Tanh(), f.Linear(4), f.Softmax()], losses.CrossEntropy()
    chain = Chain(*functions).initialize(X, seed=1)
    w = chain.parameters
    Y = np.tanh(X @ w["W0"] + w["b0"])
    Z = matrix_product(Y, w["W1"]) + w["b1"]
    expected = losses.SoftmaxCrossEntropy().value(Z, t)
    found, dense = (
        Steps(chain, loss, SGD(0.1), samples, t, form=Widened()).run(np.arange(20), 20, np.ones(1))
        for samples in (sparse.csr_array(X), X)
    )
    assert found[0] == pytest.approx(expected, rel=1e-6)
    assert abs(dense[0] - expected) > 1e-5


def test_a_chain_without_a_product_that_is_rounded_is_refused():
    X, t = sparse_samples()
    chain = Chain(f.Linear(4), f.Softmax()).initialize(X, seed=1)
    with pytest.raises(CannotLowerError, match="expects a Linear on samples that are not sparse"):
        Steps(chain, losses.CrossEntropy(), SGD(0.1), sparse.csr_array(X), t, form=Widened())


def test_the_listing_says_what_is_rounded_and_runs():
    rng = np.random.default_rng(5)
    X, t = rng.normal(size=(16, 11)).astype(np.float32), rng.integers(0, 5, 16)
    chain = Chain(f.Linear(9), f.ReLU(), f.Linear(5), f.Softmax()).initialize(X, seed=2)
    steps = Steps(chain, losses.CrossEntropy(), SGD(0.5), X, t, form=Widened())
    text, namespace = steps.listing(16), {}
    for line in (
        "Z0 = rounded(X) @ rounded(w['W0']) + w['b0']",
        "dZ0 = rounded(dZ1) @ rounded(w['W1']).T",
        "dW1 = rounded(Y0).T @ rounded(dZ1)",
        "db1 = dZ1.sum(axis=0)",
    ):
        assert line in text
    exec(text, namespace)
    w = {name: array.copy() for name, array in chain.parameters.items()}
    state = dict.fromkeys(w, ())
    expected = [namespace["step"](X, t, None, w, state, 0.5, n) for n in (1, 2, 3)]
    found = steps.run(np.tile(np.arange(16), 3), 16, np.full(3, 0.5))
    plain = Steps(chain, losses.CrossEntropy(), SGD(0.5), X, t)
    unrounded = plain.run(np.tile(np.arange(16), 3), 16, np.full(3, 0.5))
    assert np.abs(found - expected).max() < 1e-5 < np.abs(unrounded - expected).max()

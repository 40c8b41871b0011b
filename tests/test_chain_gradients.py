"""Gradients of a chain: against its Jacobians, differences, NumPy and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import sparse
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier, MLPRegressor

from chainrule import (
    Chain,
    Conv2d,
    CrossEntropy,
    Dropout,
    EmbeddingBag,
    Flatten,
    Linear,
    MeanSquaredError,
    RandomKey,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    check_gradients,
    finite_difference,
    functions as f,
    losses,
)
from small_chains import three_layers


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@st.composite
def chains(draw):
    """Draw a chain of functions that fit each other, and the shape of its samples."""
    image = draw(st.booleans())
    shape = draw(st.sampled_from([(2, 5, 4), (1, 6, 7)])) if image else (draw(st.integers(1, 6)),)
    functions = []
    if image:
        functions += [Conv2d(draw(st.integers(1, 3)), size=2, padding="same"), Tanh()]
        functions += draw(st.sampled_from([[], [f.MaxPool2d(2)], [f.AvgPool2d(2, stride=1)]]))
        functions.append(Flatten())
    activations = [Tanh(), Sigmoid(), f.GELU(), f.Softplus(), f.ELU(), f.SiLU(), ReLU()]
    activation = st.sampled_from([*activations, f.LeakyReLU(0.2)])
    for _ in range(draw(st.integers(0, 2))):
        functions += [Linear(draw(st.integers(1, 5)), bias=draw(st.booleans())), draw(activation)]
    functions.append(Linear(draw(st.integers(1, 4))))
    functions += draw(st.sampled_from([[], [Softmax()], [f.LogSoftmax()]]))
    return functions, shape


@settings(max_examples=60, deadline=None, derandomize=True)
@given(chains(), st.integers(0, 2**32))
def test_backprop_is_the_cotangent_times_the_product_of_jacobians(drawn, seed):
    functions, shape = drawn
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(3, *shape))
    chain = Chain(*functions).initialize(X, seed=seed, dtype=np.float64)
    trace = chain.trace(X)
    dY = rng.normal(size=trace[-1].shape)
    gradients, dX = chain.backprop(trace, dY, input_gradient=True)
    J = chain.jacobian(X)
    expected = np.einsum("nk,nk...->n...", dY, J)
    np.testing.assert_allclose(dX, expected, rtol=1e-9, atol=1e-12)
    V = rng.normal(size=X.shape)
    along = finite_difference(lambda s: np.sum(dY * chain.forward(X + s * V)), 0.0)
    np.testing.assert_allclose(np.sum(dX * V), along, rtol=1e-6, atol=1e-8)
    assert set(gradients) == set(chain.parameters)


def test_a_trace_cut_short_leaves_the_rest_without_gradient(rng):
    chain, X = three_layers(), rng.normal(size=(7, 3))
    trace = chain.trace(X, until=2)
    out = chain.parameters.empty_like()
    out.flat[...] = np.nan
    gradients, dX = chain.backprop(trace, np.ones_like(trace[-1]), out=out)
    assert dX is None
    assert gradients is out
    assert gradients["W0"].all()
    assert not gradients["W1"].any()
    assert not gradients["b2"].any()


def test_a_trace_of_nothing_hands_the_cotangent_back(rng):
    chain, X = three_layers(), rng.normal(size=(7, 3))
    gradients, dX = chain.backprop(chain.trace(X, until=0), X, input_gradient=True)
    assert np.array_equal(dX, X)
    assert not gradients.flat.any()
    assert chain.backprop(chain.trace(X, until=0), X)[1] is None


@pytest.mark.parametrize(
    ("last", "loss", "t"),
    [
        (Softmax(), CrossEntropy(), [0, 3, 3, 1, 4]),
        (Sigmoid(), losses.BinaryCrossEntropy(), np.eye(5)),
    ],
)
def test_a_pair_that_fuses_is_its_composition(rng, last, loss, t):
    chain = Chain(Linear(4), Tanh(), Linear(5), last)
    X = rng.normal(size=(5, 3))
    chain.initialize(X, dtype=np.float64)
    value, gradients = chain.gradient(loss, X, t)
    trace = chain.trace(X)
    apart, _ = chain.backprop(trace, loss.gradient(trace[-1], t))
    assert value == pytest.approx(loss.value(trace[-1], t), rel=1e-13)
    np.testing.assert_allclose(gradients.flat, apart.flat, rtol=1e-11, atol=1e-14)


def test_the_loss_is_scikit_learns(rng):
    chain, X, t = three_layers(), rng.normal(size=(9, 3)), rng.integers(0, 5, 9)
    weights = rng.uniform(0.5, 2, 9)
    expected = log_loss(t, chain.forward(X), sample_weight=weights, labels=range(5))
    assert chain.loss(CrossEntropy(), X, t, weights) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
@pytest.mark.parametrize("kind", ["classes", "two", "numbers"])
def test_gradients_are_scikit_learns(rng, activation, kind):
    X = rng.normal(size=(11, 3))
    function = {"relu": ReLU(), "tanh": Tanh(), "logistic": Sigmoid()}[activation]
    outputs, last, loss = {
        "classes": (4, [Softmax()], CrossEntropy()),
        "two": (1, [Sigmoid()], losses.BinaryCrossEntropy()),
        "numbers": (1, [], MeanSquaredError()),
    }[kind]
    t = {"classes": np.arange(11) % 4, "two": np.arange(11) % 2, "numbers": rng.normal(size=11)}
    chain = Chain(Linear(5), function, Linear(2), function, Linear(outputs), *last)
    chain.initialize(X, dtype=np.float64, seed=5)
    chain.parameters.flat[...] += 0.1 * rng.normal(size=chain.parameters.flat.size)
    kept = {}

    class Recording:
        """An optimizer that keeps the gradients and moves nothing."""

        def __init__(self, parameters):
            self.parameters = parameters

        def update_params(self, parameters, gradients):
            kept["gradients"] = [g.copy() for g in gradients]

        def iteration_ends(self, time_step):
            pass

        def trigger_stopping(self, message, verbose):
            return True

    Model = MLPRegressor if kind == "numbers" else MLPClassifier
    model = Model(
        hidden_layer_sizes=(5, 2), activation=activation, solver="sgd", alpha=0.0, batch_size=11
    )
    model.set_params(shuffle=False)
    model.partial_fit(X, t[kind], **({} if kind == "numbers" else {"classes": np.unique(t[kind])}))
    arrays = list(chain.parameters.values())
    for layer in range(3):
        model.coefs_[layer][...] = arrays[2 * layer]
        model.intercepts_[layer][...] = arrays[2 * layer + 1]
    model._optimizer = Recording(model.coefs_ + model.intercepts_)
    model.partial_fit(X, t[kind])
    _, gradients = chain.gradient(loss, X, t[kind])
    # scikit-learn's squared error has a factor of one half.
    factor = 0.5 if kind == "numbers" else 1.0
    for number in range(3):
        W, b = kept["gradients"][number], kept["gradients"][3 + number]
        np.testing.assert_allclose(factor * gradients[f"W{number}"], W, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(factor * gradients[f"b{number}"], b, rtol=1e-12, atol=1e-15)


def test_whole_sample_weights_are_repetitions(rng):
    chain, X, t = three_layers(), rng.normal(size=(5, 3)), np.array([0, 2, 4, 1, 1])
    times = np.array([2, 1, 3, 0, 1])
    weighted = chain.gradient(CrossEntropy(), X, t, times)
    repeated = chain.gradient(CrossEntropy(), np.repeat(X, times, axis=0), np.repeat(t, times))
    assert weighted[0] == pytest.approx(repeated[0], rel=1e-13)
    np.testing.assert_allclose(weighted[1].flat, repeated[1].flat, rtol=1e-12, atol=1e-15)


def test_sparse_rows_are_the_same_numbers(rng):
    X = rng.integers(0, 3, (7, 11)) * (rng.random((7, 11)) < 0.4)
    t = rng.integers(0, 4, 7)
    for first in (Linear(6), EmbeddingBag(6)):
        chain = Chain(first, Linear(4), Softmax()).initialize((11,), dtype=np.float64)
        dense = chain.gradient(CrossEntropy(), X, t)
        for kind in (sparse.csr_matrix, sparse.csr_array, sparse.coo_array, sparse.csc_matrix):
            value, gradients = chain.gradient(CrossEntropy(), kind(X), t)
            assert value == pytest.approx(dense[0], rel=1e-13)
            np.testing.assert_allclose(gradients.flat, dense[1].flat, rtol=1e-12, atol=1e-15)


def test_the_gradient_by_the_input_is_a_difference(rng):
    chain, X, t = three_layers(), rng.normal(size=(4, 3)), np.array([1, 0, 4, 2])
    weights = np.array([0.5, 2, 0, 1.5])
    numeric = finite_difference(lambda at: chain.loss(CrossEntropy(), at, t, weights), X)
    found = chain.input_gradient(CrossEntropy(), X, t, weights)
    np.testing.assert_allclose(found, numeric, rtol=1e-7, atol=1e-10)


def test_a_convolutional_chain_with_strides_and_groups_is_right(rng):
    chain = Chain(
        Conv2d(4, size=3, stride=2, padding="same"),
        f.SiLU(),
        Conv2d(6, size=2, groups=2),
        Tanh(),
        f.AvgPool2d(2, stride=1),
        Flatten(),
        Linear(3),
        Softmax(),
    )
    X = rng.normal(size=(2, 2, 9, 8))
    chain.initialize(X, dtype=np.float64, seed=2)
    assert check_gradients(chain, CrossEntropy(), X, [2, 0]).passed


def test_dropout_draws_by_the_moment_and_rests_in_prediction(rng):
    chain = Chain(Linear(50), Dropout(0.5), Linear(2)).initialize((3,), dtype=np.float64)
    X = rng.normal(size=(4, 3))
    first, again = (chain.forward(X, RandomKey(seed=1, step=7)) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, chain.forward(X, RandomKey(seed=1, step=8)))
    assert np.array_equal(chain.forward(X), chain.forward(X))
    p = chain.parameters
    np.testing.assert_allclose(
        chain.forward(X), (X @ p["W0"] + p["b0"]) @ p["W1"] + p["b1"], rtol=1e-12
    )
    report = check_gradients(
        chain, MeanSquaredError(), X, rng.normal(size=(4, 2)), key=RandomKey(1, 7)
    )
    assert report.passed


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_logits_stay_finite_and_nan_goes_through(dtype):
    chain = Chain(Linear(3), Softmax()).initialize((2,), dtype=dtype)
    X = np.array([[1000.0, -1000], [-1000, 1000], [1, 1]]) * 100
    value, gradients = chain.gradient(CrossEntropy(), X, [0, 1, 2])
    assert np.isfinite(value)
    assert chain.loss(CrossEntropy(), X, [0, 1, 2]) == value
    assert np.isfinite(gradients.flat).all()
    X[1, 0] = np.nan
    Y = chain.forward(X)
    assert np.isnan(Y[1]).all()
    assert np.isfinite(Y[[0, 2]]).all()


def test_a_batch_of_one_and_the_jacobian_of_each_function(rng):
    chain, X = three_layers(), rng.normal(size=(1, 3))
    assert chain.forward(X).shape == (1, 5)
    shapes = [J.shape for J in chain.jacobians(X)]
    assert shapes == [(1, 4, 3), (1, 4, 4), (1, 2, 4), (1, 2, 2), (1, 5, 2), (1, 5, 5)]


@pytest.mark.parametrize(
    ("functions", "shape"),
    [
        ((Linear(4), Tanh(), Linear(2), Softmax()), (3,)),
        ((Conv2d(2), f.MaxPool2d(2), Flatten(), Linear(5)), (1, 6, 7)),
        ((f.AvgPool2d(2, padding="same"), ReLU()), (2, 5, 4)),
    ],
)
def test_no_samples_have_no_jacobians(functions, shape):
    chain = Chain(*functions).initialize(shape, dtype=np.float64)
    J = chain.jacobian(np.zeros((0, *shape)))
    assert J.shape == (0, *chain.layers[-1].output_shape, *shape)


def test_jacobians_take_lists_as_forward_does():
    chain = Chain(Linear(2), Tanh()).initialize((3,), dtype=np.float64)
    rows = [[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]]
    assert np.array_equal(chain.jacobian(rows), chain.jacobian(np.array(rows)))


def test_a_rule_without_a_gradient_for_a_parameter_is_named():
    class Forgetful(Linear):
        def backprop(self, dY, X, Y, parameters, key=None, *, input_gradient=True):
            dX, own = super().backprop(dY, X, Y, parameters, key, input_gradient=input_gradient)
            return dX, {"W": own["W"]}

    chain = Chain(Forgetful(2)).initialize((3,), dtype=np.float64)
    with pytest.raises(ValueError, match=r"Forgetful\(2\): expected gradients by W, b, got W"):
        chain.gradient(MeanSquaredError(), np.ones((4, 3)), np.ones((4, 2)))


def test_sparse_rows_are_checked_too():
    chain = Chain(Linear(2)).initialize((3,), dtype=np.float64)
    X = sparse.csr_array([[1.0, 0, 2], [0, 3, 0]])
    assert check_gradients(chain, MeanSquaredError(), X, np.ones((2, 2))).passed

"""Layer normalisation: what it is by hand, and that it equals PyTorch's."""

import numpy as np
import pytest

from chainrule import (
    Adam,
    Chain,
    Classifier,
    Conv2d,
    CrossEntropy,
    Flatten,
    LayerNorm,
    Linear,
    Plan,
    ReLU,
    Softmax,
    check_gradients,
    train,
)
from chainrule.functions import RandomKey

ONES = {"g": np.ones(4), "b": np.zeros(4)}


def test_a_sample_by_hand():
    # Mean 3, variance ((−2)² + (−1)² + 0² + 3²) / 4 = 3.5; with epsilon 0.5 the root is 2.
    Y = LayerNorm(epsilon=0.5).forward(np.array([[1.0, 2.0, 3.0, 6.0]]), ONES)
    np.testing.assert_allclose(Y, [[-1, -0.5, 0, 1.5]], rtol=1e-15)


def test_scale_and_shift_are_those_of_a_feature():
    parameters = {"g": np.array([1.0, 2, 3, 4]), "b": np.array([0.0, 1, 2, 3])}
    Y = LayerNorm(epsilon=0.5).forward(np.array([[1.0, 2.0, 3.0, 6.0]]), parameters)
    np.testing.assert_allclose(Y, [[-1, 0, 2, 9]], rtol=1e-15)


def test_the_figures_of_pytorch():
    """Those of F.layer_norm(x, (4,), g, b) in float64, and of its backward."""
    X, dY = np.array([[0.5, -1.25, 2.0, 3.5]]), np.array([[1.0, -2.0, 0.5, 3.0]])
    parameters = {"g": np.array([0.5, 1.5, -1.0, 2.0]), "b": np.array([0.25, 0, -0.5, 1])}
    Y = LayerNorm().forward(X, parameters)
    expected = [0.0549354159797208, -2.0747778482157, -0.961061744047933, 3.62450531227285]
    np.testing.assert_allclose(Y, [expected], rtol=1e-13)
    dX, gradients = LayerNorm().backprop(dY, X, Y, parameters)
    expected = [0.500005676422647, 0.147746566056812, -1.46790037549976, 0.820148133020297]
    np.testing.assert_allclose(dX, [expected], rtol=1e-12)
    expected = [-0.390129168040558, 2.7663704642876, 0.230530872023966, 3.93675796840927]
    np.testing.assert_allclose(gradients["g"], expected, rtol=1e-13)


def test_the_figures_of_pytorch_for_images():
    """Those of F.group_norm(x, 1, g, b) in float64, and of its backward."""
    X = np.arange(8.0).reshape(1, 2, 2, 2) ** 2
    dY = np.sin(np.linspace(-1, 1, 8)).reshape(1, 2, 2, 2)
    parameters = {"g": np.array([0.5, -2.0]), "b": np.array([0.25, 1.0])}
    Y = LayerNorm().forward(X, parameters)
    expected = [-0.274554308737955, -0.244579776810072, -0.154656181026422, -0.00478352138700663]
    expected += [1.1798471915673, 0.100764042163506, -1.21811536266335, -2.77679102291328]
    np.testing.assert_allclose(Y.ravel(), expected, rtol=1e-12)
    dX, gradients = LayerNorm().backprop(dY, X, Y, parameters)
    expected = [-0.0182538489360939, -0.0108656501620327, 0.00171689099970971, 0.018911702964131]
    expected += [0.0187171976077167, 0.00217139306558542]
    expected += [-0.00673224757249635, -0.00566543796651991]
    np.testing.assert_allclose(dX.ravel(), expected, rtol=1e-10)
    np.testing.assert_allclose(gradients["g"], [1.9396464027694, 2.48959520412509], rtol=1e-12)


def test_what_is_normalised_together():
    X = np.random.default_rng(0).normal(3, 5, size=(2, 3, 4, 5))
    for over, axes in {"sample": (1, 2, 3), "channels": 1, "last": 3}.items():
        Y = LayerNorm(over, affine=False, epsilon=1e-12).forward(X, {})
        np.testing.assert_allclose(Y.mean(axis=axes), 0, atol=1e-14)
        np.testing.assert_allclose(Y.var(axis=axes), 1, rtol=1e-10)


def test_a_group_of_equal_numbers_gives_the_shift():
    Y = LayerNorm().forward(np.full((1, 4), 7.0), {"g": np.ones(4), "b": np.arange(4.0)})
    np.testing.assert_array_equal(Y, [[0, 1, 2, 3]])


def test_digits_of_a_large_mean_do_not_swamp_the_variance():
    X = np.array([[1.0, 2, 3, 6]])
    far = LayerNorm(epsilon=0.5).forward(X + 1e7, ONES)
    np.testing.assert_allclose(far, [[-1, -0.5, 0, 1.5]], rtol=1e-9)


def test_scale_starts_at_one_and_shift_at_zero_and_neither_is_penalized():
    chain = Chain(Conv2d(3), LayerNorm(), Flatten(), Linear(2)).initialize((1, 5, 5), seed=1)
    assert (chain.parameters["g1"] == 1).all()
    assert (chain.parameters["b1"] == 0).all()
    mask = chain.weight_mask()
    assert mask.sum() == chain.parameters["W0"].size + chain.parameters["W2"].size


def test_training_and_prediction_are_the_same():
    X = np.random.default_rng(0).normal(size=(3, 4))
    function = LayerNorm()
    assert np.array_equal(
        function.forward(X, ONES), function.forward(X, ONES, RandomKey(seed=0, step=0))
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_with_it_trains_and_passes_the_check(dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(64, 2, 4, 4)) * 30 + 100
    t = (X.mean(axis=(2, 3)).argmax(axis=1)).astype(int)
    layers = (Conv2d(4), LayerNorm("channels"), ReLU(), Flatten(), LayerNorm(), Linear(2))
    chain = Chain(*layers, Softmax()).initialize(X, dtype=dtype)
    history = train(chain, CrossEntropy(), X, t, Plan(Adam(0.05), batch_size=16, epochs=30))
    assert history.losses[-1] < history.losses[0] / 2
    assert (chain.parameters["g1"] != 1).all()
    assert check_gradients(chain, CrossEntropy(), X[:8], t[:8]).passed


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_estimators_take_it(solver, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 5))
    y = np.where(X[:, 0] > 0, "a", "b")
    chain = Chain(Linear(8), LayerNorm(), ReLU())
    model = Classifier(chain, complete=True, solver=solver, max_iter=60, random_state=0)
    model.set_params(learning_rate_init=0.05, batch_size=15)
    model.set_params(chain__1__epsilon=1e-3)
    assert model.fit(X, y).score(X, y) > 0.9
    assert model.chain_.functions[1] == LayerNorm(epsilon=1e-3)

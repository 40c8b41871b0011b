"""Residual blocks: sums, names, what is drawn within them, and what is refused."""

from dataclasses import dataclass

import numpy as np
import pytest

from chainrule import (
    AvgPool2d,
    Chain,
    Classifier,
    Conv2d,
    CrossEntropy,
    Dropout,
    Flatten,
    LayerNorm,
    Linear,
    Multilinear,
    Regressor,
    ReLU,
    Residual,
    Softmax,
    Tanh,
    check_gradients,
    load,
)
from chainrule.functions import RandomKey

SAME = Conv2d(2, padding="same")
INNER = Chain(Linear(5), Tanh(), Linear(3))


def test_the_sum_by_hand():
    function = Residual(Chain(Linear(2)))
    parameters = {"W0": np.array([[1.0, 2.0], [3.0, 4.0]]), "b0": np.array([0.5, -0.5])}
    X, dY = np.array([[1.0, -1.0]]), np.array([[1.0, 10.0]])
    Y = function.forward(X, parameters)
    np.testing.assert_array_equal(Y, [[1 - 2 + 0.5, -1 - 2 - 0.5]])
    dX, gradients = function.backprop(dY, X, Y, parameters)
    np.testing.assert_array_equal(dX, [[1 + 21, 10 + 43]])
    np.testing.assert_array_equal(gradients["W0"], [[1, 10], [-1, -10]])
    np.testing.assert_array_equal(gradients["b0"], [1, 10])
    np.testing.assert_array_equal(function.jacobian(X, parameters), [[[2, 3], [2, 5]]])


def test_it_equals_a_chain_and_an_addition():
    inner = Chain(Linear(5), Tanh(), Linear(3)).initialize((3,), seed=2, dtype=np.float64)
    X = np.random.default_rng(0).normal(size=(4, 3))
    own = dict(inner.parameters)
    assert np.array_equal(Residual(inner).forward(X, own), X + inner.forward(X))
    np.testing.assert_allclose(
        Residual(inner).jacobian(X, own), inner.jacobian(X) + np.eye(3), rtol=1e-15
    )


@pytest.mark.parametrize("given", [Chain(Tanh()), Tanh(), [Tanh()], (Tanh(),)], ids=repr)
def test_what_it_takes(given):
    assert Residual(given) == Residual(Chain(Tanh()))


@pytest.mark.parametrize("given", [(), [], None, 3, "Tanh", Tanh, Chain, [Tanh], [Tanh(), 2]])
def test_what_it_refuses(given):
    with pytest.raises(TypeError, match=r"Residual: expected a chain (with|of) functions, got"):
        Residual(given)


def test_shapes_that_disagree_are_both_named():
    message = r"Residual\(Chain\(Linear\(3\)\)\): expected .* its inputs, \(4,\), .* got \(3,\)"
    with pytest.raises(ValueError, match=message):
        Chain(Residual(Chain(Linear(3)))).initialize((4,))
    with pytest.raises(ValueError, match=r"\(2, 6, 6\), as they are added, got \(2, 4, 4\)"):
        Chain(Residual(Chain(Conv2d(2, 3)))).initialize((2, 6, 6))
    X = np.ones((5, 4))  # (5, 1) would be added to (5, 4) without a word
    with pytest.raises(ValueError, match=r"\(4,\), as they are added, got \(1,\)"):
        Residual(Chain(Linear(1))).forward(X, {"W0": np.ones((4, 1)), "b0": np.ones(1)})


def test_blocks_too_deep_are_refused():
    block = Residual(Chain(Tanh()))
    for _ in range(2):
        block = Residual(Chain(block))
    with pytest.raises(ValueError, match="expected at most 4 functions within each other, got 5"):
        Residual(Chain(block))


def test_too_many_functions_are_refused():
    with pytest.raises(ValueError, match="expected at most 1024 functions, got 1025"):
        Residual([Residual([Tanh()] * 600), Residual([Tanh()] * 423)])


def test_names_and_starts_of_parameters():
    block = Residual(Chain(Linear(5), Residual(LayerNorm()), Linear(3)))
    chain = Chain(Linear(3), block, Linear(2))
    chain.initialize((4,), seed=3)
    names = ["W0", "b0", "1.W0", "1.b0", "1.1.g0", "1.1.b0", "1.W2", "1.b2", "W2", "b2"]
    assert list(chain.parameters) == names
    assert (chain.parameters["1.1.g0"] == 1).all()
    weights = chain.parameters["1.W0"], chain.parameters["1.W2"]
    assert all(len(np.unique(W)) == W.size for W in weights)
    bound = np.sqrt(6 / (3 + 5))  # Glorot, as in any chain
    assert bound * 0.7 < abs(weights[0]).max() < bound


def test_blocks_alike_start_differently():
    block = Residual(Chain(Linear(3)))
    chain = Chain(block, block).initialize((3,), seed=0)
    assert not (chain.parameters["0.W0"] == chain.parameters["1.W0"]).any()


@dataclass(frozen=True)
class Slow(Multilinear):
    """A scale that moves at half the rate."""

    def text(self):
        return "Y[n,i] = X[n,i] r[i]"

    def parameter_shapes(self, input_shape):
        return {"r": input_shape}

    def learning_rate_factors(self):
        return {"r": 0.5}


def test_functions_within_state_their_learning_rate_factors():
    chain = Chain(Linear(3), Residual(Chain(Slow()))).initialize((2,))
    assert chain.learning_rate_factors == {"1.r0": 0.5}


def test_dropout_within_draws_masks_of_its_own():
    chain = Chain(*[Residual(Chain(Dropout(0.5), Dropout(0.5)))] * 2, Dropout(0.5))
    chain.initialize((40,), dtype=np.float64)
    X = np.ones((3, 40))
    assert np.array_equal(chain.forward(X), 4 * X)
    key = RandomKey(seed=1, step=2)
    assert np.array_equal(chain.forward(X, key), chain.forward(X, key))
    masks = {
        (layer.place, layer.function.mask(X, RandomKey(1, 2, layer.place)).tobytes())
        for outer in chain.layers
        for layer in outer.walk()
    }
    assert len({mask for _, mask in masks}) == 5


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ((Linear(3), Residual(INNER), Linear(2)), (4,)),
        ((Residual(Chain(Linear(4), LayerNorm(), Dropout(0.3))), Linear(2)), (4,)),
        ((Conv2d(2), Residual(Chain(ReLU(), SAME)), Flatten(), Linear(2)), (1, 5, 5)),
        ((Residual([Residual([AvgPool2d(1), Tanh()]), Tanh()]), Flatten(), Linear(2)), (1, 2, 3)),
    ],
    ids=str,
)
def test_gradients_pass_the_check(layers, shape):
    chain = Chain(*layers, Softmax()).initialize(shape, seed=1)
    X = np.random.default_rng(0).normal(size=(5, *shape))
    for key in (None, RandomKey(0, 0)):
        report = check_gradients(chain, CrossEntropy(), X, np.arange(5) % 2, key=key)
        assert report.passed, str(report)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_estimators_take_it_and_files_keep_it(solver, tmp_path):
    X = np.random.default_rng(0).normal(size=(80, 4))
    chain = Chain(Linear(6), Residual(Chain(LayerNorm(), Linear(6), Tanh(), Dropout(0.1))))
    model = Regressor(chain, complete=True, solver=solver, max_iter=50, random_state=0)
    model.set_params(learning_rate_init=0.02, batch_size=16)
    model.fit(X, X[:, 0] * 2)
    assert model.score(X, X[:, 0] * 2) > 0.8
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert np.array_equal(again.predict(X), model.predict(X))
    assert again.chain_.functions == model.chain_.functions
    assert list(again.chain_.parameters) == list(model.chain_.parameters)


def test_it_is_a_parameter_of_estimators():
    model = Classifier(Chain(Linear(3), Residual(INNER)), complete=True)
    name = "chain__1__chain__0__outputs"
    assert model.get_params()[name] == 5
    assert model.set_params(**{name: 7}).chain.functions[1].chain[0] == Linear(7)
    assert model.set_params(chain__1__chain=Chain(Tanh())).chain.functions[1] == Residual(Tanh())
    with pytest.raises(ValueError, match="Invalid parameter 'chain__1__chain__0__rate'"):
        model.set_params(chain__1__chain__0__rate=3)

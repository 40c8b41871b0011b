"""A step cut in two programs: the gradient, and the update along it."""

import numpy as np
import pytest
from scipy import sparse

from chainrule import functions as f, losses
from chainrule.chain import Chain
from chainrule.engine.running.steps import Steps
from chainrule.functions import RandomKey
from chainrule.training import SGD, AdaGrad, Adam, AdamW, RMSProp

NESTEROV = SGD(0.1, momentum=0.9, nesterov=True)
OPTIMIZERS = [SGD(0.1), NESTEROV, Adam(), AdamW(), RMSProp(), AdaGrad()]


def mlp():
    X = np.random.default_rng(0).normal(size=(37, 21))
    return (f.Linear(35), f.GELU(), f.Dropout(0.3), f.Linear(18, bias=False), f.Tanh()), X


def cnn():
    X = np.random.default_rng(1).normal(size=(37, 2, 7, 6))
    functions = (f.Conv2d(16, size=3, padding=1), f.ReLU(), f.Conv2d(16, size=3, padding=1))
    return (*functions, f.MaxPool2d(2), f.Dropout(0.2), f.Flatten(), f.Linear(9)), X


def bags():
    X = sparse.random(37, 40, 0.2, "csr", random_state=2)
    return (f.EmbeddingBag(19), f.Tanh()), X


def steps(network, optimizer=None, dtype=np.float64, **options):
    functions, X = network()
    chain = Chain(*functions, f.Linear(3), f.Softmax())
    chain.initialize(X.shape[1:] if sparse.issparse(X) else X, dtype=dtype, seed=3)
    t = np.random.default_rng(4).integers(0, 3, 37)
    optimizer = SGD(0.1) if optimizer is None else optimizer
    return Steps(chain, losses.CrossEntropy(), optimizer, X, t, keeps_gradient=True, **options)


BATCHES = np.random.default_rng(5).permutation(37)[:36].reshape(3, 12)
RATES = np.array([0.1, 0.02, 0.05])


def moved(made):
    made.store()
    return made.chain.parameters.flat.tobytes()


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("l2", [0.0, 0.02])
@pytest.mark.parametrize("clip", [None, 0.3])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("network", [mlp, cnn, bags])
def test_two_programs_give_the_bits_of_one(network, optimizer, clip, l2, threads):
    options = {"clip": clip, "l2": l2, "threads": threads}
    one, two = (steps(network, optimizer, np.float32, **options) for _ in range(2))
    expected = one.run(BATCHES.ravel(), 12, RATES)
    found = []
    for batch, rate in zip(BATCHES, RATES, strict=True):
        found.append(two.gradient(batch))
        two.update(rate)
    assert np.array_equal(expected, np.array(found, np.float32))
    assert moved(one) == moved(two)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("network", [mlp, cnn, bags])
def test_a_gradient_that_is_kept_moves_as_one_that_is_not(network, optimizer):
    kept, fused = (steps(network, optimizer, l2=0.02) for _ in range(2))
    fused = Steps(fused.chain, losses.CrossEntropy(), optimizer, network()[1], fused.t, l2=0.02)
    for made in (kept, fused):
        made.run(BATCHES.ravel(), 12, RATES)
    assert moved(kept) == moved(fused)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("network", [mlp, cnn, bags])
def test_the_gradient_is_the_textbooks(network, threads):
    made, X, batch = steps(network, l2=0.02, threads=threads), network()[1], BATCHES[0]
    made.gradient(batch)
    found = made.chain.parameters.empty_like()
    made.store_gradient(found)
    key = RandomKey(seed=0, step=0)
    _, expected = made.chain.gradient(losses.CrossEntropy(), X[batch], made.t[batch], key=key)
    for name, array in expected.items():
        assert np.abs(found[name] - array).max() <= 1e-12 * max(1.0, np.abs(array).max()), name


def test_gradients_of_others_may_be_added():
    halves, whole = steps(bags), steps(bags)
    summed = halves.chain.parameters.empty_like()
    summed.flat[...] = 0
    for half in (BATCHES[0][:6], BATCHES[0][6:]):
        halves.gradient(half)
        part = halves.chain.parameters.empty_like()
        halves.store_gradient(part)
        summed.flat[...] += part.flat / 2
    halves.load_gradient(summed)
    halves.update(0.1)
    whole.run(BATCHES[0], 12, np.full(1, 0.1))
    for made in (halves, whole):
        made.store()
    error = np.abs(halves.chain.parameters.flat - whole.chain.parameters.flat)
    assert error.max() < 1e-14


def test_what_cannot_be_done_is_named():
    functions, X = mlp()
    chain = Chain(*functions, f.Linear(3), f.Softmax()).initialize(X, dtype=np.float64)
    plain = Steps(chain, losses.CrossEntropy(), SGD(0.1), X, np.zeros(37, dtype=int))
    with pytest.raises(ValueError, match="expected keeps_gradient=True or a clip"):
        plain.gradient(np.arange(5))
    made = steps(mlp)
    made.gradient(np.arange(5))
    made.use(2)  # and so another program, whose gradient none has made
    for lacking in (steps(mlp), made):
        with pytest.raises(ValueError, match="expected a gradient first"):
            lacking.update(0.1)

"""LayerNorm and Residual by the engine against the textbook."""

import numpy as np
import pytest
from scipy import sparse

from chainrule import functions as f, losses
from chainrule.chain import Chain
from chainrule.engine.network.errors import CannotLowerError
from chainrule.engine.planning.lowering import lower
from chainrule.engine.running.forward import Forward
from chainrule.engine.running.gradients import Gradients
from chainrule.engine.running.steps import Steps
from chainrule.training import SGD, Adam, Plan, train
from engine.running.test_steps import both, close

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(50, 7)), RNG.integers(0, 3, 50)
IMAGES = RNG.normal(size=(50, 2, 6, 6))
TOKENS = sparse.random(50, 30, 0.2, "csr", random_state=0)
ACROSS = f.Residual((f.Tanh(), f.Linear(12)))
NETWORKS = {
    "norm": ((f.Linear(9), f.LayerNorm(affine=False, epsilon=0.1), f.ReLU()), X),
    "affine norm": ((f.Linear(19), f.LayerNorm(), f.GELU(), f.Dropout(0.2)), X),
    "norms at the ends": ((f.LayerNorm(), f.Linear(40), f.LayerNorm(), f.LayerNorm()), X),
    "block": ((f.Linear(9), f.Residual((f.Linear(20), f.ReLU(), f.Linear(9))), f.ReLU()), X),
    "block of functions": ((f.Linear(9), f.SiLU(), f.Residual((f.Tanh(), f.Sigmoid()))), X),
    "block first": ((f.Residual((f.ReLU(), f.Linear(7), f.Tanh())), f.Residual((f.Linear(7),))), X),
    "blocks within": (
        (f.Linear(12), f.Residual((f.LayerNorm(), f.Linear(12), ACROSS, f.ReLU())), ACROSS),
        X,
    ),
    "dropout": (
        (f.Linear(9), f.Residual((f.Dropout(0.3), f.Linear(9), f.Residual((f.Dropout(0.4),))))),
        X,
    ),
    "wide": ((f.Linear(130), f.Residual((f.LayerNorm(), f.Linear(130), f.ReLU()))), X),
    "of images": (
        (f.Conv2d(3), f.ReLU(), f.Flatten(), f.LayerNorm(), f.Residual((f.Tanh(),))),
        IMAGES,
    ),
    "of flat images": ((f.Conv2d(3), f.Flatten(), f.Residual((f.ReLU(), f.Linear(48)))), IMAGES),
    "of tokens": ((f.EmbeddingBag(12), f.LayerNorm(), ACROSS), TOKENS),
}
every_network = pytest.mark.parametrize("name", NETWORKS)


def made(name, dtype=np.float64):
    functions, samples = NETWORKS[name]
    chain = Chain(*functions, f.Linear(3), f.Softmax())
    shape = samples.shape[1:]
    return chain.initialize(shape, seed=1, dtype=dtype), samples.astype(dtype)


@pytest.mark.parametrize("optimizer", [SGD(0.05, momentum=0.9), Adam(0.01)], ids=str)
@every_network
def test_steps_are_those_of_the_textbook(name, optimizer):
    chain, samples = made(name)
    for options in ({"threads": 1, "l2": 0.1}, {"threads": 3, "clip": 0.05}):
        given = (chain, losses.CrossEntropy(), optimizer, samples, T)
        expected, there, found, moved = both(*given, rows=19, **options)
        assert close(expected, found, 1e-12)
        assert close(there, moved, 1e-11)


@every_network
def test_bits_do_not_depend_on_threads(name):
    flats = set()
    for threads in (1, 2, 5):
        chain, samples = made(name, np.float32)
        plan = Plan(Adam(0.01), batch_size=17, epochs=2, l2=0.01)
        history = train(chain, losses.CrossEntropy(), samples, T, plan, threads=threads)
        assert history.engine == "machine"
        flats.add(chain.parameters.flat.tobytes())
    assert len(flats) == 1


@every_network
def test_gradients_and_predictions_are_those_of_the_textbook(name):
    chain, samples = made(name)
    gradients = Gradients(chain, losses.CrossEntropy(), samples, T, rows=16, threads=2)
    value, gradient = gradients(chain.parameters.flat)
    expected, there = chain.gradient(losses.CrossEntropy(), samples, T)
    assert close(expected, value, 1e-12)
    assert close(there.flat, gradient, 1e-11)
    for count in (1, 50):
        Y = Forward(chain, threads=2)(samples[:count])
        assert close(chain.forward(samples[:count]), Y, 1e-12)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "of tokens"])
def test_the_listing_runs_and_gives_the_same(name):
    chain, samples = made(name)
    steps = Steps(chain, losses.CrossEntropy(), SGD(0.1), samples, T, seed=5, l2=0.1)
    steps.prepare(16)
    space = {}
    exec(steps.listing(16), space)
    w = {key: array.copy() for key, array in chain.parameters.items()}
    state, share = dict.fromkeys(w, ()), np.full(16, 1 / 16)
    targets = np.eye(3)[T[:16]]
    mean = space["step"](samples[:16], targets, share, w, state, 0.1, 1)
    values = steps.run(np.arange(16), 16, np.array([0.1]))
    steps.store()
    assert close(values[0], mean, 1e-12)
    for key, array in chain.parameters.items():
        assert close(array, w[key], 1e-11)


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ((f.Conv2d(2), f.LayerNorm(), f.Flatten()), r"LayerNorm\(\): .* no kernel for it in th"),
        ((f.Conv2d(2, padding="same"), f.Residual((f.ReLU(),)), f.Flatten()), "Residual.* place"),
        ((f.Flatten(), f.Residual((f.BatchNorm(),))), r"^BatchNorm\(\): the engine has no kernel"),
    ],
)
def test_what_numpy_does_is_named(functions, message):
    chain = Chain(*functions, f.Linear(3), f.Softmax()).initialize(IMAGES)
    with pytest.raises(CannotLowerError, match=message):
        lower(chain, losses.CrossEntropy())
    assert train(chain, losses.CrossEntropy(), IMAGES, T, Plan(epochs=1)).engine == "reference"


def test_a_network_of_blocks_alone_has_nothing_to_multiply():
    chain = Chain(f.Residual((f.Tanh(),))).initialize(X)
    with pytest.raises(CannotLowerError, match="expects a Linear"):
        lower(chain, None)


@pytest.mark.parametrize("engine", ["machine", "reference"])
def test_a_number_that_is_not_finite_is_traced_to_its_block(engine):
    block = f.Residual((f.Exp(), f.Exp(), f.Linear(4)))
    chain = Chain(f.Linear(4), block, f.Linear(3), f.Softmax())
    chain.initialize(X, seed=0)
    with pytest.raises(ArithmeticError, match=r"output of function 1, Residual\(Chain\(Exp"):
        train(chain, losses.CrossEntropy(), X * 100, T, Plan(SGD(0.1), epochs=1), engine=engine)

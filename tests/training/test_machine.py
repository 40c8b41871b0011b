"""Training with the engine's steps: the same as the textbook's, and ending as well."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import sparse

from chainrule import (
    GELU,
    Chain,
    Conv2d,
    CrossEntropy,
    Dropout,
    Elementwise,
    EmbeddingBag,
    Flatten,
    Linear,
    MaxPool2d,
    MeanSquaredError,
    ReLU,
    Softmax,
    Tanh,
    accuracy,
    mathematics,
)
from chainrule.engine.machine import availability, compiling
from chainrule.training import (
    SGD,
    Adam,
    Cosine,
    Patience,
    Plan,
    TrainingDivergedError,
    engine_stepper,
    train,
)
from engine.unknown import Reversed
from training.recorder import Recorder


@pytest.fixture
def data():
    rng = np.random.default_rng(3)
    return rng.normal(size=(43, 5)), rng.integers(0, 3, 43)


def network(dtype=np.float64):
    functions = (Linear(9), Tanh(), Linear(7), ReLU(), Linear(3), Softmax())
    return Chain(*functions).initialize((5,), seed=2, dtype=dtype)


def trained(data, plan, engine, **options):
    chain = network()
    history = train(chain, CrossEntropy(), *data, plan, engine=engine, **options)
    assert history.engine == engine
    return chain.parameters.flat, history


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("batch_size", [1, 8, 43, None])
def test_both_engines_train_the_same(data, batch_size, weighted):
    weights = np.random.default_rng(4).integers(0, 3, 43) if weighted else None
    plan = Plan(SGD(0.02, momentum=0.9), Cosine(), batch_size=batch_size, epochs=5, l2=0.01, seed=6)
    held_out = (data[0][:9] + 0.1, data[1][:9])
    options = {"sample_weight": weights, "validation": held_out, "score": accuracy}
    machine, by_machine = trained(data, plan, "machine", **options)
    reference, by_textbook = trained(data, plan, "reference", **options)
    np.testing.assert_allclose(machine, reference, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(by_machine.losses, by_textbook.losses, rtol=1e-12)
    assert (by_machine.end, by_machine.kept) == (by_textbook.end, by_textbook.kept)
    for one, other in zip(by_machine.epochs, by_textbook.epochs, strict=True):
        assert one.learning_rate == other.learning_rate
        assert one.validation_loss == pytest.approx(other.validation_loss, rel=1e-12)
        assert one.validation_score == other.validation_score


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads(data):
    plan = Plan(batch_size=8, epochs=4, seed=1)
    results = {
        trained(data, plan, "machine", threads=threads)[0].tobytes() for threads in (1, 2, 3, None)
    }
    assert len(results) == 1
    other, _ = trained(data, Plan(batch_size=8, epochs=4, seed=2), "machine")
    assert other.tobytes() not in results


def test_slices_of_any_length_give_the_same_bits(data, monkeypatch):
    plan = Plan(batch_size=3, epochs=3)
    whole, _ = trained(data, plan, "machine")
    monkeypatch.setattr(engine_stepper, "SLICE", 0.0)
    recorder = Recorder()
    step_by_step, _ = trained(data, plan, "machine", reporter=recorder)
    assert step_by_step.tobytes() == whole.tobytes()
    assert sum(samples for samples, _ in recorder.steps) == 3 * 43


def test_what_the_engine_has_no_kernel_for_is_trained_by_the_textbook(data):
    chain = Chain(Reversed(), Linear(3), Softmax())
    assert train(chain, CrossEntropy(), *data, Plan(epochs=2)).engine == "reference"
    with pytest.raises(ValueError, match=r"train: Reversed\(\): the engine has no kernel for it"):
        train(chain, CrossEntropy(), *data, engine="machine")


@pytest.mark.parametrize("outputs", [9, 130, 144])  # of a part of a panel, of more than 8 panels
def test_dropout_draws_the_textbooks_masks(data, outputs):
    flats = []
    for engine in ("machine", "reference"):
        chain = Chain(Dropout(0.2), Linear(outputs), Tanh(), Dropout(0.5), Linear(3), Softmax())
        chain.initialize((5,), dtype=np.float64)
        plan = Plan(SGD(0.1), batch_size=8, epochs=4, seed=11)
        train(chain, CrossEntropy(), *data, plan, engine=engine)
        flats.append(chain.parameters.flat)
    np.testing.assert_allclose(*flats, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("layout", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array])
@pytest.mark.parametrize("first", [Linear(9), EmbeddingBag(9), EmbeddingBag(9, mode="mean")])
def test_both_engines_train_the_same_on_sparse_rows(data, first, layout):
    X = np.where(np.abs(data[0]) > 0.7, np.abs(data[0]), 0)
    held_out = (layout(X[:9]), data[1][:9])
    plan = Plan(SGD(0.02), batch_size=8, epochs=5, seed=6)
    flats = []
    for engine in ("machine", "reference"):
        chain = Chain(first, Tanh(), Linear(3), Softmax())
        chain.initialize((5,), seed=2, dtype=np.float64)
        history = train(
            chain,
            CrossEntropy(),
            layout(X),
            data[1],
            plan,
            validation=held_out,
            score=accuracy,
            engine=engine,
        )
        assert history.engine == engine
        flats.append(chain.parameters.flat)
    np.testing.assert_allclose(*flats, rtol=1e-11, atol=1e-13)


def test_a_processor_without_code_goes_on_in_numpy_with_one_warning(data, monkeypatch):
    monkeypatch.setattr(compiling, "supported", lambda: False)
    monkeypatch.setattr(availability, "_warned", [])
    with pytest.warns(RuntimeWarning, match="NumPy does the work"):
        history = train(network(), CrossEntropy(), *data, Plan(epochs=1))
    assert history.engine == "reference"
    train(network(), CrossEntropy(), *data, Plan(epochs=1))  # a second warning would be an error


@pytest.mark.parametrize("engine", ["numba", None])
def test_an_unknown_engine_is_named(data, engine):
    with pytest.raises(ValueError, match=f"expected engine auto, machine or .*{engine}"):
        train(network(), CrossEntropy(), *data, engine=engine)


@pytest.mark.parametrize("threads", [0, True])
def test_threads_are_whole_numbers(data, threads):
    with pytest.raises(ValueError, match="expected threads to be a whole number >= 1"):
        train(network(), CrossEntropy(), *data, threads=threads)


def test_ctrl_c_between_slices_keeps_what_was_learned(data):
    plan = Plan(SGD(0.1), batch_size=2, epochs=5, patience=None)
    chain = network()
    recorder = Recorder(interrupt_epoch=3)
    history = train(chain, CrossEntropy(), *data, plan, reporter=recorder, engine="machine")
    assert history.end == "interrupted"
    expected, _ = trained(data, Plan(SGD(0.1), batch_size=2, epochs=3), "machine")
    assert chain.parameters.flat.tobytes() == expected.tobytes()


def test_divergence_leaves_the_last_good_epoch():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(16, 4))
    t = X @ [1.0, -2.0, 0.5, 3.0]
    chain = Chain(Linear(1)).initialize((4,), dtype=np.float64)
    plan = Plan(SGD(5.0), batch_size=4, epochs=400, patience=None)
    with pytest.raises(TrainingDivergedError, match=r"lower the learning rate, to 0\.5 ") as caught:
        train(chain, MeanSquaredError(), X, t, plan)
    assert caught.value.history.engine == "machine"
    assert np.isfinite(chain.parameters.flat).all()
    assert caught.value.history.end == "diverged"


def test_float32_digits_are_learned_and_stop_early():
    from sklearn.datasets import load_digits

    X, t = load_digits(return_X_y=True)
    chain = Chain(Linear(64), ReLU(), Linear(10), Softmax())
    plan = Plan(Adam(0.003), patience=Patience(3), epochs=60)
    held_out = (X[1500:] / 16, t[1500:])
    history = train(
        chain, CrossEntropy(), X[:1500] / 16, t[:1500], plan, validation=held_out, score=accuracy
    )
    assert (history.engine, history.end) == ("machine", "validation")
    assert accuracy(chain.forward(held_out[0]), held_out[1]) > 0.87


@pytest.mark.parametrize(
    ("setting", "count"),
    [
        *[("1", 1), ("1,2", 1), (" 1 , 4 ", 1), ("0", 1), ("999", None), ("999,1", None)],
        *[(wrong, None) for wrong in ("", "x", "1,", ",1", "1,x", "-1", "1.5", "²", "9" * 5000)],
    ],
)
def test_workers_limit_threads_by_the_usual_variable(monkeypatch, setting, count):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    every = availability.processors()
    monkeypatch.setenv("OMP_NUM_THREADS", setting)
    assert availability.processors() == (count or every)


class Shifted(Linear):
    """A Linear with a forward of its own, which kernels know nothing of."""

    def forward(self, X, parameters, key=None):
        return super().forward(X, parameters, key) + 1


class Root(Tanh):
    """A rule with a power that machine code has no operation for."""

    def value(self, x):
        return (1 + x * x) ** 0.5

    def derivative(self, x, y):
        return x / y


class WithNumpy(Tanh):
    """A rule that only NumPy's arrays can take."""

    def value(self, x):
        return np.sinh(x)

    def derivative(self, x, y):
        return np.cosh(x)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (Shifted(9), "the engine does not know its own forward"),
        (Root(), "the engine cannot read it"),
        (WithNumpy(), "the engine cannot read its derivative"),
    ],
)
def test_what_kernels_do_not_stand_for_is_trained_by_the_textbook(data, function, message):
    flats = []
    for engine in ("auto", "reference"):
        chain = Chain(Linear(9), function, Linear(3), Softmax())
        chain.initialize((5,), dtype=np.float64)
        plan = Plan(SGD(0.01), batch_size=8, epochs=2)
        assert train(chain, CrossEntropy(), *data, plan, engine=engine).engine == "reference"
        flats.append(chain.parameters.flat)
    assert flats[0].tobytes() == flats[1].tobytes()
    with pytest.raises(ValueError, match=message):
        train(chain, CrossEntropy(), *data, engine="machine")


def test_an_optimizer_with_an_update_of_its_own_keeps_it(data):
    class Frozen(SGD):
        def update(self, w, g, state, *, factor, step):
            """Move nothing."""

    chain = network()
    before = chain.parameters.flat.copy()
    history = train(chain, CrossEntropy(), *data, Plan(Frozen(0.1), epochs=2))
    assert history.engine == "reference"
    assert np.array_equal(chain.parameters.flat, before)


@pytest.mark.parametrize("engine", ["machine", "reference"])
def test_gradients_are_no_longer_than_the_limit(data, engine):
    chain = network()
    before = chain.parameters.flat.copy()
    plan = Plan(SGD(1.0), batch_size=None, epochs=1, clip_norm=1e-3, l2=0.1)
    train(chain, CrossEntropy(), *data, plan, engine=engine)
    assert np.linalg.norm(chain.parameters.flat - before) == pytest.approx(1e-3, rel=1e-9)


@pytest.mark.parametrize("engine", ["machine", "reference"])
def test_a_gradient_of_infinite_length_stops_training(engine):
    X = np.array([[1e200], [-1e200]])
    chain = Chain(Linear(1)).initialize(X, dtype=np.float64)
    chain.parameters.flat[...] = [1e-200, 0.5]
    plan = Plan(SGD(1e-3), batch_size=None, epochs=2, clip_norm=1.0)
    with pytest.raises(TrainingDivergedError, match="the parameter W0 became infinite or NaN"):
        train(chain, MeanSquaredError(), X, np.zeros(2), plan, engine=engine)
    assert np.array_equal(chain.parameters.flat, [1e-200, 0.5])


@pytest.mark.parametrize("clip", [0, -1.0, np.inf, np.nan, "1"])
def test_a_limit_is_a_number_above_zero(clip):
    with pytest.raises(ValueError, match="expected clip_norm to be a number > 0 or None"):
        Plan(clip_norm=clip)


@pytest.mark.parametrize("engine", ["machine", "reference"])
@pytest.mark.parametrize(
    ("name", "place"), [("W0", "0, Conv2d(2, size=2)"), ("W1", "4, Linear(3)"), ("W2", None)]
)
def test_what_is_not_finite_is_traced_to_its_function(engine, name, place):
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(20, 1, 5, 5)), rng.normal(size=(20, 1))
    functions = (Conv2d(2, 2), GELU(), MaxPool2d(2), Flatten(), Linear(3), GELU(), Linear(1))
    chain = Chain(*functions).initialize(X, dtype=np.float64)
    chain.parameters[name][...] = 1e308 if place else 1e200
    seen = "all outputs were finite"
    if place:
        seen = f"first seen in the output of function {place}"
    with pytest.raises(TrainingDivergedError) as caught:
        train(chain, MeanSquaredError(), 9 * X, t, engine=engine)
    assert f"epoch 1, step 1 ({seen})" in str(caught.value)


@pytest.mark.parametrize("engine", ["machine", "reference"])
def test_what_is_not_finite_in_a_function_of_the_samples_is_traced_to_it(engine):
    chain = Chain(Exponential(), Linear(1)).initialize((2,), dtype=np.float64)
    X = np.array([[1.0, 2.0], [3.0, 999.0]])
    with pytest.raises(TrainingDivergedError, match=r"of function 0, Exponential\(\)\)"):
        train(chain, MeanSquaredError(), X, np.zeros(2), engine=engine)


@dataclass(frozen=True)
class Exponential(Elementwise):
    """y = exp(x)."""

    def value(self, x):
        return mathematics.exp(x)

    def derivative(self, x, y):
        return y

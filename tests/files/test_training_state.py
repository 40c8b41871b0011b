"""A training goes on from a file with the same bits as from memory."""

import copy
import json
import math
import pickle
from dataclasses import dataclass, fields, replace

import numpy as np
import pytest
from sklearn.base import clone

from chainrule import (
    AdamW,
    BatchNorm,
    Chain,
    Classifier,
    Conv2d,
    Cosine,
    Dropout,
    Flatten,
    Linear,
    MLPClassifier,
    MLPRegressor,
    ModelFileError,
    Noise,
    Optimizer,
    Regressor,
    ReLU,
    Shift,
    TextClassifier,
    load,
)
from chainrule.files import record
from chainrule.training import Epoch, History
from files.by_hand import canonical
from files.golden.inputs import file as first_file
from files.saved_networks import COLOR, NETWORKS, fitted

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore:Got `batch_size`"
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4))
CLASSES, NUMBERS = np.array(["a", "b", "c"])[np.arange(30) % 3], X[:, 0] * X[:, 1]
TEXTS = [f"word{n} {'good' if n % 2 else 'bad'} thing{n % 7}" for n in range(30)]
TABLE = {"word": CLASSES.tolist(), "number": X[:, 0].tolist()}
IMAGES = Chain(Conv2d(2, 3), ReLU(), Flatten())

KINDS = {
    "classes": (MLPClassifier((5,), dropout=0.2), X, CLASSES),
    "numbers": (MLPRegressor(hidden_layer_sizes=(5,)), X.astype(np.float32), NUMBERS),
    "chain": (Regressor(Chain(Linear(5), Dropout(0.1), Linear(1))), X, NUMBERS),
    "scaled": (Regressor(Chain(Linear(1)), scale_target=True, inputs="table"), TABLE, NUMBERS),
    "normed": (Classifier(Chain(Linear(4), BatchNorm(), ReLU()), complete=True), X, CLASSES),
    "images": (Classifier(IMAGES, complete=True), np.repeat(COLOR, 2, axis=0), CLASSES[:24]),
    "texts": (TextClassifier(4, learning_rate="constant", max_iter=2), TEXTS, CLASSES),
}
SOLVERS = {
    "gradient descent": {"solver": "sgd", "momentum": 0.0},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd", "learning_rate_init": 0.1},
    "inverse scaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 10, "n_iter_no_change": 1},
    "adam": {"solver": "adam"},
    "adamw": {"solver": "adamw", "learning_rate": "cosine"},
    "rmsprop": {"solver": "rmsprop", "learning_rate": "adaptive", "tol": 10},
    "adagrad": {"solver": "adagrad", "clip_norm": 0.5},
    "an optimizer": {"solver": AdamW(0.01, decay_schedule=Cosine(), rate_factors={"b": 0.1})},
    "lbfgs": {"solver": "lbfgs"},
}
USUAL = {"max_iter": 2, "random_state": 0, "batch_size": 7}


def new(kind, **parameters):
    """Return an estimator that is not fitted, with samples and answers."""
    model, samples, answers = KINDS[kind]
    return clone(model).set_params(**USUAL | parameters), samples, answers


def from_file(model, path, **options):
    model.save(path, **options)
    return load(path)


def bits(value):
    """Return a value as something that is equal where its bits are; epochs take other times."""
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, value.tobytes()
    if isinstance(value, float):
        return np.float64(value).tobytes()
    if isinstance(value, dict):
        return {key: bits(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [bits(item) for item in value]
    if isinstance(value, Epoch):
        return bits(vars(replace(value, seconds=0.0)))
    if isinstance(value, History):
        return bits(vars(value))
    return value


RECORDED = (*record.RECORD, "history_", "_scored_by", "_start_loss", "_asked_sizes")


def seen(model):
    """Return all that a training leaves behind."""
    found = {name: bits(getattr(model, name, "none")) for name in RECORDED}
    optimizer = getattr(model, "_optimizer", None)
    if optimizer is not None:
        found |= {
            "rule": optimizer.rule,
            "dtype": optimizer.dtype,
            "slots": bits(optimizer.state.slots),
        }
        found |= {"steps": optimizer.state.steps, "rate": optimizer.learning_rate}
    if isinstance(model.random_state, np.random.RandomState):
        found["drawn"] = copy.deepcopy(model.random_state).randn(3).tobytes()
    return found | {"parameters": bits(model.chain_.parameters.flat)}


def goes_on(model, samples, answers, path):
    """Check that a network goes on alike from a file and from memory, call by call."""
    again = from_file(model, path, training_state=True)
    assert seen(again) == seen(model)
    jobs = ["fit"] if model.solver == "lbfgs" or model.early_stopping else ["partial_fit", "fit"]
    for job in jobs:
        before = seen(model)["parameters"]
        for each in (model, again):
            getattr(each.set_params(warm_start=True), job)(samples, answers)
        assert seen(again) == seen(model), job
        assert model.early_stopping or seen(model)["parameters"] != before, job


EACH = [(kind, solver) for kind in ("classes", "numbers", "images", "texts") for solver in SOLVERS]
SOME = [(kind, solver) for kind in KINDS for solver in ("adam", "nesterov", "lbfgs")]


@pytest.mark.parametrize(("kind", "solver"), dict.fromkeys([*EACH, *SOME]))
def test_every_kind_goes_on_with_every_solver(kind, solver, tmp_path):
    model, samples, answers = new(kind, **SOLVERS[solver])
    goes_on(model.fit(samples, answers), samples, answers, tmp_path / "m")


@pytest.mark.parametrize("solver", ["adam", "nesterov", "lbfgs"])
@pytest.mark.parametrize("kind", ["classes", "numbers", "texts"])
@pytest.mark.parametrize("scoring", [None, "loss"])
def test_early_stopping_goes_on(kind, solver, scoring, tmp_path):
    stopping = {"early_stopping": True, "validation_fraction": 0.3, "scoring": scoring}
    model, samples, answers = new(kind, **SOLVERS[solver], **stopping)
    goes_on(model.fit(samples, answers), samples, answers, tmp_path / "m")


@pytest.mark.parametrize("kind", ["classes", "images", "texts"])
def test_a_random_state_goes_on_where_it_is(kind, tmp_path):
    model, samples, answers = new(kind, random_state=np.random.RandomState(3))
    if kind == "images":
        model.set_params(augmentation=[Shift(1), Noise(0.1)])
    goes_on(model.fit(samples, answers), samples, answers, tmp_path / "m")


@pytest.mark.parametrize("numbers", [0, 1, 2, 3, 700])
def test_a_random_state_comes_back_in_the_middle_of_a_pair_of_normal_numbers(numbers, tmp_path):
    model, samples, answers = new("numbers", random_state=np.random.RandomState(1))
    model.fit(samples, answers)
    model.random_state.randn(numbers)
    again = from_file(model, tmp_path / "m", training_state=False)
    assert (again.random_state.randn(9) == model.random_state.randn(9)).all()


def test_partial_fits_alone_go_on_and_so_do_their_rates(tmp_path):
    options = {"learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1, "solver": "sgd"}
    model, again = new("numbers", **options)[0], None
    for call in range(8):
        model.partial_fit(X, NUMBERS)
        if again is not None:
            again.partial_fit(X, NUMBERS)
            assert seen(again) == seen(model)
        again = from_file(again or model, tmp_path / f"{call}")
    assert again._optimizer.learning_rate < 0.001 / 5  # it has fallen twice


def test_a_text_network_grows_from_a_file_as_from_memory(tmp_path):
    model, _, _ = new("texts", min_count=2)
    model.fit(TEXTS[:20], CLASSES[:20])
    again = from_file(model, tmp_path / "m", training_state=True)
    for each in (model, again):
        each.partial_fit([*TEXTS[20:], "new words here", "new words there"], ["a"] * 12)
        each.partial_fit([*TEXTS[10:], "newer words"], ["b"] * 21)
    assert again.inputs_.to_json() == model.inputs_.to_json()
    assert seen(again) == seen(model)


def test_products_in_bfloat16_go_on(tmp_path):
    model, samples, answers = new("classes", precision="bfloat16", dropout=0.0)
    goes_on(model.fit(samples, answers), samples, answers, tmp_path / "m")


def test_what_is_set_by_hand_goes_on_alike(tmp_path):
    model, samples, answers = new("numbers")
    model.fit(samples, answers)
    model.coefs_ = [np.ones((4, 2)), np.ones((2, 1))]  # another network: its Adam begins anew
    model.intercepts_ = [np.zeros(2), np.zeros(1)]
    goes_on(model, samples, answers, tmp_path / "m")


def test_another_solver_takes_over_alike(tmp_path):
    for first, then in (("adam", "sgd"), ("adam", "adamw"), ("adam", "lbfgs"), ("sgd", "adam")):
        model, samples, answers = new("classes", solver=first)
        model.fit(samples, answers).set_params(solver=then)
        goes_on(model, samples, answers, tmp_path / "m")


@dataclass(frozen=True)
class Remembered(Optimizer):
    """An optimizer of a user's own, whose slots have names of their own."""

    learning_rate: float = 0.01
    slots = ("moyenne", "carré des gradients")

    def rule(self, w, g, state, rate, step):
        m, v = state
        m, v = 0.9 * m + g, 0.5 * v + g * g
        return w - rate * m / (1 + v), (m, v)


def test_an_optimizer_of_ones_own_goes_on(tmp_path):
    model, samples, answers = new("chain", solver=Remembered())
    model.fit(samples, answers).save(tmp_path / "m", training_state=True)
    model.set_params(solver="adam")  # the file says whose numbers it has
    model.save(tmp_path / "n", training_state=True)
    for name in "mn":
        with pytest.raises(ModelFileError, match="uses the optimizer Remembered, which is not in"):
            load(tmp_path / name)
    again = load(tmp_path / "m", functions=[Remembered])
    model.set_params(solver=Remembered())
    for each in (model, again):
        each.partial_fit(samples, answers)
    assert seen(again) == seen(model)


def test_numbers_that_are_not_finite_go_on(tmp_path):
    model, samples, answers = new("numbers")
    model.fit(samples, answers)
    model._optimizer.state.slots[1][:3] = np.inf, 1e-45, -0.0
    goes_on(model, samples, answers, tmp_path / "m")


# When a file has it.


def has_state(path):
    return "training" in json.loads(text_of(path))


def text_of(path):
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return header["__metadata__"].get("text") or header["__metadata__"]["model"]


def test_a_file_has_it_where_training_is_likely_to_go_on(tmp_path):
    path = tmp_path / "m"
    model, samples, answers = new("numbers")
    model.fit(samples, answers).save(path)
    small = path.read_bytes()
    assert not has_state(path)
    assert not hasattr(load(path), "history_")
    model.save(path, training_state=True)
    assert has_state(path)
    load(path).save(path)
    assert has_state(path)
    load(path).save(path, training_state=False)
    assert path.read_bytes() == small  # of format 1, which releases before read
    pickle.loads(pickle.dumps(model.partial_fit(samples, answers))).save(path)
    assert has_state(path)
    model.fit(samples, answers).save(path)
    assert not has_state(path)
    model.set_params(warm_start=True).save(path)
    assert has_state(path)
    clone(model).set_params(warm_start=False).fit(samples, answers).save(path)
    assert path.read_bytes() == small


def test_what_is_asked_for_and_is_not_there(tmp_path):
    model, samples, answers = new("numbers")
    again = from_file(model.fit(samples, answers), tmp_path / "m")
    with pytest.raises(ValueError, match=r"MLPRegressor\.save: training_state=True expects an e"):
        again.save(tmp_path / "n", training_state=True)
    with pytest.raises(TypeError, match="training_state True, False or None, got 'yes'"):
        model.save(tmp_path / "n", training_state="yes")
    assert not (tmp_path / "n").exists()
    again.set_params(warm_start=True).save(tmp_path / "n")  # there is nothing, and nobody asked
    assert not has_state(tmp_path / "n")
    again.fit(samples, answers).save(tmp_path / "n")
    assert has_state(tmp_path / "n")


def test_a_file_of_before_goes_on_as_before():
    model = load(first_file("mlp texts")).set_params(warm_start=True, max_iter=2)
    assert not hasattr(model, "_optimizer")
    assert not hasattr(model, "history_")
    begun = len(model.loss_curve_)
    rows = np.eye(3, model.n_features_in_)
    model.partial_fit(rows, model.classes_)
    assert len(model.loss_curve_) == begun + 1
    assert model._optimizer.state.steps == 1


# The history.


@pytest.mark.parametrize("name", NETWORKS)
def test_the_history_comes_back(name, tmp_path):
    model, _, _ = fitted(name)
    again = from_file(model, tmp_path / "m", training_state=True)
    assert again.history_ == model.history_
    assert repr(again.history_) == repr(model.history_)
    content = (tmp_path / "m").read_bytes()
    again.save(tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == content


FULL = History(
    [
        Epoch(1, 0.5, math.nan, 1e-3),
        Epoch(2, np.inf, 0.1, 0.0, 5e-324, -0.0),
        Epoch(3, 1.0, 0.1, 2.0, None, 1.0),
    ],
    end="validation",
    kept=2,
    engine="machine",
    trouble="the loss became nan",
    reason="Ünsinn",
    remarks=["one", ""],
    start=0.1,
)


def test_every_field_of_a_history_comes_back():
    assert tuple(tuple(each.name for each in fields(kind)) for kind in (Epoch, History)) == (
        record.EPOCH,
        record.HISTORY,
    ), "a new field is read by strict_json.record(…, added)"
    for history in (FULL, History(), replace(FULL, end="diverged", kept=0, start=None)):
        text = canonical(record.history_to_json(history))
        assert bits(record.history_from_json(json.loads(text))) == bits(history)
    assert all(vars(FULL)[each.name] != vars(History())[each.name] for each in fields(History))
    assert record.history_from_json(record.history_to_json(FULL)) == FULL


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"end": "soon"}, "history.end: expected one of epochs, converged"),
        ({"end": ["epochs"]}, "history.end: expected one of"),
        ({"kept": 4}, "history.kept: expected an integer from 0 to 3, got 4"),
        ({"kept": True}, "history.kept: expected an integer"),
        ({"engine": "gpu"}, "history.engine: expected one of machine, reference"),
        ({"trouble": None}, "history.trouble: expected a text"),
        ({"remarks": "none"}, "history.remarks: expected a list"),
        ({"remarks": [1]}, "history.remarks: expected a text"),
        ({"start": "small"}, "history.start: expected a finite number"),
        ({"more": 1}, "'more' may be of a newer release of chainrule"),
        ({"epochs": []}, "history.epochs: expected an object"),
        ({"epochs": {}}, "history.epochs: expected the keys"),
        ({"number": [1, 2]}, r"history.epochs.loss: expected a list of 2 to 2 items"),
        ({"number": [1, 2, "x"]}, "history.epochs.number: expected an integer"),
        ({"loss": [1, 2, None]}, "history.epochs.loss: expected a finite number, got None"),
        ({"seconds": [1, 2, "long"]}, "history.epochs.seconds: expected a finite number"),
        ({"validation_loss": [None, []]}, "history.epochs.validation_loss: expected a list"),
        ({"validation_score": [None, [], 1]}, "history.epochs.validation_score: expected a fin"),
    ],
)
def test_histories_that_are_wrong(changes, message):
    data = record.history_to_json(FULL)
    epochs = {name: value for name, value in changes.items() if name in record.EPOCH}
    data |= {name: value for name, value in changes.items() if name not in epochs}
    if epochs:
        data["epochs"] |= epochs
    with pytest.raises(ValueError, match=message):
        record.history_from_json(data)

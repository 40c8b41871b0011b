"""Files of estimators that are damaged or made to do harm: one error, soon, in little memory."""

import copy
import random
from contextlib import suppress

import numpy as np
import pytest
from sklearn.base import clone

from chainrule import Classifier, MLPClassifier, MLPRegressor, ModelFileError
from chainrule.files.estimator import Description, restore
from effort import bounded
from files.by_hand import by_hand, canonical, taken_apart
from files.saved_networks import fitted
from files.test_attacks import mutate

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

HERE = "HERE"
CLASSES = {"kind": "classes", "several": False, "pair": False, "name": ""}
NUMBERS = {"kind": "numbers", "count": 3, "mean": None, "scale": None, "name": ""}


LINEAR = {"function": "Linear", "outputs": 2, "bias": True}
CONV = {"function": "Conv2d", "channels": 8, "size": 3, "stride": 1, "padding": "valid"}
CONV |= {"dilation": 1, "groups": 1, "bias": True}
THINGS = {
    "function": CONV,
    "activation": {"function": "ReLU"},
    "loss": {"loss": "Huber", "outputs": "mean", "delta": 1.0},
    "optimizer": {"optimizer": "SGD", "learning_rate": 0.1, "momentum": 0.0, "nesterov": False},
    "schedule": {"schedule": "Cosine"},
    "augmentation": {"augmentation": "Noise", "deviation": 0.1},
    "chain": {"chain": [LINEAR]},
    "random_state": {"random_state": {"words": [1] * 624, "place": 3, "normal": None}},
}
TAKEN = {
    "activation": {"activation"},
    "loss": {"loss"},
    "solver": {"optimizer"},
    "learning_rate": {"schedule"},
    "augmentation": {"augmentation"},
    "chain": {"chain"},
    "random_state": {"random_state"},
}
"""The kinds of objects that parameters take; no other takes any."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m"


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Return a network's class, samples, and what its file has."""
    path, known = tmp_path_factory.mktemp("saved") / "m", {}

    def of(name):
        if name not in known:
            model, X, _ = fitted(name, gradient_samples=5)
            model.save(path)
            known[name] = type(model), X, *taken_apart(path.read_bytes())
        return copy.deepcopy(known[name])

    return of


def with_text(data, place, text):
    """Return the canonical JSON of a file with other text in a place."""
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = HERE
    return canonical(data).replace(f'"{HERE}"', text)


def refused(path, cls, text, numbers, match=None, memory=2**26):
    """Check that a file is refused by a short error, with little work, in little memory."""
    content = by_hand(text, numbers, dtype="F64")
    path.write_bytes(content)
    with bounded(len(content), memory), pytest.raises(ModelFileError, match=match) as error:
        cls.load(path)
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize("name", ["gray", "two", "numbers", "classes", "counts"])
def test_random_changes_under_a_right_checksum(name, path, parts):
    cls, X, original, numbers = parts(name)
    chance, accepted = random.Random(0), 0
    for _ in range(500):
        value = copy.deepcopy(original)
        for _ in range(chance.choice([1, 1, 1, 2, 4])):
            mutate(value, chance)
        content = by_hand(canonical(value), numbers, dtype="F64")
        path.write_bytes(content)
        try:
            loaded = cls.load(path)
        except ModelFileError:
            continue
        accepted += 1
        loaded.save(path)
        assert path.read_bytes() == content
        with suppress(ValueError):  # parameters that say that X is images of another shape
            loaded.predict(X)
    assert 0 < accepted < 500


@pytest.mark.parametrize(
    ("name", "place", "value", "message"),
    [
        ("classes", ("estimator",), "Pipeline", "expected MLPClassifier, got the file of another"),
        ("classes", ("estimator",), "__import__('os')", "got the file of another"),
        ("classes", ("parameters", "solver"), {"optimizer": "os.system"}, "optimizer, got 'os"),
        ("classes", ("parameters", "solver"), {"function": "ReLU"}, "must be a str among"),
        ("classes", ("parameters", "scoring"), {"loss": "os"}, "uses the loss os"),
        ("classes", ("parameters", "alpha"), -1, "The 'alpha' parameter of MLPClassifier must be"),
        ("classes", ("parameters", "n_jobs"), {"tuple": 1}, "n_jobs: expected a list"),
        ("classes", ("parameters", "class_weight"), {"dict": [[{}, 1]]}, "expected a value of a"),
        ("classes", ("parameters", "class_weight"), {"dict": [[[], 1]]}, "expected different keys"),
        ("classes", ("parameters", "class_weight"), {"dict": [["a", CONV]]}, "numbers as class_we"),
        ("classes", ("parameters", "class_weight"), [CONV], "class_weight as a list of dicts"),
        ("classes", ("parameters", "hidden_layer_sizes"), [CONV], "sizes to be whole numbers >= 1"),
        ("classes", ("parameters", "hidden_layer_sizes"), {"dict": []}, "whole numbers >= 1, got "),
        ("rows", ("parameters", "image_shape"), [3, CONV], "expected image_shape such as"),
        ("rows", ("parameters", "augmentation"), [CONV], "augmentation: expected such as Shift"),
        ("classes", ("targets", "values"), ["b", "a", "b"], "classes: expected different ones"),
        ("classes", ("targets", "values"), ["a", "b"], "expected a chain of layers"),
        ("classes", ("targets", "type"), "complex128", "as type, got another"),
        ("classes", ("inputs", "count"), 5, "expected a chain of layers"),
        ("classes", ("chain", "functions", 1), {"function": "Softmax"}, "a chain of layers"),
        ("classes", ("chain", "functions", 7), {"function": "Sigmoid"}, "a chain of layers"),
        ("classes", ("record", "t_"), -1, "expected an integer from 0"),
        ("classes", ("record", "loss_curve_"), ["nan", "x"], "expected a finite number"),
        (
            "classes",
            ("record", "coefs_"),
            [[1]],
            "record: expected an object with keys among loss_",
        ),
        ("classes", ("record", "engine_"), "os", "engine_: expected one of machine, reference"),
        ("classes", ("record", "gradient_norms_", "W0"), ["x"], "gradient_norms_: expected a fini"),
        ("classes", ("record", "gradient_norms_", "W0"), 1, "gradient_norms_: expected a list"),
        ("classes", ("record", "gradient_norms_", "W9"), [1], "gradient_norms_: expected the keys"),
        ("classes", ("record", "gradient_norms_"), [1], "gradient_norms_: expected an object"),
        ("classes", ("targets",), NUMBERS, "the inputs and targets of MLPClassifier, got others"),
        ("classes", ("targets",), None, "targets.kind: expected one of classes, numbers"),
        ("classes", ("inputs", "kind"), "table", "encoder: expected the keys"),
        ("classes", ("inputs", "kind"), "os", "inputs.kind: expected one of rows, images, table"),
        ("classes", ("metadata",), [], "metadata: expected an object"),
        ("counts", ("chain", "functions", 3), {"function": "Softmax"}, "a chain of layers"),
        (
            "counts",
            ("targets",),
            CLASSES | {"type": "str", "values": ["a"]},
            "the inputs and targets of MLPRegressor, got others",
        ),
        ("channels first", ("inputs", "format"), "hwc", "expected one of nhw, nchw, nhwc"),
        ("channels first", ("inputs", "format"), "nhw", "inputs.given: expected a list of 2"),
        ("channels first", ("inputs", "format"), None, "inputs.format: expected a text"),
        ("channels first", ("parameters", "image_format"), "hw", "must be a str among"),
        ("channels first", ("inputs", "given"), [3, 6, 6], "expected a chain for its features"),
        ("channels first", ("targets", "values"), ["a", "b"], "expected a chain for its features"),
        (
            "channels first",
            ("parameters", "chain"),
            {"chain": []},
            "expected at least one function",
        ),
        ("channels first", ("parameters", "chain"), {"chain": [1]}, "an object with the key"),
        ("gray", ("parameters", "augmentation", 0), {"augmentation": "os"}, "augmentation os"),
        ("two", ("targets", "type"), "uint8", "classes: expected an integer from 0 to 255"),
    ],
)
def test_what_does_not_fit_is_refused(name, place, value, message, path, parts):
    cls, _, data, numbers = parts(name)
    refused(path, cls, with_text(data, place, canonical(value)), numbers, message)


@pytest.mark.parametrize("name", ["classes", "numbers"])
def test_an_object_stands_only_where_one_of_its_kind_belongs(name, parts):
    """Every parameter of every estimator with every kind of object, alone, in a list, in a dict."""
    cls, _, data, numbers = parts(name)
    flat, tried = np.frombuffer(numbers), 0
    for parameter in data["parameters"]:
        for kind, thing in THINGS.items():
            for forged in (thing, [thing], {"tuple": [1, thing]}, {"dict": [["a", thing]]}):
                if kind in TAKEN.get(parameter, ()) and forged in (thing, [thing]):
                    continue
                own = data | {"parameters": data["parameters"] | {parameter: forged}}
                with pytest.raises((ValueError, TypeError)):
                    restore(Description.from_text(canonical(own)), {"parameters": flat}, [cls])
                tried += 1
    assert tried > 600


def damaged(value, chance):
    """Return one field of an object somewhere in a value with a value of another kind."""
    places = []

    def visit(inner, *path):
        for key, item in inner.items() if isinstance(inner, dict) else enumerate(inner):
            if not path or path[0] != "metadata":
                places.append((*path, key))
            if isinstance(item, dict | list):
                visit(item, *path, key)

    visit(value)
    place = chance.choice(places)
    inner = value
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = copy.deepcopy(chance.choice(list(THINGS.values())))
    return value


@pytest.mark.parametrize("name", ["classes", "counts", "gray", "completed"])
def test_an_object_in_any_place_is_refused_or_can_be_used(name, parts):
    cls, X, original, numbers = parts(name)
    chance, flat, accepted = random.Random(0), np.frombuffer(numbers), 0
    for _ in range(150):
        value = damaged(copy.deepcopy(original), chance)
        try:
            arrays = {"parameters": flat.copy()}
            loaded = restore(Description.from_text(canonical(value)), arrays, [cls])
        except (ValueError, TypeError):
            continue
        accepted += 1
        with suppress(ValueError):  # a chain for samples of another shape
            loaded.predict(X)
            clone(loaded).set_params(max_iter=1).fit(X, np.arange(len(X)) % 3)
    assert accepted < 50


def test_outputs_that_are_no_probabilities_are_refused_when_they_are_seen(path, parts):
    cls, X, data, numbers = parts("two")
    data["chain"]["functions"][1] = {"function": "ReLU"}
    path.write_bytes(by_hand(canonical(data), numbers, dtype="F64"))
    with pytest.raises(ValueError, match=r"expected probabilities of classes, got .* ReLU\(\)"):
        cls.load(path).predict(X)


PLACES = [
    ("estimator",),
    ("parameters", "alpha"),
    ("parameters", "class_weight"),
    ("parameters", "hidden_layer_sizes"),
    ("parameters", "solver", "beta1"),
    ("chain", "input_shape"),
    ("chain", "functions", 0, "outputs"),
    ("targets", "values"),
    ("targets", "values", 0),
    ("inputs", "count"),
    ("record", "t_"),
    ("record", "loss_"),
    ("record", "loss_curve_"),
    ("record", "loss_curve_", 0),
    ("record", "gradient_norms_", "b0"),
]
TEXTS = {
    "1e400": "1e400",
    "-1e400": "-1e400",
    "NaN": "NaN",
    "4000 digits": "9" * 4000,
    "6000 digits": "9" * 6000,
    "50 deep": "[" * 50 + "]" * 50,
    "5000 deep": "[" * 5000 + "]" * 5000,
    "dicts": '{"dict":[[0,' * 20 + "1" + "]]}" * 20,
    "half a letter": '"\\ud800"',
}


@pytest.mark.parametrize("place", PLACES, ids=str)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_absurd_values_in_any_place(place, text, path, parts):
    cls, _, data, numbers = parts("classes")
    refused(path, cls, with_text(data, place, text), numbers)


def test_keys_of_the_same_hash(path, parts):
    """Python's hash of an integer is known: a dict of such keys takes quadratic time."""
    cls, _, data, numbers = parts("classes")
    pairs = ",".join(f"[{k * (2**61 - 1)},1]" for k in range(30_000))
    text = with_text(data, ("parameters", "class_weight"), f'{{"dict":[{pairs}]}}')
    refused(path, cls, text, numbers, "expected an integer from", memory=2**26)


def test_many_labels_do_not_take_the_square_of_their_number(path, parts):
    cls, _, data, numbers = parts("classes")
    values = CLASSES | {"several": True, "type": "int64", "values": list(range(50_000))}
    text = with_text(data, ("targets",), canonical(values))
    refused(path, cls, text, numbers, "expected a chain of layers")


def test_one_long_text_does_not_make_all_others_long(path, parts):
    cls, _, data, numbers = parts("classes")
    values = [f"{k:06}" for k in range(50_000)] + ["x" * 100_000]
    values = CLASSES | {"type": "str", "values": values}
    text = with_text(data, ("targets",), canonical(values))
    refused(path, cls, text, numbers, "classes: expected shorter texts")


@pytest.mark.filterwarnings("error")
def test_numbers_beyond_their_type(path, parts):
    cls, _, data, numbers = parts("classes")
    values = CLASSES | {"type": "float32", "values": [1.0, 2.0, 1e300]}
    text = with_text(data, ("targets",), canonical(values))
    refused(path, cls, text, numbers, "classes: expected numbers that float32 can hold")


def test_what_a_file_quotes_is_shortened(path, parts):
    cls, _, data, numbers = parts("classes")
    text = with_text(data, ("parameters", "solver"), canonical("x" * 100_000))
    refused(path, cls, text, numbers, "must be a str among")


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor, Classifier])
def test_other_files(cls, path):
    for content in (b"", b"\x80\x04.", b'{"a":1}', b"\0" * 1000):
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match="is no model of chainrule"):
            cls.load(path)

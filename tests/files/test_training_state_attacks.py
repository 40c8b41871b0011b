"""Files whose training state is damaged or made up: one short error, in little memory."""

import copy
import random
from contextlib import suppress

import numpy as np
import pytest

from chainrule import MLPClassifier, ModelFileError, load
from effort import bounded
from files.by_hand import canonical, document_by_hand, document_taken_apart
from files.test_attacks import mutate

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
y = np.array(["a", "b", "c"])[np.arange(12) % 3]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m"


def saved(path, **parameters):
    """Return what a file has of a training with Adam, and its tensors."""
    options = {"max_iter": 2, "random_state": 0, "dtype": "float64", **parameters}
    MLPClassifier((2,), **options).fit(X, y).save(path, training_state=True)
    return document_taken_apart(path.read_bytes())


def refused(path, value, tensors, match):
    content = document_by_hand(canonical(value), tensors, kind="model")
    path.write_bytes(content)
    with bounded(len(content), 2**22), pytest.raises(ModelFileError, match=match) as error:
        load(path)
    assert len(str(error.value)) < 1000
    assert "\n" not in str(error.value)


def changed(value, place, item):
    """Return a copy of a value with another item in a place."""
    value = copy.deepcopy(value)
    inner = value
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = item
    return value


def test_the_file_is_as_documented(path):
    value, tensors = saved(path)
    assert [each[:3] for each in tensors] == [
        ("optimizer.mean", "F64", [17]),
        ("optimizer.square", "F64", [17]),
        ("parameters", "F32", [17]),
    ]
    assert document_by_hand(canonical(value), tensors, kind="model") == path.read_bytes()
    assert load(path)._optimizer.state.slots[0].tobytes() == tensors[0][3]
    assert load(path)._optimizer.state.steps == value["training"]["optimizer"]["steps"] == 2


def test_every_changed_byte_is_noticed(path):
    saved(path)
    content = path.read_bytes()
    begin = int.from_bytes(content[:8], "little") // 2  # of the header, and all tensors
    for position in range(begin, len(content), 7):
        path.write_bytes(
            content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]
        )
        with pytest.raises(ModelFileError):
            load(path)


TENSORS = "bytes of tensors for its description"
OPTIMIZER = ("training", "optimizer")


@pytest.mark.parametrize(
    ("place", "item", "message"),
    [
        (("training",), None, "training: expected an object"),
        (("training",), {}, "training: expected the keys"),
        (("training", "more"), 1, "'more' may be of a newer release of chainrule"),
        (("training", "scored_by"), 3, "training.scored_by: expected a text"),
        (("training", "start_loss"), "x", "training.start_loss: expected a finite number"),
        (("training", "asked_sizes"), [0], "training.asked_sizes: expected an integer from 1"),
        (("training", "asked_sizes"), [2] * 1001, "training.asked_sizes: expected a list of 0 to"),
        (("training", "history"), [], "training.history: expected an object"),
        (("training", "history", "kept"), 3, "training.history.kept: expected an integer from 0"),
        (OPTIMIZER, None, "expected 68 bytes of parameters for its chain, got 340"),
        (OPTIMIZER, {}, "training.optimizer: expected the keys"),
        ((*OPTIMIZER, "rule"), {"optimizer": "os.system"}, "of a known optimizer, got 'os.system'"),
        ((*OPTIMIZER, "rule"), {"loss": "Huber"}, "expected an object with the key 'optimizer'"),
        ((*OPTIMIZER, "rule", "beta1"), 1.0, "Adam: expected a number 0 <= beta1 < 1"),
        ((*OPTIMIZER, "steps"), -1, "training.optimizer.steps: expected an integer"),
        ((*OPTIMIZER, "steps"), 1.0, "training.optimizer.steps: expected an integer"),
        ((*OPTIMIZER, "learning_rate"), None, "learning_rate: expected a finite number"),
        ((*OPTIMIZER, "dtype"), "float16", "training.optimizer.dtype: expected float32 or float"),
        ((*OPTIMIZER, "dtype"), ["float64"], "training.optimizer.dtype: expected float32"),
        ((*OPTIMIZER, "dtype"), "float32", TENSORS),
        ((*OPTIMIZER, "size"), 16, TENSORS),
        ((*OPTIMIZER, "size"), 2**48, TENSORS),
        ((*OPTIMIZER, "size"), 2**62, "training.optimizer.size: expected an integer"),
    ],
)
def test_descriptions_that_are_wrong(path, place, item, message):
    value, tensors = saved(path)
    refused(path, changed(value, place, item), tensors, message)


def test_tensors_that_are_wrong(path):
    value, tensors = saved(path)
    mean, square, own = tensors
    header = "header is not as chainrule writes it"
    for wrong, message in [
        ([mean, own], TENSORS),
        ([own], TENSORS),
        ([square, mean, own], header),
        ([own, mean, square], header),
        ([mean, ("optimizer.mean2", *square[1:]), own], header),
        ([mean, (square[0], "I64", *square[2:]), own], header),
        ([mean, (square[0], "F64", [17, 1], square[3]), own], header),
        ([mean, (square[0], "F64", [16], square[3][8:]), own], TENSORS),
        ([mean, square, ("parameters", "F32", [17], b"\xff" * 68)], "expected finite parameters"),
    ]:
        refused(path, value, wrong, message)
    without = {key: item for key, item in value.items() if key != "training"}
    refused(path, without, [own], header)  # that is a file of format 1


def test_random_changes_under_a_right_checksum(path):
    value, tensors = saved(path)
    chance, accepted = random.Random(0), 0
    for _ in range(120):
        training = copy.deepcopy(value["training"])
        for _ in range(chance.choice([1, 1, 2])):
            mutate(training, chance)
        content = document_by_hand(canonical(value | {"training": training}), tensors, kind="model")
        path.write_bytes(content)
        try:
            loaded = load(path)
        except ModelFileError:
            continue
        accepted += 1
        loaded.save(path)
        assert path.read_bytes() == content
        with suppress(ValueError):  # hidden layers that were asked for, which are others now
            loaded.partial_fit(X, y)
    assert 0 < accepted < 120


@pytest.mark.parametrize(
    ("key", "item", "message"),
    [
        ("words", [0] * 623, "random_state.words: expected a list of 624 to 624 items"),
        ("words", [0] * 623 + [2**32], "random_state.words: expected an integer from 0 to"),
        ("words", [0] * 623 + [-1], "random_state.words: expected an integer from 0 to"),
        ("words", [0] * 623 + [1.0], "random_state.words: expected an integer from 0 to"),
        ("words", "x" * 624, "random_state.words: expected a list"),
        ("place", 625, "random_state.place: expected an integer from 0 to 624"),
        ("place", True, "random_state.place: expected an integer"),
        ("normal", "nan", "random_state.normal: expected a finite number"),
        ("more", 1, "'more' may be of a newer release of chainrule"),
    ],
)
def test_random_states_that_are_wrong(path, key, item, message):
    value, tensors = saved(path, random_state=np.random.RandomState(1))
    place = ("parameters", "random_state", "random_state", key)
    refused(path, changed(value, place, item), tensors, message)


def test_random_states_of_another_generator_are_not_saved(path):
    model = MLPClassifier((2,), max_iter=1, random_state=np.random.RandomState(np.random.PCG64(0)))
    with pytest.raises(ModelFileError, match=r"saved: random_state: .* MT19937.* got one of PCG64"):
        model.fit(X, y).save(path)

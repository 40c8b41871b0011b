"""Estimators of any chain in files: they come back as they were, and no file does harm."""

import copy
import random

import numpy as np
import pytest

from chainrule import (
    Chain,
    Classifier,
    Conv2d,
    Crop,
    Flatten,
    Linear,
    ModelFileError,
    Noise,
    Regressor,
    ReLU,
    Shift,
    Sigmoid,
    Softmax,
)
from models.examples import by_hand, canonical, taken_apart
from models.test_attacks import mutate

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
COLOR = RNG.normal(size=(12, 3, 6, 5))
ROWS = RNG.normal(size=(12, 4))
LABELS = np.array(["a", "b", "c"])[np.arange(12) % 3]
TWO = LABELS == "b"

IMAGES = Chain(Conv2d(4, 3), ReLU(), Flatten(), Linear(3), Softmax())
PROBLEMS = {
    "channels first": (Classifier(IMAGES), COLOR, LABELS),
    "channels last": (Classifier(IMAGES), COLOR.transpose(0, 2, 3, 1), LABELS),
    "gray": (Classifier(IMAGES, augmentation=[Shift(1), Noise()]), COLOR[:, 0], LABELS),
    "rows": (
        Classifier(IMAGES, image_shape=(6, 5, 3), augmentation=Crop(1, mode="edge")),
        COLOR.reshape(12, -1),
        LABELS,
    ),
    "two": (Classifier(Chain(Linear(2), Softmax())), ROWS, TWO),
    "one": (Classifier(Chain(Linear(1), Sigmoid())), ROWS, TWO),
    "completed": (Classifier(Chain(Linear(5), ReLU()), complete=True), ROWS, LABELS),
    "numbers": (Regressor(Chain(Linear(2)), loss="huber"), ROWS, ROWS[:, :2]),
}


def fitted(name):
    model, X, y = PROBLEMS[name]
    return copy.deepcopy(model).set_params(max_iter=2, random_state=0).fit(X, y), X, y


@pytest.mark.parametrize("name", PROBLEMS)
def test_it_comes_back_and_goes_on(name, tmp_path):
    model, X, y = fitted(name)
    model.save(tmp_path / "m")
    again = type(model).load(tmp_path / "m")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(again.input_gradient(X, y), model.input_gradient(X, y))
    assert again.chain.functions == model.chain.functions
    assert again.image_format_ == model.image_format_
    for name in ("loss_curve_", "n_outputs_", "n_features_in_", "out_activation_", "n_iter_"):
        assert getattr(again, name) == getattr(model, name)
    if isinstance(model, Classifier):
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        np.testing.assert_array_equal(again.decision_function(X), model.decision_function(X))
    assert len(again.partial_fit(X, y).loss_curve_) == 3
    again.save(tmp_path / "n")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("record", "image_format_"), "hwc", "expected one of nhw, nchw, nhwc"),
        (("record", "image_format_"), "nhw", r"a chain for images nhw, got one for \(3, 6, 5\)"),
        (("record", "image_format_"), None, "expected images of the chain's shape"),
        (("parameters", "image_format"), "nhwc", "and the parameters' format"),
        (("parameters", "image_shape"), [3, 6, 4], "expected images of the chain's shape"),
        (("features", "count"), 91, "expected the chain of its parameters"),
        (("classes", "values"), ["a", "b"], "expected the chain of its parameters"),
        (("parameters", "complete"), True, "expected the chain of its parameters"),
        (("parameters", "chain"), {"chain": []}, "expected at least one function"),
        (("parameters", "augmentation"), {"augmentation": "os"}, "uses the augmentation os"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, place, value, message):
    fitted("channels first")[0].save(tmp_path / "m")
    data, numbers = taken_apart((tmp_path / "m").read_bytes())
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    (tmp_path / "m").write_bytes(by_hand(canonical(data), numbers, dtype="F64"))
    with pytest.raises(ModelFileError, match=message):
        Classifier.load(tmp_path / "m")


@pytest.mark.parametrize("name", ["gray", "two", "numbers"])
def test_random_changes_under_a_right_checksum(name, tmp_path):
    model, X, _ = fitted(name)
    model.save(tmp_path / "m")
    original, numbers = taken_apart((tmp_path / "m").read_bytes())
    chance, accepted = random.Random(0), 0
    for _ in range(400):
        value = copy.deepcopy(original)
        for _ in range(chance.choice([1, 1, 1, 2, 4])):
            mutate(value, chance)
        content = by_hand(canonical(value), numbers, dtype="F64")
        (tmp_path / "m").write_bytes(content)
        try:
            loaded = type(model).load(tmp_path / "m")
        except ModelFileError:
            continue
        accepted += 1
        loaded.save(tmp_path / "m")
        assert (tmp_path / "m").read_bytes() == content
        loaded.predict(X)
    assert 0 < accepted < 400

"""Estimators that change their training images at random."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from chainrule import (
    Chain,
    Classifier,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    Noise,
    ReLU,
    Shift,
    Softmax,
)

X, y = load_digits(return_X_y=True)
X /= 16

CHAIN = Chain(Conv2d(16, 3, padding=1), ReLU(), MaxPool2d(2), Flatten(), Linear(10), Softmax())

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def cnn(**parameters):
    return Classifier(
        CHAIN, image_shape=(8, 8), learning_rate_init=0.005, random_state=0, **parameters
    )


def test_shifted_digits_are_learned_by_training_on_shifted_ones():
    train_X, test_X, train_y, test_y = train_test_split(X, y, random_state=0)
    moved = np.roll(test_X.reshape(-1, 8, 8), 1, axis=1).reshape(-1, 64)
    plain = cnn(max_iter=40).fit(train_X, train_y)
    augmented = cnn(max_iter=40, augmentation=[Shift(1)]).fit(train_X, train_y)
    assert augmented.score(test_X, test_y) > 0.95
    assert augmented.score(moved, test_y) > plain.score(moved, test_y) + 0.1


def test_the_seed_is_the_random_state():
    changes = [Shift(1), Noise(0.1)]
    a = cnn(max_iter=2, augmentation=changes).fit(X, y)
    b = clone(a).fit(X, y)
    np.testing.assert_array_equal(a.chain_.parameters.flat, b.chain_.parameters.flat)
    c = clone(a).set_params(augmentation=Noise(0.1)).fit(X, y)
    assert a.loss_curve_ != c.loss_curve_


def test_epochs_one_by_one_have_changes_of_their_own():
    model = cnn(augmentation=Noise(1.0), solver="sgd")
    model.set_params(learning_rate_init=1e-300, alpha=0, shuffle=False)
    for _ in range(3):
        model.partial_fit(X, y, classes=np.arange(10))
    assert len(set(model.loss_curve_)) == 3


def test_second_order_training_has_no_epochs_to_change():
    with pytest.raises(ValueError, match="Classifier: expected a solver that takes steps"):
        cnn(augmentation=[Shift(1)], solver="lbfgs").fit(X, y)


def test_what_is_no_augmentation_is_named():
    with pytest.raises(ValueError, match="'augmentation' parameter of Classifier must be"):
        cnn(augmentation="shift").fit(X, y)
    with pytest.raises(TypeError, match=r"augmentation: expected such as .* got 'shift'"):
        cnn(augmentation=["shift"]).fit(X, y)

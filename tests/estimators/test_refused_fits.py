"""A fit that is refused leaves what was fitted, whatever was wrong and whoever found it."""

import copy

import numpy as np
import pytest

from chainrule import (
    AvgPool2d,
    Chain,
    Classifier,
    Conv2d,
    Flatten,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Noise,
    Regressor,
    ReLU,
    Softmax,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(3)
X = rng.normal(size=(40, 4))
KINDS = np.array(["a", "b", "c"])[np.argmax(X[:, :3], axis=1)]
NUMBERS = X[:, 0] - X[:, 1]
BAD = np.where(np.arange(160).reshape(40, 4) == 77, np.nan, X)
SHORT = {"max_iter": 4, "random_state": 0}


def state(model):
    """Return all that a model holds, arrays as bytes, except the programs that it keeps."""
    held = {k: v for k, v in vars(model).items() if k not in ("_predictions", "inputs_")}
    held["chain_"] = model.chain_.parameters.flat
    held["inputs_"] = model.inputs_.to_json()
    held["targets_"] = model.targets_.to_json()
    return {
        name: (value.tobytes(), value.shape) if isinstance(value, np.ndarray) else repr(value)
        for name, value in held.items()
    }


CLASSIFIERS = [
    MLPClassifier((7,), **SHORT),
    MLPClassifier((7,), **SHORT, solver="lbfgs"),
    MLPClassifier((7,), **SHORT, warm_start=True),
    Classifier(Chain(Linear(7), ReLU()), complete=True, **SHORT),
]
REGRESSORS = [
    MLPRegressor(hidden_layer_sizes=(7,), **SHORT),
    MLPRegressor(hidden_layer_sizes=(7,), **SHORT, solver="lbfgs"),
    Regressor(Chain(Linear(7), ReLU()), complete=True, **SHORT, scale_target=True),
]

OF_ALL = {
    "samples": ({}, lambda y: {"X": BAD, "y": y}),
    "lengths": ({}, lambda y: {"X": X, "y": y[1:]}),
    "no answers": ({}, lambda y: {"X": X, "y": None}),
    "answers": ({}, lambda y: {"X": X, "y": np.zeros((40, 2, 2))}),
    "weights": ({}, lambda y: {"X": X, "y": y, "sample_weight": np.ones(39)}),
    "negative": ({}, lambda y: {"X": X, "y": y, "sample_weight": -np.ones(40)}),
    "validation": ({}, lambda y: {"X": X, "y": y, "X_val": X[:, :3], "y_val": y}),
    "half": ({}, lambda y: {"X": X, "y": y, "X_val": X}),
    "parameter": ({"alpha": -1.0}, lambda y: {"X": X, "y": y}),
    "solver": ({"solver": "newton"}, lambda y: {"X": X, "y": y}),
    "scoring": (
        {"scoring": lambda a: a, "early_stopping": True, "warm_start": False, "solver": "adam"},
        lambda y: {"X": X, "y": y},
    ),
    "part": (
        {"early_stopping": True, "validation_fraction": 0.01, "solver": "adam"},
        lambda y: {"X": X, "y": y},
    ),
}
OF_CLASSES = {
    "labels": ({}, lambda y: {"X": X, "y": NUMBERS}),
    "new": ({}, lambda y: {"X": X, "y": y, "X_val": X, "y_val": np.full(40, "z")}),
    "class weight": ({"class_weight": "many"}, lambda y: {"X": X, "y": y}),
}
OF_NUMBERS = {
    "words": ({}, lambda y: {"X": X, "y": KINDS}),
    "counts": ({"loss": "poisson"}, lambda y: {"X": X, "y": y - 100}),
    "held-out counts": (
        {"loss": "poisson"},
        lambda y: {"X": X, "y": np.abs(y), "X_val": X[:9], "y_val": np.abs(y[:9]) - 100},
    ),
}


def refusals():
    for models, answers, cases in (
        (CLASSIFIERS, KINDS, {**OF_ALL, **OF_CLASSES}),
        (REGRESSORS, NUMBERS, {**OF_ALL, **OF_NUMBERS}),
    ):
        for model in models:
            for name, (parameters, arguments) in cases.items():
                label = f"{type(model).__name__}-{name}"
                yield pytest.param(model, answers, parameters, arguments, id=label)


@pytest.mark.parametrize(("model", "answers", "parameters", "arguments"), [*refusals()])
def test_a_refused_fit_changes_nothing(model, answers, parameters, arguments):
    model = copy.deepcopy(model).fit(X, answers)
    before, predicted = state(model), model.predict(X)
    own = {name: getattr(model, name) for name in parameters}
    model.set_params(**parameters)
    with pytest.raises((ValueError, TypeError, AttributeError)):
        model.fit(**arguments(answers))
    model.set_params(**own)
    assert state(model) == before
    np.testing.assert_array_equal(model.predict(X), predicted)


@pytest.mark.parametrize(
    ("X", "y", "weights", "classes"),
    [
        (X[:, :2], KINDS, None, None),
        (X, np.full(40, "z"), None, None),
        (X, KINDS, np.ones(3), None),
        (X, KINDS, None, ["a", "b"]),
        (BAD, KINDS, None, None),
    ],
)
def test_a_refused_partial_fit_changes_nothing(X, y, weights, classes):
    model = MLPClassifier((7,), random_state=0).partial_fit(
        rng.normal(size=(40, 4)), KINDS, classes=["a", "b", "c"]
    )
    before = state(model)
    with pytest.raises(ValueError):
        model.partial_fit(X, y, weights, classes=classes)
    assert state(model) == before
    assert model.partial_fit(rng.normal(size=(40, 4)), KINDS).t_ == 80


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_sizes_are_checked_where_a_network_goes_on(solver):
    model = MLPClassifier((7,), **SHORT, solver=solver, warm_start=True).fit(X, KINDS)
    before = state(model)
    with pytest.raises(ValueError, match=r"hidden_layer_sizes must be > 0, got \[7, -1\]"):
        model.set_params(hidden_layer_sizes=(7, -1)).fit(X, KINDS)
    assert state(model.set_params(hidden_layer_sizes=(7,))) == before


def test_a_refused_first_call_leaves_no_classes():
    model = MLPClassifier((7,), random_state=0)
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(BAD, KINDS, classes=["a", "b", "c"])
    assert not [name for name in vars(model) if name.endswith("_")]
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, KINDS)


def test_what_the_chain_refuses_is_found_before_anything_changes():
    images = rng.normal(size=(30, 1, 6, 5))
    y = np.arange(30) % 3
    model = Classifier(Chain(AvgPool2d(2), Flatten()), complete=True, **SHORT).fit(images, y)
    before = state(model)
    wrong = [
        {"chain": Chain(Conv2d(2, size=9), Flatten())},
        {"chain": Chain(Flatten(), Linear(2), Softmax()), "complete": False},
        {"image_format": "nhw"},
        {"solver": "lbfgs", "augmentation": Noise(0.1)},
    ]
    for parameters in wrong:
        own = {name: getattr(model, name) for name in parameters}
        with pytest.raises(ValueError, match="Classifier"):
            model.set_params(**parameters).fit(images, y)
        model.set_params(**own)
        assert state(model) == before

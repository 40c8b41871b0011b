"""Fitted estimators of every kind, for what is asked of all files alike."""

import copy

import numpy as np

from chainrule import (
    Adam,
    Chain,
    Classifier,
    Conv2d,
    Cosine,
    Crop,
    Flatten,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Noise,
    Regressor,
    ReLU,
    Shift,
    Sigmoid,
    Softmax,
    TableClassifier,
    TableRegressor,
    TextClassifier,
    WarmUp,
)

RNG = np.random.default_rng(0)
COLOR = RNG.normal(size=(12, 3, 6, 5))
ROWS = RNG.normal(size=(12, 4))
LABELS = np.array(["a", "b", "c"])[np.arange(12) % 3]
TWO = LABELS == "b"

IMAGES = Chain(Conv2d(4, 3), ReLU(), Flatten(), Linear(3), Softmax())
SCHEDULED = {"solver": Adam(0.01), "learning_rate": WarmUp(1, Cosine())}

CHAINS = {
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
LAYERS = {
    "classes": (MLPClassifier((4, 3), dropout=0.1, **SCHEDULED), ROWS, LABELS),
    "counts": (MLPRegressor("poisson", (4,), **SCHEDULED), ROWS, np.abs(ROWS[:, 0])),
    "straight": (MLPRegressor(hidden_layer_sizes=()), ROWS, ROWS[:, :2]),
}
MEMBERS = {"members": 2, "hidden_layer_sizes": [4]}
WORDS = {"word": LABELS.tolist(), "number": ROWS[:, 0].tolist()}
NOTES = [f"note {name} of {row % 2}" for row, name in enumerate(LABELS)]
NOTED = {"note": NOTES, "number": ROWS[:, 0].tolist()}
TABLES = {
    "table of classes": (TableClassifier(**MEMBERS, drop=["x3"]), ROWS, LABELS),
    "table of texts": (TableClassifier(**MEMBERS, text=["note"]), NOTED, LABELS),
    "table of numbers": (TableRegressor(**MEMBERS, batch_ensemble=True), WORDS, ROWS[:, 1]),
}
MARKED = [f"{name} {name}x!" for name in LABELS]
TEXTS = {"texts": (TextClassifier(4, char_ngrams=(2, 3)), MARKED, LABELS)}
NETWORKS = CHAINS | LAYERS | TABLES | TEXTS


def fitted(name, **parameters):
    """Return a network after two epochs, and the samples and targets it was fitted to."""
    model, X, y = NETWORKS[name]
    model = copy.deepcopy(model).set_params(max_iter=2, random_state=0, **parameters)
    return model.fit(X, y), X, y

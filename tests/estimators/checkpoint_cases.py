"""Fits of all kinds, by name: a new estimator and what it is fitted to. They are short."""

import numpy as np
from scipy import sparse

from chainrule import (
    AdamW,
    BatchNorm,
    Chain,
    Classifier,
    Conv2d,
    Cosine,
    Dropout,
    Flatten,
    Flip,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Noise,
    Regressor,
    ReLU,
    TableClassifier,
    TableRegressor,
    TextClassifier,
)

rng = np.random.default_rng(0)
X = rng.normal(size=(150, 6)).astype(np.float32)
CLASSES, NUMBERS = np.arange(150) % 3, X[:, 0] * 2 + rng.normal(size=150)
WEIGHTS = rng.uniform(0.5, 2, 150)
SPARSE = sparse.random_array((150, 400), density=0.04, format="csr", rng=1)
IMAGES = rng.random((90, 1, 8, 8), dtype=np.float32)
TEXTS = [" ".join(rng.choice(list("abcdefghijklmno"), 6)) for _ in range(150)]
TOPICS = ["a" if "a" in text else "other" for text in TEXTS]
ROWS = {
    "size": X[:, 0],
    "kind": rng.choice(["tea", "milk", "bread"], 150),
    "word": rng.choice([f"w{k}" for k in range(40)], 150),
}
SHORT = {"batch_size": 16, "random_state": 0, "max_iter": 6}
HIDDEN = {"hidden_layer_sizes": (9,)}


def image_chain(*more):
    return Chain(Conv2d(3, 3), *more, ReLU(), Flatten(), Dropout(0.3))


CASES = {
    "sgd": lambda: (MLPClassifier((9,), solver="sgd", **SHORT), X, CLASSES),
    "adam": lambda: (MLPClassifier((9, 5), dropout=0.2, **SHORT), X, CLASSES),
    "adamw": lambda: (
        MLPRegressor(
            solver=AdamW(0.01, decay_schedule=Cosine()), learning_rate="cosine", **HIDDEN, **SHORT
        ),
        X,
        NUMBERS,
    ),
    "rmsprop": lambda: (
        MLPRegressor(solver="rmsprop", clip_norm=0.1, **HIDDEN, **SHORT), X, NUMBERS
    ),
    "adagrad": lambda: (MLPClassifier((9,), solver="adagrad", **SHORT), SPARSE, CLASSES),
    "sparse": lambda: (MLPClassifier((9,), dtype="float32", **SHORT), SPARSE, CLASSES),
    "invscaling": lambda: (
        MLPClassifier((9,), solver="sgd", learning_rate="invscaling", **SHORT), X, CLASSES
    ),
    "adaptive": lambda: (
        MLPClassifier(
            (9,), solver="sgd", learning_rate="adaptive", learning_rate_init=0.5,
            tol=0.05, n_iter_no_change=1, **SHORT | {"max_iter": 12},
        ),
        X,
        CLASSES,
    ),
    "early": lambda: (
        MLPClassifier(
            (9,), early_stopping=True, n_iter_no_change=2, **SHORT | {"max_iter": 40}
        ),
        X,
        CLASSES,
    ),
    "scoring": lambda: (
        MLPRegressor(
            early_stopping=True, scoring="neg_mean_absolute_error", gradient_samples=20,
            **HIDDEN, **SHORT,
        ),
        X,
        NUMBERS,
    ),
    "float64": lambda: (MLPRegressor(dtype="float64", **HIDDEN, **SHORT), X, NUMBERS),
    "images": lambda: (
        Classifier(
            image_chain(), complete=True, augmentation=[Flip(), Noise(0.1)],
            early_stopping=True, **SHORT,
        ),
        IMAGES,
        CLASSES[:90],
    ),
    "batch norm": lambda: (
        Classifier(image_chain(BatchNorm()), complete=True, **SHORT | {"max_iter": 4}),
        IMAGES,
        CLASSES[:90],
    ),
    "table network": lambda: (
        Regressor(Chain(Linear(8), ReLU()), complete=True, inputs="table", **SHORT), ROWS, NUMBERS
    ),
    "texts": lambda: (
        TextClassifier(random_state=0, max_iter=6, early_stopping=True), TEXTS, TOPICS
    ),
    "table": lambda: (TableClassifier(**SHORT | {"max_iter": 8}), ROWS, CLASSES),
    "shared": lambda: (
        TableClassifier(batch_ensemble=True, scoring="accuracy", **SHORT), ROWS, CLASSES
    ),
    "quantiles": lambda: (TableRegressor(quantiles=(0.1, 0.9), **SHORT), ROWS, NUMBERS),
    "lbfgs": lambda: (
        MLPClassifier((9,), solver="lbfgs", random_state=0, max_iter=30, dropout=0.1), X, CLASSES
    ),
    "lbfgs early": lambda: (
        MLPRegressor(solver="lbfgs", early_stopping=True, random_state=0, max_iter=40, **HIDDEN),
        X,
        NUMBERS,
    ),
}  # fmt: skip
"""From a name to an estimator, samples and answers."""


def bits_of(model):
    """Return all that must be the same of two fits."""
    names = ("loss_curve_", "validation_scores_", "validation_loss_curve_", "best_loss_",
             "best_validation_score_", "n_iter_", "t_", "gradient_norms_", "_start_loss",
             "_no_improvement_count")  # fmt: skip
    optimizer = getattr(model, "_optimizer", None)
    return (
        model.chain_.parameters.flat.tobytes(),
        [repr(getattr(model, name, None)) for name in names],
        (model.history_.end, model.history_.kept, len(model.history_.epochs)),
        None
        if optimizer is None
        else [optimizer.learning_rate, *(slot.tobytes() for slot in optimizer.state.slots)],
    )

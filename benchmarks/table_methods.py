"""Who is compared on tables, each with its defaults, as its users call it.

All get the same rows to train on. The rows to stop by serve those who stop early or keep the best
iteration; the linear models and scikit-learn's network do without. Trees but XGBoost's get the
categories as such; the others one-hot columns, and those who need it standardised numbers with
medians and indicators for what is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import chainrule
from benchmarks.public_tables import Samples

Array = NDArray[Any]

TREES = 1000
"""Iterations at most of the trees that stop early; CatBoost's default, which it takes whole."""

PATIENCE = 50
"""Iterations without a better score that end LightGBM and XGBoost."""

MOST_CATEGORIES = 250
"""Values of a column that HistGradientBoosting is given as such; it refuses more than 255."""

MISSING = "(missing)"


@dataclass(frozen=True)
class Method:
    """A method: its name, what it needs, and how it fits, and predicts the rows to test on.

    Of classes it returns probabilities (n, classes), else numbers (n,).
    """

    name: str
    libraries: tuple[str, ...]
    predict: Callable[[Samples, Samples, Samples], Array]


def _answers(model: Any, X: Any, task: str) -> Array:
    found = model.predict_proba(X) if task == "classification" else model.predict(X)
    return np.asarray(found, np.float64)


def _constant(train: Samples, held_out: Samples, test: Samples) -> Array:
    kind = DummyRegressor() if train.task == "regression" else DummyClassifier(strategy="prior")
    return _answers(kind.fit(train.X, train.y), test.X, train.task)


def _chainrule(train: Samples, held_out: Samples, test: Samples) -> Array:
    classes = train.task == "classification"
    kind = chainrule.TableClassifier if classes else chainrule.TableRegressor
    model = kind(random_state=0, n_jobs=1, categorical=train.categories)
    model.fit(train.X, train.y, X_val=held_out.X, y_val=held_out.y)
    return _answers(model, test.X, train.task)


def _light(train: Samples, held_out: Samples, test: Samples) -> Array:
    import lightgbm

    X, X_val, X_test = _with_categories(train, held_out, test)
    classes = train.task == "classification"
    kind = lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor
    model = kind(n_estimators=TREES, n_jobs=1, verbose=-1)
    stopping = lightgbm.early_stopping(PATIENCE, verbose=False)
    model.fit(X, train.y, eval_set=[(X_val, held_out.y)], callbacks=[stopping])
    return _answers(model, X_test, train.task)


def _cat(train: Samples, held_out: Samples, test: Samples) -> Array:
    import catboost

    names = train.categories
    X, X_val, X_test = (_filled(part) for part in (train, held_out, test))
    classes = train.task == "classification"
    kind = catboost.CatBoostClassifier if classes else catboost.CatBoostRegressor
    model = kind(thread_count=1, verbose=0, cat_features=names, allow_writing_files=False)
    model.fit(X, train.y, eval_set=(X_val, held_out.y))
    return _answers(model, X_test, train.task)


def _histogram(train: Samples, held_out: Samples, test: Samples) -> Array:
    X, X_val, X_test = _with_categories(train, held_out, test, MOST_CATEGORIES)
    classes = train.task == "classification"
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    model = kind(max_iter=TREES, early_stopping=True, random_state=0)
    model.fit(X, train.y, X_val=X_val, y_val=held_out.y)
    return _answers(model, X_test, train.task)


def _extreme(train: Samples, held_out: Samples, test: Samples) -> Array:
    import xgboost

    X, X_val, X_test = _one_hot(train, held_out, test, scaled=False)
    kind = xgboost.XGBClassifier if train.task == "classification" else xgboost.XGBRegressor
    model = kind(n_estimators=TREES, early_stopping_rounds=PATIENCE, n_jobs=1)
    model.fit(X, train.y, eval_set=[(X_val, held_out.y)], verbose=False)
    return _answers(model, X_test, train.task)


def _linear(train: Samples, held_out: Samples, test: Samples) -> Array:
    X, _, X_test = _one_hot(train, held_out, test, scaled=True)
    model = Ridge() if train.task == "regression" else LogisticRegression(max_iter=1000)
    return _answers(model.fit(X, train.y), X_test, train.task)


def _network(train: Samples, held_out: Samples, test: Samples) -> Array:
    X, _, X_test = _one_hot(train, held_out, test, scaled=True)
    if train.task == "classification":
        return _answers(MLPClassifier(random_state=0).fit(X, train.y), X_test, train.task)
    center, scale = train.y.mean(), train.y.std()
    model = MLPRegressor(random_state=0).fit(X, (train.y - center) / scale)
    return _answers(model, X_test, train.task) * scale + center


def _real(train: Samples, held_out: Samples, test: Samples) -> Array:
    import pytabkit
    import torch

    torch.set_num_threads(1)
    middle = train.X.median(numeric_only=True)  # it refuses missing numbers
    X, X_val, X_test = (_filled(part).fillna(middle) for part in (train, held_out, test))
    for frame in (X, X_val, X_test):
        frame[train.categories] = frame[train.categories].astype("category")
    classes = train.task == "classification"
    kind = pytabkit.RealMLP_TD_Classifier if classes else pytabkit.RealMLP_TD_Regressor
    model = kind(device="cpu", random_state=0, n_cv=1, n_threads=1)
    model.fit(X, train.y, X_val=X_val, y_val=held_out.y)
    found = _answers(model, X_test, train.task)
    return found if classes else found.reshape(-1)


def _filled(samples: Samples) -> Any:
    """Return the rows with a category of its own for missing ones."""
    return samples.X.fillna(dict.fromkeys(samples.categories, MISSING))


def _with_categories(
    train: Samples, held_out: Samples, test: Samples, most: int | None = None
) -> list[Any]:
    """Return the rows with pandas' categories: the commonest of training, at most so many."""
    import pandas as pd

    frames = [part.X.copy() for part in (train, held_out, test)]
    for name in train.categories:
        known = train.X[name].value_counts().index[:most]
        for frame in frames:
            seen = frame[name].where(frame[name].isin(known), None)
            frame[name] = pd.Categorical(seen, categories=sorted(known))
    return frames


def _one_hot(train: Samples, held_out: Samples, test: Samples, *, scaled: bool) -> list[Array]:
    names = train.categories
    numbers = [name for name in train.X if name not in names]
    filled = SimpleImputer(strategy="median", add_indicator=True)
    steps = make_pipeline(filled, StandardScaler()) if scaled else "passthrough"
    ones = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    encoder = make_column_transformer((ones, names), (steps, numbers))
    first = encoder.fit_transform(_filled(train))
    return [first, *(encoder.transform(_filled(part)) for part in (held_out, test))]


CONSTANT = Method("constant", (), _constant)
OURS = Method("chainrule", (), _chainrule)
LIGHTGBM = Method("LightGBM", ("lightgbm",), _light)
CATBOOST = Method("CatBoost", ("catboost",), _cat)
REALMLP = Method("RealMLP-TD", ("pytabkit", "torch"), _real)

METHODS = (
    *(OURS, LIGHTGBM, CATBOOST),
    Method("HistGradientBoosting", (), _histogram),
    Method("XGBoost", ("xgboost",), _extreme),
    REALMLP,
    Method("scikit-learn's MLP", (), _network),
    Method("linear", (), _linear),
)
"""All but the one that says the same of every row, which is measured wherever they are."""

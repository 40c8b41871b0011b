#!/usr/bin/env bash
# scikit-learn 1.9.1, ml_dtypes 0.6.0 (numpy 2.4.6): many estimators fit an array of bfloat16 and then
# refuse to predict from the same array, as one of "bytes/strings".
#
# For X of ml_dtypes.bfloat16, fit(X, y) passes and predict(X) raises
#     ValueError: dtype='numeric' is not compatible with arrays of bytes/strings. …
# in LogisticRegression, LinearSVC, SGDClassifier, MLPClassifier, Ridge, Lasso, ElasticNet, SGDRegressor
# and MLPRegressor. Trees, forests, gradient boosting, SVC and SVR do both; LinearRegression,
# KNeighborsClassifier and GaussianNB refuse in fit. So cross_val_score gives NaN with warnings of scores
# that failed, after each fit has succeeded.
#
# Expected: the same answer from fit and predict of an estimator, and a message about the type that it is:
# numbers, of kind "V" to NumPy, that are converted where a type is asked for by name.
# Where: sklearn.utils.validation.check_array, array.dtype.kind in "USV" with dtype="numeric", which fit
# does not use where it asks for float64 or float32.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q scikit-learn==1.9.1 ml_dtypes==0.6.0 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import warnings

import ml_dtypes
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import (
    ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge, SGDClassifier, SGDRegressor
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier

warnings.simplefilter("ignore")  # of fits that have not converged, which is no matter here
X = np.random.default_rng(0).normal(size=(40, 3)).astype(ml_dtypes.bfloat16)
y = np.arange(40) % 2


def outcome(action):
    try:
        action()
    except ValueError as error:
        assert str(error).startswith("dtype='numeric' is not compatible with arrays of bytes/strings"), error
        return "refused"
    return "taken"


right = True
for expected, kinds in {
    ("taken", "refused"): (
        LogisticRegression, LinearSVC, SGDClassifier, MLPClassifier, Ridge, Lasso, ElasticNet, SGDRegressor,
        MLPRegressor,
    ),
    ("taken", "taken"): (DecisionTreeClassifier, RandomForestClassifier, HistGradientBoostingClassifier, SVC, SVR),
    ("refused", "refused"): (LinearRegression, KNeighborsClassifier, GaussianNB),
}.items():
    for kind in kinds:
        model, wide = kind(), kind().fit(X.astype(np.float32), y)
        seen = outcome(lambda: model.fit(X, y)), outcome(lambda: (model if expected[0] == "taken" else wide).predict(X))
        print(f"{kind.__name__}: fit {seen[0]}, predict {seen[1]}")
        right &= seen == expected
raise SystemExit(not right)
PY

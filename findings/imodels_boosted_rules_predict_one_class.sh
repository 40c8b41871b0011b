#!/usr/bin/env bash
# imodels 3.0.4 (scikit-learn 1.9.1, numpy 2.4.6): BoostedRulesClassifier and SlipperClassifier learn classes
# 0 and 1 and predict one class for every row where the labels are texts or 1 and 2.
#
# The class is whether the first of three columns is above 0, which one rule tells:
#     labels 0 and 1           right for 100% and 99% of the rows
#     labels "no" and "yes"    predicts "no" for all rows
#     labels 1 and 2           predicts 1 for all rows
# without an error or a warning of it; classes_ holds the labels as given. predict_proba has the first class
# ahead in every row, too. So a score, or a search by it, sees a model that has learnt nothing.
#
# Expected: the labels, as from the package's FIGSClassifier and HSTreeClassifier for the same y.
# Where: BoostedRulesClassifier.fit trains its trees on 0 and 1 and then sets classes_ to the labels, which
# AdaBoostClassifier.predict compares with what the trees say.
# (six is installed as imodels imports it without requiring it.)
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q imodels==3.0.4 six==1.17.0 scikit-learn==1.9.1 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import warnings

import numpy as np
from imodels import BoostedRulesClassifier, FIGSClassifier, HSTreeClassifier, SlipperClassifier

X = np.random.default_rng(0).normal(size=(300, 3))
classes = (X[:, 0] > 0).astype(int)
right = True
for kind in (BoostedRulesClassifier, SlipperClassifier, FIGSClassifier, HSTreeClassifier):
    for labels in ([0, 1], ["no", "yes"], [1, 2]):
        y = np.array(labels)[classes]
        np.random.seed(0)
        model = kind(random_state=0)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(X, y)
            predicted = model.predict(X)
            share = np.mean(predicted == y)
        told = [str(warning.message) for warning in caught if warning.category is UserWarning]
        print(f"{kind.__name__}, labels {labels}: classes_ {model.classes_}, right for {share:.0%},"
              f" predicts {np.unique(predicted)}, warnings {told}")
        right &= list(model.classes_) == labels and not told
        if kind in (BoostedRulesClassifier, SlipperClassifier) and labels != [0, 1]:
            right &= list(np.unique(predicted)) == labels[:1] and share < 0.6
            right &= bool((model.predict_proba(X)[:, 0] >= 0.5).all())
        else:
            right &= share > 0.95
raise SystemExit(not right)
PY

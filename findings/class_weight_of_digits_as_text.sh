#!/usr/bin/env bash
# scikit-learn 1.9.1 (numpy 2.4.6): class_weight makes an integer of each class label before it looks
# the label up, also where labels are texts.
#
# With y of the texts "7" and "8", weights by these texts are refused in every classifier:
#     LogisticRegression(class_weight={"7": 3.0, "8": 1.0}).fit(X, y)
#     ValueError: The classes, [7, 8], are not in class_weight
# and weights by the integers 7 and 8, which are no labels of y, are taken. Texts such as "a", which
# no integer can be made of, are looked up as they are. So a column of codes ("7", "8", …), read as
# text, works with class_weight="balanced" and fails with a dict of its own labels.
#
# Expected: labels are looked up as they stand in y, as class_weight's description says.
# Where: sklearn.utils.class_weight.compute_class_weight, int(c) before "c in class_weight".
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q scikit-learn==1.9.1 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

X, texts = np.arange(12.0).reshape(6, 2), np.array(["7", "8", "8", "8", "7", "8"])
seen = []
for kind in (LogisticRegression, DecisionTreeClassifier):
    for weights in ({"7": 3.0, "8": 1.0}, {7: 3.0, 8: 1.0}, "balanced"):
        try:
            kind(class_weight=weights).fit(X, texts)
            outcome = "taken"
        except ValueError as error:
            outcome = str(error)
        seen.append(outcome)
        print(f"{kind.__name__}(class_weight={weights!r}): {outcome}")
letters = np.where(texts == "7", "a", "b")
LogisticRegression(class_weight={"a": 3.0, "b": 1.0}).fit(X, letters)
print("texts a and b with weights by a and b: taken")
refused = "The classes, [7, 8], are not in class_weight"
raise SystemExit(seen != [refused, "taken", "taken"] * 2)
PY

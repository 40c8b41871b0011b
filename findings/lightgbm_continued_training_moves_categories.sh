#!/usr/bin/env bash
# LightGBM 4.7.0 (scikit-learn 1.9.1, pandas 3.1.1, numpy 2.4.6): trained on from an earlier model, with a
# table whose category column holds its categories in another order or holds others, the earlier model's
# trees are read with the new table's numbers of the categories, and predict for the wrong ones.
#
# The target is 0, 5 and 10 for the categories a, b, c. A model of 50 trees predicts just these. Then one
# more tree, with a learning rate of 1e-6, so that nothing is to change:
#     fit(table of a, b and c, init_model=model)                  0, 5, 10
#     fit(the same rows, categories listed c, b, a, init_model)   10, 5, 0
#     fit(table of b, c and d, init_model)                        b is 0, c is 5, d is 10
# without an error or a warning. Booster.refit with such tables gives the same numbers.
#
# predict and eval_set take tables with categories in any order, as they look each category up among those
# of training (pandas_categorical). Here the new model keeps the list of the new table alone.
#
# Expected: categories of the new table looked up in the list of the earlier model, as in predict, or an
# error. The description of init_model has no word on categories.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q lightgbm==4.7.0 scikit-learn==1.9.1 pandas==3.1.1 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import warnings

import lightgbm
import numpy as np
import pandas as pd

warnings.simplefilter("error")  # no warning is part of the find
target = {"a": 0.0, "b": 5.0, "c": 10.0, "d": 20.0}


def table(letters, listed):
    """600 rows with each of some categories alike often, listed in a given order; their targets."""
    rows = list(letters) * (600 // len(letters))
    kinds = pd.Categorical(rows, categories=list(listed))
    return pd.DataFrame({"kind": kinds}), np.array([target[row] for row in rows])


first = lightgbm.LGBMRegressor(n_estimators=50, learning_rate=0.3, verbose=-1).fit(*table("abc", "abc"))
asked = pd.DataFrame({"kind": pd.Categorical(list("abcd"))})
reordered = table("abc", "cba")
right = np.allclose(first.predict(reordered[0]), reordered[1], atol=0.01)
print("first model:", first.predict(asked).round(2))
for letters, listed, expected in (("abc", "abc", [0, 5, 10]), ("abc", "cba", [10, 5, 0]), ("bcd", "bcd", [0, 5, 10])):
    more = lightgbm.LGBMRegressor(n_estimators=1, learning_rate=1e-6, verbose=-1)
    more.fit(*table(letters, listed), init_model=first)
    refitted = first.booster_.refit(*table(letters, listed), decay_rate=1 - 1e-6)
    for name, model in (("one more tree", more), ("refit", refitted)):
        seen = model.predict(asked[asked["kind"].isin(list(letters))])
        print(f"{name}, table of {letters}, listed {listed}: {seen.round(2)}")
        right &= np.allclose(seen, expected, atol=0.01)
raise SystemExit(not right)
PY

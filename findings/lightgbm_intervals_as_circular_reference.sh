#!/usr/bin/env bash
# LightGBM 4.7.0 (scikit-learn 1.9.1, pandas 3.1.1, numpy 2.4.6): a column made by pandas.cut is refused
# after all trees have been trained, as a "Circular reference".
#
# pandas.cut and pandas.qcut give a categorical column, and such columns are taken without more ado. Their
# categories are intervals, and with them
#     LGBMRegressor().fit(table, y)
#     ValueError: Circular reference detected
# as with categories that are dates (pandas.Timestamp). There is no circle: each fit ends by writing the
# model as text, and the list of categories as JSON, for which an interval is handed back as it came. With
# the same intervals as texts the table is taken; so are categories that are texts, integers, floats and
# booleans. lightgbm.train trains with the intervals, too, if keep_training_booster is set; the error then
# comes when the model is saved.
#
# Expected: the table taken, as the codes of the categories are all that trees see, or refused before
# training with the name of the column. Descriptions speak of the categorical type of pandas, with no word
# on what the categories may be.
# Where: lightgbm.basic._json_default_with_numpy, which returns what it cannot convert.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q lightgbm==4.7.0 scikit-learn==1.9.1 pandas==3.1.1 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import lightgbm
import numpy as np
import pandas as pd

numbers = np.linspace(0, 1, 600)
bins = pd.Series(pd.cut(numbers, 5))
days = pd.Series(pd.to_datetime(["2026-01-01", "2026-01-02"] * 300))
trees = []  # how many had been trained when the error came


def count(state):
    trees[-1] = state.iteration + 1


right = True
for name, column, taken in (
    ("pandas.cut", bins, False),
    ("pandas.qcut", pd.Series(pd.qcut(numbers, 5)), False),
    ("dates", days.astype("category"), False),
    ("pandas.cut as texts", bins.astype(str).astype("category"), True),
    ("integers", bins.cat.codes.astype("int64").astype("category"), True),
    ("floats", (bins.cat.codes / 2).astype("category"), True),
    ("booleans", (bins.cat.codes > 2).astype("category"), True),
):
    trees.append(0)
    table = pd.DataFrame({"column": column})
    try:
        lightgbm.LGBMRegressor(n_estimators=20, verbose=-1).fit(table, numbers, callbacks=[count])
        outcome = "taken"
    except ValueError as error:
        outcome = str(error)
    print(f"{name}: {outcome}, after {trees[-1]} trees")
    right &= outcome == ("taken" if taken else "Circular reference detected") and trees[-1] == 20

data = lightgbm.Dataset(pd.DataFrame({"column": bins}), numbers)
booster = lightgbm.train({"verbose": -1}, data, 20, keep_training_booster=True)
predictions = booster.predict(pd.DataFrame({"column": bins}))
print("lightgbm.train: correlation of predictions", np.corrcoef(predictions, numbers)[0, 1].round(3))
right &= np.corrcoef(predictions, numbers)[0, 1] > 0.9
try:
    booster.model_to_string()
    right = False
except ValueError as error:
    print("model_to_string:", error)
    right &= str(error) == "Circular reference detected"
raise SystemExit(not right)
PY

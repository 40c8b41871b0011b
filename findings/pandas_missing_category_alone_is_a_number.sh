#!/usr/bin/env bash
# pandas 3.1.1 with XGBoost 3.2.0 and scikit-learn 1.9.1 (LightGBM 4.7.0, numpy 2.4.6): a single row whose
# category is missing cannot be predicted, as pandas makes its empty list of categories one of numbers.
#
# Models trained on a column of texts as categories, some of them missing, are asked about one row:
#     pandas.DataFrame({"kind": [None]}, dtype="category")    its list of categories: [], of type float64
#     XGBRegressor: Category index from DataFrame has floating point dtype, consider using strings or integers …
#     HistGradientBoostingRegressor: ufunc 'isnan' not supported for the input types …
# The cell being None, and not nan, makes no difference: a column of None without a type is one of objects,
# and is of numbers only once it is "category". With two rows, "a" and missing, all predict both, and so
# they do for the one row if its column lists a category that it does not use. LightGBM predicts all three
# tables alike. So whether a record can be predicted depends on the records that are asked about with it.
#
# Expected: no type of numbers for categories of which there are none; and a prediction for the missing
# cell from each library, as no category has to be looked up.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pandas==3.1.1 xgboost==3.2.0 lightgbm==4.7.0 scikit-learn==1.9.1 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import lightgbm
import numpy as np
import pandas as pd
import xgboost
from sklearn.ensemble import HistGradientBoostingRegressor

train = pd.DataFrame({"kind": pd.Categorical(["a", "b", None] * 200)})
y = np.array([0.0, 5.0, 10.0] * 200)
alone = pd.DataFrame({"kind": [None]}, dtype="category")
asked = {
    "alone": alone,
    "after another row": pd.DataFrame({"kind": ["a", None]}, dtype="category"),
    "alone, with a list": pd.DataFrame({"kind": pd.Categorical([None], categories=["b"])}),
}
plain = pd.DataFrame({"kind": [None]})["kind"]
print("type of the one cell:", plain.dtype, "and its categories:", alone["kind"].cat.categories)
right = plain.dtype == object and alone["kind"].cat.categories.equals(pd.Index([], dtype="float64"))
refused = {
    xgboost.XGBRegressor: "Category index from DataFrame has floating point dtype",
    HistGradientBoostingRegressor: "ufunc 'isnan' not supported for the input types",
}
for model in (
    xgboost.XGBRegressor(n_estimators=60, enable_categorical=True),
    HistGradientBoostingRegressor(),
    lightgbm.LGBMRegressor(n_estimators=60, verbose=-1),
):
    model.fit(train, y)
    for name, table in asked.items():
        try:
            outcome = model.predict(table)[-1]
        except (xgboost.core.XGBoostError, TypeError) as error:
            outcome = str(error).splitlines()[0]
        print(f"{type(model).__name__}, missing {name}: {outcome}")
        if name == "alone" and type(model) in refused:
            right &= isinstance(outcome, str) and refused[type(model)] in outcome
        else:
            right &= not isinstance(outcome, str) and abs(outcome - 10) < 0.1
raise SystemExit(not right)
PY

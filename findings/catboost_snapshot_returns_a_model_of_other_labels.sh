#!/usr/bin/env bash
# catboost 1.2.10 (numpy 2.4.6): a snapshot knows its features, not its labels and weights. A fit with other
# labels and the same snapshot file goes on from it, and here, where all trees are there already, returns the
# model of the labels before, with an accuracy of 0.
#
#     fit(X, y), then with the same save_snapshot=True, snapshot_file=...
#     fit(X2, y)                refused: "Current learn and test datasets differ from the datasets used ..."
#     fit(X, y, depth=3)        refused: "Current training params differ from the params saved ..."
#     fit(X, 1 - y)             the model of y: of the samples none is predicted as it was labelled
#     fit(X, y, sample_weight)  the model without weights
#     fit(X, y, learning_rate)  the model of the learning rate before; get_all_params says the new one
#
# Expected: all three refused as the others are, or trained. Several targets of one table, or labels that were
# corrected, are fitted in turns by a program that keeps one name of a file.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q catboost==1.2.10 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import shutil

import numpy as np
from catboost import CatBoostClassifier, CatBoostError

rng = np.random.default_rng(0)
X, X2 = rng.normal(size=(2, 500, 3))
y = (X[:, 0] > 0).astype(int)


def fitted(X, y, sample_weight=None, **parameters):
    model = CatBoostClassifier(
        iterations=20, random_seed=0, thread_count=1, verbose=False, train_dir="kept",
        save_snapshot=True, snapshot_file="snapshot", snapshot_interval=0, **parameters,
    )
    return model.fit(X, y, sample_weight=sample_weight)


def after_first(*data, **parameters):
    """Fit anew, then once more with something else and the snapshot of before."""
    shutil.rmtree("kept", ignore_errors=True)
    first = fitted(X, y)
    try:
        again = fitted(*data, **parameters)
    except CatBoostError as error:
        return "refused: " + str(error).rpartition("learn_context.cpp")[2][5:55]
    same = np.array_equal(first.predict_proba(X), again.predict_proba(X))
    return f"{'the model of before' if same else 'another'}, accuracy {again.score(*data[:2])}"


seen = {
    "other features": after_first(X2, y),
    "another depth": after_first(X, y, depth=3),
    "other labels": after_first(X, 1 - y),
    "weights": after_first(X, y, np.where(y == 1, 10.0, 1.0)),
    "another learning rate": after_first(X, y, learning_rate=0.9),
}
for what, outcome in seen.items():
    print(f"{what:<22} {outcome}")
outcomes = list(seen.values())
as_said = all(o.startswith("refused") for o in outcomes[:2]) and all(
    o.startswith("the model of before") for o in outcomes[2:]
) and outcomes[2].endswith("accuracy 0.0")
raise SystemExit(0 if as_said else "changed: snapshots notice something else")
PY

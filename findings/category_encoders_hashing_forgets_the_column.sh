#!/usr/bin/env bash
# category_encoders 2.11.2 (scikit-learn 1.9.1, pandas 3.1.1, numpy 2.4.6): HashingEncoder hashes a cell's
# text without its column, so that rows with the same texts in other columns become the same numbers.
#
# The columns "from" and "to" of a table of journeys:
#     Paris to Rome    the same row of counts as
#     Rome to Paris
# for every number of components and every hash. So no model can tell a way from its way back: a tree on
# 16 counts is right for half of the rows where the target is whether a journey begins in Paris, and for
# all of them with FeatureHasher, which hashes "from=Paris". A "1" of one column and a 1 of another are the
# same, too.
#
# Expected: columns that count in the hash, as in FeatureHasher. n_components is described as the number of
# output features for each encoded column, and collisions as a matter of that number alone.
# Where: HashingEncoder.hash_chunk, hasher.update(bytes(str(val), "utf-8")).
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q category_encoders==2.11.2 scikit-learn==1.9.1 pandas==3.1.1 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import pandas as pd
from category_encoders import HashingEncoder
from sklearn.feature_extraction import FeatureHasher
from sklearn.tree import DecisionTreeClassifier

journeys = pd.DataFrame({"from": ["Paris", "Rome"] * 50, "to": ["Rome", "Paris"] * 50})
target = journeys["from"] == "Paris"
right = True
for components in (8, 16, 1024):
    for method in ("md5", "sha256"):
        encoder = HashingEncoder(cols=["from", "to"], n_components=components, hash_method=method, max_process=1)
        counts = encoder.fit_transform(journeys).to_numpy()
        print(f"{components} components, {method}: there {counts[0].nonzero()[0]}, back {counts[1].nonzero()[0]}")
        right &= bool((counts[0] == counts[1]).all()) and counts[0].sum() == 2
counts = HashingEncoder(cols=["from", "to"], n_components=16, max_process=1).fit_transform(journeys)
hashed = FeatureHasher(16, alternate_sign=False).fit_transform(journeys.to_dict("records")).toarray()
shares = [DecisionTreeClassifier().fit(table, target).score(table, target) for table in (counts, hashed)]
print("a tree is right for", shares, "of the rows with HashingEncoder and FeatureHasher")
right &= shares == [0.5, 1.0]

mixed = pd.DataFrame({"rooms": [1, 2], "floor": ["2", "1"]})
numbers = HashingEncoder(cols=["rooms", "floor"], n_components=16, max_process=1).fit_transform(mixed).to_numpy()
print("1 room on floor 2:", numbers[0], "2 rooms on floor 1:", numbers[1])
right &= bool((numbers[0] == numbers[1]).all())
raise SystemExit(not right)
PY

#!/usr/bin/env bash
# scikit-learn 1.9.1 (scipy 1.17.1, numpy 2.4.6): what DictVectorizer makes is refused by its linear and
# support vector classifiers, as its indices are int64, however few they are.
#
# make_pipeline(DictVectorizer(), LinearSVC()).fit(records, y) for four small records:
#     ValueError: Only sparse matrices with 32-bit integer indices are accepted. Got int64 indices. …
# The same of SVC, NuSVC, SGDClassifier and Perceptron, and of regressors LinearSVR, SVR and
# SGDRegressor. LogisticRegression, MultinomialNB and DecisionTreeClassifier take it, and all take what
# FeatureHasher and CountVectorizer make (int32). In scikit-learn 1.8 DictVectorizer gave int32, too, and
# the pipelines ran.
#
# Where: DictVectorizer._transform, which now begins with scipy.sparse.csr_array of a list of row starts
# (int64, and the array keeps it) where it was csr_matrix (which looks at the values).
#
# Expected: int32 where that suffices, as from the other vectorizers, or a conversion in fit, as the
# values are all below 2³¹.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.linear_model import LogisticRegression, Perceptron, SGDClassifier, SGDRegressor
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR, NuSVC
from sklearn.tree import DecisionTreeClassifier

records = [{"town": "Oslo", "age": 3}, {"town": "Rome", "age": 8}, {"town": "Oslo", "age": 4}, {"age": 9}]
y = [0, 1, 0, 1]


def outcome(vectorizer, model):
    try:
        make_pipeline(vectorizer, model).fit(records, y)
    except ValueError as error:
        return str(error)
    return "taken"


matrix = DictVectorizer().fit_transform(records)
print("DictVectorizer:", repr(matrix), matrix.indices.dtype, matrix.indptr.dtype)
right = matrix.indices.dtype == matrix.indptr.dtype == "int64"
refusing = LinearSVC(), SVC(), NuSVC(), SGDClassifier(), Perceptron(), LinearSVR(), SVR(), SGDRegressor()
for model in refusing + (LogisticRegression(), MultinomialNB(), DecisionTreeClassifier()):
    name = type(model).__name__
    seen = outcome(DictVectorizer(), model), outcome(FeatureHasher(16, alternate_sign=False), model)
    print(f"{name} after DictVectorizer: {seen[0].split('. See')[0]}; after FeatureHasher: {seen[1]}")
    start = "Only sparse matrices with 32-bit integer indices" if model in refusing else "taken"
    right &= seen[0].startswith(start) and seen[1] == "taken"
raise SystemExit(not right)
PY

"""Labels that are none: the first is named, with its row, before anything is learned."""

import pickle

import numpy as np
import pandas
import pytest

from chainrule import Chain, Classifier, Linear, MLPClassifier, Softmax, TextClassifier
from chainrule.targets.label_checks import check_labels

TEXTS = ["a fine film", "what a bad film", "fine, really fine", "bad, so bad"]


def arrow(values):
    return pytest.importorskip("pyarrow").array(values)


def polars(values):
    return pytest.importorskip("polars").Series(values)


GAP = ["a", "b", None, "a"]
DATES = ["2020-01-01", "2020-01-01", None, "2021-01-01"]
MISSING = {
    "list": lambda: GAP,
    "NaN": lambda: ["a", "b", float("nan"), "a"],
    "NA": lambda: ["a", "b", pandas.NA, "a"],
    "NaT": lambda: pandas.Series(DATES).astype("M8[ns]"),
    "numbers": lambda: [1, 2, None, 1],
    "floats": lambda: np.array([1, 2, np.nan, 1]),
    "Series": lambda: pandas.Series(GAP),
    "string": lambda: pandas.Series(GAP, dtype="string"),
    "category": lambda: pandas.Series(GAP, dtype="category"),
    "Int64": lambda: pandas.Series([1, 2, None, 1], dtype="Int64"),
    "DataFrame": lambda: pandas.DataFrame({"y": GAP}),
    "arrow": lambda: arrow(GAP),
    "polars": lambda: polars(GAP),
}


@pytest.mark.parametrize("form", MISSING)
def test_a_missing_label_is_named(form):
    message = "TextClassifier expected an answer for each row, got none in 1 of 4, row 2 the first"
    with pytest.raises(ValueError, match=message):
        TextClassifier().fit(TEXTS, MISSING[form]())


def test_a_missing_label_among_several():
    with pytest.raises(ValueError, match="expected a label, got None, a missing one, in row 2 of"):
        TextClassifier().fit(TEXTS, [["a"], ["b"], ["a", None], ["a"]])
    with pytest.raises(ValueError, match="got none in 1 of 8, row 2 the first"):
        TextClassifier().fit(TEXTS, np.array([[1, 0], [0, 1], [np.nan, 0], [1, 1]]))


WRONG = {
    "a dict": ([{}, "a", "b", "a"], "got {}, of type dict, in row 0"),
    "bytes": (["a", "b", b"a", "b"], r"got bytes, which label.decode\(\) makes a text, in row 2"),
    "an object": (["a", "b", "a", len], "function len>, of type builtin_function_or_method"),
    "numbers and texts": ([1, 1, "a", 1], "all numbers, as the first is, got 'a', of type str, in"),
    "texts and numbers": (["a", "b", True, "a"], "all texts, as the first is, got True.*row 2"),
    "NUL at the end": (["a", "a\0", "a", "b"], r"not end with NUL.*got 'a\\x00' in row 1"),
    "a lone surrogate": (["a", "\ud800", "a", "b"], r"Unicode characters, got '\\ud800' in row 1"),
    "a long number": ([2**70, 1, 1, 1], r"at most 64 bits as labels, got 118.* in row 0"),
    "a set": ({"a", "b", "c", "d"}, "a list of labels y, got a set, which has no rows"),
    "a generator": (iter("abab"), r"got a str_.*iterator; list\(…\) makes one of it"),
    "lists of both": ([["a"], ["b"], [1], []], "all texts, as the first is, got 1.* in row 2 of y"),
    "lists of lists": ([["a"], ["b"], [["c"]], []], r"got \['c'\], of type list, in row 2 of y"),
}


@pytest.mark.parametrize("form", WRONG)
def test_the_first_label_that_is_none_is_named(form):
    y, message = WRONG[form]
    with pytest.raises((TypeError, ValueError), match=f"TextClassifier: expected .*{message}"):
        TextClassifier().fit(TEXTS, y)


def test_all_classifiers_and_all_their_calls():
    X, y, bad = np.eye(4), ["a", "b", "a", "b"], ["a", None, "a", "b"]
    chain = Chain(Linear(2), Softmax())
    for model in (MLPClassifier(4, max_iter=2, tol=0), Classifier(chain, max_iter=2, tol=0)):
        message = f"{type(model).__name__} expected an answer for each row.*, row 1 the first"
        with pytest.raises(ValueError, match=message):
            model.fit(X, bad)
        with pytest.raises(ValueError, match=message):
            model.partial_fit(X, bad, classes=["a", "b"])
        for classes, told in (["a", None], "expected an answer"), (["a", 1], "got 1, of type int"):
            with pytest.raises(ValueError, match=f"{type(model).__name__}, classes.* {told}"):
                model.partial_fit(X, y, classes=classes)
        with pytest.warns(Warning, match="Maximum iterations"):
            model.fit(X, y)
        with pytest.raises(ValueError, match=message):
            model.score(X, bad)


def test_a_refused_fit_changes_nothing():
    model = TextClassifier(4, max_iter=2, random_state=0).fit(TEXTS, [0, 1, 0, 1])
    before = pickle.dumps(model)
    for y in (GAP, [1, "a", 1, "a"], [{}] * 4):
        with pytest.raises((TypeError, ValueError)):
            model.fit(TEXTS, y)
    assert pickle.dumps(model) == before


@pytest.mark.parametrize(
    "labels",
    [
        ["a", "b"],
        [0, 1.0],
        [True, 0],
        [np.int8(3), 2],
        [np.str_("a"), ""],
        [np.datetime64("2020-01-01"), np.datetime64("2021-01-01")],
        [],
    ],
)
def test_labels_pass(labels):
    check_labels("owner", labels)

"""The target's task, classes and scale, and back from a network's outputs."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from chainrule.data import DataError, Target, rows_with_target


@pytest.mark.parametrize(
    ("cells", "task", "classes", "reason"),
    [
        (["no", "yes", "no"], "binary", ("no", "yes"), "'t' has 2 distinct values: binary"),
        (["b", "a", "c"], "multiclass", ("a", "b", "c"), "'t' has 3 distinct values: multiclass"),
        (["1", "0"], "binary", ("0", "1"), "'t' has 2 distinct numbers: binary"),
        (["0.5", "-2"], "binary", ("-2", "0.5"), "'t' has 2 distinct numbers: binary"),
        (["10", "9", "2"] * 5, "multiclass", ("2", "9", "10"), "'t' has 3 distinct integers only"),
        (["10", "9", "2"] * 4, "regression", (), "'t' has 3 distinct numbers: regression"),
        (["1.5", "9", "2"] * 5, "regression", (), "'t' has 3 distinct numbers: regression"),
        ([str(i) for i in range(21)] * 5, "regression", (), "'t' has 21 distinct numbers"),
        ([str(i) for i in range(20)] * 5, "multiclass", tuple(map(str, range(20))), "20 distinct"),
        ([str(i) for i in range(3842)], "regression", (), "'t' has 3,842 distinct numbers: regr"),
    ],
)
def test_the_task_is_found(cells, task, classes, reason):
    target = Target.fit("t", cells)
    assert (target.task, target.classes) == (task, classes)
    assert reason in target.describe()
    assert target.reason == target.describe()


def test_the_task_can_be_chosen():
    assert Target.fit("t", ["0", "1"], "regression").classes == ()
    assert Target.fit("t", ["1.5", "2", "3"], "multiclass").classes == ("1.5", "2", "3")
    assert Target.fit("t", ["a", "b"], "multiclass").task == "multiclass"
    assert Target.fit("t", ["0", "1"], "regression").describe() == "'t' is for regression by choice"


def test_numbers_written_differently_are_one_class():
    assert Target.fit("t", ["1.0", "-0", "0", "+0.0"]).classes == ("0", "1")
    target = Target.fit("t", ["1", "1.0", " 1", "+1", "1e0", "2"])
    assert target.classes == ("1", "2")
    assert target.encode(["1.00", "2 ", "2.0"]).tolist() == [0, 1, 1]
    assert target.encode(["1"]).dtype == np.int64


def test_large_integers_stay_apart():
    cells = ["9007199254740993", "9007199254740992"]
    assert Target.fit("t", cells, "binary").classes == (cells[1], cells[0])


def test_regression_by_hand():
    target = Target.fit("t", ["1", "3", "5.0"])
    assert (target.mean, target.scale) == (3.0, pytest.approx(math.sqrt(8 / 3)))
    y = target.encode(["1", "3", "5"])
    assert y.dtype == np.float64
    np.testing.assert_allclose(y, np.array([-2, 0, 2]) / math.sqrt(8 / 3))
    np.testing.assert_allclose(target.decode(y), [1, 3, 5])
    np.testing.assert_allclose(target.decode(y.astype(np.float32)[:, None]), [1, 3, 5], rtol=1e-6)
    assert target.decode(y.astype(np.float32)).dtype == np.float64


def test_labels_from_outputs():
    binary = Target.fit("t", ["no", "yes"])
    assert binary.decode(np.array([[0.49], [0.5], [0.9]])) == ["no", "yes", "yes"]
    multiclass = Target.fit("t", ["a", "b", "c"])
    assert multiclass.decode(np.array([[0.1, 0.7, 0.2], [0.4, 0.3, 0.3]])) == ["b", "a"]


@given(st.lists(st.sampled_from(["a", "b", "cd", "7"]), min_size=2).filter(lambda x: len({*x}) > 2))
def test_encoding_then_one_hot_then_decoding_gives_the_labels(cells):
    target = Target.fit("t", cells)
    assert target.decode(np.eye(len(target.classes))[target.encode(cells)]) == cells


@pytest.mark.parametrize(
    ("cells", "task", "message"),
    [
        ([], None, "target 't': expected rows, got none"),
        (["a", "a"], None, "expected two classes or more, got 'a' only"),
        (["1", "1.0"], None, "expected different numbers, got one only"),
        (["1", "1.0"], "binary", "expected two classes or more, got '1' only"),
        (["1", "b", "2"], "regression", "line 3: expected a number, for regression, got 'b'"),
        (["1", "2", "3"], "binary", "expected 2 classes for binary, got 3"),
        (["a", "", "b"], None, "line 3: expected a value, got an empty cell"),
        (["a", "NaN", "b"], None, "line 3: expected a value, got 'NaN'"),
        (["1", "2", "inf"], None, "line 4: expected a finite number, got 'inf'"),
        (["1", "2", "1e999"], "regression", "line 4: expected a finite number, got '1e999'"),
        ([f"n{i}" for i in range(30)], None, "got 30 in 30 rows; is this a column of identif"),
        ([f"n{i}" for i in range(1001)] * 4, None, "at most 1,000 classes .* got 1,001 in 4,004"),
        ([*map(str, range(50)), "5O"], None, "most are numbers, but '5O' is not"),
        ([*map(str, range(50))], "multiclass", "are these numbers for regression"),
        (["a", "b"], "ranking", "expected a task of .*, got 'ranking'"),
    ],
)
def test_errors_of_fit(cells, task, message):
    with pytest.raises(DataError, match=message):
        Target.fit("t", cells, task)


@pytest.mark.parametrize(
    ("learnt", "cells", "message"),
    [
        (["a", "b", "c"], ["a", "z"], "line 3: expected a label of 'a', 'b', 'c', got 'z'"),
        (["1", "2"], ["one"], "line 2: expected a label of '1', '2', got 'one'"),
        ([f"{c}" for c in "abcdefgh"], ["z"], r"'e', ... \(8 in all\), got 'z'"),
        (["a", "b"], ["a", "?"], "line 3: expected a value, got '\\?'"),
        (["1", "2", "3"], ["x"], "line 2: expected a number, for regression, got 'x'"),
        (["1", "2", "3"], ["inf"], "line 2: expected a finite number, got 'inf'"),
        (["1", "2", "3"], ["1e200"], "line 2: expected a number near those of training"),
    ],
)
def test_errors_of_encode(learnt, cells, message):
    with pytest.raises(DataError, match=message):
        Target.fit("t", learnt).encode(cells)


def test_given_lines_are_named():
    with pytest.raises(DataError, match="line 17: expected a value"):
        Target.fit("t", ["a", ""], lines=(9, 17))
    with pytest.raises(DataError, match="line 17: expected a label"):
        Target.fit("t", ["a", "b"]).encode(["c"], lines=(17,))


@pytest.mark.parametrize(
    ("learnt", "Y", "message"),
    [
        (["1", "2", "3"], np.zeros((3, 2)), r"expected Y \(n, 1\), got \(3, 2\)"),
        (["a", "b"], np.zeros((3, 2)), r"expected Y \(n, 1\), got \(3, 2\)"),
        (["a", "b", "c"], np.zeros((3, 2)), r"expected Y \(n, 3\), got \(3, 2\)"),
        (["a", "b", "c"], np.zeros(3), r"expected Y \(n, 3\), got \(3,\)"),
        (["a", "b"], np.array([np.nan]), "expected finite outputs, got NaN or infinity"),
    ],
)
def test_errors_of_decode(learnt, Y, message):
    with pytest.raises(DataError, match=message):
        Target.fit("t", learnt).decode(Y)


def test_rows_with_a_target():
    rows = rows_with_target(["a", "", " NA ", "b", "?"])
    assert rows.tolist() == [0, 3]
    assert rows.dtype == np.intp


@pytest.mark.parametrize("cells", [["1", "2", "4"], ["a", "b"], ["a", "b", "c"], ["1", "2"]])
def test_json_round_trips(cells):
    target = Target.fit("t", cells)
    assert Target.from_json(json.loads(json.dumps(target.to_json()))) == target


CLASSES = {"name": "t", "task": "multiclass", "classes": ["a", "b"], "mean": 0.0, "scale": 1.0}
NUMBERS = {"name": "t", "task": "regression", "classes": [], "mean": 3.0, "scale": 2.0}


@pytest.mark.parametrize(
    ("base", "change"),
    [
        (CLASSES, {"name": 1}),
        (CLASSES, {"name": ""}),
        (CLASSES, {"task": "ranking"}),
        (CLASSES, {"task": None}),
        (CLASSES, {"classes": ["a"]}),
        (CLASSES, {"classes": ["a", "a"]}),
        (CLASSES, {"classes": ["a", 1]}),
        (CLASSES, {"classes": "ab"}),
        (CLASSES, {"classes": [str(i) for i in range(1001)]}),
        (CLASSES, {"task": "binary", "classes": ["a", "b", "c"]}),
        (CLASSES, {"mean": 1.0}),
        (CLASSES, {"scale": 2.0}),
        (CLASSES, {"extra": 0}),
        (NUMBERS, {"classes": ["a"]}),
        (NUMBERS, {"mean": math.nan}),
        (NUMBERS, {"mean": "3"}),
        (NUMBERS, {"mean": 10**400}),
        (NUMBERS, {"scale": 0.0}),
        (NUMBERS, {"scale": True}),
        (NUMBERS, {"scale": -1.0}),
    ],
)
def test_odd_json_is_refused(base, change):
    assert Target.from_json(base).to_json() == base
    with pytest.raises(ValueError, match="target"):
        Target.from_json({**base, **change})

"""What a column is to be predicted for, and its cells as classes or numbers."""

import numpy as np
import pytest

from chainrule.data import Column, DataError
from chainrule.data.frames import as_column
from chainrule.targets import Classes, Numbers
from chainrule.targets.columns import find_task, label_text, labels_of, number_cells


def column(cells, lines=()):
    return Column("t", cells, lines)


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
        ([str(i) for i in range(21)] * 5, "regression", (), "with few rows of each: regr"),
        ([str(i) for i in range(20)] * 5, "multiclass", tuple(map(str, range(20))), "20 distinct"),
        ([str(i) for i in range(3842)], "regression", (), "'t' has 3,842 distinct numbers: regr"),
    ],
)
def test_the_task_is_found(cells, task, classes, reason):
    purpose = find_task(column(cells))
    assert (purpose.task, purpose.classes) == (task, classes)
    assert reason in purpose.reason


def test_the_task_can_be_chosen():
    assert find_task(column(["0", "1"]), "regression").classes == ()
    assert find_task(column(["1.5", "2", "3"]), "multiclass").classes == ("1.5", "2", "3")
    assert find_task(column(["a", "b"]), "multiclass").task == "multiclass"
    chosen = find_task(column(["0", "1"]), "regression")
    assert chosen.reason == "'t' is for regression by choice"


def test_numbers_written_differently_are_one_class():
    assert find_task(column(["1.0", "-0", "0", "+0.0"])).classes == ("0", "1")
    cells = ["1", "1.0", " 1", "+1", "1e0", "2"]
    assert find_task(column(cells)).classes == ("1", "2")
    assert labels_of(column(cells)).tolist() == [1, 1, 1, 1, 1, 2]


def test_large_integers_stay_apart():
    cells = ["9007199254740993", "9007199254740992"]
    assert find_task(column(cells), "binary").classes == (cells[1], cells[0])
    assert labels_of(column(cells)).tolist() == [2**53 + 1, 2**53]


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (["1", "2.0", "-3"], np.array([1, 2, -3])),
        (["1", "2.5"], np.array([1.0, 2.5])),
        (["1", "b"], np.array(["1", "b"])),
        (["1", "9" * 30], np.array(["1", "9" * 30])),  # no number of which they come back
        (["true", "False"], np.array(["true", "False"])),
    ],
)
def test_classes_have_the_narrowest_type(cells, labels):
    found = labels_of(column(cells))
    np.testing.assert_array_equal(found, labels)
    assert found.dtype.kind == labels.dtype.kind
    if labels.dtype.kind != "f":
        texts = [label_text(label) for label in found.tolist()]
        assert texts == [cell.removesuffix(".0") for cell in cells]


def test_columns_of_a_data_frame_are_columns_of_a_file():
    cells = as_column("t", np.array([3.0, 1.5, 3.0]))
    assert find_task(cells).classes == ("1.5", "3")
    assert labels_of(cells).tolist() == [3.0, 1.5, 3.0]
    with pytest.raises(DataError, match="row 1: expected a value, got an empty cell"):
        number_cells(as_column("t", np.array([3.0, np.nan])))
    truths = as_column("t", np.array([True, False]))
    assert Classes.fit(np.array(["false", "true"])).read(truths).tolist() == ["true", "false"]


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
        find_task(column(cells), task)


@pytest.mark.parametrize(
    ("learnt", "cells", "message"),
    [
        (["a", "b", "c"], ["a", "z"], "line 3: expected a label of 'a', 'b', 'c', got 'z'"),
        (["1", "2"], ["one"], "line 2: expected a label of '1', '2', got 'one'"),
        ([f"{c}" for c in "abcdefgh"], ["z"], r"'e', ... \(8 in all\), got 'z'"),
        (["a", "b"], ["a", "?"], "line 3: expected a value, got '\\?'"),
    ],
)
def test_errors_of_classes(learnt, cells, message):
    classes = Classes.fit(labels_of(column(learnt)))
    with pytest.raises(DataError, match=message):
        classes.read(column(cells))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["x"], "line 2: expected a number, for regression, got 'x'"),
        (["inf"], "line 2: expected a finite number, got 'inf'"),
        (["1e200"], "line 2: expected a number near those of training, got '1e200'"),
    ],
)
def test_errors_of_numbers(cells, message):
    numbers = Numbers.fit(np.array([1.0, 2.0, 3.0]), scaled=True)
    with pytest.raises(DataError, match=message):
        numbers.read(column(cells))


def test_given_lines_are_named():
    with pytest.raises(DataError, match="line 17: expected a value"):
        find_task(column(["a", ""], lines=(9, 17)))
    with pytest.raises(DataError, match="line 17: expected a label"):
        Classes.fit(np.array(["a", "b"])).read(column(["c"], lines=(17,)))

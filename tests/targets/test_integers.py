"""Integers to predict: classes or numbers, on many columns as they come."""

import numpy as np
import pytest

from chainrule.data import Column
from chainrule.targets.columns import find_task, number_cells
from chainrule.targets.integers import read_integers

rng = np.random.default_rng(0)


def drawn(shares, first=0, rows=1000):
    shares = np.array(shares, float)
    return first + rng.choice(len(shares), rows, p=shares / shares.sum())


BELL = [1, 3, 10, 25, 60, 110, 150, 120, 60, 20, 5]
CASES = {
    "digits": ("y", rng.integers(0, 10, 500), "multiclass"),
    "26 letters": ("y", rng.integers(1, 27, 2000), "multiclass"),
    "three kinds": ("y", rng.integers(0, 3, 100), "multiclass"),
    "three kinds, one rare": ("y", drawn([90, 9, 1]), "multiclass"),
    "negative, none, positive": ("y", rng.integers(-1, 2, 100), "multiclass"),
    "flag": ("y", rng.integers(0, 2, 100), "binary"),
    "sign": ("y", rng.choice([-1, 1], 100), "binary"),
    "cover types": ("y", drawn([211, 283, 35, 2.7, 9, 17, 20], 1, 20000), "multiclass"),
    "glass": ("y", np.repeat([1, 2, 3, 5, 6, 7], [70, 76, 17, 13, 9, 29]), "multiclass"),
    "postcodes": ("y", rng.choice([10115, 20095, 50667, 80331, 60311], 200), "multiclass"),
    "named class": ("wine_class", drawn(BELL, 3), "multiclass"),
    "years": ("y", rng.integers(1999, 2011, 500), "regression"),
    "three years": ("y", rng.integers(2018, 2021, 500), "regression"),
    "counts": ("y", rng.poisson(3, 1000), "regression"),
    "rare counts": ("y", rng.poisson(0.8, 1000), "regression"),
    "ratings": ("y", drawn(BELL), "regression"),
    "ratings by name": ("rating", rng.integers(0, 11, 1000), "regression"),
    "quality": ("y", drawn([1, 5, 68, 64, 20, 2], 3, 1600), "regression"),
    "ages": ("y", rng.integers(18, 91, 2000), "regression"),
    "age in its name": ("patientAge", rng.integers(0, 12, 1000), "regression"),
    "tens": ("y", 10 * rng.integers(1, 9, 400), "regression"),
    "many": ("y", rng.integers(0, 100000, 1000), "regression"),
    "percent": ("y", rng.integers(0, 101, 5000), "regression"),
    "few rows": ("y", np.arange(30), "regression"),
}


@pytest.mark.parametrize(("name", "y", "task"), CASES.values(), ids=CASES.keys())
def test_integers_are_classes_or_numbers(name, y, task):
    cells = [str(value) for value in y]
    purpose = find_task(Column(name, cells))
    assert purpose.task == task
    assert find_task(Column(name, np.array(y, float))).task == task
    rows = rng.permutation(len(cells))[: int(0.9 * len(cells))]
    assert find_task(Column(name, [cells[row] for row in rows])).task == task


def test_the_decision_is_said_with_the_option_that_changes_it():
    years = find_task(Column("y", [str(year) for year in CASES["years"][1]]))
    assert years.reason == (
        "'y' has 12 distinct integers, not counted from 0 or 1 but from 1999: regression "
        "(--task multiclass takes them for classes)"
    )
    digits = find_task(Column("y", [str(digit) for digit in CASES["digits"][1]]))
    assert digits.reason == (
        "'y' has 10 distinct integers only: multiclass (--task regression predicts them as numbers)"
    )
    named = find_task(Column("rating", [str(rating) for rating in range(5)] * 9))
    assert "'rating' says numbers" in named.reason


def test_integers_written_as_fractions_are_numbers():
    assert find_task(Column("y", [f"{k}.0" for k in range(6)] * 9)).task == "regression"
    assert find_task(Column("y", [str(k) for k in range(6)] * 9)).task == "multiclass"


def test_answers_may_be_written_as_people_do():
    column = Column("price", [f"${1000 + 37 * k:,}.50" for k in range(60)])
    assert find_task(column).task == "regression"
    np.testing.assert_array_equal(number_cells(column), [1000.5 + 37 * k for k in range(60)])
    unclear = Column("price", [f"{k},250" for k in range(10, 50)])
    assert find_task(unclear).reason.endswith("regression; '10,250' is read as 10250")
    assert find_task(unclear, decimal=",").reason.endswith("; '10,250' is read as 10.25")
    assert number_cells(unclear, decimal=",")[0] == 10.25
    shares = Column("share", [f"{k},5 %" for k in range(40)])
    assert find_task(shares).reason == "'share' has 40 distinct numbers: regression"
    np.testing.assert_array_equal(number_cells(shares), [k + 0.5 for k in range(40)])


def test_letters_of_few_rows_are_classes_by_their_name_and_numbers_with_a_word_otherwise():
    values, counts = np.arange(1.0, 27.0), np.full(26, 12)
    assert read_integers("letter", values, counts) == (True, "", True)
    assert read_integers("y", values, counts) == (False, "with few rows of each", False)

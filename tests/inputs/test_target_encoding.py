"""Columns of many categories: means of answers, who gets which, and what they are not to do."""

import copy
import json
import re

import numpy as np
import pytest

from chainrule.data import DataError, Table
from chainrule.inputs import Options, TableEncoder
from chainrule.inputs.tables import Answers, CategoricalColumn, TargetEncodedColumn, target_means
from chainrule.inputs.tables.cross_fitting import (
    encode_training,
    learn_answers,
    learns_from_answers,
)
from chainrule.inputs.tables.target_means import TargetMeans

OPTIONS = Options("TableRegressor", categorical=("town",), encoding="piecewise")


def of(codes, numbers, folds=None, weights=None, count=None) -> TargetMeans:
    numbers = np.asarray(numbers, float)
    numbers = numbers[:, None] if numbers.ndim == 1 else numbers
    folds = np.arange(len(numbers)) % 5 if folds is None else folds
    codes = np.asarray(codes)
    answers = Answers(numbers, ("mean answer",) * numbers.shape[1], folds, weights)
    return TargetMeans(codes, int(codes.max()) + 1 if count is None else count, answers)


def towns(rows, values, effect, seed=0):
    """Return a table with a column of towns, answers that differ by town, and folds."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, values, rows)
    y = effect * rng.normal(size=values)[codes] + rng.normal(size=rows)
    table = Table(("town", "x"), ([f"t{code}" for code in codes], rng.normal(size=rows)))
    return table, Answers(y[:, None], ("mean answer",), rng.permutation(rows) % 5), codes


def learned(table, answers, options=OPTIONS):
    return learn_answers(TableEncoder.fit(table, options), table, answers, options)[0]


def test_means_of_a_balanced_table_are_those_of_the_analysis_of_variance():
    y = np.array([1.0, 3.0, 2.0, 8.0, 9.0, 10.0, 4.0, 6.0, 5.0])
    codes = np.repeat([0, 1, 2], 3)
    own, overall = np.array([2.0, 9.0, 5.0]), y.mean()
    within = ((y - own[codes]) ** 2).sum() / 6
    between = 3 * ((own - overall) ** 2).sum() / 2
    effects = (between - within) / 3
    expected = overall + (own - overall) * 3 * effects / (3 * effects + within)
    np.testing.assert_allclose(of(codes, y).means()[:, 0], [*expected, overall], rtol=1e-12)


def test_means_out_of_fold_by_a_naive_loop():
    rng = np.random.default_rng(1)
    codes, folds, weights = rng.integers(0, 9, 80), rng.integers(0, 4, 80), rng.uniform(1, 3, 80)
    y = rng.normal(size=(80, 2)) + codes[:, None] * [1.0, -0.5]
    means = of(codes, y, folds, weights)
    within, between = means._components.within, means._components.between
    w, overall = weights / weights.mean(), np.average(y, axis=0, weights=weights)
    for row, found in enumerate(means.out_of_fold()):
        others = (codes == codes[row]) & (folds != folds[row])
        above = (w[others, None] * (y[others] - overall)).sum(axis=0)
        expected = overall + above * between / (w[others].sum() * between + within)
        np.testing.assert_allclose(found, expected, rtol=1e-10)
        rest = len(codes) / (folds != folds[row]).sum()
        assert means.rows_out_of_fold()[row] == pytest.approx(others.sum() * rest)
    assert means.rows().tolist() == [*np.bincount(codes, minlength=9), 0]


def test_rows_that_weigh_nothing_are_as_if_they_were_not_there():
    rng = np.random.default_rng(2)
    codes, y = rng.integers(0, 6, 90), rng.normal(size=90)
    weights = (np.arange(90) % 3 > 0) * 1e308
    there = weights > 0
    all_rows = of(codes, y, weights=weights, count=6)
    alone = of(codes[there], y[there], np.arange(90)[there] % 5, count=6)
    np.testing.assert_allclose(all_rows.means(), alone.means(), rtol=1e-12)
    np.testing.assert_array_equal(all_rows.rows(), alone.rows())
    assert all_rows.differ() == alone.differ()


def test_answers_that_a_value_decides_are_its_means_and_constant_ones_do_not_differ():
    codes = np.repeat(np.arange(4), 5)
    decided = of(codes, codes * 1.0)
    assert decided.differ()
    np.testing.assert_allclose(decided.means()[:, 0], [0, 1, 2, 3, 1.5], rtol=1e-12)
    assert not of(codes, np.ones(20)).differ()
    assert not of(np.arange(20), np.arange(20.0)).differ()  # a row of each says nothing
    assert not of(np.zeros(20, int), np.arange(20.0)).differ()


def test_chance_alone_seldom_differs():
    rng = np.random.default_rng(3)
    found = [of(rng.integers(0, 50, 400), rng.normal(size=(400, 3))).differ() for _ in range(200)]
    assert sum(found) <= 6


def test_rows_to_train_on_get_no_mean_of_their_own_answers(monkeypatch):
    monkeypatch.setattr(target_means, "BEYOND_CHANCE", 1.1)
    table, answers, _ = towns(3000, 1000, effect=0.0, seed=2)
    encoder = learned(table, answers)
    X, _ = encoder.encode_table(table)
    place = encoder.feature_names.index("town mean answer")
    assert np.corrcoef(X[:, place], answers.numbers[:, 0])[0, 1] > 0.4
    encode_training(encoder, table, answers, X)
    assert abs(np.corrcoef(X[:, place], answers.numbers[:, 0])[0, 1]) < 0.05


def test_columns_whose_answers_do_not_differ_stay_as_they_are():
    table, answers, _ = towns(2000, 400, effect=0.0)
    encoder = TableEncoder.fit(table, OPTIONS)
    assert learns_from_answers(encoder, OPTIONS)
    assert learn_answers(encoder, table, answers, OPTIONS) == (encoder, {})
    few, answers, _ = towns(2000, 100, effect=1.0)
    assert not learns_from_answers(TableEncoder.fit(few, OPTIONS), OPTIONS)


def test_what_becomes_of_a_column():
    table, answers, codes = towns(2000, 300, effect=1.0)
    encoder = learned(table, answers)
    column = encoder.columns[0]
    assert isinstance(column, TargetEncodedColumn)
    counts = np.bincount(codes, minlength=300)
    frequent = (counts >= 4).sum()
    assert len(column.frequent.values) == frequent + 1 < 300
    assert column.values == tuple(sorted(f"t{code}" for code in np.flatnonzero(counts)))
    told = encoder.describe()[0]
    assert told["kind"] == "categories"
    assert told["became"].endswith(
        f"; and the answers of {len(column.values)} values (cross-fitted target encoding)"
    )
    assert told["features"] == len(column.feature_names)
    expected = TargetMeans(codes, 300, answers).means()[codes[5], 0]
    place = column.values.index(f"t{codes[5]}")
    assert column.statistics[0].numbers[place] == pytest.approx(expected, rel=1e-6)


def test_values_and_missing_cells_that_training_did_not_have():
    table, answers, _ = towns(2000, 300, effect=1.0)
    encoder = learned(table, answers)
    column = encoder.columns[0]
    new = Table(("town", "x"), (["nowhere", "", "t7"], np.zeros(3)))
    X, notes = encoder.encode_table(new)
    width = len(column.frequent.values)
    means = column.statistics[0]
    assert means.unseen == pytest.approx(answers.numbers.mean(), rel=1e-6)
    expected = np.empty((3, len(means.column.feature_names)), np.float32)
    known = means.numbers[column.values.index("t7")]
    means.column.encode_numbers(np.array([means.unseen, means.unseen, known]), expected)
    np.testing.assert_array_equal(X[:, width : width + expected.shape[1]], expected)
    assert X[0, column.frequent.values.index("(other)")] == 1
    assert notes == [
        "column 'town': 1 cell missing, none in training; taken for the mean of all"
    ]
    cells = [f"t{code}" if code else "" for code in np.arange(2000) % 300]
    gone = Table(("town", "x"), (cells, table.columns[1]))
    y = np.where(np.arange(2000) % 300 == 0, 5.0, np.arange(2000) % 7 / 10)
    other = Answers(y[:, None], answers.names, answers.folds)
    with_missing = learned(gone, other).columns[0]
    place = with_missing.values.index("(missing)")
    assert with_missing.statistics[0].numbers[place] > with_missing.statistics[0].unseen + 0.5


def test_a_single_row_is_encoded_as_among_others(monkeypatch):
    table = towns(2000, 300, effect=1.0)[0]
    X, _ = ENCODER.encode_table(table)
    monkeypatch.setattr(TableEncoder, "encode_table", None)  # the short way is taken
    rows = [*range(20), int(np.argmax(X[:, ENCODER.feature_names.index("town=(other)")]))]
    for row in rows:
        one = Table(("town", "x"), ([table.columns[0][row]], table.columns[1][row : row + 1]))
        one = Table(one.names, (one.columns[0], [str(one.columns[1][0])]))
        np.testing.assert_array_equal(ENCODER.encode(one), X[[row]])


def test_a_number_of_categories_that_is_said():
    table, answers, _ = towns(2000, 300, effect=1.0)
    some = Options("TableRegressor", categorical=("town",), max_categories=20)
    column = learned(table, answers, some).columns[0]
    assert len(column.frequent.values) == 21
    assert len(column.values) > 290
    all_of_them = Options("TableRegressor", categorical=("town",), max_categories=1000)
    encoder = TableEncoder.fit(table, all_of_them)
    assert not learns_from_answers(encoder, all_of_them)
    assert isinstance(encoder.columns[0], CategoricalColumn)
    assert len(encoder.columns[0].values) > 290
    with pytest.raises(DataError, match=re.escape("max_categories from 1 to 100,000, got 0")):
        TableEncoder.fit(table, Options("TableRegressor", max_categories=0))


def test_many_values_in_many_rows_take_little_memory():
    table, answers, _ = towns(100_000, 10_000, effect=1.0)
    encoder = learned(table, answers)
    column = encoder.columns[0]
    assert len(column.values) > 9_990
    assert len(encoder.feature_names) <= 2**25 // 100_000 + 60


def test_classes_have_a_share_each():
    rng = np.random.default_rng(6)
    codes = rng.integers(0, 200, 3000)
    held = np.eye(3)[np.where(rng.random(3000) < 0.6, codes % 3, rng.integers(0, 3, 3000))]
    names = ("share of a", "share of b", "share of c")
    answers = Answers(held, names, np.arange(3000) % 5)
    table = Table(("town",), ([f"t{code}" for code in codes],))
    column = learned(table, answers).columns[0]
    assert [each.answer for each in column.statistics] == [0, 1, 2, 3]
    shares = np.array([each.numbers for each in column.statistics[:3]])
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=0.2)
    assert {name.split(" to ")[0] for name in column.feature_names[101:]} >= {
        f"town {name}" for name in (*names, "log rows")
    }


ENCODER = learned(*towns(2000, 300, effect=1.0)[:2])
JSON = json.loads(json.dumps(ENCODER.to_json()))


def test_json_gives_the_same_encoder():
    assert TableEncoder.from_json(JSON) == ENCODER


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("values"), "expected the keys"),
        (lambda c: c["values"].append("more"), r"statistics\[0\].numbers: expected"),
        (lambda c: c["values"].__setitem__(0, c["values"][1]), "got one twice"),
        (lambda c: c["frequent"].update(name="other"), "frequent.name: expected 'town'"),
        (lambda c: c["statistics"].clear(), "statistics: expected"),
        (lambda c: c["statistics"][0].update(answer=-1), "answer: expected an integer"),
        (lambda c: c["statistics"][0].update(unseen=float("inf")), "unseen: expected a finite"),
        (lambda c: c["statistics"][0]["numbers"].__setitem__(3, "x"), "numbers: expected"),
        (lambda c: c["statistics"][0]["column"].update(kind="dates"), "column: expected the keys"),
    ],
)
def test_other_json_is_refused(change, message):
    data = copy.deepcopy(JSON)
    change(data["columns"][0])
    with pytest.raises(ValueError, match=rf"encoder.columns\[0\].*{message}"):
        TableEncoder.from_json(data)

"""Columns of free text: telling words, scores out of fold, and what is kept of them."""

import json
import re

import numpy as np
import pytest
from scipy import sparse, stats

from chainrule.data import DataError, Table
from chainrule.data.cells import Cells
from chainrule.inputs import Options, TableEncoder
from chainrule.inputs.tables import Answers, TextColumn, text_fitting
from chainrule.inputs.tables.cross_fitting import encode_training, learn_answers
from chainrule.inputs.tables.remainder import remainder
from chainrule.inputs.tables.telling import telling, tells
from chainrule.inputs.tables.text_scores import cross_fitted, scores_of

OPTIONS = Options("TableRegressor", text=("note",), answers_follow=True)
FILLING = ["the", "of", "and", "a", "it", "is", "with", "for", "on", "was", "by", "at", "from"]


def notes(rows, seed=0, effect=2.0):
    """Return a table of notes and numbers, and answers that two words and a number make."""
    rng = np.random.default_rng(seed)
    good, poor, x = rng.random(rows) < 0.3, rng.random(rows) < 0.3, rng.normal(size=rows)
    texts = []
    for row in range(rows):
        words = rng.choice(FILLING, 6).tolist()
        words += ["good"] * int(good[row]) + ["poor"] * int(poor[row])
        texts.append(" ".join(rng.permutation(words)))
    y = effect * good - effect * poor + x + 0.3 * rng.normal(size=rows)
    answers = Answers(y[:, None], ("mean answer",), rng.permutation(rows) % 5)
    return Table(("x", "note"), (x, texts)), answers


def learned(table, answers, options=OPTIONS):
    return learn_answers(TableEncoder.fit(table, options), table, answers, options)


@pytest.fixture(scope="module")
def column():
    return learned(*notes(400))[0].columns[1]


def test_telling_columns_are_those_of_the_tests_of_correlations():
    rng = np.random.default_rng(1)
    X = rng.random((300, 7)) * (rng.random((300, 7)) < 0.2)
    y = np.column_stack([X[:, 2] + rng.normal(size=300) * 0.2, -X[:, 5] + rng.normal(size=300)])
    answers = Answers(y, ("one", "two"), np.zeros(300, int))
    chance = [min(stats.pearsonr(x, t).pvalue for t in y.T) * 14 for x in X.T]
    expected = [place for place, p in enumerate(chance) if p < 0.01]
    found = telling(sparse.csr_array(X.astype(np.float32)), answers, 7)
    assert found.tolist() == expected
    assert 2 in expected
    assert telling(sparse.csr_array(X.astype(np.float32)), answers, 1).tolist() == [2]


def test_weights_count_rows_and_rare_words_do_not_tell():
    rng = np.random.default_rng(2)
    X = np.zeros((60, 3), np.float32)
    X[:4, 0], X[:20, 1], X[:, 2] = 1, 1, 1
    y = np.zeros((60, 1))
    y[:4], y[:20] = 9, y[:20] + rng.normal(3, 0.1, (20, 1))
    assert telling(sparse.csr_array(X), Answers(y, ("y",), np.arange(60)), 3).tolist() == [1]
    unweighed = Answers(y, ("y",), np.arange(60), (np.arange(60) >= 18) * 1.0)
    assert telling(sparse.csr_array(X), unweighed, 3).tolist() == []


def test_chance_alone_seldom_tells():
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(200):
        answers = Answers(rng.normal(size=(200, 4)), ("y",) * 4, np.zeros(200, int))
        found += tells(rng.normal(size=(200, 4)), answers)
    assert found <= 6
    y = rng.normal(size=(200, 1))
    assert tells(y + rng.normal(size=(200, 1)), Answers(y, ("y",), np.zeros(200, int)))
    assert not tells(-y, Answers(y, ("y",), np.zeros(200, int)))


@pytest.mark.parametrize("classes", [False, True])
def test_scores_of_rows_do_not_know_their_answers(classes):
    rng = np.random.default_rng(4)
    X = sparse.random_array((600, 900), density=0.02, rng=rng, dtype=np.float32, format="csr")
    y = (rng.random(600) < 0.5)[:, None] * 1.0
    answers = Answers(y, ("y",), rng.permutation(600) % 5, None, classes)
    found = cross_fitted(X, answers)
    again = scores_of(X, found.weights, found.bias)
    assert np.corrcoef(again[:, 0], y[:, 0])[0, 1] > 0.3
    assert np.corrcoef(found.out_of_fold[:, 0], y[:, 0])[0, 1] < 0.1
    one, two = (cross_fitted(X, answers, threads) for threads in (1, 2))
    np.testing.assert_array_equal(one.out_of_fold, two.out_of_fold)
    np.testing.assert_array_equal(one.weights, two.weights)


def test_scores_are_sums_over_features_and_need_two_folds():
    rng = np.random.default_rng(5)
    X = sparse.random_array((9, 7), density=0.5, rng=rng, dtype=np.float32, format="csr")
    W, b = rng.normal(size=(7, 3)).astype(np.float32), np.float32([1, 2, 3])
    dense = X.toarray().astype(float)
    expected = [[sum(x * w for x, w in zip(row, c, strict=True)) for c in W.T] for row in dense]
    np.testing.assert_allclose(scores_of(X, W, b), expected + b, rtol=1e-12)
    assert cross_fitted(X, Answers(np.ones((9, 1)), ("y",), np.zeros(9, int))) is None
    weights = (np.arange(9) < 3) * 1.0
    alone = Answers(np.ones((9, 1)), ("y",), np.arange(9) // 3, weights)
    assert cross_fitted(X, alone) is None


def test_several_classes_have_a_score_each():
    rng = np.random.default_rng(6)
    t = rng.integers(0, 3, 400)
    X = sparse.csr_array(np.eye(3, 8, dtype=np.float32)[t])
    answers = Answers(np.eye(3)[t], ("a", "b", "c"), np.arange(400) % 4, None, True)
    assert (cross_fitted(X, answers).out_of_fold.argmax(axis=1) == t).all()


def test_what_is_left_open_by_other_columns():
    rng = np.random.default_rng(7)
    X = rng.normal(size=(2000, 3)).astype(np.float32)
    own = rng.normal(size=2000)
    y = 10 * X[:, 0] + own
    rest = remainder(X, Answers(y[:, None], ("y",), np.zeros(2000, int)))
    assert np.corrcoef(rest.numbers[:, 0], own)[0, 1] > 0.95
    none = remainder(X[:, :0], Answers(y[:, None], ("y",), np.zeros(2000, int), None, True))
    assert not none.classes
    np.testing.assert_allclose(none.numbers[:, 0], (y - y.mean()) / y.std(), rtol=1e-5, atol=1e-6)


def test_words_that_tell_are_features_beside_the_score(column):
    assert column.word_names == ("poor", "good") or column.word_names == ("good", "poor")
    assert column.feature_names[2:] == ("note score of answer",)
    assert column.describe().startswith(f"one each: {', '.join(map(repr, column.word_names))}; and")
    X = np.full((3, 3), np.nan, np.float32)
    assert column.encode(["so good", "nothing known", "poor POOR"], X, str) == []
    good, poor = column.word_names.index("good"), column.word_names.index("poor")
    assert X[1, :2].tolist() == [0, 0]
    assert X[0, good] > 1 > X[0, poor] == 0
    weights = column.texts.encode_texts(["poor POOR"]).toarray()[0]
    place = column.words[poor]
    assert X[2, poor] == np.float32(weights[place] / column.scales[poor])
    assert X[0, 2] > X[1, 2] > X[2, 2]


def test_missing_cells_are_texts_without_words(column):
    X = np.full((4, 3), np.nan, np.float32)
    told = column.encode(["", "NA", "nothing known", "?"], X, str)
    note = "column 'note': 3 cells missing, none in training; taken for texts without words"
    assert told == [note]
    assert (X[2] == X).all()
    table, answers = notes(400)
    table.columns[1][:40] = [""] * 40
    with_missing = learned(table, answers)[0].columns[1]
    assert with_missing.feature_names[-1] == "note (missing)"
    X = np.full((2, 4), np.nan, np.float32)
    assert with_missing.encode(np.array([np.nan, np.nan]), X, str) == []
    assert X[:, -1].tolist() == [1, 1]


def test_rows_to_train_on_get_scores_out_of_fold():
    table, answers = notes(400)
    encoder, texts = learned(table, answers)
    X, _ = encoder.encode_table(table)
    before = X.copy()
    encode_training(encoder, table, answers, X, texts)
    changed = np.flatnonzero((before != X).any(axis=0))
    assert [encoder.feature_names[place] for place in changed] == ["note score of answer"]
    np.testing.assert_array_equal(X[:, 1:], texts["note"])
    own = [np.corrcoef(each[:, changed[0]], answers.numbers[:, 0])[0, 1] for each in (before, X)]
    assert own[0] > own[1]  # what training has seen is told better


def test_texts_that_tell_nothing_stay_left_out():
    table, answers = notes(300, effect=0.0)
    encoder, scores = learned(table, answers)
    assert (encoder.raw_names, scores) == (("x",), {})
    reason = "free text by choice, which tells nothing of the answers"
    assert encoder.dropped == (("note", reason),)
    alone = Table(("note",), (table.columns[1],))
    with pytest.raises(DataError, match=f"no column is left to learn from: 'note': {reason}"):
        learned(alone, answers)
    with pytest.raises(DataError, match="no column is left to learn from: 'note'"):
        TableEncoder.fit(alone, Options("x", text=("note",)))


def test_a_table_may_have_texts_alone_and_columns_keep_their_order():
    table, answers = notes(300)
    alone = Table(("note",), (table.columns[1],))
    assert learned(alone, answers)[0].raw_names == ("note",)
    first = Table(("note", "x"), table.columns[::-1])
    assert learned(first, answers)[0].raw_names == ("note", "x")
    with_void = Table(("note", "void"), (table.columns[1], ["", "NA"] * 150))
    assert learned(with_void, answers)[0].dropped == (("void", "every cell is missing"),)


def test_cells_without_words_make_no_column():
    _, answers = notes(30)
    for cells in ([""] * 30, [f"w{row}" for row in range(30)]):
        rest = remainder(np.zeros((30, 0), np.float32), answers)
        assert text_fitting.fit_texts("a", Cells.read(cells), answers, rest, None) is None


def test_features_are_as_many_as_weights_may_be(monkeypatch):
    monkeypatch.setattr(text_fitting, "MOST_WEIGHTS", 20)
    column = learned(*notes(400))[0].columns[1]
    assert column.texts.count <= 20
    assert column.texts.features.min_count > 2


def test_json_comes_back(column):
    data = json.loads(json.dumps(column.to_json()))
    again = TextColumn.from_json(data, "here")
    assert again == column
    assert again != TextColumn.from_json(data | {"name": "other"}, "here")
    X = [np.empty((2, 3), np.float32) for _ in range(2)]
    for each, out in zip((column, again), X, strict=True):
        each.encode(["so good", "of poor"], out, str)
    np.testing.assert_array_equal(*X)
    encoder = learned(*notes(400))[0]
    assert TableEncoder.from_json(encoder.to_json()) == encoder


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("words", [5, 2], "here.words: expected places that rise"),
        ("words", [0, 10**6], "here.words"),
        ("scales", [1.0], "here.scales"),
        ("scales", [1.0, 0.0], "here.scales"),
        ("weights", "AAAA", "here.weights: expected whole numbers"),
        ("weights", "AAAAAA==", "here.weights: expected"),
        ("bias", "AADAfw==", "here.bias: expected 1 finite numbers"),
        ("missing", 1, "here.missing"),
        ("name", 7, "here.name"),
        ("scores", [{"kind": "text"}], "here.scores"),
        ("texts", {}, "inputs"),
    ],
)
def test_odd_json_is_refused(column, key, value, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        TextColumn.from_json(column.to_json() | {key: value}, "here")


def test_a_name_that_no_file_keeps_is_refused():
    table, answers = notes(300)
    name = "n" * 140_000
    long = Table(("x", name), table.columns)
    with pytest.raises(DataError, match="no file could keep it"):
        learned(long, answers, Options("x", text=(name,), answers_follow=True))

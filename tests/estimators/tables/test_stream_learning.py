"""Columns of a streamed table learn from answers: what those in memory learn in the same folds."""

import numpy as np
import pandas as pd
import pytest

from chainrule import DataStream, TableClassifier, TableRegressor
from chainrule.estimators.streams.answers import AnswerEncoder
from chainrule.estimators.streams.encoding import EncodedBlocks
from chainrule.estimators.tables import stream_learning
from chainrule.estimators.tables.stream_learning import learn_from_stream
from chainrule.estimators.tables.stream_parts import RowFolds
from chainrule.estimators.tables.streaming import table_of
from chainrule.estimators.tables.target_encoding import names_of_answers, numbers_of_targets
from chainrule.inputs import Options, TableEncoder
from chainrule.inputs.tables import Answers
from chainrule.inputs.tables.cross_fitting import encode_training, learn_answers
from chainrule.targets import Classes, Numbers

N, SEED = 1200, 3
OPTIONS = Options("test", encoding="piecewise", answers_follow=True, max_categories=20)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    street = rng.integers(0, 150, N)
    good = rng.random(N) < 0.4
    words = rng.choice(["door", "wall", "roof", "yard", "path"], (N, 6))
    size = rng.normal(size=N)
    price = size + rng.normal(size=150)[street] + 2.0 * good + 0.3 * rng.normal(size=N)
    notes = [" ".join(each) + (" garden" if own else " road") + f" {n}" for n, (each, own)
             in enumerate(zip(words, good, strict=True))]  # fmt: skip
    return pd.DataFrame(
        {"size": size, "street": [f"street {each}" for each in street], "note": notes,
         "price": price, "kind": np.where(price > 1, "dear", "cheap")}
    )  # fmt: skip


def learned(frame, path, targets, answers, out):
    frame.to_parquet(path, row_group_size=250)
    stream = DataStream(path, answers)
    blocks = EncodedBlocks(stream, None, AnswerEncoder(TableRegressor(), targets), None, out)
    head = stream.head(10_000)
    options = OPTIONS
    found = learn_from_stream(head.raw, blocks, options, targets, RowFolds(SEED), table_of)
    kept = np.delete(np.arange(N), out)
    table = stream.at(kept).raw
    t = targets.encode(frame[answers].to_numpy()[kept])
    folds = RowFolds(SEED).of(kept)
    own = Answers(
        numbers_of_targets(targets, t), names_of_answers(targets), folds,
        classes=isinstance(targets, Classes),
    )  # fmt: skip
    expected = learn_answers(TableEncoder.fit(table, options), table, own, options)
    return found, (table, kept, own), expected


def test_many_categories_learn_as_they_do_in_memory(rows, tmp_path):
    frame = rows.drop(columns=["note", "kind"])
    out = np.arange(0, N, 7)
    targets = Numbers.fit(frame["price"].to_numpy(), scaled=True)
    found, (table, kept, own), (encoder, _) = learned(
        frame, tmp_path / "t.parquet", targets, "price", out
    )
    assert found.inputs.feature_names == encoder.feature_names
    assert "street mean answer" in "".join(encoder.feature_names)
    X, _ = encoder.encode_table(table)
    np.testing.assert_allclose(found.encode(None, table, None), X, atol=1e-5)
    encode_training(encoder, table, own, X)
    np.testing.assert_allclose(found.encode(None, table, kept), X, atol=1e-5)
    assert not np.allclose(found.encode(None, table, None), X, atol=1e-2)
    some = np.arange(100, 300)
    np.testing.assert_array_equal(
        found.encode(None, table.select(some), kept[some]), found.encode(None, table, kept)[some]
    )


def test_texts_learn_as_they_do_in_memory(rows, tmp_path):
    frame = rows[["size", "note", "kind"]]
    targets = Classes.fit(frame["kind"].to_numpy())
    found, (table, kept, own), (encoder, fitted) = learned(
        frame, tmp_path / "t.parquet", targets, "kind", np.arange(0, N, 7)
    )
    assert found.inputs == encoder
    assert "note: garden" in encoder.feature_names
    X, _ = encoder.encode_table(table)
    np.testing.assert_array_equal(found.encode(None, table, None), X)
    encode_training(encoder, table, own, X, fitted)
    np.testing.assert_array_equal(found.encode(None, table, kept), X)
    half = kept[::2]
    np.testing.assert_array_equal(
        found.encode(None, table.select(np.arange(0, len(kept), 2)), half), X[::2]
    )


def test_of_many_rows_some_are_taken_for_texts(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(stream_learning, "MOST_TEXT_ROWS", 500)
    frame = rows[["size", "note", "price"]]
    targets = Numbers.fit(frame["price"].to_numpy(), scaled=True)
    found, (table, kept, _), _ = learned(
        frame, tmp_path / "t.parquet", targets, "price", np.arange(0, N, 7)
    )
    assert "note: garden" in found.inputs.feature_names
    assert 380 < len(found.text_rows) < 470
    plain, training = found.encode(None, table, None), found.encode(None, table, kept)
    moved = (plain != training).any(axis=1)
    np.testing.assert_array_equal(kept[moved], np.intersect1d(kept[moved], found.text_rows))
    assert moved.sum() > 0.9 * len(found.text_rows)


@pytest.mark.filterwarnings("ignore:left out")
@pytest.mark.parametrize("target", ["price", "kind"])
def test_streams_learn_what_categories_and_texts_say(rows, tmp_path, target):
    frame = rows.drop(columns="kind" if target == "price" else "price")
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=200)
    stream = DataStream(tmp_path / "t.parquet", target, window_rows=600)
    kind = TableRegressor if target == "price" else TableClassifier
    settings = {"random_state": 0, "max_iter": 12, "hidden_layer_sizes": (16,), "members": 2}
    settings["max_categories"] = 20
    model = kind(**settings).fit(stream)
    told = "; ".join(model.columns_)
    assert "cross-fitted target encoding" in told
    assert "'garden'" in told
    poor = kind(**settings, drop=("street", "note")).fit(stream)
    assert model.best_validation_score_ > poor.best_validation_score_ + 0.1
    again = kind(**settings).fit(stream)
    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))


def test_folds_depend_on_the_number_of_a_row_alone():
    folds = RowFolds(5).of(np.arange(65_000, 66_000))
    np.testing.assert_array_equal(RowFolds(5).of(np.arange(65_400, 65_800)), folds[400:800])
    shares = np.bincount(RowFolds(5).of(np.arange(20_000))) / 20_000
    np.testing.assert_allclose(shares, 0.2, atol=0.02)
    assert (folds != RowFolds(6).of(np.arange(65_000, 66_000))).mean() > 0.7

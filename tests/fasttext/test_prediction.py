"""The machine's predictions beside the textbook's, line by line."""

import io
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from chainrule.fasttext import prediction
from chainrule.fasttext.dictionary import Dictionary, PruneMap, lines
from chainrule.fasttext.matrices import Dense
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.prediction import Predictor
from chainrule.fasttext.predictions import score_text
from chainrule.fasttext.quantising import quantise
from chainrule.fasttext.reference import predict_rows
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.training import train_model
from fasttext_texts import drawn_text

TRAINED, TEXT = drawn_text(300), drawn_text(80, seed=11)
UNKNOWN = "new words naïvely 日本人 __label__new __label__red w1\n".encode()
FEATURES = {
    "words": {},
    "word n-grams": {"wordNgrams": 3, "bucket": 500},
    "characters": {"minn": 1, "maxn": 3, "bucket": 400},
    "both": {"wordNgrams": 2, "minn": 2, "maxn": 3, "bucket": 400},
}
ASKED = ((1, 0.0), (3, 0.1), (-1, 0.0), (-1, 0.2))


def trained(loss, features, dim=19):
    return train_model(TRAINED, Settings(dim=dim, loss=loss, lr=0.5, **FEATURES[features]))


def asked(predictor, text, k, threshold):
    found = []
    for part in predictor.predict(text, k, threshold):
        pairs = list(zip(part.labels.tolist(), part.scores.tolist(), strict=True))
        found += [pairs[a:b] for a, b in pairwise(part.offsets.tolist())]
    return found


def textbook(model, text, k, threshold):
    rows = (model.features(line).rows for line in lines(text))
    found = (predict_rows(model, each, k, threshold) for each in rows)
    return [[(label, float(score)) for score, label in each] for each in found]


def dense(model):
    rows = np.arange(model.input.shape[0])
    return replace(model, input=Dense(model.input.take(rows)))


def pruned(model):
    """Return the model with every second of its n-grams, in an order of their own."""
    known = model.dictionary
    buckets = np.arange(0, model.settings.bucket, 2, dtype=np.int32)[::-1].copy()
    rows = np.arange(len(buckets), dtype=np.int32)
    kept = np.concatenate([np.arange(known.nwords), known.nwords + buckets])
    return replace(
        model,
        dictionary=replace(known, pruned=PruneMap(buckets, rows)),
        input=Dense(model.input.take(kept)),
    )


@pytest.mark.parametrize("loss", ["softmax", "ova", "hs", "ns"])
@pytest.mark.parametrize("features", FEATURES)
def test_labels_and_scores_are_the_textbooks(loss, features):
    model = trained(loss, features)
    models = [model, dense(model)] + [pruned(model)] * (features != "words")
    text = TEXT + UNKNOWN
    for each in models:
        predictor = Predictor(each, 2)
        for k, threshold in ASKED:
            expected = textbook(each, text, k, threshold)
            assert asked(predictor, text, k, threshold) == expected


@pytest.mark.parametrize("copied", [0, 2**26])
@pytest.mark.parametrize("features", ["words", "both"])
def test_rows_are_read_where_they_are_or_in_a_copy(features, copied, monkeypatch):
    monkeypatch.setattr("chainrule.fasttext.prepared.COPIED", copied)
    for dim in (3, 16, 150):
        model = dense(trained("softmax", features, dim))
        assert asked(Predictor(model), TEXT, 2, 0.0) == textbook(model, TEXT, 2, 0.0)


@pytest.mark.parametrize("loss", ["softmax", "ova", "hs"])
@pytest.mark.parametrize(("qnorm", "qout"), [(False, False), (True, True), (False, True)])
def test_quantised_matrices_give_the_textbooks_scores(loss, qnorm, qout):
    many = "".join(f"__label__{n % 300} w{n % 7} v{n % 11}\n" for n in range(600)).encode()
    settings = Settings(dim=5, loss=loss, wordNgrams=2, bucket=400, epoch=2, lr=0.5)
    model = quantise(dense(train_model(many, settings)), qnorm=qnorm, qout=qout)
    for k, threshold in ((1, 0.0), (5, 0.001)):
        expected = textbook(model, many[:2000], k, threshold)
        assert asked(Predictor(model), many[:2000], k, threshold) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"\n", b" ", b"\n ", b"x", b"w1 w2", b"w1\n\n\nw2", b"w1 \n \n", b"__label__red\n"),
        *(b"w1 </s> w2", b"w1 </s>", b"w1 </s> ", b"w1 </s>  ", b"w1 </s>\n", b"w1\0w2\x0bw3\n"),
    ],
)
def test_odd_texts_have_the_textbooks_lines(text):
    model = trained("softmax", "both")
    assert asked(Predictor(model, 1), text, 1, 0.0) == textbook(model, text, 1, 0.0)


def test_a_model_that_never_saw_the_end_of_a_line():
    for features in FEATURES.values():
        model = train_model(b"__label__a x y", Settings(dim=3, **features))
        text = b"x y z\nx </s> y\n"
        assert asked(Predictor(model), text, 1, 0.0) == textbook(model, text, 1, 0.0)


@pytest.mark.parametrize("loss", ["softmax", "hs"])
def test_other_processors_have_the_same_bits(loss, other_processor):
    model = trained(loss, "both")
    assert asked(Predictor(model), TEXT, 2, 0.0) == textbook(model, TEXT, 2, 0.0)


def test_neither_threads_nor_chunks_nor_files_change_anything(monkeypatch):
    model = trained("softmax", "both")
    expected = asked(Predictor(model, 1), TEXT, 3, 0.0)
    monkeypatch.setattr(prediction, "CHUNK", 100)
    for threads in (1, 2, 5):
        predictor = Predictor(model, threads)
        assert asked(predictor, io.BytesIO(TEXT), 3, 0.0) == expected
        assert len(list(predictor.predict(TEXT))) > 10


def test_labels_that_stand_in_lines_and_numbers_of_rows():
    model = trained("softmax", "both")
    (found,) = Predictor(model).predict(TEXT + UNKNOWN)
    seen = [model.features(line) for line in lines(TEXT + UNKNOWN)]
    runs = pairwise(found.gold_offsets.tolist())
    assert [found.gold_labels[a:b].tolist() for a, b in runs] == [line.labels for line in seen]
    assert found.rows.tolist() == [len(line.rows) for line in seen]


@pytest.mark.parametrize(("k", "threshold"), [(1, 0.0), (3, 0.1)])
def test_scores_are_the_textbooks(k, threshold, monkeypatch):
    model = trained("softmax", "both")
    text = TEXT + UNKNOWN
    expected = score_text(model, text, k, threshold)
    monkeypatch.setattr(prediction, "CHUNK", 300)
    found = Predictor(model, 2).score(text, k, threshold)
    assert found.examples == expected.examples > 60
    for name in ("predicted", "gold", "hits"):
        assert getattr(found, name).tolist() == getattr(expected, name).tolist()


def test_sums_ahead_differ_by_rounding_alone():
    model = trained("softmax", "both")
    exact, sums = (Predictor(model, sums=sums) for sums in (False, True))
    (one,), (other,) = exact.predict(TEXT, -1), sums.predict(TEXT, -1)
    assert one.labels.tolist() == other.labels.tolist()
    assert np.abs(one.probabilities - other.probabilities).max() < 1e-6
    assert one.scores.tobytes() != other.scores.tobytes()


def test_equal_scores_come_as_the_heap_leaves_them():
    names = [(b"__label__%d" % n, 1) for n in range(6)]
    known = Dictionary.of_names([(b"x", 1)], names, 7)
    settings = Settings(dim=2).for_training()
    zeros = np.zeros((6, 2), np.float32)
    model = FastTextModel(settings, known, Dense(zeros[:1]), Dense(zeros))
    for k, expected in ((1, [5]), (2, [5, 4]), (3, [5, 1, 4])):
        (found,) = Predictor(model).predict(b"x", k)
        assert found.labels.tolist() == expected


def test_a_model_without_labels_predicts_none():
    for features in FEATURES.values():
        for loss in ("softmax", "hs"):
            model = train_model(b"x y\ny z\n", Settings(dim=3, loss=loss, **features))
            (found,) = Predictor(model).predict(b"a-longer-word y x\ny\n" * 9, -1)
            assert found.offsets.tolist() == [0] * 19
            assert (found.rows > 0).all()


def test_memory_is_for_ngrams_that_words_have_not_for_all_that_maxn_allows():
    text = b"__label__a purr \xc3\xa9t\xc3\xa9 x\n__label__b bark\n" * 9
    settings = [Settings(dim=3, minn=2, maxn=most, bucket=99) for most in (20, 2**31 - 1)]
    models = [train_model(text, each) for each in settings]
    np.testing.assert_array_equal(models[0].output.values, models[1].output.values)
    asked_for = text + UNKNOWN
    for sums in (False, True):
        first, second = (
            asked(Predictor(model, sums=sums), asked_for, 2, 0.0) for model in models
        )
        assert first == second


def test_memory_is_for_sequences_that_lines_have_not_for_all_that_word_ngrams_allows():
    text = b"__label__a one two three four five six seven eight nine ten\n__label__b one\n" * 9
    settings = [Settings(dim=3, wordNgrams=most, bucket=99) for most in (12, 2**31 - 1)]
    models = [train_model(text, each) for each in settings]
    np.testing.assert_array_equal(models[0].output.values, models[1].output.values)
    first, second = (asked(Predictor(model), text + UNKNOWN, 2, 0.0) for model in models)
    assert first == second


def test_what_cannot_be_asked_is_refused():
    model = trained("softmax", "words")
    predictor = Predictor(model)
    vectors = replace(model, settings=replace(model.settings, model="cbow"))
    with pytest.raises(ValueError, match="expected a supervised model, got 'cbow'"):
        Predictor(vectors)
    with pytest.raises(ValueError, match="to be -1, for all labels, or 1 or more, got 0"):
        predictor.predict(TEXT, 0)
    with pytest.raises(ValueError, match="expected a threshold that is a number, got nan"):
        predictor.predict(TEXT, 1, np.nan)
    with pytest.raises(ValueError, match="expected a threshold that is a number, got nan"):
        predict_rows(model, [0], 1, np.nan)
    model = dense(trained("softmax", "words"))
    for number in (np.nan, np.inf):
        model.output.values[0, 0] = number
        with pytest.raises(ValueError, match="expected finite scores"):
            list(Predictor(model).predict(TEXT))

"""fastText's model as an estimator: the same file, the same predictions, scikit-learn's manners."""

import pathlib
import pickle
import re
from copy import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from joblib import Parallel, delayed
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.utils.validation import has_fit_parameter

import chainrule
from chainrule import FastTextClassifier, ModelFileError, TextClassifier, load_fasttext
from chainrule.data import DataError
from chainrule.fasttext.reference import predict_rows, train
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.vectors import read_vectors
from chainrule.fasttext.writer import model_bytes, write_model
from fasttext_cases import interrupt_after, model_of

TEXTS = ["miau purr", "bark growl bark", "purr miau miau", "growl", "tweet sing", "sing a song"] * 6
LABELS = ["cat", "dog", "cat", "dog", "a-bird", "a-bird"] * 6
SETTINGS = {"dim": 4, "epoch": 10, "lr": 0.5}
LINES = "".join(
    f"__label__{label} {text}\n" for text, label in zip(TEXTS, LABELS, strict=True)
).encode()


@pytest.fixture(scope="module")
def fitted():
    return FastTextClassifier(**SETTINGS).fit(TEXTS, LABELS)


@pytest.mark.parametrize(
    "more",
    [{}, {"loss": "hs", "minn": 2, "maxn": 3, "bucket": 40}, {"loss": "ova", "seed": 3},
     {"loss": "ns", "neg": 2, "wordNgrams": 2, "bucket": 30, "minCount": 2, "lrUpdateRate": 5}],
)  # fmt: skip
def test_texts_and_labels_are_the_lines_of_a_file(more, tmp_path):
    (tmp_path / "train.txt").write_bytes(LINES)
    given = {**SETTINGS, **more}
    model = FastTextClassifier(**given).fit(TEXTS, LABELS)
    model.save(tmp_path / "fitted.bin")
    FastTextClassifier(**given).fit_file(tmp_path / "train.txt").save(tmp_path / "file.bin")
    expected = b"".join(model_bytes(train(LINES, Settings(**given))))
    assert (tmp_path / "fitted.bin").read_bytes() == expected
    assert (tmp_path / "file.bin").read_bytes() == expected


def test_several_labels_stand_before_their_text():
    labels = [["one", "two"], ("two",), {"one", "three"}, []]
    texts = ["a b", "b c", "c d", "d"]
    model = FastTextClassifier(**SETTINGS).fit(texts, labels)
    text = b"__label__one __label__two a b\n__label__two b c\n__label__one __label__three c d\n d\n"
    expected = train(text, Settings(**SETTINGS))
    assert b"".join(model_bytes(model.model_)) == b"".join(model_bytes(expected))
    assert model.classes_.tolist() == ["one", "three", "two"]
    predicted = model.predict(texts).tolist()
    right = [one in own for one, own in zip(predicted, labels, strict=True)]
    assert model.score(texts, labels) == np.mean(right)


@pytest.mark.parametrize("loss", ["softmax", "hs", "ova", "ns"])
def test_probabilities_are_those_that_are_printed_less_what_is_added(loss):
    model = FastTextClassifier(**SETTINGS, loss=loss).fit(TEXTS, LABELS)
    texts = [*TEXTS[:6], "miau sing"]
    shares = model.predict_proba(texts)
    place = {label: number for number, label in enumerate(model.classes_)}
    near = {"softmax": 2e-6, "hs": 2e-5, "ova": 0.008, "ns": 0.008}[loss]
    # the tree adds at each node; the others print from a table of steps of 1/32
    for share, printed in zip(shares, model.predict_labels(texts, k=-1), strict=True):
        assert len(printed) == 3
        for label, p in printed:
            assert share[place[label]] == pytest.approx(p - 1e-5, abs=near)
    if loss in ("softmax", "hs"):
        np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)
    assert model.predict(TEXTS).tolist() == LABELS
    assert (model.classes_[model.predict_proba(TEXTS).argmax(axis=1)] == LABELS).all()


def test_predictions_are_those_of_the_textbook(fitted):
    texts = ["bark miau", "nowhere", "", "sing </s> bark bark", "tweet\u00a0x"]
    lines = [b"bark miau", b"nowhere", b"", b"sing", "tweet\u00a0x".encode()]
    names = [label.decode().removeprefix("__label__") for label in fitted.model_.dictionary.labels]
    for text, line in zip(texts, lines, strict=True):
        rows = fitted.model_.features([*line.split(), b"</s>"]).rows
        expected = [(names[one], np.exp(s)) for s, one in predict_rows(fitted.model_, rows, 2, 0.1)]
        ((found,), ) = [fitted.predict_labels([text], 2, 0.1)]
        assert [label for label, _ in found] == [label for label, _ in expected]
        np.testing.assert_allclose([p for _, p in found], [p for _, p in expected], rtol=1e-6)


def test_vectors_are_the_means_of_rows(fitted):
    known = fitted.model_
    rows = known.features([b"sing", b"bark", b"</s>"]).rows
    expected = known.input.take(rows).sum(axis=0) / np.float32(3)
    np.testing.assert_allclose(fitted.transform(["sing bark"]), expected[None], rtol=1e-5)


def test_a_text_without_a_known_word_has_the_shares_of_the_labels(tmp_path):
    (tmp_path / "train.txt").write_bytes(b"__label__a x\r__label__b y\r__label__b y")  # no line end
    model = FastTextClassifier(dim=2).fit_file(tmp_path / "train.txt")
    assert model.predict(["nowhere", ""]).tolist() == ["b", "b"]
    np.testing.assert_allclose(model.predict_proba(["nowhere"]), [[1 / 3, 2 / 3]])
    assert model.predict_labels(["nowhere"]) == [[]]


def test_labels_may_be_numbers():
    model = FastTextClassifier(**SETTINGS).fit(["a", "b"] * 9, np.array([3, 11] * 9))
    assert model.predict(["b", "a"]).tolist() == [11, 3]
    assert model.classes_.tolist() == [3, 11]


def test_files_are_loaded_by_what_they_begin_with(fitted, tmp_path):
    fitted.save(tmp_path / "m.bin")
    for loaded in (chainrule.load(tmp_path / "m.bin"), load_fasttext(tmp_path / "m.bin")):
        assert loaded.predict(TEXTS).tolist() == LABELS
        assert loaded.get_params()["dim"] == 4
        np.testing.assert_array_equal(loaded.transform(TEXTS), fitted.transform(TEXTS))
    (tmp_path / "cut.bin").write_bytes((tmp_path / "m.bin").read_bytes()[:200])
    with pytest.raises(ModelFileError, match=r"cut\.bin: is cut off"):
        chainrule.load(tmp_path / "cut.bin")
    with pytest.raises(ValueError, match="256"):
        fitted.save(tmp_path / "too-small.ftz")
    with pytest.raises(ValueError, match=r"ends in \.bin, \.ftz, \.vec, got .*model\.txt"):
        fitted.save(tmp_path / "model.txt")


def test_vectors_of_words_are_saved_as_text(fitted, tmp_path):
    fitted.save(tmp_path / "words.vec")
    vectors = read_vectors(tmp_path / "words.vec")
    with pytest.raises(ModelFileError, match=r"words\.vec: is no model: .*vectors\.read_vectors"):
        chainrule.load(tmp_path / "words.vec")
    assert vectors.words == fitted.model_.dictionary.words
    rows = fitted.model_.input.take(np.arange(len(vectors.words)))
    np.testing.assert_allclose(vectors.values, rows, rtol=1e-4)
    again = FastTextClassifier(**SETTINGS, pretrainedVectors=tmp_path / "words.vec")
    assert again.fit(TEXTS, LABELS).model_.dictionary.counts[0] == 1 + 36  # </s>


def test_large_models_are_saved_small(tmp_path):
    texts = [f"word{n} word{n + 1}" for n in range(300)]
    model = FastTextClassifier(dim=4, epoch=2).fit(texts, ["a", "b"] * 150)
    model.save(tmp_path / "m.ftz")
    small = chainrule.load(tmp_path / "m.ftz")
    assert small.predict(texts).shape == (300,)
    small.save(tmp_path / "again.ftz")
    assert (tmp_path / "again.ftz").read_bytes() == (tmp_path / "m.ftz").read_bytes()


def test_models_of_word_vectors_have_vectors_alone(tmp_path):
    known = model_of("softmax")
    kind = replace(known.settings, model="skipgram")
    output = replace(known.output, values=np.zeros((known.dictionary.nwords, 5), np.float32))
    write_model(tmp_path / "w.bin", replace(known, settings=kind, output=output))
    model = chainrule.load(tmp_path / "w.bin")
    words = known.dictionary.words[1:3]
    each = [known.word_vector(word) for word in words]
    expected = np.mean([v / np.linalg.norm(v) for v in each], axis=0)
    text = b" ".join(words).decode()
    np.testing.assert_allclose(model.transform([text]), expected[None], rtol=1e-5)
    with pytest.raises(ValueError, match="expected a supervised model"):
        model.predict([text])


def test_it_is_cloned_pickled_and_cross_validated(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    assert again.predict(TEXTS).tolist() == LABELS
    other = clone(fitted)
    assert other.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        other.predict(TEXTS)
    assert cross_val_score(other, np.array(TEXTS), np.array(LABELS), cv=3).tolist() == [1, 1, 1]


@pytest.mark.parametrize("thread", [1, 2, 3])
def test_threads_change_nothing(thread, fitted):
    model = FastTextClassifier(**SETTINGS, thread=thread).fit(TEXTS, LABELS)
    texts = TEXTS * 3000  # some chunks
    expected = np.tile(fitted.transform(TEXTS).T, 3000).T
    np.testing.assert_array_equal(model.transform(texts), expected)
    assert model.predict(texts).tolist() == LABELS * 3000


@pytest.mark.parametrize(
    ("texts", "labels", "error", "match"),
    [
        (["a"], ["b c"], ValueError, "labels without white space, got 'b c'"),
        (["a"], [""], ValueError, "labels without white space, got ''"),
        (["a\nb"], ["x"], ValueError, "expected lines, got a text with a line feed in row 0"),
        (["c", "a __label__x b"], ["x", "y"], ValueError, "words, got '__label__x' in row 1"),
        ("abc", ["x"], TypeError, "expected a list of texts, got one"),
        ([1], ["x"], TypeError, "expected texts, got 1, of type int in row 0"),
        (["\ud800"], ["x"], ValueError, "letters that UTF-8 has, got others in row 0"),
        ([["a", "b"]], ["x"], TypeError, r"texts, got \['a', 'b'\], of type list in row 0"),
        (np.array([["a", "b"]]), ["x"], TypeError, r"expected texts, got \['a', 'b'\]"),
        (["a", "b"], ["x"], ValueError, "as many labels as texts, got 1 labels for 2 texts"),
        (["a", "b"], ["x", ["y"]], ValueError, "a list of labels .*, got one label in row 0 of y"),
        (["a"], np.ones((1, 2, 3)), ValueError, r"got an array of shape \(1, 2, 3\)"),
        (["a"], np.array([[1, -1]]), ValueError, "indicator matrix y of .* got -1 in row 0"),
        (["a", "b"], [[3, 7], [7, 8]], ValueError, "an indicator matrix y of 0 and 1 .* got 3"),
        (["a", "b"], np.zeros((2, 3)), ValueError, "expected labels, words that begin with"),
        (["a", "b"], [1, "1"], ValueError, "all numbers, as the first is, got '1'"),
        (["a", "b"], [[], []], ValueError, "expected labels, words that begin with '__label__'"),
        ([], [], ValueError, r"0 sample\(s\) while a minimum of 1 is required by FastTextClassif"),
        (["a", "b"], ["x", None], ValueError, "a label, got None, a missing one, in row 1"),
        (["a", "b"], ["x", {}], TypeError, "texts or numbers, got {}, of type dict, in row 1"),
        (["a", "b"], [["x"], [None]], ValueError, "expected a label, got None, .*, in row 1 of y"),
        (["a", "b"], {"x", "y"}, TypeError, "expected a list of labels y, got a set"),
        (["a", "b"], None, ValueError, "expected y, the label of each text, got none; fit_file"),
        (b"a", ["x"], TypeError, r"expected a list of texts, got one, b'a': \[text\] is a list"),
        (pathlib.Path("a"), ["x"], TypeError, "fit_file trains on a file"),
        (["a", None], ["x", "y"], TypeError, "expected texts, got None, a missing one .* in row 1"),
    ],
)
def test_what_is_no_text_or_label_is_refused(texts, labels, error, match):
    with pytest.raises(error, match=match):
        FastTextClassifier(dim=2).fit(texts, labels)


def test_parameters_are_checked_before_work():
    with pytest.raises(ValueError, match="expected loss to be one of"):
        FastTextClassifier(loss="hinge").fit(["a"], ["x"])
    with pytest.raises(ValueError, match="expected a label= that labels begin with"):
        FastTextClassifier(label="").fit(["a"], ["x"])
    for label in (" ", "a b", "\n", "\0"):
        with pytest.raises(ValueError, match="expected a label= without white space"):
            FastTextClassifier(label=label).fit(["a"], ["x"])
    with pytest.raises(ValueError, match="expected label to be a text of Unicode characters"):
        FastTextClassifier(label="\ud800").fit(["a"], ["x"])
    with pytest.raises(TypeError, match="expected pretrainedVectors as the name of a file, got 5"):
        FastTextClassifier(pretrainedVectors=5).fit(["a"], ["x"])
    for thread in (0, -1, 2.5, True, "2"):
        with pytest.raises(ValueError, match=f"thread: expected 1 or more, .* got {thread!r}"):
            FastTextClassifier(thread=thread).fit(["a"], ["x"])


def test_more_threads_than_anybody_has(fitted):
    expected, many = fitted.predict_labels(TEXTS, k=-1), clone(fitted).set_params(thread=10**9)
    assert many.fit(TEXTS, LABELS).predict_labels(TEXTS, k=-1) == expected


@pytest.mark.parametrize("k", [0, -2, 2.5, 1.0, True, "3", None])
def test_a_number_of_labels_that_is_none(fitted, k):
    with pytest.raises(ValueError, match=f"expected k to be -1, .*, or 1 or more, got {k!r}"):
        fitted.predict_labels(TEXTS, k=k)
    for whole in (np.int64(2), 10**30):
        assert len(fitted.predict_labels(TEXTS[:1], k=whole)[0]) == min(whole, 3)


@pytest.mark.parametrize("threshold", [np.nan, "0.5", None, True])
def test_a_threshold_that_is_none(fitted, threshold):
    with pytest.raises(ValueError, match=f"threshold that is a number, got {threshold!r}"):
        fitted.predict_labels(TEXTS, threshold=threshold)


def test_text_classifiers_know_it():
    model = TextClassifier.fasttext(lr=0.5, wordNgrams=2)
    assert isinstance(model, FastTextClassifier)
    assert (model.lr, model.wordNgrams) == (0.5, 2)


def test_weights_that_are_none(fitted):
    for weights, message in (
        ([0] * 36, "non-zero"),
        ([np.nan] * 36, "NaN"),
        ([1] * 35, "36"),
        ([1] * 35 + [-1], "score: expected sample weights >= 0, got -1.0 for sample 35"),
    ):
        with pytest.raises(ValueError, match=message):
            fitted.score(TEXTS, LABELS, sample_weight=weights)
    assert fitted.score(TEXTS, LABELS, [1] * 36) == fitted.score(TEXTS, LABELS)


def test_an_indicator_matrix_has_the_labels_of_its_columns():
    texts = ["miau purr", "bark", "miau bark", "bark bark"] * 9
    held = np.array([[1, 0, 0], [0, 0, 1], [1, 0, 1], [0, 0, 1]] * 9)
    expected = FastTextClassifier(**SETTINGS).fit(texts, [["0"], ["2"], ["0", "2"], ["2"]] * 9)
    given = (held, held.tolist(), held.astype(bool), sparse.csr_array(held), pd.DataFrame(held))
    for y in given:
        model = FastTextClassifier(**SETTINGS).fit(texts, y)
        assert b"".join(model_bytes(model.model_)) == b"".join(model_bytes(expected.model_))
        assert model.classes_.tolist() == [0, 2]  # no text has the label of the second column
        assert model.predict(["miau purr", "bark"]).tolist() == [0, 2]
        assert model.score(texts, y) == 1
    one_each = FastTextClassifier(**SETTINGS).fit(["a", "b"] * 9, [[3], [7]] * 9)
    assert one_each.classes_.tolist() == [3, 7]


def test_weights_of_texts_are_no_matter_of_fasttext():
    model = FastTextClassifier(**SETTINGS)
    with pytest.raises(TypeError, match="fastText has no weights of texts; TextClassifier takes"):
        model.fit(TEXTS, LABELS, sample_weight=[1] * 36)
    with pytest.raises(TypeError, match=r"expected texts and labels, got \['weights'\]"):
        model.fit(TEXTS, LABELS, weights=[1] * 36)
    assert not has_fit_parameter(model, "sample_weight")


def test_vectors_have_names_and_a_container(fitted):
    names = [f"fasttextclassifier{place}" for place in range(4)]
    assert fitted.get_feature_names_out().tolist() == names
    series = pd.Series(TEXTS[:2], index=[5, 9])
    found = clone(fitted).set_output(transform="pandas").fit_transform(TEXTS, LABELS)
    np.testing.assert_array_equal(found, fitted.transform(TEXTS))
    own = copy(fitted).set_output(transform="pandas").transform(series)
    assert own.columns.tolist() == names
    assert own.index.tolist() == [5, 9]
    with pytest.raises(NotFittedError):
        FastTextClassifier().get_feature_names_out()


def test_logarithms_of_probabilities(fitted):
    shares = fitted.predict_proba(TEXTS[:3])
    np.testing.assert_array_equal(fitted.predict_log_proba(TEXTS[:3]), np.log(shares))


def test_settings_and_files_that_are_none_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"^FastTextClassifier: .* epoch .* integer, got 2\.5"):
        FastTextClassifier(epoch=2.5).fit(TEXTS, LABELS)
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(DataError, match=f"^{re.escape(str(path))}: cannot be read: "):
            FastTextClassifier().fit_file(path)


def test_ctrl_c_keeps_what_was_learned(monkeypatch, tmp_path):
    texts, labels = TEXTS * 20, LABELS * 20
    (tmp_path / "train.txt").write_bytes(LINES * 20)
    model = FastTextClassifier(**SETTINGS)
    for fit in (lambda: model.fit(texts, labels), lambda: model.fit_file(tmp_path / "train.txt")):
        interrupt_after(monkeypatch, 5)
        with pytest.warns(UserWarning, match=r"Training interrupted by user\. [1-9]\d?% of it"):
            fit()
        assert model.predict(TEXTS).shape == (36,)
        assert model.classes_.tolist() == ["a-bird", "cat", "dog"]


def test_ctrl_c_where_nothing_is_learned_leaves_what_was_fitted(monkeypatch):
    model = FastTextClassifier(**SETTINGS).fit(TEXTS, LABELS)
    before = model.predict_proba(TEXTS)
    interrupt_after(monkeypatch, 0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(TEXTS * 20, LABELS[::-1] * 20)
    assert np.array_equal(model.predict_proba(TEXTS), before)


def test_ctrl_c_ends_all_of_many_fits(monkeypatch):
    model = FastTextClassifier(**SETTINGS).fit(TEXTS, LABELS)
    before = model.predict_proba(TEXTS)
    for many in (
        lambda: cross_val_score(model, TEXTS * 20, LABELS * 20, cv=2),
        lambda: Parallel()([delayed(model.fit)(TEXTS * 20, LABELS * 20)]),
    ):
        interrupt_after(monkeypatch, 5)
        with pytest.raises(KeyboardInterrupt):
            many()
    assert np.array_equal(model.predict_proba(TEXTS), before)

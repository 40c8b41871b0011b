"""Fits of texts that are streamed: the bits of memory, window by window, and what is refused."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chainrule import DataStream, TextClassifier, load
from chainrule.data.streams import lines as lines_module
from chainrule.estimators.streams.preparation import prepare_stream
from chainrule.training import checkpoint_writer
from chainrule.training.engine_stepper import EngineStepper
from chainrule.training.reporter import ReporterTee

rng = np.random.default_rng(0)
WORDS = [f"word{n}" for n in range(50)]
N = 400
TOPICS = rng.choice(["milk", "tea"], N, p=[0.3, 0.7]).tolist()
TEXTS = [" ".join([*rng.choice(WORDS, rng.integers(1, 12)), f"{topic}!"]) for topic in TOPICS]
TAGS = [tuple(sorted({topic, *rng.choice(["hot", "cold"], rng.integers(2))})) for topic in TOPICS]
SHORT = {"random_state": 3, "dimensions": 8, "max_iter": 3}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(lines_module, "BLOCK_BYTES", 1000)


@pytest.fixture
def source(request, tmp_path):
    """Return a function that makes streams of the same texts, perhaps with other answers."""
    kind = getattr(request, "param", "lines")

    def stream(answers=TOPICS, **options):
        if kind == "lines":
            lists = [[each] if isinstance(each, str) else each for each in answers]
            begins = [" ".join(f"__label__{label}" for label in labels) for labels in lists]
            lines = [f"{begin} {text}\n" for begin, text in zip(begins, TEXTS, strict=True)]
            (tmp_path / "t.txt").write_text("".join(lines))
            return DataStream(tmp_path / "t.txt", **options)
        table = pa.table({"text": TEXTS, "topic": list(answers)})
        pq.write_table(table, tmp_path / "t.parquet", row_group_size=30)
        return DataStream(tmp_path / "t.parquet", "topic", **options)

    return stream


both = pytest.mark.parametrize("source", ["lines", "parquet"], indirect=True)


def same(one, other):
    np.testing.assert_array_equal(one.chain_.parameters.flat, other.chain_.parameters.flat)
    assert one.loss_curve_ == other.loss_curve_
    assert one.validation_scores_ == other.validation_scores_


def close(one, other):
    assert one.loss_curve_ == pytest.approx(other.loss_curve_, rel=1e-4)


@both
def test_texts_in_one_window_are_trained_on_as_in_memory(source):
    for options in (SHORT, SHORT | {"early_stopping": True}):
        known = TextClassifier(**options).fit(TEXTS, TOPICS)
        same(TextClassifier(**options).fit(source()), known)
        same(TextClassifier(**options).fit(source(window_rows=N)), known)


@both
def test_in_the_order_of_the_file_windows_make_the_bits_of_memory(source):
    options = SHORT | {"shuffle": False}
    known = TextClassifier(**options, n_jobs=1).fit(TEXTS, TOPICS)
    model = TextClassifier(**options, n_jobs=2).fit(source(window_rows=100))
    same(model, known)
    assert model.inputs_.words == known.inputs_.words
    stream = source(window_rows=100)
    np.testing.assert_array_equal(model.predict_proba(stream), known.predict_proba(TEXTS))
    assert model.predict(stream).tolist() == known.predict(TEXTS).tolist()
    assert model.score(stream) == known.score(TEXTS, TOPICS)
    np.testing.assert_array_equal(model.transform(stream), known.transform(TEXTS))
    reference = TextClassifier(**options, engine="reference").fit(stream)
    close(reference, known)


def test_windows_are_as_large_as_64_mib_of_entries(source, monkeypatch):
    monkeypatch.setattr("chainrule.estimators.streams.preparation.WINDOW_BYTES", 20_000)
    job = prepare_stream(TextClassifier(**SHORT), source(), None)
    mean = round(int(job.inputs.texts_with.sum()) / N)
    assert job.window_rows == 20_000 // (8 * mean) < N


def test_shuffled_windows_learn_and_texts_are_held_out(source):
    stream = source(window_rows=96)
    options = SHORT | {"max_iter": 8}
    model = TextClassifier(**options, early_stopping=True).fit(stream)
    assert model.score(stream) == 1.0
    assert len(model.validation_scores_) == 8
    job = prepare_stream(TextClassifier(**SHORT, early_stopping=True), stream, None)
    _, held_out = job.parts()
    assert held_out.X.shape == (40, job.inputs.count)
    assert sum(job.blocks.sizes) == N - 40


@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_several_labels_and_sigmoids_begin_at_the_shares_of_all(tmp_path, class_weight):
    path = tmp_path / "t.txt"
    begins = [" ".join(f"__label__{label}" for label in labels) for labels in TAGS]
    path.write_text("".join(f"{a} {b}\n" for a, b in zip(begins, TEXTS, strict=True)))
    options = SHORT | {"shuffle": False, "class_weight": class_weight}
    known = TextClassifier(**options).fit(TEXTS, TAGS)
    model = TextClassifier(**options).fit(DataStream(path, window_rows=100))
    assert model.classes_.tolist() == ["cold", "hot", "milk", "tea"]
    close(model, known)
    if class_weight is None:
        same(model, known)
    assert model.score(DataStream(path)) == known.score(TEXTS, TAGS)
    path.write_text("__label__tea word1 tea!\n__label__milk word2 milk!\n")
    few = ["word1 tea!", "word2 milk!"], [("tea",), ("milk",)]
    assert model.score(DataStream(path)) == known.score(*few)


def test_one_against_all_begins_at_the_shares_of_all(source):
    weights = np.linspace(0.5, 2, N)
    options = SHORT | {"shuffle": False, "loss": "ova"}
    known = TextClassifier(**options).fit(TEXTS, TOPICS, sample_weight=weights)
    model = TextClassifier(**options).fit(source(window_rows=100), sample_weight=weights)
    close(model, known)


def test_partial_fit_and_warm_start_go_on(source):
    stream = source(window_rows=100)
    options = SHORT | {"shuffle": False}
    model, known = TextClassifier(**options), TextClassifier(**options)
    for _ in range(2):
        model.partial_fit(stream, classes=["milk", "tea"])
        known.partial_fit(TEXTS, TOPICS, classes=["milk", "tea"])
    same(model, known)
    early = TextClassifier(**options).partial_fit(TEXTS[:50], TOPICS[:50], classes=["milk", "tea"])
    few = TextClassifier(**options).partial_fit(TEXTS[:50], TOPICS[:50], classes=["milk", "tea"])
    same(early.partial_fit(stream), few.partial_fit(TEXTS, TOPICS))
    assert early.inputs_.to_json() | {"column": ""} == few.inputs_.to_json()
    warm = TextClassifier(**options, warm_start=True).fit(stream).fit(stream)
    assert warm.loss_curve_[-1] < warm.loss_curve_[0]


def test_a_fit_goes_on_in_the_midst_of_an_epoch(source, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint_writer, "SHARE", 1e9)
    monkeypatch.setattr(EngineStepper, "at_once", lambda self, size: 1)
    stream, options = source(window_rows=96), SHORT | {"early_stopping": True}
    straight = TextClassifier(**options).fit(stream)
    stepped, left = ReporterTee.stepped, []

    def interrupted(self, *args):
        stepped(self, *args)
        left.append(1)
        if len(left) == steps:
            raise KeyboardInterrupt

    monkeypatch.setattr(ReporterTee, "stepped", interrupted)
    for steps in (2, 17):
        left.clear()
        path = tmp_path / f"_{steps}.checkpoint"
        kept = {"checkpoint": path, "checkpoint_every": 0}
        with pytest.warns(UserWarning, match="interrupted"):
            TextClassifier(**options).fit(stream, **kept)
        same(TextClassifier(**options).fit(stream, **kept), straight)
    other = source([*TOPICS[1:], TOPICS[0]], window_rows=96)
    with pytest.raises(ValueError, match=r"of another training: .*all rows of t"):
        TextClassifier(**options).fit(other, **kept)


def test_what_is_saved_predicts(source, tmp_path):
    stream = source(window_rows=100)
    model = TextClassifier(**SHORT).fit(stream)
    model.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.predict_proba(stream), model.predict_proba(TEXTS))


def test_what_a_stream_of_texts_cannot_do_says_so(source, tmp_path):
    stream = source(window_rows=100)
    model = TextClassifier(**SHORT).fit(stream)
    with pytest.raises(TypeError, match=r"X: expected texts in memory, such as stream\.head"):
        model.explain(stream)
    with pytest.raises(ValueError, match="expected a column 'body' of texts, got 'text'"):
        TextClassifier(text="body").fit(stream)
    table = pa.table({"text": TEXTS, "number": range(N), "topic": TOPICS})
    pq.write_table(table, tmp_path / "two.parquet")
    two = DataStream(tmp_path / "two.parquet", "topic", window_rows=100)
    with pytest.raises(ValueError, match="expected one column of texts, got 'text', 'number'"):
        TextClassifier().fit(two)
    with pytest.raises(TypeError, match=r"texts, got 0.0, of type float in row 0 of two\.par"):
        TextClassifier(text="number").fit(two)
    assert TextClassifier(**SHORT, text="text").fit(two).inputs_.column == "text"

"""Vocabularies of texts that are given some at a time: those of memory, and pruned ones."""

from collections import Counter

import numpy as np
import pytest

from chainrule.inputs import TextFeatures, Texts
from chainrule.inputs.texts import streaming
from chainrule.inputs.texts.packing import packed
from chainrule.inputs.texts.streaming import KeyCounts

rng = np.random.default_rng(0)
WORDS = np.array(["tea", "Milk", "sugar", "cup,", "pot.", "don't", "茶", "x", "y z", "!"])
TEXTS = [" ".join(rng.choice(WORDS, rng.integers(9))) for _ in range(150)]
FEATURES = [
    TextFeatures(),
    TextFeatures(max_ngrams=12, min_count=12, lowercase=False),
    TextFeatures(char_ngrams=(2, 3), word_ngrams=3, max_ngrams=40, buckets=30, sign_ngrams=True),
    TextFeatures(word_ngrams=1, min_ngram_count=2, max_ngrams=None),
]


def cut(texts, count=23):
    return lambda: (texts[at : at + count] for at in range(0, len(texts), count))


@pytest.mark.parametrize("features", FEATURES)
def test_where_nothing_is_pruned_it_is_the_vocabulary_of_memory(features, monkeypatch):
    monkeypatch.setattr(streaming, "WAITING", 100)
    known = Texts.fit(TEXTS[:90], features)
    streamed = Texts.learned_in_passes(cut(TEXTS[:90]), features)
    assert streamed.to_json() == known.to_json()
    grown = streamed.grown_in_passes(cut(TEXTS[90:]))
    assert grown.to_json() == known.grown(TEXTS[90:]).to_json()
    X, Y = grown.encode_texts(TEXTS), known.grown(TEXTS[90:]).encode(TEXTS)
    np.testing.assert_array_equal(X.toarray(), Y.toarray())


def test_counts_beyond_the_bound_are_too_small_by_little():
    counts = KeyCounts(40)
    keys = (np.random.default_rng(1).zipf(1.3, 3000) % 500).astype(np.uint64)
    for part in np.array_split(keys, 40):
        found, times = np.unique(part, return_counts=True)
        counts.add(found, times, times)
    exact, (known, kept, texts) = Counter(keys.tolist()), counts.all()
    assert not counts.exact
    assert len(known) <= 40
    assert counts.taken_off <= len(keys) / 21
    found = dict(zip(known.tolist(), kept.tolist(), strict=True))
    for key, count in exact.items():
        assert count - counts.taken_off <= found.get(key, 0) <= count
    assert (kept <= texts + counts.taken_off).all()
    assert all(count <= exact[key] for key, count in zip(known.tolist(), texts, strict=True))


def test_frequent_words_and_runs_are_known_however_many_there_are(monkeypatch):
    monkeypatch.setattr(streaming, "MOST_WORDS", 20)
    monkeypatch.setattr(KeyCounts.__init__, "__defaults__", (30,))
    texts = [f"green tea w{n}a w{n}b with cake" for n in range(200)]
    known = Texts.learned_in_passes(cut(texts), TextFeatures())
    assert {b"green", b"tea", b"with", b"cake"} <= set(known.words)
    assert len(known.words) <= 20
    assert known.texts_with[known.words.index(b"tea")] == 200
    X = known.encode_texts(["green tea"])
    assert X.nnz == 3, "both words, and the pair, which every text has"
    assert known.training_texts == 200


def test_texts_without_words_are_refused():
    with pytest.raises(ValueError, match="Someone: expected texts with a word, got none"):
        Texts.learned_in_passes(cut(["", " "]), TextFeatures(), owner="Someone")
    with pytest.raises(ValueError, match="0 sample"):
        Texts.learned_in_passes(cut([]), TextFeatures())


def test_a_file_whose_words_have_white_space_is_refused():
    values = Texts.fit(["tea cup"]).to_json()
    with pytest.raises(ValueError, match=r"inputs\.words: expected words without white space"):
        Texts.from_json({**values, "words": packed(b"te a\ncup")})

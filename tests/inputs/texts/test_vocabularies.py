"""Texts to weights of features: against scikit-learn's vectorizers, and texts of any content."""

import copy
import pickle
import re
from functools import partial

import numpy as np
import pytest
from hypothesis import given, strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from chainrule.inputs import Options, TextFeatures, Texts
from chainrule.inputs.texts.counting import Slots, different, least_count
from chainrule.inputs.texts.occurrences import occurrences
from chainrule.inputs.texts.words import words_of

WORDS = ["tea", "milk", "sugar", "cup,", "pot.", "don't", "naïve", "茶", "чай", "☕", "a"]
SAME_WORDS = r"\w+|[^\w\s]"
"""scikit-learn's pattern for our words of alphabets."""


def drawn(count, words=WORDS, longest=12, seed=0):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(words, rng.integers(longest))) for _ in range(count)]


TEXTS = [*drawn(60), "", "Tea\tTEA\n\ntea"]
ORDINARY = "\n".join(TEXTS).replace("茶", "x").split("\n")


def as_words(texts, lowercase=True):
    found = words_of(texts, lowercase=lowercase)
    words = [word.decode("utf-8", "surrogatepass") for word in found.different]
    result = [[] for _ in texts]
    for number, text in zip(found.numbers, found.texts, strict=True):
        result[text].append(words[number])
    return result


def names_of(known, texts):
    """Return the names of features by number, those that stand in texts."""
    return {
        feature: name
        for text in texts
        for feature, name in occurrences(known, text)[1].names.items()
    }


def words_and_runs(text, ngrams):
    """Return the words of a text, and its runs of words without signs, as a loop has them."""
    words = re.findall(SAME_WORDS, text.lower())
    runs = [words[at : at + n] for n in range(2, ngrams + 1) for at in range(len(words) - n + 1)]
    return [*words, *(" ".join(run) for run in runs if all(map(str.isalnum, run)))]


@pytest.mark.parametrize("signs", [False, True])
@pytest.mark.parametrize("ngrams", [1, 2, 3])
@pytest.mark.parametrize(
    ("weighting", "kind"),
    [("tfidf", partial(TfidfVectorizer, sublinear_tf=True)), ("count", CountVectorizer)],
)
def test_weights_are_those_of_scikit_learn(weighting, kind, ngrams, signs):
    features = TextFeatures(word_ngrams=ngrams, weighting=weighting, sign_ngrams=signs)
    known = Texts.fit(ORDINARY, features)
    if signs:
        vectorizer = kind(token_pattern=SAME_WORDS, ngram_range=(1, ngrams))
    else:
        vectorizer = kind(analyzer=partial(words_and_runs, ngrams=ngrams))
    expected = vectorizer.fit_transform(ORDINARY)
    names = names_of(known, ORDINARY)
    assert len(names) == known.count == expected.shape[1]
    columns = [vectorizer.vocabulary_[names[feature]] for feature in range(known.count)]
    for texts in (ORDINARY, ["tea unknown tea", "unknown", "", "milk sugar cup"]):
        X = known.encode(texts).toarray()
        assert X.dtype == np.float32
        np.testing.assert_allclose(X, vectorizer.transform(texts).toarray()[:, columns], atol=1e-6)


def test_means_add_up_to_1():
    X = Texts.fit(TEXTS, TextFeatures(weighting="mean")).encode(TEXTS)
    sums = X.sum(axis=1)
    with_words = [bool(text.strip()) for text in TEXTS]
    np.testing.assert_allclose(sums, with_words, rtol=1e-6)


def test_pieces_are_those_of_a_loop():
    features = TextFeatures(word_ngrams=1, char_ngrams=(1, 3), weighting="count")
    known = Texts.fit(["tea", "teas 茶"], features)
    pieces = {"t", "e", "a", "<t", "te", "ea", "a>", "<te", "tea", "ea>"}
    pieces |= {"s", "as", "s>", "eas", "as>", "茶", "<茶", "茶>"}
    names = names_of(known, ["tea", "teas 茶"])
    shown = {name.strip("…") for place, name in names.items() if place >= len(known.words)}
    assert shown == pieces | {"<茶>"}
    assert len(known.pieces) == len(pieces) + 1
    counts = {names[p]: n for p, n in enumerate(known.encode(["tea tea"]).toarray()[0]) if n}
    assert counts["tea"] == 2
    assert counts["…ea>…"] == 2
    assert counts["…tea…"] == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's 9-to-5, isn't it?", "it ' s 9 - to - 5 , isn ' t it ?"),
        ("ΑΒΓ Привет ñandú snake_case", "αβγ привет ñandú snake_case"),
        ("私は茶が好き。東京2020", "私 は 茶 が 好 き 。 東 京 2020"),
        ("한국어를 مَرحبا हिन्दी, cafe\u0301", "한국어를 مَرحبا हिन्दी , cafe\u0301"),
        ("ภาษาไทยabc ကျေး", "ภ า ษ า ไ ท ย abc ကျေး".replace("ကျေး", "က\u103b\u1031\u1038")),
        ("می\u200cخواهم \ufeffa\u200bb", "می\u200cخواهم a b"),
        ("👍🏽 ☕\ufe0f ok…", "👍 🏽 ☕\ufe0f ok …"),
        ("a\0b\x07c\x1fd\x7fe", "a b c d e"),
        ("no\u00a0break\u2003em\u2028line\r\nfeed", "no break em line feed"),
        ("half \ud800 pair\udfff", "half \ud800 pair \udfff"),
        ("", ""),
        (" \n\t ", ""),
    ],
)
def test_words_of_many_scripts(text, words):
    (found,) = as_words([text])
    assert found == [word for word in words.split(" ") if word]


def test_capital_letters_count_if_asked_for():
    assert as_words(["Tea TEA"], lowercase=False) == [["Tea", "TEA"]]
    assert as_words(["Tea TEA"]) == [["tea", "tea"]]


@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=20), max_size=6))
def test_any_text_keeps_its_letters_and_its_place(texts):
    found = as_words(texts, lowercase=False)
    for text, words in zip(texts, found, strict=True):
        kept = "".join(sign for sign in text if sign not in CONTROLS and not sign.isspace())
        assert "".join(words) == kept


CONTROLS = {chr(code) for code in (*range(33), 127, 0x200B, 0xFEFF)}


def test_a_text_of_a_megabyte_and_a_word_of_one():
    known = Texts.fit(["tea milk " * 120_000, "w" * 2**20], TextFeatures(weighting="count"))
    X = known.encode(["tea milk " * 120_000, "w" * 2**20]).toarray()
    assert sorted(X[0]) == [0, 119_999, 120_000, 120_000, 120_000]
    assert sorted(X[1]) == [0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("tea, milk cup", ["milk cup"]),
        ("tea ☕ milk_2 3", ["milk_2 3"]),
        ("naïve … 茶 чай", ["茶 чай"]),
        ("_x y_ b", ["_x y_", "y_ b"]),
        ("! ? .", []),
    ],
)
def test_signs_separate_the_words_of_runs(text, runs):
    known = Texts.fit([text], TextFeatures())
    names = names_of(known, [text])
    assert sorted(name for place, name in names.items() if place >= len(known.words)) == runs
    every = Texts.fit([text], TextFeatures(sign_ngrams=True))
    assert len(every.runs) == len(every.words) - 1


def test_unknown_words_break_runs_and_weigh_nothing():
    known = Texts.fit(["tea milk", "milk tea"], TextFeatures(weighting="count"))
    assert known.encode(["x y", "", "tea x milk"]).toarray().sum(axis=1).tolist() == [0, 0, 2]


@pytest.mark.parametrize("texts", [["", "  "], ["\0"]])
def test_texts_without_a_word_are_refused(texts):
    with pytest.raises(ValueError, match=r"^Texts: expected texts with a word, got none"):
        Texts.fit(texts)


def test_no_texts_are_refused_as_scikit_learn_does():
    with pytest.raises(ValueError, match=r"^Found array with 0 sample\(s\) while .* by Texts\."):
        Texts.fit([])


def test_words_that_are_too_rare_are_unknown():
    known = Texts.fit(["tea tea milk", "sugar milk"], TextFeatures(min_count=2))
    assert known.words == (b"milk", b"tea")
    with pytest.raises(ValueError, match="a word that stands 9 times, got none"):
        Texts.fit(["tea"], TextFeatures(min_count=9))


@pytest.mark.parametrize(("kind", "most"), [("runs", 6), ("pieces", 12)])
def test_of_runs_and_of_pieces_the_most_frequent_are_taken(kind, most):
    texts = drawn(200, ["tea", "milk", *["pots"] * 5])
    pieces = (2, 3) if kind == "pieces" else None
    every = Texts.fit(texts, TextFeatures(char_ngrams=pieces, max_ngrams=None))
    few = Texts.fit(texts, TextFeatures(char_ngrams=pieces, max_ngrams=most))
    numbers, kept = getattr(every, kind), getattr(few, kind)
    found = words_of(texts, lowercase=True)
    _, keys = getattr(every, f"{kind}_of")(found)
    counts = dict(zip(*map(np.ndarray.tolist, different(keys)), strict=True))
    assert 0 < len(kept) <= most < len(numbers)
    least = min(counts[key] for key in kept.tolist())
    left_out = [counts[key] for key in set(numbers.tolist()) - set(kept.tolist())]
    assert max(left_out) < least
    assert left_out.count(max(left_out)) + len(kept) > most
    assert max(left_out) < few.least_counts[kind == "pieces"] <= least
    assert f"{kind} that stand at least {max(left_out) + 1} times" in few.describe()
    assert "at least" not in every.describe()


@given(st.lists(st.integers(1, 9), max_size=30), st.integers(0, 12), st.integers(1, 4))
def test_the_least_count_that_leaves_so_many(counts, most, least):
    counts = np.array(counts, np.int64)
    found = least_count(counts, most, least)
    assert found >= least
    assert (counts >= found).sum() <= most
    assert found == least or (counts >= found - 1).sum() > most


@given(st.sets(st.integers(0, 2**64 - 1), max_size=40), st.lists(st.integers(0, 2**64 - 1)))
def test_places_of_numbers(known, keys):
    known = np.array(sorted(known), np.uint64)
    keys = np.array([*keys, *known.tolist()[::2]], np.uint64)
    places = {key: place for place, key in enumerate(known.tolist())}
    assert Slots(known).places(keys).tolist() == [places.get(key, -1) for key in keys.tolist()]


def test_buckets_are_shared():
    features = TextFeatures(buckets=7, char_ngrams=(2, 4), weighting="count")
    known, free = Texts.fit(TEXTS, features), Texts.fit(
        TEXTS, TextFeatures(char_ngrams=(2, 4), weighting="count")
    )
    assert len(known.runs) == len(known.pieces) == 7
    assert known.runs.max() < 7
    assert known.words == free.words
    sums = [X.toarray()[:, len(free.words) :].sum(axis=1) for X in map_encode(known, free)]
    np.testing.assert_array_equal(*sums)


def map_encode(*vocabularies):
    return [each.encode(TEXTS) for each in vocabularies]


# What grows.


@pytest.mark.parametrize("buckets", [None, 50])
def test_a_vocabulary_that_grows_counts_on(buckets):
    features = TextFeatures(char_ngrams=(2, 3), buckets=buckets, max_ngrams=None)
    first, rest = TEXTS[:20], TEXTS[20:]
    before = Texts.fit([text.replace("milk", "") for text in first], features)
    now = before.grown(rest)
    places = now.places_of(before)
    assert now.words[: len(before.words)] == before.words
    assert len(now.words) > len(before.words)
    np.testing.assert_array_equal(
        np.concatenate([now.runs, now.pieces])[places[len(before.words) :] - len(now.words)],
        np.concatenate([before.runs, before.pieces]),
    )
    assert now.training_texts == len(TEXTS)
    whole = Texts.fit(TEXTS, features)
    assert {*now.words} == {*whole.words}
    added = (now.encode(rest) > 0).sum(axis=0)
    added[places] += before.texts_with
    np.testing.assert_array_equal(now.texts_with, added)


def test_a_vocabulary_that_grows_keeps_its_bounds():
    before = Texts.fit(TEXTS[:20], TextFeatures(max_ngrams=40))
    now = before.grown(drawn(200, ["new", "words", "come", "later"]))
    assert len(now.runs) <= 40
    assert set(before.runs.tolist()) <= set(now.runs.tolist())
    assert {b"new", b"later"} <= set(now.words)


# Files.

EVERY = TextFeatures(
    word_ngrams=3, char_ngrams=(2, 4), lowercase=False, min_count=2, min_ngram_count=2,
    max_ngrams=100, buckets=99, weighting="mean", sign_ngrams=True,
)  # fmt: skip


@pytest.mark.parametrize("features", [TextFeatures(), EVERY], ids=["defaults", "others"])
def test_json_and_back(features):
    known = Texts.learn(TEXTS, Options("test", text_features=features))
    again = Texts.from_json(known.to_json())
    assert again.to_json() == known.to_json()
    assert again.features == features
    assert repr(again) == repr(known)
    for X in (known.encode(TEXTS), known.encode(TEXTS)):  # of training, and anew
        Y = again.encode(TEXTS)
        np.testing.assert_array_equal(X.toarray(), Y.toarray())


DAMAGE = {
    "words": ["!", "", "YQph", 5, "YQpi\n", "ä"],
    "runs": ["AAAA", "!", "AAAAAAAAAAEAAAAAAAAAAA==", None],
    "pieces": ["AAAAAAAAAAA="],
    "training_texts": [0, -1, 2.0, True, 1],
    "texts_with": ["AAAA", "", "AAAAAA=="],
    "least_counts": [[1], [1, -1], [1, "2"], 3],
    "column": [None, 3],
    "features": [{}, None],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in DAMAGE.items() for value in values]
)
def test_damaged_json_is_a_value_error(name, value):
    data = Texts.fit(["a b", "b a c"]).to_json()
    with pytest.raises(ValueError, match="inputs"):
        Texts.from_json({**data, name: value})
    with pytest.raises(ValueError, match="inputs"):
        Texts.from_json({key: item for key, item in data.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("word_ngrams", 0), ("word_ngrams", 11), ("word_ngrams", 2.0), ("word_ngrams", None),
        ("min_count", True), ("min_ngram_count", "2"), ("max_ngrams", 0), ("buckets", -1),
        ("char_ngrams", (3,)), ("char_ngrams", (5, 3)), ("char_ngrams", 3),
        ("char_ngrams", (0, 3)), ("weighting", "bm25"), ("weighting", None),
    ],
)  # fmt: skip
def test_features_that_make_no_sense_are_refused(name, value):
    with pytest.raises(ValueError, match=f"^owner: expected .*{name[:9]}.*got"):
        TextFeatures.checked("owner", **{name: value})


def test_texts_that_have_changed_since_they_were_learned_are_counted_anew():
    texts = ["one two", "two"]
    known = Texts.learn(texts, Options("TextClassifier"))
    expected = known.encode_texts(["one two", "one", "two"]).toarray()
    texts[1:] = ["one", "two"]
    np.testing.assert_array_equal(known.encode(texts).toarray(), expected)


def test_words_of_rows_are_those_of_their_texts():
    texts = ["tea milk tea", "", "sugar tea", "pot"]
    rows = np.array([2, 0, 1, 0, 2])
    found = words_of(texts, lowercase=True).of_rows(rows)
    expected = words_of([texts[row] for row in rows], lowercase=True)
    assert found.count == expected.count == 5
    assert [found.different[number] for number in found.numbers] == [
        expected.different[number] for number in expected.numbers
    ]
    np.testing.assert_array_equal(found.texts, expected.texts)
    known, counts = Texts.of_words(found, TextFeatures())
    again = Texts.fit([texts[row] for row in rows])
    assert known.to_json() == again.to_json()
    weights = again.encode_texts([texts[row] for row in rows])
    np.testing.assert_array_equal(known.weighted(counts).toarray(), weights.toarray())


def test_what_is_computed_once_is_no_part_of_copies():
    known = Texts.fit(TEXTS, TextFeatures(char_ngrams=(2, 3)))
    expected = known.encode(TEXTS[:3]).toarray()
    assert known.slots is known.slots
    for again in (pickle.loads(pickle.dumps(known)), copy.copy(known), copy.deepcopy(known)):
        assert set(vars(again)) == set(Texts.__dataclass_fields__)
        np.testing.assert_array_equal(again.encode(TEXTS[:3]).toarray(), expected)

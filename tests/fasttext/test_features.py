import numpy as np
import pytest

from chainrule.fasttext.dictionary import Dictionary, PruneMap
from chainrule.fasttext.features import character_ngrams, hash_of, line_features
from chainrule.fasttext.settings import Settings


@pytest.mark.parametrize(
    ("name", "value"),
    [("naïve", 3440832043), ("</s>", 3617362777), ("who", 720644751), ("is", 1312329493)],
)
def test_hashes(name, value):
    assert hash_of(name.encode()) == value


def names(*names):
    return [(name.encode(), 1) for name in names]


QUESTION = Dictionary.of_names(names("who", "is", "</s>"), names("__label__a"), 4)


def test_word_ngrams_come_after_all_words():
    line = [b"who", b"is", b"__label__a", b"</s>", b"__label__new"]
    seen = line_features(line, QUESTION, Settings(wordNgrams=3))
    ngrams = [331114, 511623, 1794384]  # who is, who is </s>, is </s>
    assert seen.rows == [0, 1, 2, *(3 + ngram for ngram in ngrams)]
    assert (seen.labels, seen.ntokens) == ([0], 5)
    assert line_features(line, QUESTION, Settings(wordNgrams=2)).rows == [0, 1, 2, 331117, 1794387]


def test_character_ngrams_are_of_whole_characters():
    ngrams = list(character_ngrams("日本".encode(), 2, 3))
    assert [ngram.decode() for ngram in ngrams] == ["<日", "<日本", "日本", "日本>", "本>"]
    assert [hash_of(ngram) % 50 for ngram in ngrams] == [37, 37, 9, 7, 17]


def test_a_bracket_alone_is_no_ngram():
    assert list(character_ngrams(b"a", 1, 3)) == [b"<a", b"<a>", b"a", b"a>"]
    assert list(character_ngrams(b"ab", 3, 9)) == [b"<ab", b"<ab>", b"ab>"]
    assert list(character_ngrams(b"</s>", 1, 3)) == []
    assert list(character_ngrams(b"ab", 2, 0)) == []


def test_bytes_that_continue_no_character_belong_to_what_is_before():
    assert list(character_ngrams(b"\x80a", 1, 1)) == [b"a"]
    assert list(character_ngrams(b"\x80a", 2, 2)) == [b"<\x80a", b"a>"]


def test_unknown_words_have_character_ngrams_only():
    settings = Settings(minn=1, maxn=1, bucket=1000)
    known = line_features([b"who"], QUESTION, settings).rows
    assert known == [0, *(3 + hash_of(letter) % 1000 for letter in (b"w", b"h", b"o"))]
    assert line_features([b"w"], QUESTION, settings).rows == [3 + hash_of(b"w") % 1000]
    assert line_features([b"w"], QUESTION, Settings()).rows == []


def test_pruned_ngrams_have_no_row():
    settings = Settings(minn=1, maxn=1, bucket=1000)
    kept = [hash_of(b"o") % 1000, hash_of(b"w") % 1000]
    pruned = PruneMap(np.array(kept, np.int32), np.array([1, 0], np.int32))
    dictionary = Dictionary.of_names(names("who"), [], 1, pruned)
    assert line_features([b"who"], dictionary, settings).rows == [0, 1, 2]
    none = PruneMap(np.empty(0, np.int32), np.empty(0, np.int32))
    dictionary = Dictionary.of_names(names("who"), [], 1, none)
    assert line_features([b"who", b"x"], dictionary, settings).rows == [0]


def test_labels_by_their_prefix_unless_the_dictionary_knows_better():
    dictionary = Dictionary.of_names(names("__label__word"), names("#a"), 2)
    seen = line_features([b"__label__word", b"#a", b"#b"], dictionary, Settings(wordNgrams=2))
    assert seen.labels == [0]
    assert len(seen.rows) == 2  # the word and an n-gram with #b, an unknown word

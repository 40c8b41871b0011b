"""The machine's tokens and words beside a regular expression's."""

import io
import re
from collections import Counter

import numpy as np
import pytest

from chainrule.data import tokens
from chainrule.data.tokens import Pieces, Splitting, Vocabulary, line_chunks
from chainrule.fasttext import dictionary
from chainrule.fasttext.features import hash_of
from chainrule.fasttext.randomness import MinstdRand


def bytes_from(alphabet: bytes, count: int, seed: int = 1) -> bytes:
    below = MinstdRand(seed).below
    return bytes(alphabet[below(len(alphabet))] for _ in range(count))


def words(vocabulary):
    offsets, lengths = vocabulary.spans()
    store = vocabulary.store.tobytes()
    return [store[at : at + length] for at, length in zip(offsets, lengths, strict=True)]


def in_order(text, vocabulary, source=None):
    names = words(vocabulary)
    return [names[number] for number in vocabulary.add(text if source is None else source)]


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 127, 128, 1000, 20_000])
def test_words_are_those_that_a_regular_expression_finds(count):
    text = bytes_from(b"abc \n\r\t\v\f\0\x85\xa0\x1c", count)
    vocabulary = Vocabulary()
    numbers = vocabulary.add(text)
    expected = list(dictionary.tokens(text))
    assert [words(vocabulary)[number] for number in numbers] == expected
    counted = Counter(expected)
    assert words(vocabulary) == list(counted)  # in the order in which they were met
    assert vocabulary.counts().tolist() == list(counted.values())
    assert vocabulary.hashes().tolist() == [hash_of(word) for word in counted]


@pytest.mark.parametrize("size", [64, 128, 192, 1024])
def test_pieces_of_any_size_have_the_same_tokens(size):
    text = b"".join(b"x" * (n % 150) + b" \n"[n % 2 :] for n in range(400)) + b"the last"
    found = []
    for piece, starts, ends, count in Pieces(io.BytesIO(text), size=size):
        found += [piece[a:b].tobytes() for a, b in zip(starts[:count], ends[:count], strict=True)]
    assert [b"</s>" if token == b"\n" else token for token in found] == list(
        dictionary.tokens(text)
    )


def test_words_are_told_apart_by_any_byte_and_by_their_length():
    same = b"abcdefghijklmnopqrstuvwxyzabcdefghijklmno"
    texts = [same[:length] for length in range(1, len(same))]
    texts += [same[:place] + b"_" + same[place + 1 :] for place in range(len(same))]
    texts += [b"a\x80", b"\xff" * 9, b"\xff" * 17, b"\xff" * 8, b"\xff" * 16]
    vocabulary = Vocabulary()
    numbers = vocabulary.add(b" ".join(texts))
    assert numbers.tolist() == list(range(len(texts)))
    assert vocabulary.add(b" ".join(reversed(texts))).tolist() == numbers[::-1].tolist()
    assert words(vocabulary) == texts


def test_a_vocabulary_grows_and_keeps_its_numbers():
    text = b" ".join(b"%d" % n for n in range(30_000))
    vocabulary = Vocabulary()
    first = vocabulary.add(text)
    assert first.tolist() == list(range(30_000))
    assert vocabulary.add(io.BytesIO(text)).tolist() == first.tolist()
    assert (vocabulary.counts() == 2).all()
    assert vocabulary.begins_with(b"29").sum() == 1 + 10 + 100 + 1000
    assert vocabulary.begins_with(b"").all()


def test_a_literal_end_of_line_is_the_word_that_a_line_feed_is():
    vocabulary = Vocabulary()
    assert vocabulary.add(b"x\n</s> y </s>\n").tolist() == [0, 1, 1, 2, 1, 1]


def test_other_separators_and_no_word_for_a_line_feed():
    separators = np.ones(256, bool)
    separators[list(b"abcdefghijklmnopqrstuvwxyz0123456789")] = False
    separators[128:] = False
    text = "Über 12 Wörter, don't -- x\ny_z 日本。\n".encode() * 40
    vocabulary = Vocabulary(Splitting(separators, line_end=None))
    numbers = vocabulary.add(text)
    expected = re.findall(rb"[a-z0-9\x80-\xff]+", text)
    assert [words(vocabulary)[number] for number in numbers] == expected


def test_a_splitting_that_cannot_be_is_refused():
    with pytest.raises(TypeError, match="256 values of bool"):
        Splitting(np.zeros(3, bool))
    with pytest.raises(ValueError, match="byte 0 to be a separator"):
        Splitting(np.zeros(256, bool))
    only = np.zeros(256, bool)
    only[0] = True
    with pytest.raises(ValueError, match="a line feed, which ends a line"):
        Splitting(only)
    assert Splitting(only, line_end=None).ranges.tolist() == [[0, 0]]


def test_a_word_that_is_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(tokens.kernels, "LONGEST", 999)
    with pytest.raises(ValueError, match="at most 999 bytes"):
        list(Pieces(b"x" * 2000, size=64))


@pytest.mark.parametrize("size", [1, 5, 16, 1000])
def test_chunks_are_whole_lines(size):
    text = b"one\ntwo two\n\na line that is longer than the others\nlast"
    found = list(line_chunks(io.BytesIO(text), size))
    assert b"".join(chunk[:count].tobytes() for chunk, count, _ in found) == text
    assert [last for *_, last in found] == [False] * (len(found) - 1) + [True]
    for chunk, count, last in found:
        assert last or chunk[count - 1] == ord("\n")
        assert not chunk[count:].any()


@pytest.mark.parametrize("source", ["a text", io.StringIO("a text"), [b"a"], None])
def test_what_is_not_bytes_is_refused_by_name(source):
    message = f"expected a text as bytes, or a binary file, got {type(source).__name__}"
    with pytest.raises(TypeError, match=message):
        Vocabulary().add(source)
    with pytest.raises(TypeError, match=message):
        next(line_chunks(source, 10))

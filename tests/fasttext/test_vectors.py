import re
from dataclasses import replace

import numpy as np
import pytest

from chainrule.fasttext.features import character_ngrams, hash_of
from chainrule.fasttext.printing import ngrams_text, sentence_vectors_text, vector_text
from chainrule.fasttext.vectors import read_vectors, write_vectors
from chainrule.files import ModelFileError
from fasttext_cases import model_of, quantised_of


def test_numbers_have_five_digits_and_a_space_each():
    vector = np.array([1, -0.5, 1 / 3, 123456.7, 1e-5, -0.0], np.float32)
    assert vector_text(vector) == b"1 -0.5 0.33333 1.2346e+05 1e-05 -0 "


def test_a_word_s_vector_is_the_mean_of_its_rows():
    model = model_of("tree")
    word = model.dictionary.words[4]
    rows = [4]
    for ngram in character_ngrams(word, 2, 3):
        rows.append(model.dictionary.nwords + hash_of(ngram) % 120)
    mean = model.input.values[rows].astype(np.float64).mean(axis=0)
    assert model.word_vector(word) == pytest.approx(mean, rel=1e-5)
    unit = model.word_vector(word, unit_length=True)
    assert unit == pytest.approx(mean / np.linalg.norm(mean), rel=1e-5)


def test_words_without_rows_have_the_vector_0():
    model = model_of("softmax")
    for unit_length in (False, True):
        assert model.word_vector(b"nobody", unit_length).tolist() == [0] * 5
    assert model.line_vector([b"nobody"]).tolist() == [0] * 5


def test_a_sentence_of_a_model_of_vectors_is_the_mean_at_length_1():
    model = model_of("tree")
    words = model.dictionary.words[3:5]
    unsupervised = replace(model, settings=replace(model.settings, model="cbow"))
    printed = next(sentence_vectors_text(unsupervised, b" ".join(words) + b"\n"))
    units = [model.word_vector(word).astype(np.float64) for word in words]
    mean = sum(unit / np.linalg.norm(unit) for unit in units) / 2
    assert [float(number) for number in printed.split()] == pytest.approx(mean, rel=1e-4)


def test_ngrams_with_their_vectors():
    model = model_of("tree")
    word = model.dictionary.words[4]
    printed = list(ngrams_text(model, word))
    names = [word, *character_ngrams(word, 2, 3)]
    assert [line.split(b" ")[0] for line in printed] == names
    assert printed[0] == word + b" " + vector_text(model.input.values[4]) + b"\n"
    assert list(ngrams_text(quantised_of("one-vs-all, cutoff"), b"nobody")) == []


@pytest.mark.parametrize("unit_length", [False, True])
def test_vectors_that_are_written_are_read(tmp_path, unit_length):
    model, path = model_of("one-vs-all"), tmp_path / "words.vec"
    write_vectors(path, model, unit_length)
    content = path.read_bytes()
    count, dim = model.dictionary.nwords, 5
    assert content.startswith(b"%d %d\n" % (count, dim) + model.dictionary.words[0] + b" ")
    read = read_vectors(path)
    assert read.words == model.dictionary.words
    expected = [model.word_vector(word, unit_length) for word in read.words]
    assert read.values == pytest.approx(np.array(expected), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "it is empty"),
        (b"\x89PNG\r\n", "are no vectors as text: expected two numbers"),
        (b"2 3", "expected two numbers, of words and of their dimensions, in its first line"),
        (b"2 -3\n", "expected two numbers"),
        (b"1 0\na\n", "expected 1 vectors of 0 numbers"),
        (b"99999999 300\na 1\n", "expected 99,999,999 vectors of 300 numbers, got 17 bytes"),
        (b"2 2\na 1 2\n", "is cut off: expected 2 vectors, got 1"),
        (b"1 2\na 1 2\nb 3 4\n", "expected 1 vectors, got more"),
        (b"1 2\na 1 2 3\n", "expected a word and 2 numbers for vector 1, got 4 parts"),
        (b"1 2\na 1 x\n", "expected numbers in vector 1, got another word"),
        (b"1 2\na 1 nan\n", "expected finite numbers in vectors"),
    ],
)
def test_what_is_wrong_with_vectors_is_said(tmp_path, content, expected):
    path = tmp_path / "words.vec"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=rf"words\.vec: .*{re.escape(expected)}"):
        read_vectors(path)


def test_words_have_any_bytes_but_white_space(tmp_path):
    path = tmp_path / "words.vec"
    path.write_bytes(b"2 1\r\ncaf\xe9\xc2\xa0au 1 \r\n\xe2\x80\xa8 -2e-3\n\n")
    read = read_vectors(path)
    assert read.words == [b"caf\xe9\xc2\xa0au", b"\xe2\x80\xa8"]
    assert read.values.tolist() == [[1.0], [np.float32(-2e-3)]]

"""Model files: what is written is read again; other files and impossible models are refused."""

import struct
from dataclasses import replace

import numpy as np
import pytest

from chainrule.fasttext.dictionary import Dictionary
from chainrule.fasttext.matrices import Dense, KeptRows
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.predictions import predict_text
from chainrule.fasttext.randomness import UniformStart
from chainrule.fasttext.reader import read_model
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.training import train_model
from chainrule.fasttext.writer import model_bytes, write_model
from chainrule.files import ModelFileError
from fasttext_cases import model_of, quantised_of

LONG = 2**20
EVERY = ["rare", "tree", "softmax, norms", "one-vs-all, cutoff", "many labels, all"]


@pytest.mark.parametrize("name", EVERY)
def test_what_is_written_is_read(tmp_path, name):
    model, path = quantised_of(name), tmp_path / "model.bin"
    write_model(path, model)
    content = path.read_bytes()
    read = read_model(path)
    assert b"".join(model_bytes(read)) == content
    assert read.settings == replace(model.settings, lr=0.1, minCountLabel=0, seed=0)
    assert read.dictionary.names == model.dictionary.names
    assert (read.dictionary.pruned is None) == (model.dictionary.pruned is None)
    assert type(read.output) is type(model.output)


def by_hand(*, version=12, settings=(), sizes=(2, 1, 1, 9, -1), entries=None, tail=None):
    """Return a model of one word and one label, two numbers each, byte by byte."""
    values = [2, 5, 1, 1, 5, 1, 3, 3, 0, 0, 0, 100]
    for place, value in dict(settings).items():
        values[place] = value
    head = struct.pack("<14id", 793712314, version, *values, 1e-4)
    if entries is None:
        entries = [(b"caf\xe9", 4, 0), (b"__label__a", 2, 1)]
    names = b"".join(name + b"\0" + struct.pack("<qb", *rest) for name, *rest in entries)
    matrices = [struct.pack("<bqq2f", 0, 1, 2, *numbers) for numbers in ((0.5, -1.5), (2.0, 0.25))]
    tail = b"".join(matrices) if tail is None else tail
    return head + struct.pack("<3i2q", *sizes) + names + tail


def read_bytes(tmp_path, content, **options):
    path = tmp_path / "by hand.bin"
    path.write_bytes(content)
    return read_model(path, **options)


def test_a_file_byte_by_byte(tmp_path):
    model = read_bytes(tmp_path, by_hand())
    assert model.settings == Settings(dim=2, epoch=1, bucket=0)
    assert (model.dictionary.words, model.dictionary.labels) == ([b"caf\xe9"], [b"__label__a"])
    assert (model.dictionary.counts.tolist(), model.dictionary.ntokens) == ([4, 2], 9)
    assert model.word_vector(b"caf\xe9").tolist() == [0.5, -1.5]
    assert model.output.take([0]).tolist() == [[2.0, 0.25]]
    assert b"".join(model_bytes(model)) == by_hand()


def test_old_supervised_models_have_no_character_ngrams(tmp_path):
    model = read_bytes(tmp_path, by_hand(version=11, settings={10: 6}))
    assert model.settings.maxn == 0


def test_what_labels_begin_with_is_told(tmp_path):
    model = read_bytes(tmp_path, by_hand(), label="#")
    assert model.settings.label == "#"
    assert model.features([b"#new", b"__label__a", b"caf\xe9"]).labels == [0]


def test_models_of_word_vectors_have_vectors_only(tmp_path):
    model = read_bytes(tmp_path, by_hand(settings={7: 2}))
    assert model.word_vector(b"caf\xe9").tolist() == [0.5, -1.5]
    with pytest.raises(ValueError, match="supervised model, got 'skipgram': it has vectors only"):
        predict_text(model, b"caf\xe9")


TREE = {6: 1}
WIDE = 2**31 - 1
EMPTY = (0, 0, 0, 0, -1)
NO_ROWS = struct.pack("<bqqbqq", 0, 0, WIDE, 0, 0, WIDE)
DENSE = struct.pack("<bqq2f", 0, 1, 2, 1, 1)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is no model of fastText: it is empty"),
        (b"\0\0\0", "cut off or damaged: expected 8 bytes of its beginning, got 3"),
        (b"2 3\nword 1 2 3\n", r"expected 793712314 as its first number.*\.vec.*read_vectors"),
        (by_hand(version=13), "expected a model of version 11 or 12, got 13"),
        (by_hand(version=10), "expected a model of version 11 or 12, got 10"),
        (by_hand(settings={6: 5}), r"expected loss to be 1 \(hs\), 2 .*, got 5"),
        (by_hand(settings={7: 0}), r"expected model to be 1 \(cbow\), 2 .*, got 0"),
        (by_hand(settings={0: 0}), "expected dim to be an integer from 1"),
        (by_hand(settings={0: 3}), "expected 3 columns in the input matrix, .* got 1 × 2"),
        (by_hand(settings={0: WIDE}, sizes=EMPTY, entries=[], tail=NO_ROWS), "bytes of vectors"),
        (by_hand(settings={5: 2}), "expected bucket to be 1 or more, as wordNgrams"),
        (by_hand(settings={5: 2, 8: 7}), "expected 1 [+] 7 rows of the input matrix"),
        (by_hand(sizes=(3, 1, 1, 9, -1)), "got 3 entries, 1 words, 1 labels, 9 tokens"),
        (by_hand(sizes=(0, 1, -1, 9, -1)), "expected a dictionary of words and labels"),
        (by_hand(sizes=(2, 1, 1, 9, -2)), "-2 n-grams"),
        (by_hand(sizes=(2, 1, 1, 9, 0)), "quantised input matrix, as it was pruned, got a dense"),
        (by_hand(sizes=(2, 1, 1, 9, 2**40)), "cut off or damaged.*1,099,511,627,776 n-grams"),
        (by_hand(sizes=(2**31 - 1, 2**31 - 2, 1, 9, -1)), "a dictionary of 2,147,483,647 entries"),
        (by_hand(sizes=(8, 7, 1, 9, -1)), "expected 8 entries of the dictionary, got its end in"),
        (by_hand(entries=[(b"a", 4, 1), (b"b", 2, 0)]), "expected 1 words, then 1 labels"),
        (by_hand(entries=[(b"a", 4, 0), (b"b", 2, 2)]), "expected 1 words, then 1 labels"),
        (by_hand(entries=[(b"a", -4, 0), (b"b", 2, 1)]), "counts of 0 or more, got a negative"),
        (by_hand(entries=[(b"a", 4, 0), (b"a", 2, 1)]), "words and labels, got b'a' twice"),
        (by_hand(settings=TREE, entries=[(b"a", 4, 0), (b"b", 2**60, 1)]), "labels that were seen"),
        (by_hand(tail=b"\2"), "0 or 1 for whether the input matrix is quantised, got 2"),
        (by_hand(tail=struct.pack("<bqq", 0, -1, 2)), "columns in the input matrix"),
        (by_hand(tail=struct.pack("<bqq", 0, 2**61, 2)), "cut off or damaged: expected .* bytes"),
        (by_hand(tail=struct.pack("<bqq2f", 0, 1, 2, 1, np.nan)), "finite numbers in the input"),
        (by_hand(tail=DENSE + struct.pack("<bqq", 0, 0, 2)), "1 rows of the output matrix for lab"),
        (by_hand()[:-1], "expected 8 bytes of the output matrix, got 7"),
        (by_hand() + b"\0", "is damaged: expected its end, got 1 bytes more"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, content, expected):
    with pytest.raises(ModelFileError, match=rf"by hand\.bin: .*{expected}"):
        read_bytes(tmp_path, content)


def quantised_tail(*, size=1, stated=(2, 1, 2, 2), norms=0):
    quantiser = struct.pack("<4i", *stated) + bytes(4 * 256 * 2)
    return struct.pack("<bbqqi", 1, norms, 1, 2, size) + bytes(max(size, 0)) + quantiser


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (quantised_tail(size=2), "expected 1 × 1 codes in the input matrix, got 2"),
        (quantised_tail(size=-1), "expected -1 bytes of the input matrix"),
        (quantised_tail(stated=(2, 1, 0, 2)), "quantiser of dim 2 .* got dim 2, 1 parts of 0"),
        (quantised_tail(stated=(3, 2, 2, 1)), "quantiser of dim 2 .* got dim 3, 2 parts of 2"),
        (quantised_tail(stated=(2, 2, 1, 2)), "the last of 2"),
        (quantised_tail(norms=3), "0 or 1 for whether the input matrix has norms, got 3"),
        (quantised_tail(norms=1), "bytes of the norms of the input matrix"),
    ],
)
def test_what_is_wrong_with_codes_is_said(tmp_path, tail, expected):
    with pytest.raises(ModelFileError, match=expected):
        read_bytes(tmp_path, by_hand(tail=tail))


@pytest.mark.parametrize("loss", ["softmax", "hs", "ova"])
def test_a_model_without_labels_is_written_and_read(tmp_path, loss):
    model = train_model(b"x y\ny z\n", Settings(dim=3, loss=loss))
    write_model(tmp_path / "model.bin", model)
    again = read_model(tmp_path / "model.bin")
    assert again.dictionary.names == model.dictionary.names
    assert b"".join(model_bytes(again)) == (tmp_path / "model.bin").read_bytes()
    assert predict_text(again, b"x y\n", k=2).labels.tolist() == []


def test_long_names_and_many_of_them(tmp_path):
    words = [(b"%d" % number * 7, number) for number in range(40_000)]
    words[3] = (b"x" * (3 * LONG), 5)
    dictionary = Dictionary.of_names(words, [(b"__label__" + b"y" * LONG, 2**40)], 7)
    values = np.arange(40_000, dtype=np.float32)[:, None]
    model = FastTextModel(Settings(dim=1, bucket=0), dictionary, Dense(values), Dense(values[:1]))
    path = tmp_path / "model.bin"
    write_model(path, model)
    read = read_model(path)
    assert read.dictionary.names == dictionary.names
    assert np.array_equal(read.dictionary.counts, dictionary.counts)
    assert np.array_equal(read.input.values, values)
    path.write_bytes(path.read_bytes()[: 5 * LONG])
    with pytest.raises(ModelFileError, match="40,001 entries of the dictionary, got its end in"):
        read_model(path)


def test_rows_that_training_did_not_move_are_written_as_they_were_drawn(tmp_path):
    whole = model_of("one-vs-all")
    rows, dim = whole.input.shape
    start = UniformStart(rows, dim, 0)
    moved = np.flatnonzero((whole.input.values != start.take(np.arange(rows))).any(axis=1))
    assert 0 < len(moved) < rows
    kept = replace(whole, input=KeptRows(moved, whole.input.values[moved], start))
    assert b"".join(model_bytes(kept)) == b"".join(model_bytes(whole))
    everything = np.arange(rows)[::-1]
    assert np.array_equal(kept.input.take(everything), whole.input.values[::-1])


def refused(tmp_path, model, expected):
    path = tmp_path / "model.bin"
    with pytest.raises(ModelFileError, match=expected):
        write_model(path, model)
    assert not path.exists()


def test_models_that_no_file_holds_are_refused(tmp_path):
    model, small = model_of("softmax"), quantised_of("many labels, output")
    other = Dictionary.of_names([(b"a\0b", 1)], [(b"l", 1)], 2)
    twice = Dictionary.of_names([(b"a", 1)], [(b"a", 1)], 2)
    refused(tmp_path, replace(model, dictionary=other), "without the byte 00")
    refused(tmp_path, replace(model, dictionary=twice), "different words and labels, got b'a'")
    dense = replace(small, input=model_of("many labels").input)
    refused(tmp_path, dense, "expected a quantised input matrix, as the output is, got a dense one")
    cut = quantised_of("tree, cutoff")
    wrong = replace(cut, input=Dense(cut.input.take(np.arange(400))))
    refused(tmp_path, wrong, "expected a quantised input matrix, as it was pruned, got a dense one")
    short = Dense(model.input.values[:-1])
    refused(tmp_path, replace(model, input=short), "rows of the input matrix for words and n-grams")


def test_paths_that_are_no_files(tmp_path):
    model = model_of("rare")
    with pytest.raises(ModelFileError, match=r"cannot be written: its folder does not exist"):
        write_model(tmp_path / "no" / "model.bin", model)
    with pytest.raises(ModelFileError, match="cannot be written: it is a folder"):
        write_model(tmp_path, model)
    with pytest.raises(ModelFileError, match="cannot be read: No such file"):
        read_model(tmp_path / "no.bin")
    with pytest.raises(ModelFileError, match="cannot be read: Is a directory"):
        read_model(tmp_path)
    with pytest.raises(ModelFileError, match="cannot be read: it is a device or pipe"):
        read_model("/dev/null")

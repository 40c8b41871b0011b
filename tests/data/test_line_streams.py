"""Text files of labelled lines as streams: their blocks, and what is refused."""

import gzip
import os
import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule import DataStream
from chainrule.cli.text_sources import read_lines
from chainrule.data import DataError
from chainrule.data.labelled_lines import split_lines
from chainrule.data.streams import lines as lines_module

LINES = [
    "\ufeff__label__tea a  cup of\ttea", "", "no label", "__label__milk milk, 日本 tea\r",
    "words __label__tea in between", "x__label__y is a word", "__label__milk", " \0__label__tea z ",
    "__label__tea __label__tea twice", *[f"__label__tea line {n}" for n in range(30)],
]  # fmt: skip


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(lines_module, "BLOCK_BYTES", 64)


def written(path, *lines, end="\n"):
    path.write_text("\n".join(lines) + end, encoding="utf-8", newline="")
    return path


def naive(content):
    texts, labels = [], []
    for line in content.removesuffix("\n").split("\n") if content else ():
        words = [word for word in re.split(r"[ \t\v\f\r\0]+", line) if word]
        found = [word[9:] for word in words if word.startswith("__label__")]
        labels.append(tuple(dict.fromkeys(found)))
        texts.append(" ".join(word for word in words if not word.startswith("__label__")))
    return texts, labels


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["__label__a", "__label__b", "w", " ", "\n", "\n__label__a ",
                                 "\t", "\r", "\0", "é"])).map("".join))  # fmt: skip
def test_lines_are_split_as_they_are_one_by_one(content):
    assert split_lines(content) == naive(content)


@pytest.mark.parametrize("end", ["\n", "", "\n\n"])
@pytest.mark.parametrize("extra", [(), ("__label__a __label__b several",)])
def test_lines_are_those_that_are_read_in_memory(tmp_path, end, extra):
    path = written(tmp_path / "train.txt", *LINES, *extra, end=end)
    stream, known = DataStream(path), read_lines(str(path), labelled=True)
    rows = stream.whole()
    assert rows.raw.columns[0] == known.texts().columns[0]
    assert rows.y.tolist() == known.answers.tolist() == stream.all_answers().tolist()
    assert rows.raw.lines.tolist() == known.lines.tolist()
    assert stream.place_of(3) == "line 7 of train.txt"
    chosen = np.array([1, 5, 30])
    assert stream.at(chosen).raw.columns[0] == [rows.raw.columns[0][row] for row in chosen]
    assert stream.at(chosen).y.tolist() == [rows.y.tolist()[row] for row in chosen]
    assert repr(stream).endswith(f"{len(known)} rows in {len(stream.sizes)} blocks, with labels)")


def test_blocks_begin_with_the_first_line_from_each_64th_byte_on(tmp_path):
    path = written(tmp_path / "any name", *LINES, "__label__tea " + "long " * 40, "__label__tea z")
    content = path.read_bytes()
    starts = [0, *(place + 1 for place, byte in enumerate(content) if byte == 10)][:-1]
    begin = sorted({min(s for s in starts if s >= at) for at in range(0, starts[-1] + 1, 64)})
    blocks = [content[a:b] for a, b in zip(begin, [*begin[1:], len(content)], strict=True)]
    counts = [sum(map(bool, split_lines(b.decode().lstrip("\ufeff"))[1])) for b in blocks]
    assert DataStream(path).sizes == tuple(count for count in counts if count)


def test_lines_without_any_label_are_texts_without_answers(tmp_path):
    path = written(tmp_path / "new.txt", "a cup", "", "of tea" * 20)
    stream = DataStream(path)
    assert (len(stream), stream.labelled, stream.whole().y) == (3, False, None)
    assert stream.whole().raw.columns[0] == ["a cup", "", "of tea" * 20]
    assert DataStream(path, [1, 0, 1]).whole().y.tolist() == [1, 0, 1]


def test_a_folder_of_text_files(tmp_path):
    for name in ("b.txt", "a.txt"):
        written(tmp_path / name, f"__label__x of {name}", "__label__y z")
    stream = DataStream(tmp_path)
    assert stream.whole().raw.columns[0] == ["of a.txt", "z", "of b.txt", "z"]
    assert stream.place_of(2) == "line 1 of b.txt"
    assert [name for name in stream.contents() if "all rows" in name] == [
        "all rows of a.txt (1)", "all rows of b.txt (2)"
    ]  # fmt: skip


def test_what_cannot_be_read_names_file_and_line(tmp_path, monkeypatch):
    path = tmp_path / "t.txt"
    path.write_bytes(b"__label__a tea\n" * 20 + b"__label__b caf\xe9\n")
    with pytest.raises(DataError, match=r"t\.txt, line 21: expected UTF-8, got byte 0xe9"):
        DataStream(path).whole()
    written(path, *["__label__a tea"] * 20, "__label__ tea")
    with pytest.raises(DataError, match=r"t\.txt, line 21: expected a label after __label__, got"):
        list(DataStream(path).answers())
    with pytest.raises(DataError, match="block_rows with an array; the blocks of text files are"):
        DataStream(path, block_rows=3)
    with pytest.raises(DataError, match="lines of texts: expected numbers, got texts"):
        DataStream(path).head(1).part.numbers()
    stream = DataStream(path)
    os.utime(path, (1, 1))
    with pytest.raises(DataError, match="expected the file that was there when the stream was"):
        stream.head(1)
    (tmp_path / "z.txt").write_bytes(gzip.compress(b"__label__a tea\n"))
    with pytest.raises(DataError, match=r"z\.txt: expected a text file as it is.*by gzip"):
        DataStream(tmp_path / "z.txt")
    (tmp_path / "n.txt").write_bytes(b"a\n" + bytes(9))
    with pytest.raises(DataError, match=r"n\.txt: expected text, got NUL bytes"):
        DataStream(tmp_path / "n.txt")
    (tmp_path / "u.txt").write_bytes("__label__a tea\n".encode("utf-16"))
    with pytest.raises(DataError, match=r"u\.txt: expected UTF-8 text, got UTF-16"):
        DataStream(tmp_path / "u.txt")
    with pytest.raises(DataError, match="expected rows, got none"):
        DataStream(written(tmp_path / "e.txt", end=""))
    monkeypatch.setattr(lines_module, "LONGEST_LINE", 100)
    written(path, "__label__a tea", "x" * 300)
    with pytest.raises(DataError, match=r"t\.txt, line 2: expected at most 100 bytes, got more"):
        DataStream(path)

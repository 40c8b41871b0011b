"""Lines of pipes as they arrive: whole ones at once, all of them once."""

import io
import os

import pytest

from chainrule.fasttext.arriving import ArrivingLines


def bytes_of(chunk):
    text, size, _ = chunk
    assert not text[size:].any()
    return text[:size].tobytes()


@pytest.mark.parametrize("size", [64, 100, 4096])
def test_a_file_comes_in_chunks_of_whole_lines(size):
    content = b"".join(b"%d " % n + b"x" * (n % 200) + b"\n" for n in range(300)) + b"the end"
    chunks = [*ArrivingLines(io.BytesIO(content)).chunks(size)]
    assert b"".join(map(bytes_of, chunks)) == content
    assert all(bytes_of(chunk).endswith(b"\n") for chunk in chunks[:-1])
    assert [last for _, _, last in chunks] == [False] * (len(chunks) - 1) + [True]


def test_lines_of_a_pipe_come_before_the_next_are_written():
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as file, open(writing, "wb", buffering=0) as pipe:
        chunks = ArrivingLines(file).chunks(4096)
        pipe.write(b"one\ntwo\nthr")
        assert bytes_of(next(chunks)) == b"one\ntwo\n"
        assert next(chunks) is None
        pipe.write(b"ee")
        assert next(chunks) is None
        pipe.write(b"\nfour")
        assert bytes_of(next(chunks)) == b"three\n"
        assert next(chunks) is None
        pipe.close()
        assert bytes_of(next(chunks)) == b"four"
        with pytest.raises(StopIteration):
            next(chunks)


def test_nothing_is_one_empty_chunk():
    (chunk,) = ArrivingLines(io.BytesIO()).chunks(100)
    assert bytes_of(chunk) == b""
    assert chunk[2]

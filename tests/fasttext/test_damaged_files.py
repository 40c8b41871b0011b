"""Files that are cut off, changed or made up: one clear error, or the model that they are."""

import random
import struct
import tracemalloc
import warnings

import numpy as np
import pytest

from chainrule.fasttext.predictions import predict_text
from chainrule.fasttext.reader import read_model
from chainrule.fasttext.writer import model_bytes
from chainrule.files import ModelFileError
from fasttext_cases import quantised_of

NAMES = (
    "softmax",
    "one-vs-all",
    "tree",
    "negative",
    "softmax, norms",
    "one-vs-all, cutoff",
    "negative, retrained",
    "many labels, all",
)
LINES = "naïve1 word4 日本7 x\n\nwords that nobody knows\n1 2 3 4 Ω8".encode()
KINDS = ("byte", "bit", "int", "long", "float", "cut", "insert", "delete", "more")
ODD = (0, 1, -1, 2, 255, 256, 2**15, 2**31 - 1, -(2**31), 7, 100_000)


def content_of(name):
    return b"".join(model_bytes(quantised_of(name)))


def damaged(content, seed):
    """Return a file with a few things wrong, most of them where a number says how much follows."""
    draw = random.Random(seed)
    content = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        kind = draw.choice(KINDS)
        beginning = draw.random() < 0.4
        place = draw.randrange(min(len(content), 92) if beginning else len(content))
        if kind == "byte":
            content[place] = draw.randrange(256)
        elif kind == "bit":
            content[place] ^= 1 << draw.randrange(8)
        elif kind in ("int", "long", "float"):
            layout, value = {
                "int": ("<i", draw.choice(ODD)),
                "long": ("<q", draw.choice((*ODD, 2**40, 2**62, -(2**63)))),
                "float": ("<f", draw.choice((np.nan, np.inf, 3e38, -3e38, 0.0))),
            }[kind]
            place -= place % 4 * (draw.random() < 0.8)
            content[place : place + struct.calcsize(layout)] = struct.pack(layout, value)
        elif kind == "cut":
            del content[place:]
        elif kind == "insert":
            content[place:place] = draw.randbytes(draw.choice((1, 4, 8, 30)))
        elif kind == "delete":
            del content[place : place + draw.choice((1, 4, 8, 30))]
        else:
            content += draw.randbytes(draw.choice((1, 4, 4000)))
        if not content:
            break
    return bytes(content)


def outcome(path, lines=LINES):
    """Return a damaged file's model and predictions, or the error that it gives."""
    try:
        model = read_model(path)
    except ModelFileError as error:
        return None, str(error)
    try:
        return model, [predict_text(model, lines, k) for k in (1, -1)]
    except ValueError as error:
        return model, str(error)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("group", range(5))
def test_a_damaged_file_is_an_error_or_what_it_says(tmp_path, name, group):
    whole, path = content_of(name), tmp_path / "model"
    for seed in range(10 * group, 10 * group + 10):
        content = damaged(whole, f"{name} {seed}")
        path.write_bytes(content)
        model, result = outcome(path)
        if model is None:
            assert result.startswith(f"{path}: ")
            continue
        assert b"".join(model_bytes(model))[8:] == content[8:] or not_kept(content, model)
        if isinstance(result, str):
            assert "too large" in result or "vectors only" in result
        else:
            assert all(np.isfinite(found.scores).all() for found in result)


def not_kept(content, model):
    """Say whether a file has what no model keeps: a flag of the output without a quantised input.

    Old files have a number of characters, too, that is read as 0.
    """
    rows, dim = model.output.shape
    flag = content[-1 - 16 - 4 * rows * dim]
    return content[4] == 11 or flag == 1


@pytest.mark.parametrize("name", [b"", b"\nx"])
def test_names_that_no_text_has_are_an_error(tmp_path, name):
    content, path = content_of("softmax, norms"), tmp_path / "model.ftz"
    first = quantised_of("softmax, norms").dictionary.names[0]
    assert content.count(first + b"\0") == 1
    path.write_bytes(content.replace(first + b"\0", name + b"\0"))
    with pytest.raises(ModelFileError, match=r"model\.ftz: is damaged: expected names of 1 .* 1$"):
        read_model(path)


def test_every_cut_is_an_error(tmp_path):
    path = tmp_path / "model"
    for name in ("rare", "one-vs-all, cutoff"):
        content = content_of(name)
        places = [*range(200), *range(200, len(content), 37), len(content) - 1]
        for place in places:
            path.write_bytes(content[:place])
            with pytest.raises(ModelFileError, match=r"cut off|empty"):
                read_model(path)


@pytest.mark.parametrize("name", ["softmax", "many labels, all"])
def test_memory_is_not_taken_before_it_is_known_to_be_there(tmp_path, name):
    whole, path = content_of(name), tmp_path / "model"
    for seed in range(25):
        path.write_bytes(damaged(whole, f"memory {seed}"))
        tracemalloc.start()
        outcome(path, b"x\n")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 40 * len(whole) + 2**20


def test_numbers_too_large_to_add_are_an_error(tmp_path):
    content = bytearray(content_of("softmax"))
    rows = quantised_of("softmax").input.shape[0]
    matrix = rows * 5 * 4
    begin = bytes(content).index(struct.pack("<qq", rows, 5)) + 16
    content[begin : begin + matrix] = np.full(rows * 5, 3e38, "<f4").tobytes()
    path = tmp_path / "model"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = read_model(path)
        with pytest.raises(ValueError, match="numbers are too large"):
            predict_text(model, LINES)

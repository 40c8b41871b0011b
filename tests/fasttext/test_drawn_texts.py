"""Texts and settings of all kinds, drawn: the machine beside the textbook, its memory guarded."""

import io
import random

import numpy as np
import pytest

from chainrule.fasttext import prediction, reference
from chainrule.fasttext.prediction import Predictor
from chainrule.fasttext.predictions import predict_text
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.training import train_model
from chainrule.fasttext.writer import model_bytes
from fasttext_guards import guard

BYTES = [*b"abc<>/_", 0xC3, 0xA9, 0x85, 0xE6, 0x97, 0xA5, 0xFF]


def drawn_text(draw, lines):
    """Return lines of odd words, with labels anywhere, white space of all kinds, odd ends."""
    count = draw.randint(1, 25)
    lengths = (draw.choice([1, 2, 3, 5, 9, 17, 30]) for _ in range(count))
    words = [bytes(draw.choice(BYTES) for _ in range(length)) for length in lengths]
    words += [b"</s>", b"__label__", b"x__label__q"]
    labels = [b"__label__%c" % draw.choice(b"abcdefgh") for _ in range(draw.randint(1, 8))]
    text = b""
    for _ in range(lines):
        tokens = [draw.choice(labels) for _ in range(draw.choice([0, 1, 1, 1, 2, 3]))]
        tokens += [draw.choice(words) for _ in range(draw.randint(0, 9))]
        draw.shuffle(tokens)
        text += draw.choice([b" ", b"\t", b"  ", b"\0", b"\r"]).join(tokens)
        text += draw.choice([b"\n", b"\n", b" \n", b"\n\n"])
    return draw.choice([text, text.rstrip(b"\n"), text + b" "])


def drawn_settings(draw):
    """Return settings of which any may meet any other."""
    chosen = {
        "dim": draw.choice([1, 3, 10, 16, 17, 33]),
        "loss": draw.choice(["softmax", "ova", "hs", "ns"]),
        "epoch": draw.randint(1, 4),
        "lr": draw.choice([0.05, 0.5, 2.0]),
        "seed": draw.randint(0, 5),
        "lrUpdateRate": draw.choice([0, 10, 100]),
        "minCount": draw.choice([1, 1, 2]),
        "minCountLabel": draw.choice([0, 0, 2]),
        "neg": draw.choice([0, 1, 5]),
        "bucket": draw.choice([1, 7, 100, 5000]),
        "label": draw.choice(["__label__"] * 4 + ["", "a", "<"]),
        "wordNgrams": draw.choice([1, 1, 2, 4]),
        "maxn": draw.choice([0, 0, 1, 5]),
        "minn": draw.randint(0, 3),
    }
    return Settings(**chosen)


def or_error(function):
    """Return what a function returns, or that it refused."""
    try:
        return function()
    except ValueError:
        return ValueError


@pytest.mark.parametrize("seed", range(24))
def test_models_and_predictions_are_the_textbooks(seed, monkeypatch):
    guard(monkeypatch)
    draw = random.Random(seed)
    text, settings = drawn_text(draw, draw.randint(1, 40)), drawn_settings(draw)
    expected = or_error(lambda: reference.train(text, settings))
    model = or_error(lambda: train_model(io.BytesIO(text), settings))
    if expected is ValueError:
        assert model is ValueError
        return
    assert b"".join(model_bytes(model)) == b"".join(model_bytes(expected))
    asked = drawn_text(draw, draw.randint(0, 20))
    for each in (model, expected):  # one keeps the rows that occur, the other all
        predictor = Predictor(each, draw.choice([1, 2]))
        monkeypatch.setattr(prediction, "CHUNK", draw.choice([30, 2**19]))
        for k, threshold in ((1, 0.0), (3, 0.1), (-1, 0.0)):
            right = predict_text(each, asked, k, threshold)
            found = list(predictor.predict(io.BytesIO(asked), k, threshold))
            counts = np.concatenate([np.diff(part.offsets) for part in found])
            assert counts.tolist() == np.diff(right.offsets).tolist()
            assert np.concatenate([p.labels for p in found]).tolist() == right.labels.tolist()
            assert np.concatenate([p.scores for p in found]).tobytes() == right.scores.tobytes()


def test_a_kernel_that_writes_beyond_an_array_is_found(monkeypatch):
    guard(monkeypatch)
    monkeypatch.setattr("chainrule.fasttext.workspace.FLOATS", 0)  # lists of rows without room
    model = train_model(b"__label__a word\n", Settings(dim=3, minn=2, maxn=3, bucket=50))
    with pytest.raises(AssertionError, match="written behind its"):
        list(Predictor(model).predict(b"word\n"))

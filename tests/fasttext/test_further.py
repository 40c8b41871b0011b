"""Training that goes on, beside fastText's quantised files that were trained after a cutoff."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from chainrule.fasttext.further import train_further
from chainrule.fasttext.matrices import Dense
from chainrule.fasttext.quantising import quantise
from chainrule.fasttext.reference import Trainer
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.training import train_model
from chainrule.fasttext.writer import model_bytes
from fasttext_texts import drawn_text

TEXT = drawn_text(400)
TRIGRAMS = {"wordNgrams": 3, "bucket": 3000}
CHARACTERS = {"minn": 2, "maxn": 4, "bucket": 3000}
BOTH = {"wordNgrams": 2, "minn": 1, "maxn": 3, "bucket": 970, "seed": 5}
FILES = [
    ("softmax", TRIGRAMS, "7399b932b3e804f1d384dc22eb1e0e15a1fbaa0617b51ba263901072cb97bf66"),
    ("ova", CHARACTERS, "48616601d2eb3706183146b7844498d225a5d743300a6ce4bbaabdf8f4ef25ed"),
    ("hs", BOTH, "ecbfb0651947e5512a69bda5138fc9861a175ae27d4ed5dc9bad79074d475699"),
    ("ns", BOTH, "88d9d4d6a42234130afef39de27111d15af716bb8b64a95013a60d1193743072"),
]
"""SHA-256 of what fasttext-community 0.11.9 makes: quantize(cutoff=300, retrain=True, …)."""


@pytest.mark.parametrize(("loss", "features", "expected"), FILES)
def test_a_model_trained_after_a_cutoff_is_fasttexts_to_the_last_bit(loss, features, expected):
    model = train_model(TEXT, Settings(dim=19, loss=loss, **features))
    small = quantise(
        model, cutoff=300, retrain=lambda cut: train_further(cut, TEXT, epoch=2, lr=0.3)
    )
    assert hashlib.sha256(b"".join(model_bytes(small))).hexdigest() == expected


@pytest.mark.parametrize("features", [{}, BOTH])
def test_matrices_of_kept_rows_and_whole_ones_move_alike(features, monkeypatch):
    model = train_model(TEXT, Settings(dim=5, **features))
    rows = np.arange(model.input.shape[0])
    whole = replace(model, input=Dense(model.input.take(rows)))
    before = whole.input.values.copy()
    more = drawn_text(50, seed=3) + b"__label__new __label__red words not known\n"
    kept, dense = (train_further(each, more, epoch=1) for each in (model, whole))
    assert kept.input.take(rows).tobytes() == dense.input.values.tobytes()
    assert kept.output.values.tobytes() == dense.output.values.tobytes()
    assert dense.input.values.tobytes() != before.tobytes()
    assert whole.input.values.tobytes() == before.tobytes()
    monkeypatch.setattr("chainrule.fasttext.further.CHUNK", 200)
    again = train_further(model, more, epoch=1)
    assert again.input.take(rows).tobytes() == dense.input.values.tobytes()


def test_a_line_moves_as_in_the_textbook():
    settings = Settings(dim=5, lrUpdateRate=0, **TRIGRAMS)
    model = train_model(TEXT, settings)
    model = replace(model, dictionary=replace(model.dictionary, ntokens=6))
    found = train_further(model, b"__label__red w1 w2 w3 new\n", epoch=1, lr=0.25)
    rows = np.arange(model.input.shape[0])
    trainer = Trainer(replace(model, input=Dense(model.input.take(rows))))
    line = [b"__label__red", b"w1", b"w2", b"w3", b"new", b"</s>"]
    trainer.step(trainer.model.features(line), np.float32(0.25))
    assert found.input.take(rows).tobytes() == trainer.model.input.values.tobytes()
    assert found.output.values.tobytes() == trainer.model.output.values.tobytes()


def test_what_cannot_be_trained_further_is_refused():
    model = train_model(TEXT, Settings(dim=5, **TRIGRAMS))
    with pytest.raises(ValueError, match="a model that is not quantised"):
        train_further(quantise(model), TEXT)
    for text in (b"", b"w1 w2\n", b"__label__unknown w1\n"):
        with pytest.raises(ValueError, match="lines with a known label and a word, got none"):
            train_further(model, text)
    with pytest.raises(ValueError, match="epoch"):
        train_further(model, TEXT, epoch=0)

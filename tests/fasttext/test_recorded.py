"""Files and prints have the bytes that fastText 0.11.9 gave them, for models of all kinds."""

import hashlib
import re

import pytest

from chainrule.fasttext.predictions import predict_text, score_text
from chainrule.fasttext.printing import (
    predictions_text,
    scores_of_labels_text,
    scores_text,
    sentence_vectors_text,
    vector_text,
)
from chainrule.fasttext.writer import model_bytes
from fasttext_cases import model_of, quantised_of, text_of
from fasttext_recorded import RECORDED


def digest(parts):
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


WHOLE = [name for name in RECORDED if "," not in name]


@pytest.mark.parametrize("name", RECORDED)
def test_a_model_s_file_has_the_same_bytes(name):
    assert digest(model_bytes(quantised_of(name))) == RECORDED[name]["file"]


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize(("k", "threshold"), [(1, 0), (3, 0.05), (-1, 0)])
def test_predictions_are_printed_the_same(name, k, threshold):
    model = quantised_of(name)
    found = predict_text(model, text_of(name), k, threshold)
    printed = predictions_text(model.dictionary.labels, found)
    assert digest(printed) == RECORDED[name][f"predict-prob {k} {threshold}"]


@pytest.mark.parametrize("name", RECORDED)
def test_labels_are_printed_the_same(name):
    model = quantised_of(name)
    found = predict_text(model, text_of(name), 2)
    printed = predictions_text(model.dictionary.labels, found, probabilities=False)
    assert digest(printed) == RECORDED[name]["predict"]


@pytest.mark.parametrize("name", RECORDED)
def test_scores_are_printed_the_same(name):
    model = quantised_of(name)
    scores = score_text(model, text_of(name), 2, 0.01)
    assert scores_text(scores, 2).decode() == RECORDED[name]["test"]
    of_labels = scores_of_labels_text(scores, model.dictionary.labels, 2)
    assert digest(of_labels) == RECORDED[name]["test-label"]


@pytest.mark.parametrize("name", WHOLE)
def test_vectors_are_printed_the_same(name):
    text = text_of(name)
    words = [word for word in text.split()[:200] if not re.search(b"__label__", word)]
    model = model_of(name)
    recorded = RECORDED[name]
    vectors = (word + b" " + vector_text(model.word_vector(word, True)) + b"\n" for word in words)
    assert digest(vectors) == recorded["print-word-vectors"]
    assert digest(sentence_vectors_text(model, text)) == recorded["print-sentence-vectors"]

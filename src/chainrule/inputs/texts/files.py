"""A vocabulary as plain values of a file: numbers are bytes, little-endian, in base64."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import strict_json
from chainrule.inputs.texts.growing import MOST_FEATURES
from chainrule.inputs.texts.packing import (
    packed,
    packed_numbers,
    unpacked,
    unpacked_keys,
    unpacked_numbers,
)
from chainrule.inputs.texts.settings import TextFeatures
from chainrule.inputs.texts.vocabulary import Vocabulary
from chainrule.inputs.texts.words import SEPARATORS

__all__ = ["vocabulary_fields", "vocabulary_values"]

MOST_TEXTS = 2**31


def vocabulary_values(known: Vocabulary) -> dict[str, Any]:
    """Return a vocabulary as plain values."""
    return {
        "features": known.features.to_json(),
        "column": known.column,
        "words": packed(b"\n".join(known.words)),
        "runs": packed_numbers(known.runs, "<u8"),
        "pieces": packed_numbers(known.pieces, "<u8"),
        "training_texts": known.training_texts,
        "texts_with": packed_numbers(known.texts_with, "<i4"),
        "least_counts": list(known.least_counts),
    }


def vocabulary_fields(data: object, names: tuple[str, ...]) -> dict[str, Any]:
    """Check and return what `vocabulary_values` gave as fields; ValueError for anything else."""
    entries = strict_json.record(data, "inputs", names)
    together = unpacked(entries["words"], "words")
    words = tuple(together.split(b"\n"))
    found: dict[str, Any] = {
        "features": TextFeatures.from_json(entries["features"]),
        "column": strict_json.text(entries["column"], "inputs.column", least=0),
        "words": words,
        "runs": unpacked_keys(entries["runs"], "runs"),
        "pieces": unpacked_keys(entries["pieces"], "pieces"),
    }
    texts = strict_json.whole(entries["training_texts"], "inputs.training_texts", 1, MOST_TEXTS)
    with_it = unpacked_numbers(entries["texts_with"], "texts_with", "<i4").astype(np.int32)
    if not all(words) or len(set(words)) != len(words):
        raise ValueError("inputs.words: expected different words, none of them empty")
    codes = np.frombuffer(together, np.uint8)
    if SEPARATORS[codes].sum() != len(words) - 1:
        raise ValueError("inputs.words: expected words without white space")
    least = strict_json.items(entries["least_counts"], "inputs.least_counts", 2, 2)
    runs_at, pieces_at = (
        strict_json.whole(count, "inputs.least_counts", 0, MOST_FEATURES) for count in least
    )
    count = sum(len(found[kind]) for kind in ("words", "runs", "pieces"))
    if len(with_it) != count or with_it.min() < 1 or with_it.max() > texts:
        raise ValueError(f"inputs.texts_with: expected {count} numbers from 1 to {texts}")
    least_counts = (runs_at, pieces_at)
    return {**found, "training_texts": texts, "texts_with": with_it, "least_counts": least_counts}

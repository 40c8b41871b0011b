"""Small texts that are learned and predicted, so that the machine code of texts is compiled."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

from chainrule.estimators.fasttext_classifier import FastTextClassifier
from chainrule.estimators.texts.classifier import TextClassifier
from chainrule.fasttext.settings import LOSSES

__all__ = ["text_compilations"]

TEXTS = ["a cup of tea", "bread and butter", "milk in the tea", "butter on the bread"]
LABELS = ["tea", "bread", "tea", "bread"]
MORE_LABELS = ["tea", "bread", "milk", "butter"]

CHARACTERS: tuple[dict[str, int], ...] = ({}, {"minn": 2, "maxn": 4, "bucket": 100})


def text_compilations() -> list[Callable[[], None]]:
    """Return calls that compile, or find on the disk, the kernels of texts, by their defaults."""
    lists = [[label] for label in LABELS]
    fits: list[Callable[[], None]] = [
        partial(_texts, labels) for labels in (LABELS, MORE_LABELS, lists)
    ]
    for loss, characters in product(LOSSES.values(), CHARACTERS):
        fits.append(partial(_fasttext, loss=loss, **characters))
    fits.append(partial(_fasttext, wordNgrams=2, bucket=100))
    return fits


def _texts(labels: object) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = TextClassifier(max_iter=1, random_state=0).fit(TEXTS, labels)
    model.predict_proba(TEXTS)
    model.transform(TEXTS)


def _fasttext(**parameters: Any) -> None:
    model = FastTextClassifier(epoch=1, **parameters).fit(TEXTS, LABELS)
    model.predict_labels(TEXTS)
    model.transform(TEXTS)
    lines = "\n".join([*TEXTS, ""]).encode()
    for probabilities in (False, True):
        for _ in model._predictor().predict_text(lines, probabilities=probabilities):
            pass

"""fastText's models of a small text: their files, and what they predict."""

from collections.abc import Iterator

import numpy as np

from chainrule.fasttext.prediction import Predictor
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.training import train_model
from chainrule.fasttext.writer import model_bytes

FEATURES: tuple[dict[str, int], ...] = (
    {},
    {"wordNgrams": 2, "minn": 2, "maxn": 3, "bucket": 200},
)


def text(lines: int) -> bytes:
    """Return lines with one label and up to nine words, some of them long."""
    words = ["na\u00efve", "\u65e5\u672c", "seventeen-letters", *(f"w{n}" for n in range(40))]
    found = []
    for n in range(lines):
        chosen = [words[(n * k + k * k) % len(words)] for k in range(1, n % 9 + 2)]
        found.append(f"__label__{n * n % 21} " + " ".join(chosen))
    return ("\n".join(found) + "\n").encode()


def models() -> Iterator[tuple[str, np.ndarray]]:
    """Yield each model's name, and its file or its predictions."""
    for loss in ("softmax", "ova", "hs", "ns"):
        for features in FEATURES:
            name = f"fastText, {loss}, {', '.join(features) or 'words'}"
            model = train_model(text(150), Settings(dim=19, loss=loss, lr=0.5, **features))
            yield f"{name}: file", np.frombuffer(b"".join(model_bytes(model)), np.uint8)
            (found,) = Predictor(model, 1).predict(text(60) + b"unknown w1\n", 3)
            yield f"{name}: labels", found.labels
            yield f"{name}: scores", found.scores

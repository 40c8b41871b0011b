"""What an option stands for where the command line says nothing, by the kind of data."""

from __future__ import annotations

import math
from typing import Any

DEFAULTS: dict[str, Any] = {
    "model": "mlp",
    "layers": "128,64",
    "activation": "relu",
    "optimizer": "adam",
    "patience": 20,
    "dropout": 0.0,
    "bias": True,
    "batch": 32,
    "epochs": 100,
    "schedule": "constant",
    "warm_up": 0.0,
    "l2": 0.0,
    "label_smoothing": 0.0,
    "validation": 0.1,
}

DIGITS: dict[str, Any] = {"layers": "256,128", "bias": False, "l2": 0.003}
"""The notes' softmax(W2 ReLU(W1 ReLU(W0 x))); without a penalty it learns the set by heart."""

_IMAGES: dict[str, dict[str, Any]] = {
    "mlp": {"layers": "256,128", "dropout": 0.2},
    "cnn": {"layers": "128", "dropout": 0.3},
}
_IMAGES_SEEN = {"cnn": 500_000, "mlp": 1_000_000}
_FEWEST_EPOCHS, _MOST_EPOCHS = 10, 60
"""Images are passed over until the number above is seen, within these limits."""


def images_defaults(model: str, count: int) -> dict[str, Any]:
    """Return the defaults of a network for `count` images."""
    passes = math.ceil(_IMAGES_SEEN[model] / max(count, 1))
    return {
        "model": model,
        **_IMAGES[model],
        "batch": 64,
        "epochs": min(max(passes, _FEWEST_EPOCHS), _MOST_EPOCHS),
        "schedule": "cosine",
        "warm_up": 0.5,
    }

"""What the values of options stand for: optimizers, schedules, sizes, changes, weights."""

from __future__ import annotations

import math

from chainrule.data.images import image_size
from chainrule.losses import Huber, Loss, MeanAbsoluteError, MeanSquaredError, Poisson
from chainrule.training import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    Constant,
    Cosine,
    CosLog,
    FlatCosine,
    InverseScaling,
    LinearToZero,
    Optimizer,
    RMSProp,
    Schedule,
    StepDecay,
)
from chainrule.training.augmentation import AUGMENTATIONS, Augmentation

REGRESSION_LOSSES: dict[str, type[Loss]] = {
    "squared": MeanSquaredError,
    "absolute": MeanAbsoluteError,
    "huber": Huber,
    "poisson": Poisson,
}
ENSEMBLE, MLP, CNN = MODELS = ("ensemble", "mlp", "cnn")
"""Several small networks for a table; a multilayer network; a convolutional one for images."""

TEXT = "text"
"""A network of texts, as files call it."""

OF_ONE_NETWORK = (
    "bias",
    "loss",
    "optimizer",
    "schedule",
    "warm_up",
    "l2",
    "clip_norm",
    "augment",
    "double",
)
"""Options that neither an ensemble nor a network of texts has."""

OPTIMIZERS: dict[str, Optimizer] = {
    "adam": Adam(),
    "adamw": AdamW(),
    "sgd": SGD(0.1),
    "momentum": SGD(0.05, momentum=0.9),
    "nesterov": SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": RMSProp(),
    "adagrad": AdaGrad(),
    "gd": SGD(0.5),
}
SCHEDULES: dict[str, Schedule] = {
    "constant": Constant(),
    "inverse-scaling": InverseScaling(),
    "step": StepDecay(),
    "cosine": Cosine(),
    "linear-to-zero": LinearToZero(),
    "flat-cosine": FlatCosine(),
    "coslog": CosLog(),
}
AUGMENTATION_NAMES = {kind.__name__.lower(): kind for kind in AUGMENTATIONS}


def optimizer(name: str, learning_rate: float | None) -> Optimizer | str:
    """Return an optimizer, with its own learning rate or another; or "lbfgs"."""
    if name == "lbfgs":
        return name
    chosen = OPTIMIZERS[name]
    if learning_rate is None:
        return chosen
    return type(chosen)(**{**vars(chosen), "learning_rate": learning_rate})


def hidden_sizes(text: str) -> tuple[int, ...]:
    """Return the sizes of hidden layers from text such as ``256,128``; ``0`` is none."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f"--layers: expected sizes such as 256,128, got {text!r}")
    sizes = tuple(int(part) for part in parts)
    if sizes == (0,):
        return ()
    if 0 in sizes or max(sizes) > 1_000_000:
        raise ValueError(f"--layers: expected sizes from 1 to 1,000,000, got {text!r}")
    return sizes


def image_sides(text: str | None) -> tuple[int, int] | None:
    """Return the height and width of images from text such as ``128`` or ``96x128``."""
    if text is None:
        return None
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f"--size: expected pixels such as 128 or 96x128, got {text!r}")
    try:
        return image_size((int(parts[0]), int(parts[-1])))
    except ValueError as error:
        raise ValueError(f"--{error}") from None


def augmentations(text: str | None) -> tuple[Augmentation, ...]:
    """Return the changes of images that text such as ``shift=2,flip`` stands for."""
    changes = []
    for word in filter(None, (text or "").split(",")):
        name, _, value = word.strip().partition("=")
        kind = AUGMENTATION_NAMES.get(name)
        if kind is None:
            expected = "shift=2,flip; there are " + ", ".join(AUGMENTATION_NAMES)
            raise ValueError(f"--augment: expected changes such as {expected}; got {word!r}")
        try:
            numbers = [float(value)] if value else []
            changes.append(kind(*(int(x) if x.is_integer() else x for x in numbers)))
        except ValueError as error:
            raise ValueError(f"--augment: {error}, got {word!r}") from None
    return tuple(changes)


def class_weights(text: str | None) -> dict[str, float] | str | None:
    """Return the weights of labels in text such as ``spam=3,ham=1``; "balanced" stays."""
    if text in (None, "balanced"):
        return text
    weights = {}
    for word in (text or "").split(","):
        label, _, value = word.rpartition("=")
        try:
            weights[label.strip()] = float(value)
        except ValueError:
            weights[""] = math.nan  # no number, so no label either
    if "" in weights or not all(0 <= weight < math.inf for weight in weights.values()):
        raise ValueError(
            f"--class-weight: expected balanced, or weights such as yes=3,no=1; got {text!r}"
        )
    return weights

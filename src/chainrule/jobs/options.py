"""From the words of a command line to what they mean."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast, get_args

from chainrule.data import Table, Task
from chainrule.functions import ACTIVATIONS
from chainrule.jobs.network import MODELS, REGRESSION_LOSSES, NetworkOptions
from chainrule.jobs.sources import Source
from chainrule.jobs.training import TrainingOptions
from chainrule.training import (
    SGD,
    Adam,
    AdamW,
    Constant,
    Cosine,
    InverseScaling,
    LinearToZero,
    Noise,
    Optimizer,
    RMSProp,
    Schedule,
    StepDecay,
    WarmUp,
)
from chainrule.training.augmentation import AUGMENTATIONS, Augmentation
from chainrule.training.steppers import Engine

_OPTIMIZERS: dict[str, Optimizer] = {
    "adam": Adam(),
    "adamw": AdamW(),
    "sgd": SGD(0.1),
    "momentum": SGD(0.05, momentum=0.9),
    "nesterov": SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": RMSProp(),
    "gd": SGD(0.5),
}
_SCHEDULES: dict[str, Schedule] = {
    "constant": Constant(),
    "inverse-scaling": InverseScaling(),
    "step": StepDecay(),
    "cosine": Cosine(),
    "linear-to-zero": LinearToZero(),
}
OPTIMIZER_NAMES = (*_OPTIMIZERS, "lbfgs")
SCHEDULE_NAMES = tuple(_SCHEDULES)
TASKS = get_args(Task)
ENGINES = get_args(Engine)
AUGMENTATION_NAMES = {kind.__name__.lower(): kind for kind in AUGMENTATIONS}

OF_BATCHES = ("learning_rate", "schedule", "warm_up", "batch", "clip_norm", "augment")
"""Words that mean something for steps on batches alone."""


@dataclass(frozen=True)
class Words:
    """The words of a command line; None where nothing is said. ValueError names a senseless one.

    A loss is a loss of regression, so who names one says that the task is regression.
    """

    data: str
    model: str | None = None
    layers: str | None = None
    activation: str = "relu"
    dropout: float | None = None
    bias: bool | None = None
    loss: str | None = None
    optimizer: str = "adam"
    learning_rate: float | None = None
    schedule: str | None = None
    warm_up: float | None = None
    batch: int | None = None
    epochs: int | None = None
    patience: int = 20
    l2: float | None = None
    clip_norm: float | None = None
    augment: str | None = None
    class_weight: str | None = None
    label_smoothing: float = 0.0
    seed: int = 0
    validation: float = 0.1
    test: float = 0.2
    task: str | None = None
    double: bool = False
    engine: str = "auto"
    threads: int = 0

    def __post_init__(self) -> None:
        """Check each word by itself."""
        choices: dict[str, tuple[str, ...]] = {
            "model": tuple(MODELS),
            "optimizer": OPTIMIZER_NAMES,
            "schedule": SCHEDULE_NAMES,
            "activation": tuple(ACTIVATIONS),
            "loss": tuple(REGRESSION_LOSSES),
            "task": TASKS,
            "engine": ENGINES,
        }
        for name, known in choices.items():
            word = getattr(self, name)
            if word is not None and word not in known:
                raise ValueError(f"--{name}: expected one of {', '.join(known)}, got {word!r}")
        share, least_0, least_1 = "a share from 0 to below 1", "a number >= 0", "a number >= 1"
        ranges: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
            ("dropout", lambda x: 0 <= x < 1, share),
            ("learning_rate", lambda x: 0 <= x < math.inf, least_0),
            ("warm_up", lambda x: 0 <= x < math.inf, least_0),
            ("batch", lambda x: x >= 0, least_0),
            ("epochs", lambda x: x >= 1, least_1),
            ("patience", lambda x: x >= 0, least_0),
            ("l2", lambda x: 0 <= x < math.inf, least_0),
            ("clip_norm", lambda x: 0 < x < math.inf, "a number > 0"),
            ("threads", lambda x: x >= 0, least_0),
            ("seed", lambda x: 0 <= x < 2**32, "a number from 0 to 2**32 - 1"),
            ("label_smoothing", lambda x: 0 <= x < 1, share),
            ("validation", lambda x: 0 <= x < 1, share),
            ("test", lambda x: 0 <= x < 1, share),
        )
        for name, sound, expected in ranges:
            value = getattr(self, name)
            if value is not None and not sound(value):
                option = name.replace("_", "-")
                raise ValueError(f"--{option}: expected {expected}, got {value}")
        if self.layers is not None:
            hidden_sizes(self.layers)
        augmentations(self.augment)
        class_weights(self.class_weight)
        for name in OF_BATCHES if self.optimizer == "lbfgs" else ():
            if getattr(self, name):
                option = name.replace("_", "-")
                raise ValueError(f"--{option}: lbfgs finds its own steps, on all samples alike")
        if self.loss is not None and self.task not in (None, "regression"):
            raise ValueError(f"--loss: {self.loss} is for regression, got --task {self.task}")

    def chosen_optimizer(self, unsaid: Defaults) -> Optimizer | str:
        """Return the optimizer, with its learning rate; or "lbfgs"."""
        if self.optimizer == "lbfgs":
            return "lbfgs"
        chosen = _OPTIMIZERS[self.optimizer]
        rate = unsaid.adam_rate if self.optimizer == "adam" else None
        rate = rate if self.learning_rate is None else self.learning_rate
        return chosen if rate is None else type(chosen)(**{**vars(chosen), "learning_rate": rate})


@dataclass(frozen=True)
class Defaults:
    """What a training takes where nothing is said; ``why`` says it of the kind of network."""

    network: NetworkOptions = field(default_factory=NetworkOptions)
    batch: int = 32
    epochs: int = 100
    schedule: str = "constant"
    warm_up: float = 0.0
    l2: float = 0.0
    adam_rate: float | None = None
    why: str = ""


_DIGITS = Defaults(NetworkOptions("mlp", (256, 128), bias=False), l2=0.003)
"""The notes' softmax(W2 ReLU(W1 ReLU(W0 x))); without a penalty it learns the set by heart."""

_MULTILAYER = NetworkOptions("mlp", (256, 128), dropout=0.2)
_CONVOLUTIONAL = NetworkOptions("cnn", (128,), dropout=0.3)
"""Networks for images."""

_IMAGES_SEEN = {"cnn": 500_000, "mlp": 1_000_000}
_FEWEST_EPOCHS, _MOST_EPOCHS = 10, 60
"""Images are passed over until so many are seen, but so many times at least and at most."""


def defaults(words: Words, source: Source) -> Defaults:
    """Return what is taken where nothing is said, by the kind of data and of network.

    Raises
    ------
    ValueError
        A convolutional network is asked for, and the data are a table.
    """
    if isinstance(source.data, Table):
        if words.model == "cnn":
            raise ValueError(
                f"--model: cnn is for images, and {words.data} is a table; expected --model mlp"
            )
        builtin = words.data == "digits"
        return _DIGITS if builtin else Defaults()
    why = "the data are images, so the network is convolutional (--model mlp: multilayer)"
    network = _MULTILAYER if words.model == "mlp" else _CONVOLUTIONAL
    passes = math.ceil(_IMAGES_SEEN[network.model] / max(len(source), 1))
    return Defaults(
        network=network,
        batch=64,
        epochs=min(max(passes, _FEWEST_EPOCHS), _MOST_EPOCHS),
        schedule="cosine",
        warm_up=0.5,
        adam_rate=0.002 if network.model == "cnn" else None,
        why=why if words.model is None else "",
    )


def training_options(words: Words, source: Source) -> TrainingOptions:
    """Return what the words mean for these data."""
    unsaid = defaults(words, source)
    network = replace(unsaid.network, activation=words.activation)
    if words.layers is not None:
        network = replace(network, layers=hidden_sizes(words.layers))
    for name in ("dropout", "bias", "loss"):
        value = getattr(words, name)
        if value is not None:
            network = replace(network, **{name: value})
    changes = augmentations(words.augment)
    if isinstance(source.data, Table) and not all(isinstance(each, Noise) for each in changes):
        raise ValueError(
            f"--augment: all but noise are for images, and {words.data} is a table; got "
            f"{words.augment!r}"
        )
    schedule = _SCHEDULES[words.schedule or unsaid.schedule]
    warm_up = unsaid.warm_up if words.warm_up is None else words.warm_up
    batch = unsaid.batch if words.batch is None else words.batch
    dtype = "float64" if words.double else None if words.optimizer == "lbfgs" else "float32"
    training = {
        "solver": words.chosen_optimizer(unsaid),
        "learning_rate": WarmUp(warm_up, schedule) if warm_up else schedule,
        "max_iter": unsaid.epochs if words.epochs is None else words.epochs,
        "n_iter_no_change": words.patience or math.inf,
        "clip_norm": words.clip_norm,
        "augmentation": changes or None,
        "random_state": words.seed,
        "dtype": dtype,
        "engine": words.engine,
        "n_jobs": words.threads or None,
    }
    return TrainingOptions(
        network=network,
        training=training,
        batch_size=None if batch == 0 or words.optimizer == "gd" else batch,
        l2=unsaid.l2 if words.l2 is None else words.l2,
        class_weight=class_weights(words.class_weight),
        label_smoothing=words.label_smoothing,
        validation=words.validation,
        test=words.test,
        task=cast("Task | None", "regression" if words.loss else words.task),
        notes=(unsaid.why,) if unsaid.why else (),
    )


def compilations() -> tuple[list[Callable[[], Any]], Path | None]:
    """Return the calls that compile all machine code, and where it is kept, if anywhere."""
    from chainrule.engine.machine import cache
    from chainrule.engine.running import warmup

    return warmup.compilations(_OPTIMIZERS.values()), cache.folder()


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

"""From the words of a command line to what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path
from typing import Any, cast, get_args

from chainrule.data import Task
from chainrule.formulas import Formulas
from chainrule.functions import ACTIVATIONS
from chainrule.jobs.network import REGRESSION_LOSSES, NetworkOptions
from chainrule.jobs.training import TrainingOptions
from chainrule.models import Model
from chainrule.training import (
    SGD,
    Adam,
    AdamW,
    Constant,
    Cosine,
    InverseScaling,
    LinearToZero,
    Optimizer,
    Patience,
    Plan,
    RMSProp,
    Schedule,
    StepDecay,
    WarmUp,
)
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
_PRESETS: dict[str, NetworkOptions] = {"digits": NetworkOptions((256, 128), bias=False)}
"""Networks for built-in sets: digits has the notes' softmax(W2 ReLU(W1 ReLU(W0 x)))."""

_PENALTIES = {"digits": 0.003}
"""Penalties for built-in sets: without one, digits is learned by heart before it is understood."""

OPTIMIZER_NAMES = tuple(_OPTIMIZERS)
SCHEDULE_NAMES = tuple(_SCHEDULES)
TASKS = get_args(Task)
ENGINES = get_args(Engine)


def training_options(
    *,
    data: str,
    layers: str | None,
    activation: str,
    dropout: float,
    bias: bool | None,
    loss: str | None,
    optimizer: str,
    learning_rate: float | None,
    schedule: str,
    warm_up: float,
    batch: int,
    epochs: int,
    patience: int,
    l2: float | None,
    seed: int,
    validation: float,
    test: float,
    task: str | None,
    double: bool,
    engine: str,
    threads: int,
) -> TrainingOptions:
    """Return what the words say; ValueError names the one that makes no sense.

    A loss is a loss of regression, so who names one says that the task is regression.
    """
    choices = (
        ("optimizer", optimizer, OPTIMIZER_NAMES),
        ("schedule", schedule, SCHEDULE_NAMES),
        ("activation", activation, tuple(ACTIVATIONS)),
        ("loss", loss or NetworkOptions.loss, tuple(REGRESSION_LOSSES)),
        ("task", task or TASKS[0], TASKS),
        ("engine", engine, ENGINES),
    )
    for name, word, known in choices:
        if word not in known:
            raise ValueError(f"--{name}: expected one of {', '.join(known)}, got {word!r}")
    ranges = (
        ("dropout", dropout, 0 <= dropout < 1, "a share from 0 to below 1"),
        ("learning-rate", learning_rate, 0 <= (learning_rate or 0) < inf, "a number >= 0"),
        ("warm-up", warm_up, 0 <= warm_up < inf, "a number >= 0"),
        ("batch", batch, batch >= 0, "a number >= 0"),
        ("epochs", epochs, epochs >= 1, "a number >= 1"),
        ("patience", patience, patience >= 0, "a number >= 0"),
        ("l2", l2, 0 <= (l2 or 0) < inf, "a number >= 0"),
        ("threads", threads, threads >= 0, "a number >= 0"),
        ("seed", seed, 0 <= seed < 2**63, "a number from 0 to 2**63 - 1"),
        ("validation", validation, 0 <= validation < 1, "a share from 0 to below 1"),
        ("test", test, 0 <= test < 1, "a share from 0 to below 1"),
    )
    for name, value, sound, expected in ranges:
        if not sound:
            raise ValueError(f"--{name}: expected {expected}, got {value}")
    if loss is not None and task not in (None, "regression"):
        raise ValueError(f"--loss: {loss} is for regression, got --task {task}")
    preset = _PRESETS.get(data, NetworkOptions())
    network = NetworkOptions(
        layers=preset.layers if layers is None else hidden_sizes(layers),
        activation=activation,
        dropout=dropout,
        bias=preset.bias if bias is None else bias,
        loss=loss or NetworkOptions.loss,
    )
    chosen = _OPTIMIZERS[optimizer]
    if learning_rate is not None:
        chosen = type(chosen)(**{**vars(chosen), "learning_rate": learning_rate})
    plan = Plan(
        optimizer=chosen,
        schedule=WarmUp(warm_up, _SCHEDULES[schedule]) if warm_up else _SCHEDULES[schedule],
        batch_size=None if batch == 0 or optimizer == "gd" else batch,
        epochs=epochs,
        l2=_PENALTIES.get(data, 0.0) if l2 is None else l2,
        patience=Patience(patience) if patience else None,
        seed=seed,
    )
    return TrainingOptions(
        network=network,
        plan=plan,
        validation=validation,
        test=test,
        task=cast("Task | None", "regression" if loss else task),
        dtype="float64" if double else "float32",
        engine=cast("Engine", engine),
        threads=threads or None,
    )


def compilations() -> tuple[list[Callable[[], Any]], Path | None]:
    """Return the calls that compile all machine code, and where it is kept, if anywhere."""
    from chainrule.engine import cache, warmup

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


def model_json(model: Model, rules: Mapping[str, Formulas]) -> dict[str, Any]:
    """Return what there is to know about a model."""
    chain = model.chain
    return {
        "formula": chain.formula(),
        "target": model.target.name,
        "task": model.target.task,
        "classes": model.target.classes,
        "input_shape": chain.layers[0].input_shape,
        "parameters": chain.parameters.flat.size,
        "dtype": str(chain.dtype),
        "layers": [
            {
                "function": str(layer.function),
                "output_shape": layer.output_shape,
                "parameters": {name: chain.parameters[name].shape for name in layer.names.values()},
            }
            for layer in chain.layers
        ],
        "formulas": {
            title: {
                "definition": formulas.definition,
                "derivative": formulas.derivative,
                "backprop": formulas.backprop,
                "latex": formulas.latex,
            }
            for title, formulas in rules.items()
        },
        "training": model.facts,
    }


def facts_lines(model: Model) -> list[str]:
    """Return in words what a model predicts and how it was trained."""
    target = model.target
    kind = {"regression": "a number", "binary": "one of two classes"}.get(
        target.task, f"one of {len(target.classes)} classes"
    )
    shown = ", ".join(target.classes[:12]) + (", …" if len(target.classes) > 12 else "")
    lines = [f"predicts {target.name!r}, {kind}" + (f": {shown}" if shown else "")]
    facts = model.facts
    if "data" in facts and "end" in facts:
        lines.append(f"trained on {facts['data']}: {facts['end']}, seed {facts.get('seed')}")
    return lines

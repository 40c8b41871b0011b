"""The options of ``train`` and ``compare``: each is spelled once, and means what stands here."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self, get_args

import typer

from chainrule.cli.arguments import DataArgument, SkipDamagedOption, TargetOption
from chainrule.cli.defaults import DEFAULTS, DIGITS, images_defaults
from chainrule.cli.ensembles import check_ensemble, is_ensemble, share_of_ensemble
from chainrule.cli.option_values import (
    AUGMENTATION_NAMES,
    CNN,
    ENSEMBLE,
    MODELS,
    OPTIMIZERS,
    REGRESSION_LOSSES,
    SCHEDULES,
    augmentations,
    class_weights,
    hidden_sizes,
    image_sides,
)
from chainrule.cli.spelling import spelled
from chainrule.cli.text_options import TextOptions
from chainrule.data import Source, Table
from chainrule.functions import ACTIVATIONS
from chainrule.targets.columns import TaskName
from chainrule.training import Noise
from chainrule.training.plan import Precision
from chainrule.training.steppers import Engine

OPTIMIZER_NAMES = (*OPTIMIZERS, "lbfgs")
PRECISIONS = get_args(Precision)
TASKS = get_args(TaskName)

OF_BATCHES = ("learning_rate", "schedule", "warm_up", "batch", "clip_norm", "augment")
"""Options that mean something for steps on batches alone."""


@dataclass(frozen=True)
class CommandLineOptions(TextOptions):
    """What a command line says of a training, None where it says nothing.

    A loss is a loss of regression, so who names one says that the task is regression.

    Raises
    ------
    ValueError
        An option has no sense; the message names it.
    """

    data: DataArgument
    target: TargetOption = None
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="ensemble: several small networks for a table, and their mean; mlp: one, "
            "multilayer; cnn: a convolutional one for images. By default ensemble for tables, "
            "unless an option describes a network; cnn for images; mlp for the built-in digits.",
        ),
    ] = None
    layers: Annotated[
        str | None, typer.Option(help="Sizes of the hidden layers: 256,128; 0 for none.")
    ] = None
    activation: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help=f"After hidden layers: {', '.join(ACTIVATIONS)}; relu."
        ),
    ] = None
    dropout: Annotated[
        float | None, typer.Option(help="Share of hidden units dropped; 0, but some for images.")
    ] = None
    bias: Annotated[
        bool | None, typer.Option("--bias/--no-bias", help="Biases; digits has none by default.")
    ] = None
    loss: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"Of regression: {', '.join(REGRESSION_LOSSES)}; by default the first. "
            "Classes have cross-entropy.",
        ),
    ] = None
    optimizer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"{', '.join(OPTIMIZER_NAMES)}; gd and lbfgs take the whole set in each step.",
        ),
    ] = None
    learning_rate: Annotated[
        float | None,
        typer.Option(
            "--learning-rate", "-l", help="By default the optimizer's own; 0.002 for Adam and cnn."
        ),
    ] = None
    schedule: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"Of the learning rate: {', '.join(SCHEDULES)}; by default constant, "
            "but cosine for images.",
        ),
    ] = None
    warm_up: Annotated[
        float | None,
        typer.Option(help="Epochs in which the rate rises from 0; 0, but 0.5 for images."),
    ] = None
    batch: Annotated[
        int | None,
        typer.Option("--batch", "-b", help="Samples in a step; 0: all. 32, but 64 for images."),
    ] = None
    epochs: Annotated[
        int | None,
        typer.Option(
            "--epochs",
            "-e",
            help="Passes over the data. 100, but 10 to 60 for images, the fewer the more there "
            "are; of an ensemble at most 60 for classes, 50 for numbers.",
        ),
    ] = None
    patience: Annotated[
        int | None,
        typer.Option(
            help="More epochs in a row without improvement stop; 0: nothing does. 20, but 10 for "
            "an ensemble."
        ),
    ] = None
    l2: Annotated[
        float | None, typer.Option(help="Penalty on squared weights; 0, but 0.003 for digits.")
    ] = None
    clip_norm: Annotated[
        float | None, typer.Option(help="The largest length of a step's gradient; by default any.")
    ] = None
    augment: Annotated[
        str | None,
        typer.Option(
            metavar="CHANGES",
            help="Random changes of training images: shift=2,flip; of "
            f"{', '.join(AUGMENTATION_NAMES)}.",
        ),
    ] = None
    class_weight: Annotated[
        str | None,
        typer.Option(
            metavar="WEIGHTS", help="balanced gives all classes the same share; or yes=3,no=1."
        ),
    ] = None
    label_smoothing: Annotated[
        float | None, typer.Option(help="Share of certainty that labels lose to all classes alike.")
    ] = None
    seed: Annotated[int, typer.Option("--seed", "-s", help="Of everything random.")] = 0
    scoring: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What is watched on the share held out, by scikit-learn's name: accuracy, "
            "neg_log_loss, roc_auc, r2, neg_mean_absolute_error, …; or loss, the default of one "
            "network.",
        ),
    ] = None
    max_seconds: Annotated[
        float | None,
        typer.Option(help="Training of an ensemble ends after so many, with the best so far."),
    ] = None
    validation: Annotated[
        float | None,
        typer.Option(help="Share held out to stop early; 0.1, but 0.2 for an ensemble."),
    ] = None
    test: Annotated[
        str,
        typer.Option(
            metavar="SHARE|FILE",
            help="Share held out for the scores at the end, or a table of its own to score.",
        ),
    ] = "0.2"
    task: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"{', '.join(TASKS)}; by default found from the target."),
    ] = None
    double: Annotated[bool, typer.Option(help="Compute in float64.")] = False
    precision: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Of products of Linear layers in training: float32; bfloat16, faster on AMD's Zen "
            "4 and later; bfloat16_blocks, faster on Intel's Xeons from Sapphire Rapids on.",
        ),
    ] = "float32"
    size: Annotated[
        str | None,
        typer.Option(
            metavar="PIXELS",
            help="Of image files as the network sees them: 128, or 96x128, high and wide; by "
            "default at most 64.",
        ),
    ] = None
    skip_damaged: SkipDamagedOption = False
    engine: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Who computes: machine code, the reference in NumPy, or auto: what can.",
        ),
    ] = "auto"
    threads: Annotated[
        int, typer.Option(help="Of machine code; 0: as many as pay. No digit depends on it.")
    ] = 0

    def __post_init__(self) -> None:
        """Check each option by itself, and those that go together."""
        super().__post_init__()
        self._check_choices()
        self._check_ranges()
        if self.layers is not None:
            hidden_sizes(self.layers)
        augmentations(self.augment)
        class_weights(self.class_weight)
        image_sides(self.size)
        self._check_together()

    def _check_choices(self) -> None:
        """Raise ValueError for a word that is none of those known."""
        choices: dict[str, tuple[str, ...]] = {
            "model": MODELS,
            "optimizer": OPTIMIZER_NAMES,
            "schedule": tuple(SCHEDULES),
            "activation": tuple(ACTIVATIONS),
            "loss": tuple(REGRESSION_LOSSES),
            "task": TASKS,
            "engine": get_args(Engine),
            "precision": PRECISIONS,
        }
        for name, known in choices.items():
            word = getattr(self, name)
            if word is not None and word not in known:
                raise ValueError(f"--{name}: expected one of {', '.join(known)}, got {word!r}")

    def _check_ranges(self) -> None:
        """Raise ValueError for a number out of range."""
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
            ("test_share", lambda x: 0 <= x < 1, share),
            ("max_seconds", lambda x: 0 < x < math.inf, "a number > 0"),
        )
        for name, sound, expected in ranges:
            value = getattr(self, name)
            if value is not None and not sound(value):
                option = spelled(name.removesuffix("_share"))
                raise ValueError(f"{option}: expected {expected}, got {value}")

    def _check_together(self) -> None:
        """Raise ValueError for options of which one excludes another."""
        for name in OF_BATCHES if self.optimizer == "lbfgs" else ():
            if getattr(self, name):
                raise ValueError(
                    f"{spelled(name)}: lbfgs finds its own steps, on all samples alike"
                )
        others = {
            "--double": self.double,
            "--optimizer lbfgs": self.optimizer == "lbfgs",
            "--engine reference": self.engine == "reference",
        }
        for other in (option for option, said in others.items() if said):
            if self.precision != "float32":
                raise ValueError(f"--precision: {self.precision} does not go with {other}")
        if self.loss is not None and self.task not in (None, "regression"):
            raise ValueError(f"--loss: {self.loss} is for regression, got --task {self.task}")

    @property
    def test_share(self) -> float | None:
        """The share that is held out for the test, None where that is a table of its own."""
        try:
            return float(self.test)
        except ValueError:
            return None

    def with_defaults(self, source: Source) -> Self:
        """Return options for these data in which all is said that has a default by their kind.

        Raises
        ------
        ValueError
            An option is for images, and the data are a table.
        """
        table = isinstance(source.data, Table)
        if self.model == ENSEMBLE if not table else self.model == CNN:
            kind, other = ("a table", "images") if table else ("images", "tables")
            raise ValueError(
                f"--model: {self.model} is for {other}, and {self.data} is {kind}; expected "
                "--model mlp"
            )
        if table and is_ensemble(self):
            check_ensemble(self)
            share = share_of_ensemble(self.validation, len(source))
            return replace(self, model=ENSEMBLE, validation=share)
        if self.max_seconds is not None:
            raise ValueError(
                "--max-seconds: expected the ensemble of a table (--model ensemble), which ends "
                "in time; --epochs limits other networks"
            )
        if table:
            if not all(isinstance(each, Noise) for each in augmentations(self.augment)):
                raise ValueError(
                    f"--augment: all but noise are for images, and {self.data} is a table; got "
                    f"{self.augment!r}"
                )
            defaults = {**DEFAULTS, **(DIGITS if self.data == "digits" else {})}
        else:
            defaults = {**DEFAULTS, **images_defaults(self.model or "cnn", len(source))}
            if defaults["model"] == "cnn" and self.optimizer in (None, "adam"):
                defaults["learning_rate"] = 0.002
        if self.optimizer == "lbfgs":
            defaults = {name: each for name, each in defaults.items() if name not in OF_BATCHES}
        return replace(
            self, **{name: each for name, each in defaults.items() if getattr(self, name) is None}
        )

"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chainrule.functions import ACTIVATIONS
from chainrule.jobs import options as choices

DataArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A built-in set (digits, iris, wine, breast_cancer, diabetes), a CSV file with a "
        "header, a folder of images with one folder a class, or a folder with MNIST's files.",
    ),
]
ModelArgument = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A model file that chainrule train has saved.")
]
FileArgument = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL", help="A file that chainrule train, or an estimator's save, has written."
    ),
]
TargetOption = Annotated[
    str | None, typer.Option("--target", "-t", help="The column of the table to be predicted.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
LayersOption = Annotated[
    str | None, typer.Option(help="Sizes of the hidden layers: 256,128; 0 for none.")
]
ActivationOption = Annotated[
    str, typer.Option(metavar="NAME", help=f"After hidden layers: {', '.join(ACTIVATIONS)}.")
]
RateOption = Annotated[
    float | None,
    typer.Option(
        "--learning-rate", "-l", help="By default the optimizer's own; 0.002 for Adam and cnn."
    ),
]
BatchOption = Annotated[
    int | None,
    typer.Option("--batch", "-b", help="Samples in a step; 0: all. 32, but 64 for images."),
]
EpochsOption = Annotated[
    int | None,
    typer.Option(
        "--epochs",
        "-e",
        help="Passes over the data. 100, but 10 to 60 for images, the fewer the more there are.",
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", "-s", help="Of everything random.")]
TaskOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help=f"{', '.join(choices.TASKS)}; by default found from the target."
    ),
]
DoubleOption = Annotated[bool, typer.Option(help="Compute in float64.")]
ThreadsOption = Annotated[
    int, typer.Option(help="Of machine code; 0: as many as pay. No digit depends on it.")
]

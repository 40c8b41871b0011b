"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A built-in set (digits, iris, wine, breast_cancer, diabetes), a table (CSV, Parquet, "
        "Excel, or - for standard input), a text file of lines with labels such as __label__x, a "
        "folder of images with one folder a class, or a folder with MNIST's files.",
    ),
]
EvaluatedArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A built-in set, a table (CSV, Parquet, Excel, or - for standard input), a folder of "
        "Parquet or Arrow files, a text file of lines with labels, a folder of images with one "
        "folder a class, or a folder with MNIST's files.",
    ),
]
PredictedArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="DATA...",
        help="A built-in set, a table (CSV, Parquet, Excel, or - for standard input), a folder of "
        "Parquet or Arrow files, a text file with a text on each line, or images: files, folders, "
        "or a pattern such as 'photos/*.jpg'.",
    ),
]
SkipDamagedOption = Annotated[
    bool, typer.Option("--skip-damaged", help="Leave out image files that cannot be read.")
]
ModelArgument = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL", help="A file that chainrule train, or an estimator's save, has written."
    ),
]
TargetOption = Annotated[
    str | None, typer.Option("--target", "-t", help="The column of the table to be predicted.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
ForceOption = Annotated[
    bool, typer.Option("--force", "-f", help="Overwrite the file that is there already.")
]

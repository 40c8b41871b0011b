"""The options of fastText's commands that train: its names, its defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from chainrule.cli.fasttext_files import check_threads
from chainrule.fasttext.settings import Settings, float32_of

LOSSES = {"softmax": "softmax", "hs": "hs", "ns": "ns", "ova": "ova", "one-vs-all": "ova"}
GIVEN_AS_FLOAT = ("lr", "t")
NAMES = ["dim", "ws", "epoch", "minCount", "minCountLabel", "neg", "wordNgrams", "bucket"]
NAMES += ["minn", "maxn", "lrUpdateRate", "label", "seed"]

Threads = Annotated[
    int | None,
    typer.Option(
        "-thread", help="Threads; any number gives the same result.", show_default="all processors"
    ),
]
Verbose = Annotated[int, typer.Option("-verbose", help="0: silent; 1: a summary; 2: progress.")]
Input = Annotated[
    str, typer.Option("-input", help="Training text, a line for each sample; - for standard input.")
]
Output = Annotated[str, typer.Option("-output", help="Files' name, without .bin, .ftz, .vec.")]
LearningRate = Annotated[
    float | None, typer.Option("-lr", help="Learning rate.", show_default="0.1")
]
Epochs = Annotated[int, typer.Option("-epoch", help="Passes over the text.")]


@dataclass(frozen=True)
class TrainingOptions:
    """What ``supervised`` is called with."""

    input: Input
    output: Output
    lr: LearningRate = None
    lrUpdateRate: Annotated[  # noqa: N815
        int, typer.Option("-lrUpdateRate", help="Tokens until the rate is set anew.")
    ] = 100
    dim: Annotated[int, typer.Option("-dim", help="Numbers of a vector.")] = 100
    ws: Annotated[int, typer.Option("-ws", help="Kept in the file, and not used.")] = 5
    epoch: Epochs = 5
    minCount: Annotated[  # noqa: N815
        int, typer.Option("-minCount", help="Rarer words are dropped.")
    ] = 1
    minCountLabel: Annotated[  # noqa: N815
        int, typer.Option("-minCountLabel", help="Rarer labels are dropped.")
    ] = 0
    neg: Annotated[int, typer.Option("-neg", help="Labels drawn as negatives (ns).")] = 5
    wordNgrams: Annotated[  # noqa: N815
        int, typer.Option("-wordNgrams", help="Words of the longest n-gram.")
    ] = 1
    loss: Annotated[str, typer.Option("-loss", help="softmax, hs, ns, or ova (one-vs-all).")] = (
        "softmax"
    )
    bucket: Annotated[int, typer.Option("-bucket", help="Rows that n-grams share.")] = 2_000_000
    minn: Annotated[int, typer.Option("-minn", help="Characters of the shortest n-gram.")] = 0
    maxn: Annotated[int, typer.Option("-maxn", help="Characters of the longest n-gram.")] = 0
    t: Annotated[
        float | None,
        typer.Option("-t", help="Kept in the file, and not used.", show_default="0.0001"),
    ] = None
    label: Annotated[str, typer.Option("-label", help="What labels begin with.")] = "__label__"
    pretrainedVectors: Annotated[  # noqa: N815
        str | None,
        typer.Option("-pretrainedVectors", help="A .vec file that words' vectors begin with."),
    ] = None
    saveOutput: Annotated[  # noqa: N815
        bool, typer.Option("-saveOutput", help="Write labels' vectors, too, as .output.")
    ] = False
    seed: Annotated[int, typer.Option("-seed", help="Of the random numbers.")] = 0
    thread: Threads = None
    verbose: Verbose = 2

    def settings(self) -> Settings:
        """Return what the model is trained with; numbers are read as fastText reads them.

        Raises
        ------
        ValueError
            One of them makes no sense.
        """
        if self.loss not in LOSSES:
            raise ValueError(f"-loss: expected {', '.join(LOSSES)}, got {self.loss!r}")
        given = {name: getattr(self, name) for name in NAMES}
        for name in GIVEN_AS_FLOAT:
            if getattr(self, name) is not None:
                given[name] = float32_of(getattr(self, name))
        check_threads(self.thread)
        return Settings(loss=LOSSES[self.loss], **given).for_training()


@dataclass(frozen=True)
class QuantizeOptions:
    """What ``quantize`` is called with."""

    output: Output
    input: Annotated[
        str | None, typer.Option("-input", help="The text for -retrain; - for standard input.")
    ] = None
    cutoff: Annotated[
        int, typer.Option("-cutoff", help="Words and n-grams that are kept; 0: all.")
    ] = 0
    retrain: Annotated[
        bool, typer.Option("-retrain", help="Train what the cutoff leaves on -input.")
    ] = False
    qnorm: Annotated[bool, typer.Option("-qnorm", help="Quantise lengths by themselves.")] = False
    qout: Annotated[bool, typer.Option("-qout", help="Quantise labels' vectors, too.")] = False
    dsub: Annotated[int, typer.Option("-dsub", help="Numbers that a code stands for.")] = 2
    lr: Annotated[
        float | None, typer.Option("-lr", help="Learning rate of -retrain.", show_default="0.05")
    ] = None
    epoch: Epochs = 5
    thread: Threads = None
    verbose: Verbose = 2

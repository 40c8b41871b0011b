"""The checkpoint of a training: whether it may be written, or gone on from, and when it goes."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.files.container import kind_of_file
from chainrule.interruption import interruption

if TYPE_CHECKING:
    from chainrule.estimators.checkpoints import FitCheckpoint

__all__ = ["CheckpointOption", "EveryOption", "KeptTraining", "ResumeOption"]

PANEL = "Checkpoints"
OUTPUT = "output"

CheckpointOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        rich_help_panel=PANEL,
        help="Keeps the training in FILE while it goes on, so that it can go on from there after "
        "Ctrl-C, a full disk or a loss of power, with the same bits. It goes once the model is "
        "saved.",
    ),
]
EveryOption = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        rich_help_panel=PANEL,
        help="From one checkpoint to the next, at least; 60. They take at most 2 % of the time.",
    ),
]
ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume",
        rich_help_panel=PANEL,
        help="Go on from the checkpoint if it is there, with the same data and options.",
    ),
]


class KeptTraining:
    """What a command line says of a checkpoint.

    Parameters
    ----------
    path : Path or None
        Of the file, if there is to be one.
    every : float or None
        Seconds from one to the next, at least.
    resume : bool
        Whether to go on from the file, if it is there.
    inputs : str or Path
        Files that are read, and must not be lost.

    Raises
    ------
    ValueError
        The options make no sense together, or another file would be lost.
    """

    def __init__(
        self, path: Path | None, every: float | None, *inputs: str | Path, resume: bool
    ) -> None:
        self.checkpoint: FitCheckpoint | None = None
        self.resumed, self.may_resume = False, resume
        if path is None:
            if resume or every is not None:
                option = "--resume" if resume else "--checkpoint-every"
                raise ValueError(f"{option}: expected --checkpoint FILE with it, got none")
            return
        from chainrule.estimators.checkpoints import FitCheckpoint

        _check(path, inputs, resume=resume)
        self.checkpoint = FitCheckpoint(path, every)
        self.checkpoint.again = "the same command with --resume"
        self.checkpoint.read()
        self.resumed = self.checkpoint.found

    @property
    def output(self) -> Path | None:
        """Where the training that goes on was to save its model."""
        noted = None if self.checkpoint is None else self.checkpoint.notes.get(OUTPUT)
        return Path(noted) if isinstance(noted, str) else None

    def begin(self, estimator: Any, output: Path) -> FitCheckpoint | None:
        """Return what keeps an estimator's fit, which goes on from the file if it is there."""
        if self.checkpoint is not None:
            self.checkpoint.begin(estimator)
            self.checkpoint.notes[OUTPUT] = os.path.realpath(output)
        return self.checkpoint

    def notes(self) -> list[str]:
        """Return what there is to say before training."""
        if self.checkpoint is None or not self.may_resume:
            return []
        path = self.checkpoint.path
        if self.resumed:
            return [f"training goes on from {path}"]
        return [f"there is no {path} yet, so training begins anew"]

    def interrupted(self) -> list[str]:
        """Return what there is to say where training has been interrupted."""
        if self.checkpoint is None:
            return []
        return [f"{self.checkpoint.again} goes on from {self.checkpoint.path}"]

    def save(self, estimator: Any, output: Path) -> None:
        """Save a model; once it is that of the whole training, the checkpoint goes."""
        with interruption.held_off():
            estimator.save(output)
            if self.checkpoint is not None and estimator.history_.end != "interrupted":
                with suppress(OSError):
                    self.checkpoint.remove()


def _check(path: Path, inputs: tuple[str | Path, ...], *, resume: bool) -> None:
    """Raise ValueError where another file would be lost, or a training."""
    for read in map(Path, inputs):
        same = path.samefile(read) if path.exists() and read.exists() else path == read
        if same:
            raise ValueError(f"--checkpoint: {path} has another purpose; another name was expected")
    if not path.is_file() or resume:
        return
    if path.stat().st_size and kind_of_file(path) != "checkpoint":
        raise ValueError(
            f"--checkpoint: {path} is there already and is no checkpoint; another name was expected"
        )
    raise ValueError(
        f"--checkpoint: {path} is there already: --resume goes on from it; once it is deleted, or "
        "with another name, training begins anew"
    )

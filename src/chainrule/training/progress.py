"""A progress bar: epoch, loss, score, speed and time left."""

from __future__ import annotations

from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from chainrule.training.history import Epoch, History


class ProgressBar:
    """A :class:`~chainrule.training.Reporter` that draws a bar on a terminal.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to draw; standard error by default, so that results can be piped.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[scores]}"),
            TextColumn("[dim]{task.fields[speed]}[/dim]"),
            TimeRemainingColumn(compact=True),
            console=self.console,
            refresh_per_second=5,
        )

    def __repr__(self) -> str:
        return "ProgressBar()"

    def started(self, epochs: int, samples: int) -> None:
        """Draw the bar, for epochs of ``samples`` samples."""
        self._epochs, self._done, self._seen, self._already = epochs, 0, 0, 0
        self._scores, self._begin = "", perf_counter()
        for task in self._progress.task_ids:  # of a training before
            self._progress.remove_task(task)
        self._task = self._progress.add_task(
            "", total=epochs * samples, epoch=f"0/{epochs}", scores="", speed=""
        )
        self._progress.start()

    def resumed(self, epochs: int, samples: int) -> None:
        """Move the bar to where a training goes on: after epochs, and so many samples in all."""
        self._done, self._already = epochs, samples
        self._progress.update(self._task, completed=samples, epoch=f"{epochs}/{self._epochs}")

    def stepped(self, samples: int, loss: float) -> None:
        """Move the bar by the samples of some steps; the last one had this loss."""
        self._seen += samples
        speed = self._seen / max(perf_counter() - self._begin, 1e-9)
        self._progress.update(
            self._task,
            advance=samples,
            epoch=f"{self._done + 1}/{self._epochs}",
            scores=self._scores or f"loss {_figure(loss)}",
            speed=f"{_short(speed)} samples/s",
        )

    def finished(self, epoch: Epoch) -> None:
        """Show the loss and scores of an epoch."""
        self._done = epoch.number
        parts = [f"loss {_figure(epoch.loss)}"]
        if epoch.validation_score is not None:
            parts.append(f"validation score {_figure(epoch.validation_score)}")
        elif epoch.validation_loss is not None:
            parts.append(f"validation loss {_figure(epoch.validation_loss)}")
        self._scores = "  ".join(parts)
        self._progress.update(
            self._task, epoch=f"{epoch.number}/{self._epochs}", scores=self._scores
        )

    def ended(self, history: History) -> None:
        """Draw the bar a last time, full if the history ends early as it should."""
        if history.end in ("converged", "validation"):
            self._progress.update(self._task, total=self._already + self._seen)
        self._progress.stop()


def _short(number: float) -> str:
    """Return a number with three digits: 12.3k, 4.56M."""
    rounded = float(f"{number:.3g}")  # first, for 999.9 is 1k
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if rounded >= limit:
            return f"{rounded / limit:.3g}{unit}"
    return f"{rounded:.3g}"


def _figure(number: float) -> str:
    """Return a loss or score with four decimals, or as 6.33e+22 where that would be long."""
    return f"{number:.4f}" if abs(number) < 1e5 else f"{number:.3g}"

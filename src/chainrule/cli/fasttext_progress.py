"""What is said while fastText's model trains: to standard error, and as often as -verbose wants."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

from chainrule.fasttext.dictionary import Dictionary
from chainrule.memory import size_text

__all__ = ["TrainingProgress"]

LARGE = 10**9
"""Bytes of a file that takes seconds."""

BETWEEN = 0.1
"""Seconds between two lines of progress, which overwrite each other."""


class TrainingProgress:
    """Tells how far training is; a file gets the last line only.

    Parameters
    ----------
    verbose : int
        0: nothing; 1: what was read, and the end; 2: progress, too.
    lr : float
        The learning rate at the beginning.
    epochs : int
        Passes over the text.
    """

    def __init__(self, verbose: int, lr: float, epochs: int) -> None:
        self.verbose, self.lr, self.epochs = verbose, lr, epochs
        self.begin = self.told = perf_counter()
        self.tokens = 0

    def dictionary(self, known: Dictionary) -> None:
        """Tell what the text has."""
        self.tokens = known.ntokens * self.epochs
        self.begin = self.told = perf_counter()
        if self.verbose > 0:
            self._write(f"Read {known.ntokens:,} words\n")
            self._write(f"Number of words:  {known.nwords:,}\n")
            self._write(f"Number of labels: {known.nlabels:,}\n")

    def goes_on(self, share: float) -> bool:
        """Tell which share of the training is done."""
        now = perf_counter()
        if self.verbose > 1 and sys.stderr.isatty() and now - self.told >= BETWEEN:
            self.told = now
            self._write(f"\r{self._line(share, now)}")
        return True

    def end(self) -> None:
        """Tell that all is done."""
        if self.verbose > 0:
            beginning = "\r" if sys.stderr.isatty() else ""
            self._write(f"{beginning}{self._line(1.0, perf_counter())}\n")

    def writing(self, path: Path, size: int) -> None:
        """Tell that a large file is written, which takes a while."""
        if self.verbose > 0 and size >= LARGE:
            self._write(f"Writing {path}, {size_text(size)}\n")

    def _line(self, share: float, now: float) -> str:
        seconds = max(now - self.begin, 1e-9)
        left = seconds * (1 - share) / max(share, 1e-9)
        return (
            f"Progress: {100 * share:5.1f}%  words/sec: {int(share * self.tokens / seconds):12,}  "
            f"lr: {self.lr * (1 - share):9.6f}  ETA: {int(left):6,} s"
        )

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()

"""fastText's predictions of many lines, by machine code: in chunks, on threads, in their order.

What is kept of a text is a few chunks of whole lines, however long it is. A line's result does not
depend on the lines beside it, nor on the number of threads.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from numbers import Integral, Real
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from chainrule.data.tokens import BLOCK, line_chunks
from chainrule.engine.machine.availability import processors
from chainrule.fasttext.arriving import ArrivingLines, Chunk
from chainrule.fasttext.line_predictions import LinePredictions
from chainrule.fasttext.line_text import Names, prediction_lines
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.predictions import LabelScores
from chainrule.fasttext.prepared import InputRows, Outputs, Words
from chainrule.fasttext.workspace import Workspace

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Predictor", "checked_threads"]

CHUNK = 1 << 19
"""Bytes of whole lines that are taken at once, where a line does not ask for many numbers."""
MOST = 1 << 20
"""Numbers, about, that are made of so many bytes, so that memory is bounded."""

MOST_OF_A_PROCESSOR = 16
"""Threads; each has memory of its own, and more of them only wait."""

Result = TypeVar("Result")


def checked_threads(threads: int | None) -> int:
    """Return how many threads there are to be, all processors' for None, and never far more.

    Raises
    ------
    ValueError
        That is no whole number from 1.
    """
    if threads is None:
        return processors()
    if not isinstance(threads, Integral) or isinstance(threads, bool) or threads < 1:
        raise ValueError(f"thread: expected 1 or more, or None for all, got {threads!r}")
    return min(int(threads), MOST_OF_A_PROCESSOR * processors())


class Predictor:
    """A model prepared to be asked about many lines.

    Parameters
    ----------
    model : FastTextModel
        A supervised one, which is not to change meanwhile.
    threads : int, optional
        How many chunks are worked on at once; by default as many as there are processors.
    sums : bool
        With n-grams of characters, add the rows of each word of the dictionary once, ahead. Then
        several times fewer rows are read, and sums are rounded in another order: probabilities may
        differ from fastText's in their last printed digit.
    """

    def __init__(
        self, model: FastTextModel, threads: int | None = None, *, sums: bool = False
    ) -> None:
        if model.settings.model != "supervised":
            raise ValueError(
                f"expected a supervised model, got {model.settings.model!r}: it has vectors only"
            )
        self.threads = checked_threads(threads)
        self.words = Words(model.dictionary, model.settings)
        self.rows = InputRows(model, self.words, sums)
        self.outputs = Outputs(model)
        self.labels = Names(model.dictionary.labels)
        self._free: SimpleQueue[Workspace] = SimpleQueue()
        for _ in range(self.threads):
            self._free.put(self.workspace())

    def predict(self, source: Any, k: int = 1, threshold: float = 0.0) -> Iterator[LinePredictions]:
        """Return what is predicted for a text's lines, some thousands at once.

        Parameters
        ----------
        source : bytes-like, binary file or ArrivingLines
            The text.
        k : int
            Labels of a line at most; −1 for all.
        threshold : float
            The least probability of a label.

        Raises
        ------
        ValueError
            k is neither −1 nor a whole number from 1, or the threshold is no number; or, while one
            iterates, a score is not finite.
        """
        most = self._most(k, threshold)

        def work(space: Workspace, chunk: Chunk) -> LinePredictions:
            return space.predict(*chunk, most, threshold)

        return self._in_order(source, work, most)

    def predict_text(
        self, source: Any, k: int = 1, threshold: float = 0.0, *, probabilities: bool = True
    ) -> Iterator[bytes]:
        """Yield what ``predict-prob``, or ``predict``, prints of a text's lines, many at once.

        Parameters
        ----------
        source, k, threshold
            As for ``predict``.
        probabilities : bool
            Whether each label is followed by its probability.
        """
        most = self._most(k, threshold)

        def work(space: Workspace, chunk: Chunk) -> bytes:
            found = space.predict(*chunk, most, threshold)
            arrays = found.offsets, found.labels, found.scores
            return prediction_lines(self.labels, *arrays, probabilities=probabilities)

        return self._in_order(source, work, most)

    def vectors(self, source: Any) -> Iterator[NDArray[np.float32]]:
        """Yield the vectors (lines, dim) of a text's lines, the means of their rows, many at once.

        ``source`` is as for ``predict``.
        """
        return self._in_order(source, Workspace.vectors, self.rows.dim)

    def _most(self, k: int, threshold: float) -> int:
        whole = isinstance(k, Integral) and not isinstance(k, bool)
        if not whole or (k != -1 and k < 1):
            raise ValueError(
                f"predict: expected k to be -1, for all labels, or 1 or more, got {k!r}"
            )
        number = isinstance(threshold, Real) and not isinstance(threshold, bool | np.bool_)
        if not number or math.isnan(threshold):
            raise ValueError(f"predict: expected a threshold that is a number, got {threshold!r}")
        return self.outputs.classes if k == -1 else min(int(k), self.outputs.classes)

    def _in_order(
        self, source: Any, work: Callable[[Workspace, Chunk], Result], width: int
    ) -> Iterator[Result]:
        """Yield what a function makes of each chunk; ``width`` numbers a line at most."""
        size = max(BLOCK, min(CHUNK, MOST // max(1, width)))
        arriving = isinstance(source, ArrivingLines)
        chunks = source.chunks(size) if arriving else line_chunks(source, size)
        first = next(chunks, None)  # there is one, be it empty
        chunks = chain([first], chunks)
        if self.threads == 1 or (first is not None and first[2]):
            for chunk in chunks:
                if chunk is not None:
                    yield self._worked(work, chunk)
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(self.threads) as pool:
            waiting: deque[Future[Result]] = deque()
            for chunk in chunks:
                if chunk is not None:
                    waiting.append(pool.submit(self._worked, work, chunk))
                while waiting and (chunk is None or len(waiting) > self.threads):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def workspace(self) -> Workspace:
        """Return what another thread can work on."""
        return Workspace(self.words, self.rows, self.outputs)

    def score(self, source: Any, k: int = 1, threshold: float = 0.0) -> LabelScores:
        """Return how often labels were right; arguments are as `predict` has them.

        ``source`` has lines with labels, and of each at most ``k`` are predicted, those with a
        probability of ``threshold`` or more. Lines without a known label, or without a feature,
        do not count.
        """
        labels = self.outputs.classes
        total = [np.zeros(labels, np.int64) for _ in range(3)]
        examples = 0
        for part in self.predict(source, k, threshold):
            scores = LabelScores.of(*part.counted(), labels)
            examples += scores.examples
            for sums, more in zip(total, (scores.predicted, scores.gold, scores.hits), strict=True):
                sums += more
        return LabelScores(examples, *total)

    def _worked(self, work: Callable[[Workspace, Chunk], Result], chunk: Chunk) -> Result:
        space = self._free.get()
        try:
            return work(space, chunk)
        finally:
            self._free.put(space)

"""fastText's predictions of many lines, by machine code: in chunks, on threads, in their order.

What is kept of a text is a few chunks of whole lines, however long it is. A line's result does not
depend on the lines beside it, nor on the number of threads.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import line_features, text_prediction, tokens as kernels
from chainrule.engine.kernels.single_exponential import roots_of_2
from chainrule.engine.machine.memory import aligned
from chainrule.engine.running.single import invoke, kernel_of
from chainrule.fasttext.arithmetic import exp32, sigmoid_table
from chainrule.fasttext.line_rows import LINE, most_parts
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.prepared import InputRows, Outputs, Words
from chainrule.fasttext.starting_rows import FLOATS
from chainrule.fasttext.tokens import line_chunks, look_up, split

__all__ = ["Predictions", "Predictor"]

CHUNK = 1 << 18
"""Bytes of whole lines that are taken at once."""


@dataclass(frozen=True)
class Predictions:
    """The likeliest labels of some lines, each line's from the best one on.

    Parameters
    ----------
    offsets : NDArray[np.int64] of shape (lines + 1,)
        Line i has the labels from ``offsets[i]`` to ``offsets[i + 1]``: none without a feature.
    labels : NDArray[np.int32] of shape (n,)
        The labels' numbers, line after line.
    scores : NDArray[np.float32] of shape (n,)
        The logarithm of each probability plus 10⁻⁵.
    rows : NDArray[np.int64] of shape (lines,)
        How many rows of the input matrix each line's features are.
    gold_offsets, gold_labels : NDArray
        The labels that stand in the lines and that the model knows, in the same form.
    """

    offsets: NDArray[np.int64]
    labels: NDArray[np.int32]
    scores: NDArray[np.float32]
    rows: NDArray[np.int64]
    gold_offsets: NDArray[np.int64]
    gold_labels: NDArray[np.int32]

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """The exponential of the scores, as fastText prints it: up to 1.00001, 10⁻⁵ at least."""
        return exp32(self.scores)


class Predictor:
    """A model prepared to be asked about many lines.

    Parameters
    ----------
    model : FastTextModel
        It is not to change meanwhile.
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
        self.threads = threads or len(os.sched_getaffinity(0))
        self.words = Words(model.dictionary, model.settings)
        self.rows = InputRows(model, self.words, sums)
        self.outputs = Outputs(model)
        self._free: SimpleQueue[Workspace] = SimpleQueue()
        for _ in range(self.threads):
            self._free.put(Workspace(self))

    def predict(self, source: Any, k: int = 1, threshold: float = 0.0) -> Iterator[Predictions]:
        """Yield what is predicted for a text's lines, some thousands at once.

        Parameters
        ----------
        source : bytes-like or binary file
            The text.
        k : int
            Labels of a line at most; −1 for all.
        threshold : float
            The least probability of a label.

        Raises
        ------
        ValueError
            k is neither −1 nor 1 or more.
        FloatingPointError
            A score is NaN.
        """
        if k != -1 and k < 1:
            raise ValueError(f"predict: expected k to be -1, for all labels, or 1 or more, got {k}")
        most = self.outputs.classes if k == -1 else min(k, self.outputs.classes)
        chunks = line_chunks(source, CHUNK)
        if self.threads == 1:
            for chunk in chunks:
                yield self._predict(*chunk, most, threshold)
            return
        with ThreadPoolExecutor(self.threads) as pool:
            waiting: deque[Future[Predictions]] = deque()
            for chunk in chunks:
                waiting.append(pool.submit(self._predict, *chunk, most, threshold))
                if len(waiting) > self.threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _predict(
        self, text: NDArray[np.uint8], size: int, last: bool, most: int, threshold: float
    ) -> Predictions:
        space = self._free.get()
        try:
            return space.predict(text, size, last, most, threshold)
        finally:
            self._free.put(space)


class Workspace:
    """What a thread works on."""

    def __init__(self, predictor: Predictor) -> None:
        self.words, self.rows, self.outputs = predictor.words, predictor.rows, predictor.outputs
        self.settings = predictor.words.settings
        classes, width = max(1, self.outputs.class_vectors) * FLOATS, self.outputs.vectors * FLOATS
        self.hidden = aligned((width,), np.float32)
        self.scores, self.logs = (aligned((classes,), np.float32) for _ in range(2))
        self.stack = np.empty((self.outputs.classes + 2, 2), np.int64)
        self.arrays: dict[str, NDArray[Any]] = {}

    def array(self, name: str, size: int, dtype: Any) -> NDArray[Any]:
        """Return an array of at least a size: the one from before if it is large enough."""
        known = self.arrays.get(name)
        if known is None or len(known) < size:
            known = self.arrays[name] = np.empty(size, dtype)
        return known

    def predict(
        self, text: NDArray[np.uint8], size: int, last: bool, most: int, threshold: float
    ) -> Predictions:
        """Return what is predicted for the lines of a chunk."""
        lines, features, gold, missing = self._features(text, size, last)
        labels = np.empty(len(lines) * most, np.int32)
        best = np.empty(len(lines) * most, np.float32)
        found, state = np.empty(len(lines), np.int32), np.zeros(2, np.int64)
        thresholds = np.array([threshold, math.log(max(0.0, threshold) + 1e-5)], np.float32)
        outputs, rows = self.outputs, self.rows
        invoke(
            kernel_of(
                text_prediction.predict,
                loss=outputs.loss,
                vectors=outputs.vectors,
                norms=outputs.norms is not None,
                words=rows.words,
            ),
            lines=lines,
            line_count=len(lines),
            features=features,
            part_starts=rows.part_starts,
            parts=rows.parts,
            sums=rows.sums,
            rows=rows.values,
            row_bytes=rows.row_bytes,
            row_limit=rows.limit,
            more=rows.beyond(missing),
            more_bytes=4 * rows.width,
            dim=outputs.dim,
            classes=outputs.classes,
            class_vectors=outputs.class_vectors,
            by_dimensions=outputs.by_dimensions,
            by_rows=outputs.by_rows,
            norms=outputs.norms if outputs.norms is not None else 0,
            hidden=self.hidden,
            scores=self.scores,
            logs=self.logs,
            sigmoid=sigmoid_table(),
            most=most,
            thresholds=thresholds,
            heap=self.array("heap", 2 * (most + 1), np.int64),
            found=found,
            labels=labels,
            best=best,
            children=outputs.children,
            stack=self.stack,
            roots=roots_of_2(),
            state=state,
        )
        if state[text_prediction.FAULT]:
            raise FloatingPointError("predict: a score is NaN")
        known = slice(0, int(state[1]))
        gold_offsets = _offsets(lines["labels"])
        return Predictions(
            _offsets(found),
            labels[known].copy(),
            best[known].copy(),
            lines["size"].copy(),
            gold_offsets,
            gold[: gold_offsets[-1]].copy(),
        )

    def _features(
        self, text: NDArray[np.uint8], size: int, last: bool
    ) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
        """Return the lines of a chunk, their features and labels, and rows never trained."""
        words, rows, settings = self.words, self.rows, self.settings
        places = len(text) + kernels.POSITIONS
        starts, ends = (self.array(name, places, np.uint32) for name in ("starts", "ends"))
        _, count = split(text, size // 64 + 1, starts, ends, words.known.splitting)
        tokens, state = self.array("tokens", count + 1, np.int32), np.zeros(4, np.int64)
        look_up(words.known, text, starts, ends, count, tokens, state=state, learn=False)
        longest = max(1, settings.wordNgrams)
        most = most_parts(size, count, settings.minn, settings.maxn) + count * longest + 1
        features = self.array("features", most, np.int32)
        missing = self.array("missing", most if rows.kind == "kept" else 1, np.int64)
        lines, gold = self.array("lines", count + 2, LINE), self.array("gold", count + 1, np.int32)
        state[:] = 0
        invoke(
            kernel_of(
                line_features.features,
                buckets=rows.kind,
                characters=settings.maxn > 0,
                word_ngrams=settings.wordNgrams > 1,
            ),
            tokens=tokens,
            count=count,
            text=text,
            starts=starts,
            ends=ends,
            line_end=words.line_end,
            rows=words.rows,
            hashes=words.hashes,
            prefix=words.prefix,
            prefix_length=len(settings.prefix),
            word_ngrams=settings.wordNgrams,
            part_starts=rows.part_starts,
            parts=rows.parts,
            missing=missing,
            state=state,
            features=features,
            labels=gold,
            lines=lines,
            letters=self.array("letters", size + 16, np.uint8),
            scratch=self.array("scratch", count + 1, np.int32),
            **rows.arguments(settings),
        )
        line_count = int(state[2])
        if last and self._ends_with_white_space(size, count, tokens, ends, text):
            lines[line_count] = np.zeros((), LINE)
            line_count += 1
        return lines[:line_count], features, gold, missing[: state[3]]

    def _ends_with_white_space(
        self,
        size: int,
        count: int,
        tokens: NDArray[np.int32],
        ends: NDArray[np.uint32],
        text: NDArray[np.uint8],
    ) -> bool:
        """Return whether white space is left behind the last line, which counts as one, too.

        A byte of it is read with the word before, but for a line feed, or with one.
        """
        if not count:
            return size > 0
        end = int(ends[count - 1])
        if tokens[count - 1] != self.words.line_end:
            return False
        if text[end - 1] != ord("\n"):
            end += 1
        return end < size


def _offsets(counts: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return where each of some runs begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])

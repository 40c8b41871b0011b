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

from chainrule.engine.kernels import line_features, ngrams, text_prediction, tokens as kernels
from chainrule.engine.kernels.library import library
from chainrule.engine.machine.memory import aligned
from chainrule.engine.running.single import invoke
from chainrule.fasttext.dictionary import END_OF_LINE, Dictionary
from chainrule.fasttext.exponential import exponential, roots_of_2
from chainrule.fasttext.matrices import Dense, KeptRows
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.quantisation import Quantised
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.tokens import Vocabulary, line_chunks, look_up, split
from chainrule.fasttext.training import FLOATS, LINE, sigmoid_table, starting_rows

CHUNK = 1 << 18
"""Bytes of whole lines that are taken at once."""


@dataclass(frozen=True)
class Predictions:
    """The likeliest labels of some lines, each line's from the best one on.

    Parameters
    ----------
    counts : NDArray[np.int32] of shape (lines,)
        How many labels each line has: none where it has no feature.
    labels : NDArray[np.int32] of shape (n,)
        The labels' numbers, line after line.
    scores : NDArray[np.float32] of shape (n,)
        The logarithm of each probability plus 10⁻⁵.
    """

    counts: NDArray[np.int32]
    labels: NDArray[np.int32]
    scores: NDArray[np.float32]

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """The exponential of the scores, as fastText prints it: up to 1.00001, 10⁻⁵ at least."""
        return exponential(self.scores)


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


class Words:
    """The words and labels of a dictionary as the kernels look them up, and as rows."""

    def __init__(self, dictionary: Dictionary, settings: Settings) -> None:
        self.settings, bounds = settings, dictionary.bounds.astype(np.uint32)
        self.prefix = np.frombuffer(settings.prefix + bytes(8), np.uint8)
        names = dictionary.text
        if (np.diff(dictionary.bounds) < 1).any() or (names[bounds[:-1]] == ord("\n")).any():
            raise ValueError("predict: expected names in the dictionary that a text can have")
        self.known = Vocabulary()
        text = np.concatenate([names, np.zeros(8, np.uint8)])
        self.known.learn(text, bounds[:-1], bounds[1:], dictionary.size)
        if self.known.size != dictionary.size:
            raise ValueError("predict: expected names in the dictionary that differ")
        end = np.frombuffer(END_OF_LINE + bytes(8), np.uint8)
        first, behind = (np.array([at], np.uint32) for at in (0, len(END_OF_LINE)))
        self.line_end = int(self.known.learn(end, first, behind, 1)[0])
        self.rows = np.arange(dictionary.size + 1, dtype=np.int32)
        labels = np.arange(dictionary.nlabels, dtype=np.int32)
        self.rows[dictionary.nwords : dictionary.size] = ngrams.LABEL - labels
        self.rows[dictionary.size :] = ngrams.DROPPED  # a line's end that it does not have
        self.hashes = self.known.hashes()


class InputRows:
    """The input matrix as the kernels read it: where rows are, and which n-grams have one."""

    def __init__(self, model: FastTextModel, words: Words, sums: bool) -> None:
        self.model, self.dim = model, model.settings.dim
        matrix, nwords = model.input, model.dictionary.nwords
        if isinstance(matrix, KeptRows) and not np.array_equal(
            matrix.kept[:nwords], np.arange(nwords)
        ):
            matrix = matrix.dense()
        self.kind, buckets = "all", np.zeros(0, np.int64)
        if isinstance(matrix, KeptRows):
            self.kind, self.values = "kept", matrix.values
            buckets = matrix.kept[nwords:] - nwords
            places = np.arange(len(buckets))
        elif isinstance(matrix, Dense):
            self.values = matrix.values
        else:
            self.values = matrix.take(np.arange(matrix.shape[0]))
        if model.dictionary.pruned is not None:
            self.kind, pruned = "pruned", model.dictionary.pruned
            buckets, places = pruned.buckets.astype(np.int64), pruned.rows.astype(np.int64)
        self.known = np.zeros(1, np.int32)
        if self.kind != "all":
            self.known = np.zeros(max(1, model.settings.bucket), np.int32)
            self.known[buckets] = places + 1
        self.values = np.asarray(self.values, np.float32)
        if self.values.strides[1] != 4:
            self.values = np.ascontiguousarray(self.values)
        self.width = -(-self.dim // FLOATS) * FLOATS
        self.row_bytes = self.values.strides[0]
        # a vector that is read beyond the last row's end must not be beyond the array's
        tail = 0 if self.row_bytes >= 4 * self.width else -(-4 * self.width // self.row_bytes)
        self.limit = max(0, len(self.values) - tail)
        self.tail = self.padded(self.values[self.limit :])
        self.part_starts, self.parts = np.zeros(1, np.int64), np.zeros(1, np.int32)
        self.words, self.sums = "rows", np.zeros((1, 1), np.float32)
        if model.settings.maxn > 0:
            self.words = "parts"
            self._list_parts(words)
            if sums:
                self.words = "sums"
                self._add_parts()

    def padded(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return rows as whole vectors, zeros behind the last number."""
        whole = aligned((len(rows), self.width), np.float32)
        whole[:, : self.dim] = rows
        return whole

    def beyond(self, missing: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the rows from the limit on: the last ones, and those that were never trained."""
        if not len(missing):
            return self.tail
        matrix = self.model.input
        assert isinstance(matrix, KeptRows)
        rows, seed = matrix.start.rows, matrix.start.seed
        drawn = starting_rows(missing, self.dim, rows, seed=seed, pad=True)
        return np.concatenate([self.tail, drawn]) if len(self.tail) else drawn

    def arguments(self, settings: Settings) -> dict[str, Any]:
        """Return the arguments that kernels of features have in common."""
        return {
            "shortest": settings.minn,
            "longest": settings.maxn,
            "bucket": settings.bucket,
            "row_count": len(self.values),
            "word_rows": self.model.dictionary.nwords,
            "known": self.known,
        }

    def _list_parts(self, words: Words) -> None:
        """List the rows of each word with those of its n-grams of characters."""
        settings, known = self.model.settings, words.known
        _, lengths = known.spans()
        most = most_parts(int(lengths.sum()), known.size, settings)
        parts, missing = np.empty(most, np.int32), np.empty(most, np.int64)
        self.part_starts = np.empty(known.size + 1, np.int64)
        state = np.array([words.line_end, 0], np.int64)
        invoke(
            library(np.dtype(np.float32)).get(line_features.word_parts, buckets=self.kind),
            words=known.words,
            store=known.store,
            count=known.size,
            rows=words.rows,
            part_starts=self.part_starts,
            missing=missing,
            state=state,
            features=parts,
            letters=np.empty(int(lengths.max()) + 16, np.uint8),
            **self.arguments(settings),
        )
        if state[1]:
            raise ValueError("predict: expected a row for each n-gram of the dictionary's words")
        self.parts = parts[: state[0]].copy()


    def _add_parts(self) -> None:
        """Add the rows of each word and its parts, one after the other."""
        count = len(self.part_starts) - 1
        self.sums = aligned((count, self.width), np.float32)
        invoke(
            library(np.dtype(np.float32)).get(
                text_prediction.add_parts, vectors=self.width // FLOATS
            ),
            count=count,
            part_starts=self.part_starts,
            parts=self.parts,
            sums=self.sums,
            rows=self.values,
            row_bytes=self.row_bytes,
            row_limit=self.limit,
            more=self.tail,
            more_bytes=4 * self.width,
        )


def most_parts(length: int, words: int, settings: Settings) -> int:
    """Return how many rows words of so many bytes in all have at most."""
    sizes = max(0, settings.maxn - max(1, settings.minn) + 1) if settings.maxn > 0 else 0
    return words + (length + 2 * words) * sizes + 1


class Outputs:
    """The output matrix as the kernels read it, by dimensions or by rows."""

    def __init__(self, model: FastTextModel) -> None:
        self.classes, self.dim = model.dictionary.nlabels, model.settings.dim
        self.loss = "sigmoid" if model.settings.loss in ("ova", "ns") else model.settings.loss
        self.class_vectors = -(-self.classes // FLOATS)
        self.vectors = -(-self.dim // FLOATS)
        self.norms = None
        output = model.output
        if isinstance(output, Quantised):
            values = output.quantiser.decode(output.codes)
            if output.lengths is not None:
                self.norms = aligned((self.class_vectors * FLOATS,), np.float32)
                self.norms[: self.classes] = output.lengths
        else:
            values = output.take(np.arange(self.classes))
        self.by_dimensions = self.by_rows = np.zeros(1, np.float32)
        self.children = np.zeros((1, 2), np.int32)
        if self.loss == "hs":
            self.by_rows = aligned((self.classes, self.vectors * FLOATS), np.float32)
            self.by_rows[:, : self.dim] = values
            if self.classes > 1:
                self.children = np.ascontiguousarray(model.tree.children, np.int32)
        else:
            self.by_dimensions = aligned((self.dim, self.class_vectors * FLOATS), np.float32)
            self.by_dimensions[:, : self.classes] = values.T


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
        lines, features, missing = self._features(text, size, last)
        labels = np.empty(len(lines) * most, np.int32)
        best = np.empty(len(lines) * most, np.float32)
        found, state = np.empty(len(lines), np.int32), np.zeros(2, np.int64)
        thresholds = np.array([threshold, math.log(max(0.0, threshold) + 1e-5)], np.float32)
        outputs, rows = self.outputs, self.rows
        invoke(
            library(np.dtype(np.float32)).get(
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
        return Predictions(found, labels[: state[1]], best[: state[1]])

    def _features(
        self, text: NDArray[np.uint8], size: int, last: bool
    ) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.int64]]:
        """Return the lines of a chunk, their features, and the rows that were never trained."""
        words, rows, settings = self.words, self.rows, self.settings
        places = len(text) + kernels.POSITIONS
        starts, ends = (self.array(name, places, np.uint32) for name in ("starts", "ends"))
        _, count = split(text, size // 64 + 1, starts, ends, words.known.splitting)
        tokens, state = self.array("tokens", count + 1, np.int32), np.zeros(4, np.int64)
        look_up(words.known, text, starts, ends, count, tokens, state=state, learn=False)
        longest = max(1, settings.wordNgrams)
        most = most_parts(size, count, settings) + count * longest
        features = self.array("features", most, np.int32)
        missing = self.array("missing", most if rows.kind == "kept" else 1, np.int64)
        lines = self.array("lines", count + 2, LINE)
        state[:] = 0
        invoke(
            library(np.dtype(np.float32)).get(
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
            labels=self.array("labels", count + 1, np.int32),
            lines=lines,
            letters=self.array("letters", size + 16, np.uint8),
            scratch=self.array("scratch", count + 1, np.int32),
            **rows.arguments(settings),
        )
        line_count = int(state[2])
        if last and self._ends_with_white_space(size, count, tokens, ends, text):
            lines[line_count] = np.zeros((), LINE)
            line_count += 1
        return lines[:line_count], features, missing[: state[3]]

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

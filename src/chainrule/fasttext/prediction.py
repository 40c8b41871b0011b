"""fastText's predictions of many lines, by machine code: in chunks, on threads, in their order.

What is kept of a text is a few chunks of whole lines, however long it is. A line's result does not
depend on the lines beside it, nor on the number of threads.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from queue import SimpleQueue
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import line_features, text_prediction, tokens as kernels
from chainrule.engine.kernels.single_exponential import roots_of_2
from chainrule.engine.machine.availability import processors
from chainrule.engine.machine.memory import aligned
from chainrule.engine.running.single import Call, kernel_of
from chainrule.fasttext.arithmetic import exp32, sigmoid_table
from chainrule.fasttext.arriving import ArrivingLines, Chunk
from chainrule.fasttext.line_rows import LINE, most_parts, most_sequences
from chainrule.fasttext.line_text import Names, prediction_lines
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.predictions import LabelScores, Predictions
from chainrule.fasttext.prepared import InputRows, Outputs, Words
from chainrule.fasttext.starting_rows import FLOATS
from chainrule.fasttext.tokens import BLOCK, line_chunks, look_up_call, split_call

__all__ = ["LinePredictions", "Predictor"]

CHUNK = 1 << 19
"""Bytes of whole lines that are taken at once, where a line does not ask for many numbers."""
MOST = 1 << 20
"""Numbers, about, that are made of so many bytes, so that memory is bounded."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class LinePredictions(Predictions):
    """Predictions of lines, and what else is known of these.

    Parameters
    ----------
    rows : NDArray[np.int64] of shape (lines,)
        How many rows of the input matrix each line's features are.
    gold_offsets : NDArray[np.int64] of shape (lines + 1,)
        Line i has the labels from ``gold_offsets[i]`` to ``gold_offsets[i + 1]``.
    gold_labels : NDArray[np.int32]
        The labels that stand in the lines and that the model knows, by number.
    """

    rows: NDArray[np.int64]
    gold_offsets: NDArray[np.int64]
    gold_labels: NDArray[np.int32]

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """The exponential of the scores, as fastText prints it: up to 1.00001, 10⁻⁵ at least."""
        return exp32(self.scores)

    def counted(self) -> tuple[Predictions, NDArray[np.int64], NDArray[np.int32]]:
        """Return what scores count: lines with a known label and a feature, and their labels."""
        gold = np.diff(self.gold_offsets)
        counts = (gold > 0) & (self.rows > 0)
        found = np.diff(self.offsets)
        chosen = np.repeat(counts, found)
        predictions = Predictions(
            offsets_of(found[counts]), self.labels[chosen], self.scores[chosen]
        )
        return predictions, offsets_of(gold[counts]), self.gold_labels[np.repeat(counts, gold)]


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
        self.threads = threads or processors()
        self.words = Words(model.dictionary, model.settings)
        self.rows = InputRows(model, self.words, sums)
        self.outputs = Outputs(model)
        self.labels = Names(model.dictionary.labels)
        self._free: SimpleQueue[Workspace] = SimpleQueue()
        for _ in range(self.threads):
            self._free.put(Workspace(self))

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
            k is neither −1 nor 1 or more, or the threshold is NaN; or, while one iterates, a score
            is not finite.
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
        if self.words.settings.model != "supervised":
            raise ValueError(
                "predict: expected a supervised model, got one of word vectors "
                f"({self.words.settings.model})"
            )
        if k != -1 and k < 1:
            raise ValueError(f"predict: expected k to be -1, for all labels, or 1 or more, got {k}")
        if math.isnan(threshold):
            raise ValueError("predict: expected a threshold that is a number, got nan")
        return self.outputs.classes if k == -1 else min(k, self.outputs.classes)

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
        return Workspace(self)

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


class Workspace:
    """What a thread works on: kernels with most of their arguments, and arrays that grow."""

    def __init__(self, predictor: Predictor) -> None:
        words, rows, outputs = predictor.words, predictor.rows, predictor.outputs
        self.words, self.rows, self.outputs = words, rows, outputs
        self.settings = settings = words.settings
        self.known, self.arrays = words.known, dict[str, NDArray[Any]]()
        self.counts, self.state = np.zeros(2, np.int64), np.zeros(4, np.int64)
        self.thresholds = np.zeros(2, np.float32)
        self._split = split_call(self.known.splitting, self.counts)
        self._look_up = look_up_call(self.known, self.state, learn=False)
        self._features = Call(
            kernel_of(
                line_features.features,
                buckets=rows.kind,
                characters=settings.maxn > 0,
                word_ngrams=settings.wordNgrams > 1,
            ),
            line_end=words.line_end,
            rows=words.rows,
            hashes=words.hashes,
            prefix=words.prefix,
            prefix_length=len(settings.prefix),
            word_ngrams=settings.wordNgrams,
            part_starts=rows.part_starts,
            parts=rows.parts,
            state=self.state,
            **rows.arguments(settings),
        )
        self._predict = self._prediction()
        self._means = Call(
            kernel_of(text_prediction.means, vectors=outputs.vectors, words=rows.words),
            hidden=aligned((outputs.vectors * FLOATS,), np.float32),
            **rows.kernel_arguments(),
        )

    def _prediction(self) -> Call:
        rows, outputs = self.rows, self.outputs
        width, classes = outputs.vectors * FLOATS, max(1, outputs.class_vectors) * FLOATS
        return Call(
            kernel_of(
                text_prediction.predict,
                loss=outputs.loss,
                vectors=outputs.vectors,
                norms=outputs.norms is not None,
                words=rows.words,
            ),
            **rows.kernel_arguments(),
            dim=outputs.dim,
            classes=outputs.classes,
            class_vectors=outputs.class_vectors,
            by_dimensions=outputs.by_dimensions,
            by_rows=outputs.by_rows,
            norms=0 if outputs.norms is None else outputs.norms,
            hidden=aligned((width,), np.float32),
            scores=aligned((classes,), np.float32),
            logs=aligned((classes,), np.float32),
            sigmoid=sigmoid_table(),
            thresholds=self.thresholds,
            children=outputs.children,
            stack=np.empty((outputs.classes + 2, 2), np.int64),
            roots=roots_of_2(),
            state=self.state,
        )

    def array(self, name: str, size: int, dtype: Any) -> NDArray[Any]:
        """Return an array of at least a size: the one from before if it is large enough."""
        known = self.arrays.get(name)
        if known is None or len(known) < size:
            known = self.arrays[name] = np.empty(size, dtype)
        return known

    def predict(
        self, text: NDArray[np.uint8], size: int, last: bool, most: int, threshold: float
    ) -> LinePredictions:
        """Return what is predicted for the lines of a chunk."""
        lines, features, gold, missing = self.features(text, size, last)
        found = np.zeros(len(lines), np.int32)
        labels = np.empty(len(lines) * most, np.int32)
        best = np.empty(len(lines) * most, np.float32)
        self.thresholds[:] = threshold, math.log(max(0.0, threshold) + 1e-5)
        self._predict(
            scratch=self._list("list", lines),
            more_scratch=self._list("other list", lines),
            lines=lines,
            line_count=len(lines) if self.outputs.classes else 0,
            features=features,
            more=self.rows.beyond(missing),
            most=most,
            heap=self.array("heap", 2 * (most + 1), np.int64),
            found=found,
            labels=labels,
            best=best,
        )
        if self.state[text_prediction.FAULT]:
            raise ValueError("predict: expected finite scores, got others")
        known = slice(0, int(self.state[1]))
        gold_offsets = offsets_of(lines["labels"])
        return LinePredictions(
            offsets_of(found),
            labels[known],
            best[known],
            lines["size"].copy(),
            gold_offsets,
            gold[: gold_offsets[-1]].copy(),
        )

    def _list(self, name: str, lines: NDArray[Any]) -> NDArray[np.int32]:
        """Return an array for the rows of the longest line, where parts are to be listed."""
        rows = int(lines["size"].max(initial=0)) + FLOATS if self.rows.words == "parts" else 1
        return self.array(name, rows, np.int32)

    def vectors(self, chunk: Chunk) -> NDArray[np.float32]:
        """Return the vectors (lines, dim) of the lines of a chunk."""
        lines, features, _, missing = self.features(*chunk)
        vectors = aligned((len(lines), self.rows.width), np.float32)
        self._means(
            scratch=self._list("list", lines),
            lines=lines,
            line_count=len(lines),
            features=features,
            more=self.rows.beyond(missing),
            vectors=vectors,
        )
        return vectors[:, : self.rows.dim]

    def features(
        self, text: NDArray[np.uint8], size: int, last: bool
    ) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
        """Return the lines of a chunk, their features and labels, and rows never trained."""
        settings, rows = self.settings, self.rows
        places = len(text) + kernels.POSITIONS
        starts, ends = (self.array(name, places, np.uint32) for name in ("starts", "ends"))
        self._split(text=text, blocks=size // 64 + 1, starts=starts, ends=ends)
        count = int(self.counts[1])
        tokens = self.array("tokens", count + 1 + line_features.AHEAD, np.int32)
        self._look_up(text=text, starts=starts, ends=ends, count=count, numbers=tokens)
        most = most_parts(ends[:count] - starts[:count], settings.minn, settings.maxn)
        most += most_sequences(text[starts[:count]] == ord("\n"), settings.wordNgrams) + 1
        features = self.array("features", most, np.int32)
        missing = self.array("missing", most if rows.kind == "kept" else 1, np.int64)
        lines, gold = self.array("lines", count + 2, LINE), self.array("gold", count + 1, np.int32)
        self._features(
            tokens=tokens,
            count=count,
            text=text,
            starts=starts,
            ends=ends,
            missing=missing,
            features=features,
            labels=gold,
            lines=lines,
            letters=self.array("letters", size + 16, np.uint8),
            scratch=self.array("scratch", count + 1, np.int32),
        )
        line_count = int(self.state[2])
        missing = missing[: self.state[3]]
        if last and self._ends_with_white_space(size, count, tokens, ends, text):
            lines[line_count] = np.zeros((), LINE)
            line_count += 1
        return lines[:line_count], features, gold, missing

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


def offsets_of(counts: NDArray[Any]) -> NDArray[np.int64]:
    """Return where each of some runs begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])

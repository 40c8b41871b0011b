"""What a thread works on while it predicts: kernels, and arrays that grow with the lines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.tokens import look_up_call, split_call
from chainrule.engine.kernels import line_features, text_prediction, tokens as kernels
from chainrule.engine.kernels.single_exponential import roots_of_2
from chainrule.engine.machine.memory import aligned
from chainrule.engine.running.single import Call, kernel_of
from chainrule.fasttext.arithmetic import sigmoid_table
from chainrule.fasttext.arriving import Chunk
from chainrule.fasttext.line_predictions import LinePredictions, offsets_of
from chainrule.fasttext.line_rows import FEW, LINE, most_parts, most_sequences
from chainrule.fasttext.prepared import InputRows, Outputs, Words
from chainrule.fasttext.starting_rows import FLOATS

__all__ = ["Workspace"]


class Workspace:
    """What a thread works on: kernels with most of their arguments, and arrays that grow."""

    def __init__(self, words: Words, rows: InputRows, outputs: Outputs) -> None:
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
            kernel_of(text_prediction.means, vectors=outputs.vectors, **rows.kernel_options()),
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
                **rows.kernel_options(),
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
        rows = self.rows
        places = len(text) + kernels.POSITIONS
        starts, ends = (self.array(name, places, np.uint32) for name in ("starts", "ends"))
        self._split(text=text, blocks=size // 64 + 1, starts=starts, ends=ends)
        count = int(self.counts[1])
        tokens = self.array("tokens", count + 1 + line_features.AHEAD, np.int32)
        self._look_up(text=text, starts=starts, ends=ends, count=count, numbers=tokens)
        most = self._most_features(text, size, starts[:count], ends[:count]) + 1
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

    def _most_features(
        self,
        text: NDArray[np.uint8],
        size: int,
        starts: NDArray[np.uint32],
        ends: NDArray[np.uint32],
    ) -> int:
        """Return how many features tokens have at most; where n-grams are short, about."""
        settings, count = self.settings, len(starts)
        longest, shortest = settings.maxn, max(1, settings.minn)
        if 0 < longest <= FEW:
            parts = (size + 2 * count) * max(0, longest - shortest + 1)
        else:
            parts = most_parts(ends - starts, shortest, longest)
        if settings.wordNgrams <= FEW:
            return parts + count * max(1, settings.wordNgrams)
        return parts + most_sequences(text[starts] == ord("\n"), settings.wordNgrams)

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

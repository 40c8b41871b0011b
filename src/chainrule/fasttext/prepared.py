"""A model as the kernels of predictions read it: its words, its rows, its labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import line_features, ngrams, text_prediction
from chainrule.engine.machine.memory import VECTOR, address, aligned
from chainrule.engine.running.single import invoke, kernel_of
from chainrule.fasttext.dictionary import END_OF_LINE, Dictionary
from chainrule.fasttext.known_names import check_names, vocabulary_of
from chainrule.fasttext.line_rows import most_parts
from chainrule.fasttext.matrices import Dense, KeptRows
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.quantisation import Quantised
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.starting_rows import FLOATS, all_rows, starting_rows

COPIED = 2**26
"""Bytes of a matrix that is copied, so that no number of a vector is in a second cache line."""

__all__ = ["InputRows", "Outputs", "Words"]


class Words:
    """The words and labels of a dictionary as the kernels look them up, and as rows."""

    def __init__(self, dictionary: Dictionary, settings: Settings) -> None:
        self.settings = settings
        self.prefix = np.frombuffer(settings.prefix + bytes(8), np.uint8)
        names = dictionary.text, dictionary.bounds
        check_names(*names)
        self.known = vocabulary_of(*names)
        if self.known.size != dictionary.size:
            raise ValueError("predict: expected names in the dictionary that differ")
        end = np.frombuffer(END_OF_LINE + bytes(8), np.uint8)
        first, behind = (np.array([at], np.uint32) for at in (0, len(END_OF_LINE)))
        self.line_end = int(self.known.learn(end, first, behind, 1)[0])
        self.rows = np.arange(dictionary.size + 1, dtype=np.int32)
        labels = np.arange(dictionary.nlabels, dtype=np.int32)
        self.rows[dictionary.nwords : dictionary.size] = ngrams.LABEL - labels
        self.rows[dictionary.size :] = ngrams.DROPPED  # a line's end that it does not have
        chains = settings.wordNgrams > 1
        self.hashes = self.known.hashes() if chains else np.zeros(1, np.uint32)


class InputRows:
    """The input matrix as the kernels read it: where rows are, and which n-grams have one."""

    def __init__(self, model: FastTextModel, words: Words, sums: bool) -> None:
        self.model, self.dim = model, model.settings.dim
        matrix, nwords = model.input, model.dictionary.nwords
        if isinstance(matrix, KeptRows) and not np.array_equal(
            matrix.kept[:nwords], np.arange(nwords)
        ):
            matrix = Dense(np.concatenate([*all_rows(matrix)]))
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
        whole = self.values.strides[0] % VECTOR == address(self.values) % VECTOR == 0
        if not whole and self.values.nbytes <= COPIED:
            self.values = self.padded(self.values)[:, : self.dim]
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

    def numbers(self, missing: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return which rows of the matrix those of the kernels are, and those that were missing."""
        matrix, known = self.model.input, np.arange(len(self.values))
        if self.kind == "kept" and isinstance(matrix, KeptRows):
            known = matrix.kept
        return np.concatenate([known, missing]).astype(np.int64)

    def beyond(self, missing: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the rows from the limit on: the last ones, and those that were never trained."""
        if not len(missing):
            return self.tail
        matrix = self.model.input
        assert isinstance(matrix, KeptRows)
        rows, seed = matrix.start.rows, matrix.start.seed
        drawn = starting_rows(missing, self.dim, rows, seed=seed, pad=True)
        return np.concatenate([self.tail, drawn]) if len(self.tail) else drawn

    @property
    def placed(self) -> str:
        """How rows lie, as kernels have it: "whole" vectors one after the other, or "apart"."""
        all_here = self.kind != "kept" and self.limit == len(self.values)
        one_after_other = self.row_bytes == 4 * self.width
        return "whole" if all_here and one_after_other else "apart"

    def kernel_options(self) -> dict[str, Any]:
        """Return the options of kernels that read rows."""
        return {"words": self.words, "rows": self.placed}

    def kernel_arguments(self) -> dict[str, Any]:
        """Return the arguments of kernels that read rows."""
        return {
            "part_starts": self.part_starts,
            "parts": self.parts,
            "sums": self.sums,
            "rows": self.values,
            "row_bytes": self.row_bytes,
            "row_limit": self.limit,
            "more_bytes": 4 * self.width,
        }

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
        most = most_parts(lengths, settings.minn, settings.maxn) + known.size
        parts, missing = np.empty(most, np.int32), np.empty(most, np.int64)
        self.part_starts = np.empty(known.size + 1, np.int64)
        state = np.array([words.line_end, 0], np.int64)
        invoke(
            kernel_of(line_features.word_parts, buckets=self.kind),
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
        self.parts = np.append(parts[: state[0]], np.zeros(FLOATS, np.int32))  # read by vectors


    def _add_parts(self) -> None:
        """Add the rows of each word and its parts, one after the other."""
        count = len(self.part_starts) - 1
        self.sums = aligned((count, self.width), np.float32)
        invoke(
            kernel_of(
                text_prediction.add_parts, vectors=self.width // FLOATS, rows=self.placed
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
                self.norms[:] = 1  # what is beyond the last label stays as it is
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

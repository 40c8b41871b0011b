"""Training and prediction, line by line in NumPy: slow, and number for number as fastText does it.

    hidden = 1/n·Σ A[row] over the line's n rows
    score  = B·hidden
    ∂loss/∂score = p − target, for softmax and for sigmoids alike, so with a = lr·(target − p)
    grad += a·B[i], B[i] += a·hidden        for each output row i that takes part, in order
    A[row] += 1/n·grad                      for each of the line's rows

The compiled kernels must give the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from chainrule.fasttext.arithmetic import exp32, log_of, sigmoid, softmax
from chainrule.fasttext.dictionary import Dictionary, lines, tokens
from chainrule.fasttext.features import LineFeatures
from chainrule.fasttext.heaps import pop_heap, push_heap, sort_heap
from chainrule.fasttext.huffman import HuffmanTree
from chainrule.fasttext.matrices import Dense, products_in_order
from chainrule.fasttext.model import FastTextModel, mean_of_rows
from chainrule.fasttext.randomness import MinstdRand
from chainrule.fasttext.settings import Settings

__all__ = ["NegativeTable", "Prediction", "Trainer", "predict_rows", "train", "train_further"]

Floats = NDArray[np.float32]

SLOTS = 10_000_000

Prediction: TypeAlias = tuple[float, int]
"""The logarithm of a label's probability plus 1e-5, and the label's number."""


def train(text: bytes, settings: Settings) -> FastTextModel:
    """Return the model that one thread of fastText trains on a text, with these settings."""
    settings = settings.for_training()
    dictionary = Dictionary.of_text(text, settings)
    return train_further(FastTextModel.untrained(dictionary, settings), text)


def train_further(model: FastTextModel, text: bytes) -> FastTextModel:
    """Return a model after it was trained on a text, as its settings say.

    The learning rate falls to 0 with the tokens read; how many were read is known only when more
    than ``lrUpdateRate`` have gathered. What counts as a pass is the dictionary's tokens.

    Raises
    ------
    ValueError
        The text has no words, a score is NaN, or there is no other label to draw.
    """
    if next(tokens(text), None) is None:
        raise ValueError("train: expected a text with words, got none")
    settings, total = model.settings, model.settings.epoch * model.dictionary.ntokens
    trainer = Trainer(model)
    done, gathered = 0, 0
    around = _endlessly(text)
    while done < total:
        progress = np.float32(done) / np.float32(total)
        rate = np.float32(settings.lr * (1.0 - float(progress)))
        line = trainer.model.features(next(around))
        gathered += line.ntokens
        trainer.step(line, rate)
        if gathered > settings.lrUpdateRate:
            done, gathered = done + gathered, 0
    return trainer.model


def _endlessly(text: bytes) -> Iterator[list[bytes]]:
    while True:
        yield from lines(text)


class Trainer:
    """Takes a step of training for each line; the model's matrices move in place.

    Parameters
    ----------
    model : FastTextModel
        Where training begins; both matrices are copied.
    """

    def __init__(self, model: FastTextModel) -> None:
        rows = np.arange(model.input.shape[0])
        self.A = model.input.take(rows)
        self.B = model.output.take(np.arange(model.output.shape[0]))
        dictionary, self.loss = model.dictionary, model.settings.loss
        self.model = FastTextModel(model.settings, dictionary, Dense(self.A), Dense(self.B))
        self.random = MinstdRand(model.settings.seed)
        if self.loss == "ns":
            if dictionary.nlabels < 2 and model.settings.neg > 0:
                raise ValueError(
                    "train: expected two labels or more for the loss 'ns', which draws others than "
                    f"a line's own, got {dictionary.nlabels}"
                )
            self.negatives = NegativeTable(dictionary.label_counts)

    def step(self, line: LineFeatures, rate: np.float32) -> None:
        """Train on a line at the learning ``rate``; one without rows or labels is skipped.

        Raises
        ------
        ValueError
            A score is NaN.
        """
        if line.rows and line.labels:
            with np.errstate(over="ignore", invalid="ignore"):
                self._step(line, rate)

    def _step(self, line: LineFeatures, rate: np.float32) -> None:
        hidden = mean_of_rows(self.model.input, line.rows)
        if self.loss == "ova":
            grad = self._one_vs_all(hidden, line.labels, rate)
        else:
            target = line.labels[self.random.below(len(line.labels))]
            step = {"softmax": self._softmax, "hs": self._tree, "ns": self._negative}[self.loss]
            grad = step(hidden, target, rate)
        grad *= np.float32(1 / len(line.rows))
        for row in line.rows:
            self.A[row] += grad

    def _all_rows(self, hidden: Floats, p: Floats, labels: list[int], rate: np.float32) -> Floats:
        """Update all output rows, whose probabilities are p; return grad."""
        target = np.zeros(len(p), np.float32)
        target[labels] = 1
        a = rate * (target - p)
        grad: Floats = np.add.accumulate(a[:, None] * self.B, axis=0, dtype=np.float32)[-1]
        self.B += a[:, None] * hidden
        return grad

    def _softmax(self, hidden: Floats, target: int, rate: np.float32) -> Floats:
        p = softmax(_scores(hidden, self.B))
        return self._all_rows(hidden, p, [target], rate)

    def _one_vs_all(self, hidden: Floats, labels: list[int], rate: np.float32) -> Floats:
        p = sigmoid(_scores(hidden, self.B))
        return self._all_rows(hidden, p, labels, rate)

    def _some_rows(
        self, hidden: Floats, rows: list[tuple[int, bool]], rate: np.float32
    ) -> Floats:
        """Update some output rows, each with whether its sigmoid shall be 1; return grad."""
        grad = np.zeros_like(hidden)
        for row, positive in rows:
            p = sigmoid(_scores(hidden, self.B[row : row + 1]))[0]
            a = rate * (np.float32(positive) - p)
            grad += a * self.B[row]
            self.B[row] += a * hidden
        return grad

    def _tree(self, hidden: Floats, target: int, rate: np.float32) -> Floats:
        return self._some_rows(hidden, self.model.tree.path(target), rate)

    def _negative(self, hidden: Floats, target: int, rate: np.float32) -> Floats:
        drawn = [
            self.negatives.other_than(target, self.random)
            for _ in range(self.model.settings.neg)
        ]
        rows = [(target, True), *((label, False) for label in drawn)]
        return self._some_rows(hidden, rows, rate)


def _scores(hidden: Floats, rows: Floats) -> Floats:
    scores = products_in_order(hidden, rows)
    if np.isnan(scores).any():
        raise ValueError("train: expected numbers as scores, got NaN; a lower lr may help")
    return scores


class NegativeTable:
    """Labels to draw from, each in as many of 10,000,000 slots as the root of its count asks."""

    def __init__(self, label_counts: NDArray[np.int64]) -> None:
        roots = np.sqrt(label_counts.astype(np.float64))
        total = np.float32(0)
        for root in roots:
            total = np.float32(float(total) + root)
        shares = roots.astype(np.float32) * np.float32(SLOTS) / total
        self.slots = np.repeat(np.arange(len(roots)), np.ceil(shares).astype(np.int64))

    def other_than(self, label: int, random: MinstdRand) -> int:
        """Return a label drawn at ``random``, never ``label``."""
        while (drawn := int(self.slots[random.below(len(self.slots))])) == label:
            pass
        return drawn


def predict_rows(
    model: FastTextModel, rows: list[int], k: int = 1, threshold: float = 0.0
) -> list[Prediction]:
    """Return the best labels of a line by its rows of the input, the best first.

    Parameters
    ----------
    model : FastTextModel
        A supervised model.
    rows : list of int
        What ``model.features`` finds. Without any, nothing is predicted.
    k : int
        At most so many labels; −1 for all.
    threshold : float
        The least probability.

    Raises
    ------
    ValueError
        The model is none of labels, k is neither −1 nor 1 or more, the threshold is NaN, or scores
        are not finite.
    """
    if model.settings.model != "supervised":
        raise ValueError(
            f"expected a supervised model, got {model.settings.model!r}: it has vectors only"
        )
    if k != -1 and k < 1:
        raise ValueError(f"expected k to be 1 or more, or -1 for all labels, got {k}")
    if np.isnan(threshold):
        raise ValueError("expected a threshold that is a number, got nan")
    count = model.dictionary.nlabels
    if not rows or not count:
        return []
    with np.errstate(over="ignore", invalid="ignore"):
        hidden = mean_of_rows(model.input, rows)
        scores = model.output.scores(hidden)[:count]
    if not np.isfinite(scores).all():
        raise ValueError("expected finite scores, got others: the model's numbers are too large")
    k = count if k == -1 else k
    if model.settings.loss == "hs":
        return _best_leaves(model.tree, scores, k, np.float32(threshold))
    p = softmax(scores) if model.settings.loss == "softmax" else sigmoid(scores)
    return _best(p, k, np.float32(threshold))


class _Heap:
    """The k best so far, the worst of them first; of equals, those that C++'s heap keeps."""

    def __init__(self, k: int) -> None:
        self.k = k
        self.items: list[Prediction] = []

    def refuses(self, score: float) -> bool:
        """Return whether it is full of better ones than ``score``."""
        return len(self.items) == self.k and score < self.items[0][0]

    def add(self, score: float, label: int) -> None:
        """Add a ``label`` of this ``score``, and drop the worst if there are too many."""
        self.items.append((score, label))
        push_heap(self.items, _worse)
        if len(self.items) > self.k:
            pop_heap(self.items, _worse)
            self.items.pop()

    def sorted(self) -> list[Prediction]:
        """Return all, the best first."""
        sort_heap(self.items, _worse)
        return self.items


def _worse(a: Prediction, b: Prediction) -> bool:
    return a[0] > b[0]  # the heap's greatest item is the worst label


def _best(p: Floats, k: int, threshold: np.float32) -> list[Prediction]:
    heap = _Heap(k)
    scores = log_of(p).tolist()
    for label in np.flatnonzero(~(p < threshold)).tolist():
        if not heap.refuses(scores[label]):
            heap.add(scores[label], label)
    return heap.sorted()


def _best_leaves(
    tree: HuffmanTree, scores: Floats, k: int, threshold: np.float32
) -> list[Prediction]:
    """Walk the tree, left before right, and leave out what is below the threshold or the k best."""
    right = (1 / (np.float32(1) + exp32(-scores)).astype(np.float64)).astype(np.float32)
    to_left = log_of((1.0 - right.astype(np.float64)).astype(np.float32))
    to_right = log_of(right)
    least = log_of(threshold)
    heap = _Heap(k)
    todo = [(2 * tree.labels - 2, np.float32(0))]
    while todo:
        node, score = todo.pop()
        if score < least or heap.refuses(float(score)):
            continue
        if node < tree.labels:
            heap.add(float(score), node)
            continue
        row = node - tree.labels
        left_child, right_child = tree.children[row].tolist()
        todo += [(right_child, score + to_right[row]), (left_child, score + to_left[row])]
    return heap.sorted()

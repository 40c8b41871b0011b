"""The steps of fastText's training: laid out lines in, matrices moved in place, same bits."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import starting_rows as starting, text_training
from chainrule.engine.machine.memory import aligned
from chainrule.engine.running.single import invoke, kernel_of
from chainrule.fasttext.arithmetic import sigmoid_table
from chainrule.fasttext.huffman import HuffmanTree
from chainrule.fasttext.line_rows import Lines
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.starting_rows import FLOATS, bits_of

__all__ = ["negatives", "train", "tree_paths"]

TURNS = 100_000
"""Tokens, about, after which training asks whether to go on."""
NEGATIVES = 10_000_000
"""Places of the table that labels are drawn from."""
MOVED = [text_training.LINE, text_training.DONE, text_training.GATHERED]
"""What the first step changes of the state."""


def train(
    lines: Lines,
    inputs: NDArray[np.float32],
    outputs: NDArray[np.float32],
    label_counts: NDArray[np.int64],
    token_count: int,
    settings: Settings,
    goes_on: Callable[[float], bool] | None = None,
    interrupted: Callable[[float], None] | None = None,
) -> None:
    """Move the matrices in some passes over lines.

    Parameters
    ----------
    lines : Lines
        What :func:`~chainrule.fasttext.line_rows.lay_out` returns.
    inputs, outputs : NDArray[np.float32]
        The rows that lines have, and those of the labels: of whole vectors, moved in place.
    label_counts : NDArray[np.int64]
        How often each label was met, in the dictionary's order.
    token_count : int
        How many tokens a pass has.
    settings : Settings
        What it is trained with.
    goes_on : callable, optional
        Asked now and then, with the share that is done; training ends where it returns false.
    interrupted : callable, optional
        Called with the share that is done where Ctrl-C ends training; the matrices are what it has
        learned.

    Raises
    ------
    ValueError
        The loss is ``"ns"``, and there are no two labels; or a score is not finite.
    KeyboardInterrupt
        Ctrl-C came before anything was learned, or nobody asked to be called.
    """
    state = np.array([0, 0, 0, settings.seed % 2**64 % starting.MODULUS or 1, 0], np.int64)
    arrays = _arrays(lines, inputs, outputs, label_counts, settings)
    total, lr = settings.epoch * token_count, settings.lr
    average = max(1.0, token_count / max(1, len(lines.lines)))
    classes, vectors = len(label_counts), -(-settings.dim // FLOATS)
    by_parts = lines.starts is not None
    kernel = kernel_of(text_training.train, loss=settings.loss, vectors=vectors, by_parts=by_parts)
    some_steps = partial(
        invoke,
        kernel,
        line_count=len(lines.lines),
        dim=settings.dim,
        classes=classes,
        class_vectors=-(-classes // FLOATS),
        draws=settings.neg,
        turns=max(1, int(TURNS / average)),
        rate=bits_of(lr),
        total=total,
        update_rate=settings.lrUpdateRate,
        state=state,
        **arrays,
    )
    try:
        _take_steps(some_steps, state, total, lr, goes_on)
    except KeyboardInterrupt:  # between steps: the kernel is never left in one
        if interrupted is None or not state[MOVED].any():
            raise
        _check_finite(state, total, lr)
        interrupted(_share(state, total))


def _take_steps(
    some_steps: Callable[[], None],
    state: NDArray[np.int64],
    total: int,
    lr: float,
    goes_on: Callable[[float], bool] | None,
) -> None:
    """Take steps until all tokens are done, or nobody wants more."""
    while state[text_training.DONE] < total:
        some_steps()
        _check_finite(state, total, lr)
        if goes_on is not None and not goes_on(_share(state, total)):
            break


def _check_finite(state: NDArray[np.int64], total: int, lr: float) -> None:
    if state[text_training.FAULT]:
        raise ValueError(
            f"train: a score is not finite after {int(state[text_training.DONE])} of {total} "
            f"tokens; a learning rate below {lr} may help"
        )


def _share(state: NDArray[np.int64], total: int) -> float:
    return min(1.0, float(state[text_training.DONE] / total))


def _arrays(
    lines: Lines,
    inputs: NDArray[np.float32],
    outputs: NDArray[np.float32],
    label_counts: NDArray[np.int64],
    settings: Settings,
) -> dict[str, Any]:
    """Return what the kernel reads and moves, and where it takes notes, by its names."""
    dim, classes = settings.dim, len(label_counts)
    width, class_width = (-(-count // FLOATS) * FLOATS for count in (dim, classes))
    columns = aligned((dim, class_width), np.float32)
    columns[:, :classes] = outputs[:, :dim].T
    most = _most_features(lines)
    arrays: dict[str, Any] = {
        "lines": lines.lines,
        "features": lines.features,
        "labels": lines.labels,
        "rows": inputs,
        "by_rows": outputs,
        "by_dimensions": columns,
        "hidden": aligned((width,), np.float32),
        "before": aligned((width,), np.float32),
        "scores": aligned((max(class_width, width),), np.float32),
        "rates": aligned((class_width,), np.float32),
        "sigmoid": sigmoid_table(),
        "scratch": np.empty(most + FLOATS, np.int32),
        "more_scratch": np.empty(most + FLOATS, np.int32),
    }
    if lines.starts is not None:
        arrays |= {"part_starts": lines.starts, "parts": lines.parts}
    if settings.loss == "hs" and classes:
        arrays["path_starts"], arrays["paths"] = tree_paths(label_counts)
    if settings.loss == "ns":
        if classes < 2 and settings.neg:
            raise ValueError(
                "train: expected two labels or more for the loss 'ns', which draws others than "
                f"a line's own, got {classes}"
            )
        arrays["negatives"] = negatives(label_counts)
        arrays["negative_count"] = len(arrays["negatives"])
    return arrays


def _most_features(lines: Lines) -> int:
    """Return how many rows the longest line has, where n-grams of characters are among them."""
    if lines.starts is None:
        return 0
    features = lines.features
    words = features < 0
    sizes = np.ones(len(features) + 1, np.int64)
    sizes[:-1][words] = np.diff(lines.starts)[-1 - features[words]]
    ends = np.concatenate([[0], np.cumsum(sizes)])
    first, last = lines.lines["feature"], np.append(lines.lines["feature"][1:], len(features))
    return int((ends[last] - ends[first]).max(initial=0))


def tree_paths(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return where each label's path to the root begins, and twice the rows plus their sides."""
    tree = HuffmanTree.of_counts(counts)
    paths = [tree.path(label) for label in range(len(counts))]
    starts = np.cumsum([0, *map(len, paths)], dtype=np.int64)
    steps = [2 * row + side for path in paths for row, side in path]
    return starts, np.array(steps or [0], np.int32)


def negatives(counts: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the table that labels are drawn from: by the square roots of their counts."""
    single = np.float32
    total = single(0)
    for count in counts:
        total = single(float(total) + math.sqrt(count))
    share = np.sqrt(counts.astype(np.float64)).astype(single) * single(NEGATIVES) / total
    return np.repeat(np.arange(len(counts), dtype=np.int32), np.ceil(share).astype(np.int64))

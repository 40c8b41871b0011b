"""Labels, probabilities and vectors as lines of text, by machine code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import number_text
from chainrule.engine.kernels.library import CompiledKernel
from chainrule.engine.kernels.single_exponential import roots_of_2
from chainrule.engine.running.single import invoke, kernel_of
from chainrule.fasttext.arithmetic import exp32

__all__ = ["Names", "prediction_lines", "vector_lines"]


class Names:
    """Names one after the other, a space behind each.

    Parameters
    ----------
    names : list of bytes
        The names.
    """

    def __init__(self, names: list[bytes]) -> None:
        parts = [name + b" " for name in names]
        self.names = names
        self.lengths = np.array([len(part) for part in parts], np.int64)
        self.bounds = np.concatenate([[0], np.cumsum(self.lengths)]).astype(np.int64)
        self.text = np.frombuffer(b"".join(parts) + bytes(8), np.uint8)

    @classmethod
    def without(cls, count: int) -> Names:
        """Return names of lines that have none."""
        names = cls([])
        names.bounds, names.lengths = np.zeros(count + 1, np.int64), np.zeros(count, np.int64)
        names.names = []
        return names


def prediction_lines(
    names: Names,
    offsets: NDArray[np.int64],
    labels: NDArray[np.int32],
    scores: NDArray[np.float32],
    *,
    probabilities: bool = True,
) -> bytes:
    """Return a line for each line of ``predict-prob``, or of ``predict``.

    Parameters
    ----------
    names : Names
        The model's labels.
    offsets, labels, scores : arrays
        Line i has the labels from ``offsets[i]`` to ``offsets[i + 1]``, and the logarithms of their
        probabilities.
    probabilities : bool
        Whether each label is followed by its probability.
    """

    def line(number: int) -> bytes:
        here = slice(int(offsets[number]), int(offsets[number + 1]))
        each = zip(labels[here].tolist(), exp32(scores[here]).tolist(), strict=True)
        return b" ".join(b"%s %.6g" % (names.names[label], p) for label, p in each) + b"\n"

    size = int(names.lengths[labels].sum()) + number_text.ROOM * len(labels) + len(offsets)
    kernel = kernel_of(number_text.predictions, probabilities=probabilities)
    arrays = {"offsets": offsets, "labels": labels, "scores": scores, "roots": roots_of_2()}
    return _written(kernel, names, len(offsets) - 1, size, line, arrays)


def vector_lines(
    rows: NDArray[np.float32],
    names: Names | None = None,
    *,
    digits: int = 5,
    ends_with_space: bool = True,
) -> bytes:
    """Return a line for each vector.

    Parameters
    ----------
    rows : NDArray[np.float32] of shape (n, dim)
        The vectors.
    names : Names, optional
        What lines begin with.
    digits : int
        Of each number, those after the last that is not 0 left out.
    ends_with_space : bool
        Whether there is a space behind the last number, as behind the others.
    """
    count, dim = rows.shape
    if rows.strides[1] != rows.itemsize:
        rows = np.ascontiguousarray(rows)
    names = Names.without(count) if names is None else names
    layout = b"%%.%dg " % digits * dim
    layout = layout if ends_with_space else layout.removesuffix(b" ")

    def line(number: int) -> bytes:
        name = names.names[number] + b" " if names.names else b""
        numbers: bytes = layout % tuple(rows[number].tolist())
        return name + numbers + b"\n"

    size = int(names.lengths.sum()) + count * (number_text.ROOM * dim + 1)
    arrays = {"dim": dim, "rows": rows, "row_bytes": rows.strides[0]}
    kernel = kernel_of(number_text.vectors, digits=digits, ends_with_space=ends_with_space)
    return _written(kernel, names, count, size, line, arrays)


def _written(
    kernel: CompiledKernel,
    names: Names,
    count: int,
    size: int,
    line: Callable[[int], bytes],
    arrays: dict[str, Any],
) -> bytes:
    """Return what a kernel writes, and for those lines that it does not, what a function does."""
    text, state = np.empty(size + number_text.SLACK, np.uint8), np.zeros(2, np.int64)
    parts: list[bytes] = []
    done = 0
    while done < count:
        invoke(
            kernel,
            line=done,
            count=count,
            names=names.text,
            bounds=names.bounds,
            tables=number_text.tables(),
            text=text,
            state=state,
            **arrays,
        )
        done = int(state[0])
        parts.append(text[: int(state[1])].tobytes())
        if done < count:
            parts.append(line(done))
            done += 1
    return b"".join(parts)

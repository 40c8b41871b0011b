"""Arrays whose axes are named by letters: windows into them, and their products.

A window ``X[n,c,i+u,j+v]`` is a strided view of X with the axes n, c, i, j, u, v: the stride of i
and of u is the same, and nothing is copied. A product of two such arrays, summed over some of
their letters, is one (batched) matrix product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from scipy import sparse

from chainrule.notation.line import Indices, NotationError, letters_of
from chainrule.notation.sizes import Sizes, offset, reach
from chainrule.types import Array


@dataclass(frozen=True)
class Labelled:
    """An array (or a sparse matrix) and one letter for each of its axes."""

    values: Any
    letters: tuple[str, ...]

    def at(self, fixed: Mapping[str, int]) -> Labelled:
        """Return the elements at which some letters have given values."""
        if not fixed:
            return self
        where = [fixed.get(letter, slice(None)) for letter in self.letters]
        values = self.values[(*where, ...)]  # the dots keep a view a view when no axis is left
        return Labelled(values, tuple(x for x in self.letters if x not in fixed))

    def summed(self, keep: Sequence[str]) -> Labelled:
        """Return the sum over the letters that are not kept."""
        axes = tuple(axis for axis, letter in enumerate(self.letters) if letter not in keep)
        if not axes:
            return self
        letters = tuple(letter for letter in self.letters if letter in keep)
        values = self.values.sum(axis=axes)
        return Labelled(np.asarray(values).reshape(np.shape(values)), letters)

    def arranged(self, letters: Sequence[str]) -> Array:
        """Return the values with these axes, in this order; an absent letter gets length 1."""
        present = [letter for letter in letters if letter in self.letters]
        values = self.values.transpose([self.letters.index(letter) for letter in present])
        axes = [slice(None) if letter in self.letters else None for letter in letters]
        return np.asarray(values)[(*axes, ...)]


def strided_view(
    array: Array,
    indices: Indices,
    sizes: Sizes,
    constants: Mapping[str, int],
    origin: Sequence[int],
) -> Labelled:
    """Return the view with an axis a letter, where index value v is element v + origin."""
    letters = letters_of(indices)
    strides = dict.fromkeys(letters, 0)
    start: list[Any] = []
    for index, stride, first in zip(indices, array.strides, origin, strict=True):
        start.append(slice(offset(index, constants) + first, None))
        for scale, letter in index.letters:
            strides[letter] += scale.value(constants) * stride
    shape = [sizes[letter] for letter in letters]
    if 0 in shape:
        return Labelled(np.empty(shape, array.dtype), tuple(letters))
    corner = array[(*start, ...)]
    view = as_strided(corner, shape, [strides[letter] for letter in letters])
    return Labelled(view, tuple(letters))


def windows(array: Any, indices: Indices, sizes: Sizes, constants: Mapping[str, int]) -> Labelled:
    """Return an operand with one axis for each letter of its indices; zero outside its bounds."""
    plain = [str(index.letter) for index in indices if index.letter is not None]
    if len(set(plain)) == len(indices) and [sizes[x] for x in plain] == [*array.shape]:
        return Labelled(array, tuple(plain))
    if sparse.issparse(array):
        raise NotationError("a sparse operand needs two different, plain letters as indices")
    reaches = [reach(index, sizes, constants) for index in indices]
    if all(sizes[letter] for letter in letters_of(indices)):
        widths = [
            (max(0, -low), max(0, high - size + 1))
            for (low, high), size in zip(reaches, array.shape, strict=True)
        ]
    else:
        widths = [(0, 0) for _ in reaches]
    if any(low or high for low, high in widths):
        array = np.pad(array, widths)
    return strided_view(array, indices, sizes, constants, [low for low, _ in widths])


def contract(a: Labelled, b: Labelled, keep: Sequence[str]) -> Labelled:
    """Return the product of two arrays, summed over every letter that is not kept.

    Letters fall into four kinds: in both and kept (a batch of products), in both and summed (the
    inner dimension), in a alone, in b alone. Grouped so, the product is one matmul.
    """
    if sparse.issparse(a.values) or sparse.issparse(b.values):
        return _contract_sparse(a, b, keep)
    a = a.summed([*keep, *b.letters])
    b = b.summed([*keep, *a.letters])
    batch = [x for x in a.letters if x in b.letters and x in keep]
    inner = [x for x in a.letters if x in b.letters and x not in keep]
    rows = [x for x in a.letters if x not in b.letters]
    columns = [x for x in b.letters if x not in a.letters]
    left, right = a.arranged(batch + rows + inner), b.arranged(batch + inner + columns)
    size = dict(zip(batch + rows + inner, left.shape, strict=True))
    size |= dict(zip(batch + inner + columns, right.shape, strict=True))

    def length(letters: Sequence[str]) -> int:
        return int(np.prod([size[letter] for letter in letters], dtype=np.int64))

    lengths = [size[letter] for letter in batch]
    left = left.reshape([*lengths, length(rows), length(inner)])
    right = right.reshape([*lengths, length(inner), length(columns)])
    letters = batch + rows + columns
    values = np.multiply(left, right) if not inner else np.matmul(left, right)
    return Labelled(values.reshape([size[letter] for letter in letters]), tuple(letters))


def _contract_sparse(a: Labelled, b: Labelled, keep: Sequence[str]) -> Labelled:
    """Return the product of a sparse and a dense matrix over the one letter they share."""
    shared = [letter for letter in a.letters if letter in b.letters]
    both_sparse = sparse.issparse(a.values) and sparse.issparse(b.values)
    ranks = {len(a.letters), len(b.letters)}
    if both_sparse or ranks != {2} or len(shared) != 1 or shared[0] in keep:
        raise NotationError(
            "a sparse operand can only stand in a product of two matrices, the other one dense, "
            f"with one letter summed over; here {a.letters} and {b.letters}"
        )
    (inner,) = shared
    left = a.values if a.letters[1] == inner else a.values.T
    right = b.values if b.letters[0] == inner else b.values.T
    rows, columns = (next(x for x in letters if x != inner) for letters in (a.letters, b.letters))
    return Labelled(np.asarray(left @ right), (rows, columns)).summed(keep)

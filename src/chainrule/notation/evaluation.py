"""Lines of index notation, computed with NumPy in any float type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from scipy import sparse

from chainrule.notation.calculus import gradient as gradient_line, jacobian as jacobian_line
from chainrule.notation.contraction import Labelled, contract, strided_view, windows
from chainrule.notation.line import Index, Indices, Line, NotationError, Shape, Term, letters_of
from chainrule.notation.sizes import Sizes, infer_sizes, reach
from chainrule.sparse_rows import check_arrays
from chainrule.types import Array


def evaluate(
    line: Line,
    operands: Mapping[str, Any],
    *,
    sizes: Sizes | None = None,
    shape: Shape | None = None,
) -> Array:
    """Return the target of a line.

    Parameters
    ----------
    line : Line
        Parsed, with a target.
    operands
        The arrays by name. In a product of two matrices one may be a SciPy sparse matrix.
    sizes
        The sizes of letters that the operands' shapes do not tell.
    shape
        The shape of the target, where its indices are sums of letters; elements outside are
        dropped. By default the smallest that holds every element.

    Raises
    ------
    NotationError
        An operand is missing or has another number of axes, or two operands disagree about the
        size of a letter, which is named.
    """
    return _evaluate(line, operands, sizes, shape, None)


def _evaluate(
    line: Line,
    operands: Mapping[str, Any],
    sizes: Sizes | None,
    shape: Shape | None,
    dtype: np.dtype[Any] | None,
) -> Array:
    """Evaluate a line; the target's type is that of the operands unless it is given."""
    arrays = {
        name: _as_array(line, name, operands[name]) for name in line.names if name in operands
    }
    known = infer_sizes(line, {name: array.shape for name, array in arrays.items()}, sizes)
    constants = dict(line.constants)
    kind = dtype or _dtype(line, arrays.values())
    exact = kind.kind == "O"
    plain = [index.letter for index in line.terms[0].left]
    if len(line.terms) == 1 and None not in plain and len(set(plain)) == len(plain):
        letters = [str(letter) for letter in plain]
        whole = tuple(known[letter] for letter in letters)
        if shape is None or shape == whole:
            product = _term(line.terms[0], arrays, known, constants, letters, {}, exact)
            values = product.arranged(letters)
            values = values.astype(dtype or values.dtype, copy=False)
            return _owned(values if values.shape == whole else np.broadcast_to(values, whole))
    target = _Target(line, known, constants, shape, kind)
    for term in line.terms:
        for fixed in _slides(term.left, known):
            letters = [letter for letter in letters_of(term.left) if letter not in fixed]
            view = target.view(term.left, fixed)
            product = _term(term, arrays, known, constants, letters, fixed, exact)
            view += product.arranged(letters)
    return target.result()


def _as_array(line: Line, name: str, operand: Any) -> Any:
    if not sparse.issparse(operand):
        return np.asarray(operand)
    check_arrays(str(line), operand, name)
    return operand


def _owned(values: Array) -> Array:
    """Return contiguous, writable values that share no memory with an operand."""
    own = values.flags.c_contiguous and values.flags.writeable and values.base is None
    return values if own else np.array(values, order="C")


def _dtype(line: Line, arrays: Iterable[Any]) -> np.dtype[Any]:
    dtype = np.result_type(*(array.dtype for array in arrays), np.int8)
    if dtype.kind in "iu" and any(
        term.powers or term.coefficient.denominator != 1 for term in line.terms
    ):
        return np.dtype(np.float64)
    return dtype


def _term(
    term: Term,
    arrays: Mapping[str, Any],
    sizes: Sizes,
    constants: Mapping[str, int],
    letters: list[str],
    fixed: Mapping[str, int],
    exact: bool,
) -> Labelled:
    """Return the product of a term at the fixed letters, summed over all but some letters."""
    views = [
        windows(arrays[factor.name], factor.indices, sizes, constants).at(fixed)
        for factor in term.factors
    ]
    if not views:
        return Labelled(_scaled(np.asarray(1), term.number(sizes), exact), ())
    if len(views) == 1 and sparse.issparse(views[0].values):
        raise NotationError(f"a sparse operand cannot stand alone: {term.product()}")
    result = views[0]
    for position, view in enumerate(views[1:], start=1):
        later = {letter for other in views[position + 1 :] for letter in other.letters}
        result = contract(result, view, [*letters, *later])
    result = result.summed(letters)
    return Labelled(_scaled(result.values, term.number(sizes), exact), result.letters)


def _scaled(values: Any, coefficient: Fraction | float, exact: bool) -> Any:
    """Multiply by a number without widening the float type."""
    if coefficient == 1:
        return values
    if isinstance(coefficient, Fraction) and coefficient.denominator == 1:
        return np.asarray(values * int(coefficient))
    return np.asarray(values * (coefficient if exact else float(coefficient)))


def _slides(left: Indices, sizes: Sizes) -> Iterator[dict[str, int]]:
    """Yield values of letters so that, at each, no two elements of the left side coincide.

    Of the letters of a sum the largest is left free and the others are walked through: with
    ``dX[n,c,i+u,j+v]`` the taps (u, v), each of which adds one shifted image.
    """
    walked: dict[str, None] = {}
    for index in left:
        letters = sorted((letter for _, letter in index.letters), key=lambda x: sizes[x])
        walked |= dict.fromkeys(letters[:-1])
    for values in product(*(range(sizes[letter]) for letter in walked)):
        yield dict(zip(walked, values, strict=True))


class _Target:
    """The array that a line adds into, with margins for what falls outside."""

    def __init__(
        self,
        line: Line,
        sizes: Sizes,
        constants: Mapping[str, int],
        shape: Shape | None,
        dtype: np.dtype[Any],
    ) -> None:
        self.sizes, self.constants = sizes, constants
        lows, highs = [0] * line.rank, [-1] * line.rank
        for term in line.terms:
            for axis, index in enumerate(term.left):
                if _takes_none(index, sizes):
                    continue
                low, high = reach(index, sizes, constants)
                lows[axis], highs[axis] = min(lows[axis], low), max(highs[axis], high)
        self.shape = tuple(high + 1 for high in highs) if shape is None else shape
        if len(self.shape) != line.rank:
            raise NotationError(f"{line}: the target has {line.rank} indices, got shape {shape}")
        self.origin = [-low for low in lows]
        whole = [
            max(size, high + 1) - low
            for size, low, high in zip(self.shape, lows, highs, strict=True)
        ]
        self.array = np.zeros(whole, dtype)

    def view(self, left: Indices, fixed: Mapping[str, int]) -> Array:
        """Return the writable view of a left side, the fixed letters at their values."""
        labelled = strided_view(self.array, left, self.sizes, self.constants, self.origin)
        return np.asarray(labelled.at(fixed).values)

    def result(self) -> Array:
        inner: list[Any] = [slice(o, o + n) for o, n in zip(self.origin, self.shape, strict=True)]
        return _owned(self.array[(*inner, ...)])


def backprop(
    line: Line,
    operands: Mapping[str, Any],
    gradient: Array,
    *,
    by: str,
    sizes: Sizes | None = None,
) -> Array:
    """Return the gradient of a loss by one operand, given its gradient by the target.

    ``operands`` are those of :func:`evaluate`; the result has the shape of the operand ``by``.
    """
    known, shape = _known(line, operands, sizes), np.shape(operands[by])
    for index, size in zip(line.terms[0].left, np.shape(gradient), strict=False):
        alone = index.letter is not None and len({term.left for term in line.terms}) == 1
        if alone and size != known[str(index.letter)]:
            raise NotationError(
                f"{line}: the letter {index} is {known[str(index)]} in the target and {size} in "
                f"its gradient, of shape {np.shape(gradient)}"
            )
    values = {**operands, f"d{line.target}": gradient}
    return evaluate(gradient_line(line, by, rename=False), values, sizes=known, shape=shape)


def dense_jacobian(
    line: Line,
    operands: Mapping[str, Any],
    *,
    by: str,
    sizes: Sizes | None = None,
    batch: str | None = None,
) -> Array:
    """Return ∂target/∂by in full, indexed by the target and then by the operand.

    With ``batch="n"`` that letter of the operand is not repeated: one Jacobian a sample.
    """
    known = _known(line, operands, sizes)
    indices = next(t.factors[p].indices for t, p in line.occurrences(by))
    kept = tuple(
        size
        for index, size in zip(indices, np.shape(operands[by]), strict=True)
        if batch is None or index.letter != batch
    )
    shape = target_shape(line, known) + kept
    dtype = _dtype(line, [_as_array(line, name, operands[name]) for name in line.names])
    jacobian = jacobian_line(line, by, batch, rename=False)
    return _evaluate(jacobian, operands, known, shape, dtype)


def target_shape(line: Line, sizes: Sizes) -> Shape:
    """Return the smallest shape that holds every element that a line writes."""
    constants = dict(line.constants)
    reaches = [
        [
            0 if _takes_none(index, sizes) else reach(index, sizes, constants)[1] + 1
            for index in term.left
        ]
        for term in line.terms
    ]
    return tuple(max(0, *axis) for axis in zip(*reaches, strict=True))


def _takes_none(index: Index, sizes: Sizes) -> bool:
    """Return whether an index takes no value, for a letter in it has none."""
    return not all(sizes[letter] for _, letter in index.letters)


def _known(line: Line, operands: Mapping[str, Any], sizes: Sizes | None) -> Sizes:
    return infer_sizes(line, {name: np.shape(operands[name]) for name in line.names}, sizes)

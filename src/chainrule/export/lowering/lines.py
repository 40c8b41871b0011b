"""Lines of index notation as loops, for one sample.

A line says a loop over all of its letters. Which of them is the innermost is chosen so that the
loop runs over neighbours in memory: a compiler makes vectors of it without changing the order of a
sum. Where no letter does, the sum is collected in a local number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from chainrule import notation
from chainrule.export.language.blocks import Block
from chainrule.export.language.expressions import Expression, Index, element
from chainrule.export.language.statements import Bound
from chainrule.notation.line import Factor, Index as LineIndex, Line, Term, letters_of
from chainrule.notation.sizes import offset, reach
from chainrule.types import Shape

__all__ = ["Operands", "flat_index", "strides", "write_line"]


@dataclass(frozen=True)
class Operands:
    """The arrays of a line and its sizes.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        The shape of each array, those of one sample without its axis.
    sizes : mapping of str to int
        How many values each letter takes.
    sample : str
        The letter of the samples, which is left out where it stands.
    """

    shapes: Mapping[str, Shape]
    sizes: Mapping[str, int]
    sample: str


def strides(shape: Shape) -> tuple[int, ...]:
    """Return how far neighbours along each axis are apart in memory."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def flat_index(letters: Sequence[Index | int | str], shape: Shape) -> Index:
    """Return the place of an element in memory, given its indices."""
    total = Index()
    for index, stride in zip(letters, strides(shape), strict=True):
        total = total + Index.of(index) * stride
    return total


def write_line(b: Block, line: Line, operands: Operands) -> None:
    """Write the loops of a line: its target, in whole, becomes what the line says."""
    line = without_sample(line, operands.sample)
    line = renamed_apart(line, operands.shapes)
    b.reserve(letter for term in line.terms for letter in term.letters())
    shape = operands.shapes[line.target]
    terms = sorted(line.terms, key=lambda term: bool(term.summed()))
    begun = _covers(terms[0], shape, operands.sizes)
    if not begun:
        with b.loop(_free("e", line), prod(shape)) as e:
            b.store(element(line.target, e), 0.0)
    for place, term in enumerate(terms):
        _write_term(b, line, term, operands, add=place > 0 or not begun)


def without_sample(line: Line, sample: str) -> Line:
    """Return a line for one sample: its letter is left out where it is an index of its own."""

    def kept(indices: tuple[LineIndex, ...]) -> tuple[LineIndex, ...]:
        return tuple(index for index in indices if index.letter != sample)

    def factor(given: Factor) -> Factor:
        return Factor(given.name, kept(given.indices))

    terms = tuple(
        replace(term, left=kept(term.left), factors=tuple(map(factor, term.factors)))
        for term in line.terms
    )
    if any(sample in (*term.letters(), *term.measured()) for term in terms):
        raise ValueError(f"{line}: expected the samples' letter {sample} as an index by itself")
    return replace(line, terms=terms)


def renamed_apart(line: Line, arrays: Mapping[str, Shape]) -> Line:
    """Return a line none of whose letters is the name of an array."""
    letters = {letter for term in line.terms for letter in term.letters()}
    names = {letter: f"{letter}_" for letter in letters if letter in arrays}
    return replace(line, terms=tuple(term.renamed(names) for term in line.terms))


def _free(name: str, line: Line) -> str:
    while any(name in term.letters() for term in line.terms):
        name += "_"
    return name


def _size(letter: str, sizes: Mapping[str, int]) -> int:
    return sizes[letter if letter in sizes else letter.removesuffix("_")]


def _covers(term: Term, shape: Shape, sizes: Mapping[str, int]) -> bool:
    """Return whether a term writes each element of its target once, summed in a local or not."""
    letters = [index.letter for index in term.left]
    return (
        None not in letters
        and len(set(letters)) == len(letters)
        and tuple(_size(str(letter), sizes) for letter in letters) == shape
    )


def _write_term(b: Block, line: Line, term: Term, operands: Operands, *, add: bool) -> None:
    """Write the loops of one product, which is added to the target or begins it."""
    constants, summed = dict(line.constants), term.summed()
    left = Factor(line.target, term.left)
    letters = (*term.letters(), *term.measured())
    sizes = {letter: _size(letter, operands.sizes) for letter in letters}
    flat = {factor: _flat(factor, operands, constants) for factor in (left, *term.factors)}
    number = term.number({**operands.sizes, **sizes})
    row = _row_letter(term, flat, left) if summed else None
    outer = [letter for letter in letters_of(term.left) if letter != row]
    checks = _checks((left, *term.factors), operands, sizes, constants)
    target = element(line.target, flat[left])
    if summed and row is None and _plain(term.left):
        with ExitStack() as stack:
            inner = _enter(b, stack, outer, sizes, checks)
            s = b.let("s", 0.0, changes=True)
            with ExitStack() as sums:
                _enter(b, sums, summed, sizes, inner, outer)
                b.add(s, _product(1, [element(f.name, flat[f]) for f in term.factors]))
            value = _product(number, [s])
            b.add(target, value) if add else b.store(target, value)
        return
    order = [*outer, *summed, *([] if row is None else [row])]
    if summed and not add:
        _zero(b, line, prod(operands.shapes[line.target]))
        add = True
    with ExitStack() as stack:
        if row is None:
            _enter(b, stack, order, sizes, checks)
            value = _product(number, [element(f.name, flat[f]) for f in term.factors])
        else:
            rest = _enter(b, stack, order[:-1], sizes, checks)
            still = [f for f in term.factors if not flat[f].factor(row)]
            moving = [element(f.name, flat[f]) for f in term.factors if flat[f].factor(row)]
            if still or number != 1:
                name = still[0].name.lower() if len(still) == 1 and number == 1 else "a"
                fixed = _product(number, [element(f.name, flat[f]) for f in still])
                moving.insert(0, b.let(name, fixed))
            _enter(b, stack, [row], sizes, rest, order[:-1])
            value = _product(1, moving)
        b.add(target, value) if add else b.store(target, value)


def _zero(b: Block, line: Line, size: int) -> None:
    with b.loop(_free("e", line), size) as e:
        b.store(element(line.target, e), 0.0)


def _product(number: Any, factors: list[Expression]) -> Any:
    """Return a number times factors, without a number that is 1."""
    if not factors:
        return float(number)
    product: Any = factors[0]
    for factor in factors[1:]:
        product = product * factor
    if number == -1:
        return -product
    return product if number == 1 else float(number) * product


def _plain(left: tuple[LineIndex, ...]) -> bool:
    letters = [index.letter for index in left]
    return None not in letters and len(set(letters)) == len(letters)


def _flat(factor: Factor, operands: Operands, constants: Mapping[str, int]) -> Index:
    """Return where a factor's element is in memory."""
    shape = operands.shapes[factor.name]
    return flat_index([_affine(index, constants) for index in factor.indices], shape)


def _affine(index: LineIndex, constants: Mapping[str, int]) -> Index:
    total = Index.of(offset(index, constants))
    for scale, letter in index.letters:
        total = total + Index.of(letter) * scale.value(constants)
    return total


def _row_letter(term: Term, flat: Mapping[Factor, Index], left: Factor) -> str | None:
    """Return the letter along which target and factors have neighbours in memory, if any."""
    for letter in letters_of(term.left[-1:])[::-1]:
        moving = [flat[factor].factor(letter) for factor in term.factors]
        if flat[left].factor(letter) == 1 and all(step in (0, 1) for step in moving):
            return letter
    return None


Check = tuple[Index, int]


def _checks(
    factors: Sequence[Factor],
    operands: Operands,
    sizes: Mapping[str, int],
    constants: Mapping[str, int],
) -> list[Check]:
    """Return the indices that may leave their axes, with the axes' sizes."""
    found: dict[tuple[str, int], Check] = {}
    for factor in factors:
        for index, size in zip(factor.indices, operands.shapes[factor.name], strict=True):
            low, high = reach(index, sizes, constants)
            if low < 0 or high >= size:
                found[str(index), size] = _affine(index, constants), size
    return list(found.values())


def _enter(
    b: Block,
    stack: ExitStack,
    letters: Sequence[str],
    sizes: Mapping[str, int],
    checks: list[Check],
    entered: Sequence[str] = (),
) -> list[Check]:
    """Enter loops over letters, checks with their last letter; return the checks that wait."""
    known = list(entered)
    for letter in letters:
        known.append(letter)
        ready = [c for c in checks if all(name in known for _, name in c[0].terms)]
        checks = [c for c in checks if c not in ready]
        bounds = [c for c in ready if c[0].factor(letter) > 0]
        starts = [_bound(index, letter, 0) for index, _ in bounds]
        stops = [_bound(index, letter, size) for index, size in bounds]
        stack.enter_context(b.loop(letter, sizes[letter], starts, stops))
        others = [c for c in ready if c not in bounds]
        if others:
            stack.enter_context(b.when(inside=others))
    if not letters:
        ready = [c for c in checks if not c[0].terms]
        if ready:
            stack.enter_context(b.when(inside=ready))
            checks = [c for c in checks if c not in ready]
    return checks


def _bound(index: Index, letter: str, size: int) -> Bound:
    """Return the least value of a letter at which an index is at least a size."""
    factor = index.factor(letter)
    rest = index + Index.of(letter) * -factor
    return Bound(Index.of(size) + rest * -1, factor)


def line_operands(function: Any, input_shape: Shape, output_shape: Shape) -> tuple[Line, Operands]:
    """Return the line of a function and its operands, with the gradients by each of them."""
    line = function.line(input_shape)
    parameters = function.parameter_shapes(input_shape)
    sample = next((index.letter for index in line.terms[0].left[:1]), None)
    if sample is None or any(f"d{name}" in parameters for name in ("X", "Y", *parameters)):
        raise ValueError(f"{function}: expected the samples' letter first in {line}")
    shapes = {"X": (1, *input_shape), **parameters}
    sizes = notation.infer_sizes(line, shapes, function.sizes(input_shape))
    own = {"X": input_shape, "Y": output_shape, **parameters}
    with_gradients = own | {f"d{name}": shape for name, shape in own.items()}
    return line, Operands(with_gradients, sizes, sample)

"""How large each letter of a line is, told from the shapes of its operands."""

from __future__ import annotations

from collections.abc import Mapping

from chainrule.notation.line import Factor, Index, Line, NotationError, Shape

Sizes = Mapping[str, int]


def reach(index: Index, sizes: Sizes, constants: Mapping[str, int]) -> tuple[int, int]:
    """Return the smallest and the largest value that an index takes."""
    low = high = offset(index, constants)
    for scale, letter in index.letters:
        end = scale.value(constants) * (sizes[letter] - 1)
        low, high = low + min(0, end), high + max(0, end)
    return low, high


def offset(index: Index, constants: Mapping[str, int]) -> int:
    """Return the value of an index at which all letters are zero."""
    return sum(scale.value(constants) for scale in index.offsets)


def infer_sizes(line: Line, shapes: Mapping[str, Shape], given: Sizes | None = None) -> Sizes:
    """Return the size of every letter of a line.

    An axis that is one letter gives its size. A letter that only stands in sums, as i does in
    ``x[s*i+u-p]``, takes as many values as keep the window inside the operand, padded by p at
    both ends. A given size overrides what the shapes say: the loop is then shorter, or runs over
    the edge, where everything is zero.

    Raises
    ------
    NotationError
        An operand is missing, has another number of axes, two operands disagree about a letter,
        or a letter's size cannot be told and is not given.
    """
    sizes: dict[str, int] = {}
    origin: dict[str, str] = {}
    factors = list(dict.fromkeys(factor for term in line.terms for factor in term.factors))
    for factor in factors:
        if factor.name not in shapes:
            raise NotationError(f"{line}: the operand {factor.name} is missing")
        shape = shapes[factor.name]
        if len(shape) != len(factor.indices):
            raise NotationError(
                f"{line}: {factor.name} has {len(factor.indices)} indices, "
                f"got an array of shape {shape}"
            )
        for index, size in zip(factor.indices, shape, strict=True):
            letter = index.letter
            if letter is None or letter in (given or {}):
                continue
            if sizes.setdefault(letter, size) != size:
                raise NotationError(
                    f"{line}: the letter {letter} is {sizes[letter]} in {origin[letter]} "
                    f"and {size} in {factor}"
                )
            origin.setdefault(letter, str(factor))
    sizes.update(given or {})
    for factor in factors:
        for index, size in zip(factor.indices, shapes[factor.name], strict=True):
            _infer_window(line, factor, index, size, sizes)
    missing = {
        letter: None
        for term in line.terms
        for letter in (*term.letters(), *term.measured())
        if letter not in sizes
    }
    if missing:
        raise NotationError(
            f"{line}: no operand tells the size of {', '.join(missing)}; "
            f"give it: sizes={{'{next(iter(missing))}': …}}"
        )
    return sizes


def _infer_window(
    line: Line, factor: Factor, index: Index, size: int, sizes: dict[str, int]
) -> None:
    """Infer the one unknown letter of a sum, so that the window stays in the padded operand."""
    constants = dict(line.constants)
    unknown = [(scale, letter) for scale, letter in index.letters if letter not in sizes]
    if len(unknown) != 1 or any(scale.value(constants) < 0 for scale, _ in index.letters):
        return
    scale, letter = unknown[0]
    padding = -offset(index, constants)
    window = sum(s.value(constants) * (sizes[x] - 1) for s, x in index.letters if x in sizes) + 1
    room = size + 2 * max(0, padding) + min(0, padding) - window
    if room < 0:
        raise NotationError(
            f"{line}: a window of {window} does not fit into {size} elements of {factor}"
            + (f" padded by {padding} at both ends" if padding > 0 else "")
        )
    sizes[letter] = room // scale.value(constants) + 1

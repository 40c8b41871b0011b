"""What a line of index notation contributes; where it is a product of matrices, as that, too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod

from chainrule import notation
from chainrule.explain.algebra import Side
from chainrule.explain.axes import axes_of
from chainrule.explain.building import by_loss
from chainrule.explain.equations import Equation
from chainrule.explain.evaluation import Scope
from chainrule.explain.expressions import Derivative, Expression, Matrix, MatrixProduct, Symbol
from chainrule.explain.lines import line_jacobian, line_value
from chainrule.explain.rules import Rule
from chainrule.explain.sites import Site
from chainrule.notation.line import Line
from chainrule.types import Shape


class LineRule(Rule):
    """A line of index notation.

    Parameters
    ----------
    site : Site
        The function in its place.
    line : Line
        What it makes of X and its parameters.
    sizes : mapping from str to int
        Those of letters that no array tells.
    """

    def __init__(self, site: Site, line: Line, sizes: Mapping[str, int]) -> None:
        super().__init__(site)
        self.line = line
        primed = {f"{letter}'": size for letter, size in sizes.items()}
        self.scope = Scope({**sizes, **primed}, dict(line.constants))
        self.sample = self.line.terms[0].left[0].letter or "n"

    def definition(self) -> Equation:
        """Return the line."""
        left = Symbol(self.names["Y"], self.line.terms[0].left)
        said = str(self.line).replace("-", "−")
        reason = f"{self.function}: {said}{self.constants_told()}"
        return Equation(left, (Side(line_value(self.line, self.names), reason),), self.scope)

    def constants_told(self) -> str:
        """Return what constants of indices are, ``, p = 1``, or nothing where there are none."""
        named = re.findall(r"[^\W\d]+", str(self.line))
        told = (item for item in self.scope.constants.items() if item[0] in named)
        return "".join(f", {name} = {value}" for name, value in told)

    def jacobian(self, by: str) -> tuple[Derivative, Expression]:
        """Return the Jacobian that index notation derives."""
        return line_jacobian(self.line, by, self.sample, self.names)

    def gradients(self, by: str) -> list[Equation]:
        """Return ∂L/∂by; where it is a product of matrices, as that, too."""
        found = super().gradients(by)
        line = notation.gradient(self.line, by)
        factors = _as_matrices(line, {**self.names, "dY": f"d{self.names['Y']}"})
        if factors is None:
            return found
        gradient = by_loss(Symbol(self.names[by]))
        whole = Side(MatrixProduct(factors), "as matrices")
        found.append(Equation(gradient, (whole,), self.scope))
        if by != "X":
            turned = tuple(Matrix(x.array, not x.transposed) for x in reversed(factors))
            name = gradient.by.name
            said = f"with samples as columns, as lecture notes have them: their matrix is {name}ᵀ"
            side = Side(MatrixProduct(turned), said)
            found.append(Equation(Matrix(gradient, True), (side,), self.scope))
        return found

    def program(self, by: str, left: Derivative, sides: tuple[Side, ...]) -> str:
        """Return the line that index notation derives, and that runs."""
        line = notation.gradient(self.line, by)
        names = {f"d{own}": f"d{name}" for own, name in self.names.items()} | self.names
        parts = str(line).split(" ")
        return " ".join(_called(part, names) for part in parts)


def moving_line(shape: Shape) -> tuple[Line, dict[str, int]]:
    """Return the line that lays the numbers of samples of a shape out as one row, and sizes."""
    axes = axes_of(len(shape))
    strides = [prod(shape[place + 1 :]) for place in range(len(shape))]
    parts = [x if n == 1 else f"{n}*{x}" for n, x in zip(strides, axes, strict=True)]
    line = notation.parse(f"Y[n,{'+'.join(parts)}] = X[n,{','.join(axes)}]")
    return line, dict(zip(axes, shape, strict=True))


def masked_line(rank: int) -> Line:
    """Return the line of a mask M on samples of some axes, Y[n,i] = M[n,i] X[n,i]."""
    axes = ",".join(axes_of(rank))
    return notation.parse(f"Y[n,{axes}] = M[n,{axes}] X[n,{axes}]")


def _called(part: str, names: dict[str, str]) -> str:
    name, bracket, rest = part.partition("[")
    return names.get(name, name) + bracket + rest.replace("-", "−")


def _as_matrices(line: Line, names: dict[str, str]) -> tuple[Matrix, ...] | None:
    """Return a gradient's one product as two matrices, or None where it is none of two."""
    if len(line.terms) != 1:
        return None
    term = line.terms[0]
    left = [each.letter for each in term.left]
    letters = [[each.letter for each in factor.indices] for factor in term.factors]
    plain = None not in left and len(set(left)) == 2 == len(left) == len(letters)
    if not plain or len(term.summed()) != 1 or term.coefficient != 1 or term.powers:
        return None
    (inner,) = term.summed()
    first = next((at for at, own in enumerate(letters) if left[0] in own), 0)
    wanted = [[left[0], inner], [inner, left[1]]]
    matrices = []
    for at, expected in zip((first, 1 - first), wanted, strict=True):
        if sorted(map(str, letters[at])) != sorted(map(str, expected)):
            return None
        name = names[term.factors[at].name]
        array = by_loss(Symbol(name[1:])) if term.factors[at].name == "dY" else Symbol(name)
        matrices.append(Matrix(array, letters[at] != expected))
    return tuple(matrices)

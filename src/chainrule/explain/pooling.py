"""What maximum pooling contributes: the largest number of a window, and a line with its place."""

from __future__ import annotations

from dataclasses import replace

from chainrule import notation
from chainrule.explain.algebra import Side
from chainrule.explain.equations import Equation
from chainrule.explain.expressions import Largest, Symbol
from chainrule.explain.line_rule import LineRule
from chainrule.explain.sites import Site
from chainrule.functions import MaxPool2d
from chainrule.functions.sliding import padding_constants, pooled_pixel, pooled_sizes

PLACE = "M[n,c,i,j,u,v]"


class MaximumRule(LineRule):
    """The line Y = M X, M being 1 at the maximum of each window, as the function finds it.

    Parameters
    ----------
    site : Site
        The function in its place.
    function : MaxPool2d
        The function.
    """

    def __init__(self, site: Site, function: MaxPool2d) -> None:
        constants = padding_constants(function, site.input_shape)
        line = notation.parse(f"Y[n,c,i,j] = {PLACE} {pooled_pixel(function)}", constants)
        super().__init__(site, line, pooled_sizes(function, site.input_shape))
        self.names["M"] = site.mask

    def definition(self) -> Equation:
        """Return the maximum of each window, then the line that has its place."""
        equation = super().definition()
        pixel = self.line.terms[0].factors[1]
        largest = Largest(("u", "v"), Symbol(self.names["X"], pixel.indices))
        mask = PLACE.replace("M", self.site.mask)
        reason = f"{mask} is 1 at the first maximum of the window, else 0"
        told = Side(equation.sides[0].formula, reason)
        said = f"{self.function}, of each window{self.constants_told()}"
        return replace(equation, sides=(Side(largest, said), told))

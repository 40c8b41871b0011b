"""Sums of arrays as kernels add: the same bits, denormal numbers counting as 0."""

from __future__ import annotations

from chainrule.engine.kernels import epilogues
from chainrule.engine.kernels.library import Library
from chainrule.engine.machine.memory import VECTOR, address
from chainrule.engine.planning.program import Instructions
from chainrule.engine.running.runner import Runner
from chainrule.types import Array


class Adder:
    """Adds arrays of whole vectors; their memory begins at multiples of a vector's size.

    Parameters
    ----------
    library : Library
        The kernels, of the arrays' type.
    """

    def __init__(self, library: Library) -> None:
        kernel, code = library.get(epilogues.plus), Instructions(1)
        self._arguments = code.add(0, kernel)
        self._code, self._runner = code, Runner(code.finished())
        self._places = [kernel.fields.index(name) for name in ("count", "x", "y", "target")]

    def add(self, target: Array, other: Array) -> None:
        """Let the target be the other array plus itself."""
        values = target.nbytes // VECTOR, address(other), address(target), address(target)
        for place, value in zip(self._places, values, strict=True):
            self._arguments[place] = value
        self._runner.run(1)

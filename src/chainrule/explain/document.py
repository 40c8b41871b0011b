"""The derivation of a network's backprop: its steps, how they are shown, whether they are right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.checking.report import TOLERANCE, Entry, Report, compare
from chainrule.explain.arrays import NetworkArrays
from chainrule.explain.building import by_loss
from chainrule.explain.equations import Equation, Step
from chainrule.explain.expressions import Symbol
from chainrule.explain.numbers import Numbers
from chainrule.explain.page import notebook_html, page_html
from chainrule.explain.samples import drawn_network, given_samples
from chainrule.explain.showing import latex_body, step_lines, step_questions
from chainrule.explain.sites import Parts
from chainrule.explain.trace import NetworkTrace
from chainrule.functions import RandomKey
from chainrule.types import Array

MOST_PARAMETERS = 20_000_000
"""Of a network of more the formulas are shown, and no numbers."""


@dataclass(frozen=True, repr=False)
class Derivation:
    """The backprop of a chain with a loss, derived step by step.

    Printed, it is text; a notebook shows it typeset. Make one with :func:`derivation`.

    Parameters
    ----------
    steps : tuple of Step
        From the network forward and its loss back to the first parameters.
    chain : Chain
        The network.
    parts : Parts
        Its functions and its loss, by the names that the steps use.
    key : RandomKey or None
        The key of a step, where the network is derived as it is in training.
    X, t : array or None
        Samples and their targets, whose numbers are shown.
    digits : int
        How many digits of a number are shown.
    hidden : bool
        Whether a notebook and a page hide the forms of each line, so that a reader tries first.
    """

    steps: tuple[Step, ...]
    chain: Chain
    parts: Parts
    key: RandomKey | None = None
    X: Array | None = None
    t: Any = None
    digits: int = 6
    hidden: bool = False

    @property
    def title(self) -> str:
        """What is derived."""
        return f"The backprop of {self.chain!r} with {self.parts.given}"

    def exercise(self) -> Derivation:
        """Return the same with its lines hidden, so that a reader tries first."""
        return replace(self, hidden=True)

    def numbers(self) -> Numbers | None:
        """Return what shows numbers, None where no samples are given."""
        if self.X is None:
            return None
        parts = self.parts
        trace = NetworkTrace(self._exact(), parts, self.X, self.t, self.key)
        return Numbers(NetworkArrays(trace, by_rules=True), self.digits)

    def lines(self) -> Iterator[list[str]]:
        """Yield each step as lines of text, of which all but the first two may be hidden."""
        numbers = self.numbers()
        for step in self.steps:
            yield step_lines(step, numbers)

    def __repr__(self) -> str:
        return "\n\n".join([self.title, *("\n".join(lines) for lines in self.lines())])

    def questions(self) -> Iterator[tuple[str, bool]]:
        """Yield lines of text, each with whether a reader is to find it out before it is shown."""
        numbers = self.numbers()
        yield self.title, False
        for step in self.steps:
            yield from step_questions(step, numbers)

    def latex(self) -> str:
        """Return the body of a LaTeX document; its preamble needs ``amsmath``."""
        return latex_body(self.title, self.steps, self.numbers())

    def _repr_latex_(self) -> str:
        """Return what a notebook becomes as a LaTeX document; on a screen it shows the HTML."""
        return self.latex()

    def _repr_html_(self) -> str:
        """Return the steps with typeset formulas for a notebook."""
        return notebook_html(self.title, self.steps, self.numbers(), hidden=self.hidden)

    def html(self) -> str:
        """Return a page by itself: it needs neither the network nor a program but a browser."""
        return page_html(self.title, self.steps, self.numbers(), hidden=self.hidden)

    def check(
        self, X: Any = None, t: Any = None, *, seed: int = 0, tolerance: float = TOLERANCE
    ) -> Report:
        """Compute each form of each line, and compare it with finite differences.

        Without samples these are random, and so are the parameters, near those of the chain; where
        the derivation has samples, they are taken as they are. Arrays of many numbers are compared
        at some of them, and formulas that span too many are left out.

        Parameters
        ----------
        X : array of shape (n, …), optional
            Samples.
        t : array, optional
            Their targets, as the loss takes them.
        seed : int, default=0
            The seed of random samples.
        tolerance : float, default=1e-7
            The largest relative error that counts as right.

        Returns
        -------
        report : Report
            An entry for each form: ``3.2.1`` is the first form of the second line of step 3.
        """
        chain, X = self._exact(), given_samples(X, t)
        if X is None:
            X, t = self.X, self.t
        if X is None:
            chain, X, t = drawn_network(chain, self.parts, seed)
        arrays = NetworkArrays(NetworkTrace(chain, self.parts, X, t, self.key))
        entries: list[Entry] = []
        for step in self.steps:
            for number, equation in enumerate(step.equations, 1):
                entries += equation.checked(arrays, f"{step.number}.{number}", tolerance)
        entries += _whole(arrays, tolerance)
        return Report(tuple(entries), tolerance)

    def _exact(self) -> Chain:
        """Return the network in float64, to compute with; ValueError if it is too large."""
        count = self.chain.parameters.flat.size
        if count > MOST_PARAMETERS:
            most = f"at most {MOST_PARAMETERS:,} parameters where numbers are computed"
            raise ValueError(f"derivation: expected {most}, got {count:,}")
        return self.chain.astype(np.float64)

    def find(self, name: str) -> Equation:
        """Return the equation of ∂L/∂name, such as that of "W0"."""
        for step in self.steps:
            for equation in step.equations:
                if equation.left in (by_loss(Symbol(name)),) or _is_gradient(equation, name):
                    return equation
        raise ValueError(f"derivation: expected the name of a parameter or value, got {name!r}")


def _is_gradient(equation: Equation, name: str) -> bool:
    of = getattr(equation.left, "of", equation)
    by = getattr(equation.left, "by", None)
    return of is None and isinstance(by, Symbol) and by.name == name


def _whole(arrays: NetworkArrays, tolerance: float) -> Iterator[Entry]:
    """Yield the comparison of what ``chain.gradient`` returns with what is true."""
    trace = arrays.trace
    loss = trace.parts.fused or trace.parts.loss
    _, gradients = trace.chain.gradient(loss, trace.values["X"], trace.t, key=trace.key)
    for name, gradient in gradients.items():
        truth = arrays.differences.truth(by_loss(Symbol(name)))
        yield compare(
            f"chain.gradient d{name}",
            truth.shape,
            np.asarray(gradient).reshape(-1)[truth.positions],
            truth.values,
            kinks=truth.kinks,
            positions=truth.positions,
            size=truth.size,
            tolerance=tolerance,
        )


def numbered(steps: list[Step]) -> tuple[Step, ...]:
    """Return steps with their numbers."""
    return tuple(step.numbered(number) for number, step in enumerate(steps, 1))

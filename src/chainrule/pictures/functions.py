"""Elementwise functions with their derivatives: activations as the lecture draws them."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.functions import Elementwise
from chainrule.functions.fields import described
from chainrule.functions.sequence import every
from chainrule.pictures.axes import check_fitted
from chainrule.pictures.curve_panels import CurvesDisplay
from chainrule.pictures.curves import Curve
from chainrule.types import Array

LOW, HIGH = -4.0, 4.0


class FunctionsDisplay(CurvesDisplay):
    """Elementwise functions and their derivatives: a panel for each.

    Where a derivative jumps the function has a kink: a dotted line marks it, a full dot is what the
    rule says there, circles are the limits from both sides. What goes to infinity is cut off.

    Parameters
    ----------
    curves : sequence of Curve
        As :meth:`from_functions` makes them.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        All of them, row by row.
    ax_ : matplotlib Axes
        The first.
    figure_ : matplotlib Figure
    lines_ : list of matplotlib Line2D
        The function and its derivative, panel by panel.
    """

    @classmethod
    def from_functions(
        cls, *functions: Elementwise, low: float = LOW, high: float = HIGH, ax: Any = None
    ) -> FunctionsDisplay:
        """Draw elementwise functions, such as ``ReLU(), Tanh()`` and your own.

        Parameters
        ----------
        *functions : Elementwise
            What is drawn.
        low, high : float, default=-4, 4
            From where to where.
        ax
            See :meth:`plot`.

        Returns
        -------
        display : FunctionsDisplay
            The display, drawn.
        """
        if not functions:
            raise ValueError(f"{cls.__name__}: expected functions such as Tanh(), got none")
        display = cls([function_curve(cls.__name__, each, low, high) for each in functions])
        display.plot(ax)
        return display

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, low: float = LOW, high: float = HIGH, ax: Any = None
    ) -> FunctionsDisplay:
        """Draw the elementwise functions of a fitted network, each once.

        Parameters
        ----------
        estimator : estimator
            Fitted.
        low, high : float, default=-4, 4
            From where to where.
        ax
            See :meth:`plot`.

        Returns
        -------
        display : FunctionsDisplay
            The display, drawn.
        """
        own = activations_of(cls.__name__, estimator)
        if not own:
            chain = estimator.chain_
            raise ValueError(f"{cls.__name__}: expected a network with activations, got {chain!r}")
        return cls.from_functions(*own, low=low, high=high, ax=ax)


def activations_of(caller: str, estimator: Any) -> list[Elementwise]:
    """Return the elementwise functions of a fitted network, each once."""
    chain = check_fitted(caller, estimator, "chain_", "call fit first")
    own = (each for each in every(chain.functions) if isinstance(each, Elementwise))
    return list(dict.fromkeys(own))


def function_curve(caller: str, function: Any, low: float = LOW, high: float = HIGH) -> Curve:
    """Return the curve of a function; TypeError unless it is elementwise."""
    if not isinstance(function, Elementwise):
        raise TypeError(f"{caller}: expected elementwise functions such as Tanh(), got {function}")

    def value(x: Array) -> Array:
        return np.broadcast_to(function.forward(x, {}), x.shape)

    def derivative(x: Array) -> Array:
        return np.broadcast_to(function.slopes(x, function.forward(x, {})), x.shape)

    return Curve.of(described(function), "x", value, derivative, low, high)

"""Gradient descent on a model's loss by two of its weights, as options of ``plot`` say it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.training import SGD, Adam

MOST_SAMPLES = 500
"""The loss is that of so many at most, as it is computed in many places."""

PARAMETER = re.compile(r"[^\s,\[\]]+(?:\[[^\]]*\])?")


@dataclass(frozen=True)
class DescentOptions:
    """What is said of a picture of gradient descent.

    Parameters
    ----------
    parameters : str or None
        Two, such as ``W0[0,0],b0[1]``; by default the two largest of the first weights.
    start : str or None
        Two numbers; by default 0,0.
    steps : int or None
        How many steps are taken, 20 by default.
    learning_rate : float or None
        Of all optimizers, 0.1 by default.
    surface : bool
        Whether the loss is a surface, not contours.
    """

    parameters: str | None
    start: str | None
    steps: int | None
    learning_rate: float | None
    surface: bool

    def check(self, part: str) -> None:
        """Raise ValueError where an option is said that the picture does not have."""
        given = {
            "--parameters": self.parameters is not None,
            "--start": self.start is not None,
            "--steps": self.steps is not None,
            "--learning-rate": self.learning_rate is not None,
            "--surface": self.surface,
        }
        said = next((name for name, is_given in given.items() if is_given), None)
        if part != "descent" and said is not None:
            raise ValueError(f"{said}: expected --part descent, got --part {part}")
        if self.learning_rate is not None and not 0 < self.learning_rate < np.inf:
            raise ValueError(f"--learning-rate: expected a number > 0, got {self.learning_rate:g}")
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"--steps: expected a whole number >= 1, got {self.steps}")

    def of_display(self, estimator: Any) -> tuple[dict[str, Any], str]:
        """Return what the display takes, and a note on which numbers move."""
        names = self._names(estimator)
        rate = 0.1 if self.learning_rate is None else self.learning_rate
        start = (0.0, 0.0) if self.start is None else _pair("--start", self.start)
        options = {
            "parameters": names,
            "start": start,
            "steps": self.steps or 20,
            "optimizers": [SGD(rate), SGD(rate, momentum=0.8), Adam(rate)],
            "kind": "surface" if self.surface else "contours",
        }
        own = (_number(estimator.chain_, name) for name in names)
        told = " and ".join(f"{name} = {value}" for name, value in zip(names, own, strict=True))
        return options, f"from {start[0]:g} and {start[1]:g}; after training {told}"

    def _names(self, estimator: Any) -> tuple[str, str]:
        if self.parameters is not None:
            names = PARAMETER.findall(self.parameters)
            if len(names) != 2:
                example = "two such as W0[0,0],b0[1]"
                raise ValueError(f"--parameters: expected {example}, got {self.parameters!r}")
            return names[0], names[1]
        name, weights = next(iter(estimator.chain_.parameters.items()))
        if weights.size < 2:
            raise ValueError(f"--parameters: expected two, as {name} has but one number, got none")
        largest = np.argsort(-np.abs(weights), axis=None, kind="stable")[:2]
        places = (np.unravel_index(int(place), weights.shape) for place in largest)
        first, second = (f"{name}[{','.join(str(int(x)) for x in place)}]" for place in places)
        return first, second


def _number(chain: Any, name: str) -> str:
    """Return a trained number as text, a dash where there is none of the name."""
    own, _, index = name.removesuffix("]").partition("[")
    try:
        place = tuple(map(int, index.split(","))) if index else ()
        return f"{float(chain.parameters[own][place]):.3g}"
    except (KeyError, IndexError, TypeError, ValueError):
        return "–"


def _pair(option: str, text: str) -> tuple[float, float]:
    """Return two numbers from text such as ``-1,5``."""
    try:
        numbers = [float(part) for part in text.replace("−", "-").split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 2 or not np.all(np.isfinite(numbers)):
        raise ValueError(f"{option}: expected two numbers such as -1,5, got {text!r}")
    return numbers[0], numbers[1]

"""Gradient descent on a model's loss by two of its weights, as options of ``plot`` say it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.pictures.loss_surface import LossSurface
from chainrule.training import SGD, Adam

MOST_SAMPLES = 200
"""The loss is that of so many at most, as it is computed in many places."""

USUAL_RATE = 0.1

FIRST_STEP = 0.3
"""How far gradient descent comes in its first step, as a share of the way to the trained numbers.

On a surface like a bowl the rest shrinks by as much in each step.
"""

PARAMETER = re.compile(r"[^\s,\[\]]+(?:\[[^\]]*\])?")


@dataclass(frozen=True)
class DescentOptions:
    """What is said of a picture of gradient descent.

    Parameters
    ----------
    parameters : str or None
        Two, such as ``W0[0,0],b0[1]``; by default the two largest of the last weights.
    start : str or None
        Two numbers; by default 0,0.
    steps : int or None
        How many steps are taken, 20 by default.
    learning_rate : float or None
        Of all optimizers; by default such that they come about as far as training did.
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

    def of_display(self, estimator: Any, X: Any, y: Any) -> tuple[dict[str, Any], str]:
        """Return what the display takes of samples, and a note on which numbers move."""
        names = self._names(estimator)
        start = (0.0, 0.0) if self.start is None else _pair("--start", self.start)
        steps = self.steps or 20
        slow, own = self._rates(estimator, X, y, names, start, steps)
        options = {
            "parameters": names,
            "start": start,
            "steps": steps,
            "optimizers": [SGD(slow), SGD(slow, momentum=0.8), Adam(own)],
            "kind": "surface" if self.surface else "contours",
        }
        trained = (_number(estimator.chain_, name) for name in names)
        told = " and ".join(f"{name} = {value}" for name, value in zip(names, trained, strict=True))
        return options, f"from {start[0]:g} and {start[1]:g}; after training {told}"

    def _rates(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        names: tuple[str, str],
        start: tuple[float, float],
        steps: int,
    ) -> tuple[float, float]:
        """Return the learning rates of gradient descent and of Adam, whose steps it is long."""
        if self.learning_rate is not None:
            return self.learning_rate, self.learning_rate
        from chainrule.estimators.preparation import dense_labelled

        _, data = dense_labelled(estimator, X, y, None)
        loss = estimator._objective(estimator.targets_).loss
        surface = LossSurface(estimator._network(), loss, data.X, data.t, names)
        way = float(np.linalg.norm(surface.present - np.array(start)))
        slope = float(np.linalg.norm(surface.gradient(np.array(start))))
        if not (0 < way < np.inf and 0 < slope < np.inf):
            return USUAL_RATE, USUAL_RATE
        return _rounded(FIRST_STEP * way / slope), _rounded(2 * way / steps)

    def _names(self, estimator: Any) -> tuple[str, str]:
        if self.parameters is not None:
            names = PARAMETER.findall(self.parameters)
            if len(names) != 2:
                example = "two such as W0[0,0],b0[1]"
                raise ValueError(f"--parameters: expected {example}, got {self.parameters!r}")
            return names[0], names[1]
        several = [each for each in estimator.chain_.parameters.items() if each[1].size > 1]
        if not several:
            raise ValueError("--parameters: expected two, as no array of the model has two numbers")
        name, weights = ([each for each in several if each[1].ndim > 1] or several)[-1]
        largest = np.argsort(-np.abs(weights), axis=None, kind="stable")[:2]
        places = (np.unravel_index(int(place), weights.shape) for place in largest)
        first, second = (f"{name}[{','.join(str(int(x)) for x in place)}]" for place in places)
        return first, second


def _rounded(rate: float) -> float:
    """Return a learning rate of one digit."""
    return float(f"{rate:.1g}")


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

"""Answers to numbers and back: classes, and numbers to predict."""

from chainrule.targets.base import Objective, Targets, out_activation
from chainrule.targets.classes import Classes
from chainrule.targets.numbers import REGRESSION_LOSSES, Numbers, regression_objective

__all__ = [
    "REGRESSION_LOSSES",
    "TARGETS",
    "Classes",
    "Numbers",
    "Objective",
    "Targets",
    "out_activation",
    "regression_objective",
]

TARGETS: dict[str, type[Targets]] = {kind.kind: kind for kind in (Classes, Numbers)}
"""All kinds of targets by name; a new kind is one file and a line here."""

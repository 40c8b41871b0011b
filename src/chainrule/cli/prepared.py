"""A training that is prepared: all that can be refused has been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.cli.column_roles import Roles
from chainrule.cli.options import CommandLineOptions
from chainrule.data import Source
from chainrule.targets.columns import Purpose

if TYPE_CHECKING:
    from chainrule.estimators.fitting import FitJob


@dataclass(frozen=True)
class Training:
    """An estimator whose fit is prepared: all that can be refused has been.

    Parameters
    ----------
    options : CommandLineOptions
        With all defaults.
    purpose : Purpose
        What the target is to be predicted for.
    parts : dict
        The data by "training", "validation" and "test"; of a set with a test set of its own, that.
    job : FitJob
        The fit, on the first part.
    notes : tuple of str
        What there is to say before.
    roles : Roles
        What columns of a table are for besides.
    """

    options: CommandLineOptions
    purpose: Purpose
    parts: dict[str, Source]
    job: FitJob
    notes: tuple[str, ...]
    roles: Roles

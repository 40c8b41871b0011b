"""Whether a table gets an ensemble of networks, by what the options say."""

from __future__ import annotations

from typing import Any

from chainrule.cli.option_values import ENSEMBLE, OF_ONE_NETWORK
from chainrule.cli.spelling import options_said
from chainrule.data.split import LEAST_ROWS

__all__ = ["check_ensemble", "described_network", "is_ensemble", "share_of_ensemble"]

OF_BOTH = ("layers", "activation", "dropout", "learning_rate", "batch", "precision")
"""Options that describe one network, and that an ensemble that is asked for takes, too."""

SHARE = 0.2


def described_network(options: Any) -> list[str]:
    """Return the options that are said and describe one network, as the command line has them."""
    return options_said(options, (*OF_BOTH, *OF_ONE_NETWORK))


def is_ensemble(options: Any) -> bool:
    """Return whether a table gets an ensemble."""
    if options.model is not None:
        return bool(options.model == ENSEMBLE)
    return options.data != "digits" and not described_network(options)


def check_ensemble(options: Any) -> None:
    """Raise ValueError for options that an ensemble does not take."""
    if said := options_said(options, OF_ONE_NETWORK):
        raise ValueError(
            f"{said[0]}: an ensemble has its own; expected --model mlp, got --model ensemble"
        )


def share_of_ensemble(said: float | None, rows: int) -> float:
    """Return the share of the rows that is held out to stop early: of few rows, none."""
    if said is not None:
        return said
    return SHARE if rows >= LEAST_ROWS else 0.0

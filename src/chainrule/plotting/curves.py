"""Curves over the epochs of a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["learning_curve", "score_curve"]

WIDE = 20.0
"""Losses that fall by more than this factor are drawn on a logarithmic axis."""

TRAINING, VALIDATION, KEPT = "#1f6fb4", "#d1495b", "#8a8a8a"


def learning_curve(
    ax: Any,
    epochs: Sequence[float],
    loss: Sequence[float],
    validation_loss: Sequence[float] | None = None,
    *,
    kept: int = 0,
) -> None:
    """Draw the losses of the epochs; ``kept`` is the epoch whose parameters were kept, if one."""
    _line(ax, epochs, loss, TRAINING, "training")
    drawn = np.array(loss, dtype=np.float64)
    if validation_loss is not None:
        _line(ax, epochs, validation_loss, VALIDATION, "validation")
        drawn = np.concatenate([drawn, np.asarray(validation_loss, dtype=np.float64)])
    if drawn.min() > 0 and drawn.max() > WIDE * drawn.min():
        _logarithmic(ax)
    _finish(ax, "loss", kept)


def score_curve(
    ax: Any, epochs: Sequence[float], score: Sequence[float], name: str, *, kept: int = 0
) -> None:
    """Draw the validation scores of the epochs, of a name such as accuracy."""
    _line(ax, epochs, score, VALIDATION, "validation")
    _finish(ax, name, kept)


def _line(ax: Any, epochs: Sequence[float], values: Sequence[float], colour: str, of: str) -> None:
    dot = "o" if len(epochs) < 20 else ""
    ax.plot(epochs, values, color=colour, label=of, marker=dot, markersize=3.5, linewidth=1.6)


def _logarithmic(ax: Any) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())


def _finish(ax: Any, name: str, kept: int) -> None:
    from matplotlib.ticker import MaxNLocator

    if kept:
        ax.axvline(kept, color=KEPT, linewidth=1, linestyle="--", label=f"kept, epoch {kept}")
    ax.set_xlabel("epoch")
    ax.set_ylabel(name)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)

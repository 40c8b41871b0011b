"""Losses with their derivatives: by an output, or by the score before softmax or sigmoid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.functions.fields import described
from chainrule.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    ElementwiseLoss,
    ExpPoisson,
    Loss,
    MeanOverMembers,
    Poisson,
    SigmoidBinaryCrossEntropy,
    SoftmaxCrossEntropy,
)
from chainrule.losses.base import expect_loss
from chainrule.pictures.axes import check_fitted
from chainrule.pictures.curve_panels import CurvesDisplay
from chainrule.pictures.curves import Curve
from chainrule.types import Array


@dataclass(frozen=True)
class Domain:
    """Where a loss is drawn: from where to where, by what, and for which targets.

    Without targets the loss takes the outputs of all classes together.
    """

    low: float
    high: float
    variable: str
    targets: tuple[float, ...] = ()


DOMAINS: dict[type[Any], Domain] = {
    ElementwiseLoss: Domain(-2.5, 2.5, "output y", (0.0,)),
    Poisson: Domain(0.02, 6, "output y", (2.0,)),
    ExpPoisson: Domain(-3, 3, "score z", (2.0,)),
    BinaryCrossEntropy: Domain(0, 1, "output y", (1.0, 0.0)),
    SigmoidBinaryCrossEntropy: Domain(-6, 6, "score z", (1.0, 0.0)),
    CrossEntropy: Domain(0, 1, "true class's probability y"),
    SoftmaxCrossEntropy: Domain(-6, 6, "true class's score z, others 0"),
}
"""Kinds of losses; what is derived from one is drawn as that one."""


class LossesDisplay(CurvesDisplay):
    """Losses of one sample and their derivatives: a panel for each loss and target.

    Losses of numbers are drawn by the output, binary cross-entropy by the probability, fused pairs
    by the score that goes into sigmoid or softmax: there the derivative is y − t, which neither
    vanishes nor explodes where the network is wrong. Kinks are marked as :class:`FunctionsDisplay`
    marks them.

    Parameters
    ----------
    curves : sequence of Curve
        As :meth:`from_losses` makes them.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        All of them, row by row.
    ax_ : matplotlib Axes
        The first.
    figure_ : matplotlib Figure
    lines_ : list of matplotlib Line2D
        The loss and its derivative, panel by panel.
    """

    labels = ("loss of a sample", "its derivative")

    @classmethod
    def from_losses(
        cls,
        *losses: Loss,
        targets: Sequence[float] | None = None,
        low: float | None = None,
        high: float | None = None,
        ax: Any = None,
    ) -> LossesDisplay:
        """Draw losses, such as ``Huber(), SoftmaxCrossEntropy()`` and your own elementwise ones.

        Parameters
        ----------
        *losses : Loss
            What is drawn.
        targets : sequence of float, default=None
            Targets that losses of numbers are drawn for; by default those that suit each: 0; 1 and
            0 of classes; 2 of counts.
        low, high : float, default=None
            From which output to which; by default as suits each loss.
        ax
            See :meth:`plot`.

        Returns
        -------
        display : LossesDisplay
            The display, drawn.
        """
        if not losses:
            raise ValueError(f"{cls.__name__}: expected losses such as Huber(), got none")
        made = (loss_curves(cls.__name__, loss, targets, low, high) for loss in losses)
        display = cls([curve for curves in made for curve in curves])
        display.plot(ax)
        return display

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> LossesDisplay:
        """Draw the loss that a fitted network was trained on, from where backprop starts.

        Parameters
        ----------
        estimator : estimator
            Fitted.
        ax
            See :meth:`plot`.

        Returns
        -------
        display : LossesDisplay
            The display, drawn.
        """
        return cls.from_losses(loss_of(cls.__name__, estimator), ax=ax)


def loss_of(caller: str, estimator: Any) -> Loss:
    """Return the loss of a fitted network from where backprop starts, perhaps a fused pair."""
    chain = check_fitted(caller, estimator, "chain_", "call fit first")
    loss: Loss = chain.fuse(estimator._objective(estimator.targets_).loss)[0]
    return loss


def loss_curves(
    caller: str,
    loss: Loss,
    targets: Sequence[float] | None = None,
    low: float | None = None,
    high: float | None = None,
) -> list[Curve]:
    """Return a curve for each target of a loss; TypeError if there is no way to draw it."""
    chosen = _single(loss)
    return [curve for each in chosen for curve in _curves(caller, each, targets, low, high)]


def _single(loss: Any) -> list[Loss]:
    """Return the losses of one output that a loss stands for: several quantiles are so many."""
    expect_loss(loss)
    if isinstance(loss, MeanOverMembers):
        loss = loss.each
    own = loss.of_outputs if isinstance(loss, ElementwiseLoss) else {}
    if not own:
        return [loss]
    rows = zip(*own.values(), strict=True)
    return [loss.with_values(**dict(zip(own, row, strict=True))) for row in rows]


def _curves(
    caller: str,
    loss: Loss,
    targets: Sequence[float] | None,
    low: float | None,
    high: float | None,
) -> list[Curve]:
    """Return a curve for each target."""
    domain = next((DOMAINS[kind] for kind in type(loss).__mro__ if kind in DOMAINS), None)
    if domain is None:
        names = ", ".join(kind.__name__ for kind in DOMAINS)
        raise TypeError(f"{caller}: expected a loss that is one of {names}, got {loss}")
    ends = domain.low if low is None else low, domain.high if high is None else high
    title = described(loss)
    if not domain.targets:
        return [Curve.of(title, domain.variable, *_of_classes(loss), *ends)]
    chosen = domain.targets if targets is None else targets
    return [
        Curve.of(title, f"{domain.variable}, of target {t:g}", *_of_numbers(loss, t), *ends)
        for t in chosen
    ]


def _of_numbers(loss: Loss, t: float) -> tuple[Any, Any]:
    """Return the error of an output with target t, and its derivative."""

    def made(y: Array) -> tuple[Array, Array]:
        Y = y[:, None]
        return Y, loss.targets(np.full(Y.shape, float(t)), Y)

    return (lambda y: loss.errors(*made(y))), (lambda y: loss.error_gradients(*made(y))[:, 0])


def _of_classes(loss: Loss) -> tuple[Any, Any]:
    """Return the error by the number of the true class, the first of two, and its derivative."""

    def made(y: Array) -> tuple[Array, Array]:
        other = np.zeros_like(y) if loss.takes_any_outputs else 1 - y
        Y = np.stack([y, other], axis=1)
        return Y, loss.targets(np.zeros(len(y), np.intp), Y)

    return (lambda y: loss.errors(*made(y))), (lambda y: loss.error_gradients(*made(y))[:, 0])

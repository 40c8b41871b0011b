"""How the loss fell, and how the score on a validation set rose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.pictures.axes import COLORS, check_fitted, in_epochs, pyplot, scale, tidy
from chainrule.tables import counted
from chainrule.training import History


class LearningCurveDisplay:
    """Losses, and scores of a validation set, epoch by epoch.

    Parameters
    ----------
    losses : sequence of float
        The training loss of each epoch, penalty included.
    validation_losses, scores : sequence of float, default=None
        Loss, without penalty, and score on the validation set after each epoch.
    score_name : str, default="score"
        What the scores are.
    kept : int, default=None
        The epoch whose parameters were kept, 1 being the first.
    epochs : sequence of int, default=None
        Which epochs these are; by default the first ones.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the losses are drawn.
    axes_ : list of matplotlib Axes
        All of them: losses and, if there are any, scores.
    figure_ : matplotlib Figure
    lines_ : list of matplotlib Line2D
        The curves: training loss, validation loss, score.
    """

    def __init__(
        self,
        losses: Sequence[float],
        *,
        validation_losses: Sequence[float] | None = None,
        scores: Sequence[float] | None = None,
        score_name: str = "score",
        kept: int | None = None,
        epochs: Sequence[int] | None = None,
    ) -> None:
        self.losses, self.validation_losses, self.scores = losses, validation_losses, scores
        self.score_name, self.kept, self.epochs = score_name, kept, epochs

    def __repr__(self) -> str:
        return f"LearningCurveDisplay({counted(len(self.losses), 'epoch')})"

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Any = None, log: bool | None = None
    ) -> LearningCurveDisplay:
        """Draw the curves of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted; with ``X_val, y_val`` in ``fit``, or early stopping, it has a validation set.
        ax, log
            See :meth:`plot`.

        Returns
        -------
        display : LearningCurveDisplay
            The display, drawn.
        """
        losses = check_fitted(cls.__name__, estimator, "loss_curve_", "call fit first")
        return cls(losses, **validation_curves(estimator)).plot(ax=ax, log=log)

    @classmethod
    def from_history(
        cls,
        history: History,
        *,
        score_name: str = "score",
        ax: Any = None,
        log: bool | None = None,
    ) -> LearningCurveDisplay:
        """Draw the curves of a training by ``train``.

        Parameters
        ----------
        history : History
            What ``train`` returned.
        score_name : str, default="score"
            What the scores are.
        ax, log
            See :meth:`plot`.

        Returns
        -------
        display : LearningCurveDisplay
            The display, drawn.
        """
        losses = [e.validation_loss for e in history.epochs if e.validation_loss is not None]
        scores = [e.validation_score for e in history.epochs if e.validation_score is not None]
        return cls(
            history.losses,
            validation_losses=losses or None,
            scores=scores or None,
            score_name=score_name,
            kept=history.kept if losses and history.kept else None,
        ).plot(ax=ax, log=log)

    def plot(self, ax: Any = None, *, log: bool | None = None) -> LearningCurveDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : Axes, or two of them, default=None
            One Axes takes the losses alone; two take losses and scores. By default a new figure
            has as many as are needed.
        log : bool, default=None
            Whether losses have a logarithmic axis; by default if their range is wide.

        Returns
        -------
        self : LearningCurveDisplay
            The display itself.
        """
        stacked = ax is None
        if stacked:
            count = 1 if self.scores is None else 2
            _, ax = pyplot("LearningCurveDisplay").subplots(
                count, 1, sharex=True, squeeze=False, layout="constrained", figsize=(6.4, 3 * count)
            )
        self.axes_ = list(np.ravel(ax))
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        self.lines_: list[Any] = []
        self._losses(log)
        if self.scores is not None and len(self.axes_) > 1:
            self._draw(self.axes_[1], self.scores, "validation", COLORS[1])
            tidy(self.axes_[1], "epoch", self.score_name)
            if stacked:  # the lower one has it
                self.ax_.set_xlabel("")
        for each in self.axes_:
            if self.kept is not None:
                each.axvline(self.kept, color=COLORS[-1], linestyle=":", linewidth=1.2)
            in_epochs(each)
        return self

    def _losses(self, log: bool | None) -> None:
        curves = [self.losses]
        self._draw(self.ax_, self.losses, "training", COLORS[0])
        if self.validation_losses is not None:
            curves.append(self.validation_losses)
            self._draw(self.ax_, self.validation_losses, "validation", COLORS[1])
        tidy(self.ax_, "epoch", "loss")
        scale(self.ax_, curves, log)
        if self.kept is not None:
            kept = f"kept: epoch {self.kept}"
            self.ax_.plot([], [], color=COLORS[-1], linestyle=":", linewidth=1.2, label=kept)
        if len(curves) > 1 or self.kept is not None:
            self.ax_.legend(frameon=False)

    def _draw(self, ax: Any, curve: Sequence[float], label: str, color: str) -> None:
        epochs = range(1, len(curve) + 1) if self.epochs is None else self.epochs
        marker = "o" if len(curve) == 1 else None
        self.lines_ += ax.plot(epochs, curve, label=label, color=color, marker=marker)


def validation_curves(estimator: Any) -> dict[str, Any]:
    """Return what a display takes of a fitted estimator besides the training losses."""
    losses = getattr(estimator, "validation_loss_curve_", None) or None
    scores = getattr(estimator, "validation_scores_", None) or None
    from sklearn.base import is_regressor  # half a second, for those who draw estimators

    watches = hasattr(estimator, "scoring_")  # as estimators of tables always do
    scoring = estimator.scoring_ if watches else getattr(estimator, "scoring", None)
    name = scoring if isinstance(scoring, str) else "score"
    if scoring in (None, "loss"):
        name = "R²" if is_regressor(estimator) else "accuracy"
    watched: list[float] = []
    if getattr(estimator, "early_stopping", watches):
        watched = scores or []
        unscored = name == "R²" and not np.isfinite(watched).any()  # of one sample
        if scoring == "loss" or unscored or (watches and not watched):
            watched = [-loss for loss in losses or ()]
    kept = int(np.nanargmax(watched)) + 1 if np.isfinite(watched).any() else None
    if watches and kept is not None and losses:  # of equal scores, the lower loss
        equal = np.flatnonzero(np.equal(watched, watched[kept - 1]))
        kept = int(equal[np.argmin(np.array(losses)[equal])]) + 1
    return {"validation_losses": losses, "scores": scores, "score_name": name, "kept": kept}

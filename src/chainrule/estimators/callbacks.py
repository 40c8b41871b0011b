"""scikit-learn's callbacks, such as ProgressBar and ScoringMonitor, where it has them.

That is from version 1.9 on, where they are experimental: ``estimator.set_callbacks(…)``. A fit is a
task, and each epoch, or iteration of L-BFGS, a task within it. In older versions the estimators
work without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.training.history import Epoch, History
from chainrule.training.reporter import Reporter, ReporterTee

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in for scikit-learn's, which older versions lack."""

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """Return the method as it is."""
        return method


__all__ = ["CallbackSupportMixin", "EpochTasks", "FitTask", "with_callbacks"]


class FitTask:
    """A fit as a task of callbacks: its estimator, and the data they may score on."""

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any, epochs: int) -> None:
        self.estimator = estimator
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"X": X, "y": y, "metadata": weights}
        self.context = estimator._init_callback_context(max_subtasks=epochs + 1)
        self.context.call_on_fit_task_begin(estimator=estimator, **self._data)

    @classmethod
    def of(cls, estimator: Any, X: Any, y: Any, sample_weight: Any, epochs: int) -> FitTask | None:
        """Return the task of a fit, or None if there are no callbacks."""
        callbacks = getattr(estimator, "_skl_callbacks", None)
        return cls(estimator, X, y, sample_weight, epochs) if callbacks else None

    def begin_epoch(self) -> Any:
        """Return the task of the next epoch."""
        epoch = self.context.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(estimator=self.estimator, **self._data)
        return epoch

    def end(self, task: Any, attributes: Callable[[], dict[str, Any]]) -> bool:
        """Let a task end; return whether to stop.

        ``attributes`` returns those of the estimator as if it had ended with the task.
        """
        return bool(
            task.call_on_fit_task_end(
                estimator=self.estimator, **self._data, reconstruction_attributes=attributes
            )
        )


class EpochTasks(ReporterTee):
    """A reporter that calls callbacks after each epoch.

    Parameters
    ----------
    fit : FitTask
    attributes : callable
        Returns the fitted attributes as if training had ended.
    stop : callable
        Called when a callback wants the training to end.
    reporter : Reporter or None
        What else reports how training goes.
    """

    def __init__(
        self,
        fit: FitTask,
        attributes: Callable[[], dict[str, Any]],
        stop: Callable[[], None],
        reporter: Reporter | None,
    ) -> None:
        super().__init__(reporter)
        self.fit, self.attributes, self.stop = fit, attributes, stop
        self.task: Any = None

    def started(self, epochs: int, samples: int) -> None:
        """Begin the first epoch."""
        self.task = self.fit.begin_epoch()
        super().started(epochs, samples)

    def finished(self, epoch: Epoch) -> None:
        """End an epoch, and begin the next one."""
        super().finished(epoch)
        if self.fit.end(self.task, self.attributes):
            self.stop()
        self.task = self.fit.begin_epoch()

    def ended(self, history: History) -> None:
        """End the epoch that has begun, and was not taken."""
        self.task.call_on_fit_task_end(estimator=self.fit.estimator)
        super().ended(history)

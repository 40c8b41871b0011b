"""What a loss is: the mean over samples of an error between output and target.

The 1/N of the mean stands here and nowhere else; sample weights turn it into a weighted mean,
Σ w err / Σ w.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

import numpy as np

from chainrule.formulas import Formulas, docstring_formulas, loss_formulas
from chainrule.functions.fields import check_choice, numbers
from chainrule.types import Array


class Loss(ABC):
    """A loss, differentiable by the outputs Y (n, k).

    A loss of your own has :meth:`targets`, :meth:`errors` and :meth:`error_gradients`; or it is an
    :class:`ElementwiseLoss`. The mean over samples, each with its sample_weight, is taken here.
    """

    any_outputs: ClassVar[bool] = True
    """Whether outputs may be any numbers; else :meth:`targets` refuses some, before training."""

    def __str__(self) -> str:
        return type(self).__name__

    @property
    def takes_any_outputs(self) -> bool:
        """Whether outputs may be any numbers, as the class says, or a loss that it holds."""
        return self.any_outputs

    @abstractmethod
    def targets(self, t: Any, Y: Array) -> Array:
        """Return the targets as an array like the outputs.

        Parameters
        ----------
        t : array
            The targets as they are given.
        Y : ndarray of shape (n, k)
            The outputs.

        Returns
        -------
        T : ndarray of shape (n, k)
            The targets in the float type of the outputs.

        Raises
        ------
        ValueError
            The targets do not fit the outputs, or the loss.
        """

    @abstractmethod
    def errors(self, Y: Array, T: Array) -> Array:
        """Return the error of each sample.

        Parameters
        ----------
        Y : ndarray of shape (n, k)
            The outputs.
        T : ndarray of shape (n, k)
            The targets as :meth:`targets` returns them.

        Returns
        -------
        errors : ndarray of shape (n,)
            A number for each sample.
        """

    @abstractmethod
    def error_gradients(self, Y: Array, T: Array) -> Array:
        """Return the gradient of each sample's error by its outputs.

        Parameters
        ----------
        Y : ndarray of shape (n, k)
            The outputs.
        T : ndarray of shape (n, k)
            The targets as :meth:`targets` returns them.

        Returns
        -------
        gradients : ndarray of shape (n, k)
            Not divided by n: the mean is taken elsewhere.
        """

    def formulas(self) -> Formulas:
        """Return definition and derivative as formulas."""
        return docstring_formulas(self)

    def value(self, Y: Array, t: Any, sample_weight: Array | None = None) -> float:
        """Return the mean error.

        Parameters
        ----------
        Y : ndarray of shape (n, k)
            The outputs.
        t : array
            The targets.
        sample_weight : ndarray of shape (n,), optional
            The weights of the samples in the mean.

        Returns
        -------
        value : float
            The loss.
        """
        errors = self._errors(Y, self.targets(t, Y))
        return float(np.sum(errors * self._normalized_weights(errors, sample_weight)))

    def gradient(self, Y: Array, t: Any, sample_weight: Array | None = None) -> Array:
        """Return the gradient of the mean error by the outputs.

        Parameters
        ----------
        Y : ndarray of shape (n, k)
            The outputs.
        t : array
            The targets.
        sample_weight : ndarray of shape (n,), optional
            The weights of the samples in the mean.

        Returns
        -------
        dY : ndarray of shape (n, k)
            ∂value/∂Y.
        """
        return self.value_and_gradient(Y, t, sample_weight)[1]

    def value_and_gradient(
        self, Y: Array, t: Any, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """Return the mean error and its gradient at once.

        Parameters
        ----------
        Y : ndarray of shape (n, k)
            The outputs.
        t : array
            The targets.
        sample_weight : ndarray of shape (n,), optional
            The weights of the samples in the mean.

        Returns
        -------
        value : float
            The loss.
        dY : ndarray of shape (n, k)
            ∂value/∂Y.
        """
        T = self.targets(t, Y)
        errors, gradients = self.checked(Y, T)
        weights = self._normalized_weights(errors, sample_weight)
        gradient = gradients * weights[:, None]
        return float(np.sum(errors * weights)), np.asarray(gradient)

    def checked(self, Y: Array, T: Array) -> tuple[Array, Array]:
        """Return the errors (n,) and their gradients (n, k).

        Parameters
        ----------
        Y : ndarray of shape (n, k)
            The outputs.
        T : ndarray of shape (n, k)
            The targets as :meth:`targets` returns them.

        Returns
        -------
        errors : ndarray of shape (n,)
            As :meth:`errors` makes them.
        gradients : ndarray of shape (n, k)
            As :meth:`error_gradients` makes them.

        Raises
        ------
        ValueError
            The loss has made arrays of other shapes.
        """
        errors, gradients = self._errors(Y, T), self.error_gradients(Y, T)
        if np.shape(gradients) != Y.shape:
            expected = f"error_gradients to return shape {Y.shape}"
            raise self._misfit(expected, f"shape {np.shape(gradients)}")
        return errors, np.asarray(gradients)

    def _errors(self, Y: Array, T: Array) -> Array:
        """Return the error of each sample, (n,); ValueError if the loss makes another shape."""
        errors = self.errors(Y, T)
        if np.shape(errors) != Y.shape[:1]:
            expected = f"errors to return shape {Y.shape[:1]}, a number for each sample"
            raise self._misfit(expected, f"shape {np.shape(errors)}")
        return np.asarray(errors)

    def _normalized_weights(self, like: Array, sample_weight: Array | None) -> Array:
        """Return the weight of each sample in the mean, 1/n unless weights are given."""
        n = len(like)
        if n == 0:
            raise self._misfit("at least one sample", "none")
        if sample_weight is None:
            return np.full(n, 1 / n, dtype=like.dtype)
        weights = np.asarray(sample_weight, dtype=np.float64)
        if weights.shape != (n,):
            raise self._misfit(f"sample_weight of shape ({n},)", weights.shape)
        total = weights.sum()
        if not np.all(np.isfinite(weights)) or np.any(weights < 0) or total <= 0:
            raise self._misfit("finite sample weights >= 0 with a positive sum", weights)
        return np.asarray(weights / total, dtype=like.dtype)

    def _misfit(self, expected: str, received: object) -> ValueError:
        return ValueError(f"{self}: expected {expected}, got {received}")

    def _like(self, t: Any, Y: Array) -> Array:
        """Return numeric targets in the shape and float type of Y; (n,) fits (n, 1)."""
        T: Array = np.asarray(t)
        if T.dtype.kind not in "biuf":
            raise self._misfit("numbers as targets", f"{T.dtype} values such as {T.flat[0]!r}")
        if Y.ndim != 2:
            raise self._misfit("outputs of shape (n, k)", f"shape {Y.shape}")
        if T.shape == Y.shape[:1] and Y.shape[1] == 1:
            T = T[:, None]
        if T.shape != Y.shape:
            raise self._misfit(f"targets of shape {Y.shape}", f"shape {T.shape}")
        if not np.all(np.isfinite(T)):
            row = int(np.flatnonzero(~np.isfinite(T).all(axis=1))[0])
            raise self._misfit("finite targets", f"{T[row]} for sample {row}")
        return np.asarray(T, dtype=Y.dtype)

    def _check_outputs(self, Y: Array, advice: str) -> None:
        """Raise ValueError for outputs outside [0, 1]; NaN passes, and shows in the value."""
        outside = (Y < 0) | (Y > 1)
        if outside.any():
            raise self._misfit("outputs from 0 to 1", f"{Y[outside][0]}; {advice}")

    def _probabilities(self, t: Any, Y: Array) -> Array:
        """Return targets like Y that must lie in [0, 1]."""
        T = self._like(t, Y)
        outside = (T < 0) | (T > 1)
        if outside.any():
            raise self._misfit("targets from 0 to 1", T[outside][0])
        return T


def expect_loss(loss: Any) -> None:
    """Raise TypeError unless something is a loss, and not its bare class."""
    if not isinstance(loss, Loss):
        raise TypeError(f"expected a loss such as CrossEntropy(), got {loss!r}")


@dataclass(frozen=True)
class ElementwiseLoss(Loss):
    """A loss whose error is the mean, or the sum, over outputs of error(y, t).

    Both methods are written with :mod:`chainrule.mathematics`, so that SymPy reads them too.

    Parameters
    ----------
    outputs : {"mean", "sum"}, default="mean"
        What becomes of a sample's errors when it has several outputs.
    """

    outputs: Literal["mean", "sum"] = field(default="mean", kw_only=True)

    def __post_init__(self) -> None:
        """Check the word."""
        check_choice(self, "outputs", ("mean", "sum"))

    @property
    def of_outputs(self) -> dict[str, tuple[float, ...]]:
        """The hyperparameters that each output has of its own, by their names; none here."""
        return {}

    def with_values(self, **values: Any) -> Self:
        """Return it with other hyperparameters, which are not checked.

        Parameters
        ----------
        **values : number or array
            The hyperparameters by name; arrays have one for each output.

        Returns
        -------
        loss : ElementwiseLoss
            Another one.
        """
        changed = copy.copy(self)
        for name, value in values.items():
            object.__setattr__(changed, name, value)
        return changed

    def _of(self, Y: Array) -> Self:
        """Return the loss of outputs Y, with arrays of what each has of its own."""
        own = {name: np.array(each, dtype=Y.dtype) for name, each in self.of_outputs.items()}
        return self.with_values(**own) if own else self

    @abstractmethod
    def error(self, y: Any, t: Any) -> Any:
        """Return the error of an output y with target t."""

    @abstractmethod
    def derivative(self, y: Any, t: Any) -> Any:
        """Return the derivative of the error by y, with target t."""

    def targets(self, t: Any, Y: Array) -> Array:
        """Return the targets (n, k), any finite numbers."""
        return self._like(t, Y)

    def errors(self, Y: Array, T: Array) -> Array:
        """Return the mean error of each sample's outputs, or their sum, (n,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            errors = numbers(self, "error", self._of(Y).error(Y, T), Y.dtype)
            total = errors.mean(axis=1) if self.outputs == "mean" else errors.sum(axis=1)
            return np.asarray(total, dtype=Y.dtype)

    def error_gradients(self, Y: Array, T: Array) -> Array:
        """Return the derivative at each output, divided by their number for a mean, (n, k)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes = numbers(self, "derivative", self._of(Y).derivative(Y, T), Y.dtype)
            slopes = slopes / Y.shape[1] if self.outputs == "mean" else slopes
            return np.asarray(slopes, dtype=Y.dtype)

    def formulas(self) -> Formulas:
        """Return the formulas that SymPy builds from error and derivative."""
        return loss_formulas(self)

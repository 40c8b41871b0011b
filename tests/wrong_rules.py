"""Functions and losses with one mistake each, which a check must find."""

from dataclasses import dataclass

import numpy as np

from chainrule import BatchNorm, CrossEntropy, LayerNorm, Linear, MaxPool2d, MeanSquaredError, Tanh


class Changed(Linear):
    """A linear function whose gradients pass through the hands of a subclass."""

    def change(self, dX, own):
        raise NotImplementedError

    def backprop(self, dY, X, Y, parameters, key=None, *, input_gradient=True):
        dX, own = super().backprop(dY, X, Y, parameters, key, input_gradient=input_gradient)
        return self.change(dX, own)


@dataclass(frozen=True)
class TooSteep(Tanh):
    def derivative(self, x, y):
        return 1.001 * super().derivative(x, y)


@dataclass(frozen=True)
class WrongSign(Tanh):
    def derivative(self, x, y):
        return -super().derivative(x, y)


class NotANumber(Tanh):
    def derivative(self, x, y):
        return super().derivative(x, y) * float("nan")


class Transposed(Changed):
    """The gradient by the weights comes out transposed, and then made to fit."""

    def change(self, dX, own):
        return dX, {**own, "W": own["W"].T.reshape(own["W"].shape)}


class WithoutBias(Changed):
    def change(self, dX, own):
        return dX, {**own, "b": 0 * own["b"]}


class OneWrongEntry(Changed):
    def change(self, dX, own):
        own["W"][1, 2] *= 1 + 1e-5
        return dX, own


class Mixing(Tanh):
    """Each sample's value depends on the first sample, which no derivative says."""

    def forward(self, X, parameters, key=None):
        return super().forward(X, parameters) + 1e-3 * X[:1]


class NoInputGradient(Changed):
    def change(self, dX, own):
        return None, own


class LongBias(Changed):
    def change(self, dX, own):
        return dX, {**own, "b": np.append(own["b"], 0)}


class FlatJacobian(Linear):
    def jacobian(self, X, parameters, by="X", key=None):
        J = super().jacobian(X, parameters, by, key)
        return J if by == "X" else J.reshape(*J.shape[:2], -1)


class WithoutMean(LayerNorm):
    """The gradient forgets that the mean moves with each number."""

    def backprop(self, dY, X, Y, parameters, key=None, *, input_gradient=True):
        _, own = super().backprop(dY, X, Y, parameters, key)
        Z, s = self._normalize(X)
        dZ = dY * parameters["g"]
        return s * (dZ - Z * np.mean(dZ * Z, axis=1, keepdims=True)), own


class ScaledTwice(LayerNorm):
    """The gradient by the scale is twice what it should be."""

    def backprop(self, dY, X, Y, parameters, key=None, *, input_gradient=True):
        dX, own = super().backprop(dY, X, Y, parameters, key)
        return dX, {**own, "g": 2 * own["g"]}


class BiasedVariance(BatchNorm):
    """Forward takes the variance for half as large, which backprop does not know."""

    def _moments(self, X):
        m, v = super()._moments(X)
        return m, v / 2


class SmallestWins(MaxPool2d):
    """The gradient goes to the smallest number of each window."""

    def _winners(self, X):
        return self._taps(X).argmin(axis=-1)


class SumInsteadOfMean(CrossEntropy):
    def gradient(self, Y, t, sample_weight=None):
        return len(Y) * super().gradient(Y, t, sample_weight)


class SummedSquaredError(MeanSquaredError):
    """The gradient forgets that the loss is a mean over samples."""

    def value_and_gradient(self, Y, t, sample_weight=None):
        value, dY = super().value_and_gradient(Y, t, sample_weight)
        return value, len(Y) * dY


class UnweightedError(MeanSquaredError):
    """The gradient takes no notice of the samples' weights."""

    def value_and_gradient(self, Y, t, sample_weight=None):
        value, _ = super().value_and_gradient(Y, t, sample_weight)
        return value, super().value_and_gradient(Y, t)[1]

"""Values and derivatives of functions and losses in mpmath's numbers, from their definitions.

Written without a look at the library's rules, and with so many digits that differences of numbers
near each other do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath as mp

Number = Any
"""A number of mpmath's."""

DIGITS = {4: 80, 8: 340}
"""Decimal digits, by bytes of a number: 1 − σ(700) has 304 zeros behind its point."""


def sigmoid(x: Number) -> Number:
    """Return σ(x)."""
    return 1 / (1 + mp.exp(-x))


SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772
"""What SELU multiplies by."""


def mish(x: Number) -> tuple[Number, Number]:
    """Return tanh(s) and 1 − tanh²(s), with s = log(1 + exp(x))."""
    s = mp.log1p(mp.exp(x))
    return mp.tanh(s), mp.sech(s) ** 2


FUNCTIONS: dict[str, tuple[Callable[[Number], Number], Callable[[Number], Number]]] = {
    "ReLU": (lambda x: max(x, mp.mpf(0)), lambda x: mp.mpf(x > 0)),
    "LeakyReLU": (lambda x: x if x > 0 else x * 0.01, lambda x: mp.mpf(1 if x > 0 else 0.01)),
    "ELU": (lambda x: x if x > 0 else mp.expm1(x), lambda x: mp.exp(min(x, mp.mpf(0)))),
    "GELU": (lambda x: x * mp.ncdf(x), lambda x: mp.ncdf(x) + x * mp.npdf(x)),
    "SiLU": (
        lambda x: x * sigmoid(x),
        lambda x: sigmoid(x) + x * sigmoid(x) * sigmoid(-x),
    ),
    "Sigmoid": (sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
    "Tanh": (mp.tanh, lambda x: mp.sech(x) ** 2),
    "Softplus": (lambda x: mp.log1p(mp.exp(-abs(x))) + max(x, mp.mpf(0)), sigmoid),
    "Exp": (mp.exp, mp.exp),
    "SELU": (
        lambda x: SCALE * (x if x > 0 else ALPHA * mp.expm1(x)),
        lambda x: SCALE * (mp.mpf(1) if x > 0 else ALPHA * mp.exp(x)),
    ),
    "Mish": (lambda x: x * mish(x)[0], lambda x: mish(x)[0] + x * mish(x)[1] * sigmoid(x)),
    "Cos": (mp.cos, lambda x: -mp.sin(x)),
    "Identity": (lambda x: x, lambda x: mp.mpf(1)),
}
"""Value and derivative of each elementwise function, by its name."""

ELEMENTWISE: dict[str, Callable[[Number, Number], tuple[Number, Number]]] = {
    "MeanSquaredError": lambda y, t: ((y - t) ** 2, 2 * (y - t)),
    "HalfSquaredError": lambda y, t: ((y - t) ** 2 / 2, y - t),
    "MeanAbsoluteError": lambda y, t: (abs(y - t), mp.sign(y - t)),
    "Huber": lambda y, t: (
        (y - t) ** 2 / 2 if abs(y - t) <= 1 else abs(y - t) - mp.mpf(1) / 2,
        max(min(y - t, mp.mpf(1)), mp.mpf(-1)),
    ),
    "QuantileLoss": lambda y, t: (abs(y - t) / 2, mp.sign(y - t) / 2),
    "Poisson": lambda y, t: ((t * mp.log(t / y) if t else 0) - t + y, 1 - t / y),
    "BinaryCrossEntropy": lambda y, t: (
        (-t * mp.log(y) if t else 0) - ((1 - t) * mp.log1p(-y) if t < 1 else 0),
        ((1 - t) / (1 - y) if t < 1 else 0) - t / y,
    ),
    "SigmoidBinaryCrossEntropy": lambda z, t: (
        -t * mp.log(sigmoid(z)) - (1 - t) * mp.log(sigmoid(-z)),
        sigmoid(z) - t,
    ),
    "ExpPoisson": lambda z, t: ((t * (mp.log(t) - z) if t else 0) - t + mp.exp(z), mp.exp(z) - t),
}
"""Error and derivative of each elementwise loss, by its name."""


def softmax(z: Sequence[Number]) -> list[Number]:
    """Return exp(z)/Σ exp(z)."""
    exponentials = [mp.exp(x - max(z)) for x in z]
    whole = mp.fsum(exponentials)
    return [e / whole for e in exponentials]


def cross_entropy(y: Sequence[Number], t: Sequence[Number]) -> Number:
    """Return −Σ t log y."""
    return -mp.fsum(a * mp.log(b) for a, b in zip(t, y, strict=True) if a)

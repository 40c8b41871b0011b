"""A network's parameters and its optimizer's state, as kernels see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.machine.memory import VECTOR, Panels, aligned
from chainrule.engine.network.network import Network, Part
from chainrule.engine.planning.tensors import LineParameter
from chainrule.parameters import Parameters

Array = NDArray[Any]


@dataclass(frozen=True)
class PackedParameter:
    """One parameter in panels, its optimizer's numbers likewise, and its transpose if needed.

    W (i, o) has panels of outputs; where samples are sparse it lies row by row. A bias is a matrix
    of one row. There are more rows than inputs, so that blocks for transposing are whole. The
    gradient is there where one is kept. ``rate`` is the factor of its learning rate.
    """

    shape: tuple[int, ...]
    values: Panels
    state: tuple[Panels, ...]
    transposed: Panels | None = None
    gradient: Panels | None = None
    rate: float = 1.0

    @property
    def penalized(self) -> bool:
        """Whether a penalty applies: to all but biases."""
        return len(self.shape) > 1

    def part(self, slot: int | None) -> Panels:
        """Return the values, one of the optimizer's numbers for each, or, at −1, the gradient."""
        found = self.values if slot is None else self.gradient if slot < 0 else self.state[slot]
        assert found is not None
        return found

    def _matrix(self, parameter: Array) -> Array:
        return parameter.reshape(-1, self.shape[-1])

    def load(self, parameter: Array, slot: int | None) -> None:
        """Take numbers over from an array of the parameter's shape."""
        self.part(slot).write(self._matrix(parameter))
        if slot is None and self.transposed is not None:
            self.transposed.write(parameter.T)

    def store(self, parameter: Array, slot: int | None) -> None:
        """Put numbers into an array of the parameter's shape."""
        self.part(slot).copy_to(self._matrix(parameter))


@dataclass(frozen=True)
class FlatParameter:
    """A parameter as it is, row by row, in whole vectors; state and gradient too.

    ``rate`` is the factor of its learning rate.
    """

    shape: tuple[int, ...]
    values: Array
    state: tuple[Array, ...]
    gradient: Array
    rate: float = 1.0

    @property
    def penalized(self) -> bool:
        """Whether a penalty applies: to all but biases."""
        return len(self.shape) > 1

    def part(self, slot: int | None) -> Array:
        """Return the values, one of the optimizer's numbers for each, or, at −1, the gradient."""
        found = self.values if slot is None else self.gradient if slot < 0 else self.state[slot]
        return found[: prod(self.shape)]

    def load(self, parameter: Array, slot: int | None) -> None:
        """Take numbers over from an array of the parameter's shape."""
        self.part(slot)[...] = parameter.reshape(-1)

    def store(self, parameter: Array, slot: int | None) -> None:
        """Put numbers into an array of the parameter's shape."""
        parameter[...] = self.part(slot).reshape(self.shape)


GRADIENT = -1
"""Stands for the gradient where numbers of an optimizer's slots are loaded or stored."""


class Weights:
    """All parameters of a network, with the state of its optimizer, for programs to work on.

    Parameters
    ----------
    network : Network
        Whose parts say how their parameters lie in memory.
    dtype : dtype
        Of the numbers.
    optimizer : optional
        What moves them; without one they are for prediction.
    l2 : float
        The penalty λ; biases have none.
    l2_shared : bool
        Whether the samples of a batch share the penalty.
    clip : float, optional
        The largest length of a gradient, which is then kept.
    keeps_gradient : bool
        Whether the gradient is written to memory before parameters move along it.
    rate_factors : mapping, optional
        What the learning rate of some parameters is multiplied by, by the chain's names.
    """

    def __init__(
        self,
        network: Network,
        dtype: np.dtype[Any],
        optimizer: Any = None,
        l2: float = 0.0,
        *,
        l2_shared: bool = False,
        clip: float | None = None,
        keeps_gradient: bool = False,
        rate_factors: Mapping[str, float] | None = None,
    ) -> None:
        self.rate_factors = dict(rate_factors or {})
        self.network, self.optimizer, self.l2, self.dtype = network, optimizer, l2, dtype
        self.l2_shared, self.clip = l2_shared, clip
        self.keeps_gradient = keeps_gradient or clip is not None
        self.slots: tuple[str, ...] = optimizer.slots if optimizer else ()
        self.packed: dict[str, PackedParameter] = {}
        self.flat: dict[str, FlatParameter] = {}
        self.lines: dict[str, LineParameter] = {}
        self._zero_biases: dict[int, PackedParameter] = {}
        parts: tuple[Part | None, ...] = (None, *network.parts)
        for before, part in pairwise(parts):
            assert part is not None
            behind = bool(optimizer and before and not before.kind.idle)
            kind = part.kind.variant(part, network.entries if before is None else None)
            kind.add_parameters(part, self, behind=behind)

    def add_packed(
        self,
        name: str,
        shape: tuple[int, ...],
        *,
        transposed: bool = False,
        by_rows: bool = False,
    ) -> None:
        """Add a parameter (i, o) or (o,) in panels, or in rows that are whole."""
        lanes, zeros = VECTOR // self.dtype.itemsize, Panels.by_rows if by_rows else Panels.zeros
        rows, whole = (
            (-(-size // lanes) * lanes for size in shape) if len(shape) > 1 else (1, shape[-1])
        )
        kept = 1 + len(self.slots) + self.keeps_gradient
        values, *others = (zeros(rows, shape[-1], self.dtype) for _ in range(kept))
        gradient = others.pop() if self.keeps_gradient else None
        turned = Panels.zeros(whole, shape[0], self.dtype) if transposed else None
        rate = self.rate_factors.get(name, 1.0)
        self.packed[name] = PackedParameter(shape, values, tuple(others), turned, gradient, rate)

    def add_flat(self, name: str, shape: tuple[int, ...]) -> None:
        """Add a parameter as it is; its gradient is always kept."""
        lanes = VECTOR // self.dtype.itemsize
        size = -(-prod(shape) // lanes) * lanes
        values, gradient, *state = (
            aligned((size,), self.dtype) for _ in range(2 + len(self.slots))
        )
        rate = self.rate_factors.get(name, 1.0)
        self.flat[name] = FlatParameter(shape, values, tuple(state), gradient, rate)

    def add_line(self, name: str, shape: tuple[int, ...], axis: int) -> None:
        """Add a parameter of a line in panels along an axis; its gradient is always kept."""
        rate, slots = self.rate_factors.get(name, 1.0), len(self.slots)
        self.lines[name] = LineParameter.zeros(shape, axis, self.dtype, slots, rate)

    @property
    def rates(self) -> tuple[float, ...]:
        """The different factors of the learning rate, 1 first."""
        return tuple(dict.fromkeys((1.0, *self.rate_factors.values())))

    def zero_bias(self, outputs: int) -> PackedParameter:
        """Return zeros that nothing moves, for a part without a bias."""
        if outputs not in self._zero_biases:
            zeros = Panels.zeros(1, outputs, self.dtype)
            self._zero_biases[outputs] = PackedParameter((outputs,), zeros, ())
        return self._zero_biases[outputs]

    @property
    def all(self) -> dict[str, PackedParameter | FlatParameter | LineParameter]:
        """All parameters by the chain's names, those in panels first."""
        return {**self.packed, **self.flat, **self.lines}

    def penalty(self, weight: float) -> float:
        """Return λ for a batch that weighs so much."""
        return self.l2 / weight if self.l2_shared else self.l2

    def load(self, parameters: Parameters, slot: int | None = None) -> None:
        """Take over a chain's parameters, or one of the optimizer's numbers for each of them."""
        for name, parameter in self.all.items():
            parameter.load(parameters[name], slot)

    def store(self, parameters: Parameters, slot: int | None = None) -> None:
        """Put the parameters, or one of the optimizer's numbers for each, into a chain's."""
        for name, parameter in self.all.items():
            parameter.store(parameters[name], slot)

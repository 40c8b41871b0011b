"""A network's parameters and its optimizer's state, as kernels see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.machine.memory import VECTOR, Panels, aligned
from chainrule.engine.network.lowering import Network, Stage
from chainrule.functions import Conv2d
from chainrule.parameters import Parameters

Array = NDArray[Any]


@dataclass(frozen=True)
class Block:
    """One parameter in panels, its optimizer's numbers likewise, and its transpose if needed.

    W (i, o) has panels of outputs; the first one, where samples are sparse, lies row by row. A bias
    is a matrix of one row. The gradient is there where one is kept.
    """

    values: Panels
    state: tuple[Panels, ...]
    transposed: Panels | None = None
    gradient: Panels | None = None

    def load(self, parameter: Array) -> None:
        """Take the numbers over from a parameter (i, o) or (o,)."""
        self.values.write(np.atleast_2d(parameter))
        if self.transposed is not None:
            self.transposed.write(parameter.T)

    def store(self, parameter: Array) -> None:
        """Put the numbers into a parameter (i, o) or (o,)."""
        self.values.copy_to(np.atleast_2d(parameter))


@dataclass(frozen=True)
class Filters:
    """A convolution's parameter as it is, row by row, in whole vectors; state and gradient too."""

    shape: tuple[int, ...]
    values: Array
    state: tuple[Array, ...]
    gradient: Array


class Weights:
    """All parameters of a network, with the state of its optimizer, for programs to work on.

    ``l2`` is the penalty λ, which the samples of a batch may share; biases have none. ``clip`` is
    the largest length of a gradient, which is then kept. Without an optimizer they are for
    prediction.
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
    ) -> None:
        self.l2_shared, self.clip = l2_shared, clip
        self.network, self.optimizer, self.l2, self.dtype = network, optimizer, l2, dtype
        self.slots: tuple[str, ...] = optimizer.slots if optimizer else ()
        lanes, sparse = VECTOR // dtype.itemsize, network.entries is not None
        self.blocks: dict[str, Block] = {}
        self.nothing: dict[int, Block] = {}
        self.filters: dict[str, Filters] = {}
        for block in network.blocks:
            if isinstance(block.function, Conv2d):
                shapes = block.function.parameter_shapes(block.inputs)
                names = {"W": block.weights, "b": block.bias}
                for own, shape in shapes.items():
                    self.filters[names[own] or ""] = self._filters(shape)
        for number, stage in enumerate(network.stages):
            inputs = -(-stage.inputs // lanes) * lanes  # whole blocks, for transposing
            outputs = -(-stage.outputs // lanes) * lanes
            # In training, somebody wants the gradient by the input.
            behind = optimizer and (number or network.blocks)
            transposed = Panels.zeros(outputs, stage.inputs, dtype) if behind else None
            zeros = Panels.by_rows if sparse and number == 0 else Panels.zeros
            self._add(stage.weights, (stage.inputs, stage.outputs), inputs, transposed, zeros)
            if stage.bias:
                self._add(stage.bias, (stage.outputs,), 1, None)
            else:
                self.nothing[stage.outputs] = Block(Panels.zeros(1, stage.outputs, dtype), ())

    def _add(
        self,
        name: str,
        shape: tuple[int, ...],
        rows: int,
        transposed: Panels | None,
        zeros: Callable[..., Panels] = Panels.zeros,
    ) -> None:
        kept = 1 + len(self.slots) + (self.clip is not None)
        values, *others = (zeros(rows, shape[-1], self.dtype) for _ in range(kept))
        gradient = others.pop() if self.clip is not None else None
        self.blocks[name] = Block(values, tuple(others), transposed, gradient)

    def _filters(self, shape: tuple[int, ...]) -> Filters:
        lanes = VECTOR // self.dtype.itemsize
        size = -(-prod(shape) // lanes) * lanes
        arrays = [aligned((size,), self.dtype) for _ in range(2 + len(self.slots))]
        return Filters(shape, arrays[0], tuple(arrays[2:]), arrays[1])

    def bias(self, stage: Stage) -> Block:
        """Return the bias of a stage; zeros that nothing moves where it has none."""
        return self.blocks[stage.bias] if stage.bias else self.nothing[stage.outputs]

    def penalty(self, weight: float) -> float:
        """Return λ for a batch that weighs so much."""
        return self.l2 / weight if self.l2_shared else self.l2

    def load(self, parameters: Parameters, slot: int | None = None) -> None:
        """Take over a chain's parameters, or one of the optimizer's numbers for each of them."""
        for name, filters in self.filters.items():
            target = filters.values if slot is None else filters.state[slot]
            target[: prod(filters.shape)] = parameters[name].reshape(-1)
        for name, block in self.blocks.items():
            if slot is None:
                block.load(parameters[name])
            else:
                block.state[slot].write(np.atleast_2d(parameters[name]))

    def store(self, parameters: Parameters, slot: int | None = None) -> None:
        """Put the parameters, or one of the optimizer's numbers for each, into a chain's."""
        for name, filters in self.filters.items():
            source = filters.values if slot is None else filters.state[slot]
            parameters[name][...] = source[: prod(filters.shape)].reshape(filters.shape)
        for name, block in self.blocks.items():
            if slot is None:
                block.store(parameters[name])
            else:
                block.state[slot].copy_to(np.atleast_2d(parameters[name]))

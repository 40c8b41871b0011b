"""A network's parameters and its optimizer's state, as kernels see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.lowering import Network, Stage
from chainrule.engine.memory import VECTOR, Panels, aligned
from chainrule.functions import Conv2d
from chainrule.parameters import Parameters

Array = NDArray[Any]


@dataclass(frozen=True)
class Block:
    """One parameter in panels, its optimizer's numbers likewise, and its transpose if needed.

    W (i, o) has panels of outputs; the first one, where samples are sparse, lies row by row. A bias
    is a matrix of one row.
    """

    values: Panels
    state: tuple[Panels, ...]
    transposed: Panels | None = None

    def transpose(self) -> None:
        """Bring the transpose up to date."""
        if self.transposed is not None:
            read = self.values.read()[: self.transposed.features]
            full = np.zeros((self.transposed.rows, read.shape[0]), dtype=read.dtype)
            full[: read.shape[1]] = read.T
            self.transposed.write(full)


@dataclass(frozen=True)
class Filters:
    """A convolution's parameter as it is, row by row, in whole vectors; state and gradient too."""

    shape: tuple[int, ...]
    values: Array
    state: tuple[Array, ...]
    gradient: Array


class Weights:
    """All parameters of a network, with the state of its optimizer, for programs to work on.

    ``l2`` is the penalty λ; biases have none.
    """

    def __init__(self, network: Network, optimizer: Any, l2: float, dtype: np.dtype[Any]) -> None:
        self.network, self.optimizer, self.l2, self.dtype = network, optimizer, l2, dtype
        lanes, sparse = VECTOR // dtype.itemsize, network.entries is not None
        self.blocks: dict[str, Block] = {}
        self.nothing: dict[int, Block] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
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
            behind = number or network.blocks  # somebody wants the gradient by the input
            transposed = (
                Panels.zeros(f"{stage.weights}ᵀ", outputs, stage.inputs, dtype) if behind else None
            )
            zeros = Panels.by_rows if sparse and number == 0 else Panels.zeros
            self._add(stage.weights, (stage.inputs, stage.outputs), inputs, transposed, zeros)
            if stage.bias:
                self._add(stage.bias, (stage.outputs,), 1, None)
            else:
                self.nothing[stage.outputs] = Block(Panels.zeros("0", 1, stage.outputs, dtype), ())

    def _add(
        self,
        name: str,
        shape: tuple[int, ...],
        rows: int,
        transposed: Panels | None,
        zeros: Callable[..., Panels] = Panels.zeros,
    ) -> None:
        names = [name, *(f"{slot} of {name}" for slot in self.optimizer.slots)]
        values, *state = (zeros(each, rows, shape[-1], self.dtype) for each in names)
        self.blocks[name] = Block(values, tuple(state), transposed)
        self.shapes[name] = shape

    def _filters(self, shape: tuple[int, ...]) -> Filters:
        lanes = VECTOR // self.dtype.itemsize
        size = -(-prod(shape) // lanes) * lanes
        arrays = [aligned((size,), self.dtype) for _ in range(2 + len(self.optimizer.slots))]
        return Filters(shape, arrays[0], tuple(arrays[2:]), arrays[1])

    def bias(self, stage: Stage) -> Block:
        """Return the bias of a stage; zeros that nothing moves where it has none."""
        return self.blocks[stage.bias] if stage.bias else self.nothing[stage.outputs]

    def load(self, parameters: Parameters) -> None:
        """Take the numbers over from a chain's parameters."""
        for name, filters in self.filters.items():
            filters.values[: prod(filters.shape)] = parameters[name].reshape(-1)
        for name, block in self.blocks.items():
            shape = self.shapes[name]
            full = np.zeros((block.values.rows, shape[-1]), dtype=self.dtype)
            full[: shape[0] if len(shape) == 2 else 1] = parameters[name]
            block.values.write(full)
            block.transpose()

    def store(self, parameters: Parameters) -> None:
        """Put the numbers into a chain's parameters."""
        for name, filters in self.filters.items():
            parameters[name][...] = filters.values[: prod(filters.shape)].reshape(filters.shape)
        for name, block in self.blocks.items():
            shape = self.shapes[name]
            read = block.values.read()
            parameters[name][...] = read[: shape[0]] if len(shape) == 2 else read[0]

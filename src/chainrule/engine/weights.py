"""A network's parameters and its optimizer's state, as kernels see them."""

from __future__ import annotations

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

    W (i, o) has panels of outputs; a bias is a matrix of one row.
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

    ``l2`` is the penalty λ, which the samples of a batch may share; biases have none.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Any,
        l2: float,
        dtype: np.dtype[Any],
        *,
        l2_shared: bool = False,
    ) -> None:
        self.network, self.optimizer, self.l2, self.dtype = network, optimizer, l2, dtype
        self.l2_shared = l2_shared
        lanes = VECTOR // dtype.itemsize
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
            self._add(stage.weights, (stage.inputs, stage.outputs), inputs, transposed)
            if stage.bias:
                self._add(stage.bias, (stage.outputs,), 1, None)
            else:
                zeros = Panels.zeros("0", 1, stage.outputs, dtype)
                self.nothing[stage.outputs] = Block(zeros, ())

    def _add(self, name: str, shape: tuple[int, ...], rows: int, transposed: Panels | None) -> None:
        def zeros(what: str) -> Panels:
            return Panels.zeros(what, rows, shape[-1], self.dtype)

        slots = tuple(zeros(f"{slot} of {name}") for slot in self.optimizer.slots)
        self.blocks[name] = Block(zeros(name), slots, transposed)
        self.shapes[name] = shape

    def _filters(self, shape: tuple[int, ...]) -> Filters:
        lanes = VECTOR // self.dtype.itemsize
        size = -(-prod(shape) // lanes) * lanes
        arrays = [aligned((size,), self.dtype) for _ in range(2 + len(self.optimizer.slots))]
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
            shape = self.shapes[name]
            panels = block.values if slot is None else block.state[slot]
            full = np.zeros((panels.rows, shape[-1]), dtype=self.dtype)
            full[: shape[0] if len(shape) == 2 else 1] = parameters[name]
            panels.write(full)
            if slot is None:
                block.transpose()

    def store(self, parameters: Parameters, slot: int | None = None) -> None:
        """Put the parameters, or one of the optimizer's numbers for each, into a chain's."""
        for name, filters in self.filters.items():
            source = filters.values if slot is None else filters.state[slot]
            parameters[name][...] = source[: prod(filters.shape)].reshape(filters.shape)
        for name, block in self.blocks.items():
            shape = self.shapes[name]
            read = (block.values if slot is None else block.state[slot]).read()
            parameters[name][...] = read[: shape[0]] if len(shape) == 2 else read[0]

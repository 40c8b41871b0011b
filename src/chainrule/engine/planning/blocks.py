"""What every block of a plan has: its values in planes, and functions of each pixel.

Lanes are samples, so every operation on a pixel is an operation on a tile of images. Each method
adds instructions for one thread and one tile.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels.library import Kernel, Library
from chainrule.engine.machine.memory import VECTOR, address
from chainrule.engine.machine.planes import NONE, Margin, Planes, Shape
from chainrule.engine.network.lowering import Block
from chainrule.engine.network.windows import Windows
from chainrule.engine.planning.masks import drawn
from chainrule.engine.planning.program import Instructions
from chainrule.engine.planning.weights import Weights
from chainrule.functions import Conv2d, Dropout, Elementwise

Array = NDArray[Any]


@dataclass(frozen=True)
class BlockValues:
    """What a block makes: z, kept only where something reads it, y after each map, and dz.

    ``masks`` are those of the maps that draw one.
    """

    z: Planes | None
    y: tuple[Planes, ...]
    gradient: Planes
    masks: dict[int, Planes]

    @property
    def output(self) -> Planes:
        """What the next block reads."""
        output = self.y[-1] if self.y else self.z
        assert output is not None
        return output


def in_registers(block: Block) -> Elementwise | None:
    """Return the map that a product's epilogue takes along, if there is one."""
    first = block.maps[0] if block.maps and isinstance(block.function, Conv2d) else None
    return first if isinstance(first, Elementwise) else None


@dataclass(frozen=True)
class Means:
    """What instructions are made with: the list that they join, kernels, parameters, a seed.

    ``dropouts`` are the arguments of masks, where a run sets the step.
    """

    code: Instructions
    library: Library
    weights: Weights
    seed: int
    dropouts: list[Array] = field(default_factory=list)

    def pixels(self, thread: int, kernel: Kernel, shape: Shape, **values: Any) -> None:
        """Add a kernel that walks over pixels; planes with a tile stand for address and strides."""
        given: dict[str, int] = dict(zip(("channels", "rows", "columns"), shape, strict=True))
        for name, value in values.items():
            given |= at(name, *value) if isinstance(value, tuple) else {name: value}
        self.code.add(thread, kernel, **given)


class BlockPlan(ABC):
    """Plans a block, given its values, what it reads, and the plan of the block before."""

    def __init__(
        self,
        means: Means,
        block: Block,
        values: BlockValues,
        reads: Planes,
        before: BlockPlan | None,
    ) -> None:
        self.means, self.pixels, self.dtype = means, means.pixels, means.weights.dtype
        self.code, self.library, self.weights = means.code, means.library, means.weights
        self.block, self.values, self.reads, self.before = block, values, reads, before
        self.windows = Windows.of(block)

    @staticmethod
    def margins(windows: Windows) -> tuple[Margin, Margin]:
        """Return which margins the block needs around what it reads."""
        return windows.margins

    @staticmethod
    def gradient_margins(windows: Windows) -> tuple[Margin, Margin]:
        """Return which margins the block needs around its gradient."""
        return NONE

    @abstractmethod
    def forward(self, thread: int, tile: int) -> None:
        """Add what the block makes of what it reads."""

    @abstractmethod
    def backward(self, thread: int, tile: int) -> None:
        """Add the gradient of the block before, given this one's."""

    def maps(self, thread: int, tile: int, first: int) -> None:
        """Add the maps from one on."""
        values = self.values
        for k in range(first, len(self.block.maps)):
            function, x, y = self.block.maps[k], values.y[k - 1] if k else values.z, values.y[k]
            assert x is not None
            given: dict[str, Any] = {"x": (x, tile), "y": (y, tile)}
            if isinstance(function, Dropout):
                self._draw(thread, tile, k, function)
                kernel, given["mask"] = self.library.planes("times"), (values.masks[k], tile)
            else:
                kernel = self.library.plane_value(function)
            self.pixels(thread, kernel, self.block.outputs, **given)

    def _draw(self, thread: int, tile: int, k: int, function: Dropout) -> None:
        """Add the mask of a map for a tile."""
        mask = self.values.masks[k]
        self.means.dropouts.append(
            self.code.add(
                thread,
                self.library.dropout_lanes,
                first=tile * (VECTOR // self.dtype.itemsize),
                features=prod(self.block.outputs),
                mask=mask.at(tile),
                **drawn(self.code, function, self.means.seed, self.block.layers[k], self.dtype),
            )
        )

    def slopes(
        self, thread: int, tile: int, maps: int, source: dict[str, int] | None = None
    ) -> None:
        """Multiply the gradient, or a source that it takes over, by the slopes of the first maps.

        ``source`` are the arguments of other planes: where they are, and their strides.
        """
        values = self.values
        if source is not None and not maps:
            given = {name.replace("source", "x"): value for name, value in source.items()}
            copy = self.library.planes("copy")
            self.pixels(thread, copy, self.block.outputs, y=(values.gradient, tile), **given)
        for k in reversed(range(maps)):
            function, x, y = self.block.maps[k], values.y[k - 1] if k else values.z, values.y[k]
            given = source or at("source", values.gradient, tile)
            if isinstance(function, Dropout):
                kernel = self.library.planes("times")
                given = {name.replace("source", "x"): value for name, value in given.items()}
                planes = {"y": (values.gradient, tile), "mask": (values.masks[k], tile)}
            else:
                kernel = self.library.plane_slope(function)
                given |= at("x", x, tile) if x else {}
                planes = {"y": (y, tile), "gradient": (values.gradient, tile)}
            self.pixels(thread, kernel, self.block.outputs, **planes, **given)
            source = None


def at(name: str, planes: Planes, tile: int) -> dict[str, int]:
    """Return the arguments of planes: address and strides."""
    return {name: planes.at(tile), f"{name}_channel": planes.channel, f"{name}_row": planes.row}


def zeros(code: Instructions, count: int, dtype: np.dtype[Any]) -> int:
    """Keep so many zeros; return their address."""
    code.kept.append(np.zeros(count, dtype=dtype))
    return address(code.kept[-1])

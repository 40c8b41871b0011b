"""The arrays of a line in a plan: numbers of samples in tiles, turned to and from panels.

Panels have features along lanes, tiles have samples: blocks as high as a vector is wide are
transposed from one to the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from chainrule.engine.kernels import contraction as kernels, planes
from chainrule.engine.machine.memory import VECTOR, Panels, address, aligned
from chainrule.engine.machine.planes import Planes
from chainrule.engine.network.steps import Tensor
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.program import partition
from chainrule.engine.planning.tensors import Offsets, Place, Tiles, placed
from chainrule.engine.planning.weights import GRADIENT, StoredParameter
from chainrule.engine.planning.work import Add, Range, Work
from chainrule.types import Array


@dataclass(frozen=True)
class Turned:
    """Numbers of samples with one letter along the lanes: for each index of the others, panels."""

    data: Array
    letters: tuple[str, ...]
    place: Place
    panels: bool = False

    @property
    def panel(self) -> int:
        """Bytes from a panel to the next."""
        return int(self.data.strides[1])


def in_planes(planes: Planes) -> Place:
    """Return where the pixels of images are."""
    c, i, j = (np.arange(size, dtype=np.int64) for size in planes.shape)
    rows = c[:, None, None] * planes.channel + i[:, None] * planes.row
    return Place(planes.at(0), rows + j * VECTOR, planes.tile)


class LineTensors:
    """Where the arrays of a line are, by the tensors of its steps; and works that fill them.

    Parameters
    ----------
    context : PlanContext
        What instructions are made with.
    sizes : mapping
        How many values each letter takes.
    parameters : mapping
        The line's parameters, by its own names.
    places : mapping, optional
        Where tensors are that lie elsewhere than in tiles of this line.
    """

    def __init__(
        self,
        context: PlanContext,
        sizes: Mapping[str, int],
        parameters: Mapping[str, StoredParameter],
        places: Mapping[str, Place] | None = None,
    ) -> None:
        self._places = dict(places or {})
        self.context, self.sizes, self.parameters = context, sizes, parameters
        self.code, self.library, self.dtype = context.code, context.library, context.dtype
        self.lanes, self.tiles = context.lanes, context.tiles
        self._tensors: dict[str, Tiles] = {}
        self.turned: dict[tuple[str, str], Turned] = {}

    @property
    def features(self) -> int:
        """Numbers of a sample in all tensors together."""
        return sum(tiles.data.shape[1] for tiles in self._tensors.values())

    def gather(self, tensor: Tensor) -> Work:
        """Read samples into tiles."""
        place, features = self._tiles(tensor).place, self.size(tensor.features)

        def add(thread: int, tiles: Range | None) -> None:
            for tile in range(*(tiles or partition(self.tiles, self.code.threads, thread))):
                self.code.add(
                    thread,
                    self.library.get(planes.gather),
                    samples=address(self.context.batches[thread].rows[tile * self.lanes :]),
                    features=features,
                    y=place.address + tile * place.tile,
                )

        return Work(frozenset(), tensor.name, add)

    def enter(self, panels: Panels, tensor: Tensor) -> Work:
        """Turn panels into tiles; where panels have whole indices, their lanes are along a letter.

        What these are needed for can then read the panels.
        """
        tiles = self._tiles(tensor)
        letter = tensor.features[-1] if tensor.features else ""
        others = tensor.features[:-1]
        if letter and (self.sizes[letter] % self.lanes == 0 or not self.size(others) > 1):
            sizes = tuple(self.sizes[x] for x in others)
            data = panels.data.reshape(prod(sizes), -1, *panels.data.shape[1:])
            offsets = np.arange(prod(sizes), dtype=np.int64).reshape(sizes) * data.strides[0]
            place = Place(panels.address, offsets)
            self.turned[tensor.name, letter] = Turned(data, others, place, panels=True)
        read, write = self._blocks(panels, tiles)
        places = np.stack([read, write], axis=-1)
        add = self._turn(places, panels.address, VECTOR, tiles.place.address)
        return Work(frozenset(), tensor.name, add)

    def leave(self, tensor: Tensor, panels: Panels) -> Work:
        """Turn tiles into panels."""
        tiles = self._tiles(tensor)
        write, read = self._blocks(panels, tiles)
        places = np.stack([read, write], axis=-1)
        add = self._turn(places, tiles.place.address, VECTOR, panels.address)
        return Work(frozenset([tensor.name]), f"panels of {tensor.name}", add)

    def turns(self, tensor: Tensor, letter: str) -> bool:
        """Whether a letter can be turned along lanes: blocks reach beyond the last element."""
        inside = tensor.name not in self._places
        return inside or self.place(tensor).stride(tensor.features, letter) == VECTOR

    def along_lanes(self, tensor: Tensor, letter: str) -> Iterator[Work]:
        """Turn numbers of samples so that a letter runs along lanes, unless that is done."""
        if (tensor.name, letter) in self.turned:
            return
        others = tuple(x for x in tensor.features if x != letter)
        sizes = tuple(self.sizes[x] for x in others)
        width = -(-self.sizes[letter] // self.lanes)
        padded = self.tiles * self.lanes
        apart = padded + (8 if padded % 64 == 0 else 0)
        data = aligned((prod(sizes), width, apart, self.lanes), self.dtype)
        offsets = np.arange(prod(sizes), dtype=np.int64).reshape(sizes) * data.strides[0]
        self.turned[tensor.name, letter] = Turned(data, others, Place(address(data), offsets))
        source = self.place(tensor)
        row = source.stride(tensor.features, letter)
        block, tile = np.arange(width), np.arange(self.tiles)[:, None, None]
        read = block * self.lanes * row + self.along(tensor, others)[:, None]
        write = block * data.strides[1] + offsets.reshape(-1, 1)
        places = np.stack(
            [
                (read + tile * source.tile).reshape(-1),
                (write + tile * self.lanes * VECTOR).reshape(-1),
            ],
            axis=-1,
        )
        add = self._turn(places, source.address, row, address(data))
        yield Work(frozenset([tensor.name]), f"{tensor.name} along {letter}", add)

    def _blocks(self, panels: Panels, tiles: Tiles) -> tuple[Offsets, Offsets]:
        """Return where square blocks are in panels, and where in tiles."""
        side = self.lanes * VECTOR
        p, t = np.arange(panels.count), np.arange(self.tiles)[:, None]
        in_panels = p * panels.stride + t * side
        return in_panels.reshape(-1), (p * side + t * tiles.place.tile).reshape(-1)

    def _turn(self, places: Array, source: int, source_row: int, target: int) -> Add:
        """Turn blocks, as many of each tile, those of a tile one after another."""
        table, count = self.code.table(*places.T), len(places) // self.tiles

        def add(thread: int, tiles: Range | None) -> None:
            whole = partition(count * self.tiles, self.code.threads, thread)
            first, last = whole if tiles is None else (tiles[0] * count, tiles[1] * count)
            if first < last:
                self.code.add(
                    thread,
                    self.library.get(kernels.turn),
                    count=last - first,
                    places=table + first * 16,
                    source=source,
                    source_row=source_row,
                    target=target,
                )

        return add

    def _tiles(self, tensor: Tensor) -> Tiles:
        if tensor.name not in self._tensors:
            shape = tuple(self.sizes[letter] for letter in tensor.features)
            self._tensors[tensor.name] = Tiles.zeros(self.tiles, shape, self.dtype)
        return self._tensors[tensor.name]

    def place(self, tensor: Tensor) -> Place:
        """Return where a tensor is; one without a name has a single number, at offset 0."""
        if not tensor.name:
            return Place(0, np.zeros((), dtype=np.int64))
        if tensor.name in self._places:
            return self._places[tensor.name]
        if tensor.name in self.parameters:
            parameter = self.parameters[tensor.name]
            return placed(parameter, parameter.values)
        if not tensor.sampled:
            parameter = self.parameters[tensor.name.removeprefix("d")]
            return placed(parameter, parameter.part(GRADIENT))
        return self._tiles(tensor).place

    def size(self, letters: Sequence[str]) -> int:
        """Return how many values letters take together."""
        return prod(self.sizes[letter] for letter in letters)

    def along(self, tensor: Tensor, letters: Sequence[str]) -> Offsets:
        """Return the offsets of a tensor's elements where letters run, the last one fastest."""
        return self.place(tensor).along(tensor.features, letters, self.sizes)

    def number(self, number: float) -> int:
        """Keep a number; return its address."""
        return address(self.code.keep(np.array([number], dtype=self.dtype)))

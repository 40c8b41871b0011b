"""The arrays of a line in a plan: numbers of samples in tiles, turned to and from panels.

Panels have features along lanes, tiles have samples: blocks as high as a vector is wide are
transposed from one to the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
    """Numbers of samples with one letter along the lanes: for each index of the others, panels.

    In place of tiles there are panels; ``panels`` says whether a part before or behind has them.
    """

    letters: tuple[str, ...]
    place: Place
    panels: bool = False


def _at(address: int) -> Place:
    return Place(address, np.zeros((), dtype=np.int64))


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

    Attributes
    ----------
    passing : dict
        Tensors of which a thread has a few tiles at a time: how many.
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
        self.passing: dict[str, int] = {}
        self._tensors: dict[str, Tiles] = {}
        self._own: dict[str, tuple[int, ...]] = {}
        self.turned: dict[tuple[str, str], Turned] = {}

    def gather(self, tensor: Tensor) -> Work:
        """Read samples into tiles."""
        place, features = self.place(tensor), self.size(tensor.features)

        def add(thread: int, tiles: Range | None) -> None:
            for tile in range(*(tiles or partition(self.tiles, self.code.threads, thread))):
                self.code.add(
                    thread,
                    self.library.get(planes.gather),
                    samples=address(self.context.batches[thread].rows[tile * self.lanes :]),
                    features=features,
                    y=place.base(thread, tiles[0] if tiles else 0) + tile * place.tile,
                )

        return Work(frozenset(), tensor.name, add)

    def enter(self, panels: Panels, tensor: Tensor) -> Work:
        """Turn panels into tiles; where panels have whole indices, their lanes are along a letter.

        What these are needed for can then read the panels.
        """
        place = self.place(tensor)
        letter = tensor.features[-1] if tensor.features else ""
        others = tensor.features[:-1]
        if letter and (self.sizes[letter] % self.lanes == 0 or not self.size(others) > 1):
            sizes = tuple(self.sizes[x] for x in others)
            data = panels.data.reshape(prod(sizes), -1, *panels.data.shape[1:])
            offsets = np.arange(prod(sizes), dtype=np.int64).reshape(sizes) * data.strides[0]
            along = Place(panels.address, offsets, data.strides[1])
            self.turned[tensor.name, letter] = Turned(others, along, panels=True)
        read, write = self._blocks(panels, place)
        places = np.stack([read, write], axis=-1)
        add = self._turn(places, _at(panels.address), VECTOR, place)
        return Work(frozenset(), tensor.name, add)

    def leave(self, tensor: Tensor, panels: Panels) -> Work:
        """Turn tiles into panels."""
        place = self.place(tensor)
        write, read = self._blocks(panels, place)
        places = np.stack([read, write], axis=-1)
        add = self._turn(places, place, VECTOR, _at(panels.address))
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
        along = Place(address(self.code.keep(data)), offsets, data.strides[1])
        self.turned[tensor.name, letter] = Turned(others, along)
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
        add = self._turn(places, source, row, _at(along.address))
        yield Work(frozenset([tensor.name]), f"{tensor.name} along {letter}", add)

    def _blocks(self, panels: Panels, place: Place) -> tuple[Offsets, Offsets]:
        """Return where square blocks are in panels, and where in tiles."""
        side = self.lanes * VECTOR
        p, t = np.arange(panels.count), np.arange(self.tiles)[:, None]
        in_panels = p * panels.stride + t * side
        return in_panels.reshape(-1), (p * side + t * place.tile).reshape(-1)

    def _turn(self, places: Array, source: Place, source_row: int, target: Place) -> Add:
        """Turn blocks, as many of each tile, those of a tile one after another."""
        table, count = self.code.table(*places.T), len(places) // self.tiles

        def add(thread: int, tiles: Range | None) -> None:
            whole = partition(count * self.tiles, self.code.threads, thread)
            first, last = whole if tiles is None else (tiles[0] * count, tiles[1] * count)
            begin = tiles[0] if tiles else 0
            if first < last:
                self.code.add(
                    thread,
                    self.library.get(kernels.turn),
                    count=last - first,
                    places=table + first * 16,
                    source=source.base(thread, begin),
                    source_row=source_row,
                    target=target.base(thread, begin),
                )

        return add

    def _tiled(self, tensor: Tensor) -> Place:
        """Return where the tiles of a tensor are, with room for them."""
        name, shape = tensor.name, tuple(self.sizes[letter] for letter in tensor.features)
        few = self.passing.get(name)
        if name not in self._tensors:
            every = [
                Tiles.zeros(few or self.tiles, shape, self.dtype)
                for _ in range(self.code.threads if few else 1)
            ]
            self._tensors[name] = every[0]
            kept = [self.code.keep(tiles.data) for tiles in every]
            self._own[name] = tuple(map(address, kept)) if few else ()
        return replace(self._tensors[name].place, own=self._own[name])

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
        return self._tiled(tensor)

    def size(self, letters: Sequence[str]) -> int:
        """Return how many values letters take together."""
        return prod(self.sizes[letter] for letter in letters)

    def along(self, tensor: Tensor, letters: Sequence[str]) -> Offsets:
        """Return the offsets of a tensor's elements where letters run, the last one fastest."""
        return self.place(tensor).along(tensor.features, letters, self.sizes)

    def number(self, number: float) -> int:
        """Keep a number; return its address."""
        return address(self.code.keep(np.array([number], dtype=self.dtype)))

"""The part of a plan that computes a line of index notation, forward and back.

Numbers of samples are in tiles of samples, so a step of a contraction needs nothing but tables of
byte offsets. Steps with letters summed over that both factors have, and letters that only one of
them has, are products in tiles; all others walk over their elements. Each is cut among threads by
elements of its result, so the bits do not depend on their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import contraction as kernels, planes
from chainrule.engine.kernels.contraction import PARAMETER, SAMPLED
from chainrule.engine.machine.memory import VECTOR, Panels, address, aligned
from chainrule.engine.network.contraction import Contraction, Step, Tensor
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.program import partition
from chainrule.engine.planning.tensors import Offsets, Place, Tiles, placed
from chainrule.engine.planning.weights import GRADIENT, StoredParameter

Array = NDArray[Any]

ROWS = 8
"""Rows of a product that are not cut apart: the height of its tiles."""


@dataclass(frozen=True)
class Work:
    """What all threads do: what it reads and writes, and how a thread's part is added."""

    reads: frozenset[str]
    writes: str
    add: Callable[[int], None]


def phases(works: Sequence[Work]) -> list[list[Work]]:
    """Return works that may be done at the same time, those first on which others depend."""
    ready: dict[str, int] = {}
    ordered: list[list[Work]] = []
    for work in works:
        number = max((ready.get(name, 0) for name in (*work.reads, work.writes)), default=0)
        ready[work.writes] = number + 1
        ordered += [[] for _ in range(number + 1 - len(ordered))]
        ordered[number].append(work)
    return ordered


@dataclass(frozen=True)
class _Turned:
    """Numbers of samples with one letter along the lanes: for each index of the others, panels."""

    data: Array
    letters: tuple[str, ...]
    place: Place
    panels: bool = False

    @property
    def panel(self) -> int:
        """Bytes from a panel to the next."""
        return int(self.data.strides[1])


class LinePlan:
    """Plans a line, given where its parameters are; X and Y are read from and put into panels."""

    def __init__(
        self,
        contraction: Contraction,
        parameters: dict[str, StoredParameter],
        context: PlanContext,
    ) -> None:
        self.contraction, self.parameters, self.context = contraction, parameters, context
        self.code, self.library, self.dtype = context.code, context.library, context.dtype
        self.lanes, self.tiles, self.rows = context.lanes, context.tiles, context.rows
        self.sizes = dict(contraction.sizes)
        self.target = contraction.line.target
        self._tensors: dict[str, Tiles] = {}
        self._turned: dict[tuple[str, str], _Turned] = {}

    def forward(self, X: Panels | None, Y: Panels) -> list[list[Work]]:
        """Return the works from X to Y; without panels X are the samples as they are."""
        steps = self.contraction.forward()
        inputs = next(f for step in steps for f in step.factors if f.name == "X")
        works = [self._enter(X, inputs) if X else self._gather(inputs)]
        works += [work for step in steps for work in self._step(step)]
        return phases([*works, self._leave(steps[-1].target, Y)])

    def backward(self, dY: Panels, dX: Panels | None) -> list[list[Work]]:
        """Return the works from dY to the parameters' gradients, and to dX where it is wanted."""
        steps = self.contraction.backward(input_gradient=dX is not None)
        if not steps:
            return []
        gradient = f"d{self.target}"
        outputs = next(f for step in steps for f in step.factors if f.name == gradient)
        enter = self._enter(dY, outputs)
        works = [work for step in steps for work in self._step(step)]
        if dX is not None:
            target = next(step.target for step in steps if step.target.name == "dX")
            works.append(self._leave(target, dX))
        read = any(gradient in work.reads for work in works)
        return phases([enter, *works] if read else works)

    def _gather(self, tensor: Tensor) -> Work:
        """Read samples into tiles."""
        place, features = self._tiles(tensor).place, self._size(tensor.features)

        def add(thread: int) -> None:
            for tile in range(*partition(self.tiles, self.code.threads, thread)):
                self.code.add(
                    thread,
                    self.library.get(planes.gather),
                    samples=address(self.context.batches[thread].rows[tile * self.lanes :]),
                    features=features,
                    y=place.address + tile * place.tile,
                )

        return Work(frozenset(), tensor.name, add)

    def _enter(self, panels: Panels, tensor: Tensor) -> Work:
        """Turn panels into tiles; where panels have whole indices, their lanes are along a letter.

        What these are needed for can then read the panels.
        """
        tiles = self._tiles(tensor)
        letter = tensor.features[-1] if tensor.features else ""
        others = tensor.features[:-1]
        if letter and (self.sizes[letter] % self.lanes == 0 or not self._size(others) > 1):
            sizes = tuple(self.sizes[x] for x in others)
            data = panels.data.reshape(prod(sizes), -1, *panels.data.shape[1:])
            offsets = np.arange(prod(sizes), dtype=np.int64).reshape(sizes) * data.strides[0]
            place = Place(panels.address, offsets)
            self._turned[tensor.name, letter] = _Turned(data, others, place, panels=True)
        read, write = self._blocks(panels, tiles)
        places = np.stack([read, write], axis=-1)
        add = self._turn(places, panels.address, VECTOR, tiles.place.address)
        return Work(frozenset(), tensor.name, add)

    def _leave(self, tensor: Tensor, panels: Panels) -> Work:
        """Turn tiles into panels."""
        tiles = self._tiles(tensor)
        write, read = self._blocks(panels, tiles)
        places = np.stack([read, write], axis=-1)
        add = self._turn(places, tiles.place.address, VECTOR, panels.address)
        return Work(frozenset([tensor.name]), f"panels of {tensor.name}", add)

    def _blocks(self, panels: Panels, tiles: Tiles) -> tuple[Offsets, Offsets]:
        """Return where square blocks are in panels, and where in tiles."""
        side = self.lanes * VECTOR
        p, t = np.arange(panels.count)[:, None], np.arange(self.tiles)
        in_panels = p * panels.stride + t * side
        return in_panels.reshape(-1), (p * side + t * tiles.place.tile).reshape(-1)

    def _turn(
        self, places: Array, source: int, source_row: int, target: int
    ) -> Callable[[int], None]:
        table, count = self.code.table(*places.T), len(places)

        def add(thread: int) -> None:
            first, last = partition(count, self.code.threads, thread)
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

    def _place(self, tensor: Tensor) -> Place:
        if not tensor.name:
            return Place(0, np.zeros((), dtype=np.int64))
        if tensor.name in self.parameters:
            parameter = self.parameters[tensor.name]
            return placed(parameter, parameter.values)
        if not tensor.sampled:
            parameter = self.parameters[tensor.name.removeprefix("d")]
            return placed(parameter, parameter.part(GRADIENT))
        return self._tiles(tensor).place

    def _size(self, letters: Sequence[str]) -> int:
        return prod(self.sizes[letter] for letter in letters)

    def _along(self, tensor: Tensor, letters: Sequence[str]) -> Offsets:
        return self._place(tensor).along(tensor.features, letters, self.sizes)

    def _number(self, number: float) -> int:
        return address(self.code.keep(np.array([number], dtype=self.dtype)))

    def _step(self, step: Step) -> Iterator[Work]:
        """Yield the works of a step."""
        reads = frozenset(tensor.name for tensor in step.factors)
        if step.operands and step.target.sampled:
            yield Work(reads, step.target.name, self._tiled(step, *step.operands))
            return
        if step.operands:
            letter = step.target.letters[self.parameters[step.target.name[1:]].axis_of_lanes]
            a, b = step.operands
            if (letter in a.letters) != (letter in b.letters):
                a, b = (a, b) if letter in b.letters else (b, a)
                yield from self._turned_once(b, letter)
                turned = self._turned[b.name, letter]
                reads = frozenset([a.name, f"{b.name} along {letter}"])
                yield Work(reads, step.target.name, self._summed(step, a, turned, letter))
                return
        if turned_alone := self._in_panels(step):
            yield Work(frozenset(), step.target.name, self._summed(step, None, *turned_alone))
            return
        yield Work(reads, step.target.name, self._elements(step))

    def _in_panels(self, step: Step) -> tuple[_Turned, str] | None:
        """Return the panels of what is only summed over samples, and the letter of their lanes."""
        if step.target.sampled or len(step.factors) > 1 or not step.target.letters:
            return None
        letter = step.target.letters[self.parameters[step.target.name[1:]].axis_of_lanes]
        turned = self._turned.get((step.factors[0].name, letter))
        return (turned, letter) if turned and turned.panels else None

    def _elements(self, step: Step) -> Callable[[int], None]:
        """Walk over the elements of the target."""
        target, sample = step.target, self.contraction.sample
        kinds = "".join(SAMPLED if f.sampled else PARAMETER for f in step.factors)
        summed = [letter for letter in step.summed if letter != sample]
        rows, depth = self._size(target.features), self._size(summed)
        tensors = (target, *step.factors, *([step.plus] if step.plus else []))
        places = self.code.table(*(self._along(tensor, target.features) for tensor in tensors))
        taps = self.code.table(*(self._along(factor, summed) for factor in step.factors))
        if target.sampled:
            kernel = self.library.get(
                kernels.values,
                kinds=kinds,
                summed=bool(summed),
                scaled=step.number != 1,
                adds=step.adds,
                plus=step.plus is not None,
            )
        else:
            kernel = self.library.get(kernels.sums, kinds=kinds, adds=step.adds)
        at = self._place(target)
        given = {"y": at.address, "y_tile": at.tile, "scale": self._number(step.number)}
        given |= {"plus": self._place(step.plus).address} if step.plus else {}
        for number, factor in enumerate(step.factors):
            place = self._place(factor)
            given |= {f"x{number}": place.address, f"x{number}_tile": place.tile}

        def add(thread: int) -> None:
            first, last = partition(rows, self.code.threads, thread)
            if first < last:
                self.code.add(
                    thread,
                    kernel,
                    rows=last - first,
                    depth=depth,
                    tiles=self.tiles,
                    places=places + first * 8 * len(tensors),
                    taps=taps,
                    **given,
                )

        return add

    def _tiled(self, step: Step, x: Tensor, w: Tensor) -> Callable[[int], None]:
        """Multiply parameters by numbers of samples, in tiles: vectors are samples."""
        target = step.target
        rows = [letter for letter in target.features if letter not in x.letters]
        outer = [letter for letter in target.features if letter in x.letters]
        place = self._place(target)
        return self._products(
            step,
            rows,
            calls=[self._along(tensor, outer) for tensor in (w, x, target)],
            a=self._place(w).address,
            row_offsets=self._along(w, rows),
            taps=(self._along(w, step.summed), self._along(x, step.summed)),
            x=self._place(x).address,
            x_stride=self._place(x).tile,
            vectors=self.tiles,
            y=(place.address, self._along(target, rows), place.tile),
        )

    def _summed(
        self, step: Step, a: Tensor | None, turned: _Turned, letter: str
    ) -> Callable[[int], None]:
        """Sum products of numbers of samples over these, in tiles: vectors are along a letter.

        Without the first factor it is 1.
        """
        target, sample = step.target, self.contraction.sample
        shared = [x for x in target.letters if x in turned.letters]
        rows = [x for x in target.letters if x not in turned.letters and x != letter]
        inner = [x for x in step.summed if x != sample]
        samples = np.arange(self.rows)
        tile, lane = divmod(samples, self.lanes)
        in_a = tile * self._place(a).tile + lane * self.dtype.itemsize if a else 0 * tile
        one = Tensor("", (), sampled=False)
        walked = turned.place.along(turned.letters, inner, self.sizes)
        taps = [
            np.add.outer(self._along(a or one, inner), in_a).reshape(-1),
            np.add.outer(walked, samples * VECTOR).reshape(-1),
        ]
        parameter = self.parameters[target.name.removeprefix("d")]
        gradient = parameter.part(GRADIENT)
        return self._products(
            step,
            rows,
            calls=[
                self._along(a or one, shared),
                turned.place.along(turned.letters, shared, self.sizes),
                self._along(target, shared),
            ],
            a=self._place(a).address if a else self._number(1.0),
            row_offsets=self._along(a or one, rows),
            taps=(taps[0], taps[1]),
            x=turned.place.address,
            x_stride=turned.panel,
            vectors=gradient.count,
            y=(gradient.address, self._along(target, rows), gradient.stride),
            columns=self.sizes[letter],
        )

    def _products(
        self,
        step: Step,
        rows: Sequence[str],
        *,
        calls: Sequence[Offsets],
        a: int,
        row_offsets: Offsets,
        taps: tuple[Offsets, Offsets],
        x: int,
        x_stride: int,
        vectors: int,
        y: tuple[int, Offsets, int],
        columns: int = 0,
    ) -> Callable[[int], None]:
        """Return what adds a product for each index of the letters that all three arrays have."""
        target, target_rows, vector_stride = y
        epilogue = self.library.get(
            kernels.results,
            scaled=step.number != 1,
            adds=step.adds,
            columns=columns > 0,
            plus=step.plus is not None,
        )
        plus, in_plus, plus_rows = 0, np.zeros(len(calls[0]), dtype=np.int64), 0
        if step.plus is not None:
            outer = [letter for letter in step.target.features if letter not in rows]
            plus, in_plus = self._place(step.plus).address, self._along(step.plus, outer)
            plus_rows = self.code.table(self._along(step.plus, rows))

        in_a, in_x, in_y = (np.asarray(offsets) for offsets in calls)
        a_rows, y_rows = self.code.table(row_offsets), self.code.table(target_rows)
        tap_table, scale = self.code.table(*taps), self._number(step.number)
        height = self._size(rows)

        def add(thread: int) -> None:
            for call, first, last in _pieces(len(in_a), height, self.code.threads, thread):
                arguments = {
                    "y": target + int(in_y[call]),
                    "row_offsets": y_rows + first * 8,
                    "vector_stride": vector_stride,
                    "scale": scale,
                    "columns": columns,
                    "plus": plus + int(in_plus[call]),
                    "plus_offsets": plus_rows + first * 8,
                }
                self.context.product(
                    thread,
                    epilogue,
                    arguments,
                    rows=last - first,
                    vectors=vectors,
                    depth=len(taps[0]),
                    a=a + int(in_a[call]),
                    row_offsets=a_rows + first * 8,
                    taps=tap_table,
                    x=x + int(in_x[call]),
                    x_stride=x_stride,
                )

        return add

    def _turned_once(self, tensor: Tensor, letter: str) -> Iterator[Work]:
        """Turn numbers of samples so that a letter runs along lanes, unless that is done."""
        if (tensor.name, letter) in self._turned:
            return
        others = tuple(x for x in tensor.features if x != letter)
        sizes = tuple(self.sizes[x] for x in others)
        width = -(-self.sizes[letter] // self.lanes)
        padded = self.tiles * self.lanes
        apart = padded + (8 if padded % 64 == 0 else 0)
        data = aligned((prod(sizes), width, apart, self.lanes), self.dtype)
        offsets = np.arange(prod(sizes), dtype=np.int64).reshape(sizes) * data.strides[0]
        self._turned[tensor.name, letter] = _Turned(data, others, Place(address(data), offsets))
        source = self._place(tensor)
        row = source.stride(tensor.features, letter)
        block, tile = np.arange(width)[:, None], np.arange(self.tiles)
        read = block * self.lanes * row + tile * source.tile
        write = block * data.strides[1] + tile * self.lanes * VECTOR
        places = np.stack(
            [
                np.add.outer(self._along(tensor, others), read).reshape(-1),
                np.add.outer(offsets.reshape(-1), write).reshape(-1),
            ],
            axis=-1,
        )
        add = self._turn(places, source.address, row, address(data))
        yield Work(frozenset([tensor.name]), f"{tensor.name} along {letter}", add)


def _pieces(calls: int, rows: int, threads: int, thread: int) -> Iterator[tuple[int, int, int]]:
    """Yield a thread's part of some calls of so many rows: which call, first and last row."""
    blocks = -(-rows // ROWS)
    first, last = partition(calls * blocks, threads, thread)
    for call in range(first // blocks, -(-last // blocks)):
        begin, end = max(first - call * blocks, 0), min(last - call * blocks, blocks)
        yield call, begin * ROWS, min(end * ROWS, rows)

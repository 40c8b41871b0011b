"""The steps of a line in a plan: products in tiles, and walks over elements.

A step with letters that both factors have, and that are summed over, and letters that only one of
them has, is a product in tiles; any other one walks over its elements. Each is cut among threads by
elements of its result, so the bits do not depend on their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from chainrule.engine.kernels import contraction as kernels, product
from chainrule.engine.kernels.contraction import PARAMETER, SAMPLED
from chainrule.engine.machine.memory import VECTOR
from chainrule.engine.network.steps import Step, Tensor
from chainrule.engine.planning.line_tensors import LineTensors, Turned
from chainrule.engine.planning.program import partition
from chainrule.engine.planning.tensors import Offsets, Place
from chainrule.engine.planning.weights import GRADIENT
from chainrule.engine.planning.work import Add, Range, Work

ROWS = 8
"""Rows of a product that are not cut apart: the height of its tiles."""


class LineSteps:
    """Plans steps of a line; its arrays are found by the tensors of the steps."""

    def __init__(self, tensors: LineTensors, sample: str) -> None:
        self.tensors, self.sample, self.context = tensors, sample, tensors.context
        self.code, self.library, self.sizes = tensors.code, tensors.library, tensors.sizes
        self.parameters, self.tiles = tensors.parameters, tensors.tiles

    def works(self, step: Step) -> Iterator[Work]:
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
            if letter in b.letters and letter not in a.letters and self.tensors.turns(b, letter):
                yield from self.tensors.along_lanes(b, letter)
                turned = self.tensors.turned[b.name, letter]
                reads = frozenset([a.name, f"{b.name} along {letter}"])
                sums = self._summed(step, a, turned, letter)
                yield Work(reads, step.target.name, sums, sampled=False)
                return
        if turned_alone := self._in_panels(step):
            sums = self._summed(step, None, *turned_alone)
            yield Work(frozenset(), step.target.name, sums, sampled=False)
            return
        yield Work(reads, step.target.name, self._elements(step), step.target.sampled)

    def _in_panels(self, step: Step) -> tuple[Turned, str] | None:
        """Return the panels of what is only summed over samples, and the letter of their lanes."""
        if step.target.sampled or len(step.factors) > 1 or not step.target.letters:
            return None
        letter = step.target.letters[self.parameters[step.target.name[1:]].axis_of_lanes]
        turned = self.tensors.turned.get((step.factors[0].name, letter))
        return (turned, letter) if turned and turned.panels else None

    def _elements(self, step: Step) -> Add:
        """Walk over the elements of the target."""
        target, sample = step.target, self.sample
        kinds = "".join(SAMPLED if f.sampled else PARAMETER for f in step.factors)
        summed = [letter for letter in step.summed if letter != sample]
        rows, depth = self.tensors.size(target.features), self.tensors.size(summed)
        tensors = (target, *step.factors, *([step.plus] if step.plus else []))
        along = self.tensors.along
        places = self.code.table(*(along(tensor, target.features) for tensor in tensors))
        taps = self.code.table(*(along(factor, summed) for factor in step.factors))
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
        given = {"scale": self.tensors.number(step.number)}
        given |= {"plus": self.tensors.place(step.plus).address} if step.plus else {}
        arrays = {"y": self.tensors.place(target)}
        arrays |= {f"x{k}": self.tensors.place(factor) for k, factor in enumerate(step.factors)}

        def add(thread: int, tiles: Range | None) -> None:
            first, last = (0, rows) if tiles else partition(rows, self.code.threads, thread)
            begin, end = tiles or (0, self.tiles)
            if first < last:
                own = {f"{name}_tile": place.tile for name, place in arrays.items()}
                for name, place in arrays.items():
                    own[name] = place.base(thread, begin) + begin * place.tile
                self.code.add(
                    thread,
                    kernel,
                    rows=last - first,
                    depth=depth,
                    tiles=end - begin,
                    places=places + first * 8 * len(tensors),
                    taps=taps,
                    **given,
                    **own,
                )

        return add

    def _tiled(self, step: Step, x: Tensor, w: Tensor) -> Add:
        """Multiply parameters by numbers of samples, in tiles: vectors are samples."""
        target = step.target
        rows = [letter for letter in target.features if letter not in x.letters]
        outer = [letter for letter in target.features if letter in x.letters]
        return self._products(
            step,
            rows,
            calls=[self.tensors.along(tensor, outer) for tensor in (w, x, target)],
            a=self.tensors.place(w).address,
            row_offsets=self.tensors.along(w, rows),
            taps=(self.tensors.along(w, step.summed), self.tensors.along(x, step.summed)),
            x=self.tensors.place(x),
            vectors=self.tiles,
            y=self.tensors.place(target),
            y_rows=self.tensors.along(target, rows),
        )

    def _summed(self, step: Step, a: Tensor | None, turned: Turned, letter: str) -> Add:
        """Sum products of numbers of samples over these, in tiles: vectors are along a letter.

        Without the first factor it is 1.
        """
        target, sample = step.target, self.sample
        shared = [x for x in target.letters if x in turned.letters]
        rows = [x for x in target.letters if x not in turned.letters and x != letter]
        inner = [x for x in step.summed if x != sample]
        samples = np.arange(self.context.rows)
        tile, lane = divmod(samples, self.tensors.lanes)
        item = self.context.dtype.itemsize
        in_a = tile * self.tensors.place(a).tile + lane * item if a else 0 * tile
        one = Tensor("", (), sampled=False)
        walked = turned.place.along(turned.letters, inner, self.sizes)
        taps = [
            np.add.outer(self.tensors.along(a or one, inner), in_a).reshape(-1),
            np.add.outer(walked, samples * VECTOR).reshape(-1),
        ]
        parameter = self.parameters[target.name.removeprefix("d")]
        gradient = parameter.part(GRADIENT)
        return self._products(
            step,
            rows,
            calls=[
                self.tensors.along(a or one, shared),
                turned.place.along(turned.letters, shared, self.sizes),
                self.tensors.along(target, shared),
            ],
            a=self.tensors.place(a).address if a else self.tensors.number(1.0),
            row_offsets=self.tensors.along(a or one, rows),
            taps=(taps[0], taps[1]),
            x=turned.place,
            vectors=gradient.count,
            y=replace(self.tensors.place(target), tile=gradient.stride),
            y_rows=self.tensors.along(target, rows),
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
        x: Place,
        vectors: int,
        y: Place,
        y_rows: Offsets,
        columns: int = 0,
    ) -> Add:
        """Return what adds a product for each index of the letters that all three arrays have."""
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
            plus = self.tensors.place(step.plus).address
            in_plus = self.tensors.along(step.plus, outer)
            plus_rows = self.code.table(self.tensors.along(step.plus, rows))

        in_a, in_x, in_y = (np.asarray(offsets) for offsets in calls)
        a_rows, y_table = self.code.table(row_offsets), self.code.table(y_rows)
        tap_table, scale = self.code.table(*taps), self.tensors.number(step.number)
        height = self.tensors.size(rows)

        def add(thread: int, tiles: Range | None) -> None:
            begin, end = tiles or (0, vectors)
            threads = (1, 0) if tiles else (self.code.threads, thread)
            for call, first, last in _pieces(len(in_a), height, *threads):
                arguments = {
                    "y": y.base(thread, begin) + int(in_y[call]) + begin * y.tile,
                    "row_offsets": y_table + first * 8,
                    "vector_stride": y.tile,
                    "scale": scale,
                    "columns": columns,
                    "plus": plus + int(in_plus[call]),
                    "plus_offsets": plus_rows + first * 8,
                }
                self.context.blocked_product(
                    thread,
                    epilogue,
                    arguments,
                    product.product,
                    rows=last - first,
                    vectors=end - begin,
                    depth=len(taps[0]),
                    a=a + int(in_a[call]),
                    row_offsets=a_rows + first * 8,
                    taps=tap_table,
                    x=x.base(thread, begin) + int(in_x[call]) + begin * x.tile,
                    x_stride=x.tile,
                )

        return add


def _pieces(calls: int, rows: int, threads: int, thread: int) -> Iterator[tuple[int, int, int]]:
    """Yield a thread's part of some calls of so many rows: which call, first and last row."""
    blocks = -(-rows // ROWS)
    first, last = partition(calls * blocks, threads, thread)
    for call in range(first // blocks, -(-last // blocks)):
        begin, end = max(first - call * blocks, 0), min(last - call * blocks, blocks)
        yield call, begin * ROWS, min(end * ROWS, rows)

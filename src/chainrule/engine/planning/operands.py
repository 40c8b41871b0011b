"""How products read their operands, where these are rounded: one form for all of a plan.

A form says how a rounded copy of an array lies in memory, which kernel multiplies, and in which
order the taps of a sum come. With both forms here, a sum is the same chain of float32
multiply-adds: of each pair of taps the odd one, then the even one, an odd last tap being paired
with zeros. So they compute the same bits, and the processor decides which one is the fastest.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import pairs, product, rounding
from chainrule.engine.kernels.library import CompiledKernel, Library
from chainrule.engine.language.bfloat16 import PAIR
from chainrule.engine.machine.bfloat16 import halves, rounded
from chainrule.engine.machine.compiling import Target
from chainrule.engine.machine.memory import VECTOR, Panels, address, aligned
from chainrule.engine.planning.program import Instructions
from chainrule.types import Array

Offsets = NDArray[np.int64]
Range = tuple[int, int]
Rounding = tuple[CompiledKernel, dict[str, int]]
"""A kernel, and arguments of it."""

Down = Literal["rows", "columns", ""]
"""As what features are read down, if they are: as rows of a product, or along its lanes."""


class Operand(ABC):
    """The rounded copy of an array (rows, features) that lies in panels.

    It is read **across**: its rows are a product's, and sums go along features. Or **down**: sums
    go along rows, and features are lanes, or a product's rows.
    """

    rows: int
    features: int

    @abstractmethod
    def write(self, values: Array) -> None:
        """Take numbers (rows, features) over."""

    @abstractmethod
    def rounds(self, library: Library, rows: Range, *, gathered: bool) -> Rounding:
        """Return the kernel that fills some rows, the first one even, and where it puts them."""


Copies = tuple[Operand | None, Operand | None]
"""Those of W and of its transpose that products read, where these are rounded."""


class Form(ABC):
    """How operands are stored, and which kernel multiplies them.

    Threads share out rows ``rows_at_once``, and panels of W ``panels_at_once``. The copy of the
    transpose of W is made of a transpose in float32 where it ``needs_transpose``, else of W. Its
    kernels take rows that lie evenly apart and blocks of these, if it is ``even``.
    """

    rows_at_once: ClassVar[int] = 2
    panels_at_once: ClassVar[int] = 1
    needs_transpose: ClassVar[bool] = True
    even: ClassVar[bool] = False

    @abstractmethod
    def product(self, *, across: bool) -> Callable[..., Any]:
        """Return what emits the kernel of products, by how their left operand is read."""

    @abstractmethod
    def operand(self, rows: int, features: int, *, across: bool, down: Down) -> Operand:
        """Return the copy of an array, which is read in these ways."""

    @abstractmethod
    def kernels(self) -> list[tuple[Callable[..., Any], dict[str, Any]]]:
        """Return what emits the kernels that it needs, with options, to compile them ahead."""

    def weights(self, rows: int, features: int, *, back: bool) -> Copies:
        """Return the copies of W, and of its transpose if that is wanted."""
        down = self.operand(rows, features, across=False, down="columns")
        return down, self.operand(features, rows, across=False, down="columns") if back else None

    def rounds_weights(self, library: Library, copies: Copies, begin: int) -> Rounding:
        """Return the kernel that fills all copies of W from its row ``begin`` on, made of W."""
        down, _ = copies
        assert down is not None
        return down.rounds(library, (begin, down.rows), gathered=False)

    @abstractmethod
    def factors(
        self,
        code: Instructions,
        left: Operand,
        right: Operand,
        rows: Range,
        panels: Range,
        *,
        across: bool,
    ) -> dict[str, int]:
        """Return the arguments of a product that say what is multiplied.

        ``rows`` are those of the results: the left operand's where that is read across, else its
        features; ``panels`` are the right one's, which is read down.
        """


class _ByTaps(Form):
    """A form whose products read tables of taps."""

    even = True

    def factors(
        self,
        code: Instructions,
        left: Operand,
        right: Operand,
        rows: Range,
        panels: Range,
        *,
        across: bool,
    ) -> dict[str, int]:
        """Return the arguments of a product that say what is multiplied."""
        assert isinstance(left, _Tapped)
        assert isinstance(right, _Tapped)
        count, lanes = rows[1] - rows[0], VECTOR // PAIR
        if across:
            taps, group, at = left.feature_taps, count, left.across + rows[0] * VECTOR
        else:  # whose rows are features: those of a panel lie side by side
            taps, group, at = left.row_taps, lanes, left.down + rows[0] // lanes * left.stride
        return {
            "rows": count,
            "vectors": panels[1] - panels[0],
            "depth": len(right.row_taps),
            "a": at,
            "group": group,
            "group_stride": left.stride,
            "taps": code.table(taps, right.row_taps),
            "x": right.down + panels[0] * right.stride,
            "x_stride": right.stride,
        }


class Widened(_ByTaps):
    """Rounded numbers are held as float32, and multiplied as these: for all processors."""

    def product(self, *, across: bool) -> Callable[..., Any]:
        """Return what emits the kernel of products."""
        return product.even if across else product.turned

    def operand(self, rows: int, features: int, *, across: bool, down: Down) -> Operand:
        """Return the copy of an array: one for both ways."""
        return _Widened(rows, features)

    def kernels(self) -> list[tuple[Callable[..., Any], dict[str, Any]]]:
        """Return what emits the kernels that it needs."""
        gathered = [(rounding.widened, {"gathered": gathered}) for gathered in (False, True)]
        return [(product.even, {}), (product.turned, {}), *gathered]


class Paired(_ByTaps):
    """Numbers are held as bfloat16, in pairs that an instruction multiplies and adds up."""

    def product(self, *, across: bool) -> Callable[..., Any]:
        """Return what emits the kernel of products."""
        return pairs.even if across else pairs.turned

    def operand(self, rows: int, features: int, *, across: bool, down: Down) -> Operand:
        """Return the copy of an array: one for each way."""
        return _Paired(rows, features, across=across, down=bool(down))

    def kernels(self) -> list[tuple[Callable[..., Any], dict[str, Any]]]:
        """Return what emits the kernels that it needs: of samples, and of all else."""
        used = [(True, True, True), (False, True, True), (False, False, True)]
        names = "gathered", "across", "down"
        copies = [(rounding.paired, dict(zip(names, each, strict=True))) for each in used]
        return [(pairs.even, {}), (pairs.turned, {}), *copies]


def fastest(target: Target) -> Form:
    """Return the form for a processor: pairs where their instruction pays."""
    return Paired() if target.pairs_pay else Widened()


class _Tapped(Operand):
    """A copy whose numbers are at offsets in bytes from the addresses ``across`` and ``down``.

    ``stride`` is from a panel of those that are read down to the next.
    """

    across: int
    down: int
    stride: int
    feature_taps: Offsets
    row_taps: Offsets


class _Widened(_Tapped):
    def __init__(self, rows: int, features: int) -> None:
        self._panels = Panels.zeros(_even(rows), _even(features), np.float32)
        self.across = self.down = self._panels.address
        self.rows, self.features, self.stride = rows, features, self._panels.stride
        self.feature_taps = _odd_first(self._panels.columns)
        self.row_taps = _odd_first(self._panels.rows_at)

    def write(self, values: Array) -> None:
        """Take numbers over."""
        whole = np.zeros((len(values), self._panels.features), np.float32)
        whole[:, : self.features] = rounded(values)
        self._panels.write(whole)

    def rounds(self, library: Library, rows: Range, *, gathered: bool) -> Rounding:
        """Return the kernel that fills some rows."""
        where = {"down": self.down + rows[0] * VECTOR, "down_stride": self.stride}
        return library.get(rounding.widened, gathered=gathered), where


class _Paired(_Tapped):
    def __init__(self, rows: int, features: int, *, across: bool, down: bool) -> None:
        self.rows, self.features = rows, features
        couples, lanes = -(-rows // 2), VECTOR // PAIR
        self._ways = {"across": across, "down": down}
        self._across = _vectors(-(-features // (2 * lanes)) if across else 0, 2 * couples)
        self._down = _vectors(-(-features // lanes) if down else 0, couples)
        self.across, self.down = address(self._across), address(self._down)
        self.stride = int(self._down.strides[0])
        couple = np.arange(-(-features // 2))
        self.feature_taps = couple // lanes * self._across.strides[0] + couple % lanes * PAIR
        self.row_taps = np.arange(couples) * VECTOR

    def write(self, values: Array) -> None:
        """Take numbers over."""
        rows, features = values.shape
        couples, lanes, wide = -(-rows // 2), VECTOR // PAIR, -(-features // 32) * 32
        whole = np.zeros((2 * couples, wide), np.uint16)
        whole[:rows, :features] = halves(values)
        if self._ways["across"]:
            wholes = whole.reshape(2 * couples, -1, 2 * lanes)
            self._across[:, : 2 * couples] = wholes.transpose(1, 0, 2)
        if self._ways["down"]:
            blocks = whole.reshape(couples, 2, -1, lanes).transpose(2, 0, 3, 1)
            own = blocks.reshape(-1, couples, 2 * lanes)
            self._down[:, :couples] = own[: len(self._down)]

    def rounds(self, library: Library, rows: Range, *, gathered: bool) -> Rounding:
        """Return the kernel that fills some rows."""
        where = {
            "across": self.across + rows[0] * VECTOR,
            "across_stride": int(self._across.strides[0]),
            "down": self.down + rows[0] // 2 * VECTOR,
            "down_stride": self.stride,
        }
        return library.get(rounding.paired, gathered=gathered, **self._ways), where


def _even(count: int) -> int:
    return count + count % 2


def _odd_first(offsets: Offsets) -> Offsets:
    """Return an even number of offsets with those of each pair changed over."""
    return offsets.reshape(-1, 2)[:, ::-1].reshape(-1)


def _vectors(panels: int, rows: int) -> NDArray[np.uint16]:
    """Return zeros, panels of rows of 64 bytes, kept off multiples of 4,096 bytes."""
    apart = rows + (8 if rows % 64 == 0 else 0)
    found: NDArray[np.uint16] = aligned((panels, apart, VECTOR // 2), np.uint16)
    return found

"""Tiles of matrices in kernels: registers of 16 rows of 64 bytes, by their numbers from 0 to 7."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from chainrule.engine.language.body import I64, POINTER
from chainrule.engine.language.emit import KernelBuilder
from chainrule.engine.language.values import Integer
from chainrule.engine.machine.matrix_tiles import CONFIGURATION

I8 = ir.IntType(8)


def begin_tiles(k: KernelBuilder) -> None:
    """Give all tiles their full size; what others of the process had in them is gone."""
    at = k.allocate(1)
    for place, word in enumerate(CONFIGURATION):
        k.store_integer(k.integer(word), at + 8 * place)
    on_tiles(k, "ldtilecfg", at)


def end_tiles(k: KernelBuilder) -> None:
    """Give the tiles back, so that others of the process find them as if never used."""
    on_tiles(k, "tilerelease")


def on_tiles(k: KernelBuilder, name: str, *operands: int | Integer) -> None:
    """Call an instruction, such as "tdpbf16ps": tiles by number, then an address, a stride."""
    kinds: list[Any] = []
    values: list[Any] = []
    for operand in operands:
        if isinstance(operand, int):
            kinds, values = [*kinds, I8], [*values, ir.Constant(I8, operand)]
        elif POINTER not in kinds:
            kinds, values = [*kinds, POINTER], [*values, k.pointer(operand)]
        else:
            kinds, values = [*kinds, I64], [*values, operand.value]
    function = k.declared(f"llvm.x86.{name}", ir.FunctionType(ir.VoidType(), kinds))
    k.builder.call(function, values)

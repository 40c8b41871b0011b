"""What LLVM's builder needs: a function under construction, and the types of its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from chainrule.engine.machine.memory import VECTOR

I1, I32, I64 = (ir.IntType(bits) for bits in (1, 32, 64))
POINTER = ir.PointerType()


class Body:
    """A function in LLVM's form: its code so far, and where code goes next.

    ``number`` and ``vector`` are its float type, alone and in all lanes; ``whole`` is the type of
    whole numbers of the same width.
    """

    def __init__(self, name: str, dtype: Any, module: ir.Module, parameters: int) -> None:
        self.name, self.dtype, self.module = name, np.dtype(dtype), module
        self.lanes: int = VECTOR // self.dtype.itemsize
        self.number = ir.FloatType() if self.dtype.itemsize == 4 else ir.DoubleType()
        self.whole = I32 if self.dtype.itemsize == 4 else I64
        self.vector = ir.VectorType(self.number, self.lanes)
        kind = ir.FunctionType(ir.VoidType(), [I64] * parameters)
        self.function = ir.Function(module, kind, name)
        self.function.attributes.add("nounwind")
        self.builder = ir.IRBuilder(self.function.append_basic_block("entry"))

    def filled(self, kind: Any, value: float) -> Any:
        """Return a number as one of the float type, or as a vector of it."""
        number = float(self.dtype.type(value))
        return ir.Constant(kind, number if kind == self.number else [number] * self.lanes)

    def repeated(self, value: Any, kind: ir.VectorType) -> Any:
        """Return a vector that has a value in every lane."""
        undefined = ir.Constant(kind, ir.Undefined)
        first = self.builder.insert_element(undefined, value, ir.Constant(I32, 0))
        zeros = ir.Constant(ir.VectorType(I32, kind.count), [0] * kind.count)
        return self.builder.shuffle_vector(first, undefined, zeros)

    def suffix(self, kind: Any) -> str:
        """Return how LLVM's functions name a float type."""
        bits = self.dtype.itemsize * 8
        return f"v{self.lanes}f{bits}" if kind == self.vector else f"f{bits}"

    def declared(self, name: str, kind: ir.FunctionType) -> Any:
        """Return a function of LLVM's own."""
        found = self.module.globals.get(name)
        return found if found is not None else ir.Function(self.module, kind, name)

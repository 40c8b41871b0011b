"""What LLVM's builder needs: a function under construction, and the types of its numbers."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from chainrule.engine.language.formats import COMPUTE, Format

I1, I16, I32, I64 = (ir.IntType(bits) for bits in (1, 16, 32, 64))
POINTER = ir.PointerType()


class Body:
    """A function in LLVM's form: its code so far, and where code goes next.

    ``number`` and ``vector`` are its compute type, alone and in all lanes; ``whole`` is the type
    of whole numbers of the same width. Vectors have as many lanes as 64 bytes of storage.
    """

    def __init__(self, name: str, form: Format, module: ir.Module, parameters: int) -> None:
        self.name, self.format, self.module = name, form, module
        self.item, self.lanes = form.item, form.lanes
        self.number = COMPUTE[form.compute]
        self.whole = ir.IntType(8 * form.compute_dtype.itemsize)
        self.vector = ir.VectorType(self.number, self.lanes)
        kind = ir.FunctionType(ir.VoidType(), [I64] * parameters)
        self.function = ir.Function(module, kind, name)
        self.function.attributes.add("nounwind")
        self.builder = ir.IRBuilder(self.function.append_basic_block("entry"))

    def filled(self, kind: Any, value: float) -> Any:
        """Return a number as one of the compute type, or as a vector of it."""
        number = float(self.format.compute_dtype.type(value))
        return ir.Constant(kind, number if kind == self.number else [number] * self.lanes)

    def repeated(self, value: Any, kind: ir.VectorType) -> Any:
        """Return a vector that has a value in every lane."""
        undefined = ir.Constant(kind, ir.Undefined)
        first = self.builder.insert_element(undefined, value, ir.Constant(I32, 0))
        zeros = ir.Constant(ir.VectorType(I32, kind.count), [0] * kind.count)
        return self.builder.shuffle_vector(first, undefined, zeros)

    def suffix(self, kind: Any) -> str:
        """Return how LLVM's functions name a type."""
        if isinstance(kind, ir.VectorType):
            return f"v{kind.count}{self.suffix(kind.element)}"
        letters = {ir.HalfType(): "f16", ir.FloatType(): "f32", ir.DoubleType(): "f64"}
        return next((name for known, name in letters.items() if known == kind), str(kind))

    def declared(self, name: str, kind: ir.FunctionType) -> Any:
        """Return a function of LLVM's own."""
        found = self.module.globals.get(name)
        return found if found is not None else ir.Function(self.module, kind, name)

    # ---- storage

    def stored(self, kind: Any) -> Any:
        """Return the type in memory of a number, or of a vector, of the compute type."""
        if self.format.uniform:
            return kind
        types = {"float16": ir.HalfType(), "bfloat16": I16, "float32": ir.FloatType()}
        return self._like(kind, types[self.format.storage])

    def widened(self, value: Any, kind: Any) -> Any:
        """Return what was loaded as the compute type."""
        if self.format.uniform:
            return value
        if self.format.storage != "bfloat16":
            return self.builder.fpext(value, kind)
        bits = self.builder.zext(value, self._like(kind, I32))
        single = self.builder.shl(bits, ir.Constant(bits.type, self._each(kind, 16)))
        single = self.builder.bitcast(single, self._like(kind, ir.FloatType()))
        return single if kind == single.type else self.builder.fpext(single, kind)

    def narrowed(self, value: Any) -> Any:
        """Return a value of the compute type as it is stored, rounded to nearest, ties to even."""
        if self.format.uniform:
            return value
        kind = value.type
        if self.format.storage != "bfloat16":
            return self.builder.fptrunc(value, self.stored(kind))
        if kind != self._like(kind, ir.FloatType()):
            raise TypeError("bfloat16 is stored from float32")  # twice rounded otherwise

        def constant(number: int) -> Any:
            return ir.Constant(bits.type, self._each(kind, number))

        bits = self.builder.bitcast(value, self._like(kind, I32))
        upper = self.builder.lshr(bits, constant(16))
        half = self.builder.add(self.builder.and_(upper, constant(1)), constant(0x7FFF))
        rounded = self.builder.lshr(self.builder.add(bits, half), constant(16))
        is_nan = self.builder.fcmp_unordered("uno", value, value)
        quiet = self.builder.or_(upper, constant(0x40))
        return self.builder.trunc(self.builder.select(is_nan, quiet, rounded), self.stored(kind))

    @staticmethod
    def _like(kind: Any, element: Any) -> Any:
        return ir.VectorType(element, kind.count) if isinstance(kind, ir.VectorType) else element

    @staticmethod
    def _each(kind: Any, value: int) -> Any:
        return [value] * kind.count if isinstance(kind, ir.VectorType) else value

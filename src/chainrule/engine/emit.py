"""A small language for kernels: Python code that runs once and leaves machine code behind.

A kernel is written as a Python function on values that are not there yet. ``x + y`` on two
:class:`Vector` emits an addition, ``with k.loop(0, n) as i:`` a loop whose body is emitted once:

    k = Kernel("scale", np.float32, ("count", "x", "y", "factor"))
    factor = k.spread(k.argument("factor"))
    with k.loop(0, k.argument("count")) as i:
        k.store(k.load(k.argument("x") + i * 64) * factor, k.argument("y") + i * 64)

Every kernel is a C function of one argument, the address of its arguments: whole numbers and
addresses of 64 bits each, in the order of their names. Addresses are in bytes.

A vector has 64 bytes, 16 float32 or 8 float64, whatever registers the processor has; where they
are narrower, LLVM takes two or four. There is no fast-math: each operation is rounded on its own,
a multiply-add is fused where :func:`fma` says so and nowhere else, and a sum over lanes is a fixed
tree. So the bits are the same on every processor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from llvmlite import ir

from chainrule.engine.memory import VECTOR
from chainrule.engine.values import Condition, Integer, Value, Vector

_I1, _I32, _I64 = (ir.IntType(bits) for bits in (1, 32, 64))
_POINTER = ir.PointerType()


class Kernel:
    """A function under construction: its arguments, its code so far, and where code goes next."""

    def __init__(
        self,
        name: str,
        dtype: Any,
        fields: Sequence[str],
        *,
        module: ir.Module | None = None,
        extra: int = 0,
        inner: bool = False,
    ) -> None:
        self.name, self.dtype, self.fields = name, np.dtype(dtype), tuple(fields)
        self.lanes: int = VECTOR // self.dtype.itemsize
        self.number = ir.FloatType() if self.dtype.itemsize == 4 else ir.DoubleType()
        self.whole = _I32 if self.dtype.itemsize == 4 else _I64
        self.vector = ir.VectorType(self.number, self.lanes)
        self.module = ir.Module(name) if module is None else module
        kind = ir.FunctionType(ir.VoidType(), [_I64] * (1 + extra))
        self.function = ir.Function(self.module, kind, name)
        self.function.attributes.add("nounwind")
        if inner:  # called from within its module only, and big enough to be called
            self.function.linkage = "internal"
            self.function.attributes.add("noinline")
        self.builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.arguments_at, *self.extra = (Integer(self, a) for a in self.function.args)
        self._arguments: dict[str, Integer] = {}
        for position, field in enumerate(self.fields):  # read at once, so that loops need not
            self._arguments[field] = self.load_integer(self.arguments_at + 8 * position)

    # ---- values

    def argument(self, name: str) -> Integer:
        """Return an argument by its name."""
        return self._arguments[name]

    def integer(self, value: int) -> Integer:
        """Return a whole number."""
        return Integer(self, ir.Constant(_I64, value))

    def constant(self, value: float) -> Vector:
        """Return a vector of one number, rounded to the float type."""
        return Vector(self, ir.Constant(self.vector, [self._rounded(value)] * self.lanes))

    def constant_like(self, like: Vector, value: float) -> Vector:
        """Return a number, or a vector of it, as the other one is."""
        if like.value.type == self.number:
            return Vector(self, ir.Constant(self.number, self._rounded(value)))
        return self.constant(value)

    def _rounded(self, value: float) -> float:
        return float(self.dtype.type(value))

    def to_number(self, whole: Integer) -> Vector:
        """Return a whole number as one of the float type."""
        return Vector(self, self.builder.sitofp(whole.value, self.number))

    # ---- memory

    def _pointer(self, address: Integer) -> Any:
        return self.builder.inttoptr(address.value, _POINTER)

    def load_integer(self, address: Integer) -> Integer:
        """Return the whole number at an address."""
        return Integer(self, self.builder.load(self._pointer(address), typ=_I64))

    def store_integer(self, value: Integer, address: Integer) -> None:
        """Put a whole number at an address."""
        self.builder.store(value.value, self._pointer(address))

    def load_short(self, address: Integer) -> Integer:
        """Return the whole number of 32 bits, without sign, at an address."""
        loaded = self.builder.load(self._pointer(address), typ=_I32)
        return Integer(self, self.builder.zext(loaded, _I64))

    def store_short(self, value: Integer, address: Integer) -> None:
        """Put the lower 32 bits of a whole number at an address."""
        self.builder.store(self.builder.trunc(value.value, _I32), self._pointer(address))

    def load(self, address: Integer) -> Vector:
        """Return the vector at an address, aligned or not."""
        loaded = self.builder.load(self._pointer(address), typ=self.vector)
        loaded.align = self.dtype.itemsize
        return Vector(self, loaded)

    def store(self, value: Vector, address: Integer) -> None:
        """Put a vector at an address."""
        self.builder.store(value.value, self._pointer(address)).align = self.dtype.itemsize

    def load_number(self, address: Integer) -> Vector:
        """Return the one number at an address."""
        return Vector(self, self.builder.load(self._pointer(address), typ=self.number))

    def store_number(self, value: Vector, address: Integer) -> None:
        """Put one number at an address."""
        self.builder.store(value.value, self._pointer(address))

    def load_first(self, address: Integer, count: Integer) -> Vector:
        """Return the first ``count`` numbers at an address, zeros in the lanes beyond."""
        masked = self._intrinsic(
            f"llvm.masked.load.{self._suffix()}.p0",
            ir.FunctionType(
                self.vector, [_POINTER, _I32, ir.VectorType(_I1, self.lanes), self.vector]
            ),
        )
        zeros = ir.Constant(self.vector, [0.0] * self.lanes)
        inside = self.first_lanes(count).value
        align = ir.Constant(_I32, self.dtype.itemsize)
        loaded = self.builder.call(masked, [self._pointer(address), align, inside, zeros])
        return Vector(self, loaded)

    def store_first(self, value: Vector, address: Integer, count: Integer) -> None:
        """Put the first ``count`` lanes of a vector at an address; what lies behind stays."""
        masked = self._intrinsic(
            f"llvm.masked.store.{self._suffix()}.p0",
            ir.FunctionType(
                ir.VoidType(), [self.vector, _POINTER, _I32, ir.VectorType(_I1, self.lanes)]
            ),
        )
        inside = self.first_lanes(count).value
        align = ir.Constant(_I32, self.dtype.itemsize)
        self.builder.call(masked, [value.value, self._pointer(address), align, inside])

    def first_lanes(self, count: Integer) -> Condition:
        """Return which lanes come before a count."""
        numbers = ir.VectorType(_I64, self.lanes)
        lanes = ir.Constant(numbers, list(range(self.lanes)))
        limits = self._spread(count.value, numbers)
        return Condition(self, self.builder.icmp_signed("<", lanes, limits))

    def words_reach(self, address: Integer, shift: int, least: Integer) -> Condition:
        """Return for each lane whether its word of 64 bits, shifted right, is at least so much."""
        many = ir.VectorType(_I64, self.lanes)
        words = self.builder.load(self._pointer(address), typ=many)
        words.align = 8
        upper = self.builder.lshr(words, ir.Constant(many, [shift] * self.lanes))
        least_of_all = self._spread(least.value, many)
        return Condition(self, self.builder.icmp_signed(">=", upper, least_of_all))

    def allocate(self, vectors: int) -> Integer:
        """Return the address of scratch for some vectors, on the stack."""
        with self.builder.goto_entry_block():
            scratch = self.builder.alloca(self.vector, vectors)
            scratch.align = VECTOR
        return Integer(self, self.builder.ptrtoint(scratch, _I64))

    # ---- lanes

    def spread(self, number: Vector) -> Vector:
        """Return a vector that has one number in every lane."""
        return Vector(self, self._spread(number.value, self.vector))

    def _spread(self, value: Any, kind: ir.VectorType) -> Any:
        undefined = ir.Constant(kind, ir.Undefined)
        first = self.builder.insert_element(undefined, value, ir.Constant(_I32, 0))
        zeros = ir.Constant(ir.VectorType(_I32, kind.count), [0] * kind.count)
        return self.builder.shuffle_vector(first, undefined, zeros)

    def first(self, vector: Vector) -> Vector:
        """Return the number in the first lane."""
        lane = ir.Constant(_I32, 0)
        return Vector(self, self.builder.extract_element(vector.value, lane))

    def one_hot(self, lane: Integer) -> Vector:
        """Return 1 in one lane and 0 in the others; zeros if there is no such lane."""
        numbers = ir.VectorType(_I64, self.lanes)
        lanes = ir.Constant(numbers, list(range(self.lanes)))
        same = self.builder.icmp_signed("==", lanes, self._spread(lane.value, numbers))
        return self.select(Condition(self, same), self.constant(1.0), self.constant(0.0))

    def shuffle(self, left: Vector, right: Vector, lanes: Sequence[int]) -> Vector:
        """Return chosen lanes: below ``lanes`` from the left vector, from there on the right's."""
        chosen = ir.Constant(ir.VectorType(_I32, self.lanes), list(lanes))
        return Vector(self, self.builder.shuffle_vector(left.value, right.value, chosen))

    def reduce(self, vector: Vector, combine: Any) -> Vector:
        """Return all lanes combined into one number: half with half, until one is left."""
        half = self.lanes // 2
        while half:
            upper = [(lane + half) % self.lanes for lane in range(self.lanes)]
            vector = combine(vector, self.shuffle(vector, vector, upper))
            half //= 2
        return self.first(vector)

    def sums(self, vectors: Sequence[Vector]) -> Vector:
        """Return the sums over lanes of as many vectors as there are lanes, as :meth:`reduce` adds.

        Two vectors' halves are added in one, until one vector has all sums.
        """
        half, left = self.lanes // 2, list(vectors)
        while half:
            lower = [
                of + lane
                for start in range(0, self.lanes, 2 * half)
                for of in (0, self.lanes)
                for lane in range(start, start + half)
            ]
            upper = [lane + half for lane in lower]
            pairs = zip(left[: len(left) // 2], left[len(left) // 2 :], strict=True)
            left = [self.shuffle(x, y, lower) + self.shuffle(x, y, upper) for x, y in pairs]
            half //= 2
        return left[0]

    def together(self, numbers: Sequence[Vector]) -> Vector:
        """Return a vector of as many single numbers as it has lanes."""
        whole = ir.Constant(self.vector, ir.Undefined)
        for lane, number in enumerate(numbers):
            place = ir.Constant(_I32, lane)
            whole = self.builder.insert_element(whole, number.value, place)
        return Vector(self, whole)

    def transposed(self, rows: Sequence[Vector]) -> list[Vector]:
        """Return the columns of as many rows as a vector has lanes, by swaps of halves."""
        rows, distance = list(rows), self.lanes // 2
        while distance:
            low = [c if not c & distance else self.lanes + c - distance for c in range(self.lanes)]
            high = [c | distance if not c & distance else self.lanes + c for c in range(self.lanes)]
            for r in range(self.lanes):
                if not r & distance:
                    above, below = rows[r], rows[r | distance]
                    rows[r] = self.shuffle(above, below, low)
                    rows[r | distance] = self.shuffle(above, below, high)
            distance //= 2
        return rows

    # ---- operations that have no operator

    def _suffix(self, kind: Any = None) -> str:
        kind = kind or self.vector
        bits = self.dtype.itemsize * 8
        return f"v{self.lanes}f{bits}" if kind == self.vector else f"f{bits}"

    def _intrinsic(self, name: str, kind: ir.FunctionType) -> Any:
        found = self.module.globals.get(name)
        return found if found is not None else ir.Function(self.module, kind, name)

    def intrinsic(self, name: str, *operands: Vector) -> Vector:
        """Return what LLVM's function of numbers, such as "sqrt", makes of its operands."""
        kind = operands[0].value.type
        function = self._intrinsic(
            f"llvm.{name}.{self._suffix(kind)}", ir.FunctionType(kind, [kind] * len(operands))
        )
        return Vector(self, self.builder.call(function, [x.value for x in operands]))

    def select(self, condition: Condition, left: Vector, right: Vector) -> Vector:
        """Return the left number where the condition holds, else the right one."""
        return Vector(self, self.builder.select(condition.value, left.value, right.value))

    # ---- control

    @contextmanager
    def loop(
        self,
        start: Integer | int,
        stop: Integer | int,
        step: Integer | int = 1,
        carry: Sequence[Value] = (),
    ) -> Iterator[Any]:
        """Emit the body once, to run for start, start + step, … while below stop.

        Without carried values the loop gives its index. With them it gives a :class:`Loop`, whose
        ``carried`` are this turn's values; the body sets ``following``, and after the loop
        ``carried`` are the last ones.
        """
        index_start = start if isinstance(start, Integer) else self.integer(start)
        before = self.builder.block
        check, body, after = (
            self.function.append_basic_block(part) for part in ("check", "body", "after")
        )
        self.builder.branch(check)
        self.builder.position_at_end(check)
        index = self.builder.phi(_I64)
        index.add_incoming(index_start.value, before)
        phis = [self.builder.phi(value.value.type) for value in carry]
        for phi, value in zip(phis, carry, strict=True):
            phi.add_incoming(value.value, before)
        at = Integer(self, index)
        self.builder.cbranch((at < stop).value, body, after)
        self.builder.position_at_end(body)
        carried = [type(v)(self, phi) for v, phi in zip(carry, phis, strict=True)]
        turn = Loop(at, carried)
        yield turn if carry else at
        last = self.builder.block
        index.add_incoming((at + step).value, last)
        for phi, value in zip(phis, turn.following, strict=True):
            phi.add_incoming(value.value, last)
        self.builder.branch(check)
        self.builder.position_at_end(after)

    def pieces(self, count: Integer, sizes: Sequence[int]) -> Iterator[tuple[Integer, int]]:
        """Yield first and size of pieces of a count: the largest that fit, then the next.

        The body of a Python loop over them is emitted once for each size.
        """
        at = self.integer(0)
        for size in sizes:
            pieces = (count - at) // size
            with self.loop(0, pieces) as piece:
                yield at + piece * size, size
            at = at + pieces * size

    @contextmanager
    def when(self, condition: Condition) -> Iterator[None]:
        """Emit the body, to run only if the condition holds."""
        with self.builder.if_then(condition.value):
            yield

    @contextmanager
    def loop_while(self, condition: Callable[[], Condition]) -> Iterator[None]:
        """Emit the body once, to run as long as the condition, asked before each turn, holds."""
        check, body, after = (
            self.function.append_basic_block(part) for part in ("check", "body", "after")
        )
        self.builder.branch(check)
        self.builder.position_at_end(check)
        self.builder.cbranch(condition().value, body, after)
        self.builder.position_at_end(body)
        yield
        self.builder.branch(check)
        self.builder.position_at_end(after)

    # ---- threads

    def add_atomically(self, address: Integer, amount: int) -> Integer:
        """Add to the whole number at an address, seen by all threads; return what it was."""
        constant = ir.Constant(_I64, amount)
        pointer = self._pointer(address)
        return Integer(self, self.builder.atomic_rmw("add", pointer, constant, "acq_rel"))

    def load_shared(self, address: Integer) -> Integer:
        """Return a whole number that another thread may have written just now."""
        pointer = self._pointer(address)
        return Integer(self, self.builder.load_atomic(pointer, "acquire", 8, typ=_I64))

    def processor_hint(self, name: str) -> None:
        """Call an instruction of the processor that has no operands, such as "x86.sse2.pause"."""
        kind = ir.FunctionType(ir.VoidType(), [])
        self.builder.call(self._intrinsic(f"llvm.{name}", kind), [])

    def denormals_are_zero(self) -> Integer:
        """Let an x86 processor flush denormal numbers to 0; return its settings from before."""
        address = self._settings("llvm.x86.sse.stmxcsr")
        before = self.builder.load(self._pointer(address), typ=_I32)
        flushing = self.builder.or_(before, ir.Constant(_I32, 0x8040))
        self.builder.store(flushing, self._pointer(address))
        self._settings("llvm.x86.sse.ldmxcsr", address)
        return Integer(self, self.builder.zext(before, _I64))

    def restore_denormals(self, settings: Integer) -> None:
        """Put back what :meth:`denormals_are_zero` returned."""
        address = self.allocate(1)
        narrow = self.builder.trunc(settings.value, _I32)
        self.builder.store(narrow, self._pointer(address))
        self._settings("llvm.x86.sse.ldmxcsr", address)

    def _settings(self, name: str, address: Integer | None = None) -> Integer:
        address = self.allocate(1) if address is None else address
        function = self._intrinsic(name, ir.FunctionType(ir.VoidType(), [_POINTER]))
        self.builder.call(function, [self._pointer(address)])
        return address

    # ---- calls

    def call(self, address: Integer, *arguments: Integer) -> None:
        """Call the function at an address."""
        kind = ir.FunctionType(ir.VoidType(), [_I64] * len(arguments))
        # llvmlite types a called pointer by what it points to, which only a cast can say.
        function = self.builder.inttoptr(address.value, kind.as_pointer())
        self.builder.call(function, [a.value for a in arguments])

    def call_inner(self, function: Kernel, *more: Integer) -> None:
        """Call a function of the same module with this one's arguments, and more."""
        given = [self.arguments_at.value, *(value.value for value in more)]
        self.builder.call(function.function, given)

    def finish(self) -> Kernel:
        """End the function."""
        self.builder.ret_void()
        return self


class Loop:
    """A turn of a loop: its index, the values that it carries, and those for the next turn."""

    def __init__(self, index: Integer, carried: list[Any]) -> None:
        self.index, self.carried = index, carried
        self.following: Sequence[Value] = carried

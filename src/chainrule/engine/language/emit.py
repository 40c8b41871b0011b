"""A small language for kernels: Python code that runs once and leaves machine code behind.

A kernel is written as a Python function on values that are not there yet. ``x + y`` on two
:class:`Vector` emits an addition, ``with k.loop(0, n) as i:`` a loop whose body is emitted once:

    @kernel("count", "x", "y", "factor")
    def scale(k: KernelBuilder) -> None:
        factor = spread(k.load_number(k.argument("factor")))
        with k.loop(0, k.argument("count")) as i:
            k.store(k.load(k.argument("x") + i * 64) * factor, k.argument("y") + i * 64)

Every kernel is a C function of one argument, the address of its arguments: whole numbers and
addresses of 64 bits each, in the order of their names. Addresses are in bytes. Kernels are
compiled by :class:`chainrule.engine.kernels.library.Library`.

A vector has 64 bytes, 16 float32 or 8 float64, whatever registers the processor has; where they
are narrower, LLVM takes two or four. There is no fast-math: each operation is rounded on its own,
a multiply-add is fused where :func:`fma` says so and nowhere else, and a sum over lanes is a fixed
tree. So the bits are the same on every processor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from llvmlite import ir

from chainrule.engine.language.body import I1, I32, I64, POINTER, Body
from chainrule.engine.language.formats import Format
from chainrule.engine.language.hyperparameters import has_arguments, with_arguments
from chainrule.engine.language.lanes import lanes_before, spread
from chainrule.engine.language.step_scalars import ScalarReader
from chainrule.engine.language.values import Condition, Integer, Loop, Value, Vector
from chainrule.engine.machine.compiling import Target, host
from chainrule.engine.machine.memory import VECTOR

CONSTANTS = "constants"
"""The argument that tells where a kernel's constants are."""

_Emit = TypeVar("_Emit", bound=Callable[..., Any])


_declared: dict[Any, tuple[tuple[str, ...], int]] = {}
"""Of each function that emits a kernel: the arguments' names, and how many values beside them."""


def fields(names: str) -> tuple[str, ...]:
    """Return the names of arguments that stand in a text, with spaces between."""
    return tuple(names.split())


def kernel(*fields: str, extra: int = 0) -> Callable[[_Emit], _Emit]:
    """Declare a function that emits a kernel with arguments of these names."""

    def declare(emit: _Emit) -> _Emit:
        _declared[emit] = fields, extra
        return emit

    return declare


def epilogue(*fields: str) -> Callable[[_Emit], _Emit]:
    """Declare a function that emits an epilogue: called with a tile of products, too."""
    return kernel(*fields, extra=5)


def declared_fields(emit: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the arguments of the kernel that a function emits without rules."""
    return _declared[emit][0]


def emitted(
    emit: Callable[..., Any],
    name: str,
    dtype: Any,
    *rules: Any,
    target: Target | None = None,
    **options: Any,
) -> tuple[KernelBuilder, Any]:
    """Return the kernel that a function emits from rules, and what the function returns.

    Hyperparameters of functions and losses are arguments, ``constants`` of the kernel; but where a
    rule uses one as only a number can be, all of them are part of the code.
    """
    named: dict[Any, Any] = {**dict(enumerate(rules)), **options}

    def attempt(*, arguments: bool) -> tuple[KernelBuilder, Any]:
        fields, extra = _declared[emit]
        fields = (*fields, CONSTANTS) if arguments else fields
        k = KernelBuilder(name, dtype, fields, target=target, extra=extra)
        reader = ScalarReader(k.load_constant)
        read = {
            place: with_arguments(rule, reader, place) if arguments else rule
            for place, rule in named.items()
        }
        found = emit(k, *(read.pop(place) for place in range(len(rules))), **read)
        k.constants = [scalar.value for scalar in reader.scalars]
        return k.finish(), found

    if any(map(has_arguments, named.values())):
        try:
            return attempt(arguments=True)
        except (TypeError, AttributeError, KeyError, ValueError):
            pass  # the next attempt says what is wrong, if it is not that
    return attempt(arguments=False)


class KernelBuilder(Body):
    """A function under construction: its arguments, memory, loops and calls.

    ``wide`` are the bytes of a vector of the compute type, in scratch; ``constants`` the numbers
    that it reads from memory, of the compute type.
    """

    def __init__(
        self,
        name: str,
        dtype: Any,
        fields: Sequence[str],
        *,
        target: Target | None = None,
        module: ir.Module | None = None,
        extra: int = 0,
        inner: bool = False,
    ) -> None:
        module = ir.Module(name) if module is None else module
        super().__init__(name, Format.of(dtype), module, 1 + extra)
        self.fields, self.target = tuple(fields), target or host()
        self.wide = self.lanes * self.format.compute_dtype.itemsize
        if inner:  # called from within its module only, and big enough to be called
            self.function.linkage = "internal"
            self.function.attributes.add("noinline")
        self.arguments_at, *self.extra = (Integer(self, a) for a in self.function.args)
        self.constants: list[float] = []
        self._constants: dict[int, Vector] = {}
        self._arguments: dict[str, Integer] = {}
        for position, field in enumerate(self.fields):  # read at once, so that loops need not
            self._arguments[field] = self.load_integer(self.arguments_at + 8 * position)

    # ---- values

    def argument(self, name: str) -> Integer:
        """Return an argument by its name."""
        return self._arguments[name]

    def integer(self, value: int) -> Integer:
        """Return a whole number."""
        return Integer(self, ir.Constant(I64, value))

    def constant(self, value: float) -> Vector:
        """Return a vector of one number, rounded to the float type."""
        return Vector(self, self.filled(self.vector, value))

    def to_number(self, whole: Integer) -> Vector:
        """Return a whole number as one of the float type."""
        return Vector(self, self.builder.sitofp(whole.value, self.number))

    # ---- memory

    def pointer(self, address: Integer) -> Any:
        """Return an address as LLVM takes it."""
        return self.builder.inttoptr(address.value, POINTER)

    def load_integer(self, address: Integer) -> Integer:
        """Return the whole number at an address."""
        return Integer(self, self.builder.load(self.pointer(address), typ=I64))

    def store_integer(self, value: Integer, address: Integer) -> None:
        """Put a whole number at an address."""
        self.builder.store(value.value, self.pointer(address))

    def load_short(self, address: Integer) -> Integer:
        """Return the whole number of 32 bits, without sign, at an address."""
        loaded = self.builder.load(self.pointer(address), typ=I32)
        return Integer(self, self.builder.zext(loaded, I64))

    def store_short(self, value: Integer, address: Integer) -> None:
        """Put the lower 32 bits of a whole number at an address."""
        self.builder.store(self.builder.trunc(value.value, I32), self.pointer(address))

    def load(self, address: Integer) -> Vector:
        """Return the vector at an address, aligned or not."""
        return self._load(address, self.vector, align=self.item)

    def store(self, value: Vector, address: Integer) -> None:
        """Put a vector at an address."""
        narrow = self.narrowed(value.value)
        self.builder.store(narrow, self.pointer(address)).align = self.item

    def load_number(self, address: Integer) -> Vector:
        """Return the one number at an address."""
        return self._load(address, self.number)

    def store_number(self, value: Vector, address: Integer) -> None:
        """Put one number at an address."""
        self.builder.store(self.narrowed(value.value), self.pointer(address))

    def _load(self, address: Integer, kind: Any, align: int | None = None) -> Vector:
        loaded = self.builder.load(self.pointer(address), typ=self.stored(kind))
        if align is not None:
            loaded.align = align
        return Vector(self, self.widened(loaded, kind))

    def load_constant(self, number: int) -> Vector:
        """Return one of the constants in all lanes, read before all else."""
        if number not in self._constants:
            with self.builder.goto_entry_block():
                at = self.argument(CONSTANTS) + number * self.format.compute_dtype.itemsize
                loaded = self.builder.load(self.pointer(at), typ=self.number)
                self._constants[number] = spread(Vector(self, loaded))
        return self._constants[number]

    def load_first(self, address: Integer, count: Integer) -> Vector:
        """Return the first ``count`` numbers at an address, zeros in the lanes beyond."""
        kind, lanes = self.stored(self.vector), ir.VectorType(I1, self.lanes)
        masked = self.declared(
            f"llvm.masked.load.{self.suffix(kind)}.p0",
            ir.FunctionType(kind, [POINTER, I32, lanes, kind]),
        )
        zeros, align = ir.Constant(kind, None), ir.Constant(I32, self.item)
        inside = lanes_before(count).value
        loaded = self.builder.call(masked, [self.pointer(address), align, inside, zeros])
        return Vector(self, self.widened(loaded, self.vector))

    def store_first(self, value: Vector, address: Integer, count: Integer) -> None:
        """Put the first ``count`` lanes of a vector at an address; what lies behind stays."""
        narrow, lanes = self.narrowed(value.value), ir.VectorType(I1, self.lanes)
        masked = self.declared(
            f"llvm.masked.store.{self.suffix(narrow.type)}.p0",
            ir.FunctionType(ir.VoidType(), [narrow.type, POINTER, I32, lanes]),
        )
        inside, align = lanes_before(count).value, ir.Constant(I32, self.item)
        self.builder.call(masked, [narrow, self.pointer(address), align, inside])

    def words_reach(self, address: Integer, shift: int, least: Integer) -> Condition:
        """Return for each lane whether its word of 64 bits, shifted right, is at least so much."""
        many = ir.VectorType(I64, self.lanes)
        words = self.builder.load(self.pointer(address), typ=many)
        words.align = 8
        upper = self.builder.lshr(words, ir.Constant(many, [shift] * self.lanes))
        least_of_all = self.repeated(least.value, many)
        return Condition(self, self.builder.icmp_signed(">=", upper, least_of_all))

    def load_scratch(self, address: Integer) -> Vector:
        """Return the vector of the compute type in scratch."""
        loaded = self.builder.load(self.pointer(address), typ=self.vector)
        loaded.align = self.item
        return Vector(self, loaded)

    def store_scratch(self, value: Vector, address: Integer) -> None:
        """Put a vector of the compute type into scratch."""
        self.builder.store(value.value, self.pointer(address)).align = self.item

    def store_scratch_number(self, value: Vector, address: Integer) -> None:
        """Put one number of the compute type into scratch."""
        self.builder.store(value.value, self.pointer(address))

    def prefetch(self, address: Integer) -> None:
        """Bring the cache line at an address near; where nothing is, nothing happens."""
        kind = ir.FunctionType(ir.VoidType(), [POINTER, I32, I32, I32])
        function = self.declared("llvm.prefetch.p0", kind)
        read, near, data = (ir.Constant(I32, hint) for hint in (0, 3, 1))
        self.builder.call(function, [self.pointer(address), read, near, data])

    def allocate(self, vectors: int) -> Integer:
        """Return the address of scratch for some vectors, on the stack."""
        with self.builder.goto_entry_block():
            scratch = self.builder.alloca(self.vector, vectors)
            scratch.align = VECTOR
        return Integer(self, self.builder.ptrtoint(scratch, I64))

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
        index = self.builder.phi(I64)
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

    # ---- calls

    def call(self, address: Integer, *arguments: Integer) -> None:
        """Call the function at an address."""
        kind = ir.FunctionType(ir.VoidType(), [I64] * len(arguments))
        # llvmlite types a called pointer by what it points to, which only a cast can say.
        function = self.builder.inttoptr(address.value, kind.as_pointer())
        self.builder.call(function, [a.value for a in arguments])

    def call_inner(self, function: KernelBuilder, *more: Integer) -> None:
        """Call a function of the same module with this one's arguments, and more."""
        given = [self.arguments_at.value, *(value.value for value in more)]
        self.builder.call(function.function, given)

    def finish(self) -> KernelBuilder:
        """End the function."""
        self.builder.ret_void()
        return self

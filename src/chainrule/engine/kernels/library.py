"""The kernels, compiled when they are first used.

What an epilogue or a pointwise kernel does to a number is read from the rule of a function, a loss
or an optimizer, so a rule of the user's own compiles like any other.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels.sources import source_of
from chainrule.engine.language.emit import CONSTANTS, declared_fields, emitted
from chainrule.engine.language.formats import Format
from chainrule.engine.language.step_scalars import StepScalar
from chainrule.engine.machine import cache as disk, compiling
from chainrule.engine.machine.compiling import Target
from chainrule.engine.machine.memory import address
from chainrule.engine.network.errors import CannotLowerError
from chainrule.types import Array


@dataclass(frozen=True)
class CompiledKernel:
    """A compiled kernel: where it is, and the names of its arguments in their order.

    ``scalars`` are the numbers of the step that it reads from memory, ``constants`` those of the
    rules that it was made from.
    """

    address: int
    fields: tuple[str, ...]
    scalars: tuple[StepScalar, ...] = ()
    constants: Array | None = None

    def pack(self, **values: int) -> NDArray[np.int64]:
        """Return its arguments as it reads them; those that are not given are 0."""
        unknown = set(values) - set(self.fields)
        if unknown:
            raise TypeError(f"a kernel has no argument {', '.join(sorted(unknown))}")
        if CONSTANTS in self.fields and self.constants is not None:
            values[CONSTANTS] = address(self.constants)
        return np.array([values.get(field, 0) for field in self.fields], dtype=np.int64)


class Library:
    """The kernels of one format, for the processor that this is or one that it can stand for.

    The bits that they compute do not depend on the processor.

    Parameters
    ----------
    dtype : dtype or Format
        What numbers are stored and computed in.
    target : Target, optional
        The processor; this one by default.
    """

    def __init__(self, dtype: Any, target: Target | None = None) -> None:
        self.format, self.target = Format.of(dtype), target or compiling.host()
        self._known: dict[Any, CompiledKernel] = {}

    @property
    def count(self) -> int:
        """How many kernels have been asked for so far."""
        return len(self._known)

    def get(self, emit: Callable[..., Any], *rules: Any, **options: Any) -> CompiledKernel:
        """Return the kernel that a function emits from rules, with options.

        Raises
        ------
        CannotLowerError
            A rule uses more than the vocabulary has.
        """
        key = emit, tuple(map(_identity, rules)), tuple(sorted(options.items()))
        if key not in self._known:
            self._known[key] = self._compiled(emit, rules, options)
        return self._known[key]

    def _compiled(
        self, emit: Callable[..., Any], rules: tuple[Any, ...], options: dict[str, Any]
    ) -> CompiledKernel:
        name = f"{emit.__module__.rpartition('.')[2]}_{emit.__name__}_{self.format}"
        source = None if rules else source_of(emit, options)
        if source is not None:
            place = self._from_source(emit, name, options, source)
            return CompiledKernel(place, declared_fields(emit))
        try:
            with _without_collection():
                text, fields, constants, scalars = self._text(emit, name, rules, options)
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            if not rules:
                raise
            raise CannotLowerError(f"{rules[0]}: the engine cannot read it: {error}") from None
        return CompiledKernel(compiled(text, name, self.target), fields, scalars, constants)

    def _from_source(
        self, emit: Callable[..., Any], name: str, options: dict[str, Any], source: str
    ) -> int:
        """Return the address of a kernel that the package's source decides, seldom emitted."""

        def text() -> str:
            with _without_collection():
                return self._text(emit, name, (), options)[0]

        known = source, name, self.target
        if known not in _addresses:
            code = disk.object_code_of(f"{source} {name}", self.target, text)
            _addresses[known] = compiling.load(name, code)
        return _addresses[known]

    def _text(
        self, emit: Callable[..., Any], name: str, rules: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[str, tuple[str, ...], Array, tuple[StepScalar, ...]]:
        """Return a kernel in LLVM's text form, its arguments, constants and scalars."""
        k, scalars = emitted(emit, name, self.format, *rules, target=self.target, **options)
        constants = np.array(k.constants, dtype=self.format.compute_dtype)
        return str(k.module), k.fields, constants, tuple(scalars or ())


@contextmanager
def _without_collection() -> Iterator[None]:
    """Let Python not look for garbage meanwhile.

    A kernel is thousands of objects, alive until its text is written: they would make Python walk
    over all that a process has, which takes longer than to emit them. At the end only they are
    walked over, since they hold megabytes.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
            gc.collect(0)


def _identity(rule: Any) -> Any:
    """Return what a rule is known by: itself, or what it holds now where that may change."""
    declared = getattr(type(rule), "__dataclass_params__", None)
    held = getattr(rule, "__dict__", None)
    try:
        if held is None or (declared is not None and declared.frozen and hash(rule) is not None):
            return rule
    except TypeError:  # something that it holds may change
        pass
    return type(rule), _value(held)


def _value(held: Any) -> Any:
    """Return something that can be hashed, and differs where a value does."""
    if isinstance(held, dict):
        return tuple((key, _value(item)) for key, item in held.items())
    if isinstance(held, list | tuple):
        return tuple(map(_value, held))
    if isinstance(held, np.ndarray):
        return held.shape, held.dtype.str, held.tobytes()
    return held if isinstance(held, Hashable) else repr(held)


@cache
def library(dtype: Any) -> Library:
    """Return the kernels of a format."""
    return Library(dtype)


@cache
def compiled(text: str, name: str, target: Target) -> int:
    """Return the address of a function in LLVM's text form, from the disk if it is there."""
    return compiling.load(name, disk.object_code(text, target))


_addresses: dict[tuple[str, str, Target], int] = {}
"""Where kernels are whose source is known, by that, their names and processors."""

"""What a training is, part by part, in short texts that are compared when it is to go on.

A text is what a reader knows a part by, such as "SGD(learning_rate=0.1)". Where that is not all, as
of data and of code, "#" and a digest follow.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from itertools import takewhile
from types import CodeType, FunctionType
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from chainrule.chain import Chain
from chainrule.training.snapshot import Changing
from chainrule.types import Array

__all__ = ["LEARNED", "Identity", "described", "described_data", "difference", "digest_of"]

Identity: TypeAlias = dict[str, str]

BLOCK = 2**24
"""Bytes of an array that a thread digests at once."""

MOST = 3
"""Differences that are named."""

LEARNED = "values"
"""What is said of data by what was learned of them."""

OTHERS = {LEARNED: "other values"}

LONGEST = 100
LONGEST_TEXT = 10_000
"""Characters that are shown of a part, and those that are kept of it, at most."""


def difference(there: Mapping[str, str], here: Mapping[str, str]) -> str:
    """Return in which parts a training differs from the one that is to go on, "" if in none."""
    names = [name for name in {**here, **there} if there.get(name) != here.get(name)]
    told = [_told(name, there.get(name), here.get(name)) for name in names[:MOST]]
    more = [f"and {len(names) - MOST} more"] if len(names) > MOST else []
    return "; ".join([*told, *more])


def _told(name: str, there: str | None, here: str | None) -> str:
    texts = ["none" if text is None else text.partition("#")[0] for text in (there, here)]
    if texts[0] == texts[1]:
        what = "other numbers" if texts[0].startswith("array") else OTHERS.get(texts[0], "another")
        return f"{name}: {what} here than there"
    same = (one == other for one, other in zip(*texts, strict=False))
    start = max(0, sum(1 for _ in takewhile(bool, same)) - LONGEST // 2)
    one, other = (_shown(text, start) for text in texts)
    return f"{name}: {one} there, {other} here"


def _shown(text: str, start: int) -> str:
    """Return a text; of one that is long, the part from about where it differs."""
    if len(text) <= LONGEST:
        return text
    end = "…" if len(text) > start + LONGEST else ""
    return f"{'…' * (start > 0)}{text[start : start + LONGEST]}{end}"


def described_data(array: Any) -> str:
    """Return shape, type and digest of an array or a sparse matrix; None is "none"."""
    if array is None:
        return "none"
    if sparse.issparse(array):
        parts = array.indptr, array.indices, array.data
        return f"array {_shape(array)} {array.dtype}, sparse#{_digest(*parts)}"
    array = np.asarray(array)
    return f"array {_shape(array)} {array.dtype}#{_digest(array)}"


def digest_of(value: object) -> str:
    """Return the digest of a text, or of plain values: of what they look like."""
    return hashlib.sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def described(value: Any) -> str:
    """Return a parameter as a text that differs wherever the parameter does.

    Code of chainrule's own is known by its name, that of others by a digest, too; what changes in
    training is known by its class alone.
    """
    text = _described(value)
    if len(text) <= LONGEST_TEXT:
        return text
    return f"{text[:LONGEST]}…#{digest_of(text)}"


def _described(value: Any) -> str:
    if isinstance(value, bool | int | float | str | bytes | np.generic) or value is None:
        return repr(value.item() if isinstance(value, np.generic) else value)
    if isinstance(value, np.ndarray) or sparse.issparse(value):
        return described_data(value) if value.dtype.kind != "O" else described(value.tolist())
    if isinstance(value, Mapping):
        items = (f"{described(key)}: {described(each)}" for key, each in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, list | tuple | set | frozenset):
        texts = map(described, value)
        ordered = sorted(texts) if isinstance(value, set | frozenset) else texts
        return f"[{', '.join(ordered)}]"
    if isinstance(value, Chain):
        return described(value.functions)
    if isinstance(value, Changing) and not isinstance(value, type):
        return type(value).__name__ + _foreign(type(value))
    if isinstance(value, type) or (callable(value) and not is_dataclass(value)):
        return _described_code(value)
    return _described_object(value)


def _described_object(value: Any) -> str:
    """Return an object with what it holds."""
    kind = type(value)
    name = kind.__name__ + _foreign(kind)
    if is_dataclass(value):
        held = _fields(value)
    else:
        held = {own: described(each) for own, each in getattr(value, "__dict__", {}).items()}
    return f"{name}({', '.join(f'{own}={text}' for own, text in held.items())})"


def _fields(value: Any) -> dict[str, str]:
    """Return the fields of a dataclass, without those that have their default."""
    texts = {each.name: described(getattr(value, each.name)) for each in fields(value)}
    usual = {
        each.name: described(each.default) for each in fields(value) if each.default is not MISSING
    }
    return {name: text for name, text in texts.items() if text != usual.get(name)}


def _described_code(value: Any) -> str:
    name = getattr(value, "__qualname__", type(value).__name__)
    if isinstance(value, FunctionType | type):
        return f"{value.__module__}.{name}{_foreign(value)}"
    if hasattr(value, "__func__"):  # of a method, whose object counts, too
        return f"{_described_object(value.__self__)}.{value.__name__}"
    if hasattr(value, "func"):  # of functools
        return f"{described(value.func)}({described([value.args, value.keywords])})"
    held = getattr(value, "__dict__", {})
    kind = type(value)
    return f"{kind.__module__}.{name}{_foreign(kind)}({described(held) if held else ''})"


def _foreign(value: Any) -> str:
    """Return the digest of code that neither chainrule nor what it is built upon has brought."""
    if value.__module__.partition(".")[0] in ("chainrule", "numpy", "scipy", "sklearn", "builtins"):
        return ""
    owned = vars(value).values() if isinstance(value, type) else [value]
    codes = [each.__code__ for each in owned if isinstance(each, FunctionType)]
    digest = hashlib.sha256("\n".join(text for code in codes for text in _code(code)).encode())
    for each in owned:
        if isinstance(each, FunctionType):
            digest.update(_enclosed(each).encode())
    return f"#{digest.hexdigest()[:16]}"


def _enclosed(function: FunctionType) -> str:
    """Return the numbers and texts that a function has from where it was made."""
    told = []
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # of a cell that is empty
            if isinstance(cell.cell_contents, bool | int | float | str):
                told.append(described(cell.cell_contents))
    return "\n".join([*told, described(function.__defaults__)])


def _code(code: CodeType) -> Iterator[str]:
    """Yield what a function does, wherever in a file it stands."""
    yield code.co_code.hex()
    yield repr(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code(constant)
        else:
            yield repr(constant)


def _shape(array: Any) -> str:
    return " × ".join(map(str, array.shape)) or "()"


def _digest(*arrays: Array) -> str:
    """Return a digest of the bytes of arrays, by as many threads as there are processors."""
    whole = hashlib.sha256()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for array in arrays:
            if array.dtype.kind == "O":
                whole.update(described(array.tolist()).encode())
                continue
            for block in pool.map(_of_block, _blocks(array)):
                whole.update(block)
    return whole.hexdigest()[:32]


def _of_block(block: Array) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(block).view(np.uint8).data).digest()


def _blocks(array: Array) -> Sequence[Array]:
    """Return an array cut along its first axis into blocks of about :data:`BLOCK` bytes."""
    if not array.ndim or not array.size:
        return [array.reshape(-1)]
    each = max(1, BLOCK // max(1, array.nbytes // len(array)))
    return [array[start : start + each] for start in range(0, len(array), each)]

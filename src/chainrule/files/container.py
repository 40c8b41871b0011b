"""Files: safetensors with named tensors, and a text that describes them as its metadata.

    8 bytes     length of the header, little endian
    header      JSON, padded with spaces: __metadata__, and each tensor's type, shape and place
    tensors     little endian, in one order, with nothing between them

The text is canonical JSON, and declares the tensors. What the metadata are says the version:

1. a model with the one tensor "parameters": format, version, checksum, and model (the text)
2. any other file: format, version, checksum, kind ("model", or another one), and text

The checksum is the SHA-256 of the text and the tensors' bytes. Whatever is not under it must
equal, byte by byte, what the writer would have written; so no byte of a file is free. Reading
runs nothing, and allocates nothing that is larger than the file.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeAlias, TypeVar

from chainrule import strict_json
from chainrule.files import canonical
from chainrule.files.atomic import replace_file
from chainrule.files.errors import named_errors
from chainrule.files.tensors import TensorLayout, check_arrays, header_entries, in_order
from chainrule.types import Array

__all__ = ["MODEL", "PARAMETERS", "Described", "kind_of_file", "read_file", "write_file"]

FORMAT = "chainrule"
MODEL = "model"
PARAMETERS = "parameters"
NEWEST = 2
LONGEST_HEADER = 2**28
"""Bytes: a table's column takes 150 and its name, so that there is room for a million of them."""
LONG_HEADER = 2**22
BEGINNING = b'{"__metadata__":{"checksum":"'
"""How a header begins; one that is long is not read unless it does."""
KIND = re.compile(rb'"format":"chainrule",(?:"kind":"(\w+)"|"model":)')
CHUNK = 2**16
MOST_REREAD = 2**28
METADATA = {
    "1": ("format", "version", "model", "checksum"),
    "2": ("format", "version", "kind", "text", "checksum"),
}


class Described(Protocol):
    """What a file says: the whole text, and the tensors that it declares."""

    @property
    def text(self) -> str:
        """The canonical text."""

    @property
    def tensors(self) -> Iterable[TensorLayout]:
        """The tensors, in any order."""


D = TypeVar("D", bound=Described)
Parse: TypeAlias = Callable[[str], D]

DAMAGED = "is damaged: its content does not match its checksum"


def write_file(
    path: Path,
    kind: str,
    described: Described,
    arrays: Mapping[str, Array],
    ready: Callable[[Path], None] | None = None,
) -> None:
    """Write a text and the arrays that it declares; the file is whole at any moment.

    Parameters
    ----------
    path : Path
        Of the file.
    kind : str
        What the file is: "model", or another word.
    described : Described
        The text and its tensors.
    arrays : dict
        Their numbers, by name.
    ready : callable, optional
        Called with the file written beside, right before it takes the path's place.

    Raises
    ------
    ModelFileError
        The path cannot be written, or the content cannot be kept in a file.
    """
    with named_errors(path, "written"):
        tensors, text = in_order(described.tensors), described.text
        check_arrays(tensors, arrays)
        contents = [each.content(arrays[each.name]) for each in tensors]
        header = _header(kind, text, tensors, _checksum(text, contents))
        if len(header) > LONGEST_HEADER:
            raise ValueError(
                f"cannot be saved: the {kind}'s description takes {len(header):,} bytes, more than "
                f"the {LONGEST_HEADER:,} of a {kind} file; are there very many columns or names?"
            )
        if path.exists():
            _check_regular(path, "written")
        if not path.parent.is_dir():
            raise ValueError("cannot be written: its folder does not exist")
        replace_file(path, [len(header).to_bytes(8, "little"), header, *contents], ready)


def read_file(path: Path, kind: str, parse: Parse[D]) -> tuple[D, dict[str, Array]]:
    """Return what a file of a kind says, and its arrays by name.

    Parameters
    ----------
    path : Path
        Of the file.
    kind : str
        What it must be.
    parse : callable
        From the text to what it says; it raises ValueError for texts that it would not write.

    Returns
    -------
    described : Described
    arrays : dict

    Raises
    ------
    ModelFileError
        The file cannot be read, is another kind of file, cut off, damaged or inconsistent.
    """
    with named_errors(path, "read"):
        if not path.exists():
            raise ValueError("cannot be read: there is no such file")
        _check_regular(path, "read")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return _read(file, size, kind, parse)


def kind_of_file(path: Path) -> str | None:
    """Return the kind of a file that begins as chainrule's do, be it whole or not; else None.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        found = KIND.search(file.read(CHUNK))
    return None if found is None else (found[1] or MODEL.encode()).decode()


def _check_regular(path: Path, action: str) -> None:
    if not stat.S_ISREG(path.stat().st_mode):
        kind = "a folder" if path.is_dir() else "a device or pipe"
        raise ValueError(f"cannot be {action}: it is {kind}")


def _header(kind: str, text: str, tensors: Sequence[TensorLayout], checksum: str) -> bytes:
    """Return the one header that a file of this content has."""
    metadata = {"format": FORMAT, "checksum": checksum}
    if kind == MODEL and [each.name for each in tensors] == [PARAMETERS]:
        metadata |= {"version": "1", "model": text}
    else:
        metadata |= {"version": "2", "kind": kind, "text": text}
    header = canonical.write({"__metadata__": metadata, **header_entries(tensors)}).encode()
    return header + b" " * (-len(header) % 8)


def _checksum(text: str, chunks: Iterable[bytes | memoryview]) -> str:
    digest = hashlib.sha256(text.encode())
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _read(file: BinaryIO, size: int, kind: str, parse: Parse[D]) -> tuple[D, dict[str, Array]]:
    header = _read_header(file, size, kind)
    rest = size - 8 - len(header)
    metadata = _metadata(header, rest, kind)
    _check_kind(metadata.get("kind", MODEL), kind)
    text, checksum = metadata.get("text", metadata.get("model", "")), metadata["checksum"]
    try:
        described = parse(text)
        tensors = in_order(described.tensors)
        _expect_size(tensors, rest)
        if header != _header(kind, text, tensors, checksum):
            raise ValueError("is damaged: its header is not as chainrule writes it")
    except ValueError:
        # If a wrong byte is the reason, say that; but do not read a large file for it.
        if rest <= MOST_REREAD and _checksum(text, _chunks(file)) != checksum:
            raise ValueError(DAMAGED) from None
        raise
    return described, _read_tensors(file, tensors, text, checksum)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(CHUNK), b"")


def _read_header(file: BinaryIO, size: int, kind: str) -> bytes:
    """Return the header's bytes, its length checked first."""
    other = f"is no {kind} of chainrule"
    if size < 8:
        raise ValueError(f"{other}: {'it is empty' if size == 0 else f'it has {size} bytes only'}")
    length = int.from_bytes(file.read(8), "little")
    if length > LONGEST_HEADER or length < 2:
        raise ValueError(f"{other}, which begins with the length of its header")
    if length > size - 8:
        raise ValueError(f"{other}, or is cut off: its header has {length:,} bytes, it {size:,}")
    beginning = file.read(len(BEGINNING)) if length > LONG_HEADER else b""
    if beginning not in (b"", BEGINNING):
        raise ValueError(f"{other}, which begins with the length and keys of its header")
    header = beginning + file.read(length - len(beginning))
    if len(header) < length:
        raise ValueError("is cut off: it became shorter while it was read")
    return header


def _metadata(header: bytes, rest: int, kind: str) -> dict[str, str]:
    """Return the metadata, once format, version and the stated size are as they should be."""
    other = f"is no {kind} of chainrule"
    try:
        entries = canonical.parse(header.decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError(f"{other}, or is damaged: its header is no UTF-8") from None
    except ValueError as error:
        raise ValueError(f"{other}, or is damaged: in its header, {error}") from None
    metadata = entries.pop("__metadata__", None) if type(entries) is dict else None
    if type(metadata) is not dict or metadata.get("format") != FORMAT:
        raise ValueError(f"{other}: its header is not of the format {FORMAT!r}")
    keys = METADATA[_version(metadata.get("version"))]
    if "model" in keys:
        strict_json.record(entries, "is damaged: header", (PARAMETERS,))
    strict_json.record(metadata, "is damaged: metadata", keys)
    for value in metadata.values():
        if type(value) is not str or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ValueError("is damaged: expected only texts of Unicode in its metadata")
    _check_end(entries, rest)
    return metadata


def _version(version: object) -> str:
    """Return the version of a file's format; ValueError if there is none, or a newer one."""
    if type(version) is str and version in METADATA:
        return version
    if type(version) is str and re.fullmatch("[1-9][0-9]*", version, re.ASCII):
        raise ValueError(
            f"was written by a newer version of chainrule (format {version[:9]}); "
            f"this one reads up to {NEWEST}"
        )
    raise ValueError("is damaged: expected the number of a format version in its header")


def _check_kind(found: str, expected: str) -> None:
    if found != expected:
        raise ValueError(f"expected the file of a {expected}, got that of a {found[:40]!a}")


def _check_end(tensors: dict[str, Any], rest: int) -> None:
    """Raise ValueError unless the last tensor ends where the file does."""
    what, end = _called(tensors), max(map(_end, tensors.values()), default=0)
    if end < rest:
        raise ValueError(f"is damaged: it does not end with the {what}, as its header says")
    if end > rest:
        raise ValueError(f"is cut off: expected {end:,} bytes of {what}, got {rest:,}")


def _end(tensor: Any) -> int:
    """Return where a tensor ends by the header, -1 if that does not say."""
    offsets = tensor.get("data_offsets") if type(tensor) is dict else None
    end = offsets[-1] if type(offsets) is list and offsets else None
    return end if type(end) is int else -1


def _called(names: Iterable[str]) -> str:
    return PARAMETERS if list(names) == [PARAMETERS] else "tensors"


def _expect_size(tensors: Sequence[TensorLayout], rest: int) -> None:
    """Raise ValueError unless the rest of the file is what the declared tensors take."""
    size = sum(each.size for each in tensors)
    if size != rest:
        what = _called(each.name for each in tensors)
        owner = "chain" if what == PARAMETERS else "description"
        raise ValueError(
            f"is damaged: expected {size:,} bytes of {what} for its {owner}, got {rest:,}"
        )


def _read_tensors(
    file: BinaryIO, tensors: Sequence[TensorLayout], text: str, checksum: str
) -> dict[str, Array]:
    """Return the arrays by name, checked."""
    arrays, contents = {}, []
    for each in tensors:
        arrays[each.name], content = each.allocate()
        _fill(file, content)
        contents.append(content)
    if _checksum(text, contents) != checksum:
        raise ValueError(DAMAGED)
    return {each.name: each.read(arrays[each.name]) for each in tensors}


def _fill(file: BinaryIO, content: memoryview) -> None:
    start = 0
    while start < len(content):
        got = file.readinto(content[start:])  # type: ignore[attr-defined]
        if not got:
            raise ValueError("is cut off: it became shorter while it was read")
        start += got

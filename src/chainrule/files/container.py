"""Model files: one safetensors tensor with all parameters, and the description as its metadata.

    8 bytes     length of the header, little endian
    header      JSON, padded with spaces: __metadata__ has format, version, model (the description,
                JSON text) and checksum; the tensor "parameters" is F32 or F64
    parameters  little endian

The checksum is the SHA-256 of the model's text and the parameters' bytes. Whatever is not under
it must equal, byte by byte, what the writer would have written; so no byte of a file is free.
Reading runs nothing, and allocates nothing that is larger than the file.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeAlias, TypeVar

import numpy as np

from chainrule import strict_json
from chainrule.files import canonical
from chainrule.files.atomic import replace_file
from chainrule.files.errors import named_errors
from chainrule.layout import ChainLayout
from chainrule.types import Array

__all__ = ["is_model_file", "read_model_file", "write_model_file"]

FORMAT = "chainrule"
VERSION = 1
LONGEST_HEADER = 2**28
"""Bytes: a table's column takes 150 and its name, so that there is room for a million of them."""
LONG_HEADER = 2**22
BEGINNING = b'{"__metadata__":{"checksum":"'
"""How a header begins; one that is long is not read unless it does."""
CHUNK = 2**16
MOST_REREAD = 2**28
TYPES = {"float32": "F32", "float64": "F64"}
METADATA = ("format", "version", "model", "checksum")


class Described(Protocol):
    """What a file says of its parameters: the chain they belong to, and the whole text."""

    @property
    def chain(self) -> ChainLayout:
        """The chain."""

    @property
    def text(self) -> str:
        """The canonical text."""


D = TypeVar("D", bound=Described)
Parse: TypeAlias = Callable[[str], D]

OTHER = "is no model of chainrule"
DAMAGED = "is damaged: its content does not match its checksum"


def write_model_file(path: Path, description: Described, flat: Array) -> None:
    """Write a description and its parameters (count,); the file is whole at any moment.

    Raises
    ------
    ModelFileError
        The path cannot be written, or the content cannot be kept in a file.
    """
    with named_errors(path, "written"):
        layout = description.chain
        if not np.isfinite(flat).all():
            raise ValueError("cannot be saved: the parameters have NaN or infinity among them")
        numbers = np.ascontiguousarray(flat, dtype=layout.dtype.newbyteorder("<"))
        content = numbers.view(np.uint8).data
        text = description.text
        header = _header(text, layout, _checksum(text, [content]))
        if len(header) > LONGEST_HEADER:
            raise ValueError(
                f"cannot be saved: the model's description takes {len(header):,} bytes, more than "
                f"the {LONGEST_HEADER:,} of a model file; are there very many columns or names?"
            )
        if path.exists():
            _check_regular(path, "written")
        if not path.parent.is_dir():
            raise ValueError("cannot be written: its folder does not exist")
        replace_file(path, [len(header).to_bytes(8, "little"), header, content])


def read_model_file(path: Path, parse: Parse[D]) -> tuple[D, Array]:
    """Return the description and the parameters (count,) of a file.

    ``parse`` makes a description of the text, or raises ValueError.

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
            return _read(file, size, parse)


def is_model_file(path: Path) -> bool:
    """Say whether a file begins as model files do, be it whole or not.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        return b'"format":"chainrule"' in file.read(CHUNK)


def _check_regular(path: Path, action: str) -> None:
    if not stat.S_ISREG(path.stat().st_mode):
        kind = "a folder" if path.is_dir() else "a device or pipe"
        raise ValueError(f"cannot be {action}: it is {kind}")


def _header(text: str, layout: ChainLayout, checksum: str) -> bytes:
    """Return the one header that a file of this content has."""
    size = layout.count * layout.dtype.itemsize
    header = canonical.write(
        {
            "__metadata__": {
                "format": FORMAT,
                "version": str(VERSION),
                "model": text,
                "checksum": checksum,
            },
            "parameters": {
                "dtype": TYPES[layout.dtype.name],
                "shape": [layout.count],
                "data_offsets": [0, size],
            },
        }
    ).encode()
    return header + b" " * (-len(header) % 8)


def _checksum(text: str, chunks: list[memoryview] | Iterator[bytes]) -> str:
    digest = hashlib.sha256(text.encode())
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _read(file: BinaryIO, size: int, parse: Parse[D]) -> tuple[D, Array]:
    header = _read_header(file, size)
    rest = size - 8 - len(header)
    metadata = _metadata(header, rest)
    text, checksum = metadata["model"], metadata["checksum"]
    try:
        description = parse(text)
        layout = description.chain
        _expect_size(layout, rest)
        if header != _header(text, layout, checksum):
            raise ValueError("is damaged: its header is not as chainrule writes it")
    except ValueError:
        # If a wrong byte is the reason, say that; but do not read a large file for it.
        if rest <= MOST_REREAD and _checksum(text, iter(lambda: file.read(CHUNK), b"")) != checksum:
            raise ValueError(DAMAGED) from None
        raise
    return description, _read_parameters(file, layout, text, checksum)


def _read_header(file: BinaryIO, size: int) -> bytes:
    """Return the header's bytes, its length checked first."""
    if size < 8:
        raise ValueError(f"{OTHER}: {'it is empty' if size == 0 else f'it has {size} bytes only'}")
    length = int.from_bytes(file.read(8), "little")
    if length > LONGEST_HEADER or length < 2:
        raise ValueError(f"{OTHER}, which begins with the length of its header")
    if length > size - 8:
        raise ValueError(f"{OTHER}, or is cut off: its header has {length:,} bytes, it {size:,}")
    beginning = file.read(len(BEGINNING)) if length > LONG_HEADER else b""
    if beginning not in (b"", BEGINNING):
        raise ValueError(f"{OTHER}, which begins with the length and keys of its header")
    header = beginning + file.read(length - len(beginning))
    if len(header) < length:
        raise ValueError("is cut off: it became shorter while it was read")
    return header


def _metadata(header: bytes, rest: int) -> dict[str, str]:
    """Return the metadata, once format, version and the stated size are as they should be."""
    try:
        entries = canonical.parse(header.decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError(f"{OTHER}, or is damaged: its header is no UTF-8") from None
    except ValueError as error:
        raise ValueError(f"{OTHER}, or is damaged: in its header, {error}") from None
    metadata = entries.get("__metadata__") if type(entries) is dict else None
    if type(metadata) is not dict or metadata.get("format") != FORMAT:
        raise ValueError(f"{OTHER}: its header is not of the format {FORMAT!r}")
    _check_version(metadata.get("version"))
    strict_json.record(entries, "is damaged: header", ("__metadata__", "parameters"))
    strict_json.record(metadata, "is damaged: metadata", METADATA)
    for value in metadata.values():
        if type(value) is not str or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ValueError("is damaged: expected only texts of Unicode in its metadata")
    _check_end(entries["parameters"], rest)
    return metadata


def _check_version(version: object) -> None:
    if type(version) is not str or not (version.isascii() and version.isdigit()):
        raise ValueError("is damaged: expected the number of a format version in its header")
    if len(version) > 9 or int(version) > VERSION:
        raise ValueError(
            f"was written by a newer version of chainrule (format {version[:9]}); "
            f"this one reads {VERSION}"
        )


def _check_end(tensor: Any, rest: int) -> None:
    """Raise ValueError unless the parameters end where the file does."""
    offsets = tensor.get("data_offsets") if type(tensor) is dict else None
    end = offsets[-1] if type(offsets) is list and offsets else None
    if type(end) is not int or end < rest:
        raise ValueError("is damaged: it does not end with the parameters, as its header says")
    if end > rest:
        raise ValueError(f"is cut off: expected {end:,} bytes of parameters, got {rest:,}")


def _expect_size(layout: ChainLayout, rest: int) -> None:
    """Raise ValueError unless the rest of the file is what the chain's parameters take."""
    size = layout.count * layout.dtype.itemsize
    if size != rest:
        raise ValueError(
            f"is damaged: expected {size:,} bytes of parameters for its chain, got {rest:,}"
        )


def _read_parameters(file: BinaryIO, layout: ChainLayout, text: str, checksum: str) -> Array:
    """Return the parameters (count,), checked."""
    flat = np.empty(layout.count, layout.dtype.newbyteorder("<"))
    content = flat.view(np.uint8).data
    start = 0
    while start < len(content):
        got = file.readinto(content[start:])  # type: ignore[attr-defined]
        if not got:
            raise ValueError("is cut off: it became shorter while it was read")
        start += got
    if _checksum(text, [content]) != checksum:
        raise ValueError(DAMAGED)
    if not np.isfinite(flat).all():
        raise ValueError("expected finite parameters, got NaN or infinity among them")
    return flat.astype(layout.dtype, copy=False)

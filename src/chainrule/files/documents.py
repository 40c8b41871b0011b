"""Files that are no models: a value of JSON and arrays by name, of a kind that has a word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule import strict_json
from chainrule.files import canonical
from chainrule.files.canonical import JSON
from chainrule.files.container import read_file, write_file
from chainrule.files.errors import ModelFileError
from chainrule.files.tensors import MOST_AXES, MOST_TENSORS, TYPES, TensorLayout
from chainrule.types import Array

__all__ = ["Document", "read_document", "write_document"]


@dataclass(frozen=True)
class Document:
    """A value and the tensors beside it, which its text declares."""

    value: JSON
    tensors: tuple[TensorLayout, ...]

    @classmethod
    def of(cls, value: object, arrays: Mapping[str, Array]) -> Document:
        """Return the document of a value and arrays.

        Raises
        ------
        ValueError
            A file cannot keep one of them.
        """
        layouts = (TensorLayout.of(name, array) for name, array in sorted(arrays.items()))
        return cls(canonical.plain(value, "content"), tuple(layouts))

    @classmethod
    def from_text(cls, text: str) -> Document:
        """Check and take back a document's text.

        Raises
        ------
        ValueError
            Something in it is wrong, or is written in another way.
        """
        data = strict_json.record(canonical.parse(text), "document", ("content", "tensors"))
        if type(data["tensors"]) is not dict or len(data["tensors"]) > MOST_TENSORS:
            raise ValueError(f"tensors: expected an object of at most {MOST_TENSORS:,}")
        layouts = (_layout(name, entry) for name, entry in sorted(data["tensors"].items()))
        result = cls(canonical.plain(data["content"], "content"), tuple(layouts))
        if result.text != text:
            raise ValueError("expected a document's canonical text, got it written otherwise")
        return result

    @property
    def text(self) -> str:
        """The canonical text."""
        tensors = {
            each.name: {"type": each.type_name, "shape": list(each.shape)} for each in self.tensors
        }
        return canonical.write({"content": self.value, "tensors": tensors})


def _layout(name: str, data: Any) -> TensorLayout:
    entries = strict_json.record(data, f"tensors.{name[:100]}", ("type", "shape"))
    if entries["type"] not in list(TYPES):
        raise ValueError(f"tensors.{name[:100]}: expected one of {', '.join(TYPES)} as type")
    shape = strict_json.items(entries["shape"], f"tensors.{name[:100]}.shape", MOST_AXES)
    return TensorLayout(name, np.dtype(TYPES[entries["type"]]), tuple(shape))


def write_document(
    path: Path,
    kind: str,
    value: object,
    arrays: Mapping[str, Array],
    ready: Callable[[Path], None] | None = None,
) -> None:
    """Write a value and arrays to a file of a kind; it is whole at any moment.

    Parameters
    ----------
    path : Path
        Of the file.
    kind : str
        A word of small letters, such as "checkpoint".
    value : object
        Plain: texts, finite numbers, true, false, None, lists and dicts of them.
    arrays : dict
        By names such as ``optimizer.mean``; NaN and infinity come back, too.
    ready : callable, optional
        Called with the file written beside, right before it takes the path's place; ValueError
        ends that.

    Raises
    ------
    ModelFileError
        The path cannot be written, or the content cannot be kept in a file.
    """
    try:
        document = Document.of(value, arrays)
    except ValueError as error:
        raise ModelFileError(f"{path}: cannot be saved: {error}") from None
    write_file(path, kind, document, arrays, ready)


def read_document(path: Path, kind: str) -> tuple[Any, dict[str, Array]]:
    """Return the value and the arrays in a file of a kind; nothing in it is executed.

    Raises
    ------
    ModelFileError
        The file cannot be read, is another kind of file, cut off, damaged or inconsistent.
    """
    document, arrays = read_file(path, kind, Document.from_text)
    return document.value, arrays

"""Texts of a stream: read some at a time for a vocabulary, and as sparse rows for a training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from scipy import sparse

from chainrule.data.streams import DataStream, LabelledPart
from chainrule.estimators.streams.encoding import EncodedBlocks
from chainrule.estimators.streams.places import placed
from chainrule.inputs.texts.raw import listed

__all__ = ["EncodedTexts", "texts_of"]

BYTES = 2**20
"""About so many bytes of texts are taken apart at once."""


def texts_of(owner: str, stream: DataStream, column: str) -> Callable[[], Iterator[list[str]]]:
    """Return what yields all texts of a stream, some at a time, at each call.

    Parameters
    ----------
    owner : str
        Whom messages name.
    stream : DataStream
        Of lines, or of tables.
    column : str
        The one with the texts.
    """

    def texts() -> Iterator[list[str]]:
        first = 0
        for part in stream.parts():
            rows = rows_at_once(part)
            for start in range(0, len(part), rows):
                few = part.rows(start, min(start + rows, len(part)))
                try:
                    yield listed(owner, few.raw, column)
                except TypeError as error:
                    raise TypeError(placed(str(error), stream, first + start)) from None
            first += len(part)

    return texts


def rows_at_once(part: LabelledPart) -> int:
    """Return how many rows of a part have about :data:`BYTES`."""
    return max(1, BYTES * len(part) // max(1, part.part.nbytes))


class EncodedTexts(EncodedBlocks):
    """The blocks of a stream of texts as sparse samples of a training."""

    def _rows_at_once(self, part: LabelledPart) -> int:
        return rows_at_once(part)

    def _whole(self, part: LabelledPart) -> Any:
        return sparse.vstack([self.encode(few) for few in self._few_of(iter([part]))], "csr")

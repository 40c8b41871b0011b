"""Texts of a stream: read some at a time for a vocabulary, and as sparse rows for a training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from scipy import sparse

from chainrule.data.streams import DataStream, LabelledPart
from chainrule.estimators.streams.encoding import EncodedBlocks
from chainrule.estimators.streams.places import placed
from chainrule.inputs.texts.raw import listed

__all__ = ["EncodedTexts", "by_few", "few_texts", "texts_of"]

BYTES = 2**18
"""About so many bytes of texts are taken apart at once."""

Result = TypeVar("Result")


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
    return lambda: by_few(lambda few: listed(owner, few, column), stream)


def by_few(function: Callable[[Any], Result], stream: DataStream) -> Iterator[Result]:
    """Yield what a function makes of raw texts, for all of a stream, some at a time.

    Errors name the file that a text is in, and the row there.
    """
    first = 0
    for few in few_texts(stream.parts()):
        try:
            yield function(few.raw)
        except TypeError as error:
            raise TypeError(placed(str(error), stream, first)) from None
        first += len(few)


def few_texts(parts: Iterable[LabelledPart]) -> Iterator[LabelledPart]:
    """Yield rows so few at a time that they have about :data:`BYTES`."""
    for part in parts:
        rows = max(1, BYTES * len(part) // max(1, part.part.nbytes))
        for start in range(0, len(part), rows):
            yield part if rows >= len(part) else part.rows(start, min(start + rows, len(part)))


class EncodedTexts(EncodedBlocks):
    """The blocks of a stream of texts as sparse samples of a training."""

    def _few_of(self, parts: Iterator[LabelledPart]) -> Iterator[LabelledPart]:
        return few_texts(parts)

    def _whole(self, part: LabelledPart) -> Any:
        return sparse.vstack([self.encode(few, None) for few in self._few_of(iter([part]))], "csr")

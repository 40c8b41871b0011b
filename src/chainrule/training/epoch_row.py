"""All samples of an epoch as one row, from block to block: a stretch of it, read when needed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

import numpy as np

from chainrule.training.sample_blocks import SampleBlocks
from chainrule.training.samples import Samples
from chainrule.training.sparse_windows import SparseWindows

__all__ = ["EpochRow"]


class EpochRow:
    """The samples of an epoch from a place in its row on to another, in the order of blocks.

    Only the blocks that they are in are read.

    Parameters
    ----------
    blocks : SampleBlocks
        What has the samples.
    order : sequence of int
        The blocks, as they follow each other.
    start, stop : int
        The first sample of the row, and the first one beyond.
    check : callable
        Raises ValueError for samples that cannot be trained on.
    ended : callable
        Returns whether nobody needs the samples any more: then reading ends by InterruptedError.
    """

    def __init__(
        self,
        blocks: SampleBlocks,
        order: Sequence[int],
        start: int,
        stop: int,
        *,
        check: Callable[[Samples], None],
        ended: Callable[[], bool],
    ) -> None:
        self.blocks, self.order, self.check, self.ended = blocks, order, check, ended
        self.start, self.stop = start, stop
        self._pieces = self._read()
        self._rest: Samples | None = None
        self._left = stop - start

    def put(self, samples: Samples, place: slice, rows: SparseWindows | None = None) -> None:
        """Put the next samples there; the rest of a piece stays for the next call.

        Sparse samples go to ``rows``, the others' X is that of ``samples``.
        """
        at = place.start
        while at < place.stop:
            piece = next(self._pieces) if self._rest is None else self._rest
            count = min(len(piece), place.stop - at)
            here = slice(at, at + count)
            with np.errstate(over="ignore"):  # float64 in float32: checked before
                if rows is None:
                    samples.X[here] = piece.X[:count]
                else:
                    rows.put(here, piece.X[:count])
            samples.t[here] = piece.t[:count]
            if samples.weights is not None and piece.weights is not None:
                samples.weights[here] = piece.weights[:count]
            self._rest = piece.at(slice(count, None)) if count < len(piece) else None
            at += count
        self._left -= place.stop - place.start
        if not self._left:
            self._pieces.close()  # what it holds of the last block takes memory

    def _read(self) -> Generator[Samples]:
        """Yield the samples, checked, some at a time."""
        first = 0
        for block in self.order:
            size = self.blocks.sizes[block]
            if first < self.stop and self.start < first + size:
                start, stop = max(0, self.start - first), min(size, self.stop - first)
                yield from self._read_block(block, start, stop)
            first += size

    def _read_block(self, block: int, start: int, stop: int) -> Iterator[Samples]:
        """Yield the samples of a block from one on to another."""
        at, size = 0, self.blocks.sizes[block]
        for piece in self.blocks.read(block):
            if self.ended():
                raise InterruptedError("the training has ended")
            skipped = max(0, start - at)
            own = piece.at(slice(skipped, max(0, stop - at)))
            if len(own):
                self._check(own, block, at + skipped)
                yield own
            at += len(piece)
            if at >= stop < size:
                return
        if at != size:
            raise ValueError(
                f"train: expected {size} samples in block {block}, as there were before, got "
                f"{at}: its file has changed"
            )

    def _check(self, piece: Samples, block: int, at: int) -> None:
        try:
            self.check(piece)
        except ValueError as error:
            where = self.blocks.place(block, at)
            raise ValueError(f"{error}; sample 0 is {where}") from None

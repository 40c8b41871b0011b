"""Samples that are read block by block, such as those in files: what a training takes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from scipy import sparse

from chainrule.training.samples import Samples

__all__ = ["SampleBlocks", "all_of"]


class SampleBlocks(Protocol):
    """Samples in blocks, each of which can be read by itself, as often as it takes."""

    @property
    def sizes(self) -> Sequence[int]:
        """How many samples each block has."""

    def read(self, block: int) -> Iterator[Samples]:
        """Yield the samples of a block in their order, as many at a time as is convenient.

        They are those of the block at every call, and arrays that nobody writes to.
        """

    def place(self, block: int, sample: int) -> str:
        """Return in words where a sample of a block stands, both counted from 0."""

    def identity(self) -> dict[str, str]:
        """Return all samples, part by part, each as a text that differs wherever a sample does.

        A digest may follow "#". It is asked for once, by a training that has a checkpoint.
        """


def all_of(blocks: SampleBlocks) -> Samples:
    """Return the samples of all blocks in memory."""
    pieces = [piece for block in range(len(blocks.sizes)) for piece in blocks.read(block)]
    weights = [piece.weights for piece in pieces if piece.weights is not None]
    X = [piece.X for piece in pieces]
    return Samples(
        sparse.vstack(X, "csr") if sparse.issparse(X[0]) else np.concatenate(X),
        np.concatenate([piece.t for piece in pieces]),
        np.concatenate(weights) if weights else None,
    )

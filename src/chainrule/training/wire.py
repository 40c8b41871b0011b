"""Gradients that travel in bfloat16: half the bytes, rounded each time that they are sent.

What is sent is rounded where it is kept, too, so that in the end all ranks have the same numbers.
Since ranks send what they have summed, the bits then depend on how many they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from chainrule.training.channel import Channel
from chainrule.types import Array

Wire = Literal["exact", "bfloat16"]
"""How gradients travel."""


def check_wire(wire: str) -> None:
    """Raise ValueError for another way to travel."""
    if wire not in get_args(Wire):
        raise ValueError(f"ranks_of: expected wire 'exact' or 'bfloat16', got {wire!r}")


def packed(values: Array) -> NDArray[np.uint16]:
    """Return float32 numbers as bfloat16, rounded to nearest, ties to even; NaN stays NaN."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))) >> np.uint32(16)
    rounded[np.isnan(values)] = 0x7FC0
    return rounded.astype(np.uint16)


def unpacked(numbers: NDArray[np.uint16]) -> Array:
    """Return bfloat16 numbers as float32."""
    return (numbers.astype(np.uint32) << np.uint32(16)).view(np.float32)


@dataclass
class _Request:
    """A message of rounded numbers: the library's request, its memory, and where they go."""

    request: Any
    numbers: Array | None = None
    into: Array | None = None


class Rounded:
    """A channel whose messages of float32 travel in bfloat16; all others are exact.

    Parameters
    ----------
    channel : Channel
        Whose messages they are.
    """

    def __init__(self, channel: Channel) -> None:
        self.channel, self.rank, self.size = channel, channel.rank, channel.size

    @property
    def interrupted(self) -> bool:
        """Whether a signal has come."""
        return self.channel.interrupted

    def send(self, array: Array, to: int, tag: int) -> Any:
        """Begin to send; float32 is rounded in its place."""
        if array.dtype != np.float32:
            return _Request(self.channel.send(array, to, tag))
        numbers = packed(array)
        array[...] = unpacked(numbers)
        return _Request(self.channel.send(numbers, to, tag), numbers)

    def receive(self, array: Array, source: int, tag: int) -> Any:
        """Begin to receive."""
        if array.dtype != np.float32:
            return _Request(self.channel.receive(array, source, tag))
        numbers = np.empty(array.shape, np.uint16)
        return _Request(self.channel.receive(numbers, source, tag), numbers, array)

    def done(self, requests: Sequence[_Request]) -> bool:
        """Return whether all requests are done; what they have brought is then in its place."""
        if not self.channel.done([each.request for each in requests]):
            return False
        for each in requests:
            if each.into is not None and each.numbers is not None:
                each.into[...] = unpacked(each.numbers)
                each.into = None
        return True

    def wait_until(self, done: Callable[[], bool], whom: Callable[[], str]) -> None:
        """Ask until something is done."""
        self.channel.wait_until(done, whom)

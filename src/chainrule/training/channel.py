"""Messages between processes, as sums over them need these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from chainrule.types import Array


class Channel(Protocol):
    """From one of some processes to others; ``interrupted`` is whether a signal has come."""

    rank: int
    size: int
    interrupted: bool

    def send(self, array: Array, to: int, tag: int) -> Any:
        """Begin to send."""

    def receive(self, array: Array, source: int, tag: int) -> Any:
        """Begin to receive."""

    def done(self, requests: Sequence[Any]) -> bool:
        """Return whether all requests are done."""

    def wait_until(self, done: Callable[[], bool], whom: Callable[[], str]) -> None:
        """Ask until something is done."""

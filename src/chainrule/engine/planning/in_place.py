"""A chain's parameters where they are, for programs that only read them: no copy can be stale."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

from numpy.lib.stride_tricks import as_strided

from chainrule.engine.machine.memory import VECTOR, Panels, address, aligned
from chainrule.engine.network.network import Network
from chainrule.engine.planning.weights import Weights, sources
from chainrule.parameters import Parameters
from chainrule.types import Array

MOST_BYTES = 4096
"""Of parameters that are copied before each run."""


class WeightsInPlace(Weights):
    """Parameters whose panels are views of a chain's own numbers, row after row.

    Kernels read whole vectors, and so beyond the last numbers of a row: what they find there
    counts for nothing, but has to be the chain's memory. So the last parameters are a copy with
    room behind it, ``copied``, which :meth:`follow` makes anew.

    Parameters
    ----------
    network : Network
        All of whose parts read parameters so.
    parameters : Parameters
        The chain's.
    """

    def __init__(self, network: Network, parameters: Parameters) -> None:
        flat, lanes = parameters.flat, VECTOR // parameters.flat.itemsize
        self._parameters, self._flat, first = parameters, flat, flat.size
        for name, number in sources(network).values():
            array = parameters[name] if number is None else parameters[name][number]
            end = self._start(array) + array.size
            if end + -array.shape[-1] % lanes > flat.size:
                first = min(first, self._start(array))
        self._first, self._read = first, flat[first:]
        self._room = aligned((flat.size - first + lanes,), flat.dtype)
        self.copied = self._room[: flat.size - first]
        super().__init__(network, flat.dtype)

    def _start(self, array: Array) -> int:
        """Return which number of the buffer is the first of a view."""
        return (address(array) - address(self._flat)) // self._flat.itemsize

    def add(self, name: str, shape: tuple[int, ...], **options: Any) -> None:
        """Add a parameter, where the chain has it or in the copy."""
        super().add(name, shape, **options)
        own, start = self.parameters[name], self._start(self.of(self._parameters, name))
        features = shape[-1]
        numbers = self._flat[start:] if start < self._first else self._room[start - self._first :]
        item, rows = numbers.itemsize, prod(shape) // features
        lie = (own.values.count, rows, own.values.lanes), (VECTOR, features * item, item)
        view = as_strided(numbers, *lie, writeable=False)
        self.parameters[name] = replace(own, values=Panels(rows, features, view))

    def follow(self) -> None:
        """Take over, as they are now, the parameters that are copied."""
        self.copied[...] = self._read


def in_place(network: Network, parameters: Parameters) -> WeightsInPlace | None:
    """Return a chain's parameters where they are; None where programs cannot read them so."""
    if not lies_in_rows(network, parameters):
        return None
    weights = WeightsInPlace(network, parameters)
    return weights if weights.copied.nbytes <= MOST_BYTES else None


def lies_in_rows(network: Network, parameters: Parameters) -> bool:
    """Return whether kernels can read a chain's numbers, matrices row after row."""
    flags = parameters.flat.flags
    native = flags.c_contiguous and flags.aligned and parameters.flat.dtype.isnative
    return native and all(part.kind.reads_in_place for part in network.parts)

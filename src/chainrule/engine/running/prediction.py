"""Predictions by the engine: samples go through a network in blocks, all of them in one run."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from chainrule.chain import Chain
from chainrule.engine.kernels.library import Library, library
from chainrule.engine.kernels.outputs import outputs
from chainrule.engine.kernels.rows import advance
from chainrule.engine.machine.availability import UnsupportedError, check_runs_here, processors
from chainrule.engine.machine.memory import address, aligned
from chainrule.engine.network.network import Network
from chainrule.engine.planning.cost import cost
from chainrule.engine.planning.lowering import lower
from chainrule.engine.planning.plan import Planner
from chainrule.engine.planning.reading import as_rows
from chainrule.engine.planning.sample_rows import Rows, SparseRows, entries_of, table_of
from chainrule.engine.planning.weights import Weights
from chainrule.engine.running.runner import Runner

Array = NDArray[Any]

MOST_ROWS = 512
"""Samples in a block."""

ROWS_OF_NUMPY = 4096
"""Samples that NumPy takes at once."""

WORTH_A_THREAD = 200_000_000
"""Operations of a training step for whose forward pass one more thread pays."""


class Outputs:
    """What a network makes of samples, by parameters as the engine has them at that moment."""

    def __init__(self, network: Network, weights: Weights, threads: int, kernels: Library) -> None:
        self.network, self.weights = network, weights
        self.threads, self.library = threads, kernels
        self._programs: dict[tuple[int, bool], _Program] = {}

    def of(self, samples: Rows) -> Array:
        """Return the outputs (n, k) of samples."""
        n = len(samples)
        if n == 1 and not isinstance(samples, SparseRows):
            return self._program(1, samples).of_one(samples)
        results = np.empty((n, self.network.outputs), dtype=self.weights.dtype)
        whole = n // MOST_ROWS * MOST_ROWS
        if whole:
            self._program(MOST_ROWS, samples).put(samples, results[:whole], first=0)
        if n > whole:
            rows = 1 << (n - whole - 1).bit_length()  # few sizes, so few programs
            self._program(rows, samples).put(samples, results[whole:], first=whole)
        return results

    def _program(self, rows: int, samples: Rows) -> _Program:
        key = rows, isinstance(samples, SparseRows)
        if key not in self._programs:
            network = replace(self.network, entries=entries_of(samples))
            operations = cost(network, rows, self.weights.dtype.itemsize, slots=0).operations
            threads = max(1, min(self.threads, operations // WORTH_A_THREAD))
            self._programs[key] = _Program(network, self.weights, rows, threads, self.library)
        return self._programs[key]


class _Program:
    """The program for blocks of so many rows, with room for a sample and a block's outputs."""

    def __init__(
        self, network: Network, weights: Weights, rows: int, threads: int, kernels: Library
    ) -> None:
        self.rows = rows
        self.planner = Planner(
            *(network, weights, rows, threads), labels=False, library=kernels, training=False
        )
        self.runner = Runner(self.planner.code.finished())
        self.results = aligned((rows, network.outputs), weights.dtype)
        self.first = np.zeros(1, dtype=np.int64)
        fields = kernels.get(advance).fields
        self._reads = [
            _Places(arguments, fields, ("order", "x", "x_row"))
            for arguments in self.planner.advances
        ]
        fields = kernels.get(outputs).fields
        self._writes = [
            _Places(arguments, fields, ("result",)) for arguments in self.planner.results
        ]
        self._one = None if network.entries is not None else self._room_for_one(network.inputs)

    def _room_for_one(self, inputs: int) -> tuple[Array, tuple[int, int, int], tuple[int]]:
        """Return room for a sample, and the arguments that read it and write its outputs."""
        sample = aligned((1, inputs), self.results.dtype)
        places = address(self.first), address(sample), sample.strides[0]
        return sample, places, (address(self.results),)

    def of_one(self, sample: Array) -> Array:
        """Return the outputs of a single dense sample, in as little time as can be."""
        assert self._one is not None
        room, reads, writes = self._one
        room[...] = sample
        self._run(1, reads, writes)
        return self.results[:1].copy()

    def put(self, samples: Rows, results: Array, first: int) -> None:
        """Put the outputs of samples from one on into results, as many as there is room for."""
        n = len(results)
        blocks = -(-n // self.rows)
        last = first + n - 1  # stands in for those that a block lacks
        order = np.minimum(np.arange(first, first + blocks * self.rows, dtype=np.int64), last)
        table = table_of(samples)
        self.planner.read(samples)
        whole = n == blocks * self.rows
        target = results if whole else self.results
        self._run(blocks, (address(order), address(table), table.strides[0]), (address(target),))
        if not whole:
            results[...] = self.results[:n]

    def _run(self, blocks: int, reads: tuple[int, ...], writes: tuple[int]) -> None:
        for places in self._reads:
            places.set(reads)
        for places in self._writes:
            places.set(writes)
        self.runner.run(blocks)


class _Places:
    """Some of a kernel's arguments, to be set again and again."""

    def __init__(self, arguments: Array, fields: tuple[str, ...], names: tuple[str, ...]) -> None:
        self.arguments = arguments
        self.places = [fields.index(name) for name in names]

    def set(self, values: tuple[int, ...]) -> None:
        """Set the arguments, in the order of their names."""
        for place, value in zip(self.places, values, strict=True):
            self.arguments[place] = value


class Predictor:
    """Predictions of a chain by machine code, with a copy of its parameters.

    >>> predict = Predictor(chain)
    >>> Y = predict(X)                        # X (n, …) -> Y (n, k), as chain.forward(X)

    One sample costs a few microseconds beside the reading of the parameters. One predictor serves
    one thread at a time.

    Parameters
    ----------
    chain
        Of functions that the engine has kernels for.
    threads
        That large batches may use; their number does not change a bit.

    Raises
    ------
    CannotLowerError
        The engine has no kernel for a part of the chain.
    """

    def __init__(self, chain: Chain, *, threads: int = 1, kernels: Library | None = None) -> None:
        network = lower(chain, None)
        self.chain, self.dtype = chain, chain.dtype
        self.weights = Weights(network, chain.dtype)
        self._first, self._shape = chain.functions[0], chain.layers[0].input_shape
        self._outputs = Outputs(network, self.weights, threads, kernels or library(chain.dtype))
        self.refresh()

    def refresh(self) -> None:
        """Take over the chain's parameters as they are now."""
        self.weights.load(self.chain.parameters)

    def __call__(self, X: Any) -> Array:
        """Return the chain's output (n, k) for X (n, …)."""
        if not sparse.issparse(X):
            X = np.ascontiguousarray(X, dtype=self.dtype)
        if X.shape[1:] != self._shape:
            self.chain.forward(X)  # which says what is wrong
        return self._outputs.of(as_rows(self._first, X, prod(self._shape), self.dtype))


def in_blocks(chain: Chain, X: Any) -> Array:
    """Return chain.forward(X), some samples at a time, so that memory stays bounded."""
    starts = range(0, max(X.shape[0], 1), ROWS_OF_NUMPY)
    return np.concatenate([chain.forward(X[at : at + ROWS_OF_NUMPY]) for at in starts])


class Forward:
    """chain.forward, by machine code where the engine has it.

    The chain may be trained on meanwhile: its parameters are those at each call. A sample's output
    is the same to the bit, alone or among others, in the first call and in every other one.

    Parameters
    ----------
    threads
        That large batches may use; by default as many as there are processors.
    """

    def __init__(self, chain: Chain, *, threads: int | None = None) -> None:
        self.chain, self.threads = chain, threads
        self._predictor: Predictor | None = None
        self._parameters: Any = None
        self._tried = False

    def __call__(self, X: Any) -> Array:
        """Return the chain's output (n, …) for X (n, …)."""
        if not self._tried or self._parameters is not self.chain.parameters:
            self._tried, self._parameters = True, self.chain.parameters
            self._predictor = self._made()
        if self._predictor is None:
            return in_blocks(self.chain, X)
        self._predictor.refresh()
        return self._predictor(X)

    def _made(self) -> Predictor | None:
        try:
            check_runs_here()
            threads = self.threads or processors()
            return Predictor(self.chain, threads=threads)
        except UnsupportedError:
            return None

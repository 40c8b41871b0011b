"""Predictions by the engine: samples go through a network in blocks, all of them in one run."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, partial
from math import prod
from threading import RLock
from typing import Any

import numpy as np
from scipy import sparse

from chainrule.chain import Chain
from chainrule.engine.kernels import outputs
from chainrule.engine.kernels.library import Library, library
from chainrule.engine.kernels.rows import ADVANCE
from chainrule.engine.machine.memory import VECTOR, address, aligned
from chainrule.engine.network.network import Network
from chainrule.engine.planning.cost import cost
from chainrule.engine.planning.lowering import lower
from chainrule.engine.planning.plan import Planner
from chainrule.engine.planning.rasters import Rasters
from chainrule.engine.planning.reading import as_rows, reads_as_it_is
from chainrule.engine.planning.sample_rows import Rows, SparseRows, entries_of, table_of
from chainrule.engine.planning.weights import Weights
from chainrule.engine.running.runner import Runner
from chainrule.finite import narrowed
from chainrule.types import Array

ROWS_OF_A_THREAD = 128
"""Samples of a thread in a block, at most: they and what is made of them stay in a second cache."""

WORTH_A_THREAD = 200_000_000
"""Operations of a training step for whose forward pass one more thread pays."""

ROOM = 2**16
"""Bytes of samples that are copied, rather than read where they are: that takes longer to say."""


class Program:
    """The outputs of blocks of `rows` samples, by the parameters at that moment.

    ``room`` is for the samples of a small block, which may be of any numbers and strides; ``stale``
    is whether parameters have changed since the last run.
    """

    def __init__(
        self, network: Network, weights: Weights, rows: int, threads: int, kernels: Library
    ) -> None:
        self.rows = rows
        self.planner = Planner(
            network, weights, rows, threads, labels=False, library=kernels, training=False
        )
        self.runner = Runner(self.planner.code.finished())
        prologue = self.planner.context.prologue
        self._prologue = Runner(prologue.finished()) if prologue and prologue.lists[0] else None
        self.stale = True
        self.results = aligned((rows, *network.shape), weights.dtype)
        self._order = np.arange(rows, dtype=np.int64)
        self._reads, self._writes = self.planner.advances, self.planner.results
        self._places = [ADVANCE.index(name) for name in ("order", "x", "x_row")]
        self._result = outputs.FIELDS.index("result")
        small = rows * network.inputs * weights.dtype.itemsize <= ROOM
        self.room: Array | None = None
        self._in_place = not small
        if (small or rows == 1) and network.entries is None:
            self.room = aligned((rows, network.inputs), weights.dtype)
            self._set(self._order, self.room)
        room = 0 if self.room is None else address(self.room)
        self._starts = address(self._order), room, address(self.results)

    def _set(self, order: Array, table: Array) -> None:
        """Let the samples of an order be read from a table."""
        for arguments in self._reads:
            arguments[self._places] = address(order), address(table), table.strides[0]

    def _run(self, blocks: int) -> None:
        """Run so many blocks, after what depends on parameters alone if these have changed."""
        if self.stale and self._prologue:
            self._prologue.run(1)
        self.stale = False
        self.runner.run(blocks)

    def of_few(self, n: int, samples: Any) -> Array:
        """Return the outputs of n samples, which fit into the room, in little time.

        They are copied there, whatever their strides and type; but one that is large is read where
        it is.
        """
        assert self.room is not None
        (order, x, _), (first, room, result) = self._places, self._starts
        if self._in_place and samples.flags.c_contiguous and samples.dtype == self.room.dtype:
            room = address(samples)
        else:
            self.room[:n] = samples
        for arguments in self._reads:
            arguments[order], arguments[x] = first, room
        for arguments in self._writes:
            arguments[self._result] = result
        self._run(1)
        return self.results[:n].copy()

    def put(self, samples: Rows, results: Array, first: int) -> None:
        """Put the outputs of samples from one on into results, as many as there is room for."""
        n = len(results)
        blocks = -(-n // self.rows)
        last = first + n - 1  # stands in for those that a block lacks
        order = np.minimum(np.arange(first, first + blocks * self.rows, dtype=np.int64), last)
        self.planner.read(samples)
        self._set(order, table_of(samples))
        whole = n == blocks * self.rows
        for arguments in self._writes:
            arguments[self._result] = address(results if whole else self.results)
        self._run(blocks)
        if not whole:
            results[...] = self.results[:n]
        if self.room is not None:  # whose samples the next few are
            self._set(self._order, self.room)


class Outputs:
    """What a network makes of samples: programs for blocks of few sizes, each made once."""

    def __init__(self, network: Network, weights: Weights, threads: int, kernels: Library) -> None:
        self.network, self.weights = network, weights
        self.threads, self.library = threads, kernels
        self._programs: dict[tuple[int, int, bool], Program] = {}
        self._few: dict[int, Program] = {}
        self._lanes = VECTOR // weights.dtype.itemsize
        self._most_rasters = Rasters.most(network.in_prediction(), self._lanes)

    def moved(self) -> None:
        """Let programs know that parameters have changed."""
        for program in self._programs.values():
            program.stale = True

    def of(self, samples: Rows) -> Array:
        """Return the outputs (n, …) of samples."""
        n = len(samples)
        results = np.empty((n, *self.network.shape), dtype=self.weights.dtype)
        threads = self._threads(samples, n)
        block = ROWS_OF_A_THREAD * threads
        whole = n // block * block
        if whole:
            self._program(block, samples, threads).put(samples, results[:whole], first=0)
        if n > whole:
            program = self._program(self._rows(n - whole), samples)
            if program.room is None or whole:
                program.put(samples, results[whole:], first=whole)
            else:
                self._few[n] = program
                results = program.of_few(n, samples)
        return results

    def _rows(self, n: int) -> int:
        """Return a size of blocks that n samples fit in: there are few sizes, so few programs."""
        rows = 1 << (n - 1).bit_length()
        return min(rows, self._most_rasters) if n <= self._most_rasters else rows

    def _program(self, rows: int, samples: Rows, threads: int | None = None) -> Program:
        threads = threads or self._threads(samples, rows)
        key = rows, threads, isinstance(samples, SparseRows)
        if key not in self._programs:
            network = self._network(samples)
            self._programs[key] = Program(network, self.weights, rows, threads, self.library)
        return self._programs[key]

    def _network(self, samples: Rows) -> Network:
        return replace(self.network, entries=entries_of(samples))

    @cached_property
    def _operations(self) -> int:
        """Operations of a training step on one sample that is not sparse."""
        return self._operations_of(self.network)

    def _operations_of(self, network: Network) -> int:
        return cost(network, 1, self.weights.dtype.itemsize, slots=0).operations

    def _threads(self, samples: Rows, rows: int) -> int:
        """Return how many threads pay for so many samples, of which each has some to work on.

        Some of many are a power of two: there are few numbers, so few programs.
        """
        network, each = self.network, self._operations
        if isinstance(samples, SparseRows):
            each = self._operations_of(self._network(samples))
        operations = rows * each
        most = operations // WORTH_A_THREAD
        if not any(getattr(part.kind, "together", False) for part in network.parts):
            few = rows <= self._most_rasters
            unit = 1 if few else self._lanes if network.images else 8
            most = min(most, -(-rows // unit))
        return self.threads if most >= self.threads else 1 << max(0, most.bit_length() - 1)


class Predictor(Outputs):
    """Predictions of a chain by machine code, with a copy of its parameters.

    >>> predict = Predictor(chain)
    >>> Y = predict(X)                        # X (n, …) -> Y (n, k), as chain.forward(X)

    One sample costs a few microseconds beside the reading of the parameters. Threads that share a
    predictor take turns. A copy, or one from a pickle, begins with the chain's present parameters.

    Parameters
    ----------
    chain : Chain
        Of functions that the engine has kernels for.
    threads : int
        That large batches may use; their number does not change a bit.
    kernels : Library, optional
        Those of this processor by default.

    Raises
    ------
    CannotLowerError
        The engine has no kernel for a part of the chain.
    """

    def __init__(self, chain: Chain, *, threads: int = 1, kernels: Library | None = None) -> None:
        network = lower(chain, None)
        weights = Weights(network, chain.dtype)
        super().__init__(network, weights, threads, kernels or library(chain.dtype))
        self.chain, self.dtype, self._own = chain, chain.dtype, dict(chain.parameters.shapes)
        self._turn = RLock()
        self._first, self._shape = chain.functions[0], chain.layers[0].input_shape
        self._as_it_is = reads_as_it_is(self._first)
        self.refresh()

    def __repr__(self) -> str:
        return f"Predictor({self.chain!r})"

    def __reduce__(self) -> Any:
        """Return how a copy is made: programs hold addresses, and are made anew."""
        return partial(type(self), threads=self.threads), (self.chain,)

    def refresh(self) -> None:
        """Take over the chain's parameters as they are now.

        Raises
        ------
        ValueError
            The chain was initialized anew, with parameters of other shapes or another type.
        """
        parameters = self.chain.parameters
        if parameters.shapes != self._own or self.chain.dtype != self.dtype:
            raise ValueError(
                f"{type(self).__name__}: expected parameters of {self.dtype} of the shapes "
                f"{self._own}, got {self.chain.dtype} of {dict(parameters.shapes)}; make a new one"
            )
        with self._turn:
            self.weights.load(parameters)
            self.moved()

    def __call__(self, X: Any) -> Array:
        """Return the chain's output (n, k) for X (n, …)."""
        if isinstance(X, np.ndarray):
            X = narrowed("Predictor", X, self.dtype)
        with self._turn:
            return self._of(X, self)

    def _of(self, X: Any, outputs: Outputs) -> Array:
        """Return the outputs of samples, which are checked first, by programs of some outputs."""
        if type(X) is np.ndarray and X.shape[1:] == self._shape and self._as_it_is:
            n = len(X)
            program = outputs._few.get(n)
            if program is not None:
                return program.of_few(n, X if X.ndim == 2 else X.reshape(n, -1))
        if not sparse.issparse(X):
            X = np.ascontiguousarray(X, dtype=self.dtype)
        if X.shape[1:] != self._shape:
            self.chain.forward(X)  # which says what is wrong
        return outputs.of(as_rows(self._first, X, prod(self._shape), self.dtype))

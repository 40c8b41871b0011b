"""Predictions by the engine: samples go through a network in blocks, all of them in one run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from chainrule.chain import Chain
from chainrule.engine.availability import UnsupportedError, check_runs_here, processors
from chainrule.engine.kernels import Library, library
from chainrule.engine.listing import cost
from chainrule.engine.lowering import CannotLowerError, Network, lower
from chainrule.engine.memory import aligned
from chainrule.engine.plan import Planner
from chainrule.engine.runner import Runner
from chainrule.engine.weights import Weights

Array = NDArray[Any]

MOST_ROWS = 512
"""Samples in a block."""

WORTH_THE_ENGINE = 5_000_000
"""Operations of a prediction that take NumPy longer than the engine takes to get ready."""

WORTH_A_THREAD = 12_000_000
"""Operations of a training step for whose forward pass one more thread pays."""


class Outputs:
    """What a network makes of samples, by parameters as the engine has them at that moment."""

    def __init__(self, network: Network, weights: Weights, threads: int, kernels: Library) -> None:
        self.network, self.weights = network, weights
        self.threads, self.library = threads, kernels
        self._programs: dict[int, _Program] = {}

    def of(self, samples: Array) -> Array:
        """Return the outputs (n, k) of contiguous rows of numbers (n, inputs)."""
        n = len(samples)
        if n == 1:
            return self._program(1).rest(samples)
        results = np.empty((n, self.network.outputs), dtype=samples.dtype)
        whole = n // MOST_ROWS * MOST_ROWS
        if whole:
            self._program(MOST_ROWS).blocks(samples[:whole], results[:whole])
        if n > whole:
            rows = 1 << (n - whole - 1).bit_length()  # few sizes, so few programs
            results[whole:] = self._program(rows).rest(samples[whole:])
        return results

    def _program(self, rows: int) -> _Program:
        if rows not in self._programs:
            self._programs[rows] = _Program(self, rows, self._threads(rows))
        return self._programs[rows]

    def _threads(self, rows: int) -> int:
        """Return how many threads pay for so many rows: starting them costs 50 µs."""
        operations = cost(self.network, rows, self.weights.dtype.itemsize, slots=0).operations
        return max(1, min(self.threads, operations // WORTH_A_THREAD))


class _Program:
    """The program for blocks of so many rows, with room for a block's samples and outputs."""

    def __init__(self, of: Outputs, rows: int, threads: int) -> None:
        dtype = of.weights.dtype
        self.rows, network = rows, of.network
        planner = Planner(
            *(network, of.weights, rows, threads), labels=False, library=of.library, training=False
        )
        self.runner = Runner(planner.code.finished())
        self.samples = aligned((rows, network.inputs), dtype)
        self.results = aligned((rows, network.outputs), dtype)
        self.order = np.arange(rows, dtype=np.int64)
        fields = of.library.advance.fields
        self._advances = [
            _Places(arguments, fields, ("order", "x")) for arguments in planner.advances
        ]
        for arguments in planner.advances:
            arguments[fields.index("x_row")] = self.samples.strides[0]
        fields = of.library.outputs(network.final).fields
        self._results = [_Places(arguments, fields, ("result",)) for arguments in planner.results]
        self._own = (_at(self.order), _at(self.samples)), (_at(self.results),)
        self._kept = planner

    def rest(self, samples: Array) -> Array:
        """Return the outputs of as many samples as there are rows, or fewer."""
        n = len(samples)
        self.samples[:n] = samples
        self._run(1, *self._own)
        return self.results[:n].copy()

    def blocks(self, samples: Array, results: Array) -> None:
        """Put the outputs of whole blocks of samples into results."""
        order = np.arange(len(samples), dtype=np.int64)
        self._run(len(samples) // self.rows, (_at(order), _at(samples)), (_at(results),))

    def _run(self, blocks: int, source: tuple[int, int], target: tuple[int]) -> None:
        for places in self._advances:
            places.set(source)
        for places in self._results:
            places.set(target)
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
        self._shape = chain.layers[0].input_shape
        self._outputs = Outputs(network, self.weights, threads, kernels or library(chain.dtype))
        self.refresh()

    @property
    def operations(self) -> int:
        """Operations that a sample takes, about: a third of what it takes in training."""
        network = self._outputs.network
        return cost(network, 1, self.dtype.itemsize, slots=0).operations // 3

    def refresh(self) -> None:
        """Take over the chain's parameters as they are now."""
        self.weights.load(self.chain.parameters)

    def __call__(self, X: Any) -> Array:
        """Return the chain's output (n, k) for X (n, …)."""
        samples = np.ascontiguousarray(X, dtype=self.dtype)
        if samples.shape[1:] != self._shape:
            self.chain.forward(samples)  # which says what is wrong
        if len(samples) == 0:
            return np.empty((0, self._outputs.network.outputs), dtype=self.dtype)
        return self._outputs.of(samples.reshape(len(samples), -1))


class Forward:
    """chain.forward, by machine code where that pays and the engine has it.

    The chain may be trained on meanwhile: its parameters are those at each call.

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
        predictor = self._suited(X)
        if predictor is None:
            return self.chain.forward(X)
        predictor.refresh()
        return predictor(X)

    def _suited(self, X: Any) -> Predictor | None:
        """Return the predictor, if it can take X and is worth its while."""
        if sparse.issparse(X) or np.ndim(X) < 2:
            return None
        if not self._tried or self._parameters is not self.chain.parameters:
            self._tried, self._parameters = True, self.chain.parameters
            self._predictor = self._made()
        found = self._predictor
        return found if found and len(X) * found.operations >= WORTH_THE_ENGINE else None

    def _made(self) -> Predictor | None:
        try:
            check_runs_here()
            threads = self.threads or processors()
            return Predictor(self.chain, threads=threads)
        except (UnsupportedError, CannotLowerError):
            return None


def _at(array: Array) -> int:
    """Return where an array begins."""
    return int(array.ctypes.data)

"""Training steps of a network, run by the engine."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.engine.kernels import losses
from chainrule.engine.kernels.dropout import DRAWN
from chainrule.engine.kernels.library import Library, library
from chainrule.engine.kernels.rows import ADVANCE, TOTAL
from chainrule.engine.machine.memory import address
from chainrule.engine.planning.cost import cost
from chainrule.engine.planning.listing import listing
from chainrule.engine.planning.lowering import lower
from chainrule.engine.planning.operands import Form
from chainrule.engine.planning.plan import Planner
from chainrule.engine.planning.reading import as_rows
from chainrule.engine.planning.sample_rows import Rows, SparseRows, entries_of, table_of
from chainrule.engine.planning.weights import GRADIENT, Weights
from chainrule.engine.running.prediction import Outputs
from chainrule.engine.running.runner import Runner
from chainrule.engine.running.scalars import NONE, ScalarTable
from chainrule.losses import Loss, SoftmaxCrossEntropy
from chainrule.parameters import Parameters
from chainrule.types import Array

WORTH_A_THREAD = 2_500_000
"""Operations in a step, about 25 µs of one core's, for which one more thread pays."""


SCATTERED = 10
"""Operations in whose time one on a row of weights is done that a sparse sample's token names."""

MOVED = 70
"""Operations in whose time a weight is moved that no token has named."""


def threads_for(
    chain: Chain,
    loss: Loss,
    rows: int,
    processors: int,
    *,
    entries: float | None = None,
    all_rows: bool = False,
) -> int:
    """Return how many threads pay for steps on `rows` samples.

    If these are sparse, they have `entries` each, and all rows of weights move, or few.
    """
    network = lower(chain, loss, entries)
    operations = cost(network, rows, chain.dtype.itemsize, slots=0).operations
    if entries is not None:
        first = network.first_product
        operations += int((SCATTERED - 1) * 4 * rows * entries * first.features)
        operations += MOVED * first.reads * first.features * all_rows
    most = min(processors, network.members) if network.joint else processors
    return max(1, min(most, operations // WORTH_A_THREAD))


_ORDER, _SCALARS_NOW = map(ADVANCE.index, ("order", "scalars_now"))
_RESULT, _PENALTY = map(TOTAL.index, ("result", "penalty"))


class Steps:
    """Training steps of a chain on samples X (n, …) with targets t.

    The chain's parameters move when :meth:`store` is called; until then the engine has its own.

    Parameters
    ----------
    chain, loss, optimizer, X, t, sample_weight
        As a training has them.
    l2, l2_shared : float, bool
        The penalty λ, and whether the samples of a batch share it.
    clip : float, optional
        The largest length of a gradient.
    keeps_gradient : bool
        Whether the gradient is written to memory, so that steps can be cut in two:
        :meth:`gradient`, and :meth:`update` along what is there then.
    seed : int or None
        Of dropout's masks; None leaves dropout out.
    threads : int
        How many take the steps; their number does not change a bit.
    kernels : Library, optional
        Those of this processor by default.
    factors : mapping, optional
        From the learning rate and other hyperparameters to what they are multiplied by for some
        parameters, by the chain's names.
    form : Form, optional
        How products read operands rounded to bfloat16; without one, they read them as they are.
        Outputs are by products of operands as they are in any case.

    Raises
    ------
    CannotLowerError
        The engine has no kernel for a part of the network.
    """

    def __init__(
        self,
        chain: Chain,
        loss: Loss,
        optimizer: Any,
        X: Any,
        t: Any,
        sample_weight: Array | None = None,
        *,
        l2: float = 0.0,
        l2_shared: bool = False,
        clip: float | None = None,
        keeps_gradient: bool = False,
        seed: int | None = 0,
        threads: int = 1,
        kernels: Library | None = None,
        factors: Mapping[str, Mapping[str, float]] | None = None,
        form: Form | None = None,
    ) -> None:
        self.chain, self.threads, self.seed = chain, threads, seed or 0
        self.library = library(chain.dtype) if kernels is None else kernels
        self.X = self._rows(X)
        network = lower(chain, loss, entries_of(self.X), rounds=form is not None)
        self.network = network.in_prediction() if seed is None else network
        self.weights = Weights(
            self.network,
            chain.dtype,
            optimizer,
            l2,
            l2_shared=l2_shared,
            clip=clip,
            keeps_gradient=keeps_gradient,
            factors=factors,
            form=form,
        )
        self.weights.load(chain.parameters)
        self.labels = isinstance(self.network.loss, SoftmaxCrossEntropy) and np.ndim(t) == 1
        self.t = self._targets(t)
        self.sample_weight = None if sample_weight is None else self._weights_of(sample_weight)
        self._programs: dict[tuple[int, bool], tuple[Planner, Runner, Runner]] = {}
        self._moving = 0  # samples of the gradient that no update has followed
        predicting = lower(chain, loss, entries_of(self.X)).in_prediction()
        self._outputs = Outputs(predicting, self.weights, threads, self.library)
        self.done = 0
        self._scalars = ScalarTable(self.weights)
        self.penalties = np.zeros(0, dtype=chain.dtype)

    def _rows(self, X: Any) -> Rows:
        """Return samples as kernels read them."""
        first = self.chain.layers[0]
        return as_rows(first.function, X, prod(first.input_shape), self.chain.dtype)

    def _targets(self, t: Any) -> Array:
        assert self.network.loss is not None
        if self.labels:
            return np.ascontiguousarray(t, dtype=np.int64)
        like = np.empty((len(t), self.network.outputs), dtype=self.chain.dtype)
        like[:] = 0.5
        return np.ascontiguousarray(self.network.loss.targets(t, like))

    def _weights_of(self, sample_weight: Array) -> Array:
        """Return weights (members, n): those of samples are all their members'."""
        members, n = self.network.members, len(sample_weight)
        own = np.broadcast_to(np.asarray(sample_weight).T, (members, n))
        return np.array(own, dtype=self.chain.dtype, order="C")

    def run(
        self, order: Array, rows: int, rates: Array, changes: Mapping[str, Array] = NONE
    ) -> Array:
        """Take a step on each batch of `rows` samples of an order, at the given learning rates.

        ``changes`` are other hyperparameters that change from step to step.
        Return the mean loss of each batch before its step, penalty included; fewer if one was not
        finite. ``penalties`` has the penalties in them.
        """
        return self._run(order, rows, rates, changes, cut=False)

    def gradient(self, batch: Array) -> float:
        """Make the gradient on a batch, without the penalty; return its loss, penalty included.

        It is read and written by :meth:`store_gradient` and :meth:`load_gradient`; parameters move
        along it by :meth:`update`.
        """
        if not self.weights.keeps_gradient:
            raise ValueError("Steps.gradient: expected keeps_gradient=True or a clip, got neither")
        rate = np.full(1, self.weights.optimizer.learning_rate)
        self._moving = len(batch)
        return float(self._run(batch, len(batch), rate, NONE, cut=True)[0])

    def update(self, rate: float) -> None:
        """Move along the gradient in memory, penalty included, clipped if that was asked for."""
        if not self._moving:
            raise ValueError("Steps.update: expected a gradient first, got none")
        planner, _, runner = self._program(self._moving, cut=True)
        scalars = self._scalars.of(planner.scalars, np.full(1, rate), self.done - 1)
        for batch in planner.context.batches:
            batch.scalars[:] = scalars[0]
        runner.run(1)
        self._moving = 0

    def store_gradient(self, parameters: Parameters) -> None:
        """Put the gradient in memory there."""
        self.weights.store(parameters, GRADIENT)

    def load_gradient(self, parameters: Parameters) -> None:
        """Take over a gradient, such as a sum of those of several batches."""
        self.weights.load(parameters, GRADIENT)

    def _run(
        self, order: Array, rows: int, rates: Array, changes: Mapping[str, Array], *, cut: bool
    ) -> Array:
        steps = len(order) // rows
        planner, runner, _ = self._program(rows, cut=cut)
        order = np.ascontiguousarray(order, dtype=np.int64)
        _kept, now = self._scalars.place(planner.scalars, rates, self.done, changes)
        both: Array = np.full((2, steps), np.nan, dtype=self.weights.dtype)
        results: Array = both[0]
        self.penalties = both[1]
        place, at = address(order), address(both)
        for arguments in planner.advances:
            arguments[_ORDER], arguments[_SCALARS_NOW] = place, now
        planner.total[_RESULT], planner.total[_PENALTY] = at, at + results.nbytes
        for arguments in planner.context.draws:
            arguments[DRAWN.index("step")] = self.done
        complete = runner.run(steps)
        self.done += steps
        if not complete:
            return results[: int(np.argmin(np.isfinite(results))) + 1]
        return results

    def renew(
        self, rows: slice, t: Any, sample_weight: Array | None = None, X: Any = None
    ) -> None:
        """Take the targets t, and weights, of some samples, which have been put into X's place.

        Sparse samples X are given, and take the place of all that there were.
        """
        self.t[rows] = self._targets(t)
        if self.sample_weight is not None and sample_weight is not None:
            self.sample_weight[:, rows] = self._weights_of(sample_weight)
        if X is not None:
            found = self._rows(X)
            assert isinstance(found, SparseRows)
            self.X = found.placed(rows, len(self.t))
            for planner, *_ in self._programs.values():
                self._connect_samples(planner)

    def use(self, threads: int) -> None:
        """Let `threads` threads take the next steps; programs are planned when first needed."""
        if threads != self.threads:
            self.threads = threads
            self._programs.clear()  # or their values would take memory beside the new ones
            self._moving = 0

    def prepare(self, rows: int) -> None:
        """Plan steps on `rows` samples now; CannotLowerError names a rule that cannot be read."""
        self._program(rows)

    def first_not_finite(self, rows: int) -> int | None:
        """Return the place in the chain of the first function whose output was not finite.

        That is in the last step on `rows` samples; None if all that are kept were finite.
        """
        planner, *_ = self._program(rows)
        for place, values in planner.values():
            if not np.isfinite(values).all():
                return place
        return None

    def outputs(self, X: Any) -> Array:
        """Return what the loss sees of samples X (n, …), by the engine's own parameters."""
        self._outputs.moved()
        return self._outputs.of(self._rows(X))

    def store(self) -> None:
        """Put the parameters into the chain."""
        self.weights.store(self.chain.parameters)

    def load(self) -> None:
        """Take the parameters from the chain."""
        self.weights.load(self.chain.parameters)

    def resume(self, slots: tuple[Array, ...], steps: int) -> None:
        """Go on after `steps` steps, with the optimizer's numbers in the chain's order."""
        self.done = steps
        for slot, flat in enumerate(slots):
            self.weights.load(Parameters(self.chain.parameters.shapes, flat), slot)

    def keep(self, slots: tuple[Array, ...]) -> None:
        """Put the optimizer's numbers there, in the chain's order."""
        for slot, flat in enumerate(slots):
            self.weights.store(Parameters(self.chain.parameters.shapes, flat), slot)

    def listing(self, rows: int, peak: float | None = None) -> str:
        """Return a step on a batch of `rows` samples as NumPy that can be read, and run.

        Given the machine's peak (:func:`chainrule.engine.running.peak.peak`), in operations a
        second, it says how long the step takes at least.
        """
        return listing(self.weights, rows, self.seed, peak)

    def _program(self, rows: int, *, cut: bool = False) -> tuple[Planner, Runner, Runner]:
        key = rows, cut
        if key not in self._programs:
            planner = Planner(
                self.network,
                self.weights,
                rows,
                self.threads,
                labels=self.labels,
                library=self.library,
                seed=self.seed,
                cut=cut,
            )
            runner = Runner(planner.code.finished())
            self._connect(planner, runner)
            self._programs[key] = planner, runner, Runner(planner.update.finished())
        return self._programs[key]

    def _connect(self, planner: Planner, runner: Runner) -> None:
        """Let a program read the samples, and end its run where a loss is not finite."""
        self._connect_samples(planner)
        for arguments in planner.advances:
            if self.sample_weight is not None:
                _set(ADVANCE, arguments, weights=self.sample_weight)
                arguments[ADVANCE.index("weights_row")] = self.sample_weight.strides[0]
            arguments[ADVANCE.index("t_row")] = self.t.strides[0]
        for arguments in planner.losses:
            _set(losses.FIELDS, arguments, t=self.t)
        planner.total[TOTAL.index("stop")] = runner.stop_at

    def _connect_samples(self, planner: Planner) -> None:
        """Let a program read the samples' numbers, or entries."""
        planner.read(self.X)
        table = table_of(self.X)
        for arguments in planner.advances:
            _set(ADVANCE, arguments, x=table)
            arguments[ADVANCE.index("x_row")] = table.strides[0]


def _set(fields: tuple[str, ...], arguments: Array, **arrays: Array) -> None:
    """Put the addresses of arrays into a kernel's arguments."""
    for name, array in arrays.items():
        arguments[fields.index(name)] = array.ctypes.data

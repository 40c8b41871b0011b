"""The time of a step over ranks, by a model of operations, bytes and latency, and as measured.

``mpiexec -n 2 python -m benchmarks.scaling BATCH [NAP]``. Constants are measured in the same run:
what a rank takes to make each piece of the gradient and to move along it, alone; and what an
exchange of messages takes. The model says how these add up. Ranks that wait look for messages every
NAP microseconds, 50 unless they share processors, which they would spend on looking.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.ranks_worker import SAMPLES, SIZES
from chainrule import Adam, Chain, Linear, Plan, ReLU, SoftmaxCrossEntropy, train
from chainrule.training import communicator, ranks_of, sharded_stepper
from chainrule.training.communicator import Messages, MPIRanks
from chainrule.training.ranks import OneProcess
from chainrule.training.tree_sums import HALVED

SHORT, MIDDLE, LONG, BUFFERS = 64, 2**17, 2**20, 16
"""Bytes of the messages that are timed, and how many of the long ones there are."""

TAG = 2**14
"""Of these messages."""


@dataclass(frozen=True)
class Network:
    """A link: seconds from one rank to another, and bytes that it takes in a second.

    A long message is asked for first, there and back, before it is sent.
    """

    latency: float
    long_latency: float
    rate: float

    def seconds(self, size: float) -> float:
        """Return how long a message is on its way after it has left the link."""
        return self.long_latency if size >= MIDDLE / 8 else self.latency


def stages(size: int, ranks: int) -> list[float]:
    """Return the bytes that a rank sends of a piece, one message after the other."""
    rounds = ranks.bit_length() - 1
    if size < HALVED:
        return [size] * rounds
    halves = [size / 2 ** (k + 1) for k in range(rounds)]
    return [*halves, *reversed(halves)]


def step_seconds(
    made: Sequence[tuple[float, int]], moved: float, ranks: int, network: Network
) -> float:
    """Return the seconds of a step.

    A message leaves when the one before it has left the link, and comes a latency later. While a
    rank makes pieces it looks for messages at the end of each.

    Parameters
    ----------
    made : sequence of (float, int)
        When each piece is made, in seconds from the beginning of the step, and its bytes.
    moved : float
        Seconds of all that follows the sum.
    ranks : int
        A power of two.
    network : Network
        The link of each rank.
    """
    looks, free, ends = [time for time, _ in made], 0.0, []
    waiting = [(time, stages(size, ranks)) for time, size in made]
    while waiting:
        waiting.sort(key=lambda each: each[0])
        ready, left = waiting.pop(0)
        if not left:
            ends.append(ready)
            continue
        free = max(ready, free) + left[0] / network.rate
        come = free + network.seconds(left[0])
        looked = next((look for look in looks if look >= come), come)
        waiting.append((looked, left[1:]))
    return max([looks[-1], *ends]) + moved


def network_of(messages: Messages, times: int = 40) -> Network:
    """Return the constants of messages between neighbours, all of them at once.

    A short message goes there and back for the latency; longer ones go both ways at a time, from
    memory that is in no cache. They are waited for as in a step.
    """
    rank, partner = messages.rank, messages.rank ^ 1
    short, there = np.zeros(SHORT, np.uint8), []
    long = np.zeros((2, BUFFERS, LONG), np.uint8)
    both: dict[int, list[float]] = {MIDDLE: [], LONG: []}
    for turn in range(times):
        begin = perf_counter()
        for sends in (rank < partner, rank > partner):
            one = messages.send if sends else messages.receive
            messages.wait([one(short, partner, TAG)], "a neighbour")
        there.append((perf_counter() - begin) / 2)
        for size, times_of_size in both.items():
            messages.communicator.Barrier()
            begin = perf_counter()
            sent, received = long[:, turn % BUFFERS, :size]
            requests = [messages.receive(received, partner, TAG), messages.send(sent, partner, TAG)]
            messages.wait(requests, "a neighbour")
            times_of_size.append(perf_counter() - begin)
    gather = messages.communicator.allgather
    latency = median(gather(median(there)))
    found = {size: median(gather(median(own))) for size, own in both.items()}
    rate = (LONG - MIDDLE) / max(found[LONG] - found[MIDDLE], 1e-9)
    return Network(latency, max(latency, found[MIDDLE] - MIDDLE / rate), rate)


class Timed(sharded_stepper.ShardedStepper):
    """Takes note of when a step's pieces are made, and what all of it takes."""

    def _step(self, rows: Any) -> tuple[float, float]:
        begin = perf_counter()
        found = super()._step(rows)
        TAKEN.append(perf_counter() - begin)
        return found


TAKEN: list[float] = []


class Noting(OneProcess):
    """One process that has a rank's part of the shards, and is sent nothing."""

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size, self.on_this_machine = rank, size, 1

    def join(self, rows: Any, count: int) -> Any:
        """Return what there is."""
        return rows

    def total(self, gradients: Any, add: Any, shards: int) -> Any:
        """Return what takes note of the times."""
        return _Noted(gradients)


class _Noted:
    interrupted, rows = False, None

    def __init__(self, gradients: Any) -> None:
        self.begin, self.vector, self.pieces = perf_counter(), gradients[:1].nbytes, []
        self.loss = 0.0
        NOTED.append(self)

    def take(self, node: range, pieces: Any) -> None:
        """Take note of when each piece is made."""
        for start, stop in pieces:
            self.pieces.append((perf_counter() - self.begin, (stop - start) * self.vector))

    def take_loss(self, node: range, loss: float) -> None:
        """Take the loss."""
        self.loss = loss

    def finished(self) -> float:
        """Return the loss."""
        self.end = perf_counter() - self.begin
        return self.loss


NOTED: list[_Noted] = []


def trained(batch: int, ranks: Any, epochs: int = 3) -> float:
    """Train; return the median seconds of a step."""
    rng = np.random.default_rng(0)
    samples = min(SAMPLES, 64 * batch)
    X = rng.normal(size=(samples, SIZES[0])).astype(np.float32)
    t = rng.integers(0, SIZES[-1], samples)
    hidden = [layer for size in SIZES[1:-1] for layer in (Linear(size), ReLU())]
    chain = Chain(*hidden, Linear(SIZES[-1]))
    plan = Plan(Adam(), batch_size=batch, epochs=epochs, patience=None, shards=8)
    TAKEN.clear()
    train(chain, SoftmaxCrossEntropy(), X, t, plan, threads=1)
    return median(TAKEN[len(TAKEN) // epochs :])


def main() -> None:
    """Measure, and print what is measured and what the model says."""
    from mpi4py import MPI

    from chainrule.training import session, steppers

    steppers.ShardedStepper = Timed  # type: ignore[misc]
    batch, world = int(sys.argv[1]), MPI.COMM_WORLD
    if len(sys.argv) > 2:
        communicator.NAP, communicator.AWAKE = float(sys.argv[2]) / 1e6, 0.0
    with ranks_of(world) as ranks:
        assert isinstance(ranks, MPIRanks)
        network = network_of(ranks.messages) if ranks.size > 1 else Network(0.0, 0.0, np.inf)
        token = session._current.set(Noting(ranks.rank, ranks.size))
        piece = sharded_stepper.PIECE
        if ranks.on_this_machine == ranks.size:
            sharded_stepper.PIECE = sharded_stepper.WHOLE
        alone = trained(batch, ranks)
        sharded_stepper.PIECE = piece
        session._current.reset(token)
        few = NOTED[len(NOTED) // 3 :]
        made = [
            (median(each.pieces[k][0] for each in few), few[0].pieces[k][1])
            for k in range(len(few[0].pieces))
        ]
        moved = alone - median(each.end for each in few)
        predicted = step_seconds(made, moved, ranks.size, network)
        measured = trained(batch, ranks)
        if ranks.rank == 0:
            told = {"ranks": ranks.size, "batch": batch, "latency_us": 1e6 * network.latency}
            told |= {"long_latency_us": 1e6 * network.long_latency}
            told |= {"mb_per_second": network.rate / 1e6, "alone_ms": 1e3 * alone}
            told |= {"predicted_ms": 1e3 * predicted, "measured_ms": 1e3 * measured}
            print(json.dumps({name: round(value, 3) for name, value in told.items()}))


if __name__ == "__main__":
    main()

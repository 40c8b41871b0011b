"""A training whose step is timed, by one process or by the ranks that ``mpiexec`` has started.

It prints, at rank 0, the milliseconds of a step in the best epoch.
"""

from __future__ import annotations

import argparse

import numpy as np

from chainrule import Adam, Chain, Linear, Plan, ReLU, SoftmaxCrossEntropy, train
from chainrule.training import ranks_of

SIZES = 784, 256, 128, 10
SAMPLES = 32_768


def main() -> None:
    """Train, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("batch", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--shards", type=int)
    parser.add_argument("--mpi", action="store_true")
    parser.add_argument("--epochs", type=int, default=4)
    given = parser.parse_args()
    communicator = None
    if given.mpi:
        from mpi4py import MPI

        communicator = MPI.COMM_WORLD
    rng = np.random.default_rng(0)
    X = rng.normal(size=(SAMPLES, SIZES[0])).astype(np.float32)
    t = rng.integers(0, SIZES[-1], SAMPLES)
    hidden = [layer for size in SIZES[1:-1] for layer in (Linear(size), ReLU())]
    chain = Chain(*hidden, Linear(SIZES[-1]))
    plan = Plan(
        Adam(), batch_size=given.batch, epochs=given.epochs, patience=None, shards=given.shards
    )
    with ranks_of(communicator) as ranks:
        history = train(chain, SoftmaxCrossEntropy(), X, t, plan, threads=given.threads)
        if ranks is None or ranks.rank == 0:
            steps = -(-SAMPLES // given.batch)
            print(1e3 * min(epoch.seconds for epoch in history.epochs) / steps)


if __name__ == "__main__":
    main()

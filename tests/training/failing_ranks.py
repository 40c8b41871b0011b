"""A training in which one rank of several fails as it is asked to; ``mpiexec`` starts it."""

import hashlib
import os
import signal
import sys
from dataclasses import replace

import numpy as np
from mpi4py import MPI

from chainrule import functions as f, losses
from chainrule.chain import Chain
from chainrule.training import SGD, Plan, ranks_of, train
from chainrule.training.reporter import ReporterTee

SIZE, FAILING = MPI.COMM_WORLD.Get_size(), 1


class Failing(ReporterTee):
    """Fails after the third epoch."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def finished(self, epoch):
        """Fail, if it is time."""
        if epoch.number != 3 or MPI.COMM_WORLD.Get_rank() != FAILING:
            return
        if self.kind == "memory":
            np.empty(2**55)
        if self.kind in ("SIGSTOP", "SIGINT"):
            os.kill(os.getpid(), getattr(signal, self.kind))


def main(kind, path=None, epochs=None):
    """Train."""
    rank = MPI.COMM_WORLD.Get_rank()
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(64, 5)), rng.normal(size=(64, 2))
    if kind == "width" and rank == FAILING:
        X = np.hstack([X, X[:, :1]])
    plan = Plan(SGD(0.1), batch_size=16, epochs=100_000, patience=None)
    if kind == "shards":
        plan = replace(plan, shards=2)
    chain = Chain(f.Linear(3), f.Tanh(), f.Linear(2)).initialize(X, seed=1)
    if kind == "bfloat16":
        plan = replace(plan, epochs=3)
    if epochs is not None:
        plan = replace(plan, epochs=int(epochs))
    wire = "bfloat16" if kind == "bfloat16" else "exact"
    with ranks_of(MPI.COMM_WORLD, deadline=2.0, wire=wire):
        reporter = Failing(kind)
        given = {"validation": (X[:9], t[:9]), "reporter": reporter, "checkpoint": path}
        history = train(chain, losses.MeanSquaredError(), X, t, plan, **given)
    digests = MPI.COMM_WORLD.allgather(chain.parameters.flat.tobytes())
    if not rank:
        own = hashlib.sha256(digests[0] + repr(history.losses).encode()).hexdigest()
        print(history.end, len(history.epochs) < 1000, len(set(digests)), own)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A training in which one rank of several fails as it is asked to; ``mpiexec`` starts it.

``failing_ranks.py KIND [CHECKPOINT [EPOCHS [WHEN [RANK [DEADLINE [EVERY]]]]]]``: it fails after the
third epoch, or WHEN, so many seconds after the first step, wherever training is then.
"""

import hashlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
from mpi4py import MPI

from chainrule import functions as f, losses
from chainrule.chain import Chain
from chainrule.training import SGD, Checkpoint, Plan, checkpoint_writer, ranks_of, train
from chainrule.training.reporter import ReporterTee
from chainrule.training.sharded_stepper import ShardedStepper

SIGNALS = "SIGSTOP", "SIGKILL", "SIGINT", "SIGTERM"
ROOM = 2**26


def allocate():
    """Allocate more than there is under a limit, such as that of ``ulimit -v``."""
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + ROOM, now + ROOM))
    np.empty(4 * ROOM, np.uint8)


def fail(kind):
    """Fail, but for those that a signal ends."""
    if kind == "memory":
        np.empty(2**55)
    if kind == "limit":
        allocate()
    if kind == "error":
        raise ZeroDivisionError("of the caller's own")
    if kind == "cut":
        subprocess.run(["ip", "link", "set", "eth0", "down"], check=True)
    if kind == "exit":
        os._exit(5)


class Failing(ReporterTee):
    """Fails after the third epoch."""

    def __init__(self, kind, when, failing):
        super().__init__()
        self.kind, self.when, self.mine = kind, when, MPI.COMM_WORLD.Get_rank() == failing

    def started(self, epochs, samples):
        """Let it fail at its time."""
        if not self.mine or self.when is None:
            return
        if self.kind in SIGNALS:
            timer = threading.Timer(self.when, self.send)
            timer.daemon = True
            timer.start()
            return
        due, total = time.perf_counter() + self.when, ShardedStepper._total

        def failing(stepper):
            if time.perf_counter() > due:
                ShardedStepper._total = total
                self.say()
                fail(self.kind)
            return total(stepper)

        ShardedStepper._total = failing  # which each step calls

    def say(self):
        """Say, where a fault has a time of its own, when it came."""
        if self.when is not None:
            os.write(1, f"failed at {time.time()!r}\n".encode())

    def send(self):
        """Send this process a signal."""
        self.say()
        os.kill(os.getpid(), getattr(signal, self.kind))

    def finished(self, epoch):
        """Fail, if it is time."""
        if epoch.number == 3 and self.mine and self.when is None:
            if self.kind in SIGNALS:
                self.send()
            fail(self.kind)


def main(kind, path=None, epochs=None, when=None, failing=1, deadline=2.0, every=60.0):
    """Train."""
    rank = MPI.COMM_WORLD.Get_rank()
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(64, 5)), rng.normal(size=(64, 2))
    if kind == "width" and rank == int(failing):
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
    with ranks_of(MPI.COMM_WORLD, deadline=float(deadline), wire=wire):
        reporter = Failing(kind, None if when is None else float(when), int(failing))
        if when is not None:
            checkpoint_writer.SHARE = 1e9
        checkpoint = None if path is None else Checkpoint(path, float(every))
        given = {"validation": (X[:9], t[:9]), "reporter": reporter, "checkpoint": checkpoint}
        history = train(chain, losses.MeanSquaredError(), X, t, plan, **given)
    digests = MPI.COMM_WORLD.allgather(chain.parameters.flat.tobytes())
    if not rank:
        own = hashlib.sha256(digests[0] + repr(history.losses).encode()).hexdigest()
        print(history.end, len(history.epochs) < 1000, len(set(digests)), own)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Faults of ranks, at random moments: all end in time, and training goes on with the same bits.

``python tests/training/faults.py [COUNT]`` goes through the kinds of faults in turn. Each training
has a checkpoint; after its fault all must have ended within 30 seconds, and the file, if there is
one, must be whole. Then as many ranks as chance will have go on from it, and must have the bits of
a training without a fault. Ranks that are cut off are on machines of `benchmarks.network`, which
takes Linux and root. With ``--mpiexec`` and ``--python`` it is another MPI's; ``--deadline`` is
how long ranks wait for another, 3 seconds here and 20 for users.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import numpy as np

WORKER = Path(__file__).with_name("failing_ranks.py")
EPOCHS, MOST, EVERY, LATEST = 700, 30.0, 0.2, 0.6

KINDS = {
    "killed": ("SIGKILL", 1),
    "the first one killed": ("SIGKILL", 0),
    "stopped": ("SIGSTOP", 1),
    "the first one stopped": ("SIGSTOP", 0),
    "ended without a word": ("exit", 1),
    "no memory": ("memory", 1),
    "the first one without memory": ("memory", 0),
    "no memory under a limit": ("limit", 1),
    "an error of the caller's": ("error", 1),
    "the first one's error": ("error", 0),
    "data of another width": ("width", 1),
    "cut off": ("cut", 1),
    "the first one cut off": ("cut", 0),
    "SIGTERM": ("SIGTERM", 1),
    "Ctrl-C": ("SIGINT", 1),
}
"""Kinds of faults, and the rank that has them."""

MACHINES, LATENCY, RATE = 3, 1e-3, 125e6
"""Of the network of which a rank is cut off."""


@dataclass
class Told:
    """What is known of a kind of fault."""

    seconds: list[float] = field(default_factory=list)
    sentences: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    went_on: int = 0


@dataclass
class Launcher:
    """Starts trainings."""

    mpiexec: list[str]
    python: str
    deadline: float
    variables: dict[str, str] | None = None

    def run(self, ranks, kind, *given):
        """Return output, errors, and when it ended."""
        command = [*self.mpiexec, "-n", str(ranks), self.python, str(WORKER), kind]
        done = subprocess.run(
            [*command, *map(str, given)],
            capture_output=True,
            text=True,
            env=self.variables,
            timeout=300,
            errors="replace",
            check=False,
        )
        return done.returncode, done.stdout, done.stderr, time.time()

    def finished(self, ranks, path):
        """Return what a training without a fault, or the rest of one, comes to."""
        code, out, err, _ = self.run(ranks, "none", path, EPOCHS)
        assert code == 0, err
        return out.split()[-1]


def cut_off(launcher, kind, *given):
    """Return what is told of a rank that is cut off the network; all must end by themselves."""
    from benchmarks.network import machine, network

    with network(MACHINES, LATENCY, RATE) as variables:
        there = ["ip", "netns", "exec", machine(1), *launcher.mpiexec]
        there += variables["MACHINES"].split()
        code, out, err, end = replace(launcher, mpiexec=there, variables=variables).run(
            MACHINES, kind, *given
        )
        while at_work():
            time.sleep(0.1)
            end = time.time()
    return code, out, err, end


def at_work():
    """Return the processes of the training that have not ended."""
    found = subprocess.run(["pgrep", "-f", str(WORKER)], capture_output=True, check=False)
    return found.stdout.split()


def step_of(path):
    """Return the step of a checkpoint, which must be whole."""
    from chainrule.training import Checkpoint

    checkpoint = Checkpoint(path)
    checkpoint.read()
    return checkpoint._snapshot["step"]


def go_through(launcher, name, expected, told, rng):
    """Have a fault, and go on."""
    kind, failing = KINDS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        ranks, when = int(rng.integers(2, 5)), rng.uniform(0.05, LATEST)
        given = path, EPOCHS, when, failing, launcher.deadline, EVERY
        if kind == "cut":
            code, out, err, end = cut_off(launcher, kind, *given)
        else:
            code, out, err, end = launcher.run(ranks, kind, *given)
        failed = re.search(r"failed at (\S+)", out)
        if kind != "width":
            assert failed, f"{name}: it came too late\n{err}"
            told.seconds.append(end - float(failed[1]))
            assert told.seconds[-1] < MOST, err
        assert code or kind in ("SIGTERM", "SIGINT"), err
        assert not at_work(), name
        told.sentences.append(len(re.findall(r"^chainrule: |^\S*Error: ", err, re.MULTILINE)))
        if path.exists():
            told.steps.append(step_of(path))
            quiet = ("SIGTERM", "SIGINT", "SIGKILL", "exit")
            assert str(path) in err or kind in quiet or (kind == "cut" and not failing), err
        others = int(rng.integers(1, 5))
        assert launcher.finished(others, path) == expected, f"{name}: other bits"
        told.went_on += 1


def main():
    """Go through so many faults; say how it went."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int, nargs="?", default=2 * len(KINDS))
    parser.add_argument("--mpiexec", default=str(Path(sys.executable).with_name("mpiexec")))
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--deadline", type=float, default=3.0)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    launcher = Launcher(shlex.split(given.mpiexec), given.python, given.deadline)
    rng, told = np.random.default_rng(given.seed), defaultdict(Told)
    sys.path.insert(0, str(Path(__file__).parents[2]))
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    with tempfile.TemporaryDirectory() as folder:
        expected = launcher.finished(1, Path(folder) / "whole")
        for name in islice(cycle(given.kinds), given.count):
            go_through(launcher, name, expected, told[name], rng)
            print(end=".", flush=True)
    print("\nfault: times, seconds until all have ended, sentences, checkpoints found at step")
    for name, each in told.items():
        seconds = f"{median(each.seconds):.1f} to {max(each.seconds):.1f}" if each.seconds else "–"
        print(f"{name}: {each.went_on}, {seconds}, {each.sentences}, {each.steps}")
    print(f"{given.count} faults, after each of which training went on with the same bits")


if __name__ == "__main__":
    main()

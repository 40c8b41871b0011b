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
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

import numpy as np

WORKER = Path(__file__).with_name("failing_ranks.py")
EPOCHS, MOST, EVERY, LATEST = 3000, 30.0, 0.2, 0.6

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


def gone_on(launcher, name, expected, rng):
    """Have a fault, and go on; return the seconds until all had ended, and a line about it."""
    kind, failing = KINDS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        ranks, when = int(rng.integers(2, 5)), rng.uniform(0.05, LATEST)
        ranks = MACHINES if kind == "cut" else ranks
        given = path, EPOCHS, when, failing, launcher.deadline, EVERY
        if kind == "cut":
            code, out, err, end = cut_off(launcher, kind, *given)
        else:
            code, out, err, end = launcher.run(ranks, kind, *given)
        failed = re.search(r"failed at (\S+)", out)
        assert failed or kind == "width", f"{name}: it came too late\n{err}"
        seconds = end - float(failed[1]) if failed else 0.0
        assert seconds < MOST, err
        assert code or kind in ("SIGTERM", "SIGINT"), err
        assert not at_work(), name
        sentences = len(re.findall(r"^chainrule: |^\S*Error: ", err, re.MULTILINE))
        step = step_of(path) if path.exists() else 0
        if path.exists():
            quiet = ("SIGTERM", "SIGINT", "SIGKILL", "exit")
            assert str(path) in err or kind in quiet or (kind == "cut" and not failing), err
        others = int(rng.integers(1, 5))
        assert launcher.finished(others, path) == expected, f"{name}: other bits"
    return seconds, (
        f"{name}, {ranks} ranks: ended after {seconds:.1f} s, with {sentences} sentences; {others} "
        f"went on from step {step}"
    )


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
    rng, longest = np.random.default_rng(given.seed), 0.0
    sys.path.insert(0, str(Path(__file__).parents[2]))
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    with tempfile.TemporaryDirectory() as folder:
        expected = launcher.finished(1, Path(folder) / "whole")
        for name in islice(cycle(given.kinds), given.count):
            seconds, line = gone_on(launcher, name, expected, rng)
            longest = max(longest, seconds)
            print(line, flush=True)
    print(f"{given.count} faults, {longest:.1f} s at most, and the same bits after each")


if __name__ == "__main__":
    main()

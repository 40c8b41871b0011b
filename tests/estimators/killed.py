"""Trainings that are killed at random moments, and go on.

``python tests/estimators/killed.py 200`` kills so many. Each is a forked process that fits, writes
checkpoints all the while, and saves its model over an earlier one. It is killed, up to three times,
without any warning; after each time the model file must be whole, the earlier one or the new one,
and so must the checkpoint. Then it may end, and must have the bits of a training that was not
interrupted.
"""

import hashlib
import os
import shutil
import signal
import sys
import tempfile
import time
import warnings
from itertools import cycle, islice
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from chainrule import load
from chainrule.training import Checkpoint, checkpoint_writer
from chainrule.training.engine_stepper import EngineStepper
from estimators.checkpoint_cases import CASES, bits_of

MOST_KILLS = 3
RESULT, MODEL, CHECKPOINT = "result", "model.safetensors", "run.safetensors"


def fit(case, folder, **options):
    """Fit, save the model, and write down the digest of all that must be the same."""
    model, data, answers = CASES[case]()
    model.fit(data, answers, **options)
    model.save(folder / MODEL)
    digest = hashlib.sha256(repr(bits_of(model)).encode()).hexdigest()
    (folder / RESULT).write_text(digest)


def begun(case, folder):
    """Return the number of a new process that fits with checkpoints."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        fit(case, folder, checkpoint=folder / CHECKPOINT, checkpoint_every=0)
        code = 0
    finally:
        os._exit(code)


def check_whole(case, folder):
    """Load what is there, and compare the model with the earlier one where it is that."""
    load(folder / MODEL)
    if (folder / CHECKPOINT).exists():
        checkpoint = Checkpoint(folder / CHECKPOINT)
        checkpoint.read()
        assert checkpoint.found, case


def killed_and_gone_on(case, seconds, expected, earlier, rng):
    """Kill a training at random moments, let it end, and return how often it had a checkpoint."""
    had = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(earlier, folder / MODEL)
        for _ in range(int(rng.integers(1, MOST_KILLS + 1))):
            child = begun(case, folder)
            time.sleep(rng.uniform(0, seconds))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            check_whole(case, folder)
            had += (folder / CHECKPOINT).exists()
            (folder / RESULT).unlink(missing_ok=True)
        _, status = os.waitpid(begun(case, folder), 0)
        assert status == 0, f"{case}: it did not go on"
        assert (folder / RESULT).read_text() == expected, f"{case}: other bits"
        check_whole(case, folder)
    return had


def main(count, seed=0):
    """Kill so many trainings, of all kinds in turn; say how it went."""
    warnings.simplefilter("ignore")
    checkpoint_writer.SHARE = 1e9
    EngineStepper.at_once = lambda self, size: 1
    rng, had = np.random.default_rng(seed), 0
    with tempfile.TemporaryDirectory() as name:
        known = {}
        for case in islice(cycle(CASES), count):
            folder = Path(name) / case.replace(" ", "-")
            if case not in known:
                folder.mkdir()
                fit(case, folder)
                expected = (folder / RESULT).read_text()
                begin = time.perf_counter()
                os.waitpid(begun(case, folder), 0)
                known[case] = time.perf_counter() - begin, expected, folder / MODEL
            had += killed_and_gone_on(case, *known[case], rng)
    print(f"{count} trainings killed and gone on, all with the same bits; {had} checkpoints found")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)

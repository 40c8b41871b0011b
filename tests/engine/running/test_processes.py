"""Training in processes: forked, of joblib, several at once, and ended by Ctrl-C."""

import os
import signal
import subprocess
import sys

import joblib
import pytest

HANGS = 1800
"""Seconds after which a process waits for something that never comes, on any machine."""

JOB = """
import hashlib, sys
import numpy as np
from chainrule import Adam, Chain, CrossEntropy, Dropout, Linear, Plan, ReLU, Softmax, train

def job(_=None, threads=2):
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(300, 20)), rng.integers(0, 5, 300)
    chain = Chain(Linear(70), ReLU(), Dropout(0.2), Linear(5), Softmax())
    plan = Plan(Adam(), epochs=2)
    history = train(chain, CrossEntropy(), X, t, plan, engine="machine", threads=threads)
    return hashlib.sha256(chain.parameters.flat.tobytes()).hexdigest()
"""


def start(script, folder, **settings):
    """Start a process that has a folder of kernels of its own."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", JOB + script],
        env=os.environ | {"CHAINRULE_CACHE": str(folder)} | settings,
        stdout=subprocess.PIPE,
        text=True,
    )


def lines(process):
    """Return what a process prints; one that hangs is an error."""
    try:
        out, _ = process.communicate(timeout=HANGS)
    finally:
        process.kill()
    assert process.returncode == 0
    return out.splitlines()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_children_forked_after_training_train_the_same(tmp_path):
    script = """
import multiprocessing, os
print(job(), flush=True)
if not (child := os.fork()):
    print(job(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(*pool.map(job, range(2)), sep="\\n")
print(job())
"""
    found = lines(start(script, tmp_path))
    assert len(found) == 5
    assert len(set(found)) == 1


def test_joblibs_workers_train_the_same_on_their_share_of_the_processors(tmp_path):
    script = """
from joblib import Parallel, delayed
from chainrule.engine.machine.availability import processors

def share(_):
    return job(threads=None), processors()

found = Parallel(n_jobs=2)(delayed(share)(number) for number in range(4))
print(job(), *(digest for digest, _ in found), sep="\\n")
print(*(count for _, count in found), sep="\\n")
"""
    without = {name: "" for name in os.environ if name.endswith("_NUM_THREADS")}
    found = lines(start(script, tmp_path, **without))
    assert len(found) == 9
    assert len(set(found[:5])) == 1
    assert set(found[5:]) == {str(max(1, joblib.cpu_count() // 2))}


def test_processes_that_compile_at_once_do_not_disturb_each_other(tmp_path):
    folder = tmp_path / "kernels"
    processes = [start("print(job())", folder) for _ in range(3)]
    assert len({line for process in processes for line in lines(process)}) == 1
    assert {file.suffix for file in folder.iterdir()} == {".kernel"}


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process alone")
def test_ctrl_c_ends_long_machine_code(tmp_path):
    script = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it
rng = np.random.default_rng(0)
X, t = rng.random((20_000, 300), dtype=np.float32), rng.integers(0, 5, 20_000)
chain = Chain(Linear(300), ReLU(), Linear(5), Softmax())

class Told:
    def started(self, epochs, samples): pass
    def stepped(self, samples, loss): print("step", flush=True)
    def finished(self, epoch): pass
    def ended(self, history): pass

plan = Plan(Adam(), epochs=1_000_000, patience=None)
history = train(chain, CrossEntropy(), X, t, plan, reporter=Told(), engine="machine", threads=2)
print(history.end, np.isfinite(chain.parameters.flat).all())
"""
    process = start(script, tmp_path)
    for _ in range(3):
        assert process.stdout.readline() == "step\n"
    process.send_signal(signal.SIGINT)
    assert lines(process)[-1] == "interrupted True"

"""Trainings that ranks of MPI share: the same bits, and an end for all."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from chainrule import MLPClassifier, ranks_of
from chainrule.training import Checkpoint
from chainrule.training.snapshot import Reader
from training.over_ranks import all_digests, going_on

FOLDER = Path(__file__).parent
PLACES = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
MPIEXEC = shutil.which("mpiexec", path=PLACES)

with_mpi = pytest.mark.skipif(
    MPIEXEC is None or find_spec("mpi4py") is None, reason="needs mpi4py and mpiexec"
)


def start(ranks, *arguments):
    """Return a program that ``mpiexec`` has started with so many ranks."""
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [MPIEXEC, "-n", str(ranks), sys.executable, *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=variables, **pipes)


@pytest.fixture(scope="module")
def alone():
    return all_digests()


@pytest.fixture(scope="module")
def uninterrupted():
    return going_on(None, None)


SIZES = 8, 4, 3, 2


@pytest.fixture(scope="module")
def shared_out(tmp_path_factory):
    """The digests of all ranks, by their number, and the folder of trainings that they began."""
    folder = tmp_path_factory.mktemp("going on")
    started = start(max(SIZES), FOLDER / "over_ranks.py", folder, *SIZES)
    out, err = started.communicate(timeout=300)
    assert started.returncode == 0, err
    return dict(map(json.loads, out.splitlines())), folder


@with_mpi
@pytest.mark.parametrize("ranks", SIZES)
def test_the_same_bits_on_any_number_of_ranks(alone, uninterrupted, shared_out, ranks):
    found, folder = shared_out
    assert len(found[ranks]) == ranks
    assert all(own == alone for own in found[ranks])
    path = folder / f"blocks{ranks}"
    assert path.exists()
    assert going_on(None, path) == uninterrupted


def ended(kind, *arguments, ranks=3):
    """Return exit code, output and errors, and seconds, of a training in which a rank fails."""
    begin = time.perf_counter()
    started = start(ranks, FOLDER / "failing_ranks.py", kind, *arguments)
    out, err = started.communicate(timeout=60)
    return started.returncode, out, err, time.perf_counter() - begin


def step_of(path):
    """Return how many steps a checkpoint has."""
    checkpoint = Checkpoint(path)
    checkpoint.read()
    return Reader(checkpoint._snapshot).whole("step")


WIDTH = r"expected X of shape \(64, 5\) at rank 1, as rank 0 has, got \(64, 6\)"


@with_mpi
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("width", f"DifferentRanksError: train: {WIDTH}"),
        ("shards", "ValueError: train: expected at least as many shards as ranks, 3, got 2"),
        ("memory", "_ArrayMemoryError: Unable to allocate"),
    ],
)
def test_an_error_of_one_rank_ends_all_and_is_said_once(kind, error):
    code, _, err, _ = ended(kind)
    assert code == 1
    assert len(re.findall(error, err)) == 1, err
    assert err.count("Traceback") == 1, err


@with_mpi
def test_a_rank_that_hangs_ends_all_with_a_sentence_and_the_first_keeps_what_is_done(tmp_path):
    path = tmp_path / "run"
    code, _, err, seconds = ended("SIGSTOP", path)
    assert code != 0
    goes_on = f"the same training goes on from {path}, with any number of ranks"
    sentence = "rank 0 ends the training: no sign of life from rank 1 for 2 seconds"
    assert err.count("ends the training") == 1
    assert f"chainrule: {sentence}; {goes_on}\n" in err
    assert seconds < 30
    assert step_of(path) == 12


@with_mpi
@pytest.mark.parametrize("kind", ["SIGINT", "SIGTERM"])
def test_a_signal_to_one_rank_ends_the_steps_of_all_at_the_same_step(kind, tmp_path):
    code, out, err, _ = ended(kind, tmp_path / "run")
    assert code == 0, err
    assert out.split()[:3] == ["interrupted", "True", "1"]


@with_mpi
def test_a_training_goes_on_from_its_checkpoint_at_another_number_of_ranks(tmp_path):
    code, _, err, _ = ended("none", tmp_path / "whole", 6, ranks=2)
    assert code == 0, err
    code, out, err, _ = ended("error", tmp_path / "cut", 100_000, ranks=3)
    assert code == 1
    goes_on = f"chainrule: the same training goes on from {tmp_path / 'cut'}, with any number of"
    assert err.count(goes_on) == 1, err
    assert err.count("Traceback") == 1, err
    assert step_of(tmp_path / "cut") == 12
    shutil.copy(tmp_path / "cut", tmp_path / "again")
    results = set()
    for ranks, name in ((1, "cut"), (2, "again")):
        code, out, err, _ = ended("none", tmp_path / name, 40, ranks=ranks)
        assert code == 0, err
        results.add(out)
    code, out, err, _ = ended("none", tmp_path / "whole", 40, ranks=3)
    assert code == 0, err
    assert {out} == results


@with_mpi
def test_gradients_that_travel_in_bfloat16_give_all_ranks_the_same_bits():
    code, out, err, _ = ended("bfloat16")
    assert code == 0, err
    assert out.split()[:3] == ["epochs", "True", "1"]


def test_what_is_no_communicator_is_refused():
    pytest.importorskip("mpi4py.MPI", exc_type=ImportError)
    with pytest.raises(TypeError, match="expected an intracommunicator of mpi4py"):
        MLPClassifier().fit([[0.0], [1.0]], [0, 1], communicator=4)


def test_another_way_to_travel_is_refused():
    MPI = pytest.importorskip("mpi4py.MPI", exc_type=ImportError)
    with (
        pytest.raises(ValueError, match="expected wire 'exact' or 'bfloat16', got 'float8'"),
        ranks_of(MPI.COMM_WORLD, wire="float8"),
    ):
        raise AssertionError


def test_without_mpi4py_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ImportError, match=r"takes mpi4py .*pip install 'chainrule\[mpi\]'"):
        MLPClassifier().fit([[0.0], [1.0]], [0, 1], communicator=object())

"""``mpiexec -n 2 chainrule train``: one training, one model, and one voice."""

import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chainrule.cli.ranks import cut, launched, over_ranks
from chainrule.training import session
from chainrule.training.ranks import OneProcess
from cli.runs import chainrule
from training.test_ranks import start, with_mpi


def test_the_launchers_say_which_process_this_is():
    assert launched({"PMI_RANK": "2", "PMI_SIZE": "4"}) == (2, 4)
    assert launched({"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "1"}) == (0, 1)
    assert launched({"PMI_RANK": "2"}) is None
    assert launched({}) is None


@pytest.fixture
def two_processes(monkeypatch):
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    return monkeypatch


def test_the_first_process_says_what_to_install(two_processes):
    two_processes.setenv("PMI_RANK", "0")
    expected = r"mpiexec has started 2 processes to train by mpi4py, .*'chainrule\[mpi\]'"
    with pytest.raises(ImportError, match=expected), over_ranks("train"):
        raise AssertionError
    two_processes.setenv("PMI_RANK", "1")
    with pytest.raises(SystemExit) as ended, over_ranks("train"):
        raise AssertionError
    assert ended.value.code == 1


@pytest.mark.parametrize("command", ["predict", "show", None])
def test_other_commands_are_those_of_one_process(two_processes, command):
    two_processes.setenv("PMI_RANK", "1")
    with over_ranks(command):
        pass


def by_ranks(ranks, path, *arguments):
    """Return the bytes of a model that ranks train, and what is printed."""
    started = start(ranks, "-m", "chainrule", "train", *arguments, "--output", path)
    out, err = started.communicate(timeout=120)
    assert started.returncode == 0, err
    return path.read_bytes(), out, err


def alone(path, *arguments):
    """Return the bytes of a model that one process trains, whose batches are cut."""
    run = chainrule("train", *arguments, "--shards", 8, "--output", path)
    assert run.code == 0, run.err
    return path.read_bytes()


ARGUMENTS = "iris", "--optimizer", "lbfgs", "--epochs", 4, "--json"


@with_mpi
def test_any_number_of_ranks_writes_the_same_model(tmp_path):
    path = tmp_path / "2.safetensors"
    model, out, _ = by_ranks(2, path, *ARGUMENTS)
    assert json.loads(out)["model"] == str(path)
    assert model == alone(tmp_path / "1.safetensors", *ARGUMENTS)


@with_mpi
def test_a_folder_is_streamed_by_ranks(tmp_path):
    numbers, folder = np.random.default_rng(0), tmp_path / "parts"
    folder.mkdir()
    for part in range(2):
        x, y = numbers.normal(size=(2, 300))
        kind = np.where(x + y > 0, "up", "down")
        pq.write_table(pa.table({"x": x, "y": y, "kind": kind}), folder / f"{part}.parquet", 90)
    arguments = folder, "--stream", "--target", "kind", "--epochs", 1, "--class-weight", "balanced"
    model, _, err = by_ranks(2, tmp_path / "2.safetensors", *arguments)
    assert "600 rows in 8 blocks" in err
    assert model == alone(tmp_path / "1.safetensors", *arguments)


def test_other_numbers_of_shards_are_refused():
    run = chainrule("train", "iris", "--shards", 3)
    assert run.code == 1
    assert "--shards: expected shards to be a power of two" in run.err


def test_more_than_8_processes_are_told_their_shards():
    many = OneProcess()
    many.size = 9
    token = session._current.set(many)
    try:
        told = cut(None, None)
    finally:
        session._current.reset(token)
    assert told == ["16 shards for 9 processes; fewer have the same bits with --shards 16"]
    assert cut(None, None) == []


@with_mpi
def test_an_error_is_said_once(tmp_path):
    started = start(2, "-m", "chainrule", "train", tmp_path / "none.csv")
    out, err = started.communicate(timeout=120)
    assert started.returncode == 1
    assert out == ""
    assert err.count("error: ") == 1
    assert "no file or folder is named" in err

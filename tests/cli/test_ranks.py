"""``mpiexec -n 2 chainrule train``: one training, one model, and one voice."""

import json
import sys

import pytest

from chainrule.cli.ranks import launched, over_ranks
from training.test_ranks import start, with_mpi

ARGUMENTS = "-m", "chainrule", "train", "iris", "--model", "mlp", "--epochs", "4", "--batch", "32"


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


@with_mpi
def test_any_number_of_ranks_writes_the_same_model(tmp_path):
    models = []
    for ranks in (1, 2):
        path = tmp_path / f"{ranks}.safetensors"
        started = start(ranks, *ARGUMENTS, "--json", "--output", path)
        out, err = started.communicate(timeout=120)
        assert started.returncode == 0, err
        assert json.loads(out)["model"] == str(path)
        models.append(path.read_bytes())
    assert models[0] == models[1]


@with_mpi
def test_an_error_is_said_once(tmp_path):
    started = start(2, "-m", "chainrule", "train", tmp_path / "none.csv")
    out, err = started.communicate(timeout=120)
    assert started.returncode == 1
    assert out == ""
    assert err.count("error: ") == 1
    assert "no file or folder is named" in err

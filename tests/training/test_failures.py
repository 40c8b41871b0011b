"""A training that an error ends keeps its last whole step, and goes on with the same bits."""

import errno
import os
import re

import numpy as np
import pytest

from chainrule.training import Adam, Checkpoint, Patience, Plan, checkpoint_writer, train
from chainrule.training.engine_stepper import EngineStepper
from chainrule.training.ranks import OneProcess
from chainrule.training.signs_of_life import SignsOfLife
from chainrule.training.snapshot import Reader
from chainrule.training.validation import Validation
from training.recorder import Recorder
from training.test_checkpoints import HELD_OUT, LOSS, X, bits, rows, t

AVERAGED = Plan(Adam(0.05), batch_size=10, epochs=5, averaging=0.7, patience=Patience(9))
SHARDED = Plan(Adam(0.05), batch_size=16, epochs=5, shards=8, patience=None)
"""Six steps in an epoch; four."""


class OwnError(Exception):
    """Of the caller's own."""


class Fails:
    """Returns what a function does, but at one call."""

    def __init__(self, function, at):
        self.function, self.at, self.calls = function, at, 0

    def __call__(self, *given):
        self.calls += 1
        if self.calls == self.at:
            raise OwnError
        return self.function(*given)


class Told(Recorder):
    """Fails when it is told of a step, or of an epoch."""

    def __init__(self, what, at):
        super().__init__()
        setattr(self, what, Fails(getattr(self, what), at))


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint_writer, "SHARE", 1e9)
    monkeypatch.setattr(EngineStepper, "at_once", lambda self, size: 1)
    return tmp_path / "run"


def step_of(path):
    checkpoint = Checkpoint(path)
    checkpoint.read()
    return Reader(checkpoint._snapshot).whole("step")


def accuracy(Y, t):
    return float(np.mean(np.argmax(Y, 1) == t))


def trained(plan, **options):
    chain = rows()
    options |= {"validation": HELD_OUT, "score": accuracy}
    return bits(chain, train(chain, LOSS, X, t, plan, threads=1, **options))


@pytest.mark.parametrize(
    ("what", "at", "step"), [("stepped", 1, 1), ("stepped", 9, 9), ("finished", 2, 12)]
)
def test_a_callback_that_fails(path, what, at, step):
    with pytest.raises(OwnError) as found:
        trained(AVERAGED, checkpoint=path, reporter=Told(what, at))
    assert found.value.__notes__ == [f"the same training goes on from {path}"]
    assert step_of(path) == step
    assert trained(AVERAGED, checkpoint=path) == trained(AVERAGED)


def test_a_score_that_fails_leaves_the_average_as_it_was(path, monkeypatch):
    measure = Validation.measure
    failing = Fails(measure, 3)
    monkeypatch.setattr(Validation, "measure", lambda *given: failing(*given))
    with pytest.raises(OwnError):
        trained(AVERAGED, checkpoint=path)
    monkeypatch.setattr(Validation, "measure", measure)
    assert step_of(path) == 18
    assert trained(AVERAGED, checkpoint=path) == trained(AVERAGED)


@pytest.mark.parametrize("at", [1, 2, 7])
def test_a_step_among_others_that_fails_for_want_of_others(path, at, monkeypatch):
    expected, total = trained(SHARDED), OneProcess.total
    failing = Fails(total, at)
    monkeypatch.setattr(OneProcess, "total", lambda *given: failing(*given))
    with pytest.raises(OwnError):
        trained(SHARDED, checkpoint=path)
    assert step_of(path) == at - 1
    monkeypatch.setattr(OneProcess, "total", total)
    assert trained(SHARDED, checkpoint=path) == expected


def test_without_a_checkpoint_nothing_is_said_of_one():
    with pytest.raises(OwnError) as found:
        trained(AVERAGED, reporter=Told("stepped", 2))
    assert not hasattr(found.value, "__notes__")


class Nested(Recorder):
    """Begins another training with the same checkpoint."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def finished(self, epoch):
        trained(AVERAGED, checkpoint=self.path)


def test_two_trainings_with_one_checkpoint(path):
    told = f"checkpoint {path} is being written by another training, process {os.getpid()} on "
    with pytest.raises(ValueError, match=re.escape(told)):
        trained(AVERAGED, checkpoint=path, reporter=Nested(path))
    assert os.listdir(path.parent) == [path.name], "the lock goes"
    assert trained(AVERAGED, checkpoint=path) == trained(AVERAGED)


def test_a_checkpoint_that_another_training_has_written_meanwhile(path):
    with pytest.raises(OwnError):
        trained(AVERAGED, checkpoint=path, reporter=Told("stepped", 2))
    late = Checkpoint(path)
    late.read()
    trained(AVERAGED, checkpoint=path)
    told = "has been changed by another training since this one began"
    with pytest.raises(ValueError, match=told):
        trained(AVERAGED, checkpoint=late)


def test_where_nothing_can_be_locked_training_goes_on(path, monkeypatch):
    def flock(*given):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr("fcntl.flock", flock)
    assert trained(AVERAGED, checkpoint=path) == trained(AVERAGED)


class Post:
    """Messages of ranks in one process."""

    def __init__(self, rank, boxes):
        self.rank, self.boxes = rank, boxes

    def Get_rank(self):  # noqa: N802
        return self.rank

    def Get_size(self):  # noqa: N802
        return len(self.boxes)

    def Isend(self, array, to, tag):  # noqa: N802
        self.boxes[to].append((self.rank, array.copy()))

    def Iprobe(self, source, tag, status):  # noqa: N802
        for sender, _ in self.boxes[self.rank][:1]:
            status.Set_source(sender)
        return bool(self.boxes[self.rank])

    def Irecv(self, array, source, tag):  # noqa: N802
        array[...] = self.boxes[self.rank].pop(0)[1]
        return self

    def Wait(self):  # noqa: N802
        pass


def test_the_silent_rank_is_the_one_that_nobody_hears(monkeypatch):
    pytest.importorskip("mpi4py.MPI", exc_type=ImportError)
    monkeypatch.setattr("chainrule.training.signs_of_life.HEARD", 0.01)
    boxes = [[] for _ in range(4)]
    first, second, _, fourth = (SignsOfLife(Post(rank, boxes)) for rank in range(4))
    assert first.asked() is None
    fourth.give(7.0)
    assert second.asked() == first.asked() == 7.0
    for each in (first, second):
        each.give(7.0)
        each.give(9.0)
    assert first.silent() == second.silent() == fourth.silent() == [2]

"""Signals of the command line: the first interrupts, the second ends the process."""

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from chainrule import Chain, CrossEntropy, Linear, Plan, Softmax, interruption as module, train
from chainrule.interruption import SIGNALS, Interruption
from training.recorder import Recorder

NUMBERS = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.fixture
def handlers():
    """Let signals have their usual effect, whoever runs the tests, and give back what was."""
    before = {number: signal.getsignal(number) for number in NUMBERS}
    for number in NUMBERS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: [signal.getsignal(number) for number in NUMBERS]
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_first_is_a_keyboard_interrupt_and_then_each_has_its_usual_effect(handlers, number):
    watch = Interruption()
    watch.watch()
    with pytest.raises(KeyboardInterrupt), watch.during_work():
        signal.raise_signal(number)
    assert handlers() == [signal.SIG_DFL] * len(NUMBERS)


def test_more_within_a_moment_are_the_same_request(handlers, monkeypatch):
    """As ``timeout`` sends SIGTERM to a process and then to its group."""
    sent = []

    def meanwhile(seconds):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.raise_signal(number)
            sent.append(number)

    monkeypatch.setattr(module.time, "sleep", meanwhile)
    watch = Interruption()
    watch.watch()
    with pytest.raises(KeyboardInterrupt), watch.during_work():
        signal.raise_signal(signal.SIGTERM)
    assert len(sent) == 2


def test_results_are_saved_in_peace(handlers):
    watch = Interruption()
    watch.watch()
    with watch.during_work(), watch.held_off():
        signal.raise_signal(signal.SIGTERM)
    assert handlers() == [signal.SIG_DFL] * len(NUMBERS)


def test_after_the_work_there_is_nothing_to_interrupt(handlers):
    watch = Interruption()
    watch.watch()
    with watch.during_work():
        pass
    signal.raise_signal(signal.SIGINT)


def test_what_is_ignored_or_taken_stays_so(handlers, monkeypatch):
    """Under ``nohup``, and within a program that has handlers of its own."""
    monkeypatch.setattr(os, "isatty", lambda stream: False)

    def own(number, frame):
        pass

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, own)
    Interruption().watch()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGTERM) is own


def test_another_thread_watches_nothing(handlers):
    before, errors = handlers(), []

    def watch():
        try:
            Interruption().watch()
        except ValueError as error:
            errors.append(error)

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join()
    assert errors == []
    assert handlers() == before


@pytest.mark.parametrize("engine", ["machine", "reference"])
def test_a_fit_in_python_sets_no_handlers_and_heeds_those_that_are_set(handlers, engine):
    """What the docs advise for batch jobs: SIGTERM as Ctrl-C."""

    class Ending(Recorder):
        def finished(self, epoch):
            super().finished(epoch)
            if epoch.number == 3:
                signal.raise_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    before = handlers()
    X, t = np.eye(9), np.arange(9) % 3
    chain = Chain(Linear(3), Softmax()).initialize(X)
    plan = Plan(epochs=9, batch_size=3)
    history = train(chain, CrossEntropy(), X, t, plan, reporter=Ending(), engine=engine)
    assert history.end == "interrupted"
    assert len(history.epochs) == 3
    assert handlers() == before


SAVING = """
import signal, sys, time
from chainrule.interruption import interruption
interruption.watch()
with interruption.during_work(), interruption.held_off():
    print("saving", flush=True)
    while signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        time.sleep(0.01)
    print("asked to end", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_second_ends_at_once(second):
    with subprocess.Popen(
        [sys.executable, "-c", SAVING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout.readline() == b"saving\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == b"asked to end\n"
        process.send_signal(second)
        assert process.stderr.read() == b""
    assert process.returncode == -second


def test_a_terminal_that_has_closed_is_not_written_to(handlers, monkeypatch, tmp_path):
    terminal = os.open(tmp_path / "terminal", os.O_WRONLY | os.O_CREAT)
    watch = Interruption()
    watch.watch()
    monkeypatch.setattr(watch, "_terminals", [terminal])
    try:
        with pytest.raises(KeyboardInterrupt), watch.during_work():
            signal.raise_signal(signal.SIGHUP)
        os.write(terminal, b"a word")
    finally:
        os.close(terminal)
    assert (tmp_path / "terminal").read_bytes() == b""

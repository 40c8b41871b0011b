"""Threads that wait for loops: each job is done once, whatever interrupts those who ask."""

import threading
import time

import numpy as np
import pytest

from chainrule import Adam, Chain, CrossEntropy, Linear, Plan, ReLU, Softmax, train
from chainrule.engine.running.workers import Worker, workers


@pytest.fixture
def done():
    return []


def job(done, number, seconds=0.0):
    def loop(address):
        time.sleep(seconds)
        done.append(address)

    return loop, number


def test_a_job_is_done_when_it_has_been_waited_for(done):
    with workers(1) as (worker,):
        for number in range(200):
            task = job(done, number)
            worker.ask(task)
            worker.wait(task)
            assert done[-1] == number
    assert done == list(range(200))


def test_to_ask_and_to_wait_again_changes_nothing(done):
    with workers(1) as (worker,):
        for number in range(200):
            task = job(done, number, 1e-4 * (number % 3))
            worker.ask(task)
            worker.ask(task)
            worker.wait(task)
            worker.ask(task)
            worker.wait(task)
    assert done == list(range(200))


def test_threads_stay_for_the_next_who_asks(done):
    with workers(3):
        pass
    before = threading.active_count()
    for number in range(20):
        with workers(3) as lent:
            tasks = [job(done, number) for _ in lent]
            for worker, task in zip(lent, tasks, strict=True):
                worker.ask(task)
            for worker, task in zip(lent, tasks, strict=True):
                worker.wait(task)
    assert threading.active_count() == before
    assert len(done) == 60


def test_nobody_is_lent_what_another_has():
    with workers(2) as some, workers(2) as others:
        assert len({*some, *others}) == 4


def trained(threads, epochs=3):
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(300, 20)), rng.integers(0, 5, 300)
    chain = Chain(Linear(70), ReLU(), Linear(5), Softmax())
    train(chain, CrossEntropy(), X, t, Plan(Adam(), epochs=epochs), threads=threads)
    return chain.parameters.flat


def test_trainings_at_once_do_not_meet():
    alone = trained(1)
    found = []
    several = [threading.Thread(target=lambda: found.append(trained(2))) for _ in range(4)]
    for thread in several:
        thread.start()
    for thread in several:
        thread.join()
    assert len(found) == 4
    for flat in found:
        np.testing.assert_array_equal(flat, alone)


@pytest.mark.parametrize("act", ["ask", "wait"])
def test_ctrl_c_waits_for_the_loop_to_end(monkeypatch, act):
    usual, count = getattr(Worker, act), [0]

    def interrupted(self, task):
        count[0] += 1
        if count[0] == 2:
            raise KeyboardInterrupt  # before it is done; with the next it was
        usual(self, task)
        if count[0] == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(Worker, act, interrupted)
    chain = Chain(Linear(70), ReLU(), Linear(5), Softmax())
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(300, 20)), rng.integers(0, 5, 300)
    for _ in range(2):
        history = train(chain, CrossEntropy(), X, t, Plan(epochs=5), threads=2)
        assert history.end == "interrupted"
    assert train(chain, CrossEntropy(), X, t, Plan(epochs=5), threads=2).end == "epochs"

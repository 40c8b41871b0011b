"""Processes that wait for each other, here threads: who is missing, and what the others see."""

import threading

import numpy as np

from chainrule.engine.running.meeting import COUNTERS, Meeting


def test_whoever_has_not_come_is_missing():
    counters = np.zeros((3, COUNTERS), np.int64)
    one, two, three = (Meeting(counters, number) for number in range(3))
    assert one.missing() is None
    one.arrive()
    assert one.missing() == 1
    assert two.missing() is None
    two.arrive()
    assert two.missing() == 2
    three.arrive()
    assert [each.missing() for each in (one, two, three)] == [None] * 3
    three.arrive()
    assert (three.missing(), one.missing()) == (0, None)
    assert counters[:, 0].tolist() == [1, 1, 2]
    assert not counters[:, 1:].any()


def test_what_was_written_before_an_arrival_is_seen_after_it():
    counters, numbers = np.zeros((2, COUNTERS), np.int64), np.zeros((2, 1000))
    sums = [[], []]

    def work(own):
        meeting = Meeting(counters, own)
        for turn in range(1, 20):
            numbers[own] = turn
            for then in (lambda: sums[own].append(numbers[1 - own].sum()), lambda: None):
                meeting.arrive()
                while meeting.missing() is not None:
                    pass
                then()

    threads = [threading.Thread(target=work, args=(own,)) for own in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sums == [[1000.0 * turn for turn in range(1, 20)]] * 2

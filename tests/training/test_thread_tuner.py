"""How many threads take the steps: a policy on a clock of its own, and the bits that stay."""

import numpy as np
import pytest
from scipy import sparse

from chainrule import Chain, Conv2d, CrossEntropy, Dropout, Flatten, Linear, ReLU, Softmax
from chainrule.training import Adam, Plan, engine_stepper, thread_tuner, train
from chainrule.training.thread_tuner import ThreadTuner

SLICE = 0.1


def take(tuner, pace, slices):
    """Let a tuner choose slices where each number of threads has its pace, seconds a step."""
    turns = []
    for _ in range(slices):
        threads, steps = tuner.threads, tuner.steps(SLICE)
        tuner.record(steps, steps * pace[threads])
        turns.append((threads, steps))
    return turns


def test_the_counts_are_what_is_expected_to_be_best_then_fewer():
    counts = {n: ThreadTuner.of_at_most(n).counts for n in (1, 2, 3, 4, 9, 16)}
    assert counts == {
        1: [1],
        2: [2, 1],
        3: [3, 2, 1],
        4: [4, 3, 2, 1],
        9: [9, 8, 4, 2, 1],
        16: [16, 15, 8, 4, 2, 1],
    }


def test_slices_take_about_as_long_as_they_should():
    assert take(ThreadTuner([3]), {3: 0.002}, 4) == [(3, 1), (3, 50), (3, 50), (3, 50)]
    assert take(ThreadTuner([3]), {3: 7.0}, 2) == [(3, 1), (3, 1)]


def test_one_count_is_never_changed():
    assert {threads for threads, _ in take(ThreadTuner([2]), {2: 0.001}, 500)} == {2}


@pytest.mark.parametrize("step", [1e-5, 0.001, 0.03, 2.0])
def test_trials_cost_a_hundredth_of_the_time(step):
    tuner, pace = ThreadTuner([2, 1]), {2: step, 1: 1.9 * step}
    turns = take(tuner, pace, 3000)
    seconds = {n: sum(steps * pace[n] for threads, steps in turns if threads == n) for n in pace}
    assert turns[-1][0] == 2 or tuner.threads == 2
    assert 0 < seconds[1] <= seconds[2] * 1.9 / thread_tuner.TRIAL_INTERVAL


def test_planning_for_a_trial_is_part_of_its_cost():
    tuner = ThreadTuner([2, 1])
    waits = []
    for planning in (0.05, 0.0):
        seconds = 0.0
        while not tuner.trying:
            tuner.record(100, 0.1)
            seconds += 0.1
        waits.append(seconds)
        tuner.record(10, 0.02, planning)
    assert waits == pytest.approx([1.0, 12.0], abs=0.11)


def test_fewer_threads_go_on_while_one_is_disturbed():
    quiet, disturbed = {2: 0.001, 1: 0.0019}, {2: 0.008, 1: 0.002}
    tuner = ThreadTuner([2, 1])
    take(tuner, quiet, 100)
    assert tuner.counts[tuner.present] == 2
    take(tuner, disturbed, 100)
    assert tuner.counts[tuner.present] == 1
    take(tuner, quiet, 100)
    assert tuner.counts[tuner.present] == 2


@pytest.mark.parametrize(("alone", "kept"), [(0.79, 1), (0.81, 2)])
def test_fewer_threads_come_only_for_a_clear_gain(alone, kept):
    tuner = ThreadTuner([2, 1])
    take(tuner, {2: 1e-3, 1: alone * 1e-3}, 300)
    assert tuner.counts[tuner.present] == kept


def test_more_threads_come_back_for_any_gain():
    tuner = ThreadTuner([4, 2, 1])
    take(tuner, {4: 1.0, 2: 0.5, 1: 0.1}, 300)
    assert tuner.counts[tuner.present] == 1
    take(tuner, {4: 0.98, 2: 0.99, 1: 1.0}, 900)
    assert tuner.counts[tuner.present] == 4


@pytest.mark.parametrize("best", [8, 7, 4, 2, 1])
def test_the_fastest_of_many_counts_is_found(best):
    tuner = ThreadTuner.of_at_most(8)
    place = tuner.counts.index(best)
    pace = {n: 0.001 * 2 ** abs(k - place) for k, n in enumerate(tuner.counts)}
    take(tuner, pace, 300)
    assert tuner.counts[tuner.present] == best


class Wandering(ThreadTuner):
    """A tuner that changes its number with each slice."""

    def record(self, steps, seconds, planning=0.0):
        super().record(steps, seconds, planning)
        self.present = self._next = (self.present + 1) % len(self.counts)


def dense(rng):
    return [Linear(50), ReLU(), Dropout(0.3)], rng.normal(size=(61, 12))


def images(rng):
    return [Conv2d(4, size=3), ReLU(), Dropout(0.2), Flatten()], rng.normal(size=(61, 1, 7, 7))


def tokens(rng):
    return [Linear(9), ReLU()], sparse.csr_array(rng.poisson(0.2, size=(61, 40)).astype(float))


@pytest.mark.parametrize("network", [dense, images, tokens])
def test_the_bits_do_not_depend_on_changes_of_the_number(network, monkeypatch):
    rng = np.random.default_rng(1)
    functions, X = network(rng)
    t = rng.integers(0, 3, 61)

    def trained(threads):
        chain = Chain(*functions, Linear(3), Softmax())
        plan = Plan(Adam(0.01), batch_size=8, epochs=4, l2=0.001)
        history = train(chain, CrossEntropy(), X, t, plan, engine="machine", threads=threads)
        assert history.engine == "machine"
        return chain.parameters.flat.tobytes()

    expected, used = trained(1), []
    monkeypatch.setattr(engine_stepper, "SLICE", 0.0)  # slices of one step
    monkeypatch.setattr(engine_stepper.ThreadTuner, "of_at_most", lambda _: Wandering([3, 1, 2]))
    real = engine_stepper.EngineStepper.take

    def spy(machine, *args):
        values = real(machine, *args)
        used.append(machine.steps.threads)
        return values

    monkeypatch.setattr(engine_stepper.EngineStepper, "take", spy)
    assert trained(None) == expected
    assert set(used) == {1, 2, 3}
    used.clear()
    assert trained(2) == expected
    assert set(used) == {2}

"""How many threads take the steps: a policy on a clock of its own, and the bits that stay."""

import numpy as np
import pytest
from scipy import sparse

from chainrule import Chain, Conv2d, CrossEntropy, Dropout, Flatten, Linear, ReLU, Softmax
from chainrule.training import Adam, Plan, crew as crews, steppers, train
from chainrule.training.crew import Crew

SLICE = 0.1


def take(crew, pace, slices):
    """Let a crew take slices where so many threads need so many seconds a step."""
    turns = []
    for _ in range(slices):
        threads, steps = crew.threads, crew.steps(SLICE)
        crew.took(steps, steps * pace[threads])
        turns.append((threads, steps))
    return turns


def test_the_counts_are_what_is_expected_to_be_best_then_fewer():
    counts = {n: Crew.of_at_most(n).counts for n in (1, 2, 3, 4, 9, 16)}
    assert counts == {
        **{1: [1], 2: [2, 1], 3: [3, 2, 1], 4: [4, 3, 2, 1]},
        **{9: [9, 8, 4, 2, 1], 16: [16, 15, 8, 4, 2, 1]},
    }


def test_slices_take_about_as_long_as_they_should():
    assert take(Crew([3]), {3: 0.002}, 4) == [(3, 1), (3, 50), (3, 50), (3, 50)]
    assert take(Crew([3]), {3: 7.0}, 2) == [(3, 1), (3, 1)]


def test_one_count_is_never_changed():
    assert {threads for threads, _ in take(Crew([2]), {2: 0.001}, 500)} == {2}


@pytest.mark.parametrize("step", [1e-5, 0.001, 0.03, 2.0])
def test_trials_cost_a_hundredth_of_the_time(step):
    crew, pace = Crew([2, 1]), {2: step, 1: 1.9 * step}
    turns = take(crew, pace, 3000)
    seconds = {n: sum(steps * pace[n] for threads, steps in turns if threads == n) for n in pace}
    assert turns[-1][0] == 2 or crew.threads == 2
    assert 0 < seconds[1] <= seconds[2] * 1.9 / crews.SHARE


def test_planning_for_a_trial_is_part_of_its_cost():
    crew = Crew([2, 1])
    waits = []
    for planning in (0.05, 0.0):
        seconds = 0.0
        while not crew.trying:
            crew.took(100, 0.1)
            seconds += 0.1
        waits.append(seconds)
        crew.took(10, 0.02, planning)
    assert waits == pytest.approx([1.0, 12.0], abs=0.11)


def test_fewer_threads_go_on_while_one_is_disturbed():
    quiet, disturbed = {2: 0.001, 1: 0.0019}, {2: 0.008, 1: 0.002}
    crew = Crew([2, 1])
    take(crew, quiet, 100)
    assert crew.counts[crew.present] == 2
    take(crew, disturbed, 100)
    assert crew.counts[crew.present] == 1
    take(crew, quiet, 100)
    assert crew.counts[crew.present] == 2


@pytest.mark.parametrize(("alone", "kept"), [(0.79, 1), (0.81, 2)])
def test_fewer_threads_come_only_for_a_clear_gain(alone, kept):
    crew = Crew([2, 1])
    take(crew, {2: 1e-3, 1: alone * 1e-3}, 300)
    assert crew.counts[crew.present] == kept


def test_more_threads_come_back_for_any_gain():
    crew = Crew([4, 2, 1])
    take(crew, {4: 1.0, 2: 0.5, 1: 0.1}, 300)
    assert crew.counts[crew.present] == 1
    take(crew, {4: 0.98, 2: 0.99, 1: 1.0}, 900)
    assert crew.counts[crew.present] == 4


@pytest.mark.parametrize("best", [8, 7, 4, 2, 1])
def test_the_fastest_of_many_counts_is_found(best):
    crew = Crew.of_at_most(8)
    place = crew.counts.index(best)
    pace = {n: 0.001 * 2 ** abs(k - place) for k, n in enumerate(crew.counts)}
    take(crew, pace, 300)
    assert crew.counts[crew.present] == best


class Wandering(Crew):
    """A crew that changes its number with each slice."""

    def took(self, steps, seconds, planning=0.0):
        super().took(steps, seconds, planning)
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
    monkeypatch.setattr(steppers, "SLICE", 0.0)  # slices of one step
    monkeypatch.setattr(steppers.Crew, "of_at_most", lambda _: Wandering([3, 1, 2]))
    real = steppers.Machine.take

    def spy(machine, *args):
        values = real(machine, *args)
        used.append(machine.steps.threads)
        return values

    monkeypatch.setattr(steppers.Machine, "take", spy)
    assert trained(None) == expected
    assert set(used) == {1, 2, 3}
    used.clear()
    assert trained(2) == expected
    assert set(used) == {2}

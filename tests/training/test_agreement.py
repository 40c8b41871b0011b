"""What ranks compare before the first step."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from chainrule import Adam, Chain, Linear, Plan
from chainrule.training.agreement import DifferentRanksError, check_agreement, plan_settings
from chainrule.training.ranks import OneProcess
from chainrule.training.samples import Samples

X, T = np.arange(12.0).reshape(4, 3), np.arange(4.0)
CHAIN = Chain(Linear(1)).initialize((3,), seed=1)
PLAN = Plan(batch_size=2, seed=5)


class Two(OneProcess):
    """Two processes, of which the other one has told what it has."""

    size = 2
    told = None

    def gather(self, value):
        """Return what both have; the first time, one and the same."""
        first, self.told = self.told or value, value
        return [first, value]


def difference(data, chain=CHAIN, plan=PLAN, held_out=None, others=None):
    """Return the error where rank 1 has these, and rank 0 the usual."""
    ranks, others = Two(), others or {}
    usual = dict.fromkeys(others, 7) | plan_settings(PLAN)
    check_agreement(ranks, CHAIN, Samples(X, T), None, usual)
    with pytest.raises(DifferentRanksError) as error:
        check_agreement(ranks, chain, data, held_out, others | plan_settings(plan))
    return str(error.value)


def test_ranks_that_agree_go_on():
    ranks = Two()
    for _ in range(2):
        check_agreement(ranks, CHAIN, Samples(X.copy(), T.copy()), None, plan_settings(PLAN))


def test_rows_of_another_width():
    expected = "train: expected X of shape (4, 3) at rank 1, as rank 0 has, got (4, 4)"
    assert difference(Samples(np.hstack([X, X[:, :1]]), T)) == expected


@pytest.mark.parametrize("name", ["X", "t"])
def test_other_numbers(name):
    other = {"X": X.copy(), "t": T.copy()}
    other[name].flat[2] += 1e-9
    expected = f"train: expected the same {name} at all ranks, got others at rank 1"
    assert difference(Samples(**other)) == expected


def test_another_type_of_the_same_numbers():
    assert "the same X at all ranks" in difference(Samples(X.astype(np.float32), T))


def test_weights_and_a_validation_set_at_one_rank_only():
    assert "expected weights of shape None at rank 1" in difference(Samples(X, T, np.ones(4)))
    told = difference(Samples(X, T), held_out=Samples(X, T))
    assert "expected validation X of shape None at rank 1, as rank 0 has, got (4, 3)" in told


def test_other_settings():
    told = difference(Samples(X, T), plan=replace(PLAN, seed=6))
    assert told == "train: expected a plan with seed 5 at rank 1, as rank 0 has, got 6"
    told = difference(Samples(X, T), plan=replace(PLAN, optimizer=Adam(0.1)))
    assert "expected an optimizer like Adam(learning_rate=0.001" in told
    told = difference(Samples(X, T), chain=Chain(Linear(2)).initialize((3,), seed=1))
    assert "a chain of" in told
    told = difference(Samples(X, T), chain=Chain(Linear(1)).initialize((3,), seed=2))
    assert told == "train: expected the same parameters at all ranks, got others at rank 1"


def test_sparse_samples_are_compared_by_their_entries():
    ranks, one = Two(), sparse.csr_matrix(np.diag([1.0, 2.0, 0.0]))
    other = one.copy()
    other.data[0] = 3
    check_agreement(ranks, CHAIN, Samples(one, T[:3]), None, plan_settings(PLAN))
    with pytest.raises(DifferentRanksError, match="the same X at all ranks"):
        check_agreement(ranks, CHAIN, Samples(other, T[:3]), None, plan_settings(PLAN))


def test_other_facts():
    told = difference(Samples(X, T), others={"samples in blocks": 8})
    assert told == "train: expected samples in blocks 7 at rank 1, as rank 0 has, got 8"

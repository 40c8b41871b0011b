"""Loss and gradient of all samples by shards: the textbook's numbers, whatever the shards."""

import numpy as np
import pytest

from chainrule import BatchNorm, Chain, Dropout, Linear, MeanSquaredError, MLPRegressor, Tanh
from chainrule.training import ranks_of
from chainrule.training.agreement import DifferentRanksError
from chainrule.training.gradients import loss_and_gradient
from chainrule.training.ranks import OneProcess
from chainrule.training.samples import Samples
from chainrule.training.sharded_gradients import ShardedGradients

LOSS = MeanSquaredError()


def samples(count):
    rng = np.random.default_rng(5)
    X, t = rng.normal(size=(count, 3)), rng.normal(size=(count, 2))
    return Samples(X, t, rng.uniform(0.5, 2, count))


def network(*between):
    return Chain(Linear(5), Tanh(), *between, Linear(2)).initialize((3,), seed=1, dtype=np.float64)


@pytest.mark.parametrize("count", [3, 13, 700])
@pytest.mark.parametrize("shards", [1, 2, 8])
def test_they_are_those_of_the_textbook(count, shards):
    data, chain = samples(count), network()
    x = chain.parameters.flat.copy()
    expected, gradient = loss_and_gradient(chain, LOSS, data, l2=0.3, engine="reference")[0](x)
    evaluate = ShardedGradients(chain, LOSS, data, shards, OneProcess(), l2=0.3)
    for _ in range(2):  # nothing is left of the first call
        loss, found = evaluate(x)
        assert loss == pytest.approx(expected, rel=1e-13)
        np.testing.assert_allclose(found, gradient, rtol=1e-11, atol=1e-14)


def test_each_shard_has_masks_of_its_own():
    half = samples(40)
    data = Samples(*(np.concatenate([part, part]) for part in (half.X, half.t)))
    chain = network(Dropout(0.5))
    evaluate = ShardedGradients(chain, LOSS, data, 2, OneProcess(), seed=3)
    x = chain.parameters.flat.copy()
    whole, _ = evaluate(x)
    parts = [evaluate.gradients.of_part(x, number)[0] for number in range(2)]
    assert parts[0] != parts[1]
    assert whole == sum(parts) == evaluate(x)[0]


class Apart(OneProcess):
    """Two processes, of which the other asks for other parameters."""

    def gather(self, value):
        """Return what both have."""
        return [value, f"not {value}"]


def test_processes_that_no_longer_go_the_same_way_are_stopped():
    chain = network()
    evaluate = ShardedGradients(chain, LOSS, samples(9), 2, Apart())
    with pytest.raises(DifferentRanksError, match="in evaluation 1, got others at rank 1: on proc"):
        evaluate(chain.parameters.flat)


def test_what_takes_no_machine_code_is_refused():
    with pytest.raises(ValueError, match=r"shards take machine code: .*BatchNorm.*; LayerNorm"):
        ShardedGradients(network(BatchNorm()), LOSS, samples(9), 2, OneProcess())
    X, t = samples(9).X, samples(9).t
    model = MLPRegressor(solver="lbfgs", engine="reference")
    with (
        pytest.raises(ValueError, match="MLPRegressor: expected engine auto or machine with shard"),
        ranks_of(None, shards=2),
    ):
        model.fit(X, t)


def test_an_interrupted_process_ends_all():
    class Interrupted(OneProcess):
        interrupted = True

    chain = network()
    with pytest.raises(KeyboardInterrupt):
        ShardedGradients(chain, LOSS, samples(9), 2, Interrupted())(chain.parameters.flat)


def fitted(path, iterations, shards=8):
    """Return the first matrix of a network, whose minimization goes on from a file, if it is there.

    Its checkpoint has the number of shards.
    """
    data = samples(60)
    options = {"solver": "lbfgs", "alpha": 0.1, "random_state": 0, "early_stopping": True}
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=iterations, **options)
    with ranks_of(None, shards=shards):
        return model.fit(data.X, data.t, data.weights, checkpoint=path).coefs_[0]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_minimization_by_shards_goes_on_from_its_checkpoint(tmp_path):
    path = tmp_path / "t.checkpoint"
    before = fitted(path, 3)
    with pytest.raises(ValueError, match="shards: 8 there, 4 here"):
        fitted(path, 6, shards=4)
    after = fitted(path, 6)
    assert (before != after).any()
    assert after.tobytes() == fitted(None, 6).tobytes()

"""Trainings of many networks, whose results are digests: a program that ``mpiexec`` starts.

It prints, at rank 0, the digests of all ranks as JSON.
"""

import hashlib
import json

import numpy as np
from hypothesis import given, settings, strategies as st
from scipy import sparse

from chainrule import functions as f, losses
from chainrule.chain import Chain
from chainrule.training import SGD, Adam, Patience, Plan, WarmUp, train
from engine.running.test_steps import OPTIMIZERS, networks


def digest(chain, history):
    """Return a digest of all parameters, and of each number of the history but seconds."""
    told = [(e.loss, e.validation_loss, e.learning_rate) for e in history.epochs]
    told.append((history.kept, history.end))
    return hashlib.sha256(chain.parameters.flat.tobytes() + repr(told).encode()).hexdigest()[:16]


def drawn(communicator, count=12):
    """Yield the digests of trainings of networks that hypothesis draws, the same in each call."""
    found = []

    @settings(max_examples=count, deadline=None, derandomize=True, database=None)
    @given(
        networks(),
        st.sampled_from(OPTIMIZERS),
        st.sampled_from([0.0, 0.02]),
        st.sampled_from([None, 0.1]),
        st.sampled_from([8, 16, None]),
        st.sampled_from([np.float32, np.float64]),
        st.booleans(),
    )
    def trained(network, optimizer, l2, clip, batch, dtype, weighted):
        functions, loss, X, t = network
        weights = np.random.default_rng(1).uniform(0.5, 2, len(X)) if weighted else None
        plan = {"l2": l2, "l2_shared": weighted, "clip_norm": clip, "batch_size": batch}
        found.append(result(functions, loss, X, t, optimizer, communicator, weights, dtype, **plan))

    trained()
    return found


def result(
    functions, loss, X, t, optimizer, communicator, weights=None, dtype=np.float32, **options
):
    """Return the digest of two epochs."""
    chain = Chain(*functions).initialize(X.shape[1:], seed=1, dtype=dtype)
    plan = Plan(optimizer, epochs=2, patience=Patience(5), shards=8, seed=3, **options)
    held_out = X[:5], t[:5]
    given = {"sample_weight": weights, "validation": held_out, "communicator": communicator}
    try:
        history = train(chain, loss, X, t, plan, threads=1, engine="machine", **given)
    except ArithmeticError as error:
        return str(error)
    return digest(chain, history)


def others(communicator):
    """Yield the digests of trainings of networks of other kinds."""
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(50, 2, 7, 6)), rng.integers(0, 3, 50)
    conv = f.Conv2d(5, 3, padding=1), f.ReLU(), f.MaxPool2d(2), f.Dropout(0.2), f.Flatten()
    loss = losses.CrossEntropy()
    ends = f.Linear(3), f.Softmax()
    yield result((*conv, *ends), loss, images, labels, Adam(), communicator, batch_size=16)
    bags = sparse.random(50, 40, 0.2, "csr", random_state=2)
    texts = f.EmbeddingBag(19), f.Tanh(), *ends
    yield result(texts, loss, bags, labels, SGD(0.3), communicator, batch_size=8, l2=0.1)
    rows = rng.normal(size=(50, 9))
    norms = f.Linear(70), f.LayerNorm(), f.GELU(), f.Residual([f.Linear(70), f.Tanh()]), *ends
    options = {"batch_size": 24, "schedule": WarmUp(4)}
    yield result(norms, loss, rows, labels, Adam(), communicator, **options)
    large = f.Linear(300), f.ReLU(), f.Dropout(0.4), f.Linear(200), f.Tanh(), *ends
    for dtype in (np.float32, np.float64):
        given = {"dtype": dtype, "batch_size": 40, "averaging": 0.5}
        yield result(large, loss, rng.normal(size=(50, 301)), labels, Adam(), communicator, **given)
    far = f.Linear(8), f.Linear(3)
    yield result(far, losses.MeanSquaredError(), 1e20 * rows, rows[:, :3], SGD(1e9), communicator)


def all_digests(communicator=None):
    """Return all digests."""
    return [*drawn(communicator), *others(communicator)]


def main():
    """Print those of all ranks."""
    from mpi4py import MPI

    found = MPI.COMM_WORLD.gather(all_digests(MPI.COMM_WORLD))
    if found:
        print(json.dumps(found))


if __name__ == "__main__":
    main()

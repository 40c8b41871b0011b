"""Trainings of many networks, whose results are digests: a program that ``mpiexec`` starts.

It prints, at rank 0, the digests of all ranks as JSON, a line for each number of them: processes
that have been started once train in all of these.
"""

import hashlib
import json
import sys
import time
import warnings

import numpy as np
from hypothesis import given, settings, strategies as st
from scipy import sparse

from chainrule import functions as f, losses
from chainrule.chain import Chain
from chainrule.training import SGD, Adam, Noise, Patience, Plan, WarmUp, ranks_of, train
from chainrule.training.lbfgs import minimize
from chainrule.training.loop import train_blocks
from chainrule.training.samples import Samples
from chainrule.training.sharded_gradients import ShardedGradients
from engine.running.test_steps import OPTIMIZERS, networks
from training.test_windows import Blocks


def digest(chain, history):
    """Return a digest of all parameters, and of each number of the history but seconds."""
    told = [(e.loss, e.validation_loss, e.learning_rate) for e in history.epochs]
    told.append((history.kept, history.end))
    return hashlib.sha256(chain.parameters.flat.tobytes() + repr(told).encode()).hexdigest()[:16]


def drawn(communicator, count=12):
    """Return the digests of trainings of networks that hypothesis draws, the same in each call.

    It draws from given bytes, as what it draws by itself depends on the modules that are loaded.
    """
    found = []

    @settings(deadline=None, database=None)
    @given(
        networks(),
        st.sampled_from(OPTIMIZERS),
        st.sampled_from([0.0, 0.02]),
        st.sampled_from([None, 0.1]),
        st.sampled_from([6, 8, 16, None]),
        st.sampled_from([np.float32, np.float64]),
        st.booleans(),
        st.booleans(),
    )
    def trained(network, optimizer, l2, clip, batch, dtype, weighted, streamed):
        functions, loss, X, t = network
        weights = np.random.default_rng(1).uniform(0.5, 2, len(X)) if weighted else None
        plan = {"l2": l2, "l2_shared": weighted, "clip_norm": clip, "batch_size": batch}
        options = weights, dtype, batch if streamed else None
        found.append(result(functions, loss, X, t, optimizer, communicator, *options, **plan))

    numbers = np.random.default_rng(1)
    while len(found) < count:
        trained.hypothesis.fuzz_one_input(numbers.bytes(1000))
    return found


def result(
    functions,
    loss,
    X,
    t,
    optimizer,
    communicator,
    weights=None,
    dtype=np.float32,
    window=None,
    **options,
):
    """Return the digest of two epochs, of samples in blocks where there are windows."""
    chain = Chain(*functions).initialize(X.shape[1:], seed=1, dtype=dtype)
    plan = Plan(optimizer, epochs=2, patience=Patience(5), shards=8, seed=3, **options)
    given = {"validation": (X[:5], t[:5]), "threads": 1, "engine": "machine"}
    try:
        if window is None:
            given |= {"sample_weight": weights, "communicator": communicator}
            history = train(chain, loss, X, t, plan, **given)
        else:
            with ranks_of(communicator):
                blocks = Blocks(X, t, weights, sizes=in_sevens(len(X)), pieces=3)
                history = train_blocks(chain, loss, blocks, plan, window_rows=window, **given)
    except ArithmeticError as error:
        return str(error)
    return digest(chain, history)


def in_sevens(samples):
    """Return the sizes of blocks."""
    return tuple(min(7, samples - start) for start in range(0, samples, 7))


def going_on(communicator, path, **options):
    """Return the digest of a training by blocks, which goes on from a checkpoint if there is one.

    In 243 samples there are 4 windows of 64, and 6 batches of 10 in each.
    """
    rng = np.random.default_rng(3)
    X, t = rng.normal(size=(243, 5)), rng.integers(0, 3, 243)
    network = f.Linear(8), f.Dropout(0.2), f.ReLU(), f.Linear(3), f.Softmax()
    chain = Chain(*network).initialize((5,), seed=4, dtype=np.float32)
    plan = Plan(Adam(0.01), batch_size=10, epochs=2, seed=2, shards=8, **options)
    given = Blocks(X, t, rng.uniform(0.5, 2, 243)), plan
    with ranks_of(communicator):
        loss = losses.CrossEntropy()
        return digest(
            chain, train_blocks(chain, loss, *given, window_rows=64, checkpoint=path, threads=1)
        )


def by_lbfgs(communicator):
    """Return the digest of a minimization."""
    rng = np.random.default_rng(6)
    data = Samples(rng.normal(size=(61, 7)), rng.normal(size=(61, 2)), rng.uniform(0.5, 2, 61))
    chain = Chain(f.Linear(9), f.Tanh(), f.Linear(2)).initialize((7,), seed=1)
    losses_so_far = []
    with ranks_of(communicator, shards=8) as ranks, ranks.at_one_pace():
        evaluate = ShardedGradients(
            chain, losses.MeanSquaredError(), data, 8, ranks, l2=0.1, threads=1
        )
        options = {"iterations": 6, "calls": 99, "tolerance": 0.0}
        minimize(chain, evaluate, after=losses_so_far.append, **options)
    told = chain.parameters.flat.tobytes() + repr(losses_so_far).encode()
    return hashlib.sha256(told).hexdigest()[:16]


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
    normed = f.Linear(20), f.LayerNorm(), f.Tanh(), *ends
    given = {"window": 24, "batch_size": 12, "augmentation": (Noise(0.1),)}
    weights = rng.uniform(0.5, 2, 50)
    yield result(normed, loss, rows, labels, Adam(), communicator, weights, **given)
    far = f.Linear(8), f.Linear(3)
    yield result(far, losses.MeanSquaredError(), 1e20 * rows, rows[:, :3], SGD(1e9), communicator)


def all_digests(communicator=None):
    """Return all digests."""
    return [*drawn(communicator), *others(communicator), by_lbfgs(communicator)]


def wait(world):
    """Wait for all ranks, and leave the processors to those that are still at work."""
    request = world.Ibarrier()
    while not request.Test():
        time.sleep(0.01)


def main(folder, *sizes):
    """Train with the first so many ranks, for each number of them, and print a line for each.

    Trainings are begun that another number of ranks goes on with.
    """
    from mpi4py import MPI

    warnings.simplefilter("ignore")
    world = MPI.COMM_WORLD
    for size in map(int, sizes):
        own = world.Split(0 if world.Get_rank() < size else MPI.UNDEFINED)
        if own != MPI.COMM_NULL:
            for _ in range(2):  # each takes a slice of batches
                going_on(own, f"{folder}/blocks{size}", max_seconds=1e-9)
            if found := own.gather(all_digests(own)):
                print(json.dumps([size, found]), flush=True)
        wait(world)


if __name__ == "__main__":
    main(*sys.argv[1:])

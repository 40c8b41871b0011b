"""Predictions of few images, whose pixels run along lanes: the bits of a whole batch."""

import ctypes
import mmap
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, reject, settings, strategies as st
from llvmlite import binding

from chainrule import functions as f
from chainrule.chain import Chain
from chainrule.engine.kernels.library import Library
from chainrule.engine.machine.memory import VECTOR, address
from chainrule.engine.planning.images import Images
from chainrule.engine.planning.rasters import Rasters
from chainrule.engine.running import prediction
from chainrule.engine.running.prediction import Predictor
from chainrule.engine.running.steps import Steps
from chainrule.losses import CrossEntropy
from chainrule.training import SGD
from engine.calls import OTHERS
from engine.planning.test_images import many_channels, networks
from lines import line

TYPES = [np.float32, np.float64]


def lanes(dtype):
    return VECTOR // np.dtype(dtype).itemsize


def started(functions, shape, dtype):
    """Return a chain with parameters, and images, as many as a tile of planes has."""
    X = np.random.default_rng(0).normal(size=(lanes(dtype), *shape)).astype(dtype)
    chain = Chain(*functions, f.Linear(3), f.Softmax())
    try:
        return chain.initialize(X, seed=1, dtype=dtype), X
    except ValueError:
        reject()  # nothing is left of the images


def plan_of(predict, X):
    """Return how the images of a number of samples are planned."""
    predict(X)
    return predict._program(predict._rows(len(X)), X).planner.plans[0].images


def check_few_have_the_bits_of_many(chain, X, n, **options):
    predict = Predictor(chain, **options)
    whole = predict(X)
    few = [predict(X[at : at + n]) for at in range(0, len(X), n)]
    assert isinstance(plan_of(predict, X), Images)
    assert isinstance(plan_of(predict, X[:n]), Rasters)
    assert np.concatenate(few).tobytes() == whole.tobytes()
    assert np.abs(whole - chain.forward(X)).max() <= (2e-5 if X.dtype == np.float32 else 1e-12)


@settings(max_examples=80, deadline=None)
@given(networks(), st.sampled_from(TYPES), st.integers(1, 5))
def test_any_windows(network, dtype, n):
    functions, shape = network
    check_few_have_the_bits_of_many(*started(functions, shape, dtype), n)


@settings(max_examples=20, deadline=None)
@given(many_channels(), st.sampled_from(TYPES), st.integers(1, 3))
def test_transformed_convolutions(network, dtype, n):
    functions, shape = network
    check_few_have_the_bits_of_many(*started([*functions, f.Flatten()], shape, dtype), n)


WIDE = {
    "strides": [f.Conv2d(5, 3, stride=(1, 3), padding=2), f.ELU(), f.Conv2d(4, 5, stride=(4, 2))],
    "strides of samples": [f.Conv2d(4, 3, stride=2, padding=1), f.ReLU(), f.AvgPool2d(2)],
    "rows apart": [f.Conv2d(4, (4, 3), stride=(2, 1), dilation=(3, 2), padding="same"), f.ReLU()],
    "dilation": [f.Conv2d(4, 3, dilation=(3, 5), padding="same"), f.MaxPool2d(3, (1, 3), 1)],
    "depth": [f.Conv2d(12, 3, groups=6, padding=1), f.Tanh(), f.Conv2d(12, 3, groups=12, stride=2)],
    "single pixels": [f.Conv2d(7, 1), f.GELU(), f.AvgPool2d((37, 41)), f.Conv2d(5, 1)],
    "transformed": [f.Conv2d(16), f.ReLU(), f.Conv2d(17, padding=(2, 5)), f.SiLU(), f.MaxPool2d(2)],
    "all pixels": [f.Conv2d(3, (37, 41)), f.Sigmoid()],
    "samples": [f.Tanh(), f.LeakyReLU(), f.Conv2d(3, 4, padding="same"), f.ReLU(), f.ELU()],
}
"""Networks of images that are wider than a vector."""


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("dtype", TYPES)
def test_images_wider_than_a_vector(name, dtype):
    chain, X = started([*WIDE[name], f.Flatten()], (6, 37, 41), dtype)
    check_few_have_the_bits_of_many(chain, X, 1)


@pytest.mark.parametrize("dtype", TYPES)
def test_the_same_bits_on_other_processors_and_any_number_of_threads(dtype, monkeypatch):
    binding.load_library_permanently("libm.so.6")
    monkeypatch.setattr(prediction, "WORTH_A_THREAD", 1)
    functions = [f.Conv2d(17, 3, stride=2), f.GELU(), f.Conv2d(16, padding=1), f.MaxPool2d(3, 2, 1)]
    chain, X = started([*functions, f.Flatten()], (2, 13, 11), dtype)
    expected = Predictor(chain)(X)[:4].tobytes()
    for kernels in (None, *(Library(dtype, target) for target in OTHERS.values())):
        assert Predictor(chain, kernels=kernels)(X[:4]).tobytes() == expected
    for threads in (2, 3, 7):
        assert Predictor(chain, threads=threads)(X[:4]).tobytes() == expected


def test_threads_share_no_buffer(monkeypatch):
    monkeypatch.setattr(prediction, "WORTH_A_THREAD", 1)
    chain, X = started([f.Conv2d(9), f.ReLU(), f.Flatten()], (2, 13, 11), np.float32)
    predict, expected = Predictor(chain, threads=4), Predictor(chain)(X)[:8].tobytes()
    images = plan_of(predict, X[:8])
    rows = [address(row) for row in images.rows._rows]
    made = [address(heads[0].made.data) for heads in images.heads_of.values()]
    assert len(set(rows)) == len(set(made)) == 4
    assert {predict(X[:8]).tobytes() for _ in range(200)} == {expected}


def test_margins_stay_what_they_are_whatever_came_before():
    functions = [f.Conv2d(3, padding=1), f.Softplus(), f.MaxPool2d(3, 2, 1), f.Conv2d(4, padding=2)]
    chain, X = started([*functions, f.Flatten()], (2, 9, 10), np.float64)
    predict = Predictor(chain)
    expected = predict(X[:1]).tobytes()
    for number in (np.nan, np.inf, -np.inf, 1e300):
        predict(np.full_like(X[:1], number))
        assert predict(X[:1]).tobytes() == expected


@pytest.mark.parametrize("size", [20, 150])
def test_a_sample_of_any_strides_and_type(size):
    X = np.random.default_rng(0).integers(0, 255, (1, size, size, 3)).transpose(0, 3, 1, 2)
    chain = Chain(f.Conv2d(4, stride=2), f.ReLU(), f.Flatten(), f.Linear(3))
    predict = Predictor(chain.initialize((3, size, size)))
    plain = np.ascontiguousarray(X, dtype=np.float32)
    expected = predict(plain).tobytes()
    for again in (X, plain, np.asfortranarray(plain), plain.astype(">f4"), plain):
        assert predict(again).tobytes() == expected


@pytest.mark.skipif(sys.platform != "linux", reason="memory is protected as Linux does it")
@pytest.mark.parametrize("columns", range(128, 132))
@pytest.mark.parametrize("stride", [1, 2, (2, 1), 3])
def test_no_more_than_a_sample_is_read(stride, columns):
    libc, page = ctypes.CDLL(None, use_errno=True), mmap.PAGESIZE
    shape = (1, 1, 140, columns)
    size = 4 * 140 * columns
    whole = -(-size // page) * page
    memory = mmap.mmap(-1, whole + page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    assert libc.mprotect(ctypes.c_void_p(start + whole), page, 0) == 0  # may not be read
    X = np.frombuffer(memory, np.float32, size // 4, whole - size).reshape(shape)
    X[...] = np.random.default_rng(0).normal(size=shape)
    chain = Chain(f.Conv2d(3, 3, stride=stride), f.ReLU(), f.Flatten(), f.Linear(2))
    assert np.isfinite(Predictor(chain.initialize(shape[1:]))(X)).all()


def test_transformed_filters_follow_the_parameters():
    chain, X = started([f.Conv2d(16), f.ReLU(), f.Conv2d(16), f.Flatten()], (2, 9, 8), np.float64)
    predict = Predictor(chain)
    predict(X[:1])
    chain.parameters.flat *= 1.5
    predict.refresh()
    for n in (1, len(X)):
        assert np.abs(predict(X[:n]) - chain.forward(X[:n])).max() <= 1e-12
    t = np.arange(len(X)) % 3
    steps = Steps(chain, CrossEntropy(), SGD(0.5), X, t)
    before = steps.outputs(X[:1])
    steps.run(np.arange(len(X)), len(X), np.array([0.5]))
    after = steps.outputs(X[:1])
    steps.store()
    assert np.abs(before - after).max() > 1e-6
    found = f.Softmax().forward(after, {})  # which the loss has taken over
    assert np.abs(found - chain.forward(X[:1])).max() <= 1e-12


def test_functions_without_a_companion_take_planes():
    scale = line("Y[n,c,i,j] = X[n,c,i,j] s[c]", s=(4,))
    chain, X = started([f.Conv2d(4), scale, f.ReLU(), f.Flatten()], (2, 5, 6), np.float64)
    predict = Predictor(chain)
    assert isinstance(plan_of(predict, X[:1]), Images)
    assert predict(X[:1]).tobytes() == predict(X)[:1].tobytes()


def test_lines_behind_images_take_rows_for_whole_tiles():
    columns = line("Y[n,k] = X[n,c,i,j] W[c,i,j,k]", W=(4, 3, 4, 6))
    chain, X = started([f.Conv2d(4), f.ReLU(), columns], (2, 5, 6), np.float64)
    predict = Predictor(chain)
    assert isinstance(plan_of(predict, X[:1]), Rasters)
    assert predict(X[:3]).tobytes() == predict(X)[:3].tobytes()


def test_a_sample_takes_the_memory_of_one_sample():
    functions = [f.Conv2d(8, padding=1), f.ReLU(), f.MaxPool2d(2), f.Conv2d(8), f.Flatten()]
    chain, X = started(functions, (3, 64, 64), np.float32)
    predict = Predictor(chain)
    predict(X)  # kernels are ready, and parameters are there
    made = sum(np.prod(layer.output_shape) for layer in chain.layers) + 3 * 64 * 64
    tracemalloc.start()
    predict(X[:1])
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held <= 2 * 4 * made


def test_blocks_are_of_few_sizes():
    chain, _ = started([f.Conv2d(3), f.Flatten()], (1, 5, 5), np.float32)
    sizes = {1: 1, 2: 2, 3: 4, 5: 8, 8: 8, 9: 10, 10: 10, 11: 16, 16: 16, 17: 32}
    predict = Predictor(chain)
    assert {n: predict._rows(n) for n in sizes} == sizes
    of_numbers = Predictor(Chain(f.Linear(3)).initialize((4,)))
    assert [of_numbers._rows(n) for n in (7, 9, 10)] == [8, 16, 16]


def test_no_thread_waits_for_others_alone(monkeypatch):
    monkeypatch.setattr(prediction, "WORTH_A_THREAD", 1)
    chain, X = started([f.Conv2d(3), f.Flatten()], (1, 5, 5), np.float32)
    predict = Predictor(chain, threads=3)
    predict(X[:1])
    threads = {n: predict._program(n, X).planner.threads for n in (1, 2, 8, 16, 32, 64)}
    assert threads == {1: 1, 2: 2, 8: 3, 16: 1, 32: 2, 64: 3}

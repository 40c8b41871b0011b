"""Lines of index notation trained by the engine, against chain.py."""

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from chainrule import (
    GELU,
    SGD,
    Adam,
    AdamW,
    AvgPool2d,
    Chain,
    Conv2d,
    CrossEntropy,
    Dropout,
    Flatten,
    HalfSquaredError,
    Linear,
    MaxPool2d,
    Multilinear,
    Plan,
    Predictor,
    ReLU,
    RMSProp,
    Softmax,
    check_gradients,
    train,
)
from chainrule.checking import check_function
from chainrule.engine.planning import contractions
from chainrule.engine.running.gradients import Gradients
from chainrule.engine.running.steps import Steps
from chainrule.functions import RandomKey
from lines import LISTED, OTHERS, Line, chain_of, line
from small_chains import three_layers

IDS = [str(function.line_text) for _, function in LISTED + OTHERS]
ROWS, BATCH = 29, 11


def data(shape, outputs=3, dtype=np.float64, rows=ROWS):
    rng = np.random.default_rng(1)
    return rng.normal(size=(rows, *shape)).astype(dtype), rng.integers(0, outputs, rows)


def trained(chain, X, t, engine, threads=None, loss=None, weights=None, **options):
    """Train a copy; return its parameters and the losses."""
    own = Chain.assemble(chain.layers, chain.parameters.astype(chain.dtype))
    plan = Plan(**{"optimizer": SGD(0.1), "epochs": 3, "batch_size": BATCH} | options)
    history = train(
        own, loss or CrossEntropy(), X, t, plan, engine=engine, threads=threads,
        sample_weight=weights,
    )
    assert history.engine == engine.replace("auto", "machine")
    return own.parameters.flat.copy(), np.array(history.losses)


def check_trained(chain, shape, *, threads=(1, 2, 3, 7), **options):
    """Train by chain.py and by the engine, with other numbers of threads."""
    X, t = data(shape, dtype=chain.dtype)
    w, losses = trained(chain, X, t, "reference", **options)
    first, *others = (trained(chain, X, t, "machine", count, **options) for count in threads)
    tolerance = 1e-12 if chain.dtype == np.float64 else 2e-5
    np.testing.assert_allclose(first[0], w, rtol=0, atol=tolerance)
    np.testing.assert_allclose(first[1], losses, rtol=0, atol=tolerance)
    for other in others:
        assert other[0].tobytes() == first[0].tobytes()
        assert other[1].tobytes() == first[1].tobytes()
    return first[0]


@pytest.mark.parametrize(("shape", "function"), LISTED + OTHERS, ids=IDS)
def test_a_line_trains_as_in_chain_py_on_any_number_of_threads(shape, function):
    check_trained(chain_of(shape, function), shape)


@pytest.mark.parametrize(("shape", "function"), LISTED + OTHERS, ids=IDS)
def test_all_gradients_are_those_of_chain_py(shape, function):
    if len(shape) == 1:  # so that there is a gradient by X, too
        chain = chain_of((4,), function, before=(Linear(*shape), ReLU()))
        shape = (4,)
    else:
        chain = chain_of(shape, function)
    X, t = data(shape)
    evaluate = Gradients(chain, CrossEntropy(), X, t, rows=BATCH, l2=0.1, threads=2)
    value, gradient = evaluate(chain.parameters.flat)
    expected, by_parameters = chain.gradient(CrossEntropy(), X, t)
    mask = chain.weight_mask() * chain.parameters.flat
    assert value == pytest.approx(expected + 0.05 * mask @ mask, abs=1e-12)
    np.testing.assert_allclose(gradient, by_parameters.flat + 0.1 * mask, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("shape", "function"), LISTED + OTHERS, ids=IDS)
def test_chain_py_agrees_with_finite_differences(shape, function):
    chain = chain_of(shape, function)
    X, t = data(shape, rows=3)
    assert check_gradients(chain, CrossEntropy(), X, t).passed
    own = {name: chain.parameters[at] for name, at in chain.layers[0].names.items()}
    assert check_function(function, X, own).passed


@pytest.mark.parametrize(("shape", "function"), LISTED + OTHERS, ids=IDS)
def test_float32_agrees_up_to_its_rounding(shape, function):
    check_trained(chain_of(shape, function, dtype=np.float32), shape, threads=(1, 2))


@pytest.mark.parametrize(("shape", "function"), LISTED + OTHERS, ids=IDS)
def test_predictions_are_those_of_chain_py_alone_or_among_others(shape, function):
    chain = chain_of(shape, function)
    X, _ = data(shape, rows=700)
    Y = Predictor(chain)(X)
    np.testing.assert_allclose(Y, chain.forward(X), rtol=0, atol=1e-12)
    assert Predictor(chain, threads=3)(X).tobytes() == Y.tobytes()
    assert Predictor(chain)(X[5:6]).tobytes() == Y[5:6].tobytes()


NETWORK = (
    Linear(5),
    GELU(),
    LISTED[5][1],  # three members
    LISTED[4][1],
    ReLU(),
    Dropout(0.2),
    line("Y[n,k,o] = X[n,k,i] W[k,i,o] + b[k,o]", W=(3, 7, 4), b=(3, 4)),
    Flatten(),
    line("Y[n,i] = X[n,i] s[i]", s=(12,)),
    Dropout(0.1),
    Linear(6),
    Softmax(),
    Linear(3),
)


@pytest.mark.parametrize(
    "optimizer",
    [SGD(0.1), SGD(0.05, momentum=0.8, nesterov=True), Adam(0.01), AdamW(0.01), RMSProp(0.003)],
    ids=str,
)
def test_lines_among_other_functions_with_every_optimizer(optimizer):
    chain = chain_of((4,), *NETWORK)
    check_trained(chain, (4,), threads=(1, 2, 5), optimizer=optimizer, l2=0.03)


def test_penalties_clipping_and_weights_of_samples():
    chain = chain_of((4,), *NETWORK)
    weights = np.random.default_rng(0).uniform(0.1, 2, ROWS)
    for options in (
        {"l2": 0.1},
        {"clip_norm": 0.05, "l2": 0.1},
        {"clip_norm": 0.05},
        {"weights": weights, "l2": 0.1, "l2_shared": True},
    ):
        check_trained(chain, (4,), threads=(1, 3), **options)


@pytest.mark.parametrize(
    "functions",
    [
        [LISTED[0][1], Softmax()],
        [LISTED[0][1]],
        [line("Y[n,o] = X[n,i] W[o,i]", W=(5, 5)), GELU(), LISTED[0][1]],
        [Dropout(0.3), LISTED[0][1]],
    ],
    ids=["softmax", "alone", "two", "dropout"],
)
def test_a_line_may_be_first_and_last(functions):
    chain = Chain(*functions).initialize((5,), dtype=np.float64)
    chain.parameters.flat[...] = np.random.default_rng(3).normal(size=chain.parameters.flat.size)
    X, _ = data((5,))
    t = np.random.default_rng(2).uniform(0.1, 1, size=(ROWS, 5))
    results = [
        trained(chain, X, t, "reference", loss=HalfSquaredError()),
        *(trained(chain, X, t, "machine", k, loss=HalfSquaredError()) for k in (1, 2, 3)),
    ]
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=0, atol=1e-12)
    assert results[1][0].tobytes() == results[2][0].tobytes() == results[3][0].tobytes()


@pytest.mark.parametrize(
    "before",
    [(Conv2d(4, padding="same"), ReLU()), (Conv2d(4), MaxPool2d(2)), (AvgPool2d(1),)],
    ids=["convolution", "pool", "pixels"],
)
def test_a_scale_of_channels_after_images(before):
    shape = (4, 7, 8)
    channels = line("Y[n,c,i,j] = X[n,c,i,j] s[c] + b[c]", s=(4,), b=(4,))
    check_trained(chain_of(shape, channels, before=before), shape, threads=(1, 2, 3))


CHANNELS = line("Y[n,c,i,j] = X[n,c,i,j] s[c] + b[c]", s=(4,), b=(4,))


@pytest.mark.parametrize(
    "functions",
    [
        (Conv2d(4, padding="same"), CHANNELS, ReLU(), MaxPool2d(2)),
        (CHANNELS, Conv2d(3, padding="same"), ReLU(), MaxPool2d(2)),
        (Conv2d(4), CHANNELS, Dropout(0.2), Conv2d(2)),
        (Conv2d(4), ReLU(), line("Y[n,d,i,j] = 1/√c X[n,c,i,j] W[c,d]", W=(4, 5)), Conv2d(2)),
        (MaxPool2d(2), line("Y[n,c,i,k] = X[n,c,i,j] W[j,k] + b[k]", W=(4, 6), b=(6,)), Conv2d(2)),
        (Conv2d(4), line("Y[n,c,j,i] = X[n,c,i,j] X[n,c,i,j] W[i,j]", W=(5, 6)), MaxPool2d(2)),
    ],
    ids=["scale", "first", "dropout", "channels", "columns", "squares"],
)
@pytest.mark.parametrize("options", [{}, {"l2": 0.1, "clip_norm": 0.1, "optimizer": Adam(0.01)}])
def test_lines_among_images(functions, options):
    chain = chain_of((4, 7, 8), *functions)
    check_trained(chain, (4, 7, 8), threads=(1, 2, 3), **options)
    X, _ = data((4, 7, 8))
    np.testing.assert_allclose(Predictor(chain)(X), chain.forward(X), rtol=0, atol=1e-12)


def test_a_step_on_images_as_numpy_gives_the_machines_result():
    chain = chain_of((4, 7, 8), Conv2d(4), CHANNELS, ReLU(), MaxPool2d(2))
    check_listing(chain, (4, 7, 8))


def test_batches_and_widths_beyond_a_vector():
    function = line("Y[n,k,o] = X[n,k,i] W[k,i,o] + b[k,o]", W=(2, 32, 33), b=(2, 33))
    chain = chain_of((2, 32), function, ReLU())
    X, t = data((2, 32), rows=150)
    w, _ = trained(chain, X, t, "reference", batch_size=64)
    results = [trained(chain, X, t, "machine", k, batch_size=64)[0] for k in (1, 2, 3)]
    np.testing.assert_allclose(results[0], w, rtol=0, atol=1e-12)
    assert results[0].tobytes() == results[1].tobytes() == results[2].tobytes()


@pytest.mark.parametrize("functions", [NETWORK, LISTED[2][1:], LISTED[1][1:]], ids=str)
def test_a_thread_may_take_a_few_tiles_at_a_time(functions, monkeypatch):
    shape = {NETWORK: (4,), LISTED[2][1:]: (3, 19), LISTED[1][1:]: (3,)}[functions]
    chain = chain_of(shape, *functions)
    X, t = data(shape, rows=170)
    w, _ = trained(chain, X, t, "reference", batch_size=85)
    whole = trained(chain, X, t, "machine", 1, batch_size=85)[0]
    monkeypatch.setattr(contractions, "IN_CACHE", 1)
    results = [trained(chain, X, t, "machine", k, batch_size=85)[0] for k in (1, 2, 3, 4)]
    np.testing.assert_allclose(whole, w, rtol=0, atol=1e-12)
    for result in results:
        assert result.tobytes() == whole.tobytes()


LETTERS = "aijk"
SIZES = dict(zip(LETTERS, (2, 3, 9, 5), strict=True))


@st.composite
def drawn_lines(draw):
    """Return a sample's shape and any line of at most three terms of at most three factors."""
    subsets = st.lists(st.sampled_from(LETTERS), unique=True, max_size=3).map(tuple)
    x, y = draw(subsets.filter(bool)), draw(subsets.filter(bool))
    parameters, terms = {}, []
    for number in range(draw(st.integers(1, 3))):
        factors = [("X", ("n", *x))] if number == 0 or draw(st.booleans()) else []
        for _ in range(draw(st.integers(0 if factors else 1, 2))):
            name = f"p{len(parameters)}"
            parameters[name] = draw(subsets)
            factors.append((name, parameters[name]))
        ordered = draw(st.permutations(factors))
        written = (f"{n}[{','.join(own)}]" if own else n for n, own in ordered)
        terms.append(draw(st.sampled_from(["", "0.5 ", "1/√i "])) + " ".join(written))
    known = {*x, *(letter for own in parameters.values() for letter in own)}
    assume({*y} <= known)
    assume("i" in {*y, *known} or not any("√" in term for term in terms))
    shapes = {name: tuple(SIZES[q] for q in own) for name, own in parameters.items()}
    text = f"Y[n,{','.join(y)}] = " + " + ".join(terms)
    return tuple(SIZES[q] for q in x), Line(text, tuple(shapes.items()))


@settings(deadline=None, max_examples=25)
@given(drawn=drawn_lines())
def test_any_line_of_plain_letters(drawn):
    shape, function = drawn
    check_trained(chain_of(shape, function), shape, threads=(1, 2), epochs=1)


def test_a_step_as_numpy_gives_the_machines_result():
    check_listing(chain_of((4,), *(f for f in NETWORK if not isinstance(f, Dropout))), (4,))


def check_listing(chain, shape):
    X, t = data(shape)
    steps = Steps(chain, CrossEntropy(), SGD(0.1), X, t, l2=0.1, clip=0.3)
    space = {}
    exec(steps.listing(ROWS), space)
    w = {name: value.copy() for name, value in chain.parameters.items()}
    share = np.full(ROWS, 1 / ROWS)
    mean = space["step"](X, t, share, w, dict.fromkeys(w, ()), 0.1, 1)
    losses = steps.run(np.arange(ROWS), ROWS, np.array([0.1]))
    steps.store()
    assert losses[0] == pytest.approx(mean, abs=1e-12)
    for name, value in w.items():
        np.testing.assert_allclose(value, chain.parameters[name], rtol=0, atol=1e-12)


def test_what_has_no_kernel_says_so_once_and_trains_in_numpy():
    window = line("Y[n,i] = X[n,i+u] w[u]", w=(2,))
    chain = Chain(window, Linear(3), Softmax()).initialize((4,))
    X, t = data((4,))
    history = train(chain, CrossEntropy(), X, t, Plan(epochs=1))
    assert history.engine == "reference"
    assert "'Y[n,i] = X[n,i+u] w[u]': the index i+u of X[n,i+u] is not one letter" in history.reason
    assert history.describe().endswith(f"; in NumPy, for {history.reason}")
    with pytest.raises(ValueError, match=r"the index i\+u of X\[n,i\+u\] is not one letter"):
        train(chain, CrossEntropy(), X, t, Plan(epochs=1), engine="machine")
    asked = train(chain, CrossEntropy(), X, t, Plan(epochs=1), engine="reference")
    assert asked.reason == ""
    assert train(three_layers(), CrossEntropy(), X[:, :3], t, Plan(epochs=1)).reason == ""


class OwnForward(Line):
    """A line that is not all that the function does."""

    def forward(self, X, parameters, key=None):
        return 2 * super().forward(X, parameters, key)


class Backwards(Linear):
    """A Linear whose line is another one."""

    def text(self):
        return "Y[n,o] = X[n,i] W[i,o] - b[o]"


def test_a_class_of_its_own_rules_is_not_taken_for_another():
    X, t = data((4,))
    own = OwnForward("Y[n,i] = X[n,i] s[i]", (("s", (4,)),))
    chain = Chain(own, Linear(3), Softmax()).initialize((4,), dtype=np.float64)
    reason = train(chain, CrossEntropy(), X, t, Plan(epochs=1)).reason
    assert "the engine does not know its own forward" in reason
    check_trained(chain_of((4,), Backwards(5)), (4,), threads=(1, 2))


def test_a_chain_without_parameters_predicts():
    X, _ = data((2, 3))
    chain = Chain(line("Y[n,i] = 1/k X[n,k,i]"), Softmax()).initialize(X, dtype=np.float64)
    np.testing.assert_allclose(Predictor(chain)(X), chain.forward(X), rtol=0, atol=1e-15)


def test_outputs_of_more_axes_than_members_have_are_refused():
    chain = Chain(line("Y[n,i,k,l] = X[n,i] a[k] c[l]", a=(2,), c=(4,))).initialize((3,))
    with pytest.raises(Exception, match=r"makes rows of numbers; end with Flatten\(\)"):
        Predictor(chain)


def test_sparse_samples_are_refused():
    from scipy import sparse

    class Sparse(Line):
        sparse_input = True

    function = Sparse("Y[n,o] = X[n,i] W[i,o]", (("W", (4, 5)),))
    chain = Chain(function, Softmax()).initialize((4,))
    X, t = data((4,))
    history = train(chain, CrossEntropy(), sparse.csr_matrix(X), t, Plan(epochs=1))
    assert "no kernel for sparse samples" in history.reason


def test_the_letter_of_the_samples_may_be_another():
    function = line("Y[b,o] = X[b,i] W[i,o]", W=(4, 5))
    assert isinstance(function, Multilinear)
    assert function.jacobian(np.ones((2, 4)), {"W": np.ones((4, 5))}).shape == (2, 5, 4)
    assert "dY_dX[b,o,i] = W[i,o]" in function.formulas().derivative


@pytest.mark.parametrize("threads", [1, 3])
def test_a_step_in_two_programs_moves_as_one(threads):
    chains = [chain_of((4,), *NETWORK) for _ in range(2)]
    X, t = data((4,))
    batch, parts = np.arange(ROWS), []
    for chain in chains:
        factors = {"r1": 0.5, "W0": 2.0}
        given = {"l2": 0.1, "keeps_gradient": True, "threads": threads}
        given["factors"] = {"learning_rate": factors}
        parts.append(Steps(chain, CrossEntropy(), Adam(0.01), X, t, **given))
    whole, cut = parts
    whole.run(batch, ROWS, np.array([0.01]))
    cut.gradient(batch)
    found = chains[1].parameters.empty_like()
    cut.store_gradient(found)
    key = RandomKey(seed=0, step=0)
    _, expected = chains[1].gradient(CrossEntropy(), X, t, key=key)
    np.testing.assert_allclose(found.flat, expected.flat, rtol=0, atol=1e-12)
    cut.update(0.01)
    for steps in parts:
        steps.store()
    np.testing.assert_allclose(
        chains[1].parameters.flat, chains[0].parameters.flat, rtol=0, atol=1e-14
    )

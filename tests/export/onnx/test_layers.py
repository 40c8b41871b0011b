"""Every function as nodes of ONNX: onnxruntime computes what the textbook does."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule import (
    AvgPool2d,
    BatchNorm,
    Chain,
    Conv2d,
    Elementwise,
    Flatten,
    LayerNorm,
    Linear,
    LogSoftmax,
    MaxPool2d,
    Multilinear,
    Softmax,
    Tanh,
)
from chainrule.export.onnx.model import OPSETS, onnx_model
from chainrule.export.walk import walk
from export.networks import every_case
from export.onnx.runtime import Session, assert_close, chain_session, onnx
from export.test_drawn import Draw
from lines import line

ReferenceEvaluator = pytest.importorskip("onnx.reference").ReferenceEvaluator
CASES = {case.name: case for case in every_case()}


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("name", CASES)
def test_every_function(name, opset):
    chain, X = CASES[name].chain, CASES[name].X
    session = chain_session(chain, opset)
    assert_close(session.run(X)["Y"], chain.forward(X.astype(np.float32).astype(np.float64)))


def test_onnx_s_own_evaluator_agrees():
    for case in CASES.values():
        model = onnx.load_from_string(onnx_model(walk(case.chain), "net", 17).content)
        with np.errstate(all="ignore"):  # of branches that are not taken
            (found,) = ReferenceEvaluator(model).run(None, {"X": case.X.astype(np.float32)})
        assert_close(found, case.chain.forward(case.X.astype(np.float32).astype(np.float64)))


@settings(max_examples=60)
@given(st.data())
def test_drawn_networks_and_batches(data):
    drawn = Draw(lambda options: data.draw(st.sampled_from(options))).case("drawn")
    session = chain_session(drawn.chain, data.draw(st.sampled_from(OPSETS)))
    X = np.random.default_rng(0).normal(size=(100, *drawn.X.shape[1:])).astype(np.float32)
    exact = drawn.chain.forward(X.astype(np.float64))
    rounding = np.abs(drawn.chain.astype(np.float32).forward(X) - exact).max()
    for n in (1, 7, 100):
        found = session.run(X[:n])["Y"]
        assert found.shape == exact[:n].shape
        np.testing.assert_allclose(found, exact[:n], rtol=0, atol=8 * rounding + 1e-6)


@pytest.mark.parametrize(
    "own",
    [
        (MaxPool2d(2, stride=1, padding=1), Conv2d(3, size=2)),
        (AvgPool2d((2, 3), stride=(3, 1), padding=(1, 2)),),
        (AvgPool2d(3, stride=2, padding="same"), MaxPool2d(2, stride=3, padding="same")),
        (Conv2d(4, size=2, stride=3, padding="same", groups=2),),
        (Conv2d(2, size=3, padding=4),),
    ],
)
def test_windows_at_the_edges(own):
    chain = Chain(*own, Flatten(), Linear(3)).initialize((2, 7, 8), dtype=np.float64)
    X = np.random.default_rng(0).normal(size=(3, 2, 7, 8)) - 5  # zeros around would be the largest
    assert_close(chain_session(chain).run(X)["Y"], chain.forward(X.astype(np.float32)))


SLIDING = [
    ((7,), line("Y[n,i] = W[u] X[n,i+u]", W=(3,))),
    ((7,), line("Y[n,i] = W[u] X[n,2*i+u-1]", W=(3,))),
    ((7, 4), line("Y[n,i] = X[n,i+u,c] W[u,c] + b[c] X[n,i+2,c]", W=(3, 4), b=(4,))),
    ((4, 4), line("Y[n,i] = X[n,i,i] s", s=())),
    ((3, 4), line("Y[n,j] = X[n,1,j] W[j] + c[0]", W=(4,), c=(2,))),
]


@pytest.mark.parametrize(("shape", "function"), SLIDING, ids=range(len(SLIDING)))
def test_lines_whose_indices_are_sums(shape, function):
    chain = Chain(function, Tanh()).initialize(shape, dtype=np.float64)
    rng = np.random.default_rng(1)
    chain.parameters.flat[...] = rng.normal(size=chain.parameters.flat.size)
    X = rng.normal(size=(3, *shape)).astype(np.float32)
    assert_close(chain_session(chain).run(X)["Y"], chain.forward(X.astype(np.float64)))


def test_a_layer_of_one_s_own_that_is_a_known_one_with_another_line():
    @dataclass(frozen=True)
    class Doubled(Linear):
        def text(self):
            return "Y[n,o] = 2 X[n,i] W[i,o] - b[o]"

    chain = Chain(Doubled(4)).initialize((3,), dtype=np.float64)
    chain.parameters["b0"][...] = [1, 2, 3, 4]
    X = np.eye(3)
    assert_close(chain_session(chain).run(X)["Y"], chain.forward(X))


@pytest.mark.parametrize("over", ["sample", "channels", "last"])
def test_norms_far_from_zero(over):
    chain = Chain(BatchNorm(), LayerNorm(over=over), Flatten()).initialize((4, 3, 5))
    rng = np.random.default_rng(0)
    X = (1e4 + rng.normal(size=(6, 4, 3, 5))).astype(np.float32)
    chain.parameters["mean0"][...] = 1e4 - 3
    chain.parameters["g1"][...] = rng.normal(size=chain.parameters["g1"].shape)
    exact = chain.astype(np.float64).forward(X.astype(np.float64))
    found = chain_session(chain).run(X)["Y"]
    assert np.abs(chain.forward(X) - exact).max() < 1e-5  # as digits are in X
    assert np.abs(found - exact).max() < 1e-5


def test_softmax_keeps_ranks_and_its_logarithm_small_digits():
    Z = np.array([[0, -30, -80], [0, -31, -20], [17, 0, 40]], np.float32)
    found = chain_session(Chain(Softmax()).initialize((3,))).run(Z)["Y"]
    np.testing.assert_allclose(found, Chain(Softmax()).initialize((3,)).forward(Z), rtol=3e-7)
    chain = Chain(LogSoftmax()).initialize((3,))
    exact = chain.forward(Z.astype(np.float64))
    np.testing.assert_allclose(chain_session(chain).run(Z)["Y"], exact, rtol=3e-7)


def test_functions_of_one_s_own():
    @dataclass(frozen=True)
    class Own(Elementwise):
        what: str

        def value(self, x):
            return {"step": x > 0, "flat": 2.5, "same": x, "clip": np.clip(x, -1, 1)}[self.what]

        def derivative(self, x, y):
            raise NotImplementedError

    X = np.array([[-2, 0.5, 3]])
    for what, expected in [
        ("step", [0, 1, 1]),
        ("flat", [2.5, 2.5, 2.5]),
        ("same", [-2, 0.5, 3]),
        ("clip", [-1, 0.5, 1]),
    ]:
        found = chain_session(Chain(Own(what)).initialize((3,))).run(X)["Y"]
        assert found.tolist() == [expected]


def test_what_has_no_operator_is_named():
    @dataclass(frozen=True)
    class Twice(Multilinear):
        def text(self):
            return "Y[n,i+u] = X[n,i] W[u]"

        def parameter_shapes(self, input_shape):
            return {"W": (2,)}

        def output_shape(self, input_shape):
            return (input_shape[0] + 1,)

    chain = Chain(Twice()).initialize((3,))
    with pytest.raises(ValueError, match=r"Twice\(\): cannot be exported to ONNX: .*each element"):
        onnx_model(walk(chain), "net", 17)


def test_nothing_is_computed_or_kept_twice():
    chain = Chain(Linear(3), Tanh(), Linear(2)).initialize((4,))
    model = onnx.load_from_string(onnx_model(walk(chain), "net", 17).content)
    assert [node.op_type for node in model.graph.node] == ["Gemm", "Tanh", "Gemm"]
    assert [each.name for each in model.graph.initializer] == ["W0", "b0", "W1", "b1"]
    assert Session(model.SerializeToString()).names == ["Y"]

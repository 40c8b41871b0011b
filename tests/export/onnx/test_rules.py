"""Rules as nodes of ONNX: forms that keep digits where onnxruntime's operators lose them."""

import mpmath
import numpy as np
import pytest

from chainrule import ELU, GELU, SELU, Chain, Mish, Sigmoid, SiLU, Softplus
from chainrule.export.language.expressions import Expression, local
from chainrule.export.onnx.graph import Graph
from chainrule.export.onnx.rules import FORMS, write_rule
from export.onnx.runtime import chain_session, graph_session, onnxruntime


def computed(rule, x, dtype=np.float32):
    """Return what onnxruntime makes of an expression at numbers x."""
    graph = Graph(17)
    X = graph.input("x", dtype, ("N",))
    graph.output("y", write_rule(graph, rule, {"x": X}, dtype), dtype, ("N",))
    return graph_session(graph).run({"x": np.asarray(x, dtype)})["y"]


def numbers(low, high, count=4001):
    small = np.logspace(-30, -0.5, 400)
    x = np.concatenate([np.linspace(low, high, count), small, -small]).astype(np.float32)
    return x[(x >= low) & (x <= high) & (x != 0)]


def exactly(name, x):
    with mpmath.workdps(30):
        return np.array([float(getattr(mpmath, name)(float(each))) for each in x])


@pytest.mark.parametrize(
    ("name", "low", "high"), [("expm1", -80, 80), ("log1p", -0.999, 1e6), ("erfc", -6, 9)]
)
def test_forms_of_functions_that_have_no_operator(name, low, high):
    x = numbers(low, high)
    found, expected = computed(FORMS[name](local("x")), x), exactly(name, x)
    assert np.max(np.abs(found / expected - 1)) < 8 * 2**-23


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("expm1", [-1000, 1000, 0, np.nan], [-1, np.inf, 0, np.nan]),
        ("log1p", [0, np.inf, -1, 3e38, np.nan], [0, np.inf, -np.inf, np.log(3e38), np.nan]),
        ("erfc", [0, 1000, -1000, np.inf, -np.inf, np.nan], [1, 0, 2, 0, 2, np.nan]),
    ],
)
def test_ends(name, x, expected):
    np.testing.assert_allclose(computed(FORMS[name](local("x")), x), expected, rtol=2e-7)


def test_operators_that_are_kept_as_they_are():
    x = local("x")
    rule = (abs(x) ** 0.5 + 2**x) * (((x > 1) | ~(x <= -1)) & (x < 3))
    v = np.array([-2, -0.5, 0.25, 2, 4])
    expected = np.where((v > -1) & (v < 3), np.sqrt(np.abs(v)) + 2**v, 0)
    np.testing.assert_allclose(computed(rule, v), expected, rtol=2e-7)
    assert computed(Expression("number", value=3.0), v) == 3


@pytest.mark.parametrize("function", [GELU(), ELU(), SELU(), Softplus(), Mish(), SiLU(), Sigmoid()])
def test_tails_keep_their_digits(function):
    x = numbers(-14 if isinstance(function, GELU) else -80, 20)[:, None]
    chain = Chain(function).initialize((1,), dtype=np.float64)
    exact = chain.forward(x.astype(np.float64))
    found = chain_session(chain).run(x)["Y"]
    inside = np.abs(exact) > 1e-35
    relative = np.abs(found[inside] / exact[inside] - 1)
    steep = x[inside] ** 2 if isinstance(function, GELU) else 0  # what rounding of x/√2 does
    assert (relative / (1 + steep)).max() < 16 * 2**-23


def test_a_sigmoid_keeps_the_rank_of_a_rare_event():
    z = np.array([-86, -30, -29.5, -18, -17, 0, 5, 30], np.float32)[:, None]
    chain = Chain(Sigmoid()).initialize((1,))
    found = chain_session(chain).run(z)["Y"]
    assert (np.diff(found[:, 0]) > 0).all()
    np.testing.assert_allclose(found, chain.forward(z.astype(np.float64)), rtol=4e-7)


def test_onnxruntime_s_own_sigmoid_does_not():
    graph = Graph(17)
    graph.output("y", graph.op("Sigmoid", graph.input("x", "f4", [2])), "f4", [2])
    found = graph_session(graph).run({"x": np.array([-30, -19], np.float32)})["y"]
    assert found.tolist() == [0, 0], f"onnxruntime {onnxruntime.__version__} has another Sigmoid"

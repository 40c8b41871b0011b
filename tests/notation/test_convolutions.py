"""Convolutions as lines: against a literal loop, and against SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import signal

from chainrule.notation import backprop, dense_jacobian, evaluate, infer_sizes, parse
from notation import naive
from notation.cases import numbers, rng


@st.composite
def convolutions(draw):
    settings_ = {
        "s": draw(st.integers(1, 3)),
        "d": draw(st.integers(1, 2)),
        "p": draw(st.integers(0, 2)),
    }
    taps, groups = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    span = settings_["d"] * (taps - 1) + 1
    length = draw(st.integers(max(1, span - 2 * settings_["p"]), 11))
    return settings_, taps, groups, length


@settings(max_examples=60, deadline=None)
@given(convolutions())
def test_a_convolution_infers_its_windows(convolution):
    constants, taps, groups, length = convolution
    s, d, p = constants.values()
    text = "Y[n,2*g+o,i] = W[2*g+o,c,u] X[n,3*g+c,s*i+d*u-p] + b[2*g+o]"
    shapes = {"X": (2, 3 * groups, length), "W": (2 * groups, 3, taps), "b": (2 * groups,)}
    line = parse(text, constants)
    operands = {name: numbers(shape) for name, shape in shapes.items()}
    given_sizes = {"g": groups, "o": 2}
    windows = (length + 2 * p - d * (taps - 1) - 1) // s + 1
    expected = {"n": 2, "c": 3, "u": taps, "i": windows, **given_sizes}
    assert infer_sizes(line, shapes, given_sizes) == expected
    Y = evaluate(line, operands, sizes=given_sizes)
    assert Y.tolist() == naive.evaluate(text, operands, expected, constants).tolist()
    dY = numbers(Y.shape)
    for name, array in operands.items():
        J = dense_jacobian(line, operands, by=name, sizes=given_sizes)
        back = backprop(line, operands, dY, by=name, sizes=given_sizes)
        assert back.tolist() == np.tensordot(dY, J, axes=3).tolist()
        assert back.shape == array.shape


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_a_convolution_is_scipys_correlation(stride, padding):
    X, W = rng.normal(size=(2, 3, 7, 8)), rng.normal(size=(4, 3, 2, 3))
    line = parse("Y[n,o,i,j] = W[o,c,u,v] X[n,c,s*i+u-p,s*j+v-p]", {"s": stride, "p": padding})
    Y = evaluate(line, {"X": X, "W": W})
    padded = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    for n, o in np.ndindex(2, 4):
        full = signal.correlate(padded[n], W[o], mode="valid")[0]
        np.testing.assert_allclose(Y[n, o], full[::stride, ::stride], rtol=1e-12, atol=1e-12)


def test_a_flipped_filter_is_scipys_convolution():
    x, w = rng.normal(size=9), rng.normal(size=4)
    line = parse("y[i] = w[u] x[i-u]")
    full = evaluate(line, {"x": x, "w": w}, sizes={"i": 12})
    np.testing.assert_allclose(full, signal.convolve(x, w), rtol=1e-12)
    scattered = evaluate(parse("y[i+j] = x[i] w[j]"), {"x": x, "w": w})
    np.testing.assert_allclose(scattered, signal.convolve(x, w), rtol=1e-12)

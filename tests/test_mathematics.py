"""Each name of the vocabulary, given to each of its readers."""

import math
import subprocess
import sys

import numpy as np
import pytest
import sympy

from chainrule import mathematics as m

FLOATS = (np.float32, np.float64, np.longdouble)
u, v = sympy.symbols("u v", real=True)

UNARY = {
    "exp": (math.exp, sympy.exp(u)),
    "expm1": (math.expm1, sympy.exp(u) - 1),
    "log": (math.log, sympy.log(u)),
    "log1p": (math.log1p, sympy.log(1 + u)),
    "tanh": (math.tanh, sympy.tanh(u)),
    "sin": (math.sin, sympy.sin(u)),
    "cos": (math.cos, sympy.cos(u)),
    "erf": (math.erf, sympy.erf(u)),
    "erfc": (math.erfc, 1 - sympy.erf(u)),
    "sqrt": (math.sqrt, sympy.sqrt(u)),
    "abs": (abs, sympy.Abs(u)),
}
BINARY = {
    "maximum": (max, sympy.Max(u, v)),
    "minimum": (min, sympy.Min(u, v)),
    "less": (lambda x, y: x < y, sympy.Lt(u, v)),
    "less_equal": (lambda x, y: x <= y, sympy.Le(u, v)),
    "greater": (lambda x, y: x > y, sympy.Gt(u, v)),
    "greater_equal": (lambda x, y: x >= y, sympy.Ge(u, v)),
    "equal": (lambda x, y: x == y, sympy.Eq(u, v)),
}
PAIRS = ((0.25, 2.0), (2.0, 0.25), (0.75, 0.75))


def test_every_name_is_tested():
    assert {*UNARY, *BINARY, "where", "constant"} == set(m.NAMES)
    assert set(m.__all__) == {*m.NAMES, "NAMES", "Operand"}


@pytest.mark.parametrize("name", UNARY)
def test_a_python_number_gives_a_python_number(name):
    oracle, _ = UNARY[name]
    for x in (0.3, 1, 2.5):
        y = getattr(m, name)(x)
        assert type(y) in (float, int)
        assert y == pytest.approx(oracle(x), rel=1e-15)


@pytest.mark.parametrize("name", BINARY)
def test_two_python_numbers_give_a_python_value(name):
    oracle, _ = BINARY[name]
    for x, y in PAIRS:
        result = getattr(m, name)(x, y)
        assert result == oracle(x, y)
        assert type(result) is type(oracle(x, y))


def test_where_of_python_numbers():
    assert [m.where(1 > 0, 1.5, 2), m.where(m.less(1, 0), 1.5, 2.5)] == [1.5, 2.5]
    assert type(m.where(m.less(1, 0), 1.5, 2.5)) is float


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", UNARY)
def test_arrays_keep_their_float_type(name, dtype):
    oracle, _ = UNARY[name]
    x = np.array([0.125, 0.5, 1.75], dtype)
    y = getattr(m, name)(x)
    assert y.dtype == dtype
    expected = [oracle(float(number)) for number in x]
    np.testing.assert_allclose(y.astype(np.float64), expected, rtol=4 * np.finfo(dtype).eps + 1e-15)
    assert getattr(m, name)(x[0]).dtype == dtype


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", BINARY)
def test_arrays_and_python_numbers_keep_the_arrays_float_type(name, dtype):
    oracle, _ = BINARY[name]
    x, y = np.array(PAIRS, dtype).T
    expected = [oracle(float(a), float(b)) for a, b in PAIRS]
    result = getattr(m, name)(x, y)
    assert result.tolist() == expected
    assert result.dtype == (dtype if name in ("maximum", "minimum") else bool)
    weak = getattr(m, name)(x, 0.75)
    assert weak.dtype == result.dtype
    assert weak.tolist() == [oracle(float(a), 0.75) for a in x]


@pytest.mark.parametrize("dtype", FLOATS)
def test_where_chooses_element_by_element(dtype):
    x = np.array([-1.5, 0, 2.5], dtype)
    y = m.where(x > 0, x, 0.5)
    assert y.tolist() == [0.5, 0.5, 2.5]
    assert y.dtype == dtype


def test_python_numbers_do_not_widen_float32():
    x = np.array([1.5, -2], np.float32)
    for number in (
        m.sqrt(m.constant(2, x)),
        m.constant("pi", x),
        m.maximum(0.1, 0.2),
        m.minimum(0.1, 3),
        m.where(1 > 2, 0.1, 0.2),
        m.exp(1),
        m.abs(-3),
    ):
        assert (x * number).dtype == np.float32


def test_longdouble_keeps_the_digits_that_float64_lacks():
    third = np.longdouble(1) / 3
    assert abs(m.log(m.exp(third)) - third) <= 4 * np.finfo(np.longdouble).eps


def test_nan_wins_over_any_number():
    x = np.array([np.nan, 1.0])
    assert np.isnan(m.maximum(x, 0)[0])
    assert np.isnan(m.minimum(x, 0)[0])


@pytest.mark.parametrize("name", UNARY)
def test_a_symbol_gives_the_formula(name):
    assert getattr(m, name)(u) == UNARY[name][1]


@pytest.mark.parametrize("name", BINARY)
def test_symbols_give_the_formula(name):
    assert getattr(m, name)(u, v) == BINARY[name][1]


def test_symbols_mix_with_numbers():
    assert m.maximum(0, u) == m.maximum(u, 0) == sympy.Max(u, 0)
    assert m.less(0, u) == sympy.Lt(0, u)
    assert m.where(u > 0, u, 2) == sympy.Piecewise((u, u > 0), (2, True))
    assert m.where(u > 0, 1, 0) == sympy.Piecewise((1, u > 0), (0, True))
    assert m.where(True, u, 2) == u
    assert m.sqrt(m.constant(2, u)) == sympy.sqrt(2)
    assert m.constant("pi", u) is sympy.pi
    assert m.constant("pi", 1.0) == math.pi


class Written:
    """An operand of a reader that writes calls down."""

    class __mathematics__:  # noqa: N801
        pass


for _name in m.NAMES:
    setattr(Written.__mathematics__, _name, lambda *operands, _name=_name: (_name, operands))


def test_a_reader_of_ones_own():
    x = Written()
    for name in UNARY:
        assert getattr(m, name)(x) == (name, (x,))
    for name in BINARY:
        assert getattr(m, name)(x, 2.0) == (name, (x, 2.0))
        assert getattr(m, name)(np.float32(2), x) == (name, (np.float32(2), x))
    assert m.where(x, 1, 2) == ("where", (x, 1, 2))
    assert m.where(1, 2, x) == ("where", (1, 2, x))
    assert m.constant("pi", x) == ("constant", ("pi",))


def test_sympy_is_not_imported_before_a_symbol_turns_up():
    program = (
        "import sys, numpy, chainrule.mathematics as m;"
        "m.exp(1.0), m.maximum(numpy.ones(2), 0), m.where(numpy.ones(2) > 0, 1, 0);"
        "sys.exit('sympy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

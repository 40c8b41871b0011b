"""The vectors' functions against NumPy, SciPy and many more digits, over the whole range."""

import mpmath
import numpy as np
import pytest
from scipy import special

from chainrule import mathematics
from chainrule.engine.language.emit import KernelBuilder
from chainrule.engine.machine.memory import VECTOR
from engine.calls import run, vectors

TYPES = [np.float32, np.float64]
ULPS = {"exp": 1.5, "expm1": 2, "log": 1.5, "log1p": 2, "tanh": 2.5, "erf": 3, "sqrt": 0.5}
ULPS |= {"erfc": 4, "sin": 2, "cos": 2}
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, -0.5]


def apply(function, x):
    """Return function(x), computed by machine code emitted from it."""
    k = KernelBuilder("applied", x.dtype, ("count", "x", "y"))
    with k.loop(0, k.argument("count")) as i:
        y = function(k.load(k.argument("x") + i * VECTOR))
        k.store(y, k.argument("y") + i * VECTOR)
    y = np.full_like(x, 7)
    run(k, count=x.nbytes // VECTOR, x=x, y=y)
    return y


def points(dtype):
    """Return numbers of every size and both signs, more of them where the functions bend."""
    rng = np.random.default_rng(0)
    info = np.finfo(dtype)
    sizes = 2.0 ** rng.uniform(info.minexp, info.maxexp, 3000)
    near = np.concatenate([rng.uniform(-2, 2, 3000), rng.uniform(-110, 110, 3000)])
    return np.concatenate([SPECIAL, sizes, -sizes, near]).astype(dtype)


def distance(y, truth, dtype):
    """Return how many units in the last place y is from the truth."""
    truth = np.asarray(truth, dtype=np.longdouble)
    unit = np.spacing(np.abs(truth).astype(dtype)).astype(np.longdouble)
    return np.abs(y.astype(np.longdouble) - truth) / unit


ORACLES = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "sqrt": np.sqrt,
}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", sorted(ORACLES))
def test_errors_are_a_few_units_in_the_last_place(name, dtype):
    x = vectors(points(dtype), dtype)
    y = apply(getattr(mathematics, name), x)
    with np.errstate(all="ignore"):
        truth = ORACLES[name](x.astype(np.longdouble))
        rounded = truth.astype(dtype)
    assert np.array_equal(np.isnan(y), np.isnan(rounded))
    normal = np.isfinite(rounded) & (np.abs(rounded) >= np.finfo(dtype).tiny)
    assert distance(y[normal], truth[normal], dtype).max() <= ULPS[name]
    rest = ~normal & ~np.isnan(rounded)  # infinities, zeros, and what is too small to be normal
    assert np.allclose(y[rest], rounded[rest], rtol=0, atol=np.finfo(dtype).tiny)
    assert np.array_equal(np.isinf(y), np.isinf(rounded))


def test_erf_in_float32():
    x = vectors(points(np.float32), np.float32)
    y = apply(mathematics.erf, x)
    truth = special.erf(x.astype(np.float64))
    assert np.array_equal(np.isnan(y), np.isnan(truth))
    normal = np.abs(truth) >= np.finfo(np.float32).tiny
    assert distance(y[normal], truth[normal], np.float32).max() <= ULPS["erf"]


def test_erf_in_float64_against_many_digits():
    rng = np.random.default_rng(1)
    x = vectors(np.concatenate([rng.uniform(-7, 7, 400), [1.0, -1.0, 1e-300, 6.0, 30.0]]), float)
    with mpmath.workdps(40):
        truth = np.array([np.longdouble(str(mpmath.erf(mpmath.mpf(float(v))))) for v in x])
    assert distance(apply(mathematics.erf, x), truth, np.float64).max() <= ULPS["erf"]


@pytest.mark.parametrize(("dtype", "most"), [(np.float32, 9), (np.float64, 26)])
def test_erfc_against_many_digits(dtype, most):
    rng = np.random.default_rng(2)
    near = [0.0, 0.5, -0.5, 1.0, 1e-30, -7.0, np.inf, -np.inf, 1e30, np.nan]
    x = np.concatenate([near, rng.uniform(-2, 2, 400), rng.uniform(0, most, 400)])
    x = vectors(x.astype(dtype), dtype)
    y = apply(mathematics.erfc, x)
    assert np.isnan(y[9])
    assert y[6:9].tolist() == [0, 2, 0]
    kept = np.isfinite(x) & (x < most)
    with mpmath.workdps(40):
        truth = np.array([np.longdouble(str(mpmath.erfc(mpmath.mpf(float(v))))) for v in x[kept]])
    assert distance(y[kept], truth, dtype).max() <= ULPS["erfc"]


def angles(dtype, largest):
    """Return angles of every size, more of them where sines bend and where they are 0."""
    rng = np.random.default_rng(3)
    sizes = 2.0 ** rng.uniform(np.finfo(dtype).minexp, np.log2(largest), 1500)
    quarters = rng.integers(-(2**18), 2**18, 1500) * np.pi / 2
    near = [0.5, 1.0, -1.0, largest, -largest, 0.0]
    whole = np.concatenate([near, sizes, -sizes, quarters, rng.uniform(-10, 10, 3000)])
    return vectors(whole.astype(dtype), dtype)


@pytest.mark.parametrize(("dtype", "largest"), [(np.float32, 2.0**22), (np.float64, 2.0**50)])
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_sines_against_many_digits(name, dtype, largest):
    x = angles(dtype, largest)
    y = apply(getattr(mathematics, name), x)
    with mpmath.workdps(60):
        exact = [getattr(mpmath, name)(mpmath.mpf(float(v))) for v in x]
        truth = np.array([np.longdouble(mpmath.nstr(v, 30)) for v in exact])
    normal = np.abs(truth) >= np.finfo(dtype).tiny
    assert distance(y[normal], truth[normal], dtype).max() <= ULPS[name]
    assert np.abs(y).max() <= 1


@pytest.mark.parametrize(("dtype", "largest"), [(np.float32, 2.0**22), (np.float64, 2.0**50)])
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_sines_of_numbers_a_quarter_radian_apart_are_nan(name, dtype, largest):
    beyond = np.nextafter(dtype(largest), dtype(np.inf))
    assert beyond - dtype(largest) >= 0.25
    huge = [beyond, -beyond, np.finfo(dtype).max, np.inf, -np.inf, np.nan]
    assert np.isnan(apply(getattr(mathematics, name), vectors(huge, dtype))[:6]).all()


@pytest.mark.parametrize("dtype", TYPES)
def test_zeros_keep_their_sign(dtype):
    x = vectors([0.0, -0.0], dtype)
    for name in ("expm1", "log1p", "tanh", "sin", "erf", "sqrt"):
        y = apply(getattr(mathematics, name), x)
        assert np.array_equal(np.signbit(y), np.signbit(x)), name


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_larger_and_smaller_pass_nan_on(name, dtype):
    x = vectors([1.0, -2.0, np.nan, np.inf, -np.inf, 0.25], dtype)
    for other in (0.5, -1.0):
        y = apply(lambda x, other=other: getattr(mathematics, name)(x, other), x)
        assert np.array_equal(y, getattr(np, name)(x, dtype(other)), equal_nan=True)


@pytest.mark.parametrize("dtype", TYPES)
def test_comparisons_choose_lane_by_lane(dtype):
    x = vectors([1.0, -2.0, np.nan, 0.0, -0.0, 0.25], dtype)
    for name in ("less", "less_equal", "greater", "greater_equal", "equal"):
        holds = getattr(mathematics, name)
        y = apply(lambda x, holds=holds: mathematics.where(holds(x, 0.0), 2.0, -3.0), x)
        assert np.array_equal(y, np.where(holds(x, 0.0), 2.0, -3.0)), name
    y = apply(lambda x: mathematics.where(mathematics.less(0.0, x), x, mathematics.abs(x) + 1), x)
    assert np.array_equal(y, np.where(x > 0, x, np.abs(x) + 1), equal_nan=True)


def test_pi_is_a_number():
    x = vectors([1.0, 2.0], np.float64)
    y = apply(lambda x: x * mathematics.constant("pi", x), x)
    assert np.array_equal(y, x * np.pi)

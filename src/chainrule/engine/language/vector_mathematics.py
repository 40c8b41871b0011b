"""The vocabulary of chainrule.mathematics for vectors: its third reader.

Every function is free of branches and made of operations that are rounded the same everywhere, so
its bits do not depend on the processor. Errors, in units in the last place, are at most 1.5 for
exp and log, 2 for expm1, log1p, sin and cos, 2.5 for tanh, 3 for erf and 4 for erfc, in float32 and
in float64: the tests compare with many more digits. Results below the smallest normal number may be
0, as the runner asks of the processor. Beyond 2²² in float32, 2⁵⁰ in float64, where numbers are a
quarter radian and more apart, sines and cosines are NaN.

Methods: exp and expm1 by reduction to |r| ≤ log(2)/2 and Taylor's series; log by reduction to
[√½, √2] and the series of 2·artanh; tanh from expm1; sin and cos by reduction to |r| ≤ π/2 and
Taylor's series of the sine; erf by Chebyshev fits of erf(x)/x in x², and of exp(x²)·erfc(x) in
(x − 2)/(x + 2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from llvmlite import ir

from chainrule.engine.language.fits import ERF_FAR, ERF_NEAR, ERFC_FAR
from chainrule.engine.language.values import Condition, Vector, fma, intrinsic, select

LOG2_E = 1 / math.log(2)


@dataclass(frozen=True)
class Constants:
    """What depends on the float type.

    ``log2_high`` + ``log2_low`` is log 2 to more digits than one number has; the high part has so
    few bits that its product with an exponent is exact. The sum of ``pi`` is π, and ``largest`` the
    number beyond which there is no sine.
    """

    mantissa: int
    bias: int
    magic: float
    log2_high: float
    log2_low: float
    exp_terms: int
    log_terms: int
    overflow: float
    underflow: float
    tiny: float
    pi: tuple[float, float, float]
    sine_terms: int
    largest: float


SINGLE = Constants(
    mantissa=23,
    bias=127,
    magic=1.5 * 2.0**23,
    log2_high=0.693359375,
    log2_low=-2.12194440e-4,
    exp_terms=7,
    log_terms=5,
    overflow=89.0,
    underflow=-104.0,
    tiny=2.0**-126,
    pi=(3.1415927410125732, -8.742277657347586e-08, -3.4302490200117637e-15),
    sine_terms=6,
    largest=2.0**22,
)
DOUBLE = Constants(
    mantissa=52,
    bias=1023,
    magic=1.5 * 2.0**52,
    log2_high=0.6931471803691238,
    log2_low=1.9082149292705877e-10,
    exp_terms=13,
    log_terms=11,
    overflow=710.0,
    underflow=-746.0,
    tiny=2.0**-1022,
    pi=(3.141592653589793, 1.2246467991473532e-16, -2.9947698097183397e-33),
    sine_terms=10,
    largest=2.0**50,
)


_CONSTANTS = {"float32": SINGLE, "float64": DOUBLE}


def _constants(x: Vector) -> Constants:
    return _CONSTANTS[x.body.format.compute]


def polynomial(x: Vector, coefficients: Sequence[float]) -> Vector:
    """Return c₀ + c₁x + c₂x² + …, from the last term on."""
    total = x.filled(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = fma(total, x, x.filled(coefficient))
    return total


def _whole_type(x: Vector) -> Any:
    """Return the type of whole numbers of the same width, in as many lanes."""
    kind = x.value.type
    many = isinstance(kind, ir.VectorType)
    return ir.VectorType(x.body.whole, kind.count) if many else x.body.whole


def _whole(x: Vector, value: int) -> Any:
    kind = _whole_type(x)
    many = isinstance(kind, ir.VectorType)
    return ir.Constant(kind, [value] * kind.count if many else value)


def _bits(x: Vector) -> Any:
    return x.body.builder.bitcast(x.value, _whole_type(x))


def _from_bits(x: Vector, bits: Any) -> Vector:
    return x.like(x.body.builder.bitcast(bits, x.value.type))


def power_of_2(x: Vector, exponents: Any) -> Vector:
    """Return 2 to the power of whole numbers; these must give normal numbers."""
    form, builder = _constants(x), x.body.builder
    biased = builder.add(exponents, _whole(x, form.bias))
    return _from_bits(x, builder.shl(biased, _whole(x, form.mantissa)))


def bits_between(low: Vector, high: Vector) -> Any:
    """Return how far the bits of a number are above those of another, as whole numbers."""
    return low.body.builder.sub(_bits(high), _bits(low))


def _reduce(x: Vector) -> tuple[Vector, Any, Vector]:
    """Return n, the same as whole numbers, and r with x = n·log 2 + r, |r| ≤ log(2)/2."""
    form = _constants(x)
    magic = x.filled(form.magic)
    shifted = fma(x, x.filled(LOG2_E), magic)  # its last bits are n
    n = shifted - magic
    whole = bits_between(magic, shifted)
    r = fma(n, x.filled(-form.log2_high), x)
    return n, whole, fma(n, x.filled(-form.log2_low), r)


def _within(x: Vector, low: float, high: float) -> Vector:
    """Return x, or the bound that it passes; NaN stays."""
    x = where(x < low, x.filled(low), x)
    return where(x > high, x.filled(high), x)


def exp(x: Vector) -> Vector:
    """Return e to the power x."""
    form, builder = _constants(x), x.body.builder
    x = _within(x, form.underflow, form.overflow)
    _, n, r = _reduce(x)
    y = polynomial(r, [1 / math.factorial(k) for k in range(form.exp_terms + 1)])
    half = builder.ashr(n, _whole(x, 1))  # in two steps, since 2ⁿ alone may overflow
    return y * power_of_2(x, half) * power_of_2(x, builder.sub(n, half))


def expm1(x: Vector) -> Vector:
    """Return exp(x) − 1, accurate near 0."""
    form = _constants(x)
    inside = _within(x, -60.0, 60.0)
    _, n, r = _reduce(inside)
    terms = [1 / math.factorial(k) for k in range(2, form.exp_terms + 2)]
    p = fma(polynomial(r, terms), r * r, r)
    scale = power_of_2(x, n)
    near = fma(p, scale, scale - 1)
    return where(x > 60.0, exp(x), where(equal(x, 0.0), x, near))


def log(x: Vector) -> Vector:
    """Return the natural logarithm of x."""
    form, builder = _constants(x), x.body.builder
    denormal = x < form.tiny
    grown = where(denormal, x * 2.0 ** (form.mantissa + 1), x)
    # Exponent and mantissa, cut so that the mantissa is in [√½, √2).
    bits = builder.sub(_bits(grown), _bits(x.filled(math.sqrt(0.5))))
    exponent = builder.ashr(bits, _whole(x, form.mantissa))
    m = _from_bits(x, builder.sub(_bits(grown), builder.shl(exponent, _whole(x, form.mantissa))))
    e = x.like(builder.sitofp(exponent, x.value.type))
    e = where(denormal, e - float(form.mantissa + 1), e)
    f = m - 1
    s = f / (f + 2)
    z = s * s
    series = z * polynomial(z, [2 / (2 * k + 3) for k in range(form.log_terms)])
    half_square = f * f * 0.5
    rest = fma(e, x.filled(form.log2_low), s * (half_square + series))
    y = fma(e, x.filled(form.log2_high), f - (half_square - rest))
    infinity = x.filled(math.inf)
    y = where(equal(x, infinity), infinity, y)
    y = where(equal(x, 0.0), -infinity, y)
    return where((x < 0.0) | x.is_nan, x.filled(math.nan), y)


def log1p(x: Vector) -> Vector:
    """Return log(1 + x), accurate near 0."""
    u = x + 1
    lost = x - (u - 1)
    y = log(u) + lost / u
    plain = equal(u, x.filled(math.inf)) | (u <= 0.0)
    return where(equal(x, 0.0), x, where(plain, log(u), y))


def tanh(x: Vector) -> Vector:
    """Return the hyperbolic tangent, from expm1 of −2|x|."""
    t = expm1(absolute(x) * -2.0)
    return intrinsic("copysign", -t / (t + 2), x)


def _sine(x: Vector, half: float) -> Vector:
    """Return (−1)ⁿ·sin(x − (n + half)·π), n such that this is between −π/2 and π/2."""
    form, builder = _constants(x), x.body.builder
    magic = x.filled(form.magic)
    turns = fma(x, x.filled(1 / math.pi), x.filled(-half)) + magic  # its last bits are n
    n = builder.sub(_bits(turns), _bits(magic))
    m = turns - magic + half
    first, second, third = (x.filled(-part) for part in form.pi)
    a, b = fma(m, first, x), m * second  # the former is exact
    both = a + b
    rest = (a - (both - (both - a))) + (b - (both - a))  # what the sum has rounded off
    r = both + fma(m, third, fma(m, second, -b) + rest)
    z = r * r
    terms = [(-1) ** k / math.factorial(2 * k + 1) for k in range(1, form.sine_terms + 1)]
    y = _within(fma(r * z, polynomial(z, terms), r), -1.0, 1.0)
    sign = builder.shl(n, _whole(x, x.body.format.compute_dtype.itemsize * 8 - 1))
    y = _from_bits(x, builder.xor(_bits(y), sign))
    return where(absolute(x) <= form.largest, y, x.filled(math.nan))


def sin(x: Vector) -> Vector:
    """Return the sine of x."""
    return where(equal(x, 0.0), x, _sine(x, 0.0))


def cos(x: Vector) -> Vector:
    """Return the cosine of x: −sin(x − π/2)."""
    return -_sine(x, 0.5)


def erf(x: Vector) -> Vector:
    """Return the error function."""
    size = x.body.format.compute_dtype.itemsize
    a = absolute(x)
    near = x * polynomial(fma(x * 2.0, x, x.filled(-1.0)), ERF_NEAR[size])
    far_x = _within(a, 1.0, 6.0)
    t = (far_x - 2) / (far_x + 2)
    scaled = polynomial(fma(t, x.filled(2.4), x.filled(-0.2)), ERF_FAR[size])
    far = 1 - exp(-far_x * far_x) * scaled
    far = intrinsic("copysign", where(a > 6.0, x.filled(1.0), far), x)
    return where(a <= 1.0, near, where(x.is_nan, x, far))


def erfc(x: Vector) -> Vector:
    """Return 1 − erf(x), accurate where that is small."""
    size = x.body.format.compute_dtype.itemsize
    scale, shift, most, coefficients = ERFC_FAR[size]
    a = absolute(x)
    near = 1 - x * polynomial(fma(x * 2.0, x, x.filled(-1.0)), ERF_NEAR[size])
    far_x = _within(a, 0.5, most)
    beyond = far_x + 2
    t = (far_x - 2) / beyond
    square = far_x * far_x
    lost = fma(far_x, far_x, -square)  # what the square rounds off is a factor of exp
    tail = exp(-square)
    tail = fma(-tail, lost, tail)
    far = tail * (polynomial(fma(t, x.filled(scale), x.filled(shift)), coefficients) / beyond)
    far = where(a > most, x.filled(0.0), far)
    far = where(x < 0.0, 2 - far, far)
    return where(a <= 0.5, near, where(x.is_nan, x, far))


def sqrt(x: Vector) -> Vector:
    """Return the square root, correctly rounded."""
    return intrinsic("sqrt", x)


def absolute(x: Vector) -> Vector:
    """Return the absolute value."""
    return intrinsic("fabs", x)


def _both(x: Any, y: Any) -> tuple[Vector, Vector]:
    """Return two operands as vectors; one may be a plain number."""
    if isinstance(x, Vector):
        return x, y if isinstance(y, Vector) else x.filled(y)
    return y.filled(x), y


def maximum(x: Any, y: Any) -> Vector:
    """Return the larger number; NaN where either is NaN."""
    x, y = _both(x, y)
    return where((x > y) | x.is_nan, x, y)


def minimum(x: Any, y: Any) -> Vector:
    """Return the smaller number; NaN where either is NaN."""
    x, y = _both(x, y)
    return where((x < y) | x.is_nan, x, y)


def where(condition: Any, x: Any, y: Any) -> Vector:
    """Return x where the condition holds and y elsewhere."""
    if not isinstance(x, Vector) and not isinstance(y, Vector):
        x = _constant_for(condition, x)
    left, right = _both(x, y)
    return select(condition, left, right)


def _constant_for(condition: Condition, value: Any) -> Vector:
    """Return a number in as many lanes as a condition has."""
    if hasattr(value, "as_vector"):
        read: Vector = value.as_vector()
        return read
    body = condition.body
    many = isinstance(condition.value.type, ir.VectorType)
    return Vector(body, body.filled(body.vector if many else body.number, value))


def equal(x: Any, y: Any) -> Condition:
    """Return whether x = y."""
    left, right = _both(x, y)
    return left.compare("==", right)


READER = SimpleNamespace(
    exp=exp,
    expm1=expm1,
    log=log,
    log1p=log1p,
    tanh=tanh,
    sin=sin,
    cos=cos,
    erf=erf,
    erfc=erfc,
    sqrt=sqrt,
    abs=absolute,
    maximum=maximum,
    minimum=minimum,
    where=where,
    less=lambda x, y: _both(x, y)[0] < _both(x, y)[1],
    less_equal=lambda x, y: _both(x, y)[0] <= _both(x, y)[1],
    greater=lambda x, y: _both(x, y)[0] > _both(x, y)[1],
    greater_equal=lambda x, y: _both(x, y)[0] >= _both(x, y)[1],
    equal=equal,
    constant=lambda value: math.pi if value == "pi" else value,
)
Vector.__mathematics__ = Condition.__mathematics__ = READER

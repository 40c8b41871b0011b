"""Matrices in blocks of bfloat16: how they are packed, and the exact order of their products."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from llvmlite import binding

from chainrule.engine.kernels import bfloat16_blocks, bfloat16_packing, epilogues
from chainrule.engine.kernels.library import Library, library
from chainrule.engine.language.emit import emitted
from chainrule.engine.machine.blocks import Blocks
from chainrule.engine.machine.compiling import Target, host
from chainrule.engine.machine.matrix_tiles import FEATURES, usable
from chainrule.engine.machine.memory import Panels
from chainrule.engine.running.runner import Runner
from engine.calls import OTHERS

SINGLE = np.dtype(np.float32)
TINY = np.finfo(np.float32).tiny


def without_tiles():
    """Return this processor, as if it had no tiles of matrices."""
    features = [name for name in host().features.split(",") if "amx" not in name]
    return Target(host().processor, ",".join(features), host().register_bytes)


TARGETS = {"this processor": host(), "without tiles": without_tiles(), **OTHERS}


@pytest.fixture(params=TARGETS)
def kernels(request):
    binding.load_library_permanently("libm.so.6")
    return Library(SINGLE, TARGETS[request.param])


def run(kernel, **values):
    """Call a kernel as programs do, with denormal numbers counting as 0."""
    arguments = kernel.pack(**values)
    Runner([np.array([[kernel.address, arguments.ctypes.data]])]).run(1)


def panels(values, rows):
    """Return an array in panels, with numbers that nobody may read beyond the features."""
    found = Panels.zeros(rows, values.shape[1], SINGLE)
    found.data[...] = np.nan
    found.write(values)
    return found


def pack(kernels, M, down, *, gathered=False):
    """Return M as rows of A, and what is read down."""
    n, f = M.shape
    source, across, other = panels(M, n), Blocks.zeros(-(-n // 32) * 32, f), Blocks.zeros(f, n)
    places = M.ctypes.data + np.arange(n) * M.strides[0]
    run(
        kernels.get(bfloat16_packing.pack, gathered=gathered, across=True, down=down),
        first=0,
        last=source.count,
        rows=n,
        features=f,
        samples=places.ctypes.data,
        x=source.address,
        x_stride=source.stride,
        across=across.address,
        across_stride=across.stride,
        down=other.address,
        down_stride=other.stride,
    )
    return across, other


def pack_weights(kernels, W):
    """Return W and its transpose as columns of B."""
    n, f = W.shape
    source, down, back = panels(W, n), Blocks.zeros(f, n), Blocks.zeros(n, f)
    run(
        kernels.get(bfloat16_packing.pack_weights, back=True),
        first=0,
        last=source.count,
        rows=n,
        features=f,
        x=source.address,
        x_stride=source.stride,
        down=down.address,
        down_stride=down.stride,
        back=back.address,
        back_stride=back.stride,
    )
    return down, back


def multiply(kernels, A, B, m, n):
    """Return A B (m, n) by the product kernel; nothing is written beyond."""
    out, store = Panels.zeros(m, n, SINGLE), kernels.get(epilogues.store)
    out.data[...] = np.nan
    there = {"gradient": out.address, "row_stride": 64, "vector_stride": out.stride}
    arguments = store.pack(**there)
    run(
        kernels.get(bfloat16_blocks.product),
        rows=m,
        vectors=out.count,
        depth=A.depth,
        a=A.address,
        a_stride=A.stride,
        b=B.address,
        b_stride=B.stride,
        epilogue=store.address,
        arguments=arguments.ctypes.data,
    )
    assert np.isnan(out.data[:, m:]).all()
    return out.read()


# ---- what is expected, by NumPy alone


def rounded(values):
    """Return numbers of float32 rounded to bfloat16."""
    bits = values.view(np.uint32).astype(np.uint64)
    near = ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16 << 16).astype(np.uint32).view(np.float32)
    quiet = ((bits | 0x400000) >> 16 << 16).astype(np.uint32).view(np.float32)
    zero = np.copysign(np.float32(0), values)
    return np.where(np.isnan(values), quiet, np.where(np.abs(values) < TINY, zero, near))


def fused(x, y, z):
    """Return x·y + z of float32, x and y of bfloat16, rounded once; denormal results are 0.

    The product is exact in float64; its sum with z is rounded to odd, and then to float32.
    """
    with np.errstate(all="ignore"):
        product, z = x.astype(np.float64) * y, z.astype(np.float64)
        total = product + z
        back = total - product
        error = (product - (total - back)) + (z - back)
        even = total.view(np.uint64) % 2 == 0
        odd = np.nextafter(total, np.where(error > 0, np.inf, -np.inf))
        inexact = np.isfinite(total) & (error != 0) & even
        result = np.where(inexact, odd, total).astype(np.float32)
    return np.where(np.abs(result) < TINY, np.copysign(np.float32(0), result), result)


def expected(A, B):
    """Return A B, of numbers of bfloat16, in the order of blocks."""
    k = -(-A.shape[1] // 32) * 32
    A = np.pad(A, ((0, 0), (0, k - A.shape[1])))
    B = np.pad(B, ((0, k - B.shape[0]), (0, 0)))
    total = np.zeros((len(A), B.shape[1]), np.float32)
    one = np.ones((), np.float32)
    for block in range(0, k, 32):
        even, odd = np.zeros_like(total), np.zeros_like(total)
        for pair in range(block, block + 32, 2):
            even = fused(A[:, pair, None], B[pair], even)
            odd = fused(A[:, pair + 1, None], B[pair + 1], odd)
        total = fused(one, fused(one, even, odd), total)
    return total


def same(left, right):
    """Return whether two arrays have the same bits; any NaN is as good as another."""
    bits = left.view(np.uint32) == right.view(np.uint32)
    return bool(np.all(bits | (np.isnan(left) & np.isnan(right))))


# ---- packing


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from(["rows", "columns"]), st.booleans())
def test_rows_are_packed_in_any_size(n, f, down, gathered):
    M = np.random.default_rng(n * f).normal(size=(n, f)).astype(SINGLE)
    across, other = pack(library(SINGLE), M, down, gathered=gathered)
    _check_packed(M, across.rows(), other.rows().T if down == "rows" else other.columns())


def _check_packed(M, *copies):
    n, f = M.shape
    for copy in copies:
        assert same(copy[:n, :f], rounded(M))
        assert not copy[n:].any()
        assert not copy[:, f:].any()


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70))
def test_weights_are_packed_in_any_size(n, f):
    W = np.random.default_rng(n * f).normal(size=(n, f)).astype(SINGLE)
    down, back = pack_weights(library(SINGLE), W)
    _check_packed(W, down.columns(), back.columns().T)


def test_rounding_is_to_nearest_with_ties_to_even_and_denormals_as_zero(kernels):
    bits = np.array([0x3F808000, 0x3F818000, 0x3F808001, 0x3F807FFF, 0x7F7FFFFF, 0x7F800001])
    bits = np.append(bits, [0x007FFFFF, 0x807FFFFF, 0x00800000, 0x80000000, 0xFF800000])
    M = bits.astype(np.uint32).view(np.float32)[None]
    across, _ = pack(kernels, M, "rows")
    found = across.rows()[0, : bits.size].view(np.uint32) >> 16
    near = [0x3F80, 0x3F82, 0x3F81, 0x3F80, 0x7F80, 0x7FC0, 0, 0x8000, 0x0080, 0x8000, 0xFF80]
    assert found.tolist() == near


# ---- products


@pytest.mark.parametrize("sizes", [(1, 1, 1), (19, 33, 20), (50, 70, 150), (33, 530, 17)])
def test_all_three_products_of_a_layer_have_the_bits_of_the_definition(kernels, sizes):
    n, i, o = sizes
    rng = np.random.default_rng(sum(sizes))
    X, W, dZ = (rng.normal(size=s).astype(SINGLE) for s in ((n, i), (i, o), (n, o)))
    (x, xt), (g, down) = pack(kernels, X, "rows"), pack(kernels, dZ, "columns")
    w, back = pack_weights(kernels, W)
    X, W, dZ = map(rounded, (X, W, dZ))
    assert same(multiply(kernels, x, w, n, o), expected(X, W))
    assert same(multiply(kernels, g, back, n, i), expected(dZ, W.T))
    assert same(multiply(kernels, xt, down, i, o), expected(X.T, dZ))


KINDS = {
    "all exponents": (0, 254, 0.0),
    "products below float32's normal numbers": (44, 70, 0.2),
    "sums beyond float32": (183, 192, 0.0),
    "infinite and NaN": (120, 130, 0.01),
    "whole numbers that cancel": (127, 129, 0.3),
}


@pytest.mark.parametrize("kind", KINDS)
def test_odd_numbers_have_the_bits_of_the_definition(kernels, kind):
    least, most, zeros = KINDS[kind]
    rng = np.random.default_rng(3)

    def draw(*shape):
        exponent, sign = rng.integers(least, most, shape) << 23, rng.integers(0, 2, shape) << 31
        digits = rng.integers(0, 128, shape) << 16
        found = sign | exponent | (digits & 0x600000 if "cancel" in kind else digits)
        found = found.astype(np.uint32).view(np.float32)
        rare = rng.random(shape) < zeros
        return np.where(rare, rng.choice([0, np.inf] if "NaN" in kind else [0], shape), found)

    A, B = draw(40, 65).astype(SINGLE), draw(65, 33).astype(SINGLE)
    (a, _), (b, _) = pack(kernels, A, "rows"), pack_weights(kernels, B)
    found = multiply(kernels, a, b, 40, 33)
    exact = expected(rounded(A), rounded(B))
    assert same(found, exact)
    assert np.isfinite(exact).any()
    if "below" in kind:
        assert 0 < np.count_nonzero(exact) < exact.size


def test_a_sum_that_rounds_up_to_a_normal_number_is_kept(kernels):
    A, B = np.ones((1, 3), SINGLE), np.array([[TINY], [0], [-(2.0**-110)]], SINGLE)
    A[0, 2] = 2.0**-41  # 2^-126 − 2^-151, half way between normal numbers if there were any
    (a, _), (b, _) = pack(kernels, A, "rows"), pack_weights(kernels, B)
    assert multiply(kernels, a, b, 1, 1).item() == TINY


def test_tiles_are_used_where_they_are_and_given_back():
    k, _ = emitted(bfloat16_blocks.product, "product", SINGLE, target=host())
    code = re.findall(r"call void @[\"]?llvm\.x86\.(\w+)", str(k.module))
    if usable(host()):
        assert code.count("ldtilecfg") == code.count("tilerelease") == 1
        assert code.index("ldtilecfg") < code.index("tilerelease")
        assert "tdpbf16ps" in str(k.module)
    else:
        assert not code
    plain, _ = emitted(bfloat16_blocks.product, "product", SINGLE, target=without_tiles())
    assert "llvm.x86" not in str(plain.module)


def test_tiles_need_their_features_and_the_systems_leave(monkeypatch):
    monkeypatch.setattr("chainrule.engine.machine.matrix_tiles.permitted", lambda: True)
    assert usable(Target("any", ",".join(FEATURES), 64))
    assert not usable(Target("any", "+amx-tile,-amx-bf16", 64))
    assert not usable(Target("any", "", 64))
    monkeypatch.setattr("chainrule.engine.machine.matrix_tiles.permitted", lambda: False)
    assert not usable(Target("any", ",".join(FEATURES), 64))

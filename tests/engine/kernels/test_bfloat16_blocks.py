"""Matrices in blocks of bfloat16: how they are packed, and the exact order of their products."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from llvmlite import binding

from chainrule.engine.kernels import bfloat16_blocks, epilogues
from chainrule.engine.kernels.library import Library, library
from chainrule.engine.language.emit import emitted
from chainrule.engine.machine.architecture import AARCH64, architecture, has_feature
from chainrule.engine.machine.compiling import Target, host
from chainrule.engine.machine.matrix_tiles import FEATURES, usable
from chainrule.engine.machine.memory import Panels
from chainrule.engine.planning.blocked import Blocked
from chainrule.engine.planning.program import Instructions
from chainrule.engine.running.runner import Runner
from engine.bfloat16_by_hand import SMALLEST, block_product, rounded
from engine.calls import OTHERS, without_tiles

SINGLE = np.dtype(np.float32)


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


def pack(kernels, M, down, *, gathered=False, cuts=()):
    """Return M as products read it across and down; rows are packed in pieces between cuts."""
    n, f = M.shape
    source, made = panels(M, n), Blocked().operand(n, f, across=True, down=down)
    places = M.ctypes.data + np.arange(n) * M.strides[0]
    for rows in zip((0, *cuts), (*cuts, n), strict=True):
        kernel, where = made.rounds(kernels, rows, gathered=gathered)
        own = {"samples": places[rows[0] :].ctypes.data, "x": source.address + rows[0] * 64}
        own |= {"x_stride": source.stride, "rows": rows[1] - rows[0], "features": f}
        run(kernel, first=0, last=source.count, **own, **where)
    return made


def pack_weights(kernels, W, *, cut=0):
    """Return the copies of W and its transpose, made in two pieces if there is a cut."""
    (n, f), form = W.shape, Blocked()
    source, copies = panels(W, n), form.weights(n, f, back=True)
    for first, last in ((0, cut), (cut, n)) if cut else ((0, n),):
        kernel, where = form.rounds_weights(kernels, copies, first)
        own = {"x": source.address + first * 64, "x_stride": source.stride, "features": f}
        run(kernel, first=0, last=source.count, rows=last - first, **own, **where)
    return copies


def multiply(kernels, left, right, *, across=True):
    """Return a product (m, n) of two copies; nothing is written beyond."""
    m, n = left.rows if across else left.features, right.features
    out, store = Panels.zeros(m, n, SINGLE), kernels.get(epilogues.store)
    out.data[...] = np.nan
    there = {"gradient": out.address, "row_stride": 64, "vector_stride": out.stride}
    arguments = store.pack(**there)
    form, places = Blocked(), ((0, m), (0, out.count))
    factors = form.factors(Instructions(1), left, right, *places, across=across)
    done = {"epilogue": store.address, "arguments": arguments.ctypes.data}
    run(kernels.get(form.product(across=across)), **factors, **done)
    assert np.isnan(out.data[:, m:]).all()
    return out.read()


def same(left, right):
    """Return whether two arrays have the same bits; any NaN is as good as another."""
    bits = left.view(np.uint32) == right.view(np.uint32)
    return bool(np.all(bits | (np.isnan(left) & np.isnan(right))))


# ---- packing


def _check_packed(M, *copies):
    n, f = M.shape
    for copy in copies:
        assert same(copy[:n, :f], rounded(M))
        assert not copy[n:].any()
        assert not copy[:, f:].any()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from(["rows", "columns"]), st.booleans())
def test_rows_are_packed_in_any_size(n, f, down, gathered):
    M = np.random.default_rng(n * f).normal(size=(n, f)).astype(SINGLE)
    made = pack(library(SINGLE), M, down, gathered=gathered)
    other = made.down.rows().T if down == "rows" else made.down.columns()
    _check_packed(M, made.across.rows(), other)
    if down == "columns":
        written = Blocked().operand(n, f, across=False, down=down)
        written.write(M)
        assert written.down.data.tobytes() == made.down.data.tobytes()


@pytest.mark.parametrize("down", ["rows", "columns"])
def test_pieces_may_begin_in_the_middle_of_a_block(kernels, down):
    M = np.random.default_rng(1).normal(size=(77, 40)).astype(SINGLE)
    whole = pack(kernels, M, down)
    for cuts in [(16,), (32, 64), (48, 64)]:
        made = pack(kernels, M, down, cuts=cuts)
        assert made.across.data.tobytes() == whole.across.data.tobytes()
        assert made.down.data.tobytes() == whole.down.data.tobytes()


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70))
def test_weights_are_packed_in_any_size(n, f):
    W = np.random.default_rng(n * f).normal(size=(n, f)).astype(SINGLE)
    down, back = pack_weights(library(SINGLE), W, cut=16 if n > 16 else 0)
    _check_packed(W, down.down.columns(), back.down.columns().T)


def test_rounding_is_to_nearest_with_ties_to_even_and_denormals_as_zero(kernels):
    bits = np.array([0x3F808000, 0x3F818000, 0x3F808001, 0x3F807FFF, 0x7F7FFFFF, 0x7F800001])
    bits = np.append(bits, [0x007FFFFF, 0x807FFFFF, 0x00800000, 0x80000000, 0xFF800000])
    M = bits.astype(np.uint32).view(np.float32)[None]
    found = pack(kernels, M, "rows").across.rows()[0, : bits.size].view(np.uint32) >> 16
    near = [0x3F80, 0x3F82, 0x3F81, 0x3F80, 0x7F80, 0x7FC0, 0, 0x8000, 0x0080, 0x8000, 0xFF80]
    assert found.tolist() == near


# ---- products


@pytest.mark.parametrize("sizes", [(1, 1, 1), (19, 33, 20), (50, 70, 150), (33, 530, 17)])
def test_all_three_products_of_a_layer_have_the_bits_of_the_definition(kernels, sizes):
    n, i, o = sizes
    rng = np.random.default_rng(sum(sizes))
    X, W, dZ = (rng.normal(size=s).astype(SINGLE) for s in ((n, i), (i, o), (n, o)))
    x, dz = pack(kernels, X, "rows"), pack(kernels, dZ, "columns")
    w, back = pack_weights(kernels, W)
    assert same(multiply(kernels, x, w), block_product(X, W))
    assert same(multiply(kernels, dz, back), block_product(dZ, W.T))
    assert same(multiply(kernels, x, dz, across=False), block_product(X.T, dZ))


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
    exact = block_product(A, B)
    assert same(multiply(kernels, pack(kernels, A, "rows"), pack_weights(kernels, B)[0]), exact)
    assert np.isfinite(exact).any()
    if "below" in kind:
        assert 0 < np.count_nonzero(exact) < exact.size


def test_a_sum_that_rounds_up_to_a_normal_number_is_kept(kernels):
    """Where results are rounded before they are flushed: docs/reproducible.md."""
    A, B = np.ones((1, 3), SINGLE), np.array([[SMALLEST], [0], [-(2.0**-110)]], SINGLE)
    A[0, 2] = 2.0**-41  # 2^-126 − 2^-151 is half way between two numbers of 24 digits
    found = multiply(kernels, pack(kernels, A, "rows"), pack_weights(kernels, B)[0]).item()
    rounded_first = architecture() != AARCH64 or has_feature("AFP")
    assert found == (SMALLEST if rounded_first else 0)


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

"""Products of rounded operands in each form, against multiply-adds one after another."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule.engine.kernels import epilogues, pairs
from chainrule.engine.kernels.library import Library
from chainrule.engine.machine.architecture import X86_64
from chainrule.engine.machine.bfloat16 import halves
from chainrule.engine.machine.compiling import Target, host
from chainrule.engine.machine.memory import Panels
from chainrule.engine.planning.operands import Paired, Widened, fastest
from chainrule.engine.planning.program import Instructions
from engine.assembly import code_of
from engine.bfloat16_by_hand import matrix_product
from engine.calls import OTHERS, call

FLOAT32 = np.dtype(np.float32)
PLAIN = Library(FLOAT32, replace(host(), features=host().features.replace("+avx512bf16", "")))
OWN = Library(FLOAT32)
FORMS = [(Widened(), PLAIN), (Widened(), OWN)]
FORMS += [(Widened(), Library(FLOAT32, target)) for target in OTHERS.values()]
FORMS += [(Paired(), OWN)] if host().has_pairs else []
SPECIAL = [np.inf, -np.inf, np.nan, 0.0, -0.0, 1e-40, -1e-40, 3.4e38, 2.0**-126, 1 + 2.0**-8]
SPECIAL += np.array([0x7F800001, 0xFFBFFFFF, 0x007FFFFF], np.uint32).view(np.float32).tolist()


def filled(form, kernels, values):
    """Return the copy of an array by the kernel."""
    rows, features = values.shape
    made = form.operand(rows, features, across=True, down=True)
    source = Panels.zeros(rows, features, np.float32)
    source.write(values)
    beyond = features % 16
    source.data[-1, :, beyond or 16 :] = 7.0  # what lies behind the last feature is not read
    kernel, where = made.rounds(kernels, (0, rows), gathered=False)
    own = {"x": source.address, "x_stride": source.stride, "features": features}
    call(kernel, first=0, last=source.count, rows=rows, **own, **where)
    return made


def contents(operand):
    """Return the memory of a copy, each way that it is read."""
    if isinstance(operand, type(Widened().operand(1, 1, across=True, down=True))):
        return [operand._panels.data]
    return [operand._across, operand._down]


@pytest.mark.parametrize(("form", "kernels"), FORMS)
@pytest.mark.parametrize("shape", [(1, 1), (5, 17), (8, 33), (67, 40)])
def test_kernels_fill_copies_as_numpy_does(form, kernels, shape):
    rng = np.random.default_rng(1)
    values = rng.normal(size=shape).astype(np.float32)
    places = rng.random(shape) < 0.3
    values[places] = rng.choice(np.array(SPECIAL, np.float32), places.sum())
    made = filled(form, kernels, values)
    expected = form.operand(*shape, across=True, down=True)
    expected.write(values)
    for one, other in zip(contents(made), contents(expected), strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize(("form", "kernels"), FORMS)
def test_samples_are_gathered_from_where_they_lie(form, kernels):
    X = np.random.default_rng(2).normal(size=(9, 21)).astype(np.float32)
    order = np.array([7, 0, 3, 3, 8])
    made = form.operand(5, 21, across=True, down=True)
    kernel, where = made.rounds(kernels, (0, 5), gathered=True)
    addresses = X.ctypes.data + order * X.strides[0]
    call(kernel, first=0, last=2, rows=5, features=21, samples=addresses, **where)
    expected = form.operand(5, 21, across=True, down=True)
    expected.write(X[order])
    for one, other in zip(contents(made), contents(expected), strict=True):
        assert one.tobytes() == other.tobytes()


def multiply(form, kernels, A, X, *, turned):
    """Return A X by the form's kernel; with ``turned``, of Aᵀ that lies in memory."""
    (m, k), n = A.shape, X.shape[1]
    lies = A.T if turned else A
    left = form.operand(*lies.shape, across=not turned, down=turned)
    right = form.operand(k, n, across=False, down=True)
    left.write(lies)
    right.write(X)
    out = Panels.zeros(m, n, np.float32)
    store, program = kernels.get(epilogues.store), Instructions(1)
    arguments = store.pack(gradient=out.address, row_stride=64, vector_stride=out.stride)
    call(
        kernels.get(form.product(across=not turned)),
        **form.factors(program, left, right, (0, m), (0, out.count), across=not turned),
        epilogue=store.address,
        arguments=arguments,
    )
    return out.read()


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 30),
    st.integers(1, 60),
    st.integers(1, 100),
    st.sampled_from([0, 12]),
    st.booleans(),
)
def test_each_sum_is_one_chain_the_odd_one_of_a_pair_first(m, k, n, powers, turned):
    rng = np.random.default_rng(m * k * n)
    A, X = (
        (rng.normal(size=size) * 2.0 ** rng.uniform(-powers, powers, size)).astype(np.float32)
        for size in ((m, k), (k, n))
    )
    expected = matrix_product(A, X)
    for form, kernels in FORMS:
        assert multiply(form, kernels, A, X, turned=turned).tobytes() == expected.tobytes()


def test_the_order_within_a_pair_matters():
    A = np.float32([[2.0**-24, 1, -1, 0]])
    X = np.ones((4, 1), np.float32)
    for form, kernels in FORMS:  # (1 + 2⁻²⁴) − 1; the even one first would leave 2⁻²⁴ by itself
        assert multiply(form, kernels, A, X, turned=False) == 0
    assert multiply(form, kernels, A[:, ::-1].copy(), X, turned=False) == 2.0**-24
    assert matrix_product(A, X) == 0


def test_pairs_are_chosen_where_they_pay():
    zen = Target("znver5", "+avx512f,+avx512bf16", 64)
    assert isinstance(fastest(zen), Paired)
    for target in (
        replace(zen, processor="sapphirerapids"),
        replace(zen, features="+avx512f"),
        *OTHERS.values(),
    ):
        assert isinstance(fastest(target), Widened)


def test_halves_are_those_of_the_copies():
    values = np.float32([[1.0, 1 + 2.0**-8], [3.0, -2.0]])
    made = Paired().operand(2, 2, across=True, down=True)
    made.write(values)
    assert made._across[0, :2, :2].tolist() == halves(values).tolist()
    assert made._down[0, 0, :4].tolist() == halves(values.T).reshape(-1).tolist()


def inner_loops(text):
    """Return the instructions of each loop of a kernel that adds products of pairs."""
    lines = text.splitlines()
    labels = {line.partition(":")[0]: at for at, line in enumerate(lines) if line.startswith(".L")}
    for at, line in enumerate(lines):
        jump = re.match(r"\tj\w+\t(\.L\w+)", line)
        if jump and labels.get(jump[1], at) < at:
            body = [each for each in lines[labels[jump[1]] : at] if re.match(r"\t[a-z]", each)]
            if any("vdpbf16ps" in each for each in body):
                yield body


@pytest.mark.parametrize("emit", [pairs.even, pairs.turned])
def test_inner_loops_keep_all_in_registers(emit):
    zen = Target("znver5", "+avx512bf16", 64, X86_64)
    loops = list(inner_loops(code_of(emit, FLOAT32, zen)))
    products = sorted(sum("vdpbf16ps" in each for each in body) for body in loops)
    assert products == sorted(high * wide for wide, rows in zen.even_tile for high in rows)
    for body in loops:
        moved = re.compile(r"\tvmov\w+\t%[xyz]mm\d+, %[xyz]mm\d+")
        assert not any("(%rsp)" in each or "(%rbp)" in each for each in body)
        assert sum(bool(moved.match(each)) for each in body) <= 2

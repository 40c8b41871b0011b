"""The code of products for x86, looked at: nothing in the inner loops but the product."""

import numpy as np
import pytest

from chainrule.engine.kernels import product
from chainrule.engine.machine.compiling import Target
from engine.assembly import code_of, inner_loops, moves, stack_accesses

WIDTHS = {
    "skylake-avx512": 64,
    "znver4": 64,
    "znver5": 64,
    "haswell": 32,
    "znver2": 32,
}
LARGEST = {64: {product.product: 21, product.even: 24, product.turned: 24}, 32: {}}
"""Multiply-adds of the largest tile; with half the width, a vector of sums takes two."""


CASES = [(name, product.even) for name in WIDTHS]
CASES += [("znver5", emit) for emit in (product.product, product.turned)]


@pytest.mark.parametrize(("name", "emit"), CASES)
def test_a_turn_copies_nothing_and_leaves_the_stack_alone(name, emit):
    width = WIDTHS[name]
    code = code_of(emit, np.float32, Target(name, "", width, "x86_64"))
    loops = inner_loops(code, "vfmadd")
    counts = [sum(line.startswith("vfmadd") for line in loop) for loop in loops]
    assert max(counts) == LARGEST[width].get(emit, 12)
    assert {stack_accesses(loop) for loop in loops} == {0}
    assert max(map(moves, loops)) <= 2


def test_a_tile_too_large_would_be_seen(monkeypatch):
    monkeypatch.setattr(Target, "tile", ((4, (8,)),))
    code = code_of(product.product, np.float32, Target("znver5", "", 64, "x86_64"))
    (loop,) = inner_loops(code, "vfmadd")
    assert sum(line.startswith("vfmadd") for line in loop) == 32
    assert stack_accesses(loop) > 0
    assert moves(loop) + stack_accesses(loop) > 2

"""Inner loops of products of images on x86, read as assembly: nothing but what they are for."""

import re

import numpy as np
import pytest

from chainrule.engine.kernels import dot, winograd_products
from chainrule.engine.machine.compiling import Target
from engine.assembly import code_of

WIDE = [Target(name, "", 64, "x86_64") for name in ("skylake-avx512", "sapphirerapids", "znver5")]
NARROW = [Target(name, "", 32, "x86_64") for name in ("haswell", "znver3")]
KERNELS = {dot.dot: 24, dot.added: 25, winograd_products.products: 24}
"""Sums of the largest tile on registers of 64 bytes."""


def loops_of(code):
    """Return the loops without others in them that have multiply-adds, as lists of lines."""
    lines = [line.strip() for line in code.splitlines()]
    labels = {line.split(":")[0]: at for at, line in enumerate(lines) if line.startswith(".LBB")}
    for at, line in enumerate(lines):
        jump = re.match(r"j\w+\s+(\.LBB\w+)$", line)
        if jump and jump[1] in labels and labels[jump[1]] < at:
            body = lines[labels[jump[1]] + 1 : at + 1]
            own = not any(other.startswith(".LBB") for other in body)
            if own and any(other.startswith("vfmadd") for other in body):
                yield body


def copies(loop):
    return [line for line in loop if re.match(r"v?mov\w+\s+%\w+, %\w+$", line)]


def on_the_stack(loop):
    return [line for line in loop if re.search(r"%rsp|-\d+\(%rbp\)", line)]


@pytest.mark.parametrize("emit", KERNELS)
@pytest.mark.parametrize("target", [*WIDE, *NARROW], ids=lambda target: target.processor)
def test_inner_loops_multiply_and_add_and_load_and_nothing_else(emit, target):
    loops = list(loops_of(code_of(emit, np.float32, target)))
    assert loops
    for loop in loops:
        assert not on_the_stack(loop), "\n".join(loop)
        assert len(copies(loop)) <= 2, "\n".join(loop)
    most = max(sum(line.startswith("vfmadd") for line in loop) for loop in loops)
    assert most == (KERNELS[emit] if target in WIDE else 12)


def test_a_loop_on_the_stack_and_copies_are_seen():
    code = """
.LBB0_1:
    vmovaps %zmm1, %zmm2
    movq %rax, %rcx
    vfmadd231ps 64(%rsp), %zmm1, %zmm2
    addq -8(%rbp), %rax
    jne .LBB0_1
"""
    (loop,) = loops_of(code)
    assert len(copies(loop)) == 2
    assert len(on_the_stack(loop)) == 2

"""The dispatch loop's settings: how numbers too small to be normal count while kernels run."""

import numpy as np
import pytest

from chainrule.engine.kernels.library import library
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.language.values import fma
from chainrule.engine.machine.architecture import AARCH64, architecture, has_feature
from chainrule.engine.planning.program import Instructions
from chainrule.engine.running.runner import Runner
from engine.calls import vectors

TYPES = [np.float32, np.float64]


@kernel("x", "y", "products", "sums")
def multiply(k: KernelBuilder) -> None:
    x, y = k.load(k.argument("x")), k.load(k.argument("y"))
    k.store(x * y, k.argument("products"))
    k.store(fma(x, y, k.constant(0.0)), k.argument("sums"))


def products(x, y, dtype):
    """Return x · y as the engine computes it, by a product and by a fused multiply-add."""
    x, y = vectors(x, dtype), vectors(y, dtype)
    results = np.full_like(x, 7), np.full_like(x, 7)
    program = Instructions(1)
    places = {"products": results[0].ctypes.data, "sums": results[1].ctypes.data}
    multiplied = library(np.dtype(dtype)).get(multiply)
    program.add(0, multiplied, x=x.ctypes.data, y=y.ctypes.data, **places)
    Runner(program.finished()).run(1)
    return results


@pytest.mark.parametrize("dtype", TYPES)
def test_denormal_numbers_count_as_0_and_only_there(dtype):
    tiny = np.finfo(dtype).tiny
    for found in products([tiny / 2, tiny, -tiny, tiny], [2.0, 0.5, 0.25, 1.0], dtype):
        assert found[:4].tolist() == [0, 0, 0, tiny]
        assert np.signbit(found[:4]).tolist() == [False, False, True, False]
    assert tiny / np.full(4, 2, dtype)[0] > 0


@pytest.mark.parametrize("dtype", TYPES)
def test_a_product_that_rounds_up_to_the_smallest_normal_number(dtype):
    """It stays where results are rounded before they are flushed: docs/reproducible.md."""
    info = np.finfo(dtype)
    x, y = [info.tiny * (1 + info.eps), info.tiny], [1 - info.eps, 1 - info.epsneg]
    rounded_first = architecture() != AARCH64 or has_feature("AFP")
    for found in products(x, y, dtype):  # the smallest normal number times 1 − ε², 1 − ε/2
        assert found[:2].tolist() == [info.tiny if rounded_first else 0, 0]

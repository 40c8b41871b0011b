"""Whole numbers of 64 bits, several at once: products and sums as of Python's."""

import numpy as np
import pytest

from chainrule.engine.kernels.library import Library
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.language.words import Words, in_turn
from chainrule.engine.machine.memory import address
from engine.calls import call

WHOLE = 2**64
NUMBERS = [0, 1, 2**32 - 1, 2**32, 2**63, WHOLE - 1, 0xD2E7470EE14C6C93, 0xDEADBEEF12345678]


@kernel("first", "other", "results")
def products(k: KernelBuilder, *, factor: int) -> None:
    """Of 4 numbers from one on: both halves of products, a sum, an exclusive or; in turn."""
    numbers = Words.counted(k.argument("first"), 4)
    upper, lower = numbers.multiply_wide(factor)
    added = numbers + Words.repeated(k.argument("other"), 4)
    in_turn([upper, lower, added, numbers ^ k.argument("other")]).store(k.argument("results"))


@pytest.mark.parametrize("factor", NUMBERS)
@pytest.mark.parametrize("first", NUMBERS)
def test_words_are_those_of_python(first, factor):
    results = np.zeros(16, dtype=np.uint64)
    made = Library(np.float32).get(products, factor=factor)
    signed = [n - WHOLE if n >= 2**63 else n for n in (first, factor)]
    call(made, first=signed[0], other=signed[1], results=address(results))
    expected = []
    for number in range(first, first + 4):
        number %= WHOLE
        upper, lower = divmod(number * factor, WHOLE)
        expected += [upper, lower, (number + factor) % WHOLE, number ^ factor]
    assert results.tolist() == expected

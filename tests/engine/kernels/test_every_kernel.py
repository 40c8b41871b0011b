"""What holds of all kernels that ``chainrule warmup`` compiles."""

import re

import numpy as np
import pytest

from chainrule import SGD, Adam
from chainrule.engine.kernels import library as libraries
from chainrule.engine.planning.operands import fastest
from chainrule.engine.running import warmup

FLAGS = re.compile(
    r"\b(fast|nnan|ninf|nsz|arcp|contract|afn|reassoc)\b|fmuladd|fp-math|fp-contract"
)


@pytest.fixture(scope="module")
def texts():
    """Every kernel in LLVM's form, by its name."""
    found = {}

    def keep(text, name, target):
        found[name, text] = text
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(libraries, "compiled", keep)
        kernels = libraries.Library(np.float32)
        for call in warmup._of(kernels, [SGD(), Adam()]):
            call()
        for emit, options in fastest(kernels.target).kernels():
            kernels.get(emit, **options)
    return [text for (name, _), text in sorted(found.items())]


def test_no_instruction_may_be_reordered_or_fused(texts):
    """A flag on an addition alone fuses it with a product on AArch64, and not on x86."""
    assert len(texts) > 100
    for text in texts:
        body = re.sub(r'[@%]"[^"]*"', "", text)  # names may be anything
        assert not FLAGS.search(body), FLAGS.search(body)
    assert sum("llvm.fma." in text for text in texts) > 50


@pytest.mark.parametrize(
    "line",
    ["%x = fadd contract float %a, %b", "%x = fmul fast float %a, %b", "call nsz float @f()"],
)
def test_such_flags_would_be_seen(line):
    assert FLAGS.search(line)

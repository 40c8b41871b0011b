"""Products of numbers in bfloat16, two at a time, by the instruction that adds them to float32.

    Y[m,p] = Σ_k A[m,k] · X[taps[k].x + p]

as in :mod:`chainrule.engine.kernels.product`, in the same tiles and blocks, but a tap is a pair, of
which A has two numbers one after the other and X two for each lane. Of a pair the odd one is added
first, then the even one, each as a fused multiply-add: the chain of the other product where its
taps are in that order.
"""

from __future__ import annotations

from chainrule.engine.kernels.product import BLOCKS, END, EVEN, Terms, even_rows
from chainrule.engine.language.bfloat16 import PAIR, add_products, load_pairs, spread_pair
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.machine.memory import VECTOR

PAIRS = Terms(spread_pair, load_pairs, add_products)


@kernel(*EVEN, *END, *BLOCKS)
def even(k: KernelBuilder) -> None:
    """Products of rows that are a vector apart, as samples whose features are in pairs."""
    even_rows(k, VECTOR, PAIRS)


@kernel(*EVEN, *END, *BLOCKS)
def turned(k: KernelBuilder) -> None:
    """The same, of rows that are a pair apart, as features of samples in pairs."""
    even_rows(k, PAIR, PAIRS)

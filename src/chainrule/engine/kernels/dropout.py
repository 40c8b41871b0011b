"""Dropout: masks drawn where they are needed, by the counter-based generator Philox.

Element e of a mask is word e of the random stream of its seed, step and layer, computed by
NumPy in the textbook as by any thread here (see chainrule.random).

Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011 (Philox4x64-10)
"""

from __future__ import annotations

from typing import Any

from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.lanes import first_lane, spread
from chainrule.engine.language.values import Integer, least, select
from chainrule.engine.language.words import Words, in_turn, words_at_once
from chainrule.engine.machine.memory import VECTOR
from chainrule.random import Stream

DRAWN = ("seed", "step", "row", "layer", "threshold", "scale")
"""What both ways of drawing begin with: set for a run, and for the function.

``row`` is how many samples of the batch come before these: masks are those of the whole batch.
"""

FIELDS = (*DRAWN, *fields("first last panel panels features before vector_stride x y mask"))
LANES = (*DRAWN, "first", "features", "mask")

ROUNDS = 10
MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
PANELS = 8
"""Whose words are drawn before they are compared: a kilobyte of them."""

UNUSED_BITS = 12
"""A word's upper 52 bits are a number from 0 to 1."""


def _block(counter: list[Any], key: list[Integer]) -> list[Any]:
    """Return the four words of a counter, or of several: its words, each Integer or Words."""
    for turn in range(ROUNDS):
        if turn:
            key = [part + weyl for part, weyl in zip(key, WEYL, strict=True)]
        high_a, low_a = counter[0].multiply_wide(MULTIPLIERS[0])
        high_b, low_b = counter[2].multiply_wide(MULTIPLIERS[1])
        counter = [high_b ^ counter[1] ^ key[0], low_b, high_a ^ counter[3] ^ key[1], low_a]
    return counter


def _draw_blocks(k: KernelBuilder, first: Integer, count: Integer, scratch: Integer) -> None:
    """Put the words of some counters into scratch: of several at once, then of each of the rest."""
    key, at_once = [k.argument("seed"), k.integer(0)], words_at_once(k.target)
    rest = [k.argument("step"), k.argument("layer"), k.integer(Stream.DROPOUT)]
    whole = count // at_once * at_once if at_once > 1 else k.integer(0)
    if at_once > 1:
        others = [Words.repeated(each, at_once) for each in rest]
        with k.loop(0, whole, at_once) as i:
            words = _block([Words.counted(first + i, at_once), *others], key)
            in_turn(words).store(scratch + i * 32)
    with k.loop(whole, count) as i:
        for place, word in enumerate(_block([first + i, *rest], key)):
            k.store_integer(word, scratch + i * 32 + place * 8)


@kernel(*FIELDS)
def draw(k: KernelBuilder) -> None:
    """Y = M X, for some samples and some panels; M is kept, and the step counted on.

    ``threshold``: a number is kept if the upper 52 bits of its word are not below it. A sample has
    so many ``features``, ``before`` them those of other members.
    """
    scale, zero = spread(k.load_number(k.argument("scale"))), k.constant(0.0)
    panels, scratch = k.argument("panels"), k.allocate(PANELS * k.lanes * 8 // VECTOR + 1)
    with (
        k.loop(k.argument("first"), k.argument("last")) as n,
        k.loop(0, panels, PANELS) as begin,
    ):
        count = least(panels - begin, PANELS)
        element = (k.argument("row") + n) * k.argument("features") + k.argument("before")
        element = element + (k.argument("panel") + begin) * k.lanes
        within = element % 4  # where it begins in its block
        _draw_blocks(k, element // 4 + 1, (within + count * k.lanes + 3) // 4, scratch)
        with k.loop(0, count) as p:
            own = scratch + (within + p * k.lanes) * 8
            mask = select(k.words_reach(own, UNUSED_BITS, k.argument("threshold")), scale, zero)
            place = n * VECTOR + (begin + p) * k.argument("vector_stride")
            k.store(mask, k.argument("mask") + place)
            k.store(k.load(k.argument("x") + place) * mask, k.argument("y") + place)
    k.store_integer(k.argument("step") + 1, k.arguments_at + 8 * FIELDS.index("step"))


@kernel(*LANES)
def draw_lanes(k: KernelBuilder) -> None:
    """M of a tile of images (features, lanes), whose lanes are samples from ``first`` on.

    Each lane has counters of its own: element n · features + f for its sample n.
    """
    scale, zero = k.load_number(k.argument("scale")), first_lane(k.constant(0.0))
    features, key = k.argument("features"), [k.argument("seed"), k.integer(0)]
    with k.loop(0, k.lanes) as lane:
        begin = (k.argument("row") + k.argument("first") + lane) * features
        mask = k.argument("mask") + lane * k.item
        with k.loop(begin // 4, (begin + features + 3) // 4) as block:
            counter = [block + 1, k.argument("step"), k.argument("layer")]
            words = _block([*counter, k.integer(Stream.DROPOUT)], key)
            for place, word in enumerate(words):
                feature = block * 4 + place - begin
                kept = word // 2**UNUSED_BITS >= k.argument("threshold")
                with k.when((feature >= 0) & (feature < features)):
                    k.store_number(select(kept, scale, zero), mask + feature * VECTOR)
    k.store_integer(k.argument("step") + 1, k.arguments_at + 8 * LANES.index("step"))


@kernel("count", "mask", "gradient")
def masked(k: KernelBuilder) -> None:
    """The gradient becomes M times itself, in place, for `count` vectors."""
    gradient = k.argument("gradient")
    with k.loop(0, k.argument("count")) as i:
        at = i * VECTOR
        k.store(k.load(gradient + at) * k.load(k.argument("mask") + at), gradient + at)

"""Entries of the dictionary in a file of fastText: found one after the other, and their names.

An entry is the bytes of its name, a 0, a whole number of 8 bytes, and a byte.
"""

from __future__ import annotations

from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.scalars import (
    Variable,
    load_byte,
    load_word,
    loop_while,
    store_byte,
    store_word,
)
from chainrule.engine.language.values import Condition, least

FIND = fields("content size count bounds counts kinds state")
NAMES = fields("content count bounds entry names")

BEHIND = 9
"""Bytes of an entry behind the 0."""


@kernel(*FIND)
def find(k: KernelBuilder) -> None:
    """Write where entries' names begin and end, their numbers and their bytes.

    Bounds are those of names one after the other. ``state`` has, at the end, how many entries are
    whole, and where the last of them ends.
    """
    content, size = k.argument("content"), k.argument("size")
    number, place, length, going = (Variable(k, k.integer(start)) for start in (0, 0, 0, 1))
    with loop_while(k, lambda: (number.get() < k.argument("count")) & (going.get() > 0)):
        begin = place.get()
        end = Variable(k, begin)

        def goes_on() -> Condition:
            inside = end.get() < size
            byte = load_byte(k, content + least(end.get(), size - 1))
            return inside & ~byte.equals(0)

        with loop_while(k, goes_on):
            end.add(1)
        at = end.get() + 1
        whole = ~(size < at + BEHIND)
        going.set(whole.as_integer())
        with k.when(whole):
            i = number.get()
            k.store_integer(length.get(), k.argument("bounds") + i * 8)
            length.add(at - 1 - begin)
            k.store_integer(load_word(k, content + at), k.argument("counts") + i * 8)
            store_byte(k, load_byte(k, content + at + 8), k.argument("kinds") + i)
            place.set(at + BEHIND)
            number.add(1)
    k.store_integer(length.get(), k.argument("bounds") + number.get() * 8)
    for offset, value in ((0, number), (8, place)):
        k.store_integer(value.get(), k.argument("state") + offset)


@kernel(*NAMES)
def names(k: KernelBuilder) -> None:
    """Write the names one after the other, and up to 7 bytes behind the last."""
    with k.loop(0, k.argument("count")) as number:
        at = k.argument("bounds") + number * 8
        begin, end = k.load_integer(at), k.load_integer(at + 8)
        source = k.argument("content") + begin + number * (BEHIND + 1)
        with k.loop(0, end - begin, 8) as byte:
            store_word(k, load_word(k, source + byte), k.argument("names") + begin + byte)

"""Numbers that are put elsewhere, one by one: filters, as products read them."""

from __future__ import annotations

from chainrule.engine.language.emit import KernelBuilder, kernel


@kernel("count", "w", "places", "u")
def placed(k: KernelBuilder) -> None:
    """U has each number of W, at the byte offset that ``places`` has for it."""
    with k.loop(0, k.argument("count")) as i:
        place = k.load_integer(k.argument("places") + i * 8)
        k.store_number(k.load_number(k.argument("w") + i * k.item), k.argument("u") + place)

"""The font of formulas, STIX Two Math, cut down to the signs that formulas have.

Browsers typeset MathML by themselves, with a font that has a table of mathematics: how brackets
and sums grow, where limits stand. Not every computer has one.
"""

from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

SIGNS = (
    range(0x0020, 0x0250),  # Latin letters
    range(0x0302, 0x0308),  # hats and bars above letters
    range(0x0370, 0x0400),  # Greek
    range(0x2010, 0x2070),  # dashes, primes, dots
    range(0x20D0, 0x20F0),  # arrows above letters
    range(0x2100, 0x2150),  # ℝ and its like
    range(0x2190, 0x2300),  # arrows, operators
    range(0x27E8, 0x27EA),  # angle brackets
    range(0x1D400, 0x1D800),  # letters of other shapes
)


def lacking(text: str) -> set[str]:
    """Return the signs of a text that the font is without."""
    return {sign for sign in text if not any(ord(sign) in signs for signs in SIGNS)}


def write_font(path: Path) -> None:
    """Write the font as WOFF, with all sizes that its signs grow to."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    with as_file(files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf") as whole:
        font = TTFont(whole)
    options = subset.Options(layout_features=["*"], flavor="woff", hinting=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[sign for signs in SIGNS for sign in signs])
    subsetter.subset(font)
    font.flavor = "woff"
    font.save(path)


def _write(app: Any, exception: Exception | None) -> None:
    path = Path(app.outdir) / "_static" / "mathematics.woff"
    if exception is None and app.builder.format == "html" and not path.exists():
        write_font(path)


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx put the font beside the style sheet."""
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

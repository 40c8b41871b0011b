"""Options about texts: what of them counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from chainrule.cli.option_values import OF_ONE_NETWORK
from chainrule.cli.spelling import options_said, spelled
from chainrule.cli.table_options import TEXTS, TableOptions

__all__ = ["TextOptions", "check_no_texts", "check_texts", "pieces"]

FEATURES = ("ngrams", "chars", "lowercase", "min_count", "dimensions")
"""Options that say what of a text counts."""

OF_OTHERS = (
    "model",
    "layers",
    "activation",
    "dropout",
    *OF_ONE_NETWORK,
    "max_seconds",
    "precision",
    "size",
    "skip_damaged",
    "categorical",
    "numeric",
)
"""Options that only other networks have."""

LONGEST = 10
"""Words in a run, and characters of a piece, at most."""


@dataclass(frozen=True, kw_only=True)
class TextOptions(TableOptions):
    """What of texts counts, None where the command line says nothing.

    Raises
    ------
    ValueError
        An option has no sense; the message names it.
    """

    ngrams: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=TEXTS,
            help="Words in sequence that make a feature, at most; 2: words and pairs.",
        ),
    ] = None
    chars: Annotated[
        str | None,
        typer.Option(
            metavar="LEAST-MOST",
            rich_help_panel=TEXTS,
            help="Characters of the pieces of words that are features, too: 3-5; by default none.",
        ),
    ] = None
    lowercase: Annotated[
        bool | None,
        typer.Option(
            "--lowercase/--no-lowercase",
            rich_help_panel=TEXTS,
            help="Whether capital letters are read as small ones; by default they are.",
        ),
    ] = None
    min_count: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=TEXTS,
            help="How often a word stands in the training texts, at least; 1.",
        ),
    ] = None
    dimensions: Annotated[
        int | None,
        typer.Option(rich_help_panel=TEXTS, help="The length of the words' vectors; 100."),
    ] = None

    def __post_init__(self) -> None:
        """Check each option by itself."""
        super().__post_init__()
        pieces(self.chars)
        for name, most in (("ngrams", LONGEST), ("min_count", 2**31 - 1), ("dimensions", 2**20)):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= most:
                raise ValueError(
                    f"{spelled(name)}: expected a number from 1 to {most:,}, got {value}"
                )


def pieces(text: str | None) -> tuple[int, int] | None:
    """Return least and most characters of pieces of words from text such as ``3-5``, ``4``."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split("-")]
    if 1 <= len(parts) <= 2 and all(part.isascii() and part.isdigit() for part in parts):
        least, most = int(parts[0]), int(parts[-1])
        if 1 <= least <= most <= LONGEST:
            return least, most
    raise ValueError(
        f"--chars: expected the least and most characters, 1 to {LONGEST}, such as 3-5, got "
        f"{text!r}"
    )


def check_texts(options: TextOptions) -> None:
    """Raise ValueError for options that networks of texts do not have."""
    if said := options_said(options, OF_OTHERS):
        raise ValueError(f"{said[0]}: texts get TextClassifier, which has no such option")


def check_no_texts(options: TextOptions) -> None:
    """Raise ValueError for options of texts where none are learned from."""
    if said := options_said(options, FEATURES):
        raise ValueError(
            f"{said[0]}: expected texts to learn from, which --text NAME, a column, or lines with "
            "labels such as __label__x bring"
        )

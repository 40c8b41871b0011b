"""What stands where in the site: every page, in the order in which it is offered."""

HOME = "docs/index"

NAVIGATION: dict[str, tuple[str, ...]] = {
    "Tutorials": (
        "docs/tutorials/table",
        "docs/tutorials/photos",
        "docs/tutorials/texts",
        "docs/tutorials/one-import",
        "docs/backprop",
        "docs/tutorials/production",
    ),
    "How to": (
        "docs/tables",
        "docs/images",
        "docs/texts",
        "docs/streaming",
        "docs/estimators",
        "docs/networks",
        "docs/plots",
        "docs/derivation",
        "docs/checkpoints",
        "docs/explain",
        "docs/export",
        "docs/command-line",
        "docs/fasttext",
        "docs/scaling",
    ),
    "Explanation": (
        "docs/engine",
        "docs/accuracy",
        "docs/reproducible",
    ),
    "The notes, executed": (
        "docs/notes/index",
        "docs/notes/1-cross-entropy",
        "docs/notes/2-softmax-bag-of-words",
        "docs/notes/3-neural-networks",
        "docs/notes/4-jacobians",
        "docs/notes/5-multi-class-cross-entropy",
        "docs/notes/slips",
    ),
    "Reference": (
        "docs/reference/index",
        "docs/reference/commands",
        "docs/reference/estimators",
        "docs/reference/chains",
        "docs/reference/functions",
        "docs/reference/losses",
        "docs/reference/training",
        "docs/reference/checking",
        "docs/reference/notation",
        "docs/reference/extending",
    ),
    "The project": (
        "docs/gallery",
        "README",
        "CHANGELOG",
        "CONTRIBUTING",
    ),
}
"""Captions, and under each its pages: names of Markdown files, from the repository's root."""


TITLES = {"README": "All on one page", "docs/notes/index": "About these pages"}
"""Titles in the navigation of pages that have others of their own."""


def contents() -> str:
    """Return the tables of contents, as Sphinx reads them, that the home page ends with."""
    return "".join(_table(caption, pages) for caption, pages in NAVIGATION.items())


def _table(caption: str, pages: tuple[str, ...]) -> str:
    lines = "\n".join(f"{TITLES[p]} </{p}>" if p in TITLES else f"/{p}" for p in pages)
    return f"\n```{{toctree}}\n:hidden:\n:titlesonly:\n:caption: {caption}\n\n{lines}\n```\n"

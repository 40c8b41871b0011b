"""Draw the pictures of docs/plots.md, which its page makes.

Run it from the repository, with chainrule and its plots installed: python docs/pictures/plots.py
"""

from typing import Any

from pictures_of_notes import computed, save, save_pixels

DRAWN = {
    "activations.svg": "activations",
    "losses.svg": "losses",
    "bowl.png": "bowl",
    "descent.png": "ways",
    "surface.png": "surface",
    "confusion.svg": "confusion",
    "mistakes.png": "mistakes",
    "saliency.png": "looks",
}
"""The variables of the page that are saved, by the names of files."""


def displays() -> dict[str, Any]:
    """Return the page's displays by the names of files."""
    page = computed("plots.md", "bars = ")
    return {name: page[variable] for name, variable in DRAWN.items()}


if __name__ == "__main__":
    for name, display in displays().items():
        (save if name.endswith(".svg") else save_pixels)(display.figure_, name)

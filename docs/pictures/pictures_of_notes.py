"""Draw the pictures of docs/notes from what their pages compute.

Run it from the repository, with chainrule and its plots installed:
python docs/pictures/pictures_of_notes.py
"""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from chainrule.pictures.axes import COLORS, tidy
from chainrule.pictures.figures import new_figure, save_figure

DOCS = Path(__file__).parents[1]


def computed(page: str, until: str) -> dict[str, Any]:
    """Return the variables of a page's Python up to the block that has a text in it."""
    text = (DOCS / page).read_text(encoding="utf-8")
    variables: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, variables)
        if until in block:
            return variables
    raise ValueError(f"{page}: no block has {until!r}")


def save(figure: Any, name: str) -> None:
    """Write a figure without what changes from one day to the next."""
    text = save_figure(figure, "svg").decode("utf-8")
    lines = (line.rstrip() for line in text.splitlines())
    (DOCS / "pictures" / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def save_pixels(figure: Any, name: str) -> None:
    """Write a figure of many shapes as pixels, of 256 colors."""
    with Image.open(BytesIO(save_figure(figure, "png"))) as picture:
        small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(DOCS / "pictures" / name, optimize=True)


def parabola() -> None:
    """Draw the points, and the polynomial after some steps of gradient descent."""
    page = computed("notes/3-neural-networks.md", "path = descend")
    figure = new_figure(6, 3.4)
    ax = figure.subplots()
    x = np.linspace(-1.08, 1.08, 60)
    for color, step in zip(("#BBBBBB", *COLORS[4::-4]), (0, 5, 25), strict=False):
        ax.plot(x, np.polyval(page["path"][step][::-1], x), color=color, label=f"{step} steps")
    ax.plot(x, np.polyval(page["path"][-1][::-1], x), color=COLORS[1], label="800 steps")
    ax.plot(page["x"], page["t"], "o", color=COLORS[-1], markersize=5, label="the data")
    tidy(ax, "x", "f(x)")
    ax.legend(frameon=False)
    save(figure, "parabola.svg")


def batches() -> None:
    """Draw the loss after each pass over the data, by the size of batches."""
    measured = computed("notes/3-neural-networks.md", "measured = {}")["measured"]
    figure = new_figure(6, 3.4)
    ax = figure.subplots()
    for color, (size, losses) in zip(COLORS, measured.items(), strict=False):
        ax.plot(range(1, len(losses) + 1), losses, color=color, label=f"batches of {size:,}")
    ax.set_yscale("log")
    ax.set_yticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
    ax.set_xticks([1, 5, 10, 15, 20])
    tidy(ax, "passes over the data", "loss")
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1))
    save(figure, "batches.svg")


def sigmoid() -> None:
    """Draw the sigmoid and its derivative."""
    page = computed("notes/5-multi-class-cross-entropy.md", "Sigmoid().value(theta)")
    function = page["Sigmoid"]()
    figure = new_figure(6, 3.0)
    ax = figure.subplots()
    theta = np.linspace(-6, 6, 97)[None]
    y = function.forward(theta, {})
    slopes = function.slopes(theta, y)
    ax.plot(theta[0], y[0], color=COLORS[0], label="S(θ) = 1/(1 + exp(−θ))")
    ax.plot(theta[0], slopes[0], color=COLORS[1], label="its derivative, S(1 − S)")
    ax.set_yticks([0, 0.25, 0.5, 1], ["0", "¼", "½", "1"])
    tidy(ax, "θ", "")
    ax.legend(frameon=False, loc="upper left")
    save(figure, "sigmoid.svg")


def rates() -> None:
    """Draw gradient descent with three learning rates on the surface of the loss."""
    page = computed("notes/3-neural-networks.md", "surface = DescentDisplay")
    save_pixels(page["surface"].figure_, "rates.png")


if __name__ == "__main__":
    parabola()
    rates()
    batches()
    sigmoid()

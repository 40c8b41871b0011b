"""The pictures of the pages are drawn by their script, from what the pages compute."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
NAMES = ["parabola", "batches", "sigmoid"]


@pytest.fixture(scope="module")
def script():
    pytest.importorskip("matplotlib")
    path = PICTURES / "pictures_of_notes.py"
    spec = importlib.util.spec_from_file_location("pictures_of_notes", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_rates_are_drawn_from_their_page(script, monkeypatch):
    drawn = {}
    monkeypatch.setattr(script, "save_pixels", lambda figure, to: drawn.update({to: figure}))
    script.rates()
    steady, jumping, leaving = drawn["rates.png"].axes[:3]
    ways = [ax.lines[0].get_xydata() for ax in (steady, jumping, leaving)]
    lowest = np.array([-2.0, 3.0693])
    distances = [np.linalg.norm(way - lowest, axis=1) for way in ways]
    assert (np.diff(distances[0][:12]) < 0).all()
    assert distances[1][-1] < 0.1 < distances[1][0]
    assert distances[2][-1] > distances[2][0]


@pytest.mark.parametrize("name", ["parabola", "sigmoid"])
def test_a_picture_is_drawn_from_its_page(script, name, monkeypatch):
    drawn = {}
    monkeypatch.setattr(script, "save", lambda figure, to: drawn.update({to: figure}))
    getattr(script, name)()
    (ax,) = drawn[f"{name}.svg"].axes
    curves = [line.get_xydata() for line in ax.lines]
    if name == "sigmoid":
        x, y = curves[0].T
        np.testing.assert_allclose(y, 1 / (1 + np.exp(-x)), rtol=1e-12)
        np.testing.assert_allclose(curves[1][:, 1], y * (1 - y), rtol=1e-12)
    else:
        fit = np.polyfit(*curves[-1].T, 2)
        np.testing.assert_allclose(curves[-2][:, 1], np.polyval(fit, curves[-2][:, 0]), rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_small_and_its_words_are_text(name):
    text = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    assert len(text) < 30_000
    assert "<text" in text
    assert "base64" not in text


def test_the_pages_show_them():
    pages = "".join(
        path.read_text(encoding="utf-8") for path in (PICTURES.parent / "notes").glob("*.md")
    )
    shown = sorted(re.findall(r"!\[.+\]\(\.\./pictures/([\w.]+)\)", pages))
    assert shown == sorted([*(f"{name}.svg" for name in NAMES), "rates.png"])

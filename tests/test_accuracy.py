"""The table of errors on the page about accuracy is what is measured."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SLACK = 1.0
"""Epsilons more than the page says: NumPy's exp and log depend on the processor."""


def number(cell):
    return float(re.match(r"[\d.]+", cell)[0])


def stated():
    """Return the page's table: of each rule the cells, value and derivative in each."""
    lines = (ROOT / "docs/accuracy.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {name: tuple(cells) for name, *cells in rows[1:]}


@pytest.mark.skipif(not (ROOT / "benchmarks").exists(), reason="a folder of the repository alone")
def test_errors_are_no_larger_than_the_page_says(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import accuracy

    found = {line.name: line.cells for line in accuracy.measure()}
    page = stated()
    assert list(found) == list(page)
    for name, cells in found.items():
        for cell, bound in zip(cells, page[name], strict=True):
            for error, most in zip(cell.split(", "), bound.split(", "), strict=True):
                assert re.sub(r"[\d.]+", "", error, count=1) == re.sub(r"[\d.]+", "", most, count=1)
                assert cell == "none" or number(error) <= number(most) + SLACK, (name, cell, bound)


def test_what_the_page_says_of_cross_entropies_is_rounding():
    for name, cells in stated().items():
        if "CrossEntropy" in name:
            for cell in cells:
                assert all(number(e) <= 2 for e in cell.split(", ") if e != "none"), name

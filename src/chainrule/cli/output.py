"""What the command line prints: sentences and tables for people, JSON for programs.

Results go to standard output, everything else (progress, notes, errors) to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chainrule.cli.printing import printing

if TYPE_CHECKING:
    from chainrule.chain import Chain
    from chainrule.checking import Report


class Output:
    """Where results and messages go.

    Parameters
    ----------
    as_json : results are one JSON object, and nothing else is printed but errors
    quiet : no messages, only results
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        width = None if sys.stdout.isatty() else 200  # tables in a file are never cut
        self.results = Console(highlight=False, soft_wrap=True, width=width)
        self.messages = Console(stderr=True, highlight=False, quiet=as_json or quiet)

    def say(self, *sentences: str) -> None:
        """Print messages; a terminal breaks them between words, a file has each on a line."""
        for sentence in sentences:
            self._print(Text(sentence))

    def error(self, sentence: str) -> None:
        """Print what went wrong."""
        self._print(Text(f"error: {sentence}", style="red"))

    def _print(self, text: Text) -> None:
        self.messages.print(text, soft_wrap=not self.messages.is_terminal)

    def table(self, table: Table) -> None:
        """Print a table of results."""
        with printing():
            self.results.print(table)

    def lines(self, lines: Iterable[str]) -> None:
        """Print results line by line, as they are."""
        with printing():
            for line in lines:
                self.results.print(Text(line))

    def json(self, value: Mapping[str, Any]) -> None:
        """Print results as JSON."""
        self.text(json_text(value))

    def text(self, text: str) -> None:
        """Print results as they are."""
        with printing():
            sys.stdout.write(text)


def json_text(value: Mapping[str, Any]) -> str:
    """Return results as JSON, a line at its end."""
    return json.dumps(value, indent=2, default=_plain, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    """Return NumPy's numbers and arrays as Python's."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON")


def score_title(name: str, positive: str | None) -> str:
    """Return what a table calls a score, of two classes with the one that it is of."""
    return f"F1 of {positive!r}" if name == "F1" and positive is not None else name


def is_far(score: float) -> bool:
    """Return whether four decimals say nothing of a score, or more than anybody reads."""
    return score != 0 and not 1e-3 <= abs(score) < 1e6


def _score_text(score: float) -> str:
    return f"{score:.4g}" if is_far(score) else f"{score:.4f}"


def scores_table(
    scores: Mapping[str, Mapping[str, float]],
    rows: Mapping[str, int],
    positive: str | None = None,
) -> Table:
    """Return scores by part of the data; F1 is that of the positive class."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("score")
    for part in scores:
        table.add_column(f"{part} ({rows[part]:,})", justify="right")
    names = list(dict.fromkeys(name for part in scores.values() for name in part))
    for name in names:
        values = [_score_text(part[name]) if name in part else "" for part in scores.values()]
        table.add_row(Text(score_title(name, positive)), *values)
    return table


def layers_table(chain: Chain) -> Table:
    """Return the layers of a chain with shapes and parameter counts."""
    from chainrule.display import layer_rows

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "function", "output", "parameters"):
        table.add_column(column)
    table.add_column("count", justify="right")
    for number, function, *cells in layer_rows(chain.layers, chain.parameters):
        table.add_row(number, Text(function), *cells)
    table.add_row("", "", "", f"in all, {chain.dtype}", f"{chain.parameters.flat.size:,}")
    return table


def columns_table(columns: Sequence[Mapping[str, Any]]) -> Table:
    """Return what became of each column, a line for each."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("column", "is", "becomes"):
        table.add_column(heading, overflow="fold")
    for each in columns:
        became = "; ".join([each["became"], *each["remarks"]])
        table.add_row(Text(each["name"]), Text(each["kind"]), Text(became))
    return table


def report_table(report: Report) -> Table:
    """Return the verdicts of a gradient check."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("gradient", overflow="fold")
    for column in ("checked", "largest error", "at", "backprop", "finite difference"):
        table.add_column(column, justify="right", overflow="fold")  # no digit is ever left out
    table.add_column("verdict")
    for entry in report.entries:
        size = int(np.prod(entry.shape, dtype=np.int64))
        kinks = f", {entry.kinks} at kinks" if entry.kinks else ""
        table.add_row(
            entry.name,
            f"{entry.checked:,} of {size:,}{kinks}",
            f"{entry.error:.1e}",
            Text(f"[{','.join(map(str, entry.where))}]"),
            f"{entry.analytic:+.4g}",
            f"{entry.numeric:+.4g}",
            Text(entry.verdict, style="green" if entry.passed else "bold red"),
        )
    return table


def report_json(report: Report) -> dict[str, Any]:
    """Return the verdicts of a gradient check for programs."""
    return {
        "passed": report.passed,
        "tolerance": report.tolerance,
        "gradients": [
            {
                "name": entry.name,
                "shape": entry.shape,
                "checked": entry.checked,
                "at_kinks": entry.kinks,
                "largest_error": entry.error,
                "where": entry.where,
                "backprop": entry.analytic,
                "finite_difference": entry.numeric,
                "passed": entry.passed,
            }
            for entry in report.entries
        ],
    }

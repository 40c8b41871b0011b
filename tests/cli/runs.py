"""The command line run in this process, and small data for it."""

import io
import json
import random
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest import mock

from chainrule.cli import main

HEADER = "rooms,area,kind,price"


@dataclass(frozen=True)
class Run:
    """Exit code, standard output and standard error of a run."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        assert self.code == 0, self.err
        return json.loads(self.out)

    @property
    def error(self):
        """The one sentence of a run that could not do what was asked."""
        assert self.code == 1, self.err
        assert self.out == ""
        assert self.err.startswith("error: ")
        assert "Traceback" not in self.err
        assert self.err.count("\n") == 1
        return self.err.removeprefix("error: ").rstrip("\n")


def chainrule(*arguments):
    out, err, code = io.StringIO(), io.StringIO(), 0
    argv = ["chainrule", *map(str, arguments)]
    with mock.patch.object(sys, "argv", argv), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
    return Run(code, out.getvalue(), err.getvalue())


def train(data, path, *options):
    """Train one epoch, unless told otherwise, and return where the model is."""
    epochs = () if "-e" in options else ("-e", 1)
    run = chainrule("train", data, "-o", path, "--force", "-q", *epochs, *options)
    assert run.code == 0, run.err
    return path


def house_rows(n=57):
    """Rows (n) of rooms, area, kind and price, which is about three times the area."""
    numbers = random.Random(5)
    rows = []
    for _ in range(n):
        area = numbers.uniform(20, 200)
        kind = numbers.choice(("barn", "flat", "villa"))
        price = 3 * area + numbers.random()
        rows.append([str(numbers.randint(1, 6)), f"{area:.2f}", kind, f"{price:.3f}"])
    return rows


def written(path, rows, header=HEADER, delimiter=","):
    """Write rows as a CSV file and return its path."""
    lines = [header, *(delimiter.join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path

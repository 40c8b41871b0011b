"""fastText's commands run in this process: bytes in, bytes out."""

import io
import sys
from contextlib import redirect_stderr
from dataclasses import dataclass
from unittest import mock

from chainrule.cli import main


@dataclass(frozen=True)
class Run:
    """Exit code, standard output and standard error of a run."""

    code: int
    out: bytes
    err: str

    @property
    def printed(self):
        assert self.code == 0, self.err
        return self.out

    @property
    def error(self):
        """The one sentence of a run that could not do what was asked."""
        assert self.code == 1, self.err
        assert self.out == b""
        assert self.err.startswith("error: ")
        assert self.err.count("\n") == 1
        return self.err.removeprefix("error: ").rstrip("\n")


def fasttext(*arguments, given=b""):
    """Run a command with so much on standard input."""
    out, err, code = io.BytesIO(), io.StringIO(), 0
    stdin, stdout = io.TextIOWrapper(io.BytesIO(given)), io.TextIOWrapper(out)
    argv = ["chainrule", "fasttext", *map(str, arguments)]
    replaced = mock.patch.multiple(sys, argv=argv, stdin=stdin, stdout=stdout)
    with replaced, redirect_stderr(err):
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
    stdout.flush()
    return Run(code, out.getvalue(), err.getvalue())

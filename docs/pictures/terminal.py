"""Draw what `chainrule train digits` shows in a terminal: docs/pictures/train-digits.svg.

Run it from the repository, with chainrule installed: python docs/pictures/terminal.py
"""

import os
import pty
import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 88
COMMAND = ["chainrule", "train", "digits"]


def terminal_output(command: list[str], folder: str) -> str:
    """Return all that a command writes to a terminal, escape sequences included."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        variables = {"COLUMNS": str(COLUMNS), "LINES": "30", "TERM": "xterm-256color"}
        os.execvpe(command[0], command, os.environ | variables | {"COLORTERM": "truecolor"})
    pieces = []
    try:
        while piece := os.read(terminal, 65536):
            pieces.append(piece)
    except OSError:  # how Linux says that the other side is closed
        pass
    os.waitpid(child, 0)
    return b"".join(pieces).decode()


def last_screen(output: str) -> str:
    """Return the lines that stay on the screen, with their colours."""
    lines, row = [""], 0
    for token in re.split(r"(\r\n|\r|\n|\x1b\[2K|\x1b\[1A|\x1b\[\?25[lh])", output):
        if token in ("\r\n", "\n"):
            row += 1
            lines += [""] * (row == len(lines))
        elif token == "\x1b[1A":
            row -= 1
        elif token == "\x1b[2K":
            lines[row] = ""
        elif token and token != "\r" and not token.startswith("\x1b[?"):
            lines[row] += token
    return "\n".join(lines).rstrip()


if __name__ == "__main__":
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        shown = last_screen(terminal_output(COMMAND, folder))
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(Text("$ " + " ".join(COMMAND), style="bold"))
    console.print(Text.from_ansi(shown))
    picture = Path(__file__).with_name("train-digits.svg")
    drawing = console.export_svg(title="chainrule")
    drawing = re.sub(r"\s*@font-face \{.*?\}|\s*<!--.*?-->", "", drawing, flags=re.DOTALL)
    picture.write_text(drawing, encoding="utf-8")  # no fonts from the net, whoever looks at it
    print(f"drawn: {picture}")

"""Documents whose examples run: every ```python block of a Markdown file, in order.

Where a shell is given, each line of a ```sh block runs in it, too.

The blocks of a file share one namespace, as cells of a notebook do. If the next fenced block
after a Python block is a ```text block, it must be what the Python block prints. A line
``<!-- skip -->`` before a block leaves it out: Python that must not run, text that is no output.
A line ``<!-- source: package.module.name -->`` says what a block shows: it must be that source.
"""

import contextlib
import importlib
import inspect
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SKIP = "<!-- skip -->"
SOURCE = re.compile(r"<!-- source: (\S+)\.(\w+) -->")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the number of its first line, and the line above."""

    language: str
    text: str
    line: int
    above: str

    @property
    def skipped(self) -> bool:
        """Whether the document asks to leave it out."""
        return self.above == SKIP

    @property
    def source(self) -> str | None:
        """The source that the document says it shows."""
        found = SOURCE.fullmatch(self.above)
        if found is None:
            return None
        module, name = found.groups()
        return inspect.getsource(getattr(importlib.import_module(module), name))


def fenced_blocks(document: str) -> list[Block]:
    """Return the fenced blocks of a Markdown text; ValueError if the last one has no end."""
    blocks: list[Block] = []
    lines = document.splitlines()
    above, at = "", 0
    while at < len(lines):
        opening = re.match(r"( *)(`{3,})([^\s`]*)", lines[at])
        if opening is None:
            above = lines[at].strip() or above
            at += 1
            continue
        indent, fence, language = opening.groups()
        first = at + 1
        at = first
        while at < len(lines) and lines[at].strip() != fence:
            at += 1
        if at == len(lines):
            raise ValueError(f"line {first}: this block has no end")
        inside = [line.removeprefix(indent) for line in lines[first:at]]
        blocks.append(Block(language, "\n".join(inside), first + 1, above))
        above, at = fence, at + 1
    return blocks


def run_document(path: str | Path, shell: Callable[[str], str] | None = None) -> int:
    """Run the Python blocks of a Markdown file and return how many ran.

    Commands run in the shell, a function from a line to what it prints, where one is given.

    Raises
    ------
    AssertionError
        A block printed something else than the text block after it shows, or shows another source
        than it says.
    """
    path = Path(path)
    blocks = fenced_blocks(path.read_text(encoding="utf-8"))
    namespace: dict[str, object] = {"__name__": "__main__"}
    count = 0
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        commands = block.language == "sh" and shell is not None
        if block.skipped or not (commands or block.language == "python"):
            continue
        if block.source is not None:
            assert block.text == block.source.rstrip(), f"{path}:{block.line}: not the source"
            continue
        printed = io.StringIO()
        source = "\n" * (block.line - 1) + block.text  # so that errors name the document's lines
        if shell is not None and commands:
            printed.writelines(map(shell, block.text.splitlines()))
        else:
            with contextlib.redirect_stdout(printed):
                exec(compile(source, str(path), "exec", dont_inherit=True), namespace)
        count += 1
        if following is not None and following.language == "text" and not following.skipped:
            shown, got = (_trimmed(text) for text in (following.text, printed.getvalue()))
            assert got == shown, f"{path}:{following.line}: it shows\n{shown}\nand prints\n{got}"
    return count


def _trimmed(text: str) -> str:
    """Return a text without spaces at the ends of its lines and without empty lines at its end."""
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip()

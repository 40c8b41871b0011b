"""The command line's reference, made from what the commands say of themselves."""

import re
from collections.abc import Iterator
from typing import Any

import typer

from chainrule.cli import app


def sections() -> dict[str, str]:
    """Return a section of Markdown for each command, by the words that call it."""
    return dict(_sections(typer.main.get_command(app), "chainrule"))


def _sections(group: Any, words: str) -> Iterator[tuple[str, str]]:
    context = group.make_context(words, [], resilient_parsing=True)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if not command.hidden:
            called = f"{words} {name}"
            yield called, "\n".join(_section(command, called))
            if hasattr(command, "list_commands"):
                yield from _sections(command, called)


def _section(command: Any, words: str) -> Iterator[str]:
    context = command.make_context(words, [], resilient_parsing=True)
    call = " ".join([words, *command.collect_usage_pieces(context)])
    yield from (f"{'#' * len(words.split())} {words}", "", _prose(command.help), "")
    yield from ("```text", re.sub(r"[{}]", "", call), "```", "")
    panels: dict[str, list[str]] = {}
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None:  # hidden
            continue
        kind = f"{parameter.param_type_name}s".capitalize()
        rows = panels.setdefault(parameter.rich_help_panel or kind, [])
        rows.append(f"| {_called(record[0])} | {_prose(record[1])} |")
    for title in sorted(panels, key=lambda title: (title != "Arguments", title != "Options")):
        yield from (f"| {title} | |", "|---|---|", *panels[title], "")


def _called(names: str) -> str:
    """Return how a parameter is called: each name, and what it takes, as code in one cell."""
    parts = re.split(r", (?=-)| / ", names.replace("|", r"\|"))
    return ", ".join(" ".join(f"`{word}`" for word in part.split(" ", 1)) for part in parts)


def _prose(text: str | None) -> str:
    """Return a help text as Markdown: one line, with its signs as they are, and options as code."""
    line = re.sub(r"[|*_<`\[\]]", r"\\\g<0>", " ".join((text or "").split()))
    return re.sub(r"(?<![\w-])--[a-z][a-z-]*", r"`\g<0>`", line)

"""How the commands of fastText are called: options with one dash, all errors with exit status 1."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from chainrule.cli.fasttext_files import reader_may_leave

NUMBER = re.compile(r"-[\d.]")

ELSEWHERE = {
    "-cutoff": "is an option of quantize",
    "-retrain": "is an option of quantize",
    "-qnorm": "is an option of quantize",
    "-qout": "is an option of quantize",
    "-dsub": "is an option of quantize",
    "-autotune-validation": "is not done here: chainrule compare tries several models",
    "-autotune-metric": "is not done here: chainrule compare tries several models",
    "-autotune-predictions": "is not done here: chainrule compare tries several models",
    "-autotune-duration": "is not done here: chainrule compare tries several models",
    "-autotune-modelsize": "is not done here: quantize makes a model small",
}
"""Options of fastText that a command may not have, and what is said of them."""

USAGE_ERROR: Any = typer.BadParameter.__base__
"""What Typer raises where a command line is wrong; it has moved between its releases."""


class FastTextCommand(TyperCommand):
    """A command with options such as ``-input``, and arguments such as ``-1``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line; an option that is not known is an error that names it."""
        known = {name: param for param in self.get_params(ctx) for name in param.opts}
        place = 0
        while place < len(args):
            name = args[place]
            option = known.get(name) if name.startswith("-") else None
            if option is None and name.startswith("-") and name != "-" and not NUMBER.match(name):
                raise ValueError(_unknown(name, known))
            takes_value = option is not None and not getattr(option, "is_flag", False)
            place += 1 + takes_value
            if place > len(args):
                raise ValueError(f"{name} is without its value")
        rest: list[str] = super().parse_args(ctx, args)
        return rest


class FastTextCommands(TyperGroup):
    """The commands; whatever goes wrong has exit status 1, as with fastText."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            with reader_may_leave():
                return super().invoke(ctx)
        except USAGE_ERROR as error:
            raise ValueError(error.format_message()) from None


def _unknown(name: str, known: dict[str, Any]) -> str:
    if name in ELSEWHERE:
        return f"{name} {ELSEWHERE[name]}"
    near = get_close_matches(name, [each for each in known if each.startswith("-")], 1)
    return f"there is no option {name}" + (f"; {near[0]} is near" if near else "")

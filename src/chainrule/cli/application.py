"""The commands, each loaded when it is named."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from chainrule import __version__
from chainrule.cli.endings import interruptible
from chainrule.cli.ranks import over_ranks

MODULES = {
    "train": "train_commands",
    "compare": "train_commands",
    "predict": "model_commands",
    "evaluate": "model_commands",
    "explain": "explain_command",
    "check": "model_commands",
    "show": "model_commands",
    "derive": "derive_command",
    "plot": "model_commands",
    "export": "export_commands",
    "warmup": "warmup_command",
    "fasttext": "fasttext_app",
}
"""Where each command is, in the order of the help."""


class Commands(TyperGroup):
    """The commands, which Ctrl-C and SIGTERM end with a word, and without a traceback.

    Only the one that was named is loaded, as some libraries take longer to load than a small file
    to predict; for the help all are.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands."""
        return list(MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, None if there is none of that name."""
        if cmd_name in MODULES and cmd_name not in self.commands:
            self.commands[cmd_name] = _loaded(cmd_name)
        return self.commands.get(cmd_name)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named; while it loads, a signal ends the process at once."""
        named: str | None = None
        for named in [*ctx._protected_args, *ctx.args][:1]:
            self.get_command(ctx, named)
        with interruptible(), over_ranks(named):
            return super().invoke(ctx)


def _loaded(name: str) -> Any:
    """Return a command as Typer makes it of a function, or of a group of them."""
    found = getattr(import_module(f"chainrule.cli.{MODULES[name]}"), name)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
        alone.command(name)(found)
        found = alone
    command = get_command(found)
    command.name = name
    return command


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Neural networks on CPUs, with backpropagation you can read.",
    epilog="A first try: chainrule train digits",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"chainrule {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Neural networks on CPUs, with backpropagation you can read."""

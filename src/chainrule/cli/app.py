"""The commands, and what happens to errors; the work is done in the other files."""

from __future__ import annotations

import sys
from time import perf_counter
from typing import Annotated, Any

import typer
from rich.progress import track
from typer.core import TyperGroup

from chainrule import __version__
from chainrule.cli.arguments import JsonOption
from chainrule.cli.fasttext_app import fasttext_app
from chainrule.cli.model_commands import check, evaluate, plot, predict, show
from chainrule.cli.option_values import OPTIMIZERS
from chainrule.cli.output import Output, speak_unicode
from chainrule.cli.text_commands import explain
from chainrule.cli.train_commands import compare, train
from chainrule.interruption import EXIT_CODE, interruption
from chainrule.training import Adam, TrainingDivergedError


class Commands(TyperGroup):
    """The commands, which Ctrl-C and SIGTERM end with a word, and without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            with interruption.during_work():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            Output().say("interrupted")
            raise typer.Exit(EXIT_CODE) from None


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


def warmup(as_json: JsonOption = False) -> None:
    """Compile all machine code ahead of the first training."""
    from chainrule.engine.machine import cache
    from chainrule.engine.running import warmup as machine_code
    from chainrule.estimators.texts.warmup import text_compilations

    out = Output(as_json=as_json)
    if (trouble := cache.trouble()) is not None:  # before minutes go into what is not kept
        raise ValueError(trouble)
    optimizers = [*OPTIMIZERS.values(), Adam(uncorrected_epsilon=True)]  # the last: estimators'
    calls, place = machine_code.compilations(optimizers), cache.folder()
    calls += text_compilations()
    begin, before = perf_counter(), machine_code.kernels_so_far()
    silent = as_json or not out.messages.is_terminal
    shown = track(calls, "compiling", console=out.messages, transient=True, disable=silent)
    for compile_one in shown:
        compile_one()
    seconds, count = perf_counter() - begin, machine_code.kernels_so_far() - before
    if (trouble := cache.trouble()) is not None:
        raise ValueError(trouble)
    if as_json:
        out.json({"kernels": count, "seconds": seconds, "folder": place and str(place)})
    else:
        kept = f"kept in {place}" if place else "kept nowhere: CHAINRULE_CACHE is empty"
        out.say(f"{count} kernels in {seconds:.1f} s, {kept}")


for command in (train, compare, predict, evaluate, explain, check, show, plot, warmup):
    app.command()(command)
app.add_typer(fasttext_app, name="fasttext")


def main() -> None:
    """Run the command line; every error is a sentence on standard error, and exit code 1.

    Misuse has exit code 2; Ctrl-C and SIGTERM have 130 where nothing could be kept.
    """
    speak_unicode()
    try:
        app()
    except TrainingDivergedError as error:
        Output().error(f"{error}" if error.history.epochs else f"{error} No model is saved.")
        sys.exit(1)
    except (ValueError, OSError, MemoryError, ImportError) as error:
        Output().error(str(error) or "there is not enough memory")
        sys.exit(1)

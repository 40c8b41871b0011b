"""``chainrule fasttext``: fastText's commands, with its options and its output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from chainrule.cli import fasttext_commands as commands
from chainrule.cli.fasttext_group import FastTextCommand, FastTextCommands

fasttext = typer.Typer(
    cls=FastTextCommands,
    no_args_is_help=True,
    add_completion=False,
    help="fastText's commands, with its options, files and output.",
)

CONTEXT = {"help_option_names": ["-h", "--help"], "ignore_unknown_options": True}
NOT_DONE = {
    "skipgram": "training of word vectors is not done here; chainrule fasttext prints those of "
    "fastText's models",
    "cbow": "training of word vectors is not done here; chainrule fasttext prints those of "
    "fastText's models",
    "nn": "the search for near words is not done here; print-word-vectors has the vectors",
    "analogies": "the search for near words is not done here; print-word-vectors has the vectors",
}


def _refuse(
    ctx: typer.Context, rest: Annotated[list[str] | None, typer.Argument(hidden=True)] = None
) -> None:
    raise ValueError(f"{ctx.info_name}: {NOT_DONE[str(ctx.info_name)]}")


COMMANDS: dict[str, Callable[..., None]] = {
    "supervised": commands.supervised,
    "quantize": commands.quantize,
    "test": commands.score,
    "test-label": commands.score_labels,
    "predict": commands.predict,
    "predict-prob": commands.predict_prob,
    "print-word-vectors": commands.word_vectors,
    "print-sentence-vectors": commands.sentence_vectors,
    "print-ngrams": commands.ngrams,
    "dump": commands.dump,
}

for name, command in COMMANDS.items():
    fasttext.command(name, cls=FastTextCommand, context_settings=CONTEXT)(command)
for name in NOT_DONE:
    fasttext.command(name, hidden=True, context_settings=CONTEXT)(_refuse)

"""The command that derives a network's backprop on paper: ``derive``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli import output_files
from chainrule.cli.arguments import ForceOption, JsonOption, TargetOption
from chainrule.cli.options import TASKS
from chainrule.cli.output import Output, report_json, report_table

__all__ = ["derive"]


OF_LAYERS = ("inputs", "outputs", "activation", "task", "loss", "bias")
"""Options that spell the network of --layers out."""


def derive(
    context: typer.Context,
    model: Annotated[
        Path | None,
        typer.Argument(
            metavar="MODEL", help="A saved model; without one, --layers spells one out."
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Argument(metavar="DATA", help="Data that --sample names a row of.")
    ] = None,
    target: TargetOption = None,
    layers: Annotated[
        str | None,
        typer.Option(
            metavar="SIZES", help="Sizes of the hidden layers of a network: 5,4; 0: none."
        ),
    ] = None,
    example: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A network of the notes, note-1 to note-5."),
    ] = None,
    inputs: Annotated[int, typer.Option(help="Numbers that it takes.")] = 3,
    outputs: Annotated[
        int | None, typer.Option(help="Its outputs: 3 classes by default, or 1 number.")
    ] = None,
    activation: Annotated[str, typer.Option(metavar="NAME", help="Of its hidden layers.")] = "relu",
    task: Annotated[str, typer.Option(metavar="NAME", help=", ".join(TASKS))] = "multiclass",
    loss: Annotated[str | None, typer.Option(metavar="NAME", help="Of regression.")] = None,
    bias: Annotated[bool, typer.Option(help="Biases in its layers.")] = True,
    sample: Annotated[
        str | None,
        typer.Option(
            metavar="ROW",
            help="Show the numbers of a row of DATA; without a MODEL those of 0.5,-1,2.",
        ),
    ] = None,
    answer: Annotated[
        str | None, typer.Option(metavar="ANSWER", help="That of the sample, without a MODEL.")
    ] = None,
    digits: Annotated[int | None, typer.Option(help="Of numbers, 6 by default.")] = None,
    latex: Annotated[bool, typer.Option("--latex", help="The body of a LaTeX document.")] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page that needs but a browser.")
    ] = None,
    exercise: Annotated[
        bool, typer.Option("--exercise", help="Hide each line until Enter, or a click on the page.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Compare each line with finite differences.")
    ] = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Derive a network's backprop line by line, from the loss to each parameter."""
    from chainrule.cli.derivations import SpelledNetwork, derived_example, derived_model, json_of

    out = Output(as_json=as_json)
    _check_source({"MODEL": model, "--layers": layers, "--example": example})
    _check_forms(html=html, latex=latex, as_json=as_json, check=check, exercise=exercise)
    if layers is None:
        _check_of_layers(context)
    if answer is not None and (model is not None or (sample is None and example is None)):
        got = "a MODEL, whose DATA has them" if model is not None else "none"
        raise ValueError(f"--answer: expected --sample NUMBERS, whose answer it is, got {got}")
    if html is not None:
        _check_page(html, model, force=force)
    if example is not None:
        derived = derived_example(example, sample, answer, digits)
    elif layers is not None:
        count = outputs or (3 if task == "multiclass" else 1)
        network = SpelledNetwork(layers, inputs, count, activation, task, loss, bias)
        derived = network.derived(sample, answer, 6 if digits is None else digits)
    else:
        assert model is not None
        derived = derived_model(model, data, target, sample, 6 if digits is None else digits)
    if check:
        report = derived.check()
        if as_json:
            out.json(report_json(report))
        else:
            out.table(report_table(report))
            out.say("all lines are right" if report.passed else "some lines are WRONG")
        if not report.passed:
            raise typer.Exit(1)
    elif html is not None:
        page = (derived.exercise() if exercise else derived).html()
        output_files.write_text(html, page)
        out.say(f"page written to {html}")
    elif as_json:
        out.json(json_of(derived))
    elif latex:
        out.text(derived.latex())
    elif exercise and sys.stdin.isatty():
        _ask(out, derived.questions())
    else:
        out.lines(repr(derived).split("\n"))


def _check_source(given: dict[str, object]) -> None:
    """Raise ValueError unless it is said once what is derived."""
    said = [name for name, value in given.items() if value is not None]
    if len(said) != 1:
        *names, last = given
        got = " and ".join(said) or "none"
        raise ValueError(f"derive: expected one of {', '.join(names)} and {last}, got {got}")


def _check_forms(
    *, html: Path | None, latex: bool, as_json: bool, check: bool, exercise: bool
) -> None:
    """Raise ValueError where the result is asked for in two forms at once."""
    forms = {"--html": html is not None, "--latex": latex, "--json": as_json, "--check": check}
    said = [name for name, given in forms.items() if given]
    if len(said) > 1 and said != ["--json", "--check"]:
        raise ValueError(f"derive: expected one of {', '.join(forms)}, got {' and '.join(said)}")
    if exercise and said and html is None:
        raise ValueError(f"--exercise: expected text or --html, got {' and '.join(said)}")


def _check_of_layers(context: typer.Context) -> None:
    """Raise ValueError where an option is said that only --layers has."""
    for name in OF_LAYERS:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise ValueError(f"--{name}: expected --layers, too, got a network that has its own")


def _check_page(path: Path, model: Path | None, *, force: bool) -> None:
    """Raise ValueError where no page can be written."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"--html: expected a name that ends in .html, got {str(path)!r}")
    read = [] if model is None else [model]
    output_files.check_text_path(path, *read, force=force, option="--html")


def _ask(out: Output, questions: Iterator[tuple[str, bool]]) -> None:
    """Print lines, and wait for Enter before each that a reader can try first."""
    for line, waits in questions:
        if waits:
            input("   … ")
        out.lines(line.split("\n"))

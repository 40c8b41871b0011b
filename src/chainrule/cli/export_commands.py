"""The command that writes a model as a program of its own: ``export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from chainrule.cli import output_files
from chainrule.cli.arguments import ForceOption, JsonOption, ModelArgument
from chainrule.cli.model_data import loaded, samples_of, source_for, target_name
from chainrule.cli.output import Output

__all__ = ["export"]


def export(
    model: ModelArgument,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="LANGUAGE", help="c, js or onnx; by default what the name of --output ends in."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file; by default it is named as the model."),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(metavar="TYPE", help="float or double; by default that of the model."),
    ] = None,
    gradient: Annotated[
        bool, typer.Option(help="Write the loss and its gradients, by backprop, too.")
    ] = False,
    samples: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="Keep some samples of DATA, with which a program in C checks itself.",
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A file for the parameters of more than 1,000 numbers."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What functions are called; by default as the file is.")
    ] = None,
    opset: Annotated[
        int | None, typer.Option(help="The version of ONNX's operators: 17, the usual one, or 21.")
    ] = None,
    encoded: Annotated[
        bool,
        typer.Option(
            "--encoded", help="ONNX begins with what the first layer takes, not with raw samples."
        ),
    ] = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a model as a program without dependencies, C99 or JavaScript, or as ONNX."""
    from chainrule.export.writing import LANGUAGES, export_network

    out = Output(as_json=as_json)
    if to is not None and to not in LANGUAGES:
        raise ValueError(f"--to: expected one of {', '.join(LANGUAGES)}, got {to!r}")
    if to is None and output is None:
        raise ValueError(f"--to: expected one of {', '.join(LANGUAGES)}, or --output NAME")
    path = output or _usual_path(model, LANGUAGES[str(to)].suffixes[-1], force=force)
    output_files.check_text_path(path, model, force=force)
    if weights is not None:
        output_files.check_text_path(weights, model, force=force, option="--weights")
    estimator = loaded(model, "export")
    done = export_network(
        estimator,
        path,
        to=to,
        precision=precision,
        gradient=gradient,
        samples=None if samples is None else _samples(estimator, samples),
        weights=weights,
        name=name,
        opset=opset,
        encoded=encoded,
    )
    if as_json:
        told: dict[str, Any] = vars(done)
        out.json({key: str(v) if isinstance(v, Path) else v for key, v in told.items()})
    else:
        out.say(str(done))


def _usual_path(model: Path, suffix: str, *, force: bool) -> Path:
    usual = Path(f"{model.stem or 'model'}{suffix}")
    return usual if force else output_files.free_path(usual)


def _samples(estimator: Any, data: str) -> Any:
    """Return raw samples of the data that are named."""
    name = target_name(estimator, data, None)
    source = source_for(estimator, data, None, optional=True)
    return samples_of(estimator, source, name)

"""The command that writes a page of a model at work, or explains a text: ``explain``."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from chainrule.cli import output_files
from chainrule.cli.arguments import ForceOption, JsonOption, ModelArgument, TargetOption
from chainrule.cli.model_data import answers_of, loaded, samples_of, source_for, target_name
from chainrule.cli.output import Output
from chainrule.cli.text_commands import explain_text
from chainrule.data import BUILTIN, DataError, DataWarning
from chainrule.inputs import Texts

__all__ = ["explain"]


def explain(
    model: ModelArgument,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATA|TEXT]",
            help="Samples for the page; of a model of texts also a text itself, in quotes.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The page; by default it is named as the model. A text without it is explained "
            "in the terminal.",
        ),
    ] = None,
    target: TargetOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a page that shows a model's numbers and gradients at work; or explain a text."""
    out, estimator = Output(as_json=as_json), loaded(model, "explain")
    texts = isinstance(estimator.inputs_, Texts)
    if texts and data is not None and output is None:
        explain_text(estimator, data, out)
        return
    path = output or _usual_path(model, force=force)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"--output: expected a name that ends in .html, got {str(path)!r}")
    output_files.check_text_path(path, model, force=force)
    X, y = _samples(estimator, data, target)
    page, notes = _written(estimator, X, y, path)
    if as_json:
        out.json({**vars(page), "path": str(path), "notes": notes})
    else:
        out.say(*notes, str(page))


def _written(estimator: Any, X: Any, y: Any, path: Path) -> tuple[Any, list[str]]:
    """Write a page; return what it is, and what was unusual in the data."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        page = estimator.explain(X, y, path=path)
    notes = [str(each.message) for each in caught if issubclass(each.category, DataWarning)]
    return page, list(dict.fromkeys(notes))


def _usual_path(model: Path, *, force: bool) -> Path:
    usual = Path(f"{model.stem or 'model'}.html")
    return usual if force else output_files.free_path(usual)


def _samples(estimator: Any, data: str | None, target: str | None) -> tuple[Any, Any]:
    """Return samples for a page, and their answers, None where there are none.

    Without DATA those of the built-in set that the model was trained on, if it was.
    """
    if data is None:
        data = (getattr(estimator, "metadata_", None) or {}).get("data")
        if data not in BUILTIN:
            return None, None
    elif isinstance(estimator.inputs_, Texts) and not Path(data).exists():
        return [data], None
    name = target_name(estimator, data, target)
    try:
        source = source_for(estimator, data, name, optional=False)
        y = answers_of(estimator, source, name)
    except DataError:
        if target is not None:
            raise
        source, y = source_for(estimator, data, name, optional=True), None
    return samples_of(estimator, source, name), y

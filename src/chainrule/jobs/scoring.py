"""The scores of a trained model on data with known targets."""

from __future__ import annotations

from chainrule.data import DataError, Table
from chainrule.data.cells import shortened
from chainrule.jobs.sources import Source
from chainrule.models import Model

Scores = dict[str, dict[str, float]]


def evaluate_source(model: Model, source: Source) -> tuple[Scores, dict[str, int], list[str]]:
    """Return scores by part of the data and by name, the rows of each part, and notes.

    Raises
    ------
    DataError
        There are no targets, or they are not like those of training.
    """
    parts = {"all": source} if source.test is None else {"training": source, "test": source.test}
    scores, notes = {}, list(source.notes)
    for name, part in parts.items():
        if part.cells is None:
            raise DataError(f"{part.name}: expected the classes of the images as folders' names")
        if isinstance(part.data, Table):
            notes += model.encode(part.data)[1]
        else:
            _check_classes(model, part.name, part.cells)
        scores[name] = model.evaluate(part.data, part.cells, part.lines)
    return scores, {name: len(part) for name, part in parts.items()}, notes


def _check_classes(model: Model, name: str, cells: list[str]) -> None:
    """Complain about classes of images that training did not have; tables have line numbers."""
    classes = model.target.classes
    unknown = sorted(set(cells) - set(classes))
    if unknown and classes:
        raise DataError(
            f"{name}: expected images of the classes {shortened(classes, most=20)}, "
            f"got images of {shortened(unknown)}"
        )

"""Pictures of a model and of data that were read for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.cli.descents import MOST_SAMPLES, DescentOptions
from chainrule.cli.evaluation import labelled_part, parts_of
from chainrule.cli.model_data import answers_of, samples_of
from chainrule.data import Source
from chainrule.pictures.network_picture import PARTS
from chainrule.pictures.sample_picture import SAMPLE_PARTS, draw_samples

ALL_PARTS = (*PARTS, *SAMPLE_PARTS)


def check_part(part: str, data: str | None) -> None:
    """Raise ValueError unless there is such a picture, with data where it needs some."""
    if part not in ALL_PARTS:
        raise ValueError(f"--part: expected one of {', '.join(ALL_PARTS)}, got {part!r}")
    if part in SAMPLE_PARTS and data is None:
        raise ValueError(f"--part {part}: expected DATA after MODEL, got none")
    if part in PARTS and data is not None:
        names = ", ".join(SAMPLE_PARTS)
        raise ValueError(f"DATA: expected --part {names}, got --part {part}, which needs none")


def draw_source(
    estimator: Any,
    part: str,
    source: Source,
    target: str | None,
    kind: str,
    descent: DescentOptions,
) -> tuple[bytes, list[str]]:
    """Return a picture of what a model makes of data, as the content of a file, and notes.

    Of data that have a part for tests it is that part, else one for validation.

    Raises
    ------
    DataError
        There are no answers, and the picture needs some.
    """
    name, chosen = list(parts_of(source).items())[-1]
    notes, y = list(source.notes), None
    if name != "all":
        notes.append(f"drawn of the {name} part, {len(chosen):,} samples")
    if part == "descent" and len(chosen) > MOST_SAMPLES:
        chosen = chosen.select(np.arange(MOST_SAMPLES))
        notes.append(f"the loss is that of the first {MOST_SAMPLES} samples")
    if part != "saliency":
        chosen, unknown = labelled_part(estimator, chosen)
        notes += unknown
        y = answers_of(estimator, chosen, target)
    X = samples_of(estimator, chosen, target)
    options: dict[str, Any] = {}
    if part == "descent":
        options, note = descent.of_display(estimator, X, y)
        notes.append(note)
    return draw_samples(estimator, part, X, y, kind, options), notes

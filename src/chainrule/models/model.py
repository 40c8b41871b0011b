"""A trained model: a chain, how data go into it, and what its outputs mean."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.chain import Chain
from chainrule.data import DataError, ImageScaling, Table, TableEncoder, Target
from chainrule.data.cells import shortened
from chainrule.display import shape_text
from chainrule.files.canonical import JSON
from chainrule.files.container import read_model_file, write_model_file
from chainrule.files.errors import ModelFileError
from chainrule.files.objects import Classes, check_classes
from chainrule.losses import Loss
from chainrule.models.description import Description, Inputs, check_fit, describe, read_facts
from chainrule.models.scores import class_scores, regression_scores
from chainrule.types import Array

__all__ = ["Model", "Predictions"]

MOST_ROWS = 1024
MOST_NUMBERS = 2**27
"""A batch has at most so many rows, and so many numbers in all layers together, if it can."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Labels (n), or numbers (n) in the target's units, with what led to them.

    `probabilities` (n, K) has a column for each of the classes, and is None for regression;
    `notes` tell what was unusual in the data.
    """

    values: list[str] | NDArray[np.float64]
    probabilities: NDArray[np.float64] | None
    classes: tuple[str, ...]
    notes: list[str]


@dataclass(eq=False)
class Model:
    """A chain with parameters, and all that is needed to use it on data as they come.

    The chain's output is the standardised target (n, 1) for regression, the probability of the
    second class (n, 1) for two classes, and probabilities (n, K) for more.

    Raises
    ------
    ValueError
        The chain does not take what the inputs give or give what the target takes, or the facts
        are not JSON.
    """

    chain: Chain
    loss: Loss
    inputs: Inputs
    target: Target
    facts: dict[str, JSON] = field(default_factory=dict)

    def __post_init__(self) -> None:
        layers = self.chain.layers
        check_fit(layers[0].input_shape, layers[-1].output_shape, self.inputs, self.target)
        self.facts = read_facts(self.facts)

    def encode(self, data: Table | NDArray[Any]) -> tuple[NDArray[np.float32], list[str]]:
        """Return a table (n rows), or images (n, c, h, w), as X (n, …), and notes.

        The target's column may be there or not.

        Raises
        ------
        DataError
            The data are of the other kind, or not like those of training.
        """
        self._check_kind(data)
        if isinstance(self.inputs, ImageScaling):
            return self.inputs.encode(np.asarray(data)), []
        assert isinstance(data, Table)
        named = self.target.name in data.names
        return self.inputs.encode(data.without(self.target.name) if named else data)

    def predict(self, data: Table | NDArray[Any]) -> Predictions:
        """Predict each row of a table, or each image.

        Raises
        ------
        DataError
            As for `encode`, or an output is not finite.
        """
        Y, notes = self._outputs(data)
        probabilities = self._probabilities(Y)
        with np.errstate(over="ignore"):
            values = self.target.decode(Y)
        if not isinstance(values, list):
            _check_finite(values, data)
        return Predictions(values, probabilities, self.target.classes, notes)

    def evaluate(
        self, data: Table | NDArray[Any], cells: list[str], lines: Sequence[int] = ()
    ) -> dict[str, float]:
        """Return the scores of the predictions, given the target's cells (n).

        For regression "R²", "mean absolute error" and "root mean squared error", in the target's
        units; for classes "accuracy" and "log loss", and if there are two "F1" and "area under
        ROC", which are left out where the cells hold one class only.

        Raises
        ------
        DataError
            As for `predict`; or a cell is missing, unknown, or not one for each row.
        """
        self._check_kind(data)
        if len(cells) != len(data) or not cells:
            raise DataError(
                f"evaluate: expected rows and a target for each, got {len(data):,} rows and "
                f"{len(cells):,} targets"
            )
        t = self.target.encode(cells, lines=lines)
        Y, _ = self._outputs(data)
        probabilities = self._probabilities(Y)
        if probabilities is None:
            return regression_scores(t, Y[:, 0].astype(np.float64), self.target.scale)
        index = {label: position for position, label in enumerate(self.target.classes)}
        chosen = np.array([index[str(label)] for label in self.target.decode(Y)], np.int64)
        return class_scores(t, chosen, probabilities)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a .safetensors file, which is whole at any moment.

        Raises
        ------
        ModelFileError
            The file cannot be written, or the model has something that a file cannot keep.
        """
        try:
            described = describe(self.chain, self.loss, self.inputs, self.target, self.facts)
        except ValueError as error:
            raise ModelFileError(f"{path}: cannot be saved: {error}") from None
        write_model_file(Path(path), described, self.chain.parameters.flat)

    @classmethod
    def load(cls, path: str | os.PathLike[str], functions: Classes = ()) -> Model:
        """Read a model from a file; nothing in the file is executed.

        Parameters
        ----------
        functions
            Classes of functions or losses of your own that the model uses.

        Raises
        ------
        ModelFileError
            The file is none of chainrule's, cut off, damaged, too new, or uses unknown functions.
        """
        check_classes(functions)
        described, flat = read_model_file(
            Path(path), partial(Description.from_text, extra=functions)
        )
        return cls.from_description(described, flat)

    @classmethod
    def from_description(cls, described: Description, flat: Array) -> Model:
        """Return the model of a description and its parameters (count,)."""
        chain = Chain.from_layout(described.chain, flat)
        return cls(chain, described.loss, described.inputs, described.target, described.facts)

    def _check_kind(self, data: object) -> None:
        """Complain about a table for images, images for a table, or neither."""
        received = "a table" if isinstance(data, Table) else type(data).__name__
        if isinstance(data, np.ndarray):
            received = f"an array of shape {data.shape}"
        if isinstance(self.inputs, ImageScaling):
            trained = f"images of {shape_text(self.inputs.shape)}"
            fits = isinstance(data, np.ndarray) and data.ndim > 0
        else:
            names = [column.name for column in self.inputs.columns]
            trained = f"a table with the columns {shortened(names)}"
            fits = isinstance(data, Table)
        if not fits:
            raise DataError(f"this model was trained on {trained}, got {received}")

    def _outputs(self, data: Table | NDArray[Any]) -> tuple[Array, list[str]]:
        """Return the chain's finite outputs Y (n, k), and notes on the data."""
        from chainrule.engine.running.prediction import Forward

        self._check_kind(data)
        batches: Any = data
        notes: list[str] = []
        if isinstance(self.inputs, TableEncoder):
            batches, notes = self.encode(data)
        Y = np.empty((len(data), *self.chain.layers[-1].output_shape), self.chain.dtype)
        rows, forward = self._batch_rows(), Forward(self.chain)
        # Without rows one empty batch is left, whose shape is checked all the same.
        for start in range(0, max(len(data), 1), rows):
            X = batches[start : start + rows]
            if isinstance(self.inputs, ImageScaling):
                X = self.inputs.encode(X)
            if len(X):
                with np.errstate(all="ignore"):  # what is not finite is refused below
                    Y[start : start + rows] = forward(X)
        _check_finite(Y, data)
        return Y, notes

    def _batch_rows(self) -> int:
        """Return how many samples go through the chain at once, so that memory stays bounded."""
        width = sum(prod(layer.output_shape) for layer in self.chain.layers)
        return max(1, min(MOST_ROWS, MOST_NUMBERS // width))

    def _probabilities(self, Y: Array) -> NDArray[np.float64] | None:
        """Return the probability of each class (n, K), None for regression."""
        if self.target.task == "regression":
            return None
        probabilities = Y.astype(np.float64)
        if self.target.task == "binary":
            probabilities = np.hstack([1 - probabilities, probabilities])
        sums = probabilities.sum(axis=1)
        if (probabilities < 0).any() or (np.abs(sums - 1) > 1e-3).any():
            last = self.chain.functions[-1]
            raise ValueError(f"Model: expected probabilities of classes, got others from {last}")
        return probabilities


def _check_finite(values: NDArray[Any], data: Table | NDArray[Any]) -> None:
    """Complain about the first row of values (n, …) that is not finite."""
    wrong = ~np.isfinite(values)
    if wrong.any():
        row = int(np.argwhere(wrong)[0, 0])
        place = f"line {data.line(row)}" if isinstance(data, Table) else f"image {row}"
        raise DataError(f"{place}: expected a finite prediction, got {values[wrong][0]}")

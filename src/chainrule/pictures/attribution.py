"""How much each number that goes into a network matters for its score, or its loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.pictures.axes import check_fitted
from chainrule.pictures.sample_images import dense
from chainrule.targets.columns import label_text
from chainrule.types import Array

Choose = Callable[[int], Array]
"""From the number of samples to the rows of those that are taken."""

ROWS = 256


@dataclass(frozen=True, eq=False)
class Attribution:
    """Gradients (n, …) of each sample's own score or loss by the network's input X (n, …).

    ``answers`` is what the network says of each sample, its class and how surely, or a number, and
    ``of`` what the gradients are of. The samples were chosen from so many.
    """

    X: Array
    gradients: Array
    answers: tuple[tuple[str, str], ...]
    of: str
    among: int


def score_gradients(
    caller: str, estimator: Any, X: Any, output: int, choose: Choose
) -> Attribution:
    """Return the gradients of scores: of the predicted class, or of a number that is predicted.

    A score is what goes into the softmax or sigmoid; of an ensemble, the mean of its members'.
    They are those of chosen samples.
    """
    check_fitted(caller, estimator, "chain_", "call fit first")
    _check_kind(caller, estimator)
    chain: Chain = estimator._network()
    _, depth = chain.fuse(estimator._objective(estimator.targets_).loss)
    outputs = chain.layers[depth - 1].output_shape[-1]
    answers, places, signs = _answers(caller, estimator, X, outputs, output)
    encoded = estimator._encoded(X)
    chosen = choose(len(answers))
    encoded, places, signs = dense(encoded[chosen]), places[chosen], signs[chosen]

    def gradient(rows: slice) -> Array:
        trace = chain.trace(encoded[rows], until=depth)
        dZ = np.zeros_like(trace[-1])
        members = dZ.shape[1] if dZ.ndim == 3 else 1
        upstream = (signs[rows] / members).reshape(-1, *((1,) * (dZ.ndim - 2)))
        dZ[np.arange(len(dZ)), ..., places[rows]] = upstream
        return np.asarray(chain.backprop(trace, dZ, input_gradient=True)[1])

    of = "score" if estimator.targets_.kind == "classes" else "output"
    told = tuple(answers[k] for k in chosen)
    return Attribution(encoded, _in_blocks(gradient, len(encoded)), told, of, len(answers))


def loss_gradients(
    caller: str, estimator: Any, X: Any, y: Any, output: int, choose: Choose
) -> Attribution:
    """Return the gradients of chosen samples' own losses, without weights of classes."""
    check_fitted(caller, estimator, "chain_", "call fit first")
    from chainrule.estimators.preparation import dense_labelled  # which loads scikit-learn

    _check_kind(caller, estimator)
    raw, data = dense_labelled(estimator, X, y, None)
    chain, chosen = estimator._network(), choose(len(data.X))
    encoded, t = np.asarray(data.X[chosen]), data.t[chosen]
    loss = estimator._objective(estimator.targets_).loss
    answers, _, _ = _answers(caller, estimator, raw, estimator.targets_.outputs, output)

    def gradient(rows: slice) -> Array:
        X = encoded[rows]
        return np.asarray(chain.input_gradient(loss, X, t[rows]) * len(X))  # which is of a mean

    told = tuple(answers[k] for k in chosen)
    return Attribution(encoded, _in_blocks(gradient, len(encoded)), told, "loss", len(data.X))


def _in_blocks(gradient: Callable[[slice], Array], count: int) -> Array:
    """Return the gradients of all samples, few at a time: those of every layer are in memory."""
    blocks = (slice(first, first + ROWS) for first in range(0, count, ROWS))
    return np.concatenate([gradient(rows) for rows in blocks])


def _check_kind(caller: str, estimator: Any) -> None:
    """Raise ValueError for texts, whose words have shares of their own."""
    if estimator.inputs_.kind == "text":
        raise ValueError(
            f"{caller}: expected images, rows or a table, got texts; explain(texts) of the "
            "estimator says what each word contributed"
        )


def _answers(
    caller: str, estimator: Any, X: Any, outputs: int, output: int
) -> tuple[tuple[tuple[str, str], ...], Array, Array]:
    """Return what is said of each sample, its output, and −1 where that is of the other class."""
    targets = estimator.targets_
    if targets.kind != "classes":
        whole = isinstance(output, int | np.integer) and not isinstance(output, bool)
        if not whole or not 0 <= output < outputs:
            raise ValueError(f"{caller}: expected output to be 0 to {outputs - 1}, got {output!r}")
        numbers = np.asarray(estimator.predict(X))
        column = numbers.reshape(len(numbers), -1)[:, output if numbers.ndim == 2 else 0]
        told = tuple((f"{number:.4g}", "") for number in column)
        return told, np.full(len(column), output), np.ones(len(column))
    P = np.asarray(estimator.predict_proba(X))
    chosen = np.argmax(P, axis=1)
    names = [label_text(label) for label in targets.attributes()["classes_"].tolist()]
    told = tuple((names[k], f"{100 * p[k]:.0f} %") for k, p in zip(chosen, P, strict=True))
    if outputs > 1:
        return told, chosen, np.ones(len(P))
    return told, np.zeros(len(P), np.intp), np.where(chosen == 1, 1.0, -1.0)

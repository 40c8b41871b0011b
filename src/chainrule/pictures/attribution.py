"""How much each number that goes into a network matters for its score, or its loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.pictures.axes import check_fitted
from chainrule.pictures.sample_images import dense
from chainrule.targets.columns import label_text
from chainrule.types import Array


@dataclass(frozen=True, eq=False)
class Attribution:
    """Gradients (n, …) of each sample's own score or loss by the network's input X (n, …).

    ``answers`` is what the network says of each sample, its class and how surely, or a number, and
    ``of`` what the gradients are of.
    """

    X: Array
    gradients: Array
    answers: tuple[tuple[str, str], ...]
    of: str

    def first(self, count: int) -> Attribution:
        """Return those of the first samples."""
        X, gradients = self.X[:count], self.gradients[:count]
        return Attribution(X, gradients, self.answers[:count], self.of)


def score_gradients(caller: str, estimator: Any, X: Any, output: int = 0) -> Attribution:
    """Return the gradients of scores: of the predicted class, or of a number that is predicted.

    A score is what goes into the softmax or sigmoid; of an ensemble, the mean of its members'.
    """
    check_fitted(caller, estimator, "chain_", "call fit first")
    chain, encoded = estimator._network(), _inputs(caller, estimator, X)
    _, count = chain.fuse(estimator._objective(estimator.targets_).loss)
    trace = chain.trace(encoded, until=count)
    dZ = np.zeros_like(trace[-1])
    answers, places, signs = _answers(caller, estimator, X, dZ.shape[-1], output)
    members = dZ.shape[1] if dZ.ndim == 3 else 1
    dZ[np.arange(len(dZ)), ..., places] = (signs / members).reshape(-1, *((1,) * (dZ.ndim - 2)))
    _, dX = chain.backprop(trace, dZ, input_gradient=True)
    assert dX is not None
    of = "score" if estimator.targets_.kind == "classes" else "output"
    return Attribution(np.asarray(trace[0]), np.asarray(dX), answers, of)


def loss_gradients(caller: str, estimator: Any, X: Any, y: Any) -> Attribution:
    """Return the gradients of each sample's loss, without weights of classes."""
    check_fitted(caller, estimator, "chain_", "call fit first")
    from chainrule.estimators.preparation import dense_labelled  # which loads scikit-learn

    _check_kind(caller, estimator)
    raw, data = dense_labelled(estimator, X, y, None)
    chain: Chain = estimator._network()
    dX = chain.input_gradient(estimator._objective(estimator.targets_).loss, data.X, data.t)
    answers, _, _ = _answers(caller, estimator, raw, estimator.targets_.outputs, 0)
    return Attribution(np.asarray(data.X), dX * len(dX), answers, "loss")  # which is a mean


def _inputs(caller: str, estimator: Any, X: Any) -> Array:
    """Return dense samples as the network takes them."""
    _check_kind(caller, estimator)
    return dense(estimator._encoded(X))


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

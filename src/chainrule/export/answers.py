"""How the last numbers of a chain become answers, as layers and a few plain fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from chainrule.chain import Chain
from chainrule.export.answer_lines import BothSides, MeanOfMembers, Negated, Units
from chainrule.functions import Exp, Function, LogSoftmax, Sigmoid, Softmax, Softplus, sequence
from chainrule.layout import Layer, lay_out
from chainrule.targets import Classes, Numbers, Targets
from chainrule.types import Array, Shape

__all__ = ["Answers", "answers_of"]

Kind = Literal["outputs", "classes", "labels", "numbers"]


@dataclass(frozen=True)
class Answers:
    """What is done with the numbers of a chain: layers, then an order, then bounds.

    Parameters
    ----------
    begin : int
        How many layers of the chain come before. Of a classifier the last, softmax or sigmoid, is
        left out, and one of ``layers`` takes its place: what it made of a rare class's score would
        have lost digits by then.
    kind : {"outputs", "classes", "labels", "numbers"}
        What the answers are: a chain's own outputs; the probabilities of exclusive classes; those
        of labels each of which may hold; or numbers.
    layers : tuple of Layer
        The functions that make them, with parameters of their own.
    parameters : mapping of str to ndarray
        The parameters, in float64.
    classes : ndarray or None
        The classes or labels, in the order of their probabilities.
    by_scores : bool
        Whether a class is chosen by the numbers before ``layers`` (its score is the largest, or
        the only one positive), not by its probability; labels hold by their scores always.
    rising : bool
        Whether the numbers, quantiles, are then put in order.
    bounds : (tuple of float, tuple of float) or None
        The least and the most that each number may be.
    quantiles : tuple of float
        What the numbers stand for, if for quantiles of one; 0.5 is the answer itself.
    """

    begin: int
    kind: Kind = "outputs"
    layers: tuple[Layer, ...] = ()
    parameters: Mapping[str, Array] = field(default_factory=dict, repr=False)
    classes: Array | None = None
    by_scores: bool = True
    rising: bool = False
    bounds: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    quantiles: tuple[float, ...] = ()

    @property
    def only_one(self) -> bool:
        """Whether there is a single class, which is the answer always."""
        return self.kind == "classes" and self.classes is not None and len(self.classes) == 1

    def compute(self, scores: Array) -> Array:
        """Return the answers that scores (n, …) lead to, in their float type."""
        own = {name: array.astype(scores.dtype) for name, array in self.parameters.items()}
        Y = np.asarray(sequence.trace(sequence.steps(self.layers, own, None), scores)[-1])
        Y = np.sort(Y, axis=-1) if self.rising else Y
        return Y if self.bounds is None else np.clip(Y, *np.array(self.bounds, Y.dtype))

    def chosen(self, scores: Array) -> Array:
        """Return the places of the classes that scores (n, …) lead to; of labels, which hold."""
        if self.kind == "labels":
            return np.asarray(scores > 0)
        if self.by_scores and scores.shape[1:] == (1,):
            return np.asarray(scores[:, 0] > 0).astype(np.intp)
        return np.asarray(np.argmax(scores if self.by_scores else self.compute(scores), axis=-1))


def answers_of(owner: str, chain: Chain, targets: Targets) -> Answers:
    """Return how an estimator's chain makes answers of its targets.

    Parameters
    ----------
    owner : str
        Whom messages name.
    chain : Chain
        The trained one.
    targets : Targets
        What its outputs stand for.

    Raises
    ------
    ValueError
        The targets are of another kind, or the chain ends in another way than classifiers' do.
    """
    if isinstance(targets, Classes):
        return _of_classes(owner, chain, targets)
    if isinstance(targets, Numbers):
        return _of_numbers(chain, targets)
    raise ValueError(f"{owner}: expected targets of classes or numbers, got {targets.kind}")


def _of_classes(owner: str, chain: Chain, targets: Classes) -> Answers:
    last, shape = chain.functions[-1], chain.layers[-1].input_shape
    if not isinstance(last, Softmax | Sigmoid):
        raise ValueError(f"{owner}: expected a chain that ends in Softmax or Sigmoid, got {last}")
    of_members = len(shape) == 2
    functions, given = _probabilities(targets, of_members=of_members)
    layers, parameters = _laid_out(functions, shape, given)
    return Answers(
        len(chain.layers) - 1,
        "labels" if targets.several else "classes",
        layers,
        parameters,
        targets.labels,
        by_scores=not (of_members or _is_only_one(targets)),
    )


def _probabilities(
    targets: Classes, *, of_members: bool
) -> tuple[list[Function], dict[str, Sequence[Any]]]:
    """Return what makes probabilities of scores, and the parameters that it has."""
    mean: list[Function] = [MeanOfMembers()] if of_members else []
    if targets.exclusive or _is_only_one(targets):  # whose softmax is 1
        return [Softmax(), *mean], {}
    if targets.several:
        return [Sigmoid(), *mean], {}
    if targets.one_vs_rest:  # sigmoids over their sum, by their logarithms
        return [Negated(), Softplus(), Negated(), LogSoftmax(), Exp(), *mean], {}
    return [BothSides(), Sigmoid(), *mean], {"M": [[-1.0, 1.0]]}


def _is_only_one(targets: Classes) -> bool:
    """Return whether there is a single class, which is the answer always."""
    return len(targets.labels) == 1 and not targets.several


def _of_numbers(chain: Chain, targets: Numbers) -> Answers:
    shape = chain.layers[-1].output_shape
    functions: list[Function] = [MeanOfMembers()] if len(shape) == 2 else []
    given: dict[str, Sequence[Any]] = {}
    if targets.mean is not None and targets.scale is not None:
        functions.append(Units())
        repeated = len(targets.quantiles) or 1
        given = {"s": targets.scale * repeated, "m": targets.mean * repeated}
    layers, parameters = _laid_out(functions, shape, given)
    outputs = layers[-1].output_shape[0] if layers else shape[0]
    bounds = None
    if targets.bounds is not None:
        low, high = (np.broadcast_to(end, (outputs,)).tolist() for end in targets.bounds)
        bounds = tuple(low), tuple(high)
    return Answers(
        len(chain.layers),
        "numbers",
        layers,
        parameters,
        rising=bool(targets.quantiles),
        bounds=bounds,
        quantiles=targets.quantiles,
    )


def _laid_out(
    functions: Sequence[Function], shape: Shape, given: Mapping[str, Sequence[Any]]
) -> tuple[tuple[Layer, ...], dict[str, Array]]:
    """Return functions as layers, and the parameters that are given by the functions' names."""
    layers, _ = lay_out(functions, shape, prefix="answer.")
    parameters = {
        name: np.array(given[own], dtype=np.float64)
        for layer in layers
        for own, name in layer.names.items()
    }
    return tuple(layers), parameters

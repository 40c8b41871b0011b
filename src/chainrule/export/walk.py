"""One walk over a trained network, inputs → chain → targets, which every exporter takes.

What it returns is plain data: layers with their shapes and parameters, and how their last numbers
become answers, which again are layers of chainrule's own functions. So whoever writes a network
in another language needs a rule for each function, and nothing for estimators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from chainrule.chain import Chain
from chainrule.export.answers import Answers, answers_of
from chainrule.export.scaling import RowScaling, taken_apart
from chainrule.functions import sequence
from chainrule.inputs import Inputs, Rows
from chainrule.layout import Layer
from chainrule.losses import Loss
from chainrule.types import Array, Shape

__all__ = ["Network", "walk"]


@dataclass(frozen=True)
class Network:
    """A trained network, from raw samples to answers.

    Parameters
    ----------
    title : str
        What it was: the name of an estimator's class, or Chain.
    inputs : Inputs or None
        How raw samples become what the first layer takes; None where they are that already.
    layers : tuple of Layer
        The functions of the chain in their places; a residual block has its own in ``inner``.
    parameters : mapping of str to ndarray
        The chain's, by the names that layers have for them.
    answers : Answers
        How the numbers of the last layer become answers.
    loss : Loss or None
        What was trained, where that is known.
    scalings : tuple of RowScaling
        What a pipeline does with raw rows first.
    """

    title: str
    inputs: Inputs | None
    layers: tuple[Layer, ...]
    parameters: Mapping[str, Array] = field(repr=False)
    answers: Answers
    loss: Loss | None = None
    scalings: tuple[RowScaling, ...] = ()

    @property
    def dtype(self) -> np.dtype[Any]:
        """The float type of the parameters."""
        return np.result_type(*self.parameters.values()) if self.parameters else np.dtype("f4")

    @property
    def input_shape(self) -> Shape:
        """The shape of a sample as the first layer takes it."""
        return self.layers[0].input_shape

    @property
    def before_answers(self) -> tuple[Layer, ...]:
        """The layers that answers are made from: those of the chain, perhaps without the last."""
        return self.layers[: self.answers.begin]

    def compute(
        self, X: Array, what: Literal["scores", "answers"] = "answers", dtype: Any = None
    ) -> Array:
        """Return the answers of samples X (n, …) as the first layer takes them, in plain NumPy.

        Parameters
        ----------
        X : ndarray
            The samples.
        what : {"scores", "answers"}
            The numbers that the answers are made from, or the answers.
        dtype : dtype, optional
            The float type to compute in; by default that of the parameters.
        """
        kind = np.dtype(dtype or self.dtype)
        scores = _computed(self.before_answers, self.parameters, X.astype(kind))
        return scores if what == "scores" else self.answers.compute(scores)


def walk(model: Any, loss: Loss | None = None, *, pipelines: bool = False) -> Network:
    """Return what a trained network is made of.

    Parameters
    ----------
    model : Chain or estimator
        A chain with parameters, or a fitted estimator of chainrule.
    loss : Loss, optional
        The loss of a chain; an estimator has its own.
    pipelines : bool, default=False
        Whether a pipeline of scalers and an estimator is taken, too, by a caller who reads
        ``scalings``.

    Raises
    ------
    ValueError
        There is no trained network in it, or none of a chain.
    """
    if isinstance(model, Chain):
        layers, parameters = tuple(model.layers), dict(model.parameters)
        return Network("Chain", None, layers, parameters, Answers(len(layers)), loss)
    scalings, model = taken_apart(model) if pipelines else ((), model)
    name = type(model).__name__
    if not all(hasattr(model, each) for each in ("_network", "_objective", "_has_network")):
        owner = type(model).__module__.partition(".")[0]
        raise ValueError(
            f"{name}: expected a chain or an estimator of one, both chainrule's, got one of {owner}"
        )
    if not model._has_network():
        raise ValueError(f"{name}: expected a fitted estimator; call fit first")
    chain: Chain = model._network()
    own = model._objective(model.targets_).loss if loss is None else loss
    answers = answers_of(name, chain, model.targets_)
    if scalings and not isinstance(model.inputs_, Rows):
        raise ValueError(f"{name}: expected rows of numbers behind {scalings[0].name}")
    layers, parameters = tuple(chain.layers), dict(chain.parameters)
    return Network(name, model.inputs_, layers, parameters, answers, own, scalings)


def _computed(layers: Sequence[Layer], parameters: Mapping[str, Array], X: Array) -> Array:
    cast = {name: array.astype(X.dtype) for name, array in parameters.items()}
    return np.asarray(sequence.trace(sequence.steps(layers, cast, None), X)[-1])

"""The functions of an exported network: prediction, and the gradient of its loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from chainrule.export.inputs import write_inputs
from chainrule.export.language.blocks import Block
from chainrule.export.language.expressions import Index, element
from chainrule.export.lowering import kinds as kinds, table
from chainrule.export.lowering.base import Made
from chainrule.export.lowering.losses import write_loss
from chainrule.export.lowering.rows import largest
from chainrule.export.raw_columns import RawColumn, raw_columns
from chainrule.export.steps import Array, Program, Step
from chainrule.export.walk import Network
from chainrule.functions import EmbeddingBag
from chainrule.inputs import TableEncoder, Texts
from chainrule.layout import Layer
from chainrule.losses import Loss, MeanOverMembers, fused
from chainrule.mathematics import maximum, minimum

__all__ = ["Gradient", "Prediction", "gradient_of", "prediction_of"]


@dataclass(frozen=True)
class Prediction:
    """Steps from a raw sample x to answers y, and perhaps the choice of a class.

    ``made`` are the layers that scores are made by; ``choice`` ends in an answer: a class's place.
    Of a table x has a number for each of its ``columns``; ``input_steps`` of the steps make X. Of
    texts that begin with a ``bag`` of embeddings x is its output: the features are too many.
    ``kept`` are parameters that no step reads, but what makes x of texts.
    """

    program: Program
    x: Array
    X: Array
    made: Sequence[Made]
    scores: Array
    y: Array
    choice: Step | None
    columns: tuple[RawColumn, ...] = ()
    input_steps: int = 0
    bag: Layer | None = None
    kept: tuple[Array, ...] = ()

    @property
    def input_parameters(self) -> list[Array]:
        """The parameters that X is made with; of texts, what x is made with."""
        steps = self.program.steps[: self.input_steps]
        return [*self.kept, *(a for step in steps for a in step.reads if a.numbers is not None)]


@dataclass(frozen=True)
class Gradient:
    """Steps from X to the loss L with targets T, and back to the gradients.

    ``made`` are the layers, and ``forward_steps`` tells how many steps come before the loss.
    """

    program: Program
    X: Array
    T: Array
    L: Array
    made: Sequence[Made]
    forward_steps: int
    dX: Array  # noqa: N815 — the gradient by X
    loss: Loss


def prediction_of(network: Network, program: Program) -> Prediction:
    """Write the steps of a network's predictions into a program of their own."""
    answers = network.answers
    inputs = network.inputs
    count = prod(network.input_shape)
    if inputs is not None and not isinstance(inputs, Texts):
        count = inputs.raw_count
    columns = raw_columns(inputs) if isinstance(inputs, TableEncoder) else ()
    count = sum(column.width for column in columns) or count
    bag = _bag(network)
    kept = [] if bag is None else [program.parameters[bag.names["A"]]]
    for place, column in enumerate(columns):
        if column.text is not None:
            weights = column.text.weights
            kept.append(Array(f"column{place}_weights", weights.shape, weights))
    program.parameters |= {array.name: array for array in kept}
    count = bag.output_shape[0] if bag is not None else count
    x = Array("x", (count,), wide=bool(columns))
    X = write_inputs(program, network, x)
    input_steps = len(program.steps)
    first = int(bag is not None)
    made = table.forward(program, network.before_answers[first:], X, first=first)
    scores = made[-1].Y if made else X
    for name, numbers in answers.parameters.items():
        program.parameters[name] = Array(name, numbers.shape, numbers)
    further = table.forward(program, answers.layers, scores, "answer")
    y = further[-1].Y if further else scores
    y = _ordered(program, network, y)
    if y is x:
        y = _copied(program, y)
    choice = _choice(network, scores, y)
    return Prediction(
        program, x, X, made, scores, y, choice, columns, input_steps, bag, tuple(kept)
    )


def _bag(network: Network) -> Layer | None:
    """Return the bag of embeddings that a network of texts begins with, if it does."""
    first = network.before_answers[0] if network.before_answers else None
    if not isinstance(network.inputs, Texts) or first is None:
        return None
    bag = first.function
    return first if isinstance(bag, EmbeddingBag) and bag.mode == "sum" else None


def _ordered(program: Program, network: Network, y: Array) -> Array:
    """Write what puts answers in order, and within bounds."""
    answers = network.answers
    if answers.rising:
        rising = Array("rising", y.shape)
        with program.step("quantiles, which do not cross", (), {"X": y, "Y": rising}) as b:
            _insert(b, y.size)
        y = rising
    if answers.bounds is not None:
        within = Array("within", y.shape)
        arrays = {"X": y, "Y": within}
        for name, ends in zip(("low", "high"), answers.bounds, strict=True):
            own = Array(f"answer_{name}", (len(ends),), np.array(ends))
            program.parameters[own.name] = arrays[name] = own
        formulas = ("Y = min(max(X, low), high)",)
        with (
            program.step("within the answers of training", formulas, arrays) as b,
            b.loop("i", y.size) as i,
        ):
            x, low, high = (element(name, i) for name in ("X", "low", "high"))
            b.store(element("Y", i), minimum(maximum(x, low), high))
        y = within
    return y


def _insert(b: Block, count: int) -> None:
    """Write an insertion sort of X into Y."""
    with b.loop("i", count) as i:
        moving = b.let("moving", element("X", i), changes=True)
        with b.span("j", Index(), Index.of(i)) as j:
            here = b.let("here", element("Y", j))
            with b.when(moving < here):
                b.store(element("Y", j), moving)
                b.store(moving, here)
        b.store(element("Y", i), moving)


def _copied(program: Program, X: Array) -> Array:
    Y = Array("y", X.shape)
    with program.step("the answers", (), {"X": X, "Y": Y}) as b, b.loop("e", X.size) as e:
        b.store(element("Y", e), element("X", e))
    return Y


def _choice(network: Network, scores: Array, y: Array) -> Step | None:
    """Return the step that answers with the place of a class, if one is to be chosen."""
    answers = network.answers
    if answers.kind != "classes":
        return None
    given = scores if answers.by_scores else y
    other = Program({})
    title = "the class whose score is largest"
    by_sign = answers.by_scores and given.size == 1
    if by_sign:
        title = "the second class if its score is positive"
    with other.step(title, (), {"Z": given}) as b:
        if by_sign:
            top = b.place("top", 0)
            with b.when(element("Z", 0) > 0):
                b.move(top, 1)
        else:
            top = largest(b, given.size, lambda i: element("Z", i))
        b.answer(top)
    return other.steps[0]


def gradient_of(
    network: Network, program: Program, loss: Loss | None = None, *, whole: bool = False
) -> Gradient:
    """Write the steps of the loss and its gradients into a program of their own.

    Parameters
    ----------
    network : Network
        What is differentiated.
    program : Program
        Where the steps go.
    loss : Loss, optional
        In place of the network's own.
    whole : bool, default=False
        Whether a last function that the loss includes is computed, too.

    Raises
    ------
    ValueError
        No loss is known, or it is of no kind that is exported.
    """
    chosen = network.loss if loss is None else loss
    if chosen is None:
        raise ValueError(
            f"{network.title}: expected the loss whose gradient is wanted, such as CrossEntropy()"
        )
    X = Array("X", network.input_shape)
    pair = fused(network.layers[-1].function, chosen)
    count = len(network.layers) - bool(pair)
    made = table.forward(program, network.layers if whole else network.layers[:count], X)
    forward_steps = len(program.steps)
    before = made[:count]
    scores = before[-1].Y if before else X
    shape = network.layers[count - 1].output_shape if before else network.input_shape
    members = isinstance(chosen, MeanOverMembers)
    T = Array("T", shape[1:] or (1,) if members else shape)
    L, dY = write_loss(program, pair or chosen, scores, shape, T)
    found = table.backprop(program, before, dY, Array("dX", X.shape))
    assert found is not None
    return Gradient(program, X, T, L, made, forward_steps, found, chosen)

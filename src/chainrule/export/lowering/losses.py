"""Losses of one sample: the error, and its gradient by the numbers that the loss takes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from chainrule import mathematics as m
from chainrule.export.language.blocks import Block
from chainrule.export.language.expressions import Expression, Index, element
from chainrule.export.lowering.elementwise import read
from chainrule.export.lowering.rows import (
    Row,
    exponential,
    largest,
    largest_and_rest,
    sum_of_others,
)
from chainrule.export.steps import Array, Program
from chainrule.losses import (
    CrossEntropy,
    ElementwiseLoss,
    Loss,
    MeanOverMembers,
    SoftmaxCrossEntropy,
)

__all__ = ["LOSS_KINDS", "write_loss"]


class LossKind(ABC):
    """How losses of a kind are written."""

    replaced: ClassVar[tuple[str, ...]] = ("errors", "error_gradients")

    @abstractmethod
    def write(self, b: Block, loss: Any, row: Row, error: Expression, share: float) -> None:
        """Write the loops that add a row's error, times a share, to a local, and make dY.

        The row is of the arrays Y and dY; T has the targets, from its first number on.
        """


class ElementwiseLossKind(LossKind):
    """``error`` and ``derivative``, read as expressions."""

    def write(self, b: Block, loss: Any, row: Row, error: Expression, share: float) -> None:
        """Write the mean or the sum over the numbers of a row."""
        share = share / row.count if loss.outputs == "mean" else share
        with b.loop("i", row.count) as i:
            own = loss.with_values(**{name: element(name, i) for name in loss.of_outputs})
            y = b.let("y", row.of("Y")(Index.of(i)))
            t = b.let("t", element("T", i))
            b.add(error, _shared(read(loss, "error", own.error, y, t), share))
            slope = read(loss, "derivative", own.derivative, y, t)
            b.store(row.of("dY")(Index.of(i)), _shared(slope, share))


class SoftmaxCrossEntropyKind(LossKind):
    """−Σ T log softmax(z), and softmax(z) − T, no digit of which is lost."""

    def write(self, b: Block, loss: Any, row: Row, error: Expression, share: float) -> None:
        """Write exponentials into dY, and make the gradient of them."""
        count, Y, dY = row.count, row.of("Y"), row.of("dY")
        place = largest(b, count, Y)
        top = b.let("maximum", Y(Index.of(place)))
        with b.loop("i", count) as i:
            b.store(dY(Index.of(i)), exponential(Y(Index.of(i)), top))
        most = b.let("most", dY(Index.of(place)))
        rest = sum_of_others(b, count, place, dY)
        most_t, rest_t = largest_and_rest(b, count, lambda i: element("T", i))
        logarithm = b.let("logarithm", m.log1p(rest))
        with b.loop("i", count) as i:
            t = b.let("t", element("T", i))
            surprise = (top - Y(Index.of(i))) + logarithm
            b.add(error, _shared(m.where(t > 0, t * surprise, 0), share))
            e = b.let("e", dY(Index.of(i)))
            difference = e * (rest_t + (most_t - t)) - t * (rest + (most - e))
            b.store(dY(Index.of(i)), _shared(difference / (1 + rest), share))


class CrossEntropyKind(LossKind):
    """−Σ T log Y, and −T/Y."""

    def write(self, b: Block, loss: Any, row: Row, error: Expression, share: float) -> None:
        """Write the sum over classes."""
        with b.loop("i", row.count) as i:
            y = b.let("y", row.of("Y")(Index.of(i)))
            t = b.let("t", element("T", i))
            b.add(error, _shared(-m.where(t > 0, t * m.log(y), 0), share))
            b.store(row.of("dY")(Index.of(i)), _shared(-m.where(t > 0, t / y, 0), share))


LOSS_KINDS: dict[Any, LossKind] = {
    ElementwiseLoss: ElementwiseLossKind(),
    SoftmaxCrossEntropy: SoftmaxCrossEntropyKind(),
    CrossEntropy: CrossEntropyKind(),
}
"""The kinds of losses; one is of the first whose class it is an instance of."""


def write_loss(
    program: Program, loss: Loss, Y: Array, shape: Sequence[int], T: Array
) -> tuple[Array, Array]:
    """Write the step that makes L and dY of the numbers Y and targets T; return dY.

    Parameters
    ----------
    program : Program
        Where the step goes.
    loss : Loss
        The loss of Y; of members, that of each.
    Y : Array
        The numbers that it takes.
    shape : sequence of int
        Their shape, (k,) or (members, k).
    T : Array
        The targets, (k,).
    """
    each, members = loss, 1
    if isinstance(loss, MeanOverMembers):
        each, members = loss.each, shape[0]
    kind = _kind_of(each)
    dY = Array(f"d{Y.name}", Y.shape)
    L = Array("L", (1,))
    arrays = {"Y": Y, "T": T, "L": L, "dY": dY}
    for name, numbers in getattr(each, "of_outputs", {}).items():
        given = Array(f"loss_{name}", (len(numbers),), np.array(numbers))
        program.parameters[given.name] = arrays[name] = given
    formulas = loss.formulas()
    with program.step(
        f"{loss}: the loss", (*formulas.definition, *formulas.derivative), arrays
    ) as b:
        error = b.let("error", 0.0, changes=True)
        count = Y.size // members
        if members == 1:
            kind.write(b, each, Row(count, Index()), error, 1.0)
        else:
            with b.loop("k", members) as k:
                kind.write(b, each, Row(count, Index.of(k) * count), error, 1 / members)
        b.store(element("L", 0), error)
    return L, dY


def _kind_of(loss: Loss) -> LossKind:
    for base, kind in LOSS_KINDS.items():
        if not isinstance(loss, base):
            continue
        for name in kind.replaced:
            if getattr(type(loss), name) is not getattr(base, name):
                raise ValueError(f"{loss}: cannot be exported: it has its own {name}")
        return kind
    raise ValueError(
        f"{loss}: cannot be exported: expected an ElementwiseLoss or a cross-entropy, got "
        f"{type(loss).__name__}"
    )


def _shared(value: Any, share: float) -> Any:
    """Return a value times a share of the mean."""
    return value if share == 1 else value * share

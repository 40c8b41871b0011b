"""More words: a chain, and what its optimizer knows, with rows of A for new features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chainrule.chain import Chain
from chainrule.estimators.stopping import OptimizerState
from chainrule.inputs import Texts
from chainrule.parameters import Parameters
from chainrule.training.optimizers import State

__all__ = ["grown_chain", "grown_state"]


def grown_chain(
    chain: Chain, before: Texts, now: Texts, random_state: np.random.RandomState
) -> Chain:
    """Return a chain for the features of now: rows of those of before stay, others are drawn.

    Parameters
    ----------
    chain : Chain
        For the features of before.
    before, now : Texts
        The latter has grown from the former.
    random_state : RandomState
        From which new rows are drawn, if there are any.
    """
    if now.count == before.count:
        return chain
    seed = int(random_state.randint(2**31 - 1))
    grown = Chain(*chain.functions).initialize(now.sample_shape, seed=seed, dtype=chain.dtype)
    _take_over(grown.parameters, chain, chain.parameters, before, now)
    return grown


def grown_state(
    optimizer: OptimizerState, chain: Chain, grown: Chain, before: Texts, now: Texts
) -> OptimizerState:
    """Return an optimizer whose numbers of new rows are 0, as at its begin.

    Parameters
    ----------
    optimizer : OptimizerState
        Of the chain.
    chain, grown : Chain
        For the features of before, and of now.
    before, now : Texts
        The latter has grown from the former.
    """
    if now.count == before.count:
        return optimizer
    slots = []
    for slot in optimizer.state.slots:
        new = Parameters(
            grown.parameters.shapes, np.zeros(grown.parameters.flat.size, slot.dtype)
        )
        _take_over(new, chain, Parameters(chain.parameters.shapes, slot), before, now)
        slots.append(new.flat)
    return replace(optimizer, state=State(tuple(slots), optimizer.state.steps))


def _take_over(
    into: Parameters, chain: Chain, numbers: Parameters, before: Texts, now: Texts
) -> None:
    """Copy numbers of a chain's parameters; the rows of A go where their features stand now."""
    embeddings = chain.layers[0].names["A"]
    for name in numbers:
        where = now.places_of(before) if name == embeddings else ...
        into[name][where] = numbers[name]

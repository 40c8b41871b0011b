"""The members' networks as one chain, and the mean of their losses."""

from __future__ import annotations

import numpy as np

from chainrule.chain import Chain
from chainrule.estimators.tables.recipe import Recipe
from chainrule.functions import (
    BatchEnsembleLinear,
    Dropout,
    Function,
    MemberLinear,
    Sigmoid,
    Softmax,
)
from chainrule.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    MeanOverMembers,
    MeanSquaredError,
    QuantileLoss,
)
from chainrule.targets import Classes, Numbers, Objective, Targets

__all__ = ["member_chain", "member_objective", "outputs_of", "quantiles_of"]


def member_chain(
    recipe: Recipe,
    shape: tuple[int, ...],
    outputs: int,
    last: Function | None,
    *,
    shared: bool,
    seed: int,
) -> Chain:
    """Return the network of all members, from rows (n, i) to outputs (n, k, outputs), at its start.

    Of numbers near 1 the first weights make small sums, and members that begin with weights of 0 at
    their end have no opinion that they would have to unlearn.

    Parameters
    ----------
    recipe : Recipe
        How many members there are, and their hidden layers.
    shape : tuple of int
        Of a row.
    outputs : int
        Outputs of each member.
    last : Function or None
        What ends each of them.
    shared : bool
        Whether the members share the weights of their hidden layers: a batch ensemble.
    seed : int
        Of the members' weights.
    """
    chain = Chain(*_functions(recipe, outputs, last, shared=shared))
    chain.initialize(shape, seed=seed, dtype=np.float32)
    weights = [layer.names["W"] for layer in chain.layers if "W" in layer.names]
    chain.parameters[weights[0]][...] *= recipe.first_weights
    chain.parameters[weights[-1]][...] = 0
    return chain


def _functions(
    recipe: Recipe, outputs: int, last: Function | None, *, shared: bool
) -> list[Function]:
    hidden = BatchEnsembleLinear if shared else MemberLinear
    functions: list[Function] = []
    begin: dict[str, int] = {"members": recipe.members}
    for size in recipe.hidden:
        functions += [hidden(size, **begin), recipe.activation]
        functions += [Dropout(recipe.dropout)] if recipe.dropout else []
        begin = {}
    functions.append(MemberLinear(outputs, **begin))
    return functions if last is None else [*functions, last]


def quantiles_of(targets: Targets) -> tuple[float, ...]:
    """Return the quantiles that the outputs of a member stand for, () if for something else."""
    return targets.quantiles if isinstance(targets, Numbers) else ()


def outputs_of(targets: Targets) -> int:
    """Return how many outputs a member has."""
    return len(quantiles_of(targets)) or targets.outputs


def member_objective(targets: Targets) -> Objective:
    """Return the mean of the members' usual losses, and the function that ends each of them."""
    if quantiles := quantiles_of(targets):
        return Objective(MeanOverMembers(QuantileLoss(quantiles)), None)
    if not isinstance(targets, Classes):
        return Objective(MeanOverMembers(MeanSquaredError()), None)
    if targets.exclusive:
        return Objective(MeanOverMembers(CrossEntropy()), Softmax())
    return Objective(MeanOverMembers(BinaryCrossEntropy()), Sigmoid())

"""The members' networks as one chain, and the mean of their losses."""

from __future__ import annotations

from chainrule.estimators.tables.recipe import Recipe
from chainrule.functions import (
    BatchEnsembleLinear,
    Dropout,
    Function,
    MemberLinear,
    Sigmoid,
    Softmax,
)
from chainrule.losses import BinaryCrossEntropy, CrossEntropy, MeanOverMembers, MeanSquaredError
from chainrule.targets import Classes, Objective, Targets

__all__ = ["member_functions", "member_objective"]


def member_functions(
    recipe: Recipe, outputs: int, last: Function | None, *, shared: bool
) -> list[Function]:
    """Return the functions of all members, from rows (n, i) to outputs (n, k, outputs).

    Parameters
    ----------
    recipe : Recipe
        How many members there are, and their hidden layers.
    outputs : int
        Outputs of each member.
    last : Function or None
        What ends each of them.
    shared : bool
        Whether the members share the weights of their hidden layers: a batch ensemble.
    """
    hidden = BatchEnsembleLinear if shared else MemberLinear
    functions: list[Function] = []
    begin: dict[str, int] = {"members": recipe.members}
    for size in recipe.hidden:
        functions += [hidden(size, **begin), recipe.activation]
        functions += [Dropout(recipe.dropout)] if recipe.dropout else []
        begin = {}
    functions.append(MemberLinear(outputs, **begin))
    return functions if last is None else [*functions, last]


def member_objective(targets: Targets) -> Objective:
    """Return the mean of the members' usual losses, and the function that ends each of them."""
    if not isinstance(targets, Classes):
        return Objective(MeanOverMembers(MeanSquaredError()), None)
    if targets.exclusive:
        return Objective(MeanOverMembers(CrossEntropy()), Softmax())
    return Objective(MeanOverMembers(BinaryCrossEntropy()), Sigmoid())

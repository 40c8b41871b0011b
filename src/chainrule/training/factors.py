"""Factors of hyperparameters by parameter: what functions state, and what an optimizer is told."""

from __future__ import annotations

from chainrule.chain import Chain
from chainrule.training.optimizer import Factors, Optimizer


def factors_of(chain: Chain, optimizer: Optimizer) -> dict[str, Factors]:
    """Return what hyperparameters are multiplied by, by the names of the chain's parameters.

    Of the learning rate functions state factors, too; these and the optimizer's are multiplied.

    Raises
    ------
    ValueError
        A name that the optimizer is told is that of no parameter.
    """
    own_names = {
        name: own
        for outer in chain.layers
        for layer in outer.walk()
        for own, name in layer.names.items()
    }
    found = {"learning_rate": chain.learning_rate_factors}
    for hyperparameter, told in optimizer.parameter_factors.items():
        if unknown := set(told) - {*own_names, *own_names.values()}:
            names, own = ", ".join(own_names), ", ".join(dict.fromkeys(own_names.values()))
            raise ValueError(
                f"{type(optimizer).__name__}: expected factors of {hyperparameter} for "
                f"{own} or {names}, got one for {min(unknown)!r}"
            )
        factors = found.setdefault(hyperparameter, {})
        for name, own in own_names.items():
            if (factor := told.get(name, told.get(own))) is not None:
                factors[name] = factors.get(name, 1.0) * factor
    return {name: factors for name, factors in found.items() if factors}

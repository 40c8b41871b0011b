"""All that a page is told of a network, as data."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.explain.live.layers import layer_facts
from chainrule.explain.live.raw_inputs import input_facts
from chainrule.explain.live.samples import PageSamples, sample_label
from chainrule.explain.live.typeset import typeset_formulas
from chainrule.export.language.printing import identifier
from chainrule.export.plan import ExportPlan
from chainrule.losses import MeanOverMembers, fused
from chainrule.targets import Classes, Numbers

__all__ = ["loss_facts", "page_facts"]


def page_facts(
    model: Any, plan: ExportPlan, samples: PageSamples, *, given: bool
) -> dict[str, Any]:
    """Return a network, its loss and samples as data, which a page's script reads.

    Parameters
    ----------
    model : estimator
        Whose network it is.
    plan : ExportPlan
        Its program.
    samples : PageSamples
        What the page begins with.
    given : bool
        Whether somebody has given the samples.
    """
    assert plan.gradient is not None
    network, targets = plan.network, model.targets_
    return {
        "title": network.title,
        "formula": model._network().formula(),
        "layers": [layer_facts(made) for made in plan.gradient.made],
        "loss": loss_facts(plan),
        "answers": _answers(plan, targets),
        "solver": _solver(model),
        "inputs": input_facts(plan, samples),
        "given": given,
        "samples": [_sample(samples, place, targets) for place in range(len(samples.x))],
    }


def _sample(samples: PageSamples, place: int, targets: Any) -> dict[str, Any]:
    target = None if samples.targets is None else samples.targets[place]
    return {
        "row": samples.rows[place],
        "x": samples.x[place],
        "T": None if target is None else target.tolist(),
        "label": sample_label(targets, target),
    }


def loss_facts(plan: ExportPlan) -> dict[str, Any]:
    """Return the loss, and that of the numbers which it takes together with a last function."""
    network = plan.network
    loss, last = network.loss, network.layers[-1].function
    assert loss is not None
    pair = fused(last, loss)
    parts = [[str(loss), typeset_formulas(loss.formulas(), loss)]]
    if pair is not None:
        parts.append([f"{last} and {loss} together", typeset_formulas(pair.formulas(), pair)])
    members = isinstance(loss, MeanOverMembers)
    count = len(network.layers) - bool(pair)
    shape = network.layers[count - 1].output_shape if count else network.input_shape
    return {
        "title": str(loss),
        "formulas": parts,
        "fused": bool(pair),
        "layers": count,
        "members": shape[0] if members else 1,
    }


def _answers(plan: ExportPlan, targets: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": plan.network.answers.kind, "count": plan.prediction.y.size}
    if isinstance(targets, Classes):
        found["labels"] = list(map(str, targets.labels.tolist()))
        found["name"] = targets.name
    elif isinstance(targets, Numbers):
        found["mean"], found["scale"] = targets.mean, targets.scale
        found["name"] = targets.name
        found["labels"] = _number_names(plan, targets)
    assert plan.gradient is not None
    found["targets"] = plan.gradient.T.size
    return found


def _number_names(plan: ExportPlan, targets: Numbers) -> list[str]:
    """Return names of the numbers that are answered."""
    quantiles, count = plan.network.answers.quantiles, plan.prediction.y.size
    if quantiles:
        return [f"quantile {each:g}" for each in quantiles]
    if targets.names:
        return list(targets.names)
    name = targets.name or "y"
    return [name] if count == 1 else [f"{name}{place}" for place in range(count)]


def _solver(model: Any) -> dict[str, Any]:
    """Return what has trained the network, in words, and its learning rate."""
    solver = getattr(model, "solver", "")
    rate = getattr(solver, "learning_rate", None)
    if rate is None:
        rate = getattr(model, "learning_rate_init", None)
    alpha = getattr(model, "alpha", 0)
    factors = model._network().learning_rate_factors
    return {
        "factors": {identifier(name): float(factor) for name, factor in factors.items()},
        "name": str(solver),
        "rate": float(rate) if isinstance(rate, int | float | np.floating) else None,
        "alpha": float(alpha) if isinstance(alpha, int | float) else 0.0,
    }

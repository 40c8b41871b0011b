"""All that a page is told of a network, as data."""

from __future__ import annotations

from math import prod
from typing import Any

from chainrule.explain.live.layers import layers_facts
from chainrule.explain.live.raw_inputs import input_facts
from chainrule.explain.live.samples import PageSamples, sample_label
from chainrule.explain.live.typeset import typeset_formulas
from chainrule.export.language.printing import identifier
from chainrule.export.plan import ExportPlan
from chainrule.losses import ElementwiseLoss, Loss, MeanOverMembers, fused
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
        "layers": layers_facts(plan.gradient.made),
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
    """Return the loss, and that of the numbers which it takes together with a last function.

    The loss of an ensemble is told with that of each member; ``shares`` are the counts by which
    means divide a derivative, and what of.
    """
    network = plan.network
    loss, last = network.loss, network.layers[-1].function
    assert loss is not None
    pair = fused(last, loss)
    count = len(network.layers) - bool(pair)
    shape = network.layers[count - 1].output_shape if count else network.input_shape
    members = isinstance(loss, MeanOverMembers)
    each, taken = _of_one_member(loss), _of_one_member(pair or loss)
    rules = [(str(loss), loss)]
    if members:
        rules.append((f"{each}, of each member", each))
    if pair is not None:
        end = ", of each member" if members else ""
        rules.append((f"{last} and {each} together{end}", taken))
    formulas = [[title, typeset_formulas(rule.formulas(), rule)] for title, rule in rules]
    shares = {"members": shape[0] if members else 1, "outputs": 1}
    if isinstance(taken, ElementwiseLoss) and taken.outputs == "mean":
        shares["outputs"] = prod(shape[1:] if members else shape)
    return {
        "title": str(loss),
        "formulas": formulas,
        "fused": pair is not None,
        "layers": count,
        "shares": shares,
    }


def _of_one_member(loss: Loss) -> Loss:
    return loss.each if isinstance(loss, MeanOverMembers) else loss


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
    alpha = getattr(model, "alpha", 0)
    factors = model._network().learning_rate_factors
    return {
        "factors": {identifier(name): [name, float(factor)] for name, factor in factors.items()},
        "name": model._solver_name,
        "rate": model._first_learning_rate,
        "alpha": float(alpha) if isinstance(alpha, int | float) else 0.0,
    }

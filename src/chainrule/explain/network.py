"""A network's derivation, put together from the rules of its functions and its loss."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.display import shape_text
from chainrule.explain.algebra import Side
from chainrule.explain.axes import axes_of
from chainrule.explain.building import by_loss, indexed, total
from chainrule.explain.docstring_rules import StatedRule
from chainrule.explain.document import Derivation, numbered
from chainrule.explain.equations import Equation, Step
from chainrule.explain.expressions import Symbol
from chainrule.explain.kinds import rule_of
from chainrule.explain.loss_rules import LossRule, fused_gradients
from chainrule.explain.rules import Rule
from chainrule.explain.samples import given_samples
from chainrule.explain.sites import Parts, Site
from chainrule.functions import RandomKey
from chainrule.losses import Loss
from chainrule.losses.base import expect_loss


def derivation(
    network: Any,
    loss: Loss | None = None,
    X: Any = None,
    t: Any = None,
    *,
    key: RandomKey | None = None,
    input_gradient: bool = False,
    digits: int = 6,
) -> Derivation:
    """Derive the backprop of a network step by step, from its loss to each parameter.

    Parameters
    ----------
    network : Chain or fitted estimator
        What is derived: an initialized chain, or one that X initializes; or an estimator, whose
        loss is its own.
    loss : Loss, optional
        The loss of a chain.
    X : array of shape (n, …), optional
        Samples whose numbers are shown beside the formulas; one is enough. An estimator takes raw
        ones.
    t : array, optional
        Their targets, as the loss takes them; an estimator takes raw answers.
    key : RandomKey, optional
        The key of a step, to derive the network as it is in training, with dropout, and with the
        means of a batch.
    input_gradient : bool, default=False
        Whether ∂L/∂X is derived, too, which training does not need; it always is of a network
        without parameters.
    digits : int, default=6
        How many digits of a number are shown.

    Returns
    -------
    derivation : Derivation
        Prints as text; ``check()`` compares each line with finite differences, ``latex()`` and
        ``html()`` are documents.

    Raises
    ------
    ValueError
        The chain has no shapes yet, the loss does not take what its last function makes, or samples
        come without targets.
    """
    if hasattr(network, "chain_"):
        network, loss, X, t = _of_estimator(network, loss, X, t)
    if not isinstance(network, Chain):
        raise TypeError(f"derivation: expected a chain or a fitted estimator, got {network!r}")
    expect_loss(loss)
    assert loss is not None
    if not isinstance(digits, int) or not 1 <= digits <= 17:
        raise ValueError(f"derivation: expected digits from 1 to 17, got {digits!r}")
    X = given_samples(X, t)
    if X is not None and not network.initialized:
        network = Chain(*network.functions).initialize(X, dtype=np.float64)
    chain = network
    parts = Parts.of(chain, loss)
    wanted = input_gradient or not chain.parameters.flat.size
    steps = numbered(_steps(chain, parts, key, input_gradient=wanted))
    found = Derivation(steps, chain, parts, key, X, t, digits)
    found.numbers()  # an error of X or t is raised here
    return found


def _of_estimator(estimator: Any, loss: Loss | None, X: Any, y: Any) -> tuple[Any, ...]:
    """Return chain, loss, and what the chain takes of raw samples and answers."""
    from chainrule.estimators.preparation import dense_labelled

    own = estimator._objective(estimator.targets_).loss if loss is None else loss
    if X is None:
        return estimator._network(), own, None, None
    _, data = dense_labelled(estimator, X, y, None)
    return estimator._network(), own, data.X, data.t


def _steps(
    chain: Chain, parts: Parts, key: RandomKey | None, *, input_gradient: bool
) -> list[Step]:
    """Return the steps, from the network forward back to its first parameters, or to X."""
    rules = {site.output: rule_of(site, key) for site in parts.every() if not site.inner}
    loss = LossRule(parts.loss, len(parts.sites[-1].output_shape))
    steps = [_forward(chain, parts, rules), _loss(parts, loss)]
    sites = list(parts.sites)
    if parts.fused is not None:
        last = sites.pop()
        steps.append(_fused(last, rules[last.output], loss, parts))
    for site in reversed(sites):
        wanted = input_gradient or site is not parts.sites[0]
        steps += _backward(site, rules, input_gradient=wanted)
    steps.append(_program(steps))
    return steps


def _forward(chain: Chain, parts: Parts, rules: dict[str, Rule]) -> Step:
    equations, shapes = [], [f"X (n, {_sizes(parts.sites[0].input_shape)})"]
    for site in _in_order(parts.sites):
        equations += _definitions(site, rules)
        own = [f"{name} ({_sizes(chain.parameters[name].shape)})" for name in site.names.values()]
        shapes += [*([] if site.inner else own), f"{site.output} (n, {_sizes(site.output_shape)})"]
    said = (
        "Each function takes what the one before it makes; n counts the samples, which are rows. "
        f"The sizes are {', '.join(shapes)}."
    )
    return Step("The network, forward", said, tuple(equations))


def _in_order(sites: tuple[Site, ...]) -> list[Site]:
    """Return sites in the order in which they are computed, those inside before the block."""
    return [each for site in sites for each in (*_in_order(site.inner), site)]


def _sizes(shape: tuple[int, ...]) -> str:
    return shape_text(shape).replace(" × ", ", ")


def _definitions(site: Site, rules: dict[str, Rule]) -> list[Equation]:
    if not site.inner:
        return rules[site.output].definitions()
    letters = ("n", *axes_of(len(site.input_shape)))
    inside = site.inner[-1].output
    value = total(indexed(site.input, letters), indexed(inside, letters))
    reason = f"the residual block, in which {site.inner[0].input} is {site.input}"
    return [Equation(indexed(site.output, letters), (Side(value, reason),))]


def _loss(parts: Parts, loss: LossRule) -> Step:
    counts = {"N": "samples", "M": "members each", "K": "outputs each"}
    used = {part.name for formula in (loss.value, loss.slope) for part in formula.walk()
            if isinstance(part, Symbol)}  # fmt: skip
    told = " with ".join(f"{name} {what}" for name, what in counts.items() if name in used)
    said = (
        f"T has the targets{f', of {told}' if told else ''}. The 1/N of the mean stands here and "
    )
    said += "nowhere else, and all that follows is derived of L."
    title = f"The loss, {parts.loss}, and its gradient by the outputs"
    gradient = loss.gradient(runs=parts.fused is None)
    return Step(title, said, (loss.definition(), gradient))


def _fused(site: Site, rule: Rule, loss: LossRule, parts: Parts) -> Step:
    title = f"{site.function} and {parts.loss} together"
    own = f", which {parts.fused} has in it," if parts.added else ""
    said = (
        f"{site.function}{own} comes before the loss: the chain rule takes the gradient through "
        f"its Jacobian. What cancels is left out of the program, which starts at {site.input}."
    )
    if parts.left_out is not None:
        said += (
            f" {parts.left_out} is left out: {site.function} of its output is that of its input."
        )
    assert parts.fused is not None
    equations = fused_gradients(rule, loss, parts.fused)
    return Step(title, said + _named(rule), (rule.jacobian_equation("X"), *equations))


def _backward(site: Site, rules: dict[str, Rule], *, input_gradient: bool) -> list[Step]:
    """Return the steps back through a site, to its parameters and to what it takes."""
    if site.inner:
        return _through_block(site, rules, input_gradient=input_gradient)
    rule, own = rules[site.output], list(site.names)
    wanted = [*own, *(["X"] if input_gradient else [])]
    if not wanted:
        return []
    equations: list[Equation] = []
    names = [rule.names[by] for by in wanted]
    for place, by in enumerate(wanted):
        found = [*rule.jacobian_equations(by), *rule.gradients(by)]
        if isinstance(rule, StatedRule):
            program = f"{', '.join(f'd{name}' for name in names)} = {rule.call}"
            found[-1] = replace(found[-1], program=program)
            found = [replace(each, silent=place > 0) for each in found]
        equations += found
    said = (
        f"∂L/∂{site.output} is known. Its product with the Jacobian by "
        f"{' and by '.join(names)} is looked for.{rule.note if input_gradient else ''}"
    )
    title = f"Back through {site.number}, {site.function}: from {site.output} to {', '.join(names)}"
    return [Step(title, said + _named(rule), tuple(equations))]


def _named(rule: Rule) -> str:
    """Return what the names of a docstring are here."""
    if not isinstance(rule, StatedRule):
        return ""
    told = ", ".join(f"{own} is {name}" for own, name in rule.names.items() if own != name)
    return f" In what the function states, {told}." if told else ""


def _through_block(site: Site, rules: dict[str, Rule], *, input_gradient: bool) -> list[Step]:
    letters = ("n", *axes_of(len(site.input_shape)))
    inside, before = site.inner[-1].output, site.inner[0].input
    after = by_loss(indexed(site.output, letters))
    enters = Equation(
        by_loss(indexed(inside, letters)),
        (Side(after, f"{site.output} is {site.input} + {inside}: both have the derivative 1"),),
        program=f"d{inside} = d{site.output}",
    )
    said = f"The block adds {inside} to {site.input}, so that the gradient goes both ways."
    number = f"{site.number}, a residual block"
    steps = [Step(f"Back into {number}: from {site.output} to {inside}", said, (enters,))]
    for each in reversed(site.inner):
        steps += _backward(each, rules, input_gradient=True)
    leaves = Equation(
        by_loss(indexed(site.input, letters)),
        (Side(total(after, by_loss(indexed(before, letters))), "the chain rule, over both ways"),),
        program=f"d{site.input} = d{site.output} + d{before}",
    )
    said = (
        f"{site.input} moves {site.output} by itself, and by way of {before}, which is the same "
        "numbers on their way into the block."
    )
    steps.append(Step(f"Back out of {number}: to {site.input}", said, (leaves,)))
    return steps if input_gradient else steps[:-1]


def _program(steps: list[Step]) -> Step:
    said = (
        "dX is short for ∂L/∂X. These are the lines of backprop, in the order in which they run; "
        "in a line without Σ, letters that the left side has not are summed over, and where the "
        "left side has sums of letters, all that goes to the same element is added up."
    )
    return Step("The program", said, (), lines=_program_lines(steps))


def _program_lines(steps: list[Step]) -> tuple[str, ...]:
    return tuple(
        each.program
        for step in steps
        for each in step.equations
        if each.program and not each.silent
    )

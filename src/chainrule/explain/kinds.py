"""Which kind of rule a function has."""

from __future__ import annotations

from contextlib import suppress

from chainrule.explain.bag_rule import MeanBagRule
from chainrule.explain.docstring_rules import StatedRule, StatementRule
from chainrule.explain.line_rule import LineRule, masked_line, moving_line
from chainrule.explain.pooling import MaximumRule
from chainrule.explain.rules import ElementwiseRule, Rule
from chainrule.explain.sites import Site
from chainrule.explain.statements import NoStatementError
from chainrule.explain.traced_forward import is_mean_of_bags, is_traced
from chainrule.explain.traced_rule import TracedRule
from chainrule.explain.tracing import NoFormulaError
from chainrule.functions import Dropout, Elementwise, Flatten, MaxPool2d, Multilinear, RandomKey


def rule_of(site: Site, key: RandomKey | None) -> Rule:
    """Return the rule of a function in its place, in a step of training if a key is given."""
    function = site.function
    if is_mean_of_bags(function):
        return MeanBagRule(site, function)
    if isinstance(function, Multilinear):
        line = function.line(site.input_shape)
        whole = len({term.left for term in line.terms}) == 1
        if whole and function.formulas().definition[:1] == (str(function.line()),):
            return LineRule(site, line, function.sizes(site.input_shape))
        return StatedRule(site)
    if type(function) is Flatten:
        return LineRule(site, *moving_line(site.input_shape))
    if isinstance(function, Dropout):
        rule = LineRule(site, masked_line(len(site.input_shape)), {})
        rule.names["M"] = site.mask
        return rule
    if isinstance(function, MaxPool2d):
        return MaximumRule(site, function)
    if is_traced(function):
        with suppress(NoFormulaError):
            return TracedRule(site, key)
    try:
        if isinstance(function, Elementwise):
            return ElementwiseRule(site, function)
        return StatementRule(site)
    except (TypeError, AttributeError, NoStatementError):
        return StatedRule(site)

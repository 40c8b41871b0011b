"""Which kind of rule a function has."""

from __future__ import annotations

from chainrule.explain.docstring_rules import StatedRule, StatementRule
from chainrule.explain.line_rule import LineRule, masked_line, moving_line
from chainrule.explain.rules import ElementwiseRule, Rule
from chainrule.explain.sites import Site
from chainrule.explain.statements import NoStatementError
from chainrule.functions import Dropout, Elementwise, Flatten, Multilinear


def rule_of(site: Site) -> Rule:
    """Return the rule of a function in its place."""
    function = site.function
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
    try:
        if isinstance(function, Elementwise):
            return ElementwiseRule(site, function)
        return StatementRule(site)
    except (TypeError, AttributeError, NoStatementError):
        return StatedRule(site)

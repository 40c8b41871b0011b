"""Rules and gradients checked against finite differences."""

from chainrule.checking.check import check_function, check_gradients, check_loss
from chainrule.checking.descent import ascend, descend
from chainrule.checking.differences import finite_difference, jacobian
from chainrule.checking.report import Report

__all__ = [
    "Report",
    "ascend",
    "check_function",
    "check_gradients",
    "check_loss",
    "descend",
    "finite_difference",
    "jacobian",
]

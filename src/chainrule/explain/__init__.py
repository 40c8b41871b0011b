"""The derivation of a network's backprop, step by step, each line checked."""

from chainrule.explain.document import Derivation
from chainrule.explain.network import derivation

__all__ = ["Derivation", "derivation"]

"""Backprop for people: derived on paper, each line checked, and at work on a page."""

from chainrule.explain.document import Derivation
from chainrule.explain.live import Page, explain_network
from chainrule.explain.network import derivation

__all__ = ["Derivation", "Page", "derivation", "explain_network"]

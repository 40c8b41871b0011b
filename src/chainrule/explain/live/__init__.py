"""A page that shows backprop at work: one file of HTML, which a browser opens from the disk."""

from chainrule.explain.live.writing import Page, explain_network

__all__ = ["Page", "explain_network"]

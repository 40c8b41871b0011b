"""Trained networks as programs in other languages, all by one walk over what they are made of."""

from chainrule.export.writing import Exported, export_network

__all__ = ["Exported", "export_network"]

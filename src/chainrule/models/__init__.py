"""Trained models: what goes in, the chain, and what comes out."""

from chainrule.models.model import Model, Predictions

__all__ = ["Model", "Predictions"]

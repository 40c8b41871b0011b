"""Trained models: what goes in, the chain, what comes out, and the file that keeps them."""

from chainrule.models.errors import ModelFileError
from chainrule.models.model import Model, Predictions

__all__ = ["Model", "ModelFileError", "Predictions"]

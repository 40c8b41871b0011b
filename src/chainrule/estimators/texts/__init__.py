"""Estimators for texts: raw strings in, one linear network of embeddings."""

from chainrule.estimators.texts.classifier import TextClassifier
from chainrule.estimators.texts.explanation import TextExplanation

__all__ = ["TextClassifier", "TextExplanation"]

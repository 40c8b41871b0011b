"""Texts as bags of features: words, runs of words, pieces of words, and what each weighs."""

from chainrule.inputs.texts.encoder import Texts
from chainrule.inputs.texts.settings import WEIGHTINGS, TextFeatures

__all__ = ["WEIGHTINGS", "TextFeatures", "Texts"]

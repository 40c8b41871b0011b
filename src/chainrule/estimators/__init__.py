"""Estimators with scikit-learn's manners: its own networks, replaced, any chain, tables, texts."""

from chainrule.data.streams import DataStream
from chainrule.estimators.chain_estimators import Classifier, Regressor
from chainrule.estimators.fasttext_classifier import FastTextClassifier, load_fasttext
from chainrule.estimators.loading import load
from chainrule.estimators.mlp import MLPClassifier, MLPRegressor
from chainrule.estimators.tables import TableClassifier, TableRegressor
from chainrule.estimators.texts import TextClassifier, TextExplanation

__all__ = [
    "Classifier",
    "DataStream",
    "FastTextClassifier",
    "MLPClassifier",
    "MLPRegressor",
    "Regressor",
    "TableClassifier",
    "TableRegressor",
    "TextClassifier",
    "TextExplanation",
    "load",
    "load_fasttext",
]

"""Estimators for tables: raw columns in, several small networks, their mean out."""

from chainrule.estimators.tables.classifier import TableClassifier
from chainrule.estimators.tables.regressor import TableRegressor

__all__ = ["TableClassifier", "TableRegressor"]

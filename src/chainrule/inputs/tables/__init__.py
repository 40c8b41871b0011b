"""Tables: each column becomes features by its kind."""

from chainrule.inputs.tables.base import Block, TableColumn
from chainrule.inputs.tables.booleans import BooleanColumn
from chainrule.inputs.tables.categories import CategoricalColumn
from chainrule.inputs.tables.dates import DateColumn
from chainrule.inputs.tables.decisions import Decision
from chainrule.inputs.tables.encoder import TableEncoder
from chainrule.inputs.tables.numbers import NumericColumn
from chainrule.inputs.tables.piecewise import PiecewiseColumn
from chainrule.inputs.tables.rules import COLUMNS
from chainrule.inputs.tables.target_encoding import TargetEncodedColumn
from chainrule.inputs.tables.target_means import Answers
from chainrule.inputs.tables.texts import TextColumn

__all__ = [
    "COLUMNS",
    "Answers",
    "Block",
    "BooleanColumn",
    "CategoricalColumn",
    "DateColumn",
    "Decision",
    "NumericColumn",
    "PiecewiseColumn",
    "TableColumn",
    "TableEncoder",
    "TargetEncodedColumn",
    "TextColumn",
]

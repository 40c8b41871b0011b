"""Data larger than memory, read in blocks."""

from chainrule.data.streams.labelled import LabelledPart
from chainrule.data.streams.stream import DataStream

__all__ = ["DataStream", "LabelledPart"]

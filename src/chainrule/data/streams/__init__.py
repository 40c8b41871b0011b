"""Data larger than memory, read in blocks."""

from chainrule.data.streams.stream import DataStream, LabelledPart

__all__ = ["DataStream", "LabelledPart"]

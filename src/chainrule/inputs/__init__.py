"""Raw samples to numbers: rows, images, tables and texts, learned on the training part."""

from chainrule.inputs.base import Inputs, Options
from chainrule.inputs.image_formats import FORMATS
from chainrule.inputs.images import Images, infer_images
from chainrule.inputs.rows import Rows
from chainrule.inputs.scaling import ImageScaling
from chainrule.inputs.tables import TableEncoder
from chainrule.inputs.texts import TextFeatures, Texts

__all__ = [
    "FORMATS",
    "INPUTS",
    "ImageScaling",
    "Images",
    "Inputs",
    "Options",
    "Rows",
    "TableEncoder",
    "TextFeatures",
    "Texts",
    "infer_images",
]

INPUTS: dict[str, type[Inputs]] = {kind.kind: kind for kind in (Rows, Images, TableEncoder, Texts)}
"""All kinds of inputs by name; a new kind is one file and a line here."""

"""Reading tables, images and built-in sets, and turning them into numbers."""

from chainrule.data.builtin import BUILTIN, Builtin, as_table, load_builtin
from chainrule.data.cells import MISSING
from chainrule.data.columns import CategoricalColumn, NumericColumn
from chainrule.data.encoding import TableEncoder
from chainrule.data.errors import DataError
from chainrule.data.idx import IdxFiles, find_idx_pair, read_idx, write_idx
from chainrule.data.images import Images, read_image_files, read_image_folder
from chainrule.data.scaling import ImageScaling
from chainrule.data.split import split
from chainrule.data.table import Table, read_csv
from chainrule.data.target import Target, Task, rows_with_target

__all__ = [
    "BUILTIN",
    "MISSING",
    "Builtin",
    "CategoricalColumn",
    "DataError",
    "IdxFiles",
    "ImageScaling",
    "Images",
    "NumericColumn",
    "Table",
    "TableEncoder",
    "Target",
    "Task",
    "as_table",
    "find_idx_pair",
    "load_builtin",
    "read_csv",
    "read_idx",
    "read_image_files",
    "read_image_folder",
    "rows_with_target",
    "split",
    "write_idx",
]

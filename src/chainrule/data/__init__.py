"""Reading tables, images and built-in sets."""

from chainrule.data.builtin import BUILTIN, Builtin, builtin_table, load_builtin
from chainrule.data.cells import MISSING
from chainrule.data.coded import RawCells
from chainrule.data.csv_files import read_csv
from chainrule.data.errors import DataError, DataWarning
from chainrule.data.formats import TableFormat
from chainrule.data.honest_split import split_groups, split_times
from chainrule.data.idx import IdxFiles, find_idx_pair, read_idx, write_idx
from chainrule.data.images import Images, read_image_files, read_image_folder
from chainrule.data.sources import Source, read_source
from chainrule.data.split import split
from chainrule.data.table import Column, Table
from chainrule.data.table_files import STANDARD_INPUT

__all__ = [
    "BUILTIN",
    "MISSING",
    "STANDARD_INPUT",
    "Builtin",
    "Column",
    "DataError",
    "DataWarning",
    "IdxFiles",
    "Images",
    "RawCells",
    "Source",
    "Table",
    "TableFormat",
    "builtin_table",
    "find_idx_pair",
    "load_builtin",
    "read_csv",
    "read_idx",
    "read_image_files",
    "read_image_folder",
    "read_source",
    "split",
    "split_groups",
    "split_times",
    "write_idx",
]

"""Reading tables, images and built-in sets; a name is loaded when it is first used."""

from importlib import import_module

from chainrule.data.split import split  # at once, as its module has the same name

TYPE_CHECKING = False
if TYPE_CHECKING:
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
    from chainrule.data.table import Column, Table
    from chainrule.data.table_files import STANDARD_INPUT

_PUBLIC = {
    "builtin": "BUILTIN Builtin builtin_table load_builtin",
    "cells": "MISSING",
    "coded": "RawCells",
    "csv_files": "read_csv",
    "errors": "DataError DataWarning",
    "formats": "TableFormat",
    "honest_split": "split_groups split_times",
    "idx": "IdxFiles find_idx_pair read_idx write_idx",
    "images": "Images read_image_files read_image_folder",
    "sources": "Source read_source",
    "split": "split",
    "table": "Column Table",
    "table_files": "STANDARD_INPUT",
}
"""The names of each module that other rooms use."""

_MODULE_OF = {name: module for module, names in _PUBLIC.items() for name in names.split()}

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


def __getattr__(name: str) -> object:
    """Load a name when it is first used: who splits texts into words needs no tables."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'chainrule.data' has no attribute {name!r}")
    module = import_module(f"chainrule.data.{_MODULE_OF[name]}")
    value = globals()[name] = getattr(module, name)
    return value

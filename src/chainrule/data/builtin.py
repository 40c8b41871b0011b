"""The small data sets that scikit-learn carries, as this room's arrays and tables."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.data.errors import DataError
from chainrule.data.table import Table
from chainrule.tables import short_repr

__all__ = ["BUILTIN", "Builtin", "builtin_table", "load_builtin"]

BUILTIN = ("digits", "iris", "wine", "breast_cancer", "diabetes")

TARGETS = {
    "digits": ("digit", "1,797 images of handwritten digits, 8 x 8 pixels of 0 to 16"),
    "iris": ("species", "150 irises of three species by the size of sepals and petals"),
    "wine": ("cultivar", "178 wines of three cultivars by chemical analysis"),
    "breast_cancer": ("diagnosis", "569 tumours, malignant or benign, by the shape of nuclei"),
    "diabetes": ("progression", "442 patients and how their diabetes went on within a year"),
}


@dataclass(frozen=True, eq=False)
class Builtin:
    """Features X (n, f), and the target's cells `labels` (n) as a file would have them."""

    name: str
    X: NDArray[np.float64]
    labels: list[str]
    feature_names: tuple[str, ...]
    target_name: str
    image_shape: tuple[int, int, int] | None
    description: str

    __repr__ = short_repr


def load_builtin(name: str) -> Builtin:
    """Load one of `BUILTIN`.

    Raises
    ------
    DataError
        There is no such set.
    """
    if name not in BUILTIN:
        raise DataError(f"load_builtin: expected one of {', '.join(BUILTIN)}, got {name!r}")
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    if name == "diabetes":
        labels = [repr(value) for value in bunch.target.tolist()]
    else:
        labels = [str(bunch.target_names[index]) for index in bunch.target]
    target_name, description = TARGETS[name]
    return Builtin(
        name=name,
        X=np.ascontiguousarray(bunch.data, np.float64),
        labels=labels,
        feature_names=tuple(map(str, bunch.feature_names)),
        target_name=target_name,
        image_shape=(1, 8, 8) if name == "digits" else None,
        description=description,
    )


def builtin_table(builtin: Builtin) -> Table:
    """Make the table that a CSV file would give: the features, then the target."""
    columns = tuple([repr(value) for value in column] for column in builtin.X.T.tolist())
    names = (*builtin.feature_names, builtin.target_name)
    return Table(names, (*columns, list(builtin.labels)))

"""What every kind of inputs states: how raw samples become the numbers that a chain takes."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from chainrule.data import Column
from chainrule.types import Array

Shape = tuple[int, ...]

RowCheck = Callable[[Any, tuple[str, ...] | None], Any]
"""Takes rows (n, features), of any type that has them, and returns them validated.

Names are given where they are known already, so that nothing has to look for them in the rows.
"""


@dataclass(frozen=True)
class Options:
    """What a user may say of raw samples.

    Parameters
    ----------
    owner : str
        Whom messages name.
    image_format, image_shape, image_size
        What images are like.
    drop, text, categorical, numeric, date, keep : tuple of str
        Names of a table's columns: to be left out, free text, categories, numbers, dates; and
        columns that are not left out even if they only name the rows.
    decimal : str
        The decimal sign in numbers of a table that could be read in two ways, such as 1,234.
    encoding : str
        "standard" for numbers of a table standardised, "piecewise" for bins.
    bins : int
        How many bins a column of numbers has at most.
    rows_of_a_bin : int
        With how many rows for each bin of all columns of numbers there may be more than 4 bins of
        each; 0 asks for none.
    bin_height : float
        What a bin's feature reaches at its upper edge.
    max_categories : int, optional
        How many categories of a column, the most frequent, have a feature each; None is 100, and
        more where answers differ by category.
    text_features : TextFeatures, optional
        What of texts counts.
    kinds : mapping of str to Decision, optional
        What the columns of a table are, as ``TableEncoder.kinds`` found on all rows.
    answers_follow : bool
        Whether columns of free text, which are left out of a table, are learned with its answers
        afterwards, so that a table may have no others.
    threads : int, optional
        To learn them with; as many as pay by default.
    """

    owner: str
    image_format: str | None = None
    image_shape: Any = None
    image_size: Any = None
    drop: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    decimal: str = ""
    encoding: str = "standard"
    bins: int = 16
    rows_of_a_bin: int = 0
    bin_height: float = 1.0
    max_categories: int | None = None
    text_features: Any = None
    kinds: Mapping[str, Any] | None = None
    answers_follow: bool = False
    threads: int | None = None

    @property
    def chosen(self) -> dict[str, tuple[str, ...]]:
        """The columns of a table that a user spoke of, by what they are to be."""
        names = ("drop", "text", "categorical", "numeric", "date", "keep")
        return {name: tuple(getattr(self, name)) for name in names}


class Inputs(ABC):
    """The way from raw samples to X (n, …), learned on the training part.

    A kind of inputs is a frozen dataclass, and a line in ``INPUTS``. It loads scikit-learn only in
    calls, so that the command line starts without.
    """

    kind: ClassVar[str]
    """Its name in ``INPUTS``, in files and in the parameter ``inputs`` of estimators."""

    @classmethod
    @abstractmethod
    def learn(cls, data: Any, options: Options) -> Self:
        """Return the inputs for raw training samples.

        Parameters
        ----------
        data : array-like, DataFrame, Table, str or path
            The raw samples.
        options : Options
            What a user said of them.

        Returns
        -------
        inputs : Inputs

        Raises
        ------
        ValueError
            The samples are none of the kind.
        """

    @property
    @abstractmethod
    def sample_shape(self) -> Shape:
        """The shape of a sample as the chain takes it."""

    @property
    @abstractmethod
    def raw_names(self) -> tuple[str, ...] | None:
        """The names of the columns in raw samples, None where they have none."""

    @property
    @abstractmethod
    def raw_count(self) -> int:
        """How many columns, features or pixels a raw sample has."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the numbers in X, () where they have none."""
        return self.raw_names or ()

    @abstractmethod
    def encode(self, data: Any, check: RowCheck | None = None) -> Any:
        """Return raw samples as X (n, …), dense or sparse.

        Parameters
        ----------
        data : array-like, DataFrame, Table, str or path
            Raw samples, as the kind takes them.
        check : callable, optional
            Validates rows of numbers, for kinds that leave this to the caller.

        Returns
        -------
        X : ndarray or sparse matrix
        """

    def learned_from(self, parts: Iterable[Any]) -> Self:
        """Return the inputs, learned of the first raw samples, with what all have to tell.

        Parameters
        ----------
        parts : iterable of raw samples
            All of them, some at a time. Who learns nothing of samples does not read them.

        Returns
        -------
        inputs : Inputs
        """
        return self

    def opened(self, data: Any) -> Any:
        """Return raw samples, those in files of images as an array."""
        return data

    def without_answers(self, data: Any, name: str) -> Any:
        """Return raw samples without a column of answers that came along."""
        return data

    def with_answers(self, source: str | os.PathLike[str]) -> tuple[Any, Column] | None:
        """Return the samples in a file or folder and the answers it has, None if in columns."""
        return None

    def decode(self, values: Array, data: Any) -> Array:
        """Return values (…, *sample_shape), such as a gradient by X, shaped as raw samples are.

        Parameters
        ----------
        values : ndarray
            By the numbers in X.
        data : array-like, DataFrame, Table, str or path
            The raw samples that X was made of.

        Returns
        -------
        values : ndarray
        """
        return values

    def seen(self, count: int, names: Any) -> Self:
        """Return the inputs, once the check of rows has found how many columns there are."""
        return self

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` takes back."""

    def learned(self) -> dict[str, Any]:
        """Return all that was learned, in parts that a user knows by these names."""
        return {"samples": self.to_json()}

    @classmethod
    @abstractmethod
    def from_json(cls, data: object) -> Self:
        """Check and take back what `to_json` gave; ValueError for anything else."""


def numeric(data: Any) -> Array:
    """Return data as an array of numbers, those of other types as float64 if NumPy takes them.

    Such are flags, objects, texts of numbers, and types of other packages, such as bfloat16. Dates
    are no numbers: what they would be depends on their unit.
    """
    X = np.asarray(data)
    if X.dtype.kind in "iufcmM":
        return X
    if X.dtype.kind == "b":
        return X.astype(np.uint8)
    try:
        return X.astype(np.float64)
    except (TypeError, ValueError):
        return X  # the check of rows says what is wrong


def float_array(data: Any) -> Array:
    """Return data as an array, in which small integers are float32, which holds them exactly."""
    X = numeric(data)
    if X.dtype.kind in "iu" and X.dtype.itemsize <= 2:
        return X.astype(np.float32)
    return X

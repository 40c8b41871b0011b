"""What every kind of targets states: how answers become numbers for a loss, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from chainrule.data import Column
from chainrule.functions import Exp, Function, Sigmoid, Softmax
from chainrule.losses import Loss
from chainrule.types import Array


@dataclass(frozen=True)
class Objective:
    """What a network is for: its loss, the function that ends it, and how losses are reported.

    ``divisor`` is by how much a loss is divided where it is reported: scikit-learn trains on the
    sum over outputs of the squared error, and reports the mean.
    """

    loss: Loss
    last: Function | None
    divisor: int = 1


def out_activation(last: Function | None) -> str:
    """Return scikit-learn's name of a function that ends networks, "identity" if it has none."""
    names: dict[type, str] = {Softmax: "softmax", Sigmoid: "logistic", Exp: "exp"}
    return names.get(type(last), "identity")


class Targets(ABC):
    """The way from answers y, as users give them, to targets t (n,) or (n, k), and back.

    A kind of targets is a frozen dataclass with a classmethod ``fit`` of its own, and a line in
    ``TARGETS``. ``name`` is the column of a table that answers stood in, "" where in none.
    """

    kind: ClassVar[str]
    """Its name in ``TARGETS`` and in files."""

    name: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns of a table that answers stood in, () where in none."""
        return (self.name,) if self.name else ()

    @property
    @abstractmethod
    def outputs(self) -> int:
        """How many outputs a network for them has."""

    @property
    @abstractmethod
    def task(self) -> str:
        """What they are for: "regression", "binary", "multiclass" or "multilabel"."""

    @property
    def stratified(self) -> bool:
        """Whether both parts of a split should have the targets in equal shares."""
        return False

    @abstractmethod
    def read(self, *columns: Column) -> Array:
        """Return a column's cells as answers y (n,), those of several as y (n, k).

        DataError names the line of a wrong one.
        """

    def matched(self, y: Any) -> Any:
        """Return answers, perhaps of another type, as a Column if they need to be read as one."""
        return y

    @abstractmethod
    def encode(self, y: Any) -> Array:
        """Return validated answers y as a loss and a score take them."""

    @abstractmethod
    def decode(self, t: Array) -> Array:
        """Return targets t as users gave them."""

    def answers(self, t: Array) -> Array:
        """Return the answers y that `encode` has made targets t of."""
        return self.decode(t)

    @abstractmethod
    def score(self, Y: Array, t: Array, weights: Array | None) -> float:
        """Return scikit-learn's usual score of outputs Y (n, k), higher being better."""

    @abstractmethod
    def attributes(self) -> dict[str, Any]:
        """Return the fitted attributes that scikit-learn's estimators have of them."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` takes back."""

    @classmethod
    @abstractmethod
    def from_json(cls, data: object) -> Self:
        """Check and take back what `to_json` gave; ValueError for anything else."""

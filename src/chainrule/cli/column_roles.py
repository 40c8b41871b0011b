"""What the columns of a table are for, by the options that name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chainrule.cli.column_names import named_columns
from chainrule.cli.option_values import ENSEMBLE
from chainrule.data import DataError, Source, Table
from chainrule.inputs import Options, TableEncoder
from chainrule.inputs.tables.decisions import LEFT_OUT, Decision

__all__ = ["Kinds", "Roles", "are_beside_others"]

Kinds = Mapping[str, Decision]
"""What each column is taken for."""


def are_beside_others(options: Any) -> bool:
    """Return whether texts are learned from beside other columns, as options that are said ask."""
    return bool(options.model == ENSEMBLE)


@dataclass(frozen=True)
class Roles:
    """The columns that options name; none of images.

    Parameters
    ----------
    drop, ids, categorical, numeric : tuple of str
        Columns to leave out, those that name the rows, and those of a kind by choice.
    time, group : str or None
        The column by which the parts of the data are cut.
    max_categories : int or None
        How many categories of a column have a feature each, if it was said.
    text : tuple of str
        Columns of free text by choice, to be learned from beside others.
    """

    drop: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    time: str | None = None
    group: str | None = None
    max_categories: int | None = None
    text: tuple[str, ...] = ()

    @classmethod
    def of(cls, options: Any, source: Source) -> Roles:
        """Return the roles of the columns of a source.

        Raises
        ------
        DataError
            There is no such column, or it has two roles that exclude each other.
        """
        said = {
            "drop": options.drop,
            "id": options.id,
            "categorical": options.categorical,
            "numeric": options.numeric,
            "time": None if options.time is None else [options.time],
            "group": None if options.group is None else [options.group],
            "text": [options.text] if options.text and are_beside_others(options) else None,
        }
        texts = {f"--{name}": each for name, each in said.items() if each}
        most = options.max_categories
        options_said = [*texts, *["--max-categories"] * (most is not None)]
        if not options_said:
            return cls()
        if not isinstance(source.data, Table):
            raise DataError(f"{options_said[0]}: expected a table, got images")
        known = source.data.names
        found = {}
        for option, each in texts.items():
            if source.target_name in each:
                raise DataError(f"{option}: {source.target_name!r} is the column to be predicted")
            whole = option in ("--time", "--group", "--text")
            found[option] = named_columns(option, each, known, whole=whole)
        ((time,), (group,)) = (found.get(each, (None,)) for each in ("--time", "--group"))
        roles = cls(
            drop=found.get("--drop", ()),
            ids=found.get("--id", ()),
            categorical=found.get("--categorical", ()),
            numeric=found.get("--numeric", ()),
            time=time,
            group=group,
            text=found.get("--text", ()),
        )
        roles._check()
        return replace(roles, max_categories=most)

    @property
    def unlearned(self) -> tuple[str, ...]:
        """The columns that are not learned from."""
        group = () if self.group is None else (self.group,)
        return tuple(dict.fromkeys((*self.drop, *self.ids, *group)))

    @property
    def cut(self) -> dict[str, str]:
        """By which column the parts of the data were cut, if by one."""
        said = {"time": self.time, "group": self.group}
        return {name: column for name, column in said.items() if column is not None}

    def kinds(self, source: Source) -> Kinds | None:
        """Return what each column of a table is, as all of its rows say; None of images."""
        if not isinstance(source.data, Table):
            return None
        options = self._options()
        named = {name: Decision(LEFT_OUT, self._reason(name)) for name in self.unlearned}
        return {**TableEncoder.kinds(source.data, options), **named}

    def inputs(self, table: Table, kinds: Kinds, **encoding: Any) -> TableEncoder:
        """Return how columns become features, by fields of `Options`, learned from some rows."""
        return TableEncoder.fit(table, replace(self._options(), kinds=kinds, **encoding))

    def _options(self) -> Options:
        times = () if self.time is None or self.time in self.unlearned else (self.time,)
        return Options(
            "chainrule",
            drop=self.unlearned,
            categorical=self.categorical,
            numeric=self.numeric,
            keep=times,
            text=self.text,
            max_categories=self.max_categories,
        )

    def _reason(self, name: str) -> str:
        """Return why a column is not learned from."""
        if name in self.ids:
            return "names the rows"
        return "groups the rows" if name == self.group else "by choice"

    def _check(self) -> None:
        said = ("text", "categorical", "numeric", "drop")
        for place, one in enumerate(said):
            for other in said[place + 1 :]:
                both = [name for name in getattr(self, one) if name in getattr(self, other)]
                if both:
                    raise DataError(
                        f"--{one}: expected it without --{other}, got both for {both[0]!r}"
                    )
        both = [name for name in self.text if name in self.unlearned]
        if both:
            raise DataError(f"--text: {both[0]!r} is a column that another option leaves out")

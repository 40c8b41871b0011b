"""Fields of a dataclass spelled out as the options of a command."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Sequence
from dataclasses import MISSING, Field, fields
from functools import wraps
from typing import Any, get_type_hints


def spelled(name: str) -> str:
    """Return a field's name as the command line has it."""
    return f"--{name.replace('_', '-')}"


def options_said(options: Any, names: Collection[str]) -> list[str]:
    """Return the options that are not as they are where nothing is said."""
    usual = {each.name: each.default for each in fields(options)}
    said = [name for name in names if getattr(options, name) != usual[name]]
    return [spelled(f"no_{name}" if getattr(options, name) is False else name) for name in said]


def with_options(kind: type[Any], names: Sequence[str] = ()) -> Callable[[Any], Any]:
    """Make a command whose parameter ``options`` is spelled out as options of the command line.

    Parameters
    ----------
    kind : type
        What the command is called with; its fields are arguments and options.
    names : sequence of str
        The fields that are; by default all. The others have their defaults.
    """
    hints = get_type_hints(kind, include_extras=True)
    taken = {each.name: each for each in fields(kind) if not names or each.name in names}

    def decorate(command: Any) -> Any:
        own = inspect.signature(command, eval_str=True).parameters
        added = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if _is_required(each) else each.default,
                annotation=hints[name],
            )
            for name, each in taken.items()
        ]
        others = [
            each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for name, each in own.items()
            if name != "options"
        ]

        @wraps(command)
        def run(**given: Any) -> None:
            options = kind(**{name: given.pop(name) for name in taken})
            command(options, **given)

        run.__signature__ = inspect.Signature([*added, *others])  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in (*added, *others)}
        return run

    return decorate


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING or field.name == "data"

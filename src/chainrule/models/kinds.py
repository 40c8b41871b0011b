"""The two kinds of files, told apart by their JSON: a Model's, and an estimator's."""

from __future__ import annotations

from typing import Any, TypeGuard

__all__ = ["expect_estimator", "expect_model", "is_estimator"]

LONGEST_NAME = 60


def is_estimator(data: object) -> TypeGuard[dict[str, Any]]:
    """Say whether the JSON of a file is an estimator's, be it whole or not."""
    return type(data) is dict and "estimator" in data


def expect_model(data: object) -> None:
    """Complain about an estimator's JSON; ValueError says how to load it."""
    if not is_estimator(data):
        return
    name = data["estimator"]
    if type(name) is str and len(name) <= LONGEST_NAME and name.isidentifier():
        raise ValueError(f"holds the estimator {name}; load it with chainrule.load or {name}.load")
    raise ValueError("holds an estimator, no Model; load it with chainrule.load")


def expect_estimator(data: object) -> None:
    """Complain about a Model's JSON; ValueError says how to load it."""
    if type(data) is dict and "target" in data and not is_estimator(data):
        raise ValueError(
            "holds a Model, as chainrule train saves it; load it with chainrule.load or Model.load"
        )

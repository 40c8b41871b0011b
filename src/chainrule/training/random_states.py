"""NumPy's RandomState as a snapshot and as JSON, and back at the same place in its stream."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import strict_json
from chainrule.training.snapshot import Reader, Snapshot

__all__ = [
    "random_state_from_json",
    "random_state_snapshot",
    "random_state_to_json",
    "restore_random_state",
    "same_state",
]

GENERATOR = "MT19937"
WORDS = 624
"""Of the generator's state, 32 bits each."""


def random_state_snapshot(state: np.random.RandomState, where: str = "random_state") -> Snapshot:
    """Return from where a RandomState draws all that follows.

    Parameters
    ----------
    state : RandomState
        It does not move.
    where : str, default="random_state"
        Which parameter it is.

    Raises
    ------
    ValueError
        Its generator is another one than NumPy's own.
    """
    now: Any = state.get_state(legacy=False)
    if now["bit_generator"] != GENERATOR:
        raise ValueError(
            f"{where}: expected a RandomState of {GENERATOR}, which a file can keep, got one of "
            f"{now['bit_generator']}"
        )
    return {
        "words": now["state"]["key"].copy(),
        "place": int(now["state"]["pos"]),
        "normal": float(now["gauss"]) if now["has_gauss"] else None,
    }


def restore_random_state(state: np.random.RandomState, reader: Reader) -> None:
    """Let a RandomState draw as after a snapshot; ValueError for what is none."""
    reader.expect("words", "place", "normal")
    words, place = reader.array("words", np.uint32, (WORDS,)), reader.whole("place", WORDS)
    drawn = reader.has("normal")
    normal = strict_json.number(reader.values["normal"], f"{reader.where}.normal") if drawn else 0.0
    state.set_state((GENERATOR, words, place, int(drawn), normal))


def same_state(state: np.random.RandomState, snapshot: object) -> bool:
    """Return whether a RandomState draws what it would after a snapshot."""
    there = np.random.RandomState(0)
    try:
        restore_random_state(there, Reader(snapshot))
    except ValueError:
        return False
    return random_state_to_json(there) == random_state_to_json(state)


def random_state_to_json(
    state: np.random.RandomState, where: str = "random_state"
) -> dict[str, Any]:
    """Return the snapshot of a RandomState as JSON; errors begin with ``where``."""
    snapshot = random_state_snapshot(state, where)
    return {**snapshot, "words": snapshot["words"].tolist()}


def random_state_from_json(data: Any, where: str) -> np.random.RandomState:
    """Return the generator that `random_state_to_json` described.

    Raises
    ------
    ValueError
        Something in it is wrong.
    """
    own = strict_json.record(data, where, ("words", "place", "normal"))
    words = [
        strict_json.whole(word, f"{where}.words", 0, 2**32 - 1)
        for word in strict_json.items(own["words"], f"{where}.words", WORDS, WORDS)
    ]
    state = np.random.RandomState(0)
    restore_random_state(state, Reader({**own, "words": np.array(words, np.uint32)}, where))
    return state

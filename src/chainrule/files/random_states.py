"""NumPy's RandomState as JSON, and back at the same place in its stream."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import strict_json

__all__ = ["random_state_from_json", "random_state_to_json"]

GENERATOR = "MT19937"
WORDS = 624
"""Of the generator's state, 32 bits each."""


def random_state_to_json(state: np.random.RandomState, where: str) -> dict[str, Any]:
    """Return where a generator is; ValueError, beginning with ``where``, if it is of another kind.

    Parameters
    ----------
    state : RandomState
        It does not move.
    where : str
        Which parameter it is.
    """
    now: Any = state.get_state(legacy=False)
    if now["bit_generator"] != GENERATOR:
        raise ValueError(
            f"{where}: expected a RandomState of {GENERATOR}, which a file can keep, got one of "
            f"{now['bit_generator']}"
        )
    return {
        "words": now["state"]["key"].tolist(),
        "place": int(now["state"]["pos"]),
        "normal": float(now["gauss"]) if now["has_gauss"] else None,
    }


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
    place = strict_json.whole(own["place"], f"{where}.place", 0, WORDS)
    normal = own["normal"]
    kept = 0.0 if normal is None else strict_json.number(normal, f"{where}.normal")
    state = np.random.RandomState(0)
    key = np.array(words, np.uint32)
    state.set_state((GENERATOR, key, place, int(normal is not None), kept))
    return state

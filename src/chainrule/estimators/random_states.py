"""NumPy's RandomState as a snapshot, and back, whatever generator it draws from."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.training.snapshot import Reader, Snapshot, separated

__all__ = ["random_state_snapshot", "restore_random_state", "same_state"]


def random_state_snapshot(random_state: np.random.RandomState) -> Snapshot:
    """Return the state from which all that follows is drawn."""
    return _plain(random_state.get_state(legacy=False))


def same_state(random_state: np.random.RandomState, snapshot: object) -> bool:
    """Return whether a RandomState draws what it would after a snapshot."""
    if type(snapshot) is not dict:
        return False
    here, arrays = separated(random_state_snapshot(random_state))
    there, others = separated(snapshot)
    return here == there and all(np.array_equal(arrays[name], others[name]) for name in arrays)


def restore_random_state(random_state: np.random.RandomState, reader: Reader) -> None:
    """Let a RandomState draw as after a snapshot; ValueError for that of another generator."""
    like = random_state.get_state(legacy=False)
    try:
        random_state.set_state(_like(reader, like))
    except (TypeError, KeyError, OverflowError) as error:
        raise ValueError(f"{reader.where}: expected the state of a RandomState: {error}") from None


def _plain(state: Any) -> Snapshot:
    """Return a state whose whole numbers are texts: some have 128 bits."""
    return {name: _plain_value(value) for name, value in state.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, dict):
        return _plain(value)
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, float):
        return float(value)
    return str(value)


def _like(reader: Reader, like: Any) -> Any:
    """Return a state of the parts that ``like`` has, of their types."""
    reader.expect(*like)
    state: dict[str, Any] = {}
    for name, value in like.items():
        if isinstance(value, dict):
            state[name] = _like(reader.part(name), value)
        elif isinstance(value, np.ndarray):
            state[name] = reader.array(name, value.dtype, value.shape)
        elif isinstance(value, float):
            state[name] = reader.number(name)
        else:
            state[name] = type(value)(reader.text(name))
    return state

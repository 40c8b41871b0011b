"""The error of this room, and its warning."""

__all__ = ["DataError", "DataWarning"]


class DataError(ValueError):
    """Data that cannot be used; the message names place, expected and received."""


class DataWarning(UserWarning):
    """Data that can be used, but are unlike those of training."""

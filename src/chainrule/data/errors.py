"""The one error of this room."""

__all__ = ["DataError"]


class DataError(ValueError):
    """Data that cannot be used; the message names place, expected and received."""

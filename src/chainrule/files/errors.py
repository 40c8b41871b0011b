"""The error of model files."""

__all__ = ["ModelFileError"]


class ModelFileError(ValueError):
    """A model file that cannot be written or read; the message names the file and the reason."""

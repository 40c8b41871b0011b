"""Files of trained networks: the container, the objects in it, and what is wrong with others."""

from chainrule.files.errors import ModelFileError

__all__ = ["ModelFileError"]

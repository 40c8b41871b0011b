"""Names of model files, and those that files of fastText's have."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["FASTTEXT_ENDINGS", "wrong_ending"]

FASTTEXT_ENDINGS = (".bin", ".ftz", ".vec")


def wrong_ending(path: str | os.PathLike[str]) -> str:
    """Return what is wrong with the name of a file that is to have chainrule's format, if it is."""
    ending = Path(path).suffix
    if ending not in FASTTEXT_ENDINGS:
        return ""
    return (
        f"expected a name such as {Path(path).stem}.safetensors, got {ending}, the ending of "
        "fastText's files, which FastTextClassifier writes"
    )

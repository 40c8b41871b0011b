"""What is known of a file that has been written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Exported"]


@dataclass(frozen=True)
class Exported:
    """What has been written.

    Parameters
    ----------
    path : Path
        The file.
    language : str
        What it is written in.
    name : str
        What names of functions begin with.
    precision : str
        "float" or "double".
    parameter_bytes : int
        What the parameters take: flash, on a small computer.
    memory_bytes : int or None
        What else is allocated: RAM; of ONNX that is for the runtime to say.
    weights : Path or None
        The file of the large parameters.
    opset : int or None
        The version of the operators of ONNX.
    """

    path: Path
    language: str
    name: str
    precision: str
    parameter_bytes: int
    memory_bytes: int | None
    weights: Path | None = None
    opset: int | None = None

    def __str__(self) -> str:
        beside = "" if self.weights is None else f", with {self.weights.name} beside it"
        version = "" if self.opset is None else f" (opset {self.opset})"
        memory = "" if self.memory_bytes is None else f", {self.memory_bytes:,} of memory"
        return (
            f"{self.language}{version} in {self.precision} written to {self.path}{beside}: "
            f"{self.parameter_bytes:,} bytes of parameters{memory}"
        )

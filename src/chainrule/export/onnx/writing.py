"""A file of ONNX: its options, and the model that is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chainrule.export.exported import Exported
from chainrule.export.onnx.model import OPSETS, onnx_model
from chainrule.export.walk import walk
from chainrule.files.outputs import write_output

__all__ = ["write_onnx"]


def write_onnx(
    model: Any,
    path: Path,
    others: Mapping[str, Any],
    precision: str | None,
    name: str,
    opset: int | None,
    *,
    encoded: bool,
) -> Exported:
    """Write a graph of ONNX; ValueError for options that are for programs."""
    for option, value in others.items():
        if value is not None and value is not False:
            raise ValueError(
                f"export: {option} is for programs in C or JavaScript, got it for ONNX, which has "
                "predictions, with the parameters inside"
            )
    if precision not in (None, "float"):
        raise ValueError(f"export: ONNX is written in float, got precision={precision!r}")
    version = OPSETS[0] if opset is None else opset
    if type(version) is not int or version not in OPSETS:
        raise ValueError(
            f"export: expected opset as one of {', '.join(map(str, OPSETS))}, got {opset!r}"
        )
    made = onnx_model(walk(model, pipelines=True), name, version, encoded=encoded)
    write_output(path, [made.content])
    return Exported(path, "ONNX", name, "float", made.parameter_bytes, None, opset=version)

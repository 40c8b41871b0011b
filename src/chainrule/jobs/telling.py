"""What there is to say about a trained model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.formulas import Formulas
from chainrule.models import Model


def model_json(model: Model, rules: Mapping[str, Formulas]) -> dict[str, Any]:
    """Return what there is to know about a model."""
    chain = model.chain
    return {
        "formula": chain.formula(),
        "target": model.target.name,
        "task": model.target.task,
        "classes": model.target.classes,
        "input_shape": chain.layers[0].input_shape,
        "parameters": chain.parameters.flat.size,
        "dtype": str(chain.dtype),
        "layers": [
            {
                "function": str(layer.function),
                "output_shape": layer.output_shape,
                "parameters": {name: chain.parameters[name].shape for name in layer.names.values()},
            }
            for layer in chain.layers
        ],
        "formulas": {
            title: {
                "definition": formulas.definition,
                "derivative": formulas.derivative,
                "backprop": formulas.backprop,
                "latex": formulas.latex,
            }
            for title, formulas in rules.items()
        },
        "training": model.facts,
    }


def facts_lines(model: Model) -> list[str]:
    """Return in words what a model predicts and how it was trained."""
    target = model.target
    kind = {"regression": "a number", "binary": "one of two classes"}.get(
        target.task, f"one of {len(target.classes)} classes"
    )
    shown = ", ".join(target.classes[:12]) + (", …" if len(target.classes) > 12 else "")
    lines = [f"predicts {target.name!r}, {kind}" + (f": {shown}" if shown else "")]
    facts = model.facts
    if "data" in facts and "end" in facts:
        lines.append(f"trained on {facts['data']}: {facts['end']}, seed {facts.get('seed')}")
    return lines

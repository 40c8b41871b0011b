"""What there is to say about a trained network, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.formulas import Formulas
from chainrule.jobs.trained import Trained


def trained_json(trained: Trained, rules: Mapping[str, Formulas]) -> dict[str, Any]:
    """Return what there is to know about a network."""
    chain = trained.chain
    return {
        "formula": chain.formula(),
        **trained.predicted,
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
        "training": trained.training,
    }

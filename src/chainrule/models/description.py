"""All of a model but its parameters: chain, loss, inputs, target and facts, as JSON and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule import strict_json
from chainrule.chain import Chain
from chainrule.data import ImageScaling, TableEncoder, Target
from chainrule.display import shape_text
from chainrule.files import canonical
from chainrule.files.canonical import JSON
from chainrule.files.objects import (
    Classes,
    chain_from_json,
    chain_to_json,
    classes_in,
    object_from_json,
    to_json,
)
from chainrule.layout import ChainLayout
from chainrule.losses import Loss
from chainrule.models.kinds import expect_model
from chainrule.types import Shape

__all__ = ["Description", "Inputs", "check_fit", "describe", "read_facts"]

Inputs = TableEncoder | ImageScaling

KINDS: dict[str, type[TableEncoder] | type[ImageScaling]] = {
    "images": ImageScaling,
    "table": TableEncoder,
}


@dataclass(frozen=True)
class Description:
    """What the JSON of a model file says."""

    chain: ChainLayout
    loss: Loss
    inputs: Inputs
    target: Target
    facts: dict[str, JSON]
    text: str

    @classmethod
    def from_text(cls, text: str, extra: Classes = ()) -> Description:
        """Check and take back the text that `describe` gave.

        Raises
        ------
        ValueError
            Something in it is unknown, wrong, does not fit, or is written in another way.
        """
        return cls.from_json(canonical.parse(text), text, extra)

    @classmethod
    def from_json(cls, data: object, text: str, extra: Classes = ()) -> Description:
        """Do the same, given the JSON value of the text."""
        result = cls._from_json(data, extra)
        if result.text != text:
            raise ValueError("expected the canonical text of a model, got it written otherwise")
        return result

    @classmethod
    def _from_json(cls, data: object, extra: Classes) -> Description:
        """Return what JSON says, with the canonical text of the same."""
        expect_model(data)
        data = strict_json.record(data, "model", ("chain", "loss", "inputs", "target", "facts"))
        chain = chain_from_json(data["chain"], extra)
        loss = object_from_json("loss", data["loss"], extra)
        inputs = _inputs_from_json(data["inputs"])
        target = Target.from_json(data["target"])
        facts = read_facts(data["facts"])
        check_fit(chain.input_shape, chain.output_shape, inputs, target)
        written = canonical.write(
            {
                "chain": data["chain"],
                "loss": data["loss"],
                "inputs": _inputs_to_json(inputs),
                "target": target.to_json(),
                "facts": facts,
            }
        )
        return cls(chain, loss, inputs, target, facts, written)


def describe(
    chain: Chain, loss: Loss, inputs: Inputs, target: Target, facts: dict[str, JSON]
) -> Description:
    """Return the description of a model, as a reader will find it.

    Raises
    ------
    ValueError
        Something in it cannot be saved.
    """
    text = canonical.write(
        {
            "chain": chain_to_json(chain),
            "loss": to_json(loss, "loss"),
            "inputs": _inputs_to_json(inputs),
            "target": target.to_json(),
            "facts": read_facts(facts),
        }
    )
    own = tuple(dict.fromkeys(classes_in([chain, loss])))
    return Description._from_json(canonical.parse(text), own)


def read_facts(facts: object) -> dict[str, JSON]:
    """Return a copy of the facts as JSON has them; ValueError if it cannot."""
    result = canonical.plain(facts, "facts")
    if not isinstance(result, dict):
        raise ValueError(f"facts: expected an object, got {type(facts).__name__}")
    return result


def check_fit(input_shape: Shape, output_shape: Shape, inputs: Inputs, target: Target) -> None:
    """Complain unless a chain takes what the inputs give, and gives what the target takes."""
    if isinstance(inputs, TableEncoder):
        features: Shape = (sum(len(column.feature_names) for column in inputs.columns),)
    else:
        features = inputs.shape
    if input_shape != features:
        raise ValueError(
            f"Model: expected a chain for samples of {shape_text(features)}, "
            f"got one for {shape_text(input_shape)}"
        )
    outputs = (len(target.classes) if target.task == "multiclass" else 1,)
    if output_shape != outputs:
        raise ValueError(
            f"Model: expected a chain with {outputs[0]} outputs for {target.task}, "
            f"got one with {shape_text(output_shape)}"
        )


def _inputs_to_json(inputs: Inputs) -> dict[str, Any]:
    kind = next(kind for kind, cls in KINDS.items() if isinstance(inputs, cls))
    return {"kind": kind, **inputs.to_json()}


def _inputs_from_json(data: object) -> Inputs:
    kind = data.get("kind") if type(data) is dict else None
    if type(data) is not dict or type(kind) is not str or kind not in KINDS:
        raise ValueError(f"inputs.kind: expected one of {', '.join(KINDS)}, got something else")
    return KINDS[kind].from_json({key: item for key, item in data.items() if key != "kind"})

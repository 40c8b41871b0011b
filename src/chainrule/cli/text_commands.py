"""Why a text has its class, as ``explain`` prints it."""

from __future__ import annotations

from typing import Any

from chainrule.cli.output import Output
from chainrule.targets.columns import label_text

__all__ = ["explain_text"]


def explain_text(estimator: Any, text: str, out: Output) -> None:
    """Show what each word of a text adds to the score of the class that is predicted."""
    (found,) = estimator.explain([text])
    if out.as_json:
        out.json(_json(found))
        return
    (answer,) = estimator.predict([text]).tolist()
    if estimator.targets_.several:
        held = map(label_text, answer) if isinstance(answer, tuple) else _held(estimator, answer)
        told = " ".join(held) or "no label"
    else:
        told = label_text(answer)
    out.lines([f"predicted: {told}", *str(found).split("\n")])


def _held(estimator: Any, row: list[int]) -> list[str]:
    """Return the labels that a row of an indicator matrix says hold."""
    labels = estimator.classes_.tolist()
    return [label_text(label) for label, held in zip(labels, row, strict=True) if held]


def _json(found: Any) -> dict[str, Any]:
    """Return what words add to all scores, for programs."""
    return {
        "labels": [label_text(label) for label in found.labels.tolist()],
        "scores": found.scores,
        "bias": found.bias,
        "words": [
            {"word": word, "shares": shares}
            for word, shares in zip(found.words, found.word_shares, strict=True)
        ],
    }

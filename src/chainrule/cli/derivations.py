"""What is derived: a saved model at a row of data, or a network that options spell out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.cli.derivation_examples import EXAMPLES
from chainrule.cli.model_data import answers_of, loaded, samples_of, source_for, target_name
from chainrule.cli.networks import ended
from chainrule.cli.option_values import REGRESSION_LOSSES, hidden_sizes
from chainrule.cli.options import TASKS
from chainrule.data import DataError
from chainrule.explain import Derivation, derivation
from chainrule.functions import ACTIVATIONS, Function, Linear
from chainrule.losses import CrossEntropy, Loss
from chainrule.types import Array

LARGEST = 100_000
"""The most inputs or outputs of a network that is spelled out."""


@dataclass(frozen=True)
class SpelledNetwork:
    """A network without data: sizes of its layers, its activation, and its task.

    Parameters
    ----------
    layers : str
        The sizes of hidden layers, 0 for none.
    inputs, outputs : int
        How many numbers go in, and come out.
    activation : str
        By its name.
    task : str
        "multiclass", "binary" or "regression".
    loss : str or None
        Of regression, by its name.
    bias : bool
        Whether layers have biases.
    """

    layers: str
    inputs: int
    outputs: int
    activation: str
    task: str
    loss: str | None
    bias: bool

    def __post_init__(self) -> None:
        """Check each option."""
        for name, known in (
            ("activation", tuple(ACTIVATIONS)),
            ("task", TASKS),
            ("loss", tuple(REGRESSION_LOSSES)),
        ):
            word = getattr(self, name)
            if word is not None and word not in known:
                raise ValueError(f"--{name}: expected one of {', '.join(known)}, got {word!r}")
        if self.loss is not None and self.task != "regression":
            raise ValueError(f"--loss: {self.loss} is for --task regression, got {self.task}")
        for name in ("inputs", "outputs"):
            if not 1 <= getattr(self, name) <= LARGEST:
                size = f"a number from 1 to {LARGEST:,}"
                raise ValueError(f"--{name}: expected {size}, got {getattr(self, name)}")

    def derived(self, sample: str | None, answer: str | None, digits: int) -> Derivation:
        """Return the derivation, with the numbers of a sample such as ``0.5,-1`` if one is said."""
        chain, loss = self._built()
        return _derived(chain, loss, self.inputs, self.outputs, sample, answer, digits)

    def _built(self) -> tuple[Chain, Loss]:
        functions: list[Function] = []
        for size in hidden_sizes(self.layers):
            functions += [Linear(size, bias=self.bias), ACTIVATIONS[self.activation]()]
        return ended(functions, self.task, self.outputs, self.loss, bias=self.bias)


def derived_example(
    name: str, sample: str | None, answer: str | None, digits: int | None
) -> Derivation:
    """Return the derivation of a network of the notes, with the note's sample or another."""
    if name not in EXAMPLES:
        raise ValueError(f"--example: expected one of {', '.join(EXAMPLES)}, got {name!r}")
    known = EXAMPLES[name]
    if sample is None:
        sample, answer = known.sample, answer or known.answer
    digits = known.digits if digits is None else digits
    return _derived(known.chain, known.loss, known.inputs, known.outputs, sample, answer, digits)


def _derived(
    chain: Chain,
    loss: Loss,
    inputs: int,
    outputs: int,
    sample: str | None,
    answer: str | None,
    digits: int,
) -> Derivation:
    """Return the derivation of a new network, with the numbers of a sample if one is said."""
    chain.initialize((inputs,), seed=0, dtype=np.float64)
    if sample is None:
        return derivation(chain, loss, digits=digits)
    if answer is None:
        raise ValueError("--answer: expected the answer of the sample, got none")
    X, t = _numbers("--sample", sample, inputs), _target(answer, loss, outputs)
    return derivation(chain, loss, X, t, digits=digits)


def _target(answer: str, loss: Loss, outputs: int) -> Array:
    """Return the answer of a sample as its loss takes it."""
    if not isinstance(loss, CrossEntropy):
        return _numbers("--answer", answer, outputs)
    if not answer.isdecimal() or int(answer) >= outputs:
        raise ValueError(f"--answer: expected a class from 0 to {outputs - 1}, got {answer!r}")
    return np.array([int(answer)])


def derived_model(
    path: Path, data: str | None, target: str | None, row: str | None, digits: int
) -> Derivation:
    """Return the derivation of a saved model, with the numbers of a row of data if one is said."""
    estimator = loaded(path, "derive")
    if (data is None) != (row is None):
        said, lacking = ("DATA", "--sample ROW") if row is None else ("--sample", "DATA")
        raise ValueError(f"derive: expected {lacking}, too, as {said} is given")
    if data is None or row is None:
        return derivation(estimator, digits=digits)
    X, y = _row(estimator, data, target, row)
    return derivation(estimator, X=X, t=y, digits=digits)


def _row(estimator: Any, data: str, target: str | None, row: str) -> tuple[Any, Any]:
    name = target_name(estimator, data, target)
    source = source_for(estimator, data, name, optional=False)
    if not row.isdecimal() or int(row) >= len(source):
        rows = f"a row from 0 to {len(source) - 1:,}"
        raise DataError(f"--sample: expected {rows} of {data}, got {row!r}")
    few = source.select(np.array([int(row)]))
    return samples_of(estimator, few, name), answers_of(estimator, few, name)


def _numbers(option: str, text: str, count: int) -> Array:
    """Return one sample (1, count) from text such as ``0.5,-1``."""
    try:
        numbers = [float(part) for part in text.replace("−", "-").split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or not np.all(np.isfinite(numbers)):
        example = ",".join(["0.5"] * min(count, 3)) + (",…" if count > 3 else "")
        raise ValueError(f"{option}: expected {count} numbers such as {example}, got {text!r}")
    return np.array([numbers])


def json_of(derived: Derivation) -> dict[str, Any]:
    """Return a derivation for programs: steps, and of each line text, LaTeX and reason."""
    return {
        "title": derived.title,
        "steps": [
            {
                "number": step.number,
                "title": step.title,
                "explanation": step.explanation,
                "equations": [
                    {
                        "lines": [
                            {"text": text.strip(), "reason": reason}
                            for text, reason in equation.lines()
                        ],
                        "latex": [line for line, _ in equation.latex_lines()],
                        "program": equation.program,
                    }
                    for equation in step.equations
                    if not equation.silent
                ],
                "program": list(step.lines),
            }
            for step in derived.steps
        ],
    }

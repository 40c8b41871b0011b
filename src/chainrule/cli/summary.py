"""What there is to say of a trained network, for people and for programs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.cli.evaluation import positive_class
from chainrule.formulas import Formulas
from chainrule.inputs import TableEncoder, Texts
from chainrule.pictures.learning_curve import LearningCurveDisplay, validation_curves
from chainrule.targets.columns import label_text

MOST_CLASSES_SHOWN = 12
MOST_WORDS_SHOWN = 12


@dataclass(frozen=True)
class ModelSummary:
    """What a fitted estimator predicts, and how it was trained."""

    estimator: Any

    @property
    def classes(self) -> list[Any]:
        """All classes: as texts if they stood in a column, and as they were given if not."""
        targets = self.estimator.targets_
        if targets.kind != "classes":
            return []
        labels: list[Any] = self.estimator.classes_.tolist()
        return [label_text(label) for label in labels] if targets.name else labels

    @property
    def positive(self) -> str | None:
        """The class that F1 is of, where there are two, one of which holds."""
        return positive_class(self.classes) if self.estimator.targets_.task == "binary" else None

    @property
    def training(self) -> dict[str, Any]:
        """How it was trained: what a file of ``train`` remembers, or what the fit has left."""
        return getattr(self.estimator, "metadata_", None) or self._fit

    @property
    def columns(self) -> list[dict[str, Any]]:
        """What became of each column of a table."""
        inputs = self.estimator.inputs_
        return inputs.describe() if isinstance(inputs, TableEncoder) else []

    @property
    def texts(self) -> dict[str, Any]:
        """What of texts counts, and how many words, runs and pieces of words are known."""
        inputs = self.estimator.inputs_
        if not isinstance(inputs, Texts):
            return {}
        known = {name: len(getattr(inputs, name)) for name in ("words", "runs", "pieces")}
        frequent = [word.decode(errors="replace") for word in inputs.words[:MOST_WORDS_SHOWN]]
        features = inputs.features.to_json()
        return {**known, "column": inputs.column, "features": features, "most_frequent": frequent}

    @property
    def lines(self) -> list[str]:
        """What it predicts and how it was trained, in sentences."""
        name, training = ", ".join(map(repr, self.estimator.targets_.columns)), self.training
        kind = type(self.estimator).__name__
        lines = [f"{'' if name else kind + ' '}predicts {name + ', ' if name else ''}"]
        lines[0] += self._predicted()
        lines += self._of_texts()
        if "data" in training and "end" in training:
            trained = f"trained on {training['data']}: {training['end']}"
            lines.append(f"{trained}, seed {training.get('seed')}{_products(training)}")
        elif hasattr(self.estimator, "loss_curve_"):
            lines.append(self._trained())
        return lines

    def to_json(self, rules: Mapping[str, Formulas]) -> dict[str, Any]:
        """Return all of it, with the layers and the rules of its functions."""
        chain, targets = self.estimator.chain_, self.estimator.targets_
        return {
            "formula": chain.formula(),
            **({"target": ",".join(targets.columns)} if targets.columns else {}),
            "estimator": type(self.estimator).__name__,
            "task": targets.task,
            "classes": self.classes,
            "input_shape": chain.layers[0].input_shape,
            "parameters": chain.parameters.flat.size,
            **({"columns": self.columns} if self.columns else {}),
            **({"texts": self.texts} if self.texts else {}),
            "dtype": str(chain.dtype),
            "layers": [
                {
                    "function": str(layer.function),
                    "output_shape": layer.output_shape,
                    "parameters": {
                        name: chain.parameters[name].shape for name in layer.names.values()
                    },
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
            "training": self.training,
        }

    def _predicted(self) -> str:
        """Return in words what is predicted."""
        task, outputs = self.estimator.targets_.task, self.estimator.targets_.outputs
        if task == "regression":
            return "a number" if outputs == 1 else f"{outputs} numbers"
        labels = list(map(str, self.classes))
        some = labels[:MOST_CLASSES_SHOWN] + ["…"] * (len(labels) > MOST_CLASSES_SHOWN)
        kinds = {"binary": "one of two classes", "multilabel": f"any of {len(labels)} labels"}
        kind = "the one class" if len(labels) == 1 else kinds.get(task)
        return f"{kind or f'one of {len(labels)} classes'}: {', '.join(some)}"

    def _of_texts(self) -> list[str]:
        """Return in sentences what of texts counts."""
        if not (told := self.texts):
            return []
        settings = ", ".join(f"{name}={value!r}" for name, value in told["features"].items())
        frequent = " ".join(told["most_frequent"])
        more = " …" if told["words"] > MOST_WORDS_SHOWN else ""
        return [self.estimator.inputs_.describe(), f"the most frequent: {frequent}{more}", settings]

    def _trained(self) -> str:
        """Return in a sentence how it was trained."""
        training = self._fit
        count, solver = training["epochs"], training["solver"]
        unit = "iteration" if solver == "lbfgs" else "epoch"
        parts = [f"trained for {count:,} {unit}{'s' * (count != 1)} by {solver}"]
        if training["loss"] is not None:
            parts.append(f"last loss {training['loss']:.4g}")
        if (best := training["best_validation_score"]) is not None:
            parts.append(f"best validation {training['history'].get('score', 'score')} {best:.4f}")
        return ", ".join(parts) + _products(training)

    @property
    def _fit(self) -> dict[str, Any]:
        """How it was trained, by its fitted attributes."""
        estimator = self.estimator
        losses = getattr(estimator, "loss_curve_", None) or []
        curve = LearningCurveDisplay(losses, **validation_curves(estimator))
        history: dict[str, Any] = {"loss": _finite(curve.losses)}
        if curve.validation_losses is not None:
            history["validation_loss"] = _finite(curve.validation_losses)
        if curve.scores is not None:
            history |= {"validation_score": _finite(curve.scores), "score": curve.score_name}
        if curve.kept is not None:
            history["kept"] = curve.kept
        scores = [score for score in history.get("validation_score", ()) if score is not None]
        best = getattr(estimator, "best_validation_score_", None)
        if best is None or not math.isfinite(best):  # nothing was watched
            best = max(scores, default=None)
        precision = getattr(estimator, "precision", "float32")
        return {
            "epochs": len(losses),
            "loss": history["loss"][-1] if losses else None,
            "best_validation_score": best,
            "solver": estimator._solver_name,
            "seed": estimator.random_state,
            **({"precision": precision} if precision != "float32" else {}),
            "history": history,
        }


def _products(training: Mapping[str, Any]) -> str:
    """Return what there is to say of products that were not in float32."""
    precision = training.get("precision")
    return f", products in {precision}" if precision else ""


def _finite(numbers: Iterable[float]) -> list[float | None]:
    """Return numbers as JSON has them: None in the place of NaN and infinity."""
    return [number if math.isfinite(number) else None for number in numbers]

"""A network as one ES module, for browsers and Node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chainrule.export.javascript.cells import cell_lines
from chainrule.export.javascript.layers import layer_lines
from chainrule.export.javascript.loops import step_lines
from chainrule.export.javascript.parameters import needs_parameters, parameter_lines
from chainrule.export.javascript.printer import JavaScriptPrinter, helpers
from chainrule.export.javascript.samples import SHOWN, TAKEN, number_lines, raw_shape
from chainrule.export.javascript.texts import text_lines
from chainrule.export.language.printing import folded, identifier, in_comment
from chainrule.export.memory import letters
from chainrule.export.plan import ExportPlan
from chainrule.export.steps import Array, Step
from chainrule.inputs import TableEncoder
from chainrule.later import release

__all__ = ["javascript_source"]


def javascript_source(plan: ExportPlan) -> str:
    """Return the text of the module."""
    return "\n".join(_Module(plan).lines()) + "\n"


class _Module:
    """The parts of a module: parameters, prediction, and the network layer by layer."""

    def __init__(self, plan: ExportPlan) -> None:
        self.plan = plan
        self.printer = JavaScriptPrinter(double=plan.precision == "double")

    def lines(self) -> Iterator[str]:
        """Yield the whole module line by line."""
        functions = list(self._prediction())
        if self.plan.gradient is not None:
            functions += [*self._encode(), *layer_lines(self.printer, self.plan)]
        yield from self._heading()
        kind = "Float32Array" if self.plan.precision == "float" else "Float64Array"
        yield f"const real = {kind};"
        yield ""
        yield SHOWN
        if self.plan.gradient is not None:
            yield TAKEN
        yield from parameter_lines(self.plan)
        own = helpers(self.printer.used)
        yield from own
        yield from functions

    def _heading(self) -> Iterator[str]:
        plan = self.plan
        yield "/**"
        title = in_comment(plan.network.title)
        yield f" * {title} as a module, written by chainrule {release()}."
        yield " *"
        yield f" *   import {{ predict }} from './{plan.name}.mjs';"
        yield " *"
        for sentence in plan.sentences():
            yield from folded(in_comment(sentence), " * ")
        yield " *"
        yield f" * {plan.parameter_bytes:,} bytes of parameters. What forward and backward return,"
        yield " * their next calls overwrite."
        yield " */"
        yield ""

    def _prediction(self) -> Iterator[str]:
        prediction, memory = self.plan.prediction, self.plan.prediction_memory
        for piece, size in enumerate(memory.sizes):
            yield f"const memory_{letters(piece)} = new real({size});"
        places = {array: f"memory_{letters(piece)}" for array, piece in memory.piece_of.items()}
        places |= {prediction.x: "raw", prediction.y: "found"}
        yield ""
        if prediction.choice is not None:
            yield "/** The place of the chosen class; found becomes the probabilities. */"
        else:
            yield "/** Let found become the answers. */"
        yield "function answer(raw, found) {"
        yield from self._steps(prediction.program.steps, places)
        if prediction.choice is not None:
            yield from self._steps([prediction.choice], places)
        yield "}"
        yield ""
        yield from self._checked()
        yield from self._predict()

    def _checked(self) -> Iterator[str]:
        """Yield the function that makes numbers of a raw sample."""
        prediction, inputs = self.plan.prediction, self.plan.network.inputs
        if (texts := self.plan.texts) is not None:
            bag = prediction.bag
            name = "" if bag is None else identifier(bag.names["A"])
            yield from text_lines(texts, name, prediction.x.size)
        elif isinstance(inputs, TableEncoder):
            yield from cell_lines(prediction.columns, inputs.columns)
        else:
            yield from number_lines(self.plan)

    def _predict(self) -> Iterator[str]:
        prediction, answers = self.plan.prediction, self.plan.network.answers
        told = {
            "classes": "the label, its place among the classes, and all probabilities",
            "labels": "which labels hold, and all probabilities",
            "numbers": "the numbers",
            "outputs": "the outputs",
        }[answers.kind]
        yield "/**"
        yield f" * The answer to a raw sample: {told}."
        yield f" * @param {self._raw}"
        yield " */"
        yield "export function predict(x) {"
        yield from needs_parameters(self.plan, "predict")
        yield f"  const y = new real({prediction.y.size});"
        if answers.kind == "classes":
            yield "  const place = answer(numbers(x, 'predict'), y);"
            yield "  return { label: classes[place], place, probabilities: y };"
        elif answers.kind == "labels":
            yield "  answer(numbers(x, 'predict'), y);"
            yield "  const labels = classes.filter((_, i) => y[i] > 0.5);"
            yield "  return { labels, probabilities: y };"
        else:
            yield "  answer(numbers(x, 'predict'), y);"
            yield "  return y;"
        yield "}"

    @property
    def _raw(self) -> str:
        """What a raw sample is, in the comment of a function."""
        prediction = self.plan.prediction
        if self.plan.texts is not None:
            return "{string} x the text"
        if prediction.columns:
            return "{Object} x a row: its cells by the names of columns; null where one is missing"
        shape = raw_shape(self.plan)
        nested = f", or arrays in arrays, {' × '.join(map(str, shape))}" if len(shape) > 1 else ""
        return f"{{ArrayLike<number>}} x {prediction.x.size} numbers{nested}"

    def _encode(self) -> Iterator[str]:
        """Yield the function from raw samples to what the first layer takes."""
        prediction, gradient = self.plan.prediction, self.plan.gradient
        assert gradient is not None
        yield ""
        yield "/**"
        yield f" * What the first layer takes of a raw sample: {gradient.X.size} numbers."
        yield f" * @param {self._raw}"
        yield " */"
        yield "export function encode(x) {"
        yield from needs_parameters(self.plan, "encode")
        if self.plan.texts is not None:
            yield f"  const X = new real({gradient.X.size});"
            yield "  const { places, weights } = features(x, 'encode');"
            yield "  places.forEach((p, k) => (X[p] = weights[k]));"
            yield "  return X;"
        elif self.plan.encodes:
            yield f"  const encoded = new real({prediction.X.size});"
            yield "  const raw = numbers(x, 'encode');"
            pieces = self.plan.prediction_memory.piece_of.items()
            places = {array: f"memory_{letters(piece)}" for array, piece in pieces}
            places |= {prediction.x: "raw", prediction.X: "encoded"}
            yield from self._steps(prediction.program.steps[: prediction.input_steps], places)
            yield "  return encoded;"
        else:
            yield "  return real.from(numbers(x, 'encode'));"
        yield "}"

    def _steps(self, steps: Sequence[Step], places: Mapping[Array, str]) -> Iterator[str]:
        yield from step_lines(self.printer, steps, places)

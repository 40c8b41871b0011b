"""A network as one ES module, for browsers and Node."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.export.javascript.cells import cell_lines
from chainrule.export.javascript.printer import JavaScriptPrinter, helpers, literal
from chainrule.export.javascript.texts import text_lines
from chainrule.export.language.printing import folded, identifier, in_comment
from chainrule.export.lowering.base import Made
from chainrule.export.plan import ExportPlan
from chainrule.export.steps import Array, Step
from chainrule.later import release

__all__ = ["javascript_source"]

READABLE = 64
"""Parameters of so many numbers are written as such, larger ones as bytes in base64."""

DECODE = """/** The numbers whose bytes, little-endian, a text has in base64. */
function decoded(text, kind) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new kind(bytes.buffer);
}
"""


def javascript_source(plan: ExportPlan) -> str:
    """Return the text of the module."""
    return "\n".join(_Module(plan).lines()) + "\n"


class _Module:
    """The parts of a module: parameters, prediction, and the network layer by layer."""

    def __init__(self, plan: ExportPlan) -> None:
        self.plan = plan
        self.printer = JavaScriptPrinter()

    def lines(self) -> Iterator[str]:
        """Yield the whole module line by line."""
        functions = [*self._prediction(), *self._layers()]
        yield from self._heading()
        kind = "Float32Array" if self.plan.precision == "float" else "Float64Array"
        yield f"const real = {kind};"
        yield ""
        yield from self._parameters()
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

    def _parameters(self) -> Iterator[str]:
        parameters = self.plan.parameters
        inside = [array for array in parameters if array not in self.plan.separate]
        if any(array.size > READABLE for array in inside):
            yield DECODE
        for array in parameters:
            yield f"const {identifier(array.name)} = {self._numbers(array)}; // {_shape(array)}"
        if parameters:
            yield ""
        if self.plan.separate:
            yield from self._load()
        names = ", ".join(identifier(array.name) for array in parameters)
        yield "/** The parameters by name; to change their numbers is to change the network. */"
        yield f"export const parameters = {{ {names} }};"
        yield ""
        if self.plan.classes is not None:
            yield "/** The classes, in the order of their probabilities. */"
            yield f"export const classes = {json.dumps(_plain(self.plan.classes))};"
            yield ""

    def _numbers(self, array: Array) -> str:
        if array in self.plan.separate:
            return f"new real({array.size})"
        kind = np.float64 if array.wide else self.plan.dtype
        numbers = np.ravel(np.asarray(array.numbers)).astype(kind)
        made = "Float64Array" if array.wide else "real"
        if array.size <= READABLE:
            texts = [literal(float(str(x))) for x in numbers]
            return f"new {made}([{', '.join(texts)}])"
        text = base64.b64encode(_little(numbers)).decode()
        return f'decoded("{text}", {made})'

    def _load(self) -> Iterator[str]:
        yield "/** Take the parameters of an ArrayBuffer, the bytes of the file beside this one. */"
        yield "export function load(buffer) {"
        yield "  const numbers = new real(buffer);"
        start = 0
        for array in self.plan.separate:
            name = identifier(array.name)
            yield f"  {name}.set(numbers.subarray({start}, {start + array.size}));"
            start += array.size
        yield "}"
        yield ""

    def _prediction(self) -> Iterator[str]:
        prediction, memory = self.plan.prediction, self.plan.prediction_memory
        yield from cell_lines(prediction.columns)
        for piece, size in enumerate(memory.sizes):
            yield f"const memory{piece} = new real({size});"
        places = {array: f"memory{piece}" for array, piece in memory.piece_of.items()}
        places |= {prediction.x: "raw", prediction.y: "found"}
        yield ""
        if prediction.choice is not None:
            yield "/** The place of the chosen class; found becomes the probabilities. */"
        else:
            yield "/** Let found become the answers. */"
        yield "function answer(raw, found) {"
        yield from self._steps(prediction.program.steps, places)
        if prediction.choice is not None:
            yield from self._step(prediction.choice, places)
        yield "}"
        yield ""
        yield from self._checked()
        yield from self._predict()

    def _checked(self) -> Iterator[str]:
        """Yield the function that makes numbers of a raw sample."""
        prediction = self.plan.prediction
        size, columns = prediction.x.size, prediction.columns
        if (texts := self.plan.texts) is not None:
            bag = prediction.bag
            name = "" if bag is None else identifier(bag.names["A"])
            yield from text_lines(texts, name, size)
            return
        yield "/** The numbers of a raw sample; a RangeError for another count. */"
        yield "function numbers(x) {"
        if columns:
            yield "  return Float64Array.from(columns, (column) => column.read(x[column.name]));"
        else:
            yield f"  if (x.length !== {size}) {{"
            yield f"    throw new RangeError(`expected {size} numbers, got ${{x.length}}`);"
            yield "  }"
            yield "  return x;"
        yield "}"
        yield ""

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
        yield f"  const y = new real({prediction.y.size});"
        if answers.kind == "classes":
            yield "  const place = answer(numbers(x), y);"
            yield "  return { label: classes[place], place, probabilities: y };"
        elif answers.kind == "labels":
            yield "  answer(numbers(x), y);"
            yield "  const labels = classes.filter((_, i) => y[i] > 0.5);"
            yield "  return { labels, probabilities: y };"
        else:
            yield "  answer(numbers(x), y);"
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
        return f"{{ArrayLike<number>}} x {prediction.x.size} numbers"

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
        if self.plan.texts is not None:
            yield f"  const X = new real({gradient.X.size});"
            yield "  const { places, weights } = features(x);"
            yield "  places.forEach((p, k) => (X[p] = weights[k]));"
            yield "  return X;"
        elif self.plan.encodes:
            yield f"  const encoded = new real({prediction.X.size});"
            yield "  const raw = numbers(x);"
            places = {prediction.x: "raw", prediction.X: "encoded"}
            yield from self._steps(prediction.program.steps[: prediction.input_steps], places)
            yield "  return encoded;"
        else:
            yield "  return real.from(numbers(x));"
        yield "}"

    def _layers(self) -> Iterator[str]:
        gradient = self.plan.gradient
        if gradient is None:
            return
        yield from self._encode()
        arrays = _arrays(gradient.program.steps, [gradient.X, gradient.T, gradient.L, gradient.dX])
        fixed = set(gradient.program.parameters.values())
        places = {array: f"a_{identifier(array.name)}" for array in arrays if array not in fixed}
        yield ""
        for array, place in places.items():
            yield f"const {place} = new real({array.size});"
        yield ""
        yield "/** The layers in their order; a block has those inside. */"
        yield "export const layers = ["
        for made in gradient.made:
            yield from self._layer(made, places, "  ")
        yield "];"
        yield ""
        steps = gradient.program.steps
        forward, back = steps[: gradient.forward_steps], steps[gradient.forward_steps :]
        yield "/**"
        yield " * What each layer makes of X, the numbers that the first one takes: [X, Y0, Y1, …]."
        yield f" * @param {{ArrayLike<number>}} X {gradient.X.size} numbers"
        yield " */"
        yield "export function forward(X) {"
        yield f"  {places[gradient.X]}.set(X);"
        yield from self._steps(forward, places)
        yield f"  return [{places[gradient.X]}, ...layers.map((layer) => layer.value)];"
        yield "}"
        yield ""
        own = gradient.program.gradients
        yield "/**"
        yield " * The loss of what `forward` was given, and its gradients by all it depends on."
        yield f" * @param {{ArrayLike<number>}} T {gradient.T.size} targets"
        yield " */"
        yield "export function backward(T) {"
        yield f"  {places[gradient.T]}.set(T);"
        yield from self._steps(back, places)
        yield "  return {"
        yield f"    loss: {places[gradient.L]}[0],"
        yield f"    dX: {places[gradient.dX]},"
        named = ", ".join(f"{identifier(name)}: {places[a]}" for name, a in own.items())
        yield f"    parameters: {{ {named} }},"
        values = ", ".join(_gradients_of_values(gradient.made, places))
        yield f"    values: [{values}],"
        yield "  };"
        yield "}"

    def _layer(self, made: Made, places: Mapping[Array, str], indent: str) -> Iterator[str]:
        layer = made.layer
        sheet = layer.function.formulas()
        told: dict[str, Any] = {
            "name": str(layer.function),
            "kind": type(layer.function).__name__,
            "inputShape": list(layer.input_shape),
            "outputShape": list(layer.output_shape),
            "parameters": {own: identifier(name) for own, name in layer.names.items()},
            "formulas": {
                "definition": sheet.definition,
                "derivative": sheet.derivative,
                "backprop": sheet.backprop,
                "latex": sheet.latex,
            },
        }
        yield f"{indent}{{"
        for key, value in told.items():
            yield f"{indent}  {key}: {json.dumps(value, ensure_ascii=False)},"
        yield f"{indent}  value: {places[made.Y]},"
        if made.inner:
            yield f"{indent}  inner: ["
            for inner in made.inner:
                yield from self._layer(inner, places, f"{indent}    ")
            yield f"{indent}  ],"
        yield f"{indent}}},"

    def _steps(self, steps: Sequence[Step], places: Mapping[Array, str]) -> Iterator[str]:
        for step in steps:
            yield from self._step(step, places)

    def _step(self, step: Step, places: Mapping[Array, str]) -> Iterator[str]:
        yield f"  // {in_comment(step.title)}"
        yield from (f"  //   {in_comment(formula)}" for formula in step.formulas)
        yield "  {"
        for own, array in step.arrays.items():
            place = places.get(array, identifier(array.name))
            local = self.printer.name(own)
            if local != place:
                yield f"    const {local} = {place};"
        yield from self.printer.lines(step.body, "    ")
        yield "  }"


def _arrays(steps: Sequence[Step], first: Iterable[Array]) -> list[Array]:
    """Return the arrays of steps, each once."""
    return list(dict.fromkeys([*first, *(a for step in steps for a in step.arrays.values())]))


def _gradients_of_values(made: Sequence[Made], places: Mapping[Array, str]) -> Iterator[str]:
    """Yield the gradient by each layer's output, null where the loss includes what made it."""
    by_name = {array.name: place for array, place in places.items()}
    for each in made:
        yield by_name.get(f"d{each.Y.name}", "null")


def _plain(values: Any) -> list[Any]:
    found = values.tolist()
    return [each if isinstance(each, bool | int | float) else str(each) for each in found]


def _shape(array: Array) -> str:
    return " × ".join(map(str, array.shape)) or "1"


def _little(numbers: Any) -> bytes:
    """Return the bytes of numbers, little-endian."""
    found: bytes = numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()
    return found

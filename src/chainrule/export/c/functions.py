"""The functions of a file of C: prediction, encoding and the gradient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chainrule.export.c.data import members
from chainrule.export.c.printer import CPrinter
from chainrule.export.c.weights import read_head, read_lines, unread
from chainrule.export.language.printing import identifier, in_comment
from chainrule.export.memory import Memory, letters
from chainrule.export.plan import ExportPlan
from chainrule.export.steps import Array, Step

__all__ = ["CFunctions"]

Places = Mapping[Array, str]
"""Where arrays are, as C names it."""


class CFunctions:
    """The text of each function, and its head.

    Parameters
    ----------
    plan : ExportPlan
        What is written.
    printer, wide : CPrinter
        How loops are written in the type of the program, and in double.
    """

    def __init__(self, plan: ExportPlan, printer: CPrinter, wide: CPrinter) -> None:
        self.plan, self.name = plan, plan.name
        self.printer, self.wide = printer, wide

    @property
    def heads(self) -> list[str]:
        """The heads of all functions that others may call."""
        plan = self.plan
        found = [self._predict_head]
        if plan.gradient is not None:
            found += [*([self._encode_head] if plan.encodes else []), self._gradient_head]
        return [*found, *([read_head(plan)] if plan.separate else [])]

    def lines(self) -> Iterator[str]:
        """Yield all functions."""
        yield from self._predict()
        if self.plan.gradient is not None:
            yield from self._encode() if self.plan.encodes else ()
            yield from self._gradient()
        yield from read_lines(self.plan)

    @property
    def _raw(self) -> str:
        prediction = self.plan.prediction
        if self.plan.texts is not None:
            return "const char *text"
        if prediction.columns:
            return f"const struct {self.name}_row *row"
        return f"const real x[{prediction.x.size}]"

    @property
    def _predict_head(self) -> str:
        prediction = self.plan.prediction
        answer = "void" if prediction.choice is None else "int"
        return f"{answer} {self.name}_predict({self._raw}, real y[{prediction.y.size}])"

    def _predict(self) -> Iterator[str]:
        prediction = self.plan.prediction
        places = {prediction.x: "x", prediction.y: "y"}
        places |= _pieces(self.plan.prediction_memory)
        yield from (self._predict_head, "{")
        answer = "" if prediction.choice is None else "-1"
        yield from unread(self.plan, {"y": prediction.y.size}, answer)
        yield from self._cells()
        yield from self._steps(prediction.program.steps, places)
        if prediction.choice is not None:
            yield from self._step(prediction.choice, places)
        yield "}"

    def _cells(self) -> Iterator[str]:
        """Yield how x is made of the cells of a row."""
        columns = self.plan.prediction.columns
        if self.plan.texts is not None:
            yield from self._features()
        if not columns:
            return
        yield f"  double x[{self.plan.prediction.x.size}];"
        first = 0
        for place, (column, name) in enumerate(zip(columns, members(columns), strict=True)):
            if column.text is not None:
                yield f"  read_column_{place}(row->{name}, x + {first});"
            elif column.values is None:
                yield f"  x[{first}] = row->{name};"
            else:
                known = f"values_{place}, {len(column.values)}, {column.missing}, {column.other}"
                yield f"  x[{first}] = place_of(row->{name}, {known});"
            first += column.width

    def _features(self) -> Iterator[str]:
        """Yield how x is made of a text: the output of a bag of embeddings, or all features."""
        x, bag = self.plan.prediction.x, self.plan.prediction.bag
        yield f"  static real x[{x.size}];"
        yield "  read_text(text);"
        yield "  const double size = size_of_weights();"
        yield f"  for (int d = 0; d < {x.size}; d++) x[d] = 0;"
        yield "  for (int k = 0; k < reading.found; k++) {"
        yield "    const int p = reading.places[k];"
        yield "    const real weight = (float)(weight_of(k) / size);"
        if bag is None:
            yield "    x[p] = weight;"
        else:
            A, dimensions = identifier(bag.names["A"]), x.size
            product = f"weight * {A}[{dimensions} * p + d]"
            yield f"    for (int d = 0; d < {dimensions}; d++) x[d] += {product};"
        yield "  }"

    @property
    def _encode_head(self) -> str:
        gradient = self.plan.gradient
        assert gradient is not None
        return f"void {self.name}_encode({self._raw}, real X[{gradient.X.size}])"

    def _encode(self) -> Iterator[str]:
        prediction, gradient = self.plan.prediction, self.plan.gradient
        assert gradient is not None
        yield from ("", self._encode_head, "{")
        if self.plan.texts is not None:
            yield "  read_text(text);"
            yield "  const double size = size_of_weights();"
            yield f"  for (int p = 0; p < {gradient.X.size}; p++) X[p] = 0;"
            yield "  for (int k = 0; k < reading.found; k++) {"
            yield "    X[reading.places[k]] = (float)(weight_of(k) / size);"
            yield from ("  }", "}")
            return
        if any(array in self.plan.separate for array in prediction.input_parameters):
            yield from unread(self.plan, {"X": gradient.X.size})
        yield from self._cells()
        own = {prediction.x: "x", prediction.X: "X"}
        places = _pieces(self.plan.prediction_memory) | own
        yield from self._steps(prediction.program.steps[: prediction.input_steps], places)
        yield "}"

    @property
    def _gradient_head(self) -> str:
        gradient = self.plan.gradient
        assert gradient is not None
        x, t = gradient.X.size, gradient.T.size
        own = f"struct {self.name}_gradients *d"
        return f"real {self.name}_gradient(const real X[{x}], const real T[{t}], {own})"

    def _gradient(self) -> Iterator[str]:
        gradient = self.plan.gradient
        assert gradient is not None
        places = {gradient.X: "X", gradient.T: "T", gradient.dX: "d->dX", gradient.L: "L"}
        places |= {
            array: f"d->{identifier(array.name)}" for array in gradient.program.gradients.values()
        }
        places |= _pieces(self.plan.gradient_memory)
        yield from ("", self._gradient_head, "{")
        own = [gradient.dX, *gradient.program.gradients.values()]
        yield from unread(self.plan, {places[array]: array.size for array in own}, "NAN")
        yield "  real L[1];"
        yield from self._steps(gradient.program.steps, places)
        yield from ("  return L[0];", "}")

    def _steps(self, steps: Sequence[Step], places: Places) -> Iterator[str]:
        for step in steps:
            yield from self._step(step, places)

    def _step(self, step: Step, places: Places) -> Iterator[str]:
        formulas = [f"   *   {in_comment(formula)}" for formula in step.formulas]
        head = [f"  /* {in_comment(step.title)}", *formulas]
        yield from (*head[:-1], f"{head[-1]} */", "  {")
        written = step.writes
        for own, array in step.arrays.items():
            place = places.get(array, identifier(array.name))
            local = self.printer.name(own)
            if local != place:
                kind = "double" if array.wide else "real"
                yield f"    {'' if array in written else 'const '}{kind} *{local} = {place};"
        printer = self.wide if step.wide else self.printer
        printer.rounds = step.single and self.plan.precision == "double"
        yield from printer.lines(step.body, "    ")
        yield "  }"


def _pieces(memory: Memory) -> dict[Array, str]:
    return {array: f"memory_{letters(piece)}" for array, piece in memory.piece_of.items()}

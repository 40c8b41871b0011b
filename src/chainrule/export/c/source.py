"""A network as one file of C99."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule import __version__
from chainrule.export.c.check import check_lines
from chainrule.export.c.printer import CPrinter, helpers
from chainrule.export.language.printing import identifier, in_comment
from chainrule.export.memory import Memory
from chainrule.export.plan import ExportPlan
from chainrule.export.steps import Array, Step

__all__ = ["c_source"]

PER_LINE = 8
"""Numbers of a parameter in a line."""

COMPILE = (
    " * Compile with -std=c99 -O3 -ffp-contract=off and link with -lm: a compiler that fuses",
    " * a product and a sum, as gcc and newer clang do by default, rounds otherwise, and what",
    " * a difference has rounded off, on which last digits of softmax depend, is lost.",
)


def c_source(plan: ExportPlan) -> str:
    """Return the text of the file."""
    return "\n".join(_CFile(plan).lines()) + "\n"


class _CFile:
    """The parts of a file: what is said first, parameters, memory, functions, a check."""

    def __init__(self, plan: ExportPlan) -> None:
        self.plan, self.name = plan, plan.name
        self.printer = CPrinter(plan.precision)

    def lines(self) -> Iterator[str]:
        """Yield the whole file line by line."""
        functions = [*self._prediction(), *self._gradient()]
        yield from self._heading()
        yield "#include <math.h>"
        if self.plan.samples is not None:
            yield from ("#ifdef CHAINRULE_MAIN", "#include <stdio.h>", "#endif")
        if self.plan.separate:
            yield "#include <stdio.h>"
        yield from ("", f"typedef {self.plan.precision} real;", "")
        yield from self._constants()
        yield from self._parameters()
        yield from self._memory()
        own = helpers(self.printer.used)
        yield from [*own, ""] if own else []
        yield from functions
        if self.plan.samples is not None:
            yield from ("", *check_lines(self.plan, self.printer))

    def _heading(self) -> Iterator[str]:
        plan, name = self.plan, self.name
        yield f"/* {in_comment(plan.network.title)} as C99, written by chainrule {__version__}."
        yield " *"
        yield from (f" *   {line}" for line in self._prototypes())
        yield " *"
        for sentence in plan.sentences():
            yield f" * {in_comment(sentence)}"
        yield " *"
        yield from COMPILE
        if plan.samples is not None:
            yield f" * With -DCHAINRULE_MAIN it is a program that checks {name} on kept samples."
        yield " *"
        yield f" * Flash: {plan.parameter_bytes:,} bytes of parameters."
        yield f" * RAM: {plan.memory_bytes:,} bytes, allocated once; so one call at a time. */"
        yield ""

    def _prototypes(self) -> list[str]:
        found = [f"{self._predict_head()};"]
        if self.plan.gradient is not None:
            found.append(f"{self._gradient_head()};")
        if self.plan.separate:
            found.append(f"{self._load_head()};")
        return found

    def _constants(self) -> Iterator[str]:
        upper, prediction = self.name.upper(), self.plan.prediction
        yield f"#define {upper}_INPUTS {prediction.x.size}"
        yield f"#define {upper}_OUTPUTS {prediction.y.size}"
        yield ""
        classes = self.plan.classes
        if classes is not None:
            kind, texts = _class_literals(classes)
            yield f"const {kind} {self.name}_classes[{len(texts)}] = {{{', '.join(texts)}}};"
            yield ""

    def _parameters(self) -> Iterator[str]:
        for array in self.plan.parameters:
            assert array.numbers is not None
            shape = " × ".join(map(str, array.shape)) or "1"
            if array in self.plan.separate:
                yield f"static real {identifier(array.name)}[{array.size}]; /* {shape} */"
                continue
            yield f"static const real {identifier(array.name)}[{array.size}] = {{ /* {shape} */"
            numbers = [self.printer.number(float(x)) for x in np.ravel(array.numbers)]
            for first in range(0, len(numbers), PER_LINE):
                yield f"  {', '.join(numbers[first : first + PER_LINE])},"
            yield "};"
        yield ""

    def _memory(self) -> Iterator[str]:
        for piece, size in enumerate(self.plan.memory_sizes):
            yield f"static real memory_{letters(piece)}[{size}];"
        if self.plan.memory_sizes:
            yield ""
        if self.plan.gradient is not None:
            yield f"struct {self.name}_gradients {{"
            yield f"  real dX[{self.plan.gradient.X.size}];"
            for array in self.plan.gradient.program.gradients.values():
                yield f"  real {identifier(array.name)}[{array.size}];"
            yield "};"
            yield ""
        if self.plan.separate:
            yield from self._load()

    def _load_head(self) -> str:
        return f"int {self.name}_read(FILE *file)"

    def _load(self) -> Iterator[str]:
        yield f"{self._load_head()} /* 0 if all parameters have come */"
        yield "{"
        for array in self.plan.separate:
            name, size = identifier(array.name), array.size
            yield f"  if (fread({name}, sizeof(real), {size}, file) != {size}) return 1;"
        yield "  return 0;"
        yield "}"
        yield ""

    def _predict_head(self) -> str:
        prediction = self.plan.prediction
        answer = "void" if prediction.choice is None else "int"
        x, y = prediction.x.size, prediction.y.size
        return f"{answer} {self.name}_predict(const real x[{x}], real y[{y}])"

    def _prediction(self) -> Iterator[str]:
        prediction = self.plan.prediction
        places = {prediction.x: "x", prediction.y: "y"}
        places |= self._pieces(self.plan.prediction_memory)
        yield self._predict_head()
        yield "{"
        yield from self._steps(prediction.program.steps, places)
        if prediction.choice is not None:
            yield from self._step(prediction.choice, places)
        yield "}"

    def _gradient_head(self) -> str:
        gradient = self.plan.gradient
        assert gradient is not None
        x, t = gradient.X.size, gradient.T.size
        own = f"struct {self.name}_gradients *d"
        return f"real {self.name}_gradient(const real X[{x}], const real T[{t}], {own})"

    def _gradient(self) -> Iterator[str]:
        gradient = self.plan.gradient
        if gradient is None:
            return
        places = {gradient.X: "X", gradient.T: "T", gradient.dX: "d->dX", gradient.L: "L"}
        places |= {
            array: f"d->{identifier(array.name)}" for array in gradient.program.gradients.values()
        }
        places |= self._pieces(self.plan.gradient_memory)
        yield ""
        yield self._gradient_head()
        yield "{"
        yield "  real L[1];"
        yield from self._steps(gradient.program.steps, places)
        yield "  return L[0];"
        yield "}"

    def _pieces(self, memory: Memory) -> dict[Array, str]:
        return {array: f"memory_{letters(piece)}" for array, piece in memory.piece_of.items()}

    def _steps(self, steps: Sequence[Step], places: Mapping[Array, str]) -> Iterator[str]:
        for step in steps:
            yield from self._step(step, places)

    def _step(self, step: Step, places: Mapping[Array, str]) -> Iterator[str]:
        title = in_comment(step.title)
        formulas = [in_comment(formula) for formula in step.formulas]
        head = [f"  /* {title}", *(f"   *   {formula}" for formula in formulas)]
        yield from [*head[:-1], f"{head[-1]} */"]
        yield "  {"
        written = step.writes
        for own, array in step.arrays.items():
            place = places.get(array, identifier(array.name))
            local = identifier(own)
            if local != place:
                kind = "real" if array in written else "const real"
                yield f"    {kind} *{local} = {place};"
        yield from self.printer.lines(step.body, "    ")
        yield "  }"


def letters(number: int) -> str:
    """Return a, b, …, z, aa, … for 0, 1, …."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(97 + rest) + text
    return text


def _class_literals(classes: Any) -> tuple[str, list[str]]:
    """Return the type of classes in C, and how each is written."""
    values = classes.tolist()
    if all(isinstance(value, bool | int) and abs(int(value)) < 2**63 for value in values):
        return "long long", [f"{int(value)}LL" for value in values]
    if all(isinstance(value, float) for value in values):
        return "double", [repr(value) for value in values]
    return "char *const", [string(str(value)) for value in values]


def string(text: str) -> str:
    """Return a text as a string of C, in UTF-8; what is no letter or digit by its bytes."""
    plain = {byte: chr(byte) for byte in range(32, 127) if chr(byte) not in '"\\?'}
    parts = [plain.get(byte, f"\\{byte:03o}") for byte in text.encode("utf-8", "surrogatepass")]
    return f'"{"".join(parts)}"'

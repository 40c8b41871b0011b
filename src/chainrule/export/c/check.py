"""A main function that compares a network's answers with those that the library gave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chainrule.export.c.check_gradient import check_gradient_lines
from chainrule.export.c.printer import CPrinter, comment, string
from chainrule.export.c.weights import weights_check
from chainrule.export.plan import ExportPlan
from chainrule.export.raw_columns import RawColumn

__all__ = ["check_lines"]

ALLOWED = (
    "Rounding does so much: 16 times how far the library's answers in this type are from those in "
    "double, at most, and 1024 times the spacing of the type's numbers at the largest, or at 1."
)


def check_lines(plan: ExportPlan, printer: CPrinter, wide: CPrinter) -> Iterator[str]:
    """Yield the lines of the check, which is compiled with -DCHAINRULE_MAIN only."""
    yield "#ifdef CHAINRULE_MAIN"
    yield from _samples(plan, printer, wide)
    yield from _predictions(plan)
    yield from check_gradient_lines(plan, printer, wide)
    yield from weights_check(plan)
    yield from _main(plan)
    yield "#endif"


def _samples(plan: ExportPlan, printer: CPrinter, wide: CPrinter) -> Iterator[str]:
    """Yield the kept samples and their answers."""
    samples, columns = plan.samples, plan.prediction.columns
    assert samples is not None
    count, outputs = samples.y.shape
    if plan.texts is not None:
        yield f"static const char *const check_samples[{count}] = {{"
        yield from (f"  {string(row[0])}," for row in samples.x)
    elif columns:
        yield f"static const struct {plan.name}_row check_samples[{count}] = {{"
        yield from _rows(samples.x, wide, columns)
    else:
        yield f"static const real check_samples[{count}][{plan.prediction.x.size}] = {{"
        yield from _rows(samples.x, printer)
    yield "};"
    yield f"static const real check_answers[{count}][{outputs}] = {{"
    yield from _rows(samples.y.tolist(), printer)
    yield "};"
    if samples.chosen is not None:
        places = ", ".join(map(str, samples.chosen.tolist()))
        yield "/* the places of the classes; -1 where two are as probable, up to rounding */"
        yield f"static const int check_places[{count}] = {{{places}}};"
    yield ""


def _predictions(plan: ExportPlan) -> Iterator[str]:
    """Yield the function that compares predictions."""
    samples, name = plan.samples, plan.name
    assert samples is not None
    count, outputs = samples.y.shape
    yield "/* How many answers are others than the library's. */"
    yield "static int check_predictions(void)"
    yield "{"
    yield from comment(ALLOWED, "  ")
    yield f"  const double allowed = {samples.allowed!r};"
    yield "  double largest = 0.0;"
    yield "  int wrong = 0;"
    yield f"  for (int n = 0; n < {count}; n++) {{"
    yield f"    real y[{outputs}];"
    call = f"{name}_predict({'&' if plan.prediction.columns else ''}check_samples[n], y)"
    if samples.chosen is None:
        yield f"    {call};"
    else:
        yield f"    const int place = {call};"
        yield "    if (check_places[n] >= 0 && place != check_places[n]) wrong++;"
    yield f"    for (int i = 0; i < {outputs}; i++) {{"
    yield "      const double difference = fabs((double)y[i] - (double)check_answers[n][i]);"
    yield "      if (!(difference <= allowed)) wrong++;"
    yield "      if (!(difference <= largest)) largest = difference;"
    yield "    }"
    yield "  }"
    yield f'  printf("{name}: {count} samples, largest difference %.3g, allowed %.3g: %s\\n",'
    yield '         largest, allowed, wrong ? "WRONG" : "right");'
    yield "  return wrong;"
    yield "}"
    yield ""


def _main(plan: ExportPlan) -> Iterator[str]:
    """Yield the function that takes the parameters, if they are in a file, and checks."""
    yield f"int main({'int count, char **words' if plan.separate else 'void'})"
    yield "{"
    if plan.separate:
        yield "  if (!take_weights(count == 2 ? words[1] : NULL)) return 2;"
    checks = ["check_predictions()"]
    if plan.gradient_samples is not None:
        checks.append("check_derivatives()")
    elif plan.gradient is not None:
        told = "gradient not compared: at each kept sample rounding decides which it is"
        yield f'  printf("{plan.name}: {told}\\n");'
    yield f"  return {' + '.join(checks)} != 0;"
    yield "}"


def _rows(
    rows: list[list[Any]], printer: CPrinter, columns: tuple[RawColumn, ...] = ()
) -> Iterator[str]:
    for row in rows:
        yield f"  {{{', '.join(_cells(row, printer, columns))}}},"


def _cells(row: list[Any], printer: CPrinter, columns: tuple[RawColumn, ...]) -> Iterator[str]:
    for place, cell in enumerate(row):
        if columns and columns[place].is_text:
            yield "NULL" if cell is None else string(cell)
        else:
            yield "NAN" if cell is None else printer.number(float(cell))

"""A main function that compares a network's answers with those that the library gave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chainrule.export.c.printer import CPrinter, string
from chainrule.export.plan import ExportPlan
from chainrule.export.raw_columns import RawColumn

__all__ = ["check_lines"]


def check_lines(plan: ExportPlan, printer: CPrinter, wide: CPrinter) -> Iterator[str]:
    """Yield the lines of the check, which is compiled with -DCHAINRULE_MAIN only."""
    samples, name = plan.samples, plan.name
    assert samples is not None
    (count, outputs), columns = samples.y.shape, plan.prediction.columns
    yield "#ifdef CHAINRULE_MAIN"
    if plan.texts is not None:
        yield f"static const char *const check_samples[{count}] = {{"
    elif columns:
        yield f"static const struct {name}_row check_samples[{count}] = {{"
    else:
        yield f"static const real check_samples[{count}][{plan.prediction.x.size}] = {{"
    if plan.texts is not None:
        yield from (f"  {string(row[0])}," for row in samples.x)
    else:
        yield from _rows(samples.x, wide if columns else printer, columns)
    yield "};"
    yield f"static const real check_answers[{count}][{outputs}] = {{"
    yield from _rows(samples.y.tolist(), printer)
    yield "};"
    chosen = samples.chosen
    if chosen is not None:
        places = ", ".join(map(str, chosen.tolist()))
        yield f"static const int check_classes[{count}] = {{{places}}};"
    yield ""
    yield f"int main({'int count, char **words' if plan.separate else 'void'})"
    yield "{"
    yield f"  const double allowed = {samples.allowed!r};"
    yield "  double largest = 0.0;"
    yield "  int wrong = 0;"
    if plan.separate:
        yield '  FILE *file = count == 2 ? fopen(words[1], "rb") : NULL;'
        yield f"  if (file == NULL || {name}_read(file)) {{"
        yield '    printf("expected the file of the parameters as the one argument\\n");'
        yield "    return 2;"
        yield "  }"
        yield "  fclose(file);"
    yield f"  for (int n = 0; n < {count}; n++) {{"
    yield f"    real y[{outputs}];"
    call = f"{name}_predict({'&' if columns else ''}check_samples[n], y)"
    if chosen is None:
        yield f"    {call};"
    else:
        yield f"    const int answer = {call};"
        yield "    if (check_classes[n] >= 0 && answer != check_classes[n]) wrong++;"
    yield f"    for (int i = 0; i < {outputs}; i++) {{"
    yield "      const double difference = fabs((double)y[i] - (double)check_answers[n][i]);"
    yield "      if (!(difference <= allowed)) wrong++;"
    yield "      if (!(difference <= largest)) largest = difference;"
    yield "    }"
    yield "  }"
    yield f'  printf("{name}: {count} samples, largest difference %.3g, allowed %.3g: %s\\n",'
    yield '         largest, allowed, wrong ? "WRONG" : "right");'
    yield "  return wrong != 0;"
    yield "}"
    yield "#endif"


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

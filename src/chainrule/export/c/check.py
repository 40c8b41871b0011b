"""A main function that compares a network's answers with those that the library gave."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chainrule.export.c.printer import CPrinter
from chainrule.export.plan import ExportPlan
from chainrule.types import Array

__all__ = ["check_lines"]


def check_lines(plan: ExportPlan, printer: CPrinter) -> Iterator[str]:
    """Yield the lines of the check, which is compiled with -DCHAINRULE_MAIN only."""
    samples, name = plan.samples, plan.name
    assert samples is not None
    count, inputs = samples.x.shape
    outputs = samples.y.shape[1]
    yield "#ifdef CHAINRULE_MAIN"
    yield f"static const real check_samples[{count}][{inputs}] = {{"
    yield from _rows(samples.x, printer)
    yield "};"
    yield f"static const real check_answers[{count}][{outputs}] = {{"
    yield from _rows(samples.y, printer)
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
    call = f"{name}_predict(check_samples[n], y)"
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


def _rows(numbers: Array, printer: CPrinter) -> Iterator[str]:
    for row in numbers:
        texts = [printer.number(float(x)) for x in np.ravel(row)]
        yield f"  {{{', '.join(texts)}}},"

"""The part of a program's check that compares the loss and its gradient with the library's."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.export.c.printer import CPrinter, comment
from chainrule.export.gradient_samples import GOLDEN
from chainrule.export.language.printing import identifier
from chainrule.export.plan import ExportPlan

__all__ = ["check_gradient_lines"]

ALONG = f"""/* The derivative along a direction of numbers from -1 to 1, none of them 0. */
static double along(const real *d, int size)
{{
  double s = 0.0;
  for (int i = 0; i < size; i++) {{
    s += d[i] * ((uint32_t)((i + 1) * {GOLDEN}u) / 2147483648.0 - 1.0);
  }}
  return s;
}}
"""

TOLD = (
    "How many are others than the library's: of the mean loss and, for each array, the derivative "
    "along a direction. Rounding does as much as is allowed: four times how far the library's are "
    "from those in double when they are computed in this type, or when each parameter is changed "
    "by about four of its roundings, and 64 roundings of what is added up."
)


def check_gradient_lines(plan: ExportPlan, printer: CPrinter, wide: CPrinter) -> Iterator[str]:
    """Yield the function that compares a gradient with the library's."""
    kept, gradient, name = plan.gradient_samples, plan.gradient, plan.name
    if kept is None or gradient is None:
        return
    arrays = {"dX": gradient.dX.size}
    arrays |= {identifier(a.name): a.size for a in gradient.program.gradients.values()}
    count, total = len(kept.places), 1 + len(arrays)
    yield from ALONG.split("\n")
    yield from comment(TOLD)
    yield "static int check_derivatives(void)"
    yield "{"
    yield f"  static const int samples[{count}] = {{{', '.join(map(str, kept.places))}}};"
    yield f"  static const real T[{count}][{gradient.T.size}] = {{"
    for row in kept.T.tolist():
        yield f"    {{{', '.join(printer.number(float(each)) for each in row)}}},"
    yield "  };"
    names = ", ".join(f'"{each}"' for each in ("loss", *arrays))
    yield f"  static const char *const names[{total}] = {{{names}}};"
    for own, numbers in (("expected", kept.expected), ("allowed", kept.allowed)):
        listed = ", ".join(wide.number(float(each)) for each in numbers)
        yield f"  static const double {own}[{total}] = {{{listed}}};"
    yield f"  static struct {name}_gradients d;"
    if plan.encodes:
        yield f"  static real X[{gradient.X.size}];"
    yield f"  double found[{total}] = {{0.0}};"
    yield "  int wrong = 0;"
    yield f"  for (int n = 0; n < {count}; n++) {{"
    X = "check_samples[samples[n]]"
    if plan.encodes:
        yield f"    {name}_encode({'&' if plan.prediction.columns else ''}{X}, X);"
        X = "X"
    yield f"    found[0] += {name}_gradient({X}, T[n], &d) / {count}.0;"
    for place, (own, size) in enumerate(arrays.items(), 1):
        yield f"    found[{place}] += along(d.{own}, {size}) / {count}.0;"
    yield "  }"
    yield f"  for (int i = 0; i < {total}; i++) {{"
    yield "    if (fabs(found[i] - expected[i]) <= allowed[i]) continue;"
    yield '    printf("%s: %.9g, expected %.9g, allowed %.3g\\n", names[i], found[i], expected[i],'
    yield "           allowed[i]);"
    yield "    wrong++;"
    yield "  }"
    told = f"{name}: gradient of {count} sample{'s' if count > 1 else ''} by {total - 1} array"
    yield f'  printf("{told}{"s" if total > 2 else ""}: %s\\n", wrong ? "WRONG" : "right");'
    yield "  return wrong;"
    yield "}"
    yield ""

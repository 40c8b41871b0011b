"""How a program in C takes its file of weights, and what it answers before it has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chainrule.export.c.printer import string
from chainrule.export.language.printing import identifier
from chainrule.export.plan import ExportPlan

__all__ = ["WRONG_FILES", "read_head", "read_lines", "ready_lines", "unread", "weights_check"]

WRONG_FILES = (
    "ends too early",
    "has other parameters than this network's",
    "is damaged or too long",
)
"""What is wrong with a file, by the answers 1, 2, … of the function that reads it."""

CHECKSUM = """
/* The CRC-32 of bytes, continued. */
static uint32_t checksum(uint32_t crc, const unsigned char *bytes, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return crc;
}
"""


def ready_lines(plan: ExportPlan) -> Iterator[str]:
    """Yield the variable that says whether the parameters have come."""
    if plan.separate:
        yield f"static int ready; /* whether {plan.name}_read has taken the parameters */"
        yield ""


def unread(plan: ExportPlan, arrays: Mapping[str, int], answer: str = "") -> Iterator[str]:
    """Yield what a function does before the parameters have come.

    Parameters
    ----------
    plan : ExportPlan
        What is written.
    arrays : mapping of str to int
        What the function fills, and how many numbers each has: they become NAN.
    answer : str
        What it returns.
    """
    if not plan.separate:
        return
    yield "  if (!ready) {"
    for array, size in arrays.items():
        yield f"    for (int i = 0; i < {size}; i++) {array}[i] = NAN;"
    yield f"    return{answer and ' '}{answer};"
    yield "  }"


def read_head(plan: ExportPlan) -> str:
    """Return the head of the function that reads the parameters."""
    return f"int {plan.name}_read(FILE *file)"


def read_lines(plan: ExportPlan) -> Iterator[str]:
    """Yield the function that reads the parameters, and refuses files of others."""
    weights = plan.weights
    if weights is None:
        return
    yield from CHECKSUM.rstrip("\n").split("\n")
    yield ""
    told = ", ".join(f"{place} if it {each}" for place, each in enumerate(WRONG_FILES, 1))
    yield "/* 0 if the file has the parameters of this network;"
    yield f" * {told}. */"
    yield from (read_head(plan), "{")
    words = ", ".join(f"0x{word:08X}u" for word in weights.words)
    yield "  /* CRW1, the bytes of a number, how many there are, and their checksum */"
    yield f"  static const uint32_t expected[4] = {{{words}}};"
    yield "  uint32_t header[4], crc = 0xFFFFFFFFu;"
    yield "  ready = 0;"
    yield "  if (fread(header, sizeof *header, 4, file) != 4) return 1;"
    yield "  for (int i = 0; i < 4; i++) if (header[i] != expected[i]) return 2;"
    for array in plan.separate:
        name, size = identifier(array.name), array.size
        yield f"  if (fread({name}, sizeof *{name}, {size}, file) != {size}) return 1;"
        yield f"  crc = checksum(crc, (const unsigned char *){name}, sizeof {name});"
    yield "  if ((crc ^ 0xFFFFFFFFu) != expected[3] || fgetc(file) != EOF) return 3;"
    yield "  ready = 1;"
    yield from ("  return 0;", "}")


def weights_check(plan: ExportPlan) -> Iterator[str]:
    """Yield the function of a program with which it takes its parameters, or says what is wrong."""
    weights = plan.weights
    if weights is None:
        return
    name, told = string(weights.name), f"of {weights.size:,} bytes, the parameters of {plan.name}"
    yield "/* Whether the parameters have come; what is wrong is told. */"
    yield "static int take_weights(const char *path)"
    yield "{"
    yield f"  static const char *const expected = {name};"
    yield "  static const char *const wrong[] = {"
    yield from (f"    {string(each)}," for each in WRONG_FILES)
    yield "  };"
    yield '  FILE *file = path == NULL ? NULL : fopen(path, "rb");'
    yield f"  const int status = file == NULL ? -1 : {plan.name}_read(file);"
    yield '  const char *reason = path == NULL ? "is missing" : "cannot be opened";'
    yield "  if (file != NULL) fclose(file);"
    yield "  if (status == 0) return 1;"
    yield "  if (status > 0) reason = wrong[status - 1];"
    yield f'  fprintf(stderr, "%s %s; expected %s, {told}\\n",'
    yield '          path == NULL ? "the one argument" : path, reason, expected);'
    yield "  return 0;"
    yield "}"
    yield ""

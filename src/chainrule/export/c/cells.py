"""How a program in C reads a cell of text: what is missing, and which value of a column it is."""

from __future__ import annotations

import json
from collections.abc import Sequence

from chainrule.data.cells import MISSING
from chainrule.export.raw_columns import RawColumn

__all__ = ["cell_functions"]

SPANS = """/* How many bytes a space at the start of a text takes; 0 if there is none. */
static int space_at(const char *text)
{
  const unsigned char *c = (const unsigned char *)text;
  if ((c[0] >= 9 && c[0] <= 13) || (c[0] >= 28 && c[0] <= 32)) return 1;
  if (c[0] == 0xC2 && (c[1] == 0x85 || c[1] == 0xA0)) return 2;
  if (c[0] == 0xE1 && c[1] == 0x9A && c[2] == 0x80) return 3;
  if (c[0] == 0xE2 && c[1] == 0x81 && c[2] == 0x9F) return 3;
  if (c[0] == 0xE3 && c[1] == 0x80 && c[2] == 0x80) return 3;
  if (c[0] != 0xE2 || c[1] != 0x80) return 0;
  return (c[2] >= 0x80 && c[2] <= 0x8A) || c[2] == 0xA8 || c[2] == 0xA9 || c[2] == 0xAF ? 3 : 0;
}

/* The start of a cell without the spaces around it, and its length. */
static const char *stripped(const char *text, int *length)
{
  int end = 0, space;
  while ((space = space_at(text)) > 0) text += space;
  for (int i = 0; text[i] != 0;) {
    space = space_at(text + i);
    i += space > 0 ? space : 1;
    if (space == 0) end = i;
  }
  *length = end;
  return text;
}

static char small(char letter)
{
  return (char)(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter);
}

/* Whether a cell says that it is missing, in letters of any case. */
static int is_missing(const char *text)
{
  static const char *const markers[] = {%s};
  int length;
  if (text == NULL) return 1;
  text = stripped(text, &length);
  for (int i = 0; i < (int)(sizeof markers / sizeof *markers); i++) {
    int k = 0;
    while (k < length && markers[i][k] == small(text[k])) k++;
    if (k == length && markers[i][k] == 0) return 1;
  }
  return 0;
}
"""

PLACES = """/* Whether all of a text is a decimal number, and which. */
static int is_number(const char *text, int length, double *value)
{
  char *end;
  for (int i = 0; i < length; i++) if (strchr("0123456789+-.eE", text[i]) == NULL) return 0;
  *value = strtod(text, &end);
  return length > 0 && end == text + length && *value - *value == 0;
}

/* Whether two whole numbers are the same, which may have more digits than a double. */
static int same_digits(const char *text, int length, const char *known)
{
  const int negative = text[0] == '-';
  if (negative || text[0] == '+') text++, length--;
  while (length > 1 && text[0] == '0') text++, length--;
  if (negative && *known++ != '-') return 0;
  return strspn(text, "0123456789") >= (size_t)length && (int)strlen(known) == length
         && strncmp(text, known, (size_t)length) == 0;
}

/* Whether a cell is a value of a column: the same text, truth or number. */
static int is_value(const char *text, int length, const char *known, int as_number, double number)
{
  double value;
  if (!as_number) return strncmp(text, known, (size_t)length) == 0 && known[length] == 0;
  if (fabs(number) > 9007199254740992.0) return same_digits(text, length, known);
  return is_number(known, (int)strlen(known), &value) && value == number;
}

/* The place of a cell among the values of a column, or what stands for one not there. */
static int place_of(const char *text, const char *const *values, int count, int missing, int other)
{
  int length;
  double number = 0;
  if (is_missing(text)) return missing;
  text = stripped(text, &length);
  for (int i = 0; i < count; i++) if (is_value(text, length, values[i], 0, 0)) return i;
  if (length == 4 && strncmp(text, "True", 4) == 0) {
    for (int i = 0; i < count; i++) if (strcmp(values[i], "true") == 0) return i;
    for (int i = 0; i < count; i++) if (strcmp(values[i], "TRUE") == 0) return i;
  }
  if (length == 5 && strncmp(text, "False", 5) == 0) {
    for (int i = 0; i < count; i++) if (strcmp(values[i], "false") == 0) return i;
    for (int i = 0; i < count; i++) if (strcmp(values[i], "FALSE") == 0) return i;
  }
  if (!is_number(text, length, &number)) return other;
  for (int i = 0; i < count; i++) if (is_value(text, length, values[i], 1, number)) return i;
  return other;
}
"""


def cell_functions(columns: Sequence[RawColumn]) -> list[str]:
    """Return the lines of the functions that read cells of text, as far as columns need them."""
    written = []
    if any(column.values is not None or column.text is not None for column in columns):
        written += (SPANS % ", ".join(map(json.dumps, sorted(MISSING)))).split("\n")
    if any(column.values is not None for column in columns):
        written += PLACES.split("\n")
    return written

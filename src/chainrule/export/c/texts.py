"""How a program in C makes features of a text, as the vocabulary of training has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from chainrule.export.c.printer import string
from chainrule.export.c.text_templates import (
    AMONG,
    BUCKET,
    CASE,
    LETTER,
    LETTER_OF_ASCII,
    LOWER,
    NO_CASE,
    PIECE_BEGIN,
    PIECES,
    PIECES_END,
    PUT,
    RUNS,
    RUNS_WITHOUT_SIGNS,
    SELECTOR,
    SIGMA,
    SPLIT,
    WORDS,
)
from chainrule.export.characters import character_classes, lower_ranges
from chainrule.inputs import Texts
from chainrule.inputs.tables.texts import TextColumn
from chainrule.inputs.texts.ngrams import GOLDEN

__all__ = ["character_data", "column_lines", "text_data", "text_functions"]

WIDTH = 98

NAMES = re.compile(
    r"\b(WORDS|RUNS|PIECES|FEATURES|RUN|LEAST|MOST|LONGEST_WORD|BUCKETS|words|word_rows|runs|pieces|"
    r"texts_with|reading|class_of|next_sign|put_letter|count|place_among|row_of_word|end_word|"
    r"piece_letter|put_small|put|read_text|takes_selector|case_of|letter_comes|weight_of|"
    r"size_of_weights)\b(?![^/]*\*/)"
)
"""The names of one vocabulary's data and functions, where they stand in no comment."""

WEIGHT = {
    "tfidf": (
        "    const double idf = log({all} / (1.0 + texts_with[reading.places[k]])) + 1;",
        "(1 + log(reading.counts[reading.places[k]])) * idf",
        "weight * weight",
        "sqrt(size)",
    ),
    "mean": ("", "reading.counts[reading.places[k]]", "weight", "size"),
    "count": ("", "reading.counts[reading.places[k]]", "0", "1"),
}
"""What a weight needs, what it is, what of it is summed, and what it is divided by."""


def text_data(texts: Texts) -> Iterator[str]:
    """Yield the vocabulary, and the tables of characters."""
    features = texts.features
    least, most = features.char_ngrams or (1, 1)
    longest = max(map(len, texts.words))
    order = sorted(range(len(texts.words)), key=texts.words.__getitem__)
    yield f"enum {{ WORDS = {len(texts.words)}, RUNS = {len(texts.runs)} }};"
    yield f"enum {{ PIECES = {len(texts.pieces)}, FEATURES = {texts.count} }};"
    yield f"enum {{ RUN = {features.word_ngrams}, LEAST = {least}, MOST = {most} }};"
    yield f"enum {{ LONGEST_WORD = {longest} }};"
    if features.buckets:
        yield f"#define BUCKETS {features.buckets}u"
    yield f"#define GOLDEN {int(GOLDEN):#x}ULL"
    signs = "".join(chr(code) for code in range(33, 127) if not chr(code).isalnum())
    yield f"#define SIGNS {string(signs.replace('_', ''))}"
    yield ""
    words = [string(texts.words[row].decode("utf-8", "surrogatepass")) for row in order]
    yield from _filled("static const char *const words[WORDS]", words)
    yield from _filled("static const int word_rows[WORDS]", map(str, order))
    for name, keys in (("runs", texts.runs), ("pieces", texts.pieces)):
        literals = [f"{int(key):#x}ULL" for key in keys] or ["0"]
        if name == "pieces" and features.char_ngrams is None:
            continue
        if name == "runs" and features.word_ngrams == 1:
            continue
        yield from _filled(f"static const uint64_t {name}[{len(literals)}]", literals)
    if features.weighting == "tfidf":
        counts: Any = texts.texts_with.tolist()
        yield from _filled("static const int texts_with[FEATURES]", map(str, counts))
    yield "static struct {"
    yield "  char word[LONGEST_WORD + 1];"
    yield "  int size, found, counts[FEATURES], places[FEATURES], rows[RUN];"
    yield "  int length, letters_in_word;"
    yield "  uint32_t letters[MOST];"
    yield "} reading;"
    yield ""


def character_data(*, lowercase: bool) -> Iterator[str]:
    """Yield the tables of characters, with those of capital letters or without."""
    starts, classes = character_classes()
    yield f"enum {{ CLASSES = {len(starts)} }};"
    yield "/* Of words are w, c with two cases, and, joined to what is before, j; b are blanks;"
    yield " * s signs; a ideographs; t letters and m marks of scripts whose letters are words. */"
    yield from _filled("static const uint32_t class_starts[CLASSES]", map(str, starts))
    yield from _filled("static const char classes[CLASSES]", (f"'{each}'" for each in classes))
    if lowercase:
        ranges = lower_ranges()
        yield f"enum {{ CAPITALS = {len(ranges)} }};"
        yield "/* Capital letters: from, to, every how many, and how far off the small ones are. */"
        rows = (f"{{{', '.join(map(str, each))}}}" for each in ranges)
        yield from _filled("static const int32_t capitals[CAPITALS][4]", rows)
    yield ""


def column_lines(place: int, column: TextColumn) -> Iterator[str]:
    """Yield what reads a table's column of free text, all names with its place behind."""
    texts, words, scores = column.texts, len(column.words), len(column.scores)
    for line in (*text_data(texts), *text_functions(texts)):
        yield NAMES.sub(lambda found: f"{found[0]}_{place}", line)
    name = f"column{place}"
    if words:
        numbers = ", ".join(map(str, column.words))
        yield f"static const int {name}_words[{words}] = {{{numbers}}};"
    if scores:
        bias = ", ".join(repr(float(each)) for each in column.bias)
        yield f"static const double {name}_bias[{scores}] = {{{bias}}};"
    yield ""
    yield "/* Whether a cell is missing, what telling words weigh in it, and its scores. */"
    yield f"static void read_column_{place}(const char *text, double *x)"
    yield "{"
    yield "  const int gone = is_missing(text);"
    yield "  x[0] = gone;"
    yield f'  read_text_{place}(gone ? "" : text);'
    yield f"  const double size = size_of_weights_{place}();"
    yield from [f"  for (int i = 0; i < {words}; i++) x[1 + i] = 0;"] if words else []
    if scores:
        yield f"  for (int s = 0; s < {scores}; s++) x[{1 + words} + s] = {name}_bias[s];"
    yield f"  for (int k = 0; k < reading_{place}.found; k++) {{"
    yield f"    const int p = reading_{place}.places[k];"
    yield f"    const double weight = (float)(weight_of_{place}(k) / size);"
    if words:
        yield f"    for (int i = 0; i < {words}; i++) if ({name}_words[i] == p) x[1 + i] = weight;"
    if scores:
        sums = f"x[{1 + words} + s] += weight * {name}_weights[{scores} * p + s]"
        yield f"    for (int s = 0; s < {scores}; s++) {sums};"
    yield from ("  }", "}", "")


def text_functions(texts: Texts) -> Iterator[str]:
    """Yield the functions that count the features of a text, and weigh them."""
    features = texts.features
    pieces, runs = features.char_ngrams is not None, features.word_ngrams > 1
    lower, marks = features.lowercase, runs and not features.sign_ngrams
    parts = [SPLIT, SELECTOR, *([AMONG] if runs or pieces else []), *([PIECES] if pieces else [])]
    parts += [WORDS, (CASE if lower else "") + PUT]
    lines = {
        "RUNS_END": (RUNS_WITHOUT_SIGNS if marks else RUNS) if runs else "",
        "BUCKET": BUCKET if features.buckets else "",
        "PIECES_END": PIECES_END if pieces else "",
        "PIECE_BEGIN": PIECE_BEGIN if pieces else "",
        "SMALL": LOWER if lower else "",
        "SIGMA": SIGMA if lower else "",
        "COUNTED": "  int cased = 0;\n" if lower else "",
        "CASED": NO_CASE if lower else "",
        "IN_WORD": LETTER if marks else "",
        "IN_ASCII": LETTER_OF_ASCII if marks else "",
    }
    text = "\n".join(parts)
    for name, own in lines.items():
        text = text.replace(f"@{name}\n", own)
    yield from text.splitlines()
    yield ""
    yield from _weights(texts)


def _weights(texts: Texts) -> Iterator[str]:
    before, weight, part, size = WEIGHT[texts.features.weighting]
    before = before.replace("{all}", f"{1 + texts.training_texts}.0")
    yield "/* What the k-th feature that was found weighs, before it is divided. */"
    yield "static double weight_of(int k)"
    yield "{"
    yield from [before.replace("    ", "  ", 1)] if before else []
    yield f"  return {weight};"
    yield "}"
    yield ""
    yield "/* What weights are divided by. */"
    yield "static double size_of_weights(void)"
    yield "{"
    if size == "1":
        yield "  return 1;"
    else:
        yield "  double size = 0;"
        yield "  for (int k = 0; k < reading.found; k++) {"
        yield "    const double weight = weight_of(k);"
        yield f"    size += {part};"
        yield "  }"
        yield f"  return {size};"
    yield "}"
    yield ""


def _filled(head: str, texts: Iterable[str]) -> Iterator[str]:
    """Yield an array, its numbers line by line."""
    yield f"{head} = {{"
    line = " "
    for text in texts:
        if len(line) + len(text) > WIDTH:
            yield line
            line = " "
        line += f" {text},"
    yield from (line, "};")

"""How a module of JavaScript makes features of a text, as the vocabulary of training has them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.inputs import Texts
from chainrule.inputs.tables.texts import TextColumn
from chainrule.inputs.texts.ngrams import GOLDEN

__all__ = ["column_lines", "text_lines"]

SPLIT = r"""/** Signs of which each is a word: those of ASCII but for the underscore. */
const SIGNS = /[!-/:-@[-^`{-~]/g;

/** What is to stand alone, or to be one space: ideographs, letters with marks around them, signs
 *  beyond ASCII with the selector of their look, and white space of all kinds. */
const ALONE = new RegExp(
  "[\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}]" +
    "|[\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff]+" +
    "|[^\\p{L}\\p{N}_\\s\\x85\\x00-\\x7f][\\ufe00-\\ufe0f]?|[\\s\\x1c-\\x1f\\x85]",
  "gu",
);
const JOINS = /^[\p{Mn}\p{Mc}\p{Me}\p{Cf}]+$/u;

/** What was found, with spaces around; signs that belong to a letter stay with it. */
function apart(found) {
  if (/^[\s\x1c-\x1f\x85\u200b]+$/.test(found)) return " ";
  if (JOINS.test(found)) return found;
  return [...found].map((sign) => (JOINS.test(sign) ? sign : ` ${sign}`)).join("") + " ";
}

/** The words of a text: letters and digits in a row, and each other sign by itself. */
function wordsOf(text) {
  let plain = /[^\x00-\x7f]/.test(text) ? text.replace(ALONE, apart) : text;
  if (LOWERCASE) plain = plain.toLowerCase();
  return plain.replace(SIGNS, " $& ").split(/[\x00-\x20\x7f]+/).filter((word) => word);
}
"""

COUNT = """/** The place of a run or piece with a number, if it is known. */
function placeOf(places, key) {
  return places.get(BUCKETS ? (key ^ (key >> 32n)) % BUCKETS : key);
}

/** Whether a word may stand in runs: signs separate the words around them, if they do. */
function inRuns(word) {
  return SIGN_NGRAMS || /[\\p{L}\\p{N}_]/u.test(word);
}

/** How often each feature stands in a text: words, runs of words, and pieces of words. */
function counts(text) {
  const found = new Map();
  const count = (place) => place !== undefined && found.set(place, (found.get(place) ?? 0) + 1);
  const tokens = wordsOf(text);
  const all = tokens.map((word) => WORDS.get(word));
  all.forEach(count);
  const rows = all.map((row, i) => (inRuns(tokens[i]) ? row : undefined));
  for (let i = 0; i < rows.length; i++) {
    let key = rows[i] === undefined ? 0n : BigInt(rows[i] + 1);
    for (let last = i + 1; last < i + LONGEST && rows[last - 1] !== undefined; last++) {
      if (rows[last] === undefined) break;
      key = BigInt.asUintN(64, key * GOLDEN + BigInt(rows[last] + 1));
      count(placeOf(RUNS, key));
    }
  }
  for (const word of PIECES.size ? tokens : []) {
    pieces(word).forEach((key) => count(placeOf(PIECES, key)));
  }
  return found;
}

/** The numbers of the pieces of a word, whose begin and end count as characters. */
function pieces(word) {
  const letters = [..."<" + word + ">"].map((letter) => BigInt(letter.codePointAt(0) + 1));
  const found = [];
  for (let i = 0; i < letters.length; i++) {
    let key = 0n;
    for (let length = 1; length <= MOST && i + length <= letters.length; length++) {
      key = BigInt.asUintN(64, key * GOLDEN + letters[i + length - 1]);
      const edge = length === 1 && (i === 0 || i === letters.length - 1);
      if (length >= LEAST && !edge) found.push(key);
    }
  }
  return found;
}
"""

WEIGHTS = {
    "tfidf": """  const idf = (place) => Math.log((1 + TEXTS) / (1 + TEXTS_WITH[place])) + 1;
  const weights = found.map(([place, count]) => (1 + Math.log(count)) * idf(place));
  const size = Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0));""",
    "mean": """  const weights = found.map(([, count]) => count);
  const size = weights.reduce((sum, weight) => sum + weight, 0);""",
    "count": """  const weights = found.map(([, count]) => count);
  const size = 1;""",
}


def text_lines(texts: Texts, embeddings: str, dimensions: int) -> Iterator[str]:
    """Yield the functions from a text to its features, and to the vector of its bag.

    Parameters
    ----------
    texts : Texts
        The vocabulary.
    embeddings : str
        The name of the parameter A; "" where the first layer is no bag of embeddings.
    dimensions : int
        The length of a vector in A.
    """
    yield from _vocabulary(texts)
    yield from _numbers(texts, embeddings, dimensions)


def column_lines(place: int, name: str, column: TextColumn) -> Iterator[str]:
    """Yield what reads the cells of a table's column of free text, in a scope of its own."""
    scores = len(column.scores)
    yield f"const readText{place} = (() => {{"
    for line in _vocabulary(column.texts):
        yield line.removeprefix("export ")
    yield f"  const WORDS_TOLD = {list(column.words)};"
    yield f"  const BIAS = {[float(each) for each in column.bias]};"
    told = json.dumps(name, ensure_ascii=False)
    yield "  return (cell, caller = 'read') => {"
    yield "    const missing = isMissing(cell);"
    yield "    const text = missing ? '' : textOf(cell);"
    yield f"    if (text === undefined) throw misread(caller, {told}, 'a text', cell);"
    yield "    const { places, weights } = features(text);"
    yield "    const told = WORDS_TOLD.map((p) => weights[places.indexOf(p)] ?? 0);"
    yield "    const scores = BIAS.slice();"
    yield "    places.forEach((p, k) => {"
    product = f"weights[k] * column{place}_weights[{scores} * p + s]"
    yield f"      for (let s = 0; s < {scores}; s++) scores[s] += {product};"
    yield "    });"
    yield "    return [Number(missing), ...told, ...scores];"
    yield "  };"
    yield "})();"
    yield ""


def _vocabulary(texts: Texts) -> Iterator[str]:
    """Yield the vocabulary, and the function from a text to its features."""
    features = texts.features
    least, most = features.char_ngrams or (0, 0)
    words = json.dumps([word.decode("utf-8", "surrogatepass") for word in texts.words])
    runs, pieces = len(texts.words), len(texts.words) + len(texts.runs)
    yield f"const LOWERCASE = {json.dumps(features.lowercase)};"
    yield f"const LONGEST = {features.word_ngrams}; // words of a run"
    yield f"const SIGN_NGRAMS = {json.dumps(features.sign_ngrams)}; // runs with signs in them"
    yield f"const LEAST = {least}; // characters of a piece"
    yield f"const MOST = {most};"
    yield f"const BUCKETS = {features.buckets or 0}n; // that runs and pieces share"
    yield f"const GOLDEN = {int(GOLDEN)}n;"
    yield "/** The places of words, and of runs and pieces by their numbers. */"
    yield f"const WORDS = new Map({words}.map((word, place) => [word, place]));"
    yield f"const RUNS = placesFrom({_bytes(texts.runs, '<u8')}, {runs});"
    yield f"const PIECES = placesFrom({_bytes(texts.pieces, '<u8')}, {pieces});"
    if features.weighting == "tfidf":
        yield f"const TEXTS = {texts.training_texts};"
        yield f"const TEXTS_WITH = new Int32Array(bytesOf({_bytes(texts.texts_with, '<i4')}));"
    yield ""
    yield SPLIT
    yield "function bytesOf(text) {"
    yield "  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;"
    yield "}"
    yield ""
    yield "function placesFrom(text, first) {"
    yield "  const keys = new BigUint64Array(bytesOf(text));"
    yield "  return new Map(Array.from(keys, (key, place) => [key, first + place]));"
    yield "}"
    yield ""
    yield COUNT
    yield "/** The features of a text: their places, and what each weighs. */"
    yield "export function features(text, caller = 'features') {"
    yield "  if (typeof text !== 'string') {"
    yield "    throw new TypeError(`${caller}: expected a text, got ${shown(text)}`);"
    yield "  }"
    yield "  const found = [...counts(text)].sort((a, b) => a[0] - b[0]);"
    yield WEIGHTS[features.weighting]
    yield "  return {"
    yield "    places: found.map(([place]) => place),"
    yield "    weights: weights.map((weight) => Math.fround(weight / size)),"
    yield "  };"
    yield "}"
    yield ""


def _numbers(texts: Texts, embeddings: str, dimensions: int) -> Iterator[str]:
    size = dimensions if embeddings else texts.count
    told = "Y[d] = X[p] A[p,d], of the features of a text" if embeddings else "features, in full"
    yield f"/** {told}. */"
    yield "function numbers(text, caller) {"
    yield f"  const Y = new real({size});"
    yield "  const { places, weights } = features(text, caller);"
    yield "  places.forEach((p, k) => {"
    if embeddings:
        product = f"weights[k] * {embeddings}[{dimensions} * p + d]"
        yield f"    for (let d = 0; d < {dimensions}; d++) Y[d] += {product};"
    else:
        yield "    Y[p] = weights[k];"
    yield "  });"
    yield "  return Y;"
    yield "}"
    yield ""


def _bytes(numbers: Any, kind: str) -> str:
    return f'"{base64.b64encode(np.asarray(numbers).astype(kind).tobytes()).decode()}"'

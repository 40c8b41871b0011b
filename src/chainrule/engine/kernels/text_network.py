"""What training and predictions of lines share: hidden vector, scores, probabilities.

Each sum goes from its first term on, in float32, and nothing is fused: with classes in lanes for
scores, with dimensions in lanes for the hidden vector.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from llvmlite import ir

from chainrule.engine.kernels import ngrams
from chainrule.engine.language.emit import KernelBuilder
from chainrule.engine.language.formats import Format
from chainrule.engine.language.lanes import first_lane, lanes_before, reduce, spread
from chainrule.engine.language.scalars import Variable, either, signed
from chainrule.engine.language.values import Condition, Integer, Vector, fma, select
from chainrule.engine.language.vector_mathematics import (
    DOUBLE,
    LOG2_E,
    bits_between,
    maximum,
    polynomial,
    power_of_2,
)
from chainrule.engine.machine.memory import VECTOR

LOWEST = -110.0
"""Below, exponentials are 0 as float32."""
LARGEST, STEPS = 8.0, 512.0
"""The sigmoid's table: steps from minus the largest score to the largest."""


@dataclass(frozen=True)
class Line:
    """A line's record."""

    feature: Integer
    label: Integer
    words: Integer
    ngrams: Integer
    labels: Integer
    tokens: Integer
    size: Integer

    @classmethod
    def load(cls, k: KernelBuilder, number: Integer) -> Line:
        """Return the record of a line."""
        at = k.argument("lines") + number * ngrams.LINE
        places = (ngrams.WORDS, ngrams.NGRAMS, ngrams.LABELS, ngrams.TOKENS)
        first, label, size = (k.load_integer(at + place) for place in (0, 8, ngrams.SIZE))
        words, sequences, labels, tokens = (k.load_short(at + place) for place in places)
        return cls(first, label, words, sequences, labels, tokens, size)

    @property
    def listed(self) -> Integer:
        """How many features are listed."""
        return self.words + self.ngrams


class Network:
    """The code from a line's features to its scores and probabilities."""

    fault: Variable[Integer]

    def __init__(self, k: KernelBuilder, loss: str, vectors: int) -> None:
        self.k, self.loss, self.vectors = k, loss, vectors
        self.most = {32: 8, 8: 4}.get(k.target.held, 2)
        self.zero = k.constant(0.0)
        self.near = tuple(v * VECTOR for v in range(vectors))
        """Bytes of a row whose cache lines are asked for."""
        self.behind = -float("inf") if loss == "softmax" else 0.0
        self.exponentials = in_double(k, "exp", close_exponential) if loss == "softmax" else None

    def row(self, number: Integer) -> Integer:
        """Return where a row of A is."""
        raise NotImplementedError

    def expand(self, line: Line, to: Integer) -> Integer:
        """List the rows of a line's features, those of words' parts among them; return how many.

        Lists are copied vector by vector, so that up to 15 numbers behind them are written, too.
        """
        k, count = self.k, Variable(self.k, self.k.integer(0))
        features = k.argument("features") + line.feature * 4
        with k.loop(0, line.listed) as i:
            feature = signed(k.load_short(features + i * 4))
            at = to + count.get() * 4
            with either(k, feature < 0) as (word, row):
                with word:
                    begin = k.argument("part_starts") + (-1 - feature) * 8
                    first = k.load_integer(begin)
                    size = k.load_integer(begin + 8) - first
                    with k.loop(0, size, k.lanes) as part:
                        k.store(k.load(k.argument("parts") + (first + part) * 4), at + part * 4)
                    count.add(size)
                with row:
                    k.store_short(feature, at)
                    count.add(1)
        self.ask(to, count.get())
        return count.get()

    def ask(self, at: Integer, count: Integer) -> None:
        """Ask for listed rows."""
        k = self.k
        with k.loop(0, count) as i:
            row = self.row(k.load_short(at + i * 4))
            for place in self.near:
                k.prefetch(row + place)

    def row_pieces(self) -> Iterator[tuple[Integer, int]]:
        """Yield first and size of pieces of a row, of as many vectors as registers hold twice."""
        count = -(-self.vectors // self.most)
        wide = -(-self.vectors // count)
        rest = self.vectors % wide
        return self.k.pieces(self.k.integer(self.vectors), [wide, rest] if rest else [wide])

    def class_pieces(self) -> Iterator[tuple[Integer, int]]:
        """Yield first and size of pieces of all classes, in vectors."""
        sizes = [size for size in (8, 4, 2, 1) if size <= self.most]
        return self.k.pieces(self.k.argument("class_vectors"), sizes)

    def hidden(self, at: Integer, count: Integer) -> Vector:
        """Compute h = (A[f₁] + … + A[fₙ])·(1/n); return 1/n."""
        k = self.k
        share = spread(k.to_number(k.integer(1)) / k.to_number(count))
        for first, wide in self.row_pieces():
            for v, total in enumerate(self.sums_of_rows(at, count, first, wide)):
                k.store(total * share, k.argument("hidden") + (first + v) * VECTOR)
        return share

    def sums_of_rows(self, at: Integer, count: Integer, first: Integer, wide: int) -> list[Vector]:
        """Return sums of listed rows, from the first row on, of some vectors."""
        k = self.k
        with k.loop(0, count, carry=[self.zero] * wide) as turn:
            row = self.row(k.load_short(at + turn.index * 4)) + first * VECTOR
            turn.following = [
                total + k.load(row + v * VECTOR) for v, total in enumerate(turn.carried)
            ]
        sums: list[Vector] = turn.carried
        return sums

    def scores(self) -> None:
        """Compute s[c] = Σ_d B[c,d] h[d], d from the first on."""
        k = self.k
        for first, wide in self.class_pieces():
            with k.loop(0, k.argument("dim"), carry=[self.zero] * wide) as turn:
                h = spread(k.load_number(k.argument("hidden") + turn.index * 4))
                weights = self.columns(turn.index, first, wide)
                turn.following = [
                    total + b * h for b, total in zip(weights, turn.carried, strict=True)
                ]
            for v, total in enumerate(turn.carried):
                inside = lanes_before(k.argument("classes") - (first + v) * k.lanes)
                kept = select(inside, total, k.constant(self.behind))
                k.store(kept, k.argument("scores") + (first + v) * VECTOR)

    def columns(self, d: Integer, first: Integer, wide: int) -> list[Vector]:
        """Return B[c,d] for some vectors of classes."""
        at = self.column(d, first)
        return [self.k.load(at + v * VECTOR) for v in range(wide)]

    def column(self, d: Integer, first: Integer) -> Integer:
        """Return where B[c,d] is, from a vector of classes on."""
        stride = self.k.argument("class_vectors") * VECTOR
        return self.k.argument("by_dimensions") + d * stride + first * VECTOR

    def each_vector(self) -> Iterator[Integer]:
        """Yield how far a vector of classes is from the first."""
        with self.k.loop(0, self.k.argument("class_vectors")) as v:
            yield v * VECTOR

    def softmax(self) -> None:
        """Compute p[c] = exp(s[c] − max) / Σ, exp in float64 and rounded to float32."""
        k = self.k
        vectors = k.argument("class_vectors")
        scores, lowest = k.argument("scores"), k.constant(-float("inf"))
        with k.loop(0, vectors, carry=[lowest, self.zero]) as turn:
            score = k.load(scores + turn.index * VECTOR)
            odd = turn.carried[1] + select(score.is_nan, k.constant(1.0), self.zero)
            turn.following = [maximum(turn.carried[0], score), odd]
        largest, odd = turn.carried
        self.note(reduce(odd, lambda a, b: a + b) > 0.0)
        largest = reduce(largest, maximum)
        self.note(largest >= largest.filled(math.inf))
        largest = spread(largest)
        for at in self.each_vector():
            k.store(k.load(scores + at) - largest, scores + at)
        assert self.exponentials is not None
        k.call_inner(self.exponentials, scores, vectors)
        with k.loop(0, k.argument("classes"), carry=[first_lane(self.zero)]) as turn:
            turn.following = [turn.carried[0] + k.load_number(scores + turn.index * 4)]
        total = spread(turn.carried[0])
        for at in self.each_vector():
            k.store(k.load(scores + at) / total, scores + at)

    def note(self, fault: Condition) -> None:
        """Remember whether a score was NaN, or infinite."""
        self.fault.set(self.fault.get() | fault.as_integer())

    def sigmoids(self) -> None:
        """Make of each score its sigmoid, as the table has it."""
        k = self.k
        with k.loop(0, k.argument("classes")) as c:
            at = k.argument("scores") + c * 4
            k.store_number(self.sigmoid(k.load_number(at)), at)

    def sigmoid(self, score: Vector) -> Vector:
        """Return the sigmoid as the table has it."""
        k = self.k
        self.note(score.is_nan)
        low, high = score.filled(-LARGEST), score.filled(LARGEST)
        inside = select(score < low, low, select(score > high, high, score))
        inside = select(score.is_nan, low, inside)
        scaled = (inside + LARGEST) * STEPS / LARGEST / 2.0
        place = Integer(k, k.builder.fptosi(scaled.value, ir.IntType(64)))
        found = k.load_number(k.argument("sigmoid") + place * 4)
        found = select(score < low, score.filled(0.0), found)
        return select(score > high, score.filled(1.0), found)

def close_exponential(x: Vector) -> Vector:
    """Return e to the power of numbers up to 0; of float64, wrong by 0.57 units at most.

    Rounded to float32, it is that of any good library but in one case of 10⁹. What would be 0 as
    float32 may be something else that is.

    x = n·log 2 + r + rest and eˣ = 2ⁿ·(1 + r + rest + r²·q(r)), where 1 + r is kept in two parts.
    """
    x = select(x < LOWEST, x.filled(LOWEST), x)
    magic = x.filled(DOUBLE.magic)
    shifted = fma(x, x.filled(LOG2_E), magic)  # its last bits are n
    n = shifted - magic
    high, low = fma(n, x.filled(-DOUBLE.log2_high), x), n * DOUBLE.log2_low
    r = high - low
    rest = (high - r) - low
    q = polynomial(r, [1 / math.factorial(term) for term in range(2, DOUBLE.exp_terms + 1)])
    nearly = 1.0 + r
    y = nearly + ((r - (nearly - 1.0)) + (q * (r * r) + rest))
    return y * power_of_2(x, bits_between(magic, shifted))


def in_double(
    k: KernelBuilder, name: str, function: Callable[[Vector], Vector]
) -> KernelBuilder:
    """Return a function of the module: vectors' numbers to those that a function makes of them.

    It computes in float64, and rounds the result to float32. It takes an address, and how many
    vectors there are.
    """
    inner = KernelBuilder(
        f"{k.name}_{name}",
        Format("float32", "float64"),
        k.fields,
        target=k.target,
        module=k.module,
        extra=2,
        inner=True,
    )
    address, vectors = inner.extra
    with inner.loop(0, vectors) as v:
        at = address + v * VECTOR
        inner.store(function(inner.load(at)), at)
    return inner.finish()

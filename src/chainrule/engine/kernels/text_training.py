"""fastText's training: line by line, each number by the operations that it takes, in its order.

Of a line with the features f₁ … fₙ and the hidden vector h,

    h = (A[f₁] + … + A[fₙ])·(1/n),    s[c] = Σ_d B[c,d] h[d]
    a[c] = lr·(t[c] − p[c]),    g = Σ_c a[c] B[c],    B[c] += a[c] h,    A[fᵢ] += g·(1/n)

where all sums go from the first on, every operation is rounded to float32, and nothing is fused.
B lies in memory twice: by rows, whose dimensions are in lanes, for g; and by dimensions, with the
classes in lanes, for s. Both are changed by the same operations, so they have the same bits.

A matrix's row has whole vectors, zeros behind its last number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llvmlite import ir

from chainrule.engine.kernels import ngrams
from chainrule.engine.kernels.starting_rows import MODULUS, next_state
from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.formats import Format
from chainrule.engine.language.lanes import first_lane, lanes_before, reduce, spread
from chainrule.engine.language.scalars import (
    Variable,
    loop_while,
    to_double,
    to_single,
)
from chainrule.engine.language.values import Condition, Integer, Vector, select
from chainrule.engine.language.vector_mathematics import exp, maximum
from chainrule.engine.machine.memory import VECTOR

TRAIN = fields(
    "lines line_count features labels starts parts rows row_vectors dim classes class_vectors "
    "by_rows by_dimensions hidden scores rates scratch sigmoid paths path_starts negatives "
    "negative_count draws state turns rate total update_rate"
)
LINE, DONE, GATHERED, DRAW, FAULT = range(5)
"""Where in ``state`` is: the next line, tokens that count, tokens gathered, the random number,
and whether a score was NaN."""
EIGHT = 8
LARGEST, STEPS = 8.0, 512.0
"""The sigmoid's table: steps from minus the largest score to the largest."""


@kernel(*TRAIN)
def train(k: KernelBuilder, *, loss: str, by_parts: bool) -> None:
    """Take the steps of at most ``turns`` lines, or until enough tokens have been seen."""
    trainer = Trainer(k, loss, by_parts=by_parts)
    line, done, gathered, draw, fault = (
        Variable(k, k.load_integer(k.argument("state") + 8 * place)) for place in range(5)
    )
    trainer.draw, trainer.fault = draw, fault
    turns, total = Variable(k, k.argument("turns")), k.argument("total")

    def goes_on() -> Condition:
        return (turns.get() > 0) & (done.get() < total) & fault.get().equals(0)

    with loop_while(k, goes_on):
        found = Line.load(k, line.get())
        trainer.step(found, done.get())
        gathered.add(found.tokens)
        with k.when(gathered.get() > k.argument("update_rate")):
            done.add(gathered.get())
            gathered.set(k.integer(0))
        line.add(1)
        with k.when(line.get() >= k.argument("line_count")):
            line.set(k.integer(0))
        turns.add(-1)
    for place, variable in enumerate((line, done, gathered, draw, fault)):
        k.store_integer(variable.get(), k.argument("state") + 8 * place)


@dataclass(frozen=True)
class Line:
    """A line's record."""

    feature: Integer
    label: Integer
    words: Integer
    ngrams: Integer
    labels: Integer
    tokens: Integer

    @classmethod
    def load(cls, k: KernelBuilder, number: Integer) -> Line:
        """Return the record of a line."""
        at = k.argument("lines") + number * ngrams.LINE
        places = (ngrams.WORDS, ngrams.NGRAMS, ngrams.LABELS, ngrams.TOKENS)
        return cls(
            k.load_integer(at), k.load_integer(at + 8), *(k.load_short(at + p) for p in places)
        )


class Trainer:
    """The code of a step."""

    draw: Variable[Integer]
    fault: Variable[Integer]

    def __init__(self, k: KernelBuilder, loss: str, *, by_parts: bool) -> None:
        self.k, self.loss, self.by_parts = k, loss, by_parts
        self.vectors = k.argument("row_vectors")
        self.row_bytes = self.vectors * VECTOR
        self.zero = k.constant(0.0)
        self.behind = -float("inf") if loss == "softmax" else 0.0
        self.exponentials = _exponentials(k) if loss == "softmax" else None

    # ---- a line

    def step(self, line: Line, done: Integer) -> None:
        """Take the step of a line, if it has a feature and a label."""
        k = self.k
        at, count = self._features(line)
        with k.when((count > 0) & (line.labels > 0)):
            rate = self._rate(done)
            share = spread(k.to_number(k.integer(1)) / k.to_number(count))
            self._hidden(at, count, share)
            labels = k.argument("labels") + line.label * 4
            if self.loss in ("softmax", "ova"):
                self._scores()
                self._rates(labels, line.labels, rate)
                self._all_rows(at, count, share)
            else:
                self._some_rows(labels, line.labels, rate)
                self._add_to_features(at, count, share)

    def _features(self, line: Line) -> tuple[Integer, Integer]:
        """Return where the rows of a line's features are listed, and how many there are."""
        k = self.k
        at = k.argument("features") + line.feature * 4
        if not self.by_parts:
            return at, line.words + line.ngrams
        count = Variable(k, k.integer(0))

        def listed(row: Integer) -> None:
            k.store_short(row, k.argument("scratch") + count.get() * 4)
            count.add(1)

        with k.loop(0, line.words) as i:
            word = k.argument("starts") + k.load_short(at + i * 4) * 8
            with k.loop(k.load_integer(word), k.load_integer(word + 8)) as part:
                listed(k.load_short(k.argument("parts") + part * 4))
        with k.loop(line.words, line.words + line.ngrams) as i:
            listed(k.load_short(at + i * 4))
        return k.argument("scratch"), count.get()

    def _rate(self, done: Integer) -> Vector:
        """Return the learning rate: less, the more tokens have been seen."""
        k = self.k
        progress = k.to_number(done) / k.to_number(k.argument("total"))
        double = ir.DoubleType()
        one = ir.Constant(double, 1.0)
        left = k.builder.fsub(one, to_double(progress).value)
        first = k.builder.bitcast(k.argument("rate").value, double)
        return to_single(Vector(k, k.builder.fmul(first, left)))

    def _pieces(self, vectors: Integer) -> Iterator[tuple[Integer, int]]:
        """Yield first and size of as many vectors at once as the registers hold twice."""
        widest = {32: 8, 8: 4}.get(self.k.target.held, 2)
        return self.k.pieces(vectors, range(widest, 0, -1))

    def _row(self, at: Integer, i: Integer) -> Integer:
        return self.k.argument("rows") + self.k.load_short(at + i * 4) * self.row_bytes

    def _hidden(self, at: Integer, count: Integer, share: Vector) -> None:
        """Compute h = (A[f₁] + … + A[fₙ])·(1/n)."""
        k = self.k
        for first, wide in self._pieces(self.vectors):
            with k.loop(0, count, carry=[self.zero] * wide) as turn:
                row = self._row(at, turn.index) + first * VECTOR
                turn.following = [
                    total + k.load(row + v * VECTOR) for v, total in enumerate(turn.carried)
                ]
            for v, total in enumerate(turn.carried):
                k.store(total * share, k.argument("hidden") + (first + v) * VECTOR)

    def _add(self, at: Integer, count: Integer, first: Integer, moves: list[Vector]) -> None:
        """A[fᵢ] += g·(1/n), for some vectors of the rows."""
        k = self.k
        with k.loop(0, count) as i:
            row = self._row(at, i) + first * VECTOR
            for v, move in enumerate(moves):
                k.store(k.load(row + v * VECTOR) + move, row + v * VECTOR)

    # ---- all classes

    def _scores(self) -> None:
        """s[c] = Σ_d B[c,d] h[d], d from the first on."""
        k, dim, stride = self.k, self.k.argument("dim"), self.k.argument("class_vectors") * VECTOR
        for first, wide in self._pieces(k.argument("class_vectors")):
            with k.loop(0, dim, carry=[self.zero] * wide) as turn:
                h = spread(k.load_number(k.argument("hidden") + turn.index * 4))
                at = k.argument("by_dimensions") + turn.index * stride + first * VECTOR
                turn.following = [
                    total + k.load(at + v * VECTOR) * h for v, total in enumerate(turn.carried)
                ]
            for v, total in enumerate(turn.carried):
                inside = lanes_before(k.argument("classes") - (first + v) * k.lanes)
                kept = select(inside, total, k.constant(self.behind))
                k.store(kept, k.argument("scores") + (first + v) * VECTOR)

    def _rates(self, labels: Integer, count: Integer, rate: Vector) -> None:
        """a[c] = lr·(t[c] − p[c])."""
        if self.loss == "softmax":
            target = self.k.load_short(labels + self._below(count) * 4)
            self._softmax()
        else:
            self._sigmoids()
        self._differences(rate)
        if self.loss == "softmax":
            self._set_target(target, rate)
        else:
            with self.k.loop(0, count) as i:
                self._set_target(self.k.load_short(labels + i * 4), rate)

    def _each_vector(self) -> Iterator[tuple[Integer, Integer]]:
        """Yield the addresses of a vector of scores, and of rates."""
        with self.k.loop(0, self.k.argument("class_vectors")) as v:
            yield self.k.argument("scores") + v * VECTOR, self.k.argument("rates") + v * VECTOR

    def _softmax(self) -> None:
        """p[c] = exp(s[c] − max) / Σ, the exponential in float64, rounded to float32."""
        k = self.k
        vectors = k.argument("class_vectors")
        scores, lowest = k.argument("scores"), k.constant(-float("inf"))
        with k.loop(0, vectors, carry=[lowest, self.zero]) as turn:
            score = k.load(scores + turn.index * VECTOR)
            odd = turn.carried[1] + select(score.is_nan, k.constant(1.0), self.zero)
            turn.following = [maximum(turn.carried[0], score), odd]
        largest, odd = turn.carried
        self._note(reduce(odd, lambda a, b: a + b) > 0.0)
        largest = spread(reduce(largest, maximum))
        with k.loop(0, vectors) as v:
            k.store(k.load(scores + v * VECTOR) - largest, scores + v * VECTOR)
        assert self.exponentials is not None
        k.call_inner(self.exponentials, scores, vectors)
        with k.loop(0, k.argument("classes"), carry=[first_lane(self.zero)]) as turn:
            turn.following = [turn.carried[0] + k.load_number(scores + turn.index * 4)]
        total = spread(turn.carried[0])
        for at, _ in self._each_vector():
            k.store(k.load(at) / total, at)

    def _note(self, fault: Condition) -> None:
        self.fault.set(self.fault.get() | fault.as_integer())

    def _sigmoids(self) -> None:
        k = self.k
        with k.loop(0, k.argument("classes")) as c:
            at = k.argument("scores") + c * 4
            k.store_number(self._sigmoid(k.load_number(at)), at)

    def _sigmoid(self, score: Vector) -> Vector:
        """Return the sigmoid as the table has it."""
        k = self.k
        self._note(score.is_nan)
        low, high = score.filled(-LARGEST), score.filled(LARGEST)
        inside = select(score < low, low, select(score > high, high, score))
        inside = select(score.is_nan, low, inside)
        scaled = (inside + LARGEST) * STEPS / LARGEST / 2.0
        place = Integer(k, k.builder.fptosi(scaled.value, ir.IntType(64)))
        found = k.load_number(k.argument("sigmoid") + place * 4)
        found = select(score < low, score.filled(0.0), found)
        return select(score > high, score.filled(1.0), found)

    def _differences(self, rate: Vector) -> None:
        k, each = self.k, spread(rate)
        for score, at in self._each_vector():
            k.store(each * (self.zero - k.load(score)), at)

    def _set_target(self, target: Integer, rate: Vector) -> None:
        k = self.k
        share = k.load_number(k.argument("scores") + target * 4)
        k.store_number(rate * (share.filled(1.0) - share), k.argument("rates") + target * 4)

    def _all_rows(self, at: Integer, count: Integer, share: Vector) -> None:
        """Take the step g = Σ_c a[c] B[c], B[c] += a[c] h, and move the features' rows."""
        k, classes = self.k, self.k.argument("classes")
        for first, wide in self._pieces(self.vectors):
            hidden = [
                k.load(k.argument("hidden") + (first + v) * VECTOR) for v in range(wide)
            ]
            with k.loop(0, classes, carry=[self.zero] * wide) as turn:
                a = spread(k.load_number(k.argument("rates") + turn.index * 4))
                row = k.argument("by_rows") + turn.index * self.row_bytes + first * VECTOR
                turn.following = self._move_row(row, a, hidden, turn.carried)
            self._add(at, count, first, [g * share for g in turn.carried])
        self._move_columns()

    def _move_row(
        self, row: Integer, a: Vector, hidden: list[Vector], totals: list[Vector]
    ) -> list[Vector]:
        """B[c] += a[c] h; return g + a[c] B[c], of B[c] as it was before."""
        k, found = self.k, []
        for v, (h, total) in enumerate(zip(hidden, totals, strict=True)):
            weights = k.load(row + v * VECTOR)
            found.append(total + a * weights)
            k.store(weights + a * h, row + v * VECTOR)
        return found

    def _move_columns(self) -> None:
        """B[c] += a[c] h, with the classes in lanes."""
        k, stride = self.k, self.k.argument("class_vectors") * VECTOR
        for first, wide in self._pieces(k.argument("class_vectors")):
            rates = [k.load(k.argument("rates") + (first + v) * VECTOR) for v in range(wide)]
            with k.loop(0, k.argument("dim")) as d:
                h = spread(k.load_number(k.argument("hidden") + d * 4))
                at = k.argument("by_dimensions") + d * stride + first * VECTOR
                for v, a in enumerate(rates):
                    k.store(k.load(at + v * VECTOR) + a * h, at + v * VECTOR)

    # ---- some classes, or nodes of a tree, one after the other

    def _some_rows(self, labels: Integer, count: Integer, rate: Vector) -> None:
        """Move the rows of a target's path, or the target's and those drawn against it."""
        k = self.k
        gradient = k.argument("scores")
        with k.loop(0, self.vectors) as v:
            k.store(self.zero, gradient + v * VECTOR)
        target = k.load_short(labels + self._below(count) * 4)
        if self.loss == "hs":
            path = k.argument("path_starts") + target * 8
            with k.loop(k.load_integer(path), k.load_integer(path + 8)) as step:
                node = k.load_short(k.argument("paths") + step * 4)
                self._logistic(node >> 1, node & 1, rate)
            return
        self._logistic(target, k.integer(1), rate)
        with k.loop(0, k.argument("draws")):
            other = Variable(k, target)
            with loop_while(k, lambda: other.get().equals(target)):
                place = self._below(k.argument("negative_count"))
                other.set(k.load_short(k.argument("negatives") + place * 4))
            self._logistic(other.get(), k.integer(0), rate)

    def _logistic(self, row: Integer, positive: Integer, rate: Vector) -> None:
        k = self.k
        at, hidden, gradient = (
            k.argument("by_rows") + row * self.row_bytes,
            k.argument("hidden"),
            k.argument("scores"),
        )
        with k.loop(0, k.argument("dim"), carry=[first_lane(self.zero)]) as turn:
            place = turn.index * 4
            product = k.load_number(at + place) * k.load_number(hidden + place)
            turn.following = [turn.carried[0] + product]
        share = self._sigmoid(turn.carried[0])
        a = spread(rate * (k.to_number(positive) - share))
        with k.loop(0, self.vectors) as v:
            place = v * VECTOR
            (total,) = self._move_row(
                at + place, a, [k.load(hidden + place)], [k.load(gradient + place)]
            )
            k.store(total, gradient + place)

    def _add_to_features(self, at: Integer, count: Integer, share: Vector) -> None:
        k, gradient = self.k, self.k.argument("scores")
        for first, wide in self._pieces(self.vectors):
            moves = [k.load(gradient + (first + v) * VECTOR) * share for v in range(wide)]
            self._add(at, count, first, moves)

    def _below(self, count: Integer) -> Integer:
        """Draw a whole number below a count."""
        k = self.k
        size = k.integer(MODULUS - 2) // count
        drawn = Variable(k, count * size)
        with loop_while(k, lambda: drawn.get() >= count * size):
            self.draw.set(next_state(self.draw.get()))
            drawn.set(self.draw.get() - 1)
        return drawn.get() // size


def _exponentials(k: KernelBuilder) -> KernelBuilder:
    """Return a function of the module: vectors' numbers to their exponentials, in float64."""
    form = Format("float32", "float64")
    inner = KernelBuilder(
        f"{k.name}_exp", form, k.fields, target=k.target, module=k.module, extra=2, inner=True
    )
    address, vectors = inner.extra
    with inner.loop(0, vectors) as v:
        at = address + v * VECTOR
        inner.store(exp(inner.load(at)), at)
    return inner.finish()

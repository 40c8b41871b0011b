"""fastText's training: line by line, each number by the operations that it takes, in its order.

Of a line with the features f₁ … fₙ and the hidden vector h,

    h = (A[f₁] + … + A[fₙ])·(1/n),    s[c] = Σ_d B[c,d] h[d]
    a[c] = lr·(t[c] − p[c]),    g = Σ_c a[c] B[c],    B[c] += a[c] h,    A[fᵢ] += g·(1/n)

where all sums go from the first on, every operation is rounded to float32, and nothing is fused.
B lies in memory twice: by rows, whose dimensions are in lanes, for g; and by dimensions, with the
classes in lanes, for s. Both are changed by the same operations, so they have the same bits; the
second one later, when the next line reads it.

A matrix's row has whole vectors, zeros behind its last number.
"""

from __future__ import annotations

from llvmlite import ir

from chainrule.engine.kernels.starting_rows import MODULUS, next_state
from chainrule.engine.kernels.text_network import Line, Network
from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.lanes import first_lane, spread
from chainrule.engine.language.scalars import (
    Variable,
    loop_while,
    to_double,
    to_single,
)
from chainrule.engine.language.values import Condition, Integer, Vector
from chainrule.engine.machine.memory import VECTOR

TRAIN = fields(
    "lines line_count features labels part_starts parts rows dim classes class_vectors "
    "by_rows by_dimensions hidden before scores rates scratch more_scratch sigmoid paths "
    "path_starts negatives negative_count draws state turns rate total update_rate"
)
LINE, DONE, GATHERED, DRAW, FAULT = range(5)
"""Where in ``state`` is: the next line, tokens that count, tokens gathered, the random number,
and whether a score was not finite."""


@kernel(*TRAIN)
def train(k: KernelBuilder, *, loss: str, vectors: int, by_parts: bool) -> None:
    """Take the steps of at most ``turns`` lines, or until enough tokens have been seen."""
    trainer = Trainer(k, loss, vectors, by_parts=by_parts)
    line, done, gathered, draw, fault = (
        Variable(k, k.load_integer(k.argument("state") + 8 * place)) for place in range(5)
    )
    trainer.draw, trainer.fault = draw, fault
    trainer.begin(Line.load(k, line.get()))
    turns, total = Variable(k, k.argument("turns")), k.argument("total")

    def goes_on() -> Condition:
        return (turns.get() > 0) & (done.get() < total) & fault.get().equals(0)

    with loop_while(k, goes_on):
        found = Line.load(k, line.get())
        behind = line.get() + 1
        following = behind * (behind < k.argument("line_count")).as_integer()
        trainer.step(found, done.get(), Line.load(k, following))
        gathered.add(found.tokens)
        with k.when(gathered.get() > k.argument("update_rate")):
            done.add(gathered.get())
            gathered.set(k.integer(0))
        line.set(following)
        turns.add(-1)
    for place, variable in enumerate((line, done, gathered, draw, fault)):
        k.store_integer(variable.get(), k.argument("state") + 8 * place)


class Trainer(Network):
    """The code of a step."""

    draw: Variable[Integer]

    def __init__(self, k: KernelBuilder, loss: str, vectors: int, *, by_parts: bool) -> None:
        super().__init__(k, loss, vectors)
        self.by_parts = by_parts
        self.row_bytes = self.vectors * VECTOR

    def row(self, number: Integer) -> Integer:
        """Return where a row of A is."""
        return self.k.argument("rows") + number * self.row_bytes

    # ---- a line

    def begin(self, line: Line) -> None:
        """List the first line's rows, where lists are made."""
        k = self.k
        self.lists = [Variable(k, k.argument("scratch")), Variable(k, k.argument("more_scratch"))]
        self.count = Variable(k, k.integer(0))
        if self.by_parts:
            self.count.set(self.expand(line, self.lists[0].get()))

    def step(self, line: Line, done: Integer, following: Line) -> None:
        """Take the step of a line, if it has a feature and a label; ask for what follows."""
        k = self.k
        at, count = k.argument("features") + line.feature * 4, line.listed
        if self.by_parts:
            (at, behind), count = (each.get() for each in self.lists), self.count.get()
            self.count.set(self.expand(following, behind))
            self.lists[0].set(behind)
            self.lists[1].set(at)
        with k.when((count > 0) & (line.labels > 0)):
            rate = self._rate(done)
            for v in range(self.vectors if self.loss in ("softmax", "ova") else 0):
                hidden = k.load(k.argument("hidden") + v * VECTOR)
                k.store(hidden, k.argument("before") + v * VECTOR)
            share = self.hidden(at, count)
            if not self.by_parts:
                self.ask(k.argument("features") + following.feature * 4, following.listed)
            labels = k.argument("labels") + line.label * 4
            if self.loss in ("softmax", "ova"):
                self.scores()
                self._rates(labels, line.labels, rate)
                self._all_rows(at, count, share)
            else:
                self._some_rows(labels, line.labels, rate)
                self._add_to_features(at, count, share)

    def _rate(self, done: Integer) -> Vector:
        """Return the learning rate: less, the more tokens have been seen."""
        k = self.k
        progress = k.to_number(done) / k.to_number(k.argument("total"))
        double = ir.DoubleType()
        one = ir.Constant(double, 1.0)
        left = k.builder.fsub(one, to_double(progress).value)
        first = k.builder.bitcast(k.argument("rate").value, double)
        return to_single(Vector(k, k.builder.fmul(first, left)))

    def _add(self, at: Integer, count: Integer, first: Integer, moves: list[Vector]) -> None:
        """A[fᵢ] += g·(1/n), for some vectors of the rows."""
        k = self.k
        with k.loop(0, count) as i:
            row = self.row(k.load_short(at + i * 4)) + first * VECTOR
            for v, move in enumerate(moves):
                k.store(k.load(row + v * VECTOR) + move, row + v * VECTOR)

    # ---- all classes

    def _rates(self, labels: Integer, count: Integer, rate: Vector) -> None:
        """a[c] = lr·(t[c] − p[c])."""
        if self.loss == "softmax":
            target = self.k.load_short(labels + self._below(count) * 4)
            self.softmax()
        else:
            self.sigmoids()
        self._differences(rate)
        if self.loss == "softmax":
            self._set_target(target, rate)
        else:
            with self.k.loop(0, count) as i:
                self._set_target(self.k.load_short(labels + i * 4), rate)

    def _differences(self, rate: Vector) -> None:
        k, each = self.k, spread(rate)
        for at in self.each_vector():
            share = k.load(k.argument("scores") + at)
            k.store(each * (self.zero - share), k.argument("rates") + at)

    def _set_target(self, target: Integer, rate: Vector) -> None:
        k = self.k
        share = k.load_number(k.argument("scores") + target * 4)
        k.store_number(rate * (share.filled(1.0) - share), k.argument("rates") + target * 4)

    def _all_rows(self, at: Integer, count: Integer, share: Vector) -> None:
        """Take the step g = Σ_c a[c] B[c], B[c] += a[c] h, and move the features' rows."""
        k, classes = self.k, self.k.argument("classes")
        for first, wide in self.row_pieces():
            hidden = [
                k.load(k.argument("hidden") + (first + v) * VECTOR) for v in range(wide)
            ]
            with k.loop(0, classes, carry=[self.zero] * wide) as turn:
                a = spread(k.load_number(k.argument("rates") + turn.index * 4))
                row = k.argument("by_rows") + turn.index * self.row_bytes + first * VECTOR
                turn.following = self._move_row(row, a, hidden, turn.carried)
            self._add(at, count, first, [g * share for g in turn.carried])

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

    def columns(self, d: Integer, first: Integer, wide: int) -> list[Vector]:
        """Return B[c,d] for some vectors of classes, moved by a[c] h[d] of the step before."""
        k, at, moved = self.k, self.column(d, first), []
        h = spread(k.load_number(k.argument("before") + d * 4))
        for v in range(wide):
            a = k.load(k.argument("rates") + (first + v) * VECTOR)
            moved.append(k.load(at + v * VECTOR) + a * h)
            k.store(moved[-1], at + v * VECTOR)
        return moved

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
        share = self.sigmoid(turn.carried[0])
        a = spread(rate * (k.to_number(positive) - share))
        with k.loop(0, self.vectors) as v:
            place = v * VECTOR
            (total,) = self._move_row(
                at + place, a, [k.load(hidden + place)], [k.load(gradient + place)]
            )
            k.store(total, gradient + place)

    def _add_to_features(self, at: Integer, count: Integer, share: Vector) -> None:
        k, gradient = self.k, self.k.argument("scores")
        for first, wide in self.row_pieces():
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

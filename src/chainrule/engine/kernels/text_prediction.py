"""fastText's predictions: of each line the likeliest labels, as its heap leaves them.

A label's score is log(p + 10⁻⁵), in float64 and rounded to float32, and an item of the heap has its
negative bits as key. Of hierarchical softmax, paths of the tree are followed as long as they can
still be among the best.
"""

from __future__ import annotations

from llvmlite import ir

from chainrule.engine.kernels.order import ITEM, Item, pop_heap, push_heap, sort_heap
from chainrule.engine.kernels.single_exponential import exponential
from chainrule.engine.kernels.text_network import Line, Network, in_double
from chainrule.engine.language.body import I32
from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.lanes import first_lane, spread
from chainrule.engine.language.scalars import (
    Variable,
    choose,
    either,
    loop_while,
    signed,
    to_double,
    to_single,
)
from chainrule.engine.language.values import Integer, Vector
from chainrule.engine.language.vector_mathematics import log
from chainrule.engine.machine.memory import VECTOR

PREDICT = fields(
    "lines line_count features part_starts parts sums rows row_bytes row_limit more more_bytes "
    "dim classes class_vectors by_dimensions by_rows norms hidden scores logs sigmoid most "
    "thresholds heap found labels best children stack roots scratch more_scratch state"
)
MEANS = fields(
    "lines line_count features part_starts parts sums rows row_bytes row_limit more more_bytes "
    "hidden scratch vectors"
)
SUM = fields("count part_starts parts sums rows row_bytes row_limit more more_bytes")
LEAST = 1e-5
"""What is added to a probability before its logarithm is taken."""
FRAME = 16
"""Bytes of a node that is left for later: its number, and the score of its path."""
FAULT = 0


@kernel(*PREDICT)
def predict(
    k: KernelBuilder, *, loss: str, vectors: int, norms: bool, words: str, rows: str
) -> None:
    """Write for each line how many labels it has, and all lines' labels and scores in a row.

    ``words`` are "rows", or with n-grams of characters "parts", whose rows are listed, or "sums" of
    these. ``rows`` are "whole" vectors one after the other, or "apart" from each other, some of
    them in another place. ``state`` has, at the end, whether a score was NaN, and how many labels
    there are.
    """
    predictor = Predictor(k, loss, vectors, norms=norms, rows=rows)
    written, predictor.fault = (Variable(k, k.integer(0)) for _ in range(2))
    lists = [Variable(k, k.argument(name)) for name in ("scratch", "more_scratch")]
    if words == "parts":
        with k.when(k.argument("line_count") > 0):
            predictor.expand(Line.load(k, k.integer(0)), lists[0].get())
    with k.loop(0, k.argument("line_count")) as number:
        line = Line.load(k, number)
        behind = number + (number + 1 < k.argument("line_count")).as_integer()
        following = Line.load(k, behind)
        at = k.argument("features") + line.feature * 4
        if words == "parts":
            at, other = (each.get() for each in lists)
            predictor.expand(following, other)
            lists[0].set(other)
            lists[1].set(at)
        predictor.size.set(k.integer(0))
        with k.when(line.size > 0):
            if words == "sums":
                predictor.hidden_of_sums(line)
                predictor.ask_for_sums(following)
            else:
                predictor.hidden(at, line.size)
            if words == "rows":
                predictor.ask(k.argument("features") + following.feature * 4, following.size)
            predictor.fill_heap()
        size = predictor.size.get()
        k.store_short(size, k.argument("found") + number * 4)
        with k.loop(0, size) as i:
            item, to = Item.load(k, k.argument("heap") + i * ITEM), (written.get() + i) * 4
            k.store_short(item.of, k.argument("labels") + to)
            k.store_short(_bits_of(item.key), k.argument("best") + to)
        written.add(size)
    for place, value in enumerate((predictor.fault, written)):
        k.store_integer(value.get(), k.argument("state") + 8 * place)


@kernel(*MEANS)
def means(k: KernelBuilder, *, vectors: int, words: str, rows: str) -> None:
    """Write each line's hidden vector, the mean of its rows; options are as in ``predict``."""
    predictor = Predictor(k, "", vectors, norms=False, rows=rows)
    with k.loop(0, k.argument("line_count")) as number:
        line = Line.load(k, number)
        with k.when(line.size > 0):
            at = k.argument("features") + line.feature * 4
            if words == "sums":
                predictor.hidden_of_sums(line)
            elif words == "parts":
                predictor.expand(line, k.argument("scratch"))
                predictor.hidden(k.argument("scratch"), line.size)
            else:
                predictor.hidden(at, line.size)
            to = k.argument("vectors") + number * (vectors * VECTOR)
            with k.loop(0, k.integer(vectors)) as v:
                k.store(k.load(k.argument("hidden") + v * VECTOR), to + v * VECTOR)


@kernel(*SUM)
def add_parts(k: KernelBuilder, *, vectors: int, rows: str) -> None:
    """Write for each word the sum of the rows of its parts, from the first on."""
    network = Predictor(k, "", vectors, norms=False, rows=rows)
    with k.loop(0, k.argument("count")) as number:
        begin = k.argument("part_starts") + number * 8
        first, last = k.load_integer(begin), k.load_integer(begin + 8)
        at = k.argument("parts") + first * 4
        to = k.argument("sums") + number * (vectors * VECTOR)
        for piece, wide in network.row_pieces():
            totals = network.sums_of_rows(at, last - first, piece, wide)
            for v, total in enumerate(totals):
                k.store(total, to + (piece + v) * VECTOR)


class Predictor(Network):
    """The code of a line."""

    def __init__(
        self, k: KernelBuilder, loss: str, vectors: int, *, norms: bool, rows: str
    ) -> None:
        super().__init__(k, loss, vectors)
        self.norms, self.whole = norms, rows == "whole"
        if not self.whole:  # the last vector of a row may end in another cache line
            self.near = (*self.near, vectors * VECTOR - 1)
        self.size = Variable(k, k.integer(0))
        if loss:
            self.logarithms = in_double(k, "log", lambda x: log(x + LEAST))

    def row(self, number: Integer) -> Integer:
        """Return where a row of A is: among all, or among some that are drawn or copied."""
        if self.whole:
            return self.k.argument("rows") + number * (self.vectors * VECTOR)
        k, limit = self.k, self.k.argument("row_limit")
        within = k.argument("rows") + number * k.argument("row_bytes")
        beyond = k.argument("more") + (number - limit) * k.argument("more_bytes")
        return choose(number < limit, within, beyond)

    def hidden_of_sums(self, line: Line) -> None:
        """Compute the hidden vector where a feature may be a word with all its parts' rows."""
        k = self.k
        at = k.argument("features") + line.feature * 4
        share = spread(k.to_number(k.integer(1)) / k.to_number(line.size))
        for first, wide in self.row_pieces():
            with k.loop(0, line.listed, carry=[self.zero] * wide) as turn:
                place = self._row_of(at + turn.index * 4) + first * VECTOR
                turn.following = [
                    total + k.load(place + v * VECTOR) for v, total in enumerate(turn.carried)
                ]
            for v, total in enumerate(turn.carried):
                k.store(total * share, k.argument("hidden") + (first + v) * VECTOR)

    def _row_of(self, at: Integer) -> Integer:
        """Return where the row of a feature is: a word's sum, or one of A."""
        k = self.k
        feature = signed(k.load_short(at))
        sums = k.argument("sums") + (-1 - feature) * (self.vectors * VECTOR)
        return choose(feature < 0, sums, self.row(feature))

    def ask_for_sums(self, line: Line) -> None:
        """Ask for the rows of a line's features."""
        k = self.k
        with k.loop(0, line.listed) as i:
            row = self._row_of(k.argument("features") + (line.feature + i) * 4)
            for v in range(self.vectors):
                k.prefetch(row + v * VECTOR)

    def fill_heap(self) -> None:
        """Make a heap of the line's best labels, and sort it."""
        k = self.k
        if self.loss == "hs":
            self._follow_paths()
        else:
            self.scores()
            if self.norms:
                self._multiply_by_norms()
            if self.loss == "softmax":
                self.softmax()
            else:
                self.sigmoids()
            self._take_best()
        sort_heap(k, k.argument("heap"), self.size.get())

    def _multiply_by_norms(self) -> None:
        k = self.k
        for at in self.each_vector():
            place = k.argument("scores") + at
            k.store(k.load(place) * k.load(k.argument("norms") + at), place)

    def _take_best(self) -> None:
        k, scores, logs = self.k, self.k.argument("scores"), self.k.argument("logs")
        for at in self.each_vector():
            k.store(k.load(scores + at), logs + at)
        k.call_inner(self.logarithms, logs, k.argument("class_vectors"))
        threshold = k.load_number(k.argument("thresholds"))
        with k.loop(0, k.argument("classes")) as label:
            score = k.load_number(scores + label * 4)
            with k.when(score >= threshold):
                self._offer(k.load_short(logs + label * 4), label)

    def _offer(self, bits: Integer, label: Integer) -> None:
        """Put a label into the heap, unless it is full of better ones."""
        k, heap, most = self.k, self.k.argument("heap"), self.k.argument("most")
        key = _key_of(bits)
        size = self.size.get()
        full = size.equals(most)
        with k.when(~(full & (key > k.load_integer(heap)))):
            Item(key, label).store(k, heap + size * ITEM)
            push_heap(k, heap, size + 1)
            with k.when(full):
                pop_heap(k, heap, size + 1)
            self.size.set(size + (~full).as_integer())

    # ---- hierarchical softmax

    def _follow_paths(self) -> None:
        """Go through the tree, left branches first, and leave out what cannot be among the best."""
        k, classes, stack = self.k, self.k.argument("classes"), self.k.argument("stack")
        top = Variable(k, k.integer(1))
        k.store_integer(classes * 2 - 2, stack)
        k.store_integer(k.integer(0), stack + 8)
        least_score = k.load_number(k.argument("thresholds") + 4)
        with loop_while(k, lambda: top.get() > 0):
            top.add(-1)
            frame = stack + top.get() * FRAME
            node, bits = k.load_integer(frame), k.load_integer(frame + 8)
            score = _number(k, bits)
            full = self.size.get().equals(k.argument("most"))
            hopeless = full & (_key_of(bits) > k.load_integer(k.argument("heap")))
            with (
                k.when(~((score < least_score) | hopeless)),
                either(k, node < classes) as (leaf, inner),
            ):
                with leaf:
                    self._offer(bits, node)
                with inner:
                    self._branch(node - classes, score, frame)
                    top.add(2)

    def _branch(self, node: Integer, score: Vector, frame: Integer) -> None:
        """Leave both branches of a node for later, the left one to be taken first."""
        k, logs = self.k, self.k.argument("logs")
        right = self._share(node)
        one = ir.Constant(ir.DoubleType(), 1.0)
        left = to_single(right.like(k.builder.fsub(one, to_double(right).value)))
        k.store(self.zero, logs)
        k.store_number(right, logs)
        k.store_number(left, logs + 4)
        k.call_inner(self.logarithms, logs, k.integer(1))
        for side in (0, 1):
            child = k.load_short(k.argument("children") + node * 8 + (4 - 4 * side))
            at = frame + side * FRAME
            k.store_integer(child, at)
            total = score + k.load_number(logs + 4 * side)
            k.store_integer(_bits(total), at + 8)

    def _share(self, node: Integer) -> Vector:
        """Return 1/(1 + exp(−s)) of a node, exp rounded to float32."""
        k = self.k
        at, hidden = k.argument("by_rows") + node * (self.vectors * VECTOR), k.argument("hidden")
        with k.loop(0, k.argument("dim"), carry=[first_lane(self.zero)]) as turn:
            place = turn.index * 4
            product = k.load_number(at + place) * k.load_number(hidden + place)
            turn.following = [turn.carried[0] + product]
        total = turn.carried[0]
        if self.norms:
            total = total * k.load_number(k.argument("norms") + node * 4)
        self.note(total.is_nan)
        raised = exponential(k, -total, k.argument("roots"))
        sum_of_both = to_double(raised + raised.filled(1.0))
        one = ir.Constant(ir.DoubleType(), 1.0)
        return to_single(raised.like(k.builder.fdiv(one, sum_of_both.value)))


def _bits(number: Vector) -> Integer:
    """Return the bits of a number, without sign."""
    k = number.body
    return Integer(k, k.builder.zext(k.builder.bitcast(number.value, I32), ir.IntType(64)))


def _number(k: KernelBuilder, bits: Integer) -> Vector:
    return Vector(k, k.builder.bitcast(k.builder.trunc(bits.value, I32), ir.FloatType()))


def _key_of(bits: Integer) -> Integer:
    """Return a key that rises as the number with these bits falls."""
    whole = signed(bits)
    return 0 - (whole ^ choose(whole < 0, whole.body.integer(0x7FFFFFFF), 0))  # type: ignore[attr-defined]


def _bits_of(key: Integer) -> Integer:
    """Return the bits of the number that a key was made of."""
    whole = 0 - key
    return whole ^ choose(whole < 0, whole.body.integer(0x7FFFFFFF), 0)  # type: ignore[attr-defined]

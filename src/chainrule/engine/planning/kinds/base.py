"""What the engine knows of a kind of function: one class for each kind.

As a class it says how functions of the kind are lowered into a network (`lower`), listed as NumPy
(`forward_lines`, `backward_lines`; `listed`), costed (`multiply_adds`) and warmed up (`kernels`).
An instance is one function in one plan: it adds the instructions of its forward, backward and
update. A new kind is a file with such a class, and a line in
:mod:`chainrule.engine.planning.kinds.table`.

- A :class:`Head` begins a part: it makes new numbers of those that it reads, by parameters or
  windows. Heads of rows of numbers derive from :class:`.rows.RowHead`, those of images from
  :class:`.images.ImageHead`.
- A :class:`.pointwise.PointwiseKind` follows a head: it has no parameters and keeps the shape.

Where kernels stand for methods of a function, a class that has written these anew is refused: the
names are in ``replaced``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.engine.kernels import epilogues
from chainrule.engine.machine.memory import VECTOR, address
from chainrule.engine.machine.planes import Planes
from chainrule.engine.network.dependencies import derivative_reads
from chainrule.engine.network.errors import CannotLowerError
from chainrule.engine.network.network import Draft, Part
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.cuts import Cut, Values
from chainrule.engine.planning.program import partition
from chainrule.engine.planning.weights import Weights
from chainrule.functions import FUNCTIONS, Elementwise, Multilinear
from chainrule.layout import Layer

REPLACED = ("forward", "backprop", "slopes", "output_shape", "parameter_shapes")
"""Methods of functions that kernels stand for."""

Emission = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""A function that emits a kernel, the rules that it is made from, and options."""


def emission(emit: Callable[..., Any], *rules: Any, **options: Any) -> Emission:
    """Return a kernel to compile ahead."""
    return emit, rules, options


def elementwise() -> list[Elementwise]:
    """Return a function of each elementwise class, for the kernels that are made from them."""
    return [kind() for kind in FUNCTIONS if issubclass(kind, Elementwise)]


@dataclass(frozen=True)
class Names:
    """What a listing calls a part's numbers: ``function`` and ``mask`` by place among pointwise.

    ``x`` is what the head reads, ``values`` what it makes and what each function after it makes,
    ``gradient`` and ``before`` the gradients by the head's output and by x. ``beside`` is, of an
    end of a block that a way passes by, what the other end has: X, or the gradient by Y.
    """

    x: str
    head: str
    values: tuple[str, ...]
    functions: tuple[str, ...]
    masks: tuple[str, ...]
    gradient: str
    before: str
    beside: str = ""


class Kind(ABC):
    """What the engine knows of a kind of function."""

    replaced: ClassVar[tuple[str, ...]] = REPLACED

    @classmethod
    @abstractmethod
    def lower(cls, draft: Draft, layer: Layer, place: int) -> bool:
        """Add a layer to a network; return whether there are kernels for it in its place."""

    @classmethod
    def prepared(cls, function: Any, X: Any) -> Any:
        """Return samples X, dense or sparse, as kernels read them where the function is first."""
        return X

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return the kernels to compile ahead, those of all functions among them."""
        return ()


class Head(Kind):
    """The head of a part, in a plan with the pointwise functions after it.

    Parameters
    ----------
    context : PlanContext
        What instructions are made with.
    part : Part
        What is planned.
    before : Head or None
        The head before; None where the samples are read as they are.
    after : Part or None
        The part that reads the output; None if that is the loss.
    """

    of_images: ClassVar[bool] = False
    imports: ClassVar[tuple[str, ...]] = ()
    """What the listing of a part imports."""
    idle: ClassVar[bool] = False
    """Whether it makes nothing new: without functions after it, it is left out."""
    paired: ClassVar[bool] = False
    """Whether it is an end of a residual block: another part has the same place."""
    reads_in_place: ClassVar[bool] = False
    """Whether its kernels can read its parameters where the chain has them."""
    reads_sparse: ClassVar[bool] = True
    """Whether it, or one of its variants, can read samples that are sparse."""
    takes_along: ClassVar[bool] = False
    """Whether its kernel applies the first pointwise function, where that is elementwise."""

    def __init__(
        self, context: PlanContext, part: Part, before: Head | None, after: Part | None
    ) -> None:
        self.context, self.part, self.before, self.after = context, part, before, after
        self.code, self.library, self.weights = context.code, context.library, context.weights
        first = part.pointwise[0] if self.takes_along and part.pointwise else None
        self.fused: Elementwise | None = (
            first.function if first and first.kind.in_registers else None
        )
        self.values = self._values(self.fused is None or "x" in derivative_reads(self.fused))
        self.pointwise: list[Any] = [
            own.kind(context, own, self.values, k) for k, own in enumerate(part.pointwise)
        ]

    # ---- a class: what is known before there is a plan

    variants: ClassVar[tuple[type[Head], ...]] = ()
    """Classes that plan some parts of the kind better; the table of kinds puts them here."""

    @classmethod
    def pays(cls, part: Part, entries: float | None) -> bool:
        """Return whether this variant plans a part better than the kind that it is one of."""
        return False

    @classmethod
    def variant(cls, part: Part, entries: float | None) -> type[Head]:
        """Return the class that plans a part; CannotLowerError if none can read its samples.

        ``entries`` are those of a sample, if samples are sparse and the part reads them.
        """
        if entries is not None and not cls.reads_sparse:
            raise CannotLowerError(f"{part.function}: the engine has no kernel for sparse samples")
        return next((kind for kind in cls.variants if kind.pays(part, entries)), cls)

    @classmethod
    def add_parameters(cls, part: Part, weights: Weights, *, behind: bool) -> None:
        """Add the part's parameters; ``behind`` it there are gradients that W leads to."""

    @classmethod
    def multiply_adds(cls, part: Part, entries: float | None) -> int:
        """Return the multiply-adds of forward for a sample; as many as of each gradient."""
        return 0

    @classmethod
    def transposed(cls, part: Part) -> int:
        """Return how many numbers are kept a second time, transposed, if gradients pass."""
        return 0

    @classmethod
    def rules(cls, part: Part, name: str) -> dict[str, Any]:
        """Return the functions that the listing of a part uses, by their names."""
        return {name: part.function}

    @classmethod
    def forward_lines(cls, part: Part, names: Names) -> Iterator[tuple[str, str]]:
        """Yield the listing's lines that make the head's output, each with a note."""
        text = part.function
        note = str(text.text()) if isinstance(text, Multilinear) else str(text)
        yield f"{names.values[0]} = {names.head}.forward({names.x}, {_own(part)})", note

    @classmethod
    def backward_lines(cls, part: Part, names: Names) -> Iterator[tuple[str, str]]:
        """Yield the lines that make the gradient by what the head reads, if it is wanted."""
        arguments = f"{names.gradient}, {names.x}, {names.values[0]}, {_own(part)}"
        yield f"{names.before}, own = {names.head}.backprop({arguments})", ""
        for own, name in part.names.items():
            yield f"{gradient_name(name)} = own[{own!r}]", ""

    @classmethod
    def gradient_lines(cls, part: Part, names: Names, penalty: str) -> Iterator[tuple[str, str]]:
        """Yield the lines that make the gradients by parameters, unless backward has."""
        return iter(())

    # ---- an instance: one part of a plan

    @abstractmethod
    def _values(self, keeps: bool) -> Values:
        """Return memory for what the part makes; ``keeps``: for z, too."""

    @abstractmethod
    def forward(self, cut: Any) -> None:
        """Add what the part makes of what it reads."""

    def backward(self, cut: Any) -> None:
        """Add the gradient of the part before, given this one's."""

    def updates(self) -> Sequence[Callable[[int], None]]:
        """Return what moves the parameters: for each thread, one after another.

        All threads have finished one before the next begins. Each moves parameters by
        ``context.rule``, which may only keep the gradient. By default those move that do so by
        themselves, unless gradients are kept: then others move them.
        """
        moves = any(self.weights.parameters[name].by_itself for name in self.part.names.values())
        return (self.move,) if moves and not self.weights.keeps_gradient else ()

    def move(self, thread: int) -> None:
        """Let a share of each parameter move along its gradient."""
        batch = self.context.batches[thread]
        for name in self.part.names.values():
            parameter = self.weights.parameters[name]
            first, last = partition(parameter.vectors, self.code.threads, thread)
            if first < last:
                self.code.add(
                    thread,
                    self.library.get(epilogues.update_all, self.context.rule),
                    count=last - first,
                    scalars=self.context.scalars(thread, parameter.factors),
                    l2=address(batch.l2[int(parameter.penalized) :]),
                    **parameter.places(first * VECTOR),
                )

    def follow(self, cut: Cut) -> None:
        """Add the pointwise functions that the head's kernel has not taken along."""
        for function in self.pointwise[0 if self.fused is None else 1 :]:
            function.forward(cut)

    def slopes(self, cut: Cut, count: int | None = None, source: Planes | None = None) -> None:
        """Take the gradient back through the first pointwise functions, all by default.

        A source stands in for the gradient where that lies elsewhere yet.
        """
        for function in reversed(self.pointwise[:count]):
            function.backward(cut, self.values.gradient if source is None else source)
            source = None

    @property
    def last_slope(self) -> Elementwise | None:
        """The last pointwise function, if a product can multiply by its derivative."""
        last = self.part.pointwise[-1] if self.part.pointwise else None
        return last.function if last and last.kind.in_registers else None


def gradient_name(name: str) -> str:
    """Return what a listing calls the gradient by a parameter: ``dW0``."""
    return f"d{name}".replace(".", "_")


def _own(part: Part) -> str:
    """Return the parameters of a part as the listing hands them over."""
    return "{" + ", ".join(f"{own!r}: w[{name!r}]" for own, name in part.names.items()) + "}"

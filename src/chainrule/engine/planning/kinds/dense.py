"""Linear in a plan: products forward and back, and W moving in the epilogue of its gradient.

Linear layers are cut by panels of outputs, so that a panel of W that a thread has just updated is
still in its core's cache when it is used next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import prod
from typing import Any, ClassVar

import numpy as np

from chainrule.engine.kernels import epilogues, product, rows as row_kernels, shard_products
from chainrule.engine.kernels.comparison import compare
from chainrule.engine.kernels.library import CompiledKernel
from chainrule.engine.machine.memory import VECTOR, Panels, address
from chainrule.engine.network.network import Draft, Part
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.cuts import Range, RowCut
from chainrule.engine.planning.kinds.base import (
    Emission,
    Names,
    elementwise,
    emission,
    gradient_name,
)
from chainrule.engine.planning.kinds.rows import RowHead
from chainrule.engine.planning.program import partition
from chainrule.engine.planning.weights import StoredParameter, Weights
from chainrule.layout import Layer


class Dense(RowHead):
    """Y[n,o] = X[n,i] W[i,o] + b[o], and the functions after it."""

    takes_along = reads_in_place = True
    matrix: ClassVar[str] = "W"
    """The function's own name of its matrix."""

    before: RowHead | None

    # ---- before there is a plan

    @classmethod
    def lower(cls, draft: Draft, layer: Layer, place: int) -> bool:
        """Begin a part of rows of numbers."""
        sizes = {"inputs": (prod(layer.input_shape),), "outputs": (prod(layer.output_shape),)}
        draft.begin(cls, layer, place, **sizes)
        return True

    @classmethod
    def add_parameters(cls, part: Part, weights: Weights, *, behind: bool) -> None:
        """Add W, with its transpose if a gradient passes it, and b."""
        shape = (part.reads, part.features)
        weights.add(part.names[part.kind.matrix], shape, transposed=behind)
        if "b" in part.names:
            weights.add(part.names["b"], (part.features,))

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return products, and epilogues of each elementwise function."""
        products = product.product, product.even, product.turned, shard_products.turned
        plain = (*products, epilogues.store, epilogues.affine, row_kernels.transpose, compare)
        rules = (epilogues.activation, epilogues.slope)
        made = [emission(emit, function) for function in elementwise() for emit in rules]
        return [*(emission(emit) for emit in plain), *made]

    @classmethod
    def multiply_adds(cls, part: Part, entries: float | None) -> int:
        """Return those of X W: of a sparse sample, a row of W for each entry."""
        return round((part.reads if entries is None else entries) * part.features)

    @classmethod
    def transposed(cls, part: Part) -> int:
        """Return the size of W."""
        return part.reads * part.features

    # ---- listing

    @classmethod
    def rules(cls, part: Part, name: str) -> dict[str, object]:
        """Return nothing: products are written out."""
        return {}

    @classmethod
    def listed_operand(cls, code: str) -> str:
        """Return how a product reads what a listing calls so: as it is."""
        return code

    @classmethod
    def forward_lines(cls, part: Part, names: Names) -> Iterator[tuple[str, str]]:
        """Yield the product."""
        W, bias = part.names[part.kind.matrix], part.names.get("b")
        added = f" + w[{bias!r}]" if bias else ""
        read = cls.listed_operand
        product = f"{read(names.x)} @ {read(f'w[{W!r}]')}"
        yield f"{names.values[0]} = {product}{added}", part.function.text()

    @classmethod
    def backward_lines(cls, part: Part, names: Names) -> Iterator[tuple[str, str]]:
        """Yield the product with the transpose."""
        W = part.names[part.kind.matrix]
        read = cls.listed_operand
        product = f"{read(names.gradient)} @ {read(f'w[{W!r}]')}.T"
        yield f"{names.before} = {product}", "dX[n,i] = dY[n,o] W[i,o]"

    @classmethod
    def gradient_lines(cls, part: Part, names: Names, penalty: str) -> Iterator[tuple[str, str]]:
        """Yield the gradients by W and b."""
        W = part.names[part.kind.matrix]
        read = cls.listed_operand
        product = f"{read(names.x)}.T @ {read(names.gradient)}"
        yield f"{gradient_name(W)} = {product}{penalty.format(W)}", "dW[i,o] = X[n,i] dY[n,o]"
        if "b" in part.names:
            db = gradient_name(part.names["b"])
            yield f"{db} = {names.gradient}.sum(axis=0)", "db[o] = dY[n,o]"

    # ---- forward

    @property
    def weight(self) -> StoredParameter:
        """The matrix."""
        return self.weights.parameters[self.part.names[self.part.kind.matrix]]

    @property
    def bias(self) -> StoredParameter:
        """The bias; zeros that nothing moves where there is none."""
        name = self.part.names.get("b")
        return self.weights.parameters[name] if name else self.weights.zero_bias(self.part.features)

    @property
    def few_panels(self) -> bool:
        """Whether threads share out samples: reading all of W, they wait less for each other.

        So it is where panels are too few for even shares, samples are many, and W is smaller than
        what threads would read of each other's values.
        """
        reads, features, rows = self.part.reads, self.part.features, self.context.rows
        threads = self.context.threads
        few = self.values.gradient.count < 4 * threads and rows >= 16 * threads
        return few and reads * features <= rows * (reads + features)

    @property
    def input(self) -> Panels | None:
        """What the head reads, or None if that is X itself."""
        return self.before.values.output if self.before else None

    def forward(self, cut: RowCut) -> None:
        """Add Z = X W + b and Y = f(Z), for some samples and some panels of outputs."""
        if not cut:
            return
        values = self.values
        arguments = {
            "bias": self.bias.values.address + cut.panels[0] * VECTOR,
            "z": cut.at(values.z) if values.z else 0,
            "y": cut.at(values.y[0]) if values.y else 0,
            "row_stride": VECTOR,
            "vector_stride": values.gradient.stride,
        }
        epilogue = (
            self.library.get(epilogues.affine)
            if self.fused is None
            else self.library.get(epilogues.activation, self.fused)
        )
        self._multiply(cut, epilogue, arguments)
        self.follow(cut)

    def _multiply(self, cut: RowCut, epilogue: CompiledKernel, arguments: dict[str, int]) -> None:
        """Add products of rows of numbers with W, and what happens to them."""
        inputs, W, before = self.part.reads, self.weight.values, self.input
        columns = before.columns if before else np.arange(inputs) * self.context.dtype.itemsize
        values: dict[str, Any] = {
            "rows": cut.samples,
            "vectors": cut.count,
            "depth": inputs,
            "taps": self.code.table(columns, np.arange(inputs) * W.row_stride),
            "x": W.address + cut.panels[0] * W.stride,
            "x_stride": W.stride,
        }
        given = cut.thread, epilogue, arguments
        if before is None:  # X as it is: the batch has the samples' addresses
            samples = self.context.batches[cut.thread].rows[cut.rows[0] :]
            values |= {"row_offsets": address(samples), "ahead": 1}
            self.context.blocked_product(*given, product.product, **values)
        else:
            a = before.address + cut.rows[0] * VECTOR
            self.context.blocked_product(*given, a=a, group=cut.samples, **values)

    # ---- backprop

    def backward(self, cut: RowCut) -> None:
        """Add dX = dZ Wᵀ, times the slopes of the functions before: dZ of the part before.

        Forward was Z = X W, so each input's gradient sums over the outputs that read it. ``cut``
        is that of the part before.
        """
        assert self.before is not None
        if not cut:
            return
        before = self.before.values
        target, last = before.gradient, self.before.last_slope
        arguments = {
            "gradient": cut.at(target),
            "row_stride": VECTOR,
            "vector_stride": target.stride,
        }
        epilogue = self.library.get(epilogues.store)
        if last is not None:
            epilogue = self.library.get(epilogues.slope, last)
            x = before.before(len(before.y) - 1)
            arguments |= {"x": cut.at(x) if x else 0, "y": cut.at(before.y[-1])}
            arguments |= {"gradient_row": VECTOR, "gradient_vector": target.stride}
        self._multiply_back(cut, epilogue, arguments)
        self.before.slopes(cut, len(self.before.pointwise) - (last is not None))

    def _multiply_back(
        self, cut: RowCut, epilogue: CompiledKernel, arguments: dict[str, int]
    ) -> None:
        """Add products of gradients with Wᵀ, and what happens to them."""
        outputs, gradient, T = self.part.features, self.values.gradient, self.weight.transposed
        assert T is not None
        self.context.blocked_product(
            cut.thread,
            epilogue,
            arguments,
            rows=cut.samples,
            vectors=cut.count,
            depth=outputs,
            a=gradient.address + cut.rows[0] * VECTOR,
            group=cut.samples,
            taps=self.code.table(gradient.columns, np.arange(outputs) * VECTOR),
            x=T.address + cut.panels[0] * T.stride,
            x_stride=T.stride,
        )

    # ---- update

    def updates(self) -> Sequence[Callable[[int], None]]:
        """Return the moves of W and b."""
        return (self.update,)

    def update(self, thread: int) -> None:
        """Let b move along db = 1ᵀ dZ, and W along dW = Xᵀ dZ in the product's epilogue."""
        count, unit = self.weight.values.count, self.context.panels_at_once
        panels = partition(count, self.code.threads, thread, unit)
        if "b" in self.part.names and panels[0] < panels[1]:
            gradient = self.values.gradient
            self.code.add(
                thread,
                self.library.get(epilogues.update_sums, self.context.rule),
                rows=self.context.rows,
                vectors=panels[1] - panels[0],
                x=gradient.address + panels[0] * gradient.stride,
                x_stride=gradient.stride,
                **self.moved(thread, self.bias, panels[0] * VECTOR),
            )
        self.update_matrix(thread, panels)

    def update_matrix(self, thread: int, panels: Range) -> None:
        """Add the move of W, and of its transpose."""
        W, inputs = self.weight.values, (0, self.part.reads)
        if W.count < 2 * self.code.threads:  # too few panels to share: cut the inputs
            panels = (0, W.count)
            inputs = partition(self.part.reads, self.code.threads, thread, W.lanes)
        if inputs[0] == inputs[1] or panels[0] == panels[1]:
            return
        self._multiply_across(thread, inputs, panels)
        if self.weight.gradient is None:
            self.context.transpose(thread, self.weight, inputs, panels)

    def _multiply_across(self, thread: int, inputs: Range, panels: Range) -> None:
        """Add products of Xᵀ with gradients, and the moves of W along them."""
        epilogue = self.library.get(epilogues.update, self.context.rule)
        own = inputs[0] * VECTOR + panels[0] * self.weight.values.stride
        samples = 0, self.context.rows
        arguments = self.moved(thread, self.weight, own)
        self.multiply_across(self.context, thread, samples, inputs, panels, epilogue, arguments)

    def multiply_across(
        self,
        context: PlanContext,
        thread: int,
        samples: Range,
        inputs: Range,
        panels: Range,
        epilogue: CompiledKernel,
        arguments: dict[str, int],
        shards: Sequence[int] = (),
    ) -> None:
        """Add products of Xᵀ with gradients, of some samples, to the context's program.

        Of samples in shards of some sizes, the sums of these are added in a tree.
        """
        gradient, before, item = self.values.gradient, self.input, self.context.dtype.itemsize
        count, skipped = inputs[1] - inputs[0], samples[0] * 2 * 8
        if before is None:
            taps = address(self.context.batches[thread].taps)
            own: dict[str, Any] = {"a": inputs[0] * item, "group": count}
        else:
            offsets = np.arange(self.context.rows) * VECTOR
            taps, groups = self.code.table(offsets, offsets), inputs[0] // before.lanes
            own = {"a": before.address + groups * before.stride, "group": before.lanes}
            own["group_stride"] = before.stride
        own |= {
            "rows": count,
            "vectors": panels[1] - panels[0],
            "depth": samples[1] - samples[0],
            "taps": taps + skipped,
            "x": gradient.address + panels[0] * gradient.stride,
            "x_stride": gradient.stride,
        }
        given = thread, epilogue, arguments
        if len(shards) > 1:
            table = address(context.code.keep(shard_products.table_of(shards)))
            own |= {"shards": len(shards), "table": table}
            context.product(*given, shard_products.turned, **own)
        else:
            context.blocked_product(*given, product.turned, **own)

    def moved(self, thread: int, parameter: StoredParameter, own: int) -> dict[str, int]:
        """Return an update's arguments: the numbers that move, their state, the step's scalars.

        ``own`` are the bytes from the parameter's first number to those.
        """
        batch, penalty = self.context.batches[thread], parameter.penalized * self.context.penalizes
        arguments = {
            "w": parameter.values.address + own,
            "row_stride": parameter.values.row_stride,
            "vector_stride": parameter.values.stride,
            "scalars": self.context.scalars(thread, parameter.factors),
            "l2": address(batch.l2[int(penalty) :]),
        }
        kept = parameter.state if parameter.gradient is None else (parameter.gradient,)
        for slot, state in enumerate(kept):
            arguments[f"state{slot}"] = state.address + own
        return arguments

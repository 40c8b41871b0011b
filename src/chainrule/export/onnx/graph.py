"""A graph of ONNX that is being built: nodes, constants, and names that are free."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from chainrule.types import Array

__all__ = ["Graph", "Tensor", "onnx_module"]

Tensor = str
"""A tensor of the graph, by its name."""


def onnx_module() -> Any:
    """Return the package onnx; ImportError says what to install."""
    try:
        import onnx
    except ImportError:
        raise ImportError(
            "export to ONNX needs the package onnx, which is not installed: "
            'pip install "chainrule[onnx]"'
        ) from None
    return onnx


class Graph:
    """Nodes in order. What has been computed already is not computed twice.

    Parameters
    ----------
    opset : int
        The version of the operators.
    """

    def __init__(self, opset: int) -> None:
        self.opset = opset
        self.onnx = onnx_module()
        self.nodes: list[Any] = []
        self.initializers: dict[Tensor, Array] = {}
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self._taken: set[str] = set()
        self._kept: set[str] = set()
        self._values: dict[Tensor, Tensor] = {}
        self._made: dict[Any, tuple[Tensor, ...]] = {}

    def fresh(self, name: str, others: Collection[str] = ()) -> str:
        """Return a name like one that is given, which no other tensor has, and none of others."""
        free, count = name, 0
        while not free or free in self._taken or free in self._kept or free in others:
            count += 1
            free = f"{name or 'column'}_{count}"
        self._taken.add(free)
        return free

    def constants(self) -> dict[Tensor, Array]:
        """Return the constants that nodes read."""
        used = {name for node in self.nodes for name in node.input}
        return {name: array for name, array in self.initializers.items() if name in used}

    def reserve(self, name: str) -> None:
        """Keep a name for an output: no other tensor has it."""
        self._kept.add(name)

    def input(
        self,
        name: str,
        dtype: Any,
        shape: Sequence[int | str | None],
        others: Collection[str] = (),
    ) -> Tensor:
        """Declare an input and return it; its name is another where that is taken, or of others."""
        tensor = self.fresh(name, others)
        helper = self.onnx.helper
        kind = self.element_type(dtype)
        self.inputs.append(helper.make_tensor_value_info(tensor, kind, list(shape)))
        return tensor

    def output(
        self, name: str, value: Tensor, dtype: Any, shape: Sequence[int | str | None]
    ) -> Tensor:
        """Declare an output that has a value, and return the name that it goes by."""
        self._kept.discard(name)
        tensor = self.fresh(name)
        self._values[tensor] = value
        kind = self.element_type(dtype)
        self.outputs.append(self.onnx.helper.make_tensor_value_info(tensor, kind, list(shape)))
        return tensor

    def finish(self) -> None:
        """Let what nodes make go by the outputs' names; to be called once, at the end."""
        own = {name for node in self.nodes for name in node.output}
        names: dict[Tensor, Tensor] = {}
        for tensor, value in self._values.items():
            if value in own and value not in names:
                names[value] = tensor
        for node in self.nodes:
            node.input[:] = [names.get(name, name) for name in node.input]
            node.output[:] = [names.get(name, name) for name in node.output]
        copies = [
            self.onnx.helper.make_node("Identity", [names.get(value, value)], [tensor], tensor)
            for tensor, value in self._values.items()
            if names.get(value) != tensor
        ]
        self.nodes += copies

    def element_type(self, dtype: Any) -> int:
        """Return the number that ONNX has for a type; texts are of NumPy's type str."""
        kind = np.dtype(dtype)
        if kind.kind in "UO":
            return int(self.onnx.TensorProto.STRING)
        return int(self.onnx.helper.np_dtype_to_tensor_dtype(kind))

    def constant(self, numbers: Any, dtype: Any, name: str = "constant") -> Tensor:
        """Return a tensor of numbers, or texts, that are known."""
        array = np.asarray(numbers, dtype)
        texts = array.dtype.kind in "UO"
        content = tuple(array.ravel().tolist()) if texts else array.tobytes()
        key = (name, array.dtype.str, array.shape, content)
        if key not in self._made:
            tensor = self.fresh(name)
            self.initializers[tensor] = array
            self._made[key] = (tensor,)
        return self._made[key][0]

    def whole(self, *numbers: int) -> Tensor:
        """Return a tensor of whole numbers on one axis."""
        return self.constant(numbers, np.int64, "axes")

    def op(self, operator: str, *inputs: Tensor, domain: str = "", **attributes: Any) -> Tensor:
        """Return what an operator makes of tensors."""
        return self.ops(operator, *inputs, count=1, domain=domain, **attributes)[0]

    def ops(
        self, operator: str, *inputs: Tensor, count: int, domain: str = "", **attributes: Any
    ) -> tuple[Tensor, ...]:
        """Return the tensors, so many, that an operator makes of others."""
        key = (operator, domain, inputs, repr(sorted(attributes.items())))
        if key not in self._made:
            outputs = tuple(self.fresh(operator.lower()) for _ in range(count))
            given = {name: value for name, value in attributes.items() if value is not None}
            node = self.onnx.helper.make_node(
                operator, list(inputs), list(outputs), outputs[0], domain=domain, **given
            )
            self.nodes.append(node)
            self._made[key] = outputs
        return self._made[key]

    def reduce(self, operator: str, X: Tensor, axes: Sequence[int], *, keep: bool) -> Tensor:
        """Return a reduction over axes, which ReduceSum has as an input, others from 18 on."""
        if operator == "ReduceSum" or self.opset >= 18:
            return self.op(operator, X, self.whole(*axes), keepdims=int(keep))
        return self.op(operator, X, axes=list(axes), keepdims=int(keep))

    def unsqueeze(self, X: Tensor, *axes: int) -> Tensor:
        """Return X with axes of one number."""
        return self.op("Unsqueeze", X, self.whole(*axes)) if axes else X

    def reshape(self, X: Tensor, shape: Sequence[int]) -> Tensor:
        """Return samples X (n, …) with other axes after the first."""
        return self.op("Reshape", X, self.whole(-1, *shape))

    def cast(self, X: Tensor, dtype: Any) -> Tensor:
        """Return X in another type of number."""
        return self.op("Cast", X, to=self.element_type(dtype))

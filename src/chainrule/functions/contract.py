"""What is asked of a function of one's own: its methods' arguments, and what they return.

Mistakes are named before work begins: the arguments when a function is put into a chain, what it
returns when samples are there.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.functions.base import Elementwise, Function, Multilinear
from chainrule.types import Array, Shape

WANTED: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "forward": ("X, parameters, key=None", 3, ()),
    "backprop": ("dY, X, Y, parameters, key=None, *, input_gradient=True", 5, ("input_gradient",)),
    "jacobian": ('X, parameters, by="X", key=None', 2, ("key",)),
    "parameter_shapes": ("input_shape", 1, ()),
    "output_shape": ("input_shape", 1, ()),
    "fans": ("input_shape", 1, ()),
    "starts": ("input_shape", 1, ()),
    "scales": ("input_shape", 1, ()),
    "learning_rate_factors": ("", 0, ()),
    "observe": ("X, parameters, key", 3, ()),
}
"""The methods of a function: their arguments, how many come by position, and which by name."""

OF_KINDS: dict[Any, dict[str, tuple[str, int, tuple[str, ...]]]] = {
    Elementwise: {"value": ("x", 1, ()), "derivative": ("x, y", 2, ())},
    Multilinear: {"text": ("", 0, ()), "constants": ("input_shape", 1, ())},
}
"""The methods of kinds of functions, likewise."""


def check_arguments(function: Function) -> None:
    """Raise TypeError unless the methods of a function take what they are called with.

    Raises
    ------
    TypeError
        Names the function, the method, and the arguments that are expected and received.
    """
    if not isinstance(function, Function):
        raise TypeError(f"expected a function such as Tanh(), got {function!r}")
    for name, (wanted, count, keywords) in _methods(type(function)):
        method = getattr(function, name)
        if not callable(method):
            raise TypeError(
                f"{type(function).__name__}.{name}: expected a method, got {method!r}"
            )
        try:
            signature = inspect.signature(method)
        except (TypeError, ValueError):  # of a compiled function nothing is known
            continue
        try:
            signature.bind(*[None] * count, **dict.fromkeys(keywords))
        except TypeError:
            received = ", ".join(map(str, signature.parameters.values()))
            raise TypeError(
                f"{type(function).__name__}.{name}: expected the arguments (self, {wanted})"
                f", got (self, {received})".replace("(self, )", "(self)")
            ) from None


def _methods(kind: type[Function]) -> Iterator[tuple[str, tuple[str, int, tuple[str, ...]]]]:
    """Yield the methods that a class has written itself."""
    wanted = dict(WANTED)
    for base, more in OF_KINDS.items():
        wanted |= more if issubclass(kind, base) else {}
    for name, arguments in wanted.items():
        home = next(base for base in kind.__mro__ if name in vars(base))
        if not home.__module__.startswith("chainrule."):
            yield name, arguments


def checked_shapes(function: Function, input_shape: Shape) -> tuple[dict[str, Shape], Shape]:
    """Return the shapes of a function's parameters and of its output, given that of a sample.

    Raises
    ------
    TypeError
        What a method returns is no shape.
    """
    own = function.parameter_shapes(input_shape)
    if not isinstance(own, Mapping) or not all(type(name) is str for name in own):
        raise TypeError(_returned(function, "parameter_shapes", "a dict of shapes by name", own))
    for name, shape in own.items():
        if not _is_shape(shape):
            expected = f"a tuple of whole numbers >= 0 as shape of {name}"
            raise TypeError(_returned(function, "parameter_shapes", expected, shape))
    output = function.output_shape(input_shape)
    if not _is_shape(output):
        expected = "the shape of one sample, a tuple of whole numbers"
        raise TypeError(_returned(function, "output_shape", expected, output))
    return dict(own), output


def checked_output(function: Function, Y: Any, count: int, shape: Shape, dtype: Any) -> Any:
    """Return what forward has returned, in the float type of its input.

    Raises
    ------
    TypeError
        It is no array of numbers.
    ValueError
        It has another shape than output_shape says.
    """
    if not isinstance(Y, np.ndarray) or Y.dtype.kind not in "biuf":
        of = Y.dtype if isinstance(Y, np.ndarray) else Y
        raise TypeError(_returned(function, "forward", "an array of numbers", of))
    if Y.shape != (count, *shape):
        expected = f"Y of shape {(count, *shape)}, as output_shape says"
        raise ValueError(_returned(function, "forward", expected, f"shape {Y.shape}"))
    return Y.astype(dtype, copy=False)


def checked_gradients(
    function: Function,
    returned: Any,
    shapes: Mapping[str, Shape],
    input_shape: Shape,
    *,
    input_gradient: bool,
) -> tuple[Array | None, Mapping[str, Array]]:
    """Return what backprop has returned.

    Raises
    ------
    TypeError
        It is not the gradient by X, and a dict of those by the parameters, as real numbers.
    ValueError
        A gradient is missing, or has another shape than what it belongs to.
    """
    if not (isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], dict)):
        expected = "the gradient by X and a dict of those by the parameters"
        raise TypeError(_returned(function, "backprop", expected, returned))
    dX, gradients = returned
    if set(gradients) != set(shapes):
        expected = ", ".join(shapes) or "nothing"
        received = ", ".join(map(str, gradients)) or "nothing"
        raise ValueError(f"{function}: expected gradients by {expected}, got {received}")
    made = [(f"d{name}", gradients[name], shape) for name, shape in shapes.items()]
    for name, gradient, shape in [*made, *([("dX", dX, input_shape)] * input_gradient)]:
        if np.shape(gradient) != shape or gradient is None:
            got = None if gradient is None else np.shape(gradient)
            raise ValueError(f"{function}: expected {name} of shape {shape}, got {got}")
        kind = np.asarray(gradient).dtype
        if kind.kind not in "biuf":
            raise TypeError(_returned(function, "backprop", f"numbers as {name}", str(kind)))
    return dX, gradients


def checked_names(function: Function, method: str, returned: Any) -> Mapping[str, Any]:
    """Return a dict by the names of parameters; TypeError for what is none."""
    if not isinstance(returned, Mapping):
        expected = "a dict by the names of parameters"
        raise TypeError(_returned(function, method, expected, repr(returned)))
    return returned


def checked_observed(
    function: Function, returned: Any, parameters: Mapping[str, Array]
) -> Mapping[str, Any]:
    """Return what observe has returned: arrays by the names of parameters.

    Raises
    ------
    TypeError
        It is no dict.
    ValueError
        There is no such parameter, or it has another shape.
    """
    for name, array in checked_names(function, "observe", returned).items():
        if name not in parameters:
            expected = f"observe to return values of {', '.join(parameters) or 'nothing'}"
            raise ValueError(f"{function}: expected {expected}, got one of {name!r}")
        if np.shape(array) != parameters[name].shape:
            expected = f"{name} of shape {parameters[name].shape}"
            raise ValueError(_returned(function, "observe", expected, f"{np.shape(array)}"))
    return dict(returned)


def _is_shape(given: Any) -> bool:
    return isinstance(given, tuple) and all(
        isinstance(size, int | np.integer) and not isinstance(size, bool) and size >= 0
        for size in given
    )


def _returned(function: Function, method: str, expected: str, received: Any) -> str:
    shown = received if isinstance(received, str) else repr(received)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return f"{function}: expected {method} to return {expected}, got {shown}"

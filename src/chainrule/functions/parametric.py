"""An activation of a strength that is learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule import notation
from chainrule.functions.base import Elementwise, Function, Multilinear
from chainrule.functions.fields import check_number
from chainrule.functions.residual import Residual
from chainrule.functions.scale import scale_line
from chainrule.functions.selu import SELU
from chainrule.functions.starts import Start
from chainrule.types import Shape


@dataclass(frozen=True)
class Excess(Elementwise):
    """What a function adds to its input.

    Definition: y = f(x) − x
    Shapes: X (n, …) -> Y (n, …)
    Derivative: dy/dx = f'(x) − 1
    Jacobian: diagonal
    Backprop: dX = dY·(f'(X) − 1)
    """

    function: Elementwise

    def value(self, x: Any) -> Any:
        """Return f(x) − x."""
        return self.function.value(x) - x

    def derivative(self, x: Any, y: Any) -> Any:
        """Return f'(x) − 1."""
        return self.function.derivative(x, self.function.value(x)) - 1


@dataclass(frozen=True)
class Strength(Multilinear):
    """How much of each number is taken: Y[n,i] = X[n,i] a[i]; a starts at 1."""

    rate_factor: float

    def text(self) -> str:
        """Return the line that defines the layer, for samples of one axis."""
        return "Y[n,i] = X[n,i] a[i]"

    def line(self, input_shape: Shape | None = None) -> notation.Line:
        """Return the line, parsed, for samples of a shape."""
        return scale_line("a", input_shape)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return a (i,), or (members, i)."""
        if len(input_shape) not in (1, 2):
            raise self._misfit("samples of shape (features) or (members, features)", input_shape)
        return {"a": input_shape}

    def fans(self, input_shape: Shape) -> tuple[int, int]:
        """Return (1, 1): a number is scaled by itself."""
        return 1, 1

    def starts(self, input_shape: Shape) -> Mapping[str, Start]:
        """Return 1 for a."""
        return {"a": 1.0}

    def penalized(self, input_shape: Shape) -> frozenset[str]:
        """Return none: 0 is no better a strength than 1."""
        return frozenset()

    def learning_rate_factors(self) -> Mapping[str, float]:
        """Return the factor of a."""
        return {"a": self.rate_factor}


@dataclass(frozen=True)
class Parametric(Residual):
    """An activation whose strength each unit learns: 0 is the identity, 1 the activation.

    Definition: Y[n,i] = X[n,i] + a[i]·(f(X[n,i]) − X[n,i]), with an elementwise function f
    Shapes: X (n, i), a (i,) -> Y (n, i)
    Jacobian: ∂Y[n,i]/∂X[n,i'] = 1 + a[i]·(f'(X[n,i]) − 1) if i = i' else 0;
        ∂Y[n,i]/∂a[i'] = f(X[n,i]) − X[n,i] if i = i' else 0
    Backprop: dX[n,i] = dY[n,i] + dY[n,i]·a[i]·(f'(X[n,i]) − 1);
        da[i] = Σ_n dY[n,i]·(f(X[n,i]) − X[n,i])
    Numerics: it is a residual block around f(x) − x and a scale, and machine code runs it as such
    Source: Holzmüller et al., "Better by default: strong pre-tuned MLPs and boosted trees on
        tabular data", 2024

    Of an ensemble's members it takes X (n, k, i), with a strength a[k,i] for each unit of each
    member. a starts at 1. As the k-th function with parameters of a network it names them k.a0.

    Parameters
    ----------
    activation : Elementwise, default=SELU()
        The activation f.
    rate_factor : float, default=0.1
        What the learning rate of a is multiplied by.
    """

    chain: tuple[Function, ...] = field(init=False, repr=False, default=())
    activation: Elementwise = field(default=SELU())
    rate_factor: float = 0.1

    def __post_init__(self) -> None:
        """Check the activation and the factor, and make the block of them."""
        if not isinstance(self.activation, Elementwise):
            raise TypeError(
                "Parametric: expected an elementwise function such as SELU(), got "
                f"{self.activation!r}"
            )
        check_number(self, "rate_factor", low=0.0)
        before = self.activation.preceding_initialization
        object.__setattr__(self, "preceding_initialization", before)
        own = (Excess(self.activation), Strength(self.rate_factor))
        object.__setattr__(self, "chain", own)
        super().__post_init__()

    def __str__(self) -> str:
        """Return the activation, and the factor where it is not the default."""
        factor = "" if self.rate_factor == 0.1 else f", rate_factor={self.rate_factor}"
        return f"Parametric({self.activation}{factor})"

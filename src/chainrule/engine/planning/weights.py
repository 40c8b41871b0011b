"""A network's parameters and its optimizer's state, as kernels see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from chainrule.engine.machine.memory import VECTOR, Panels, aligned
from chainrule.engine.network.network import Network, Part, member_name
from chainrule.engine.planning.operands import Copies, Form
from chainrule.parameters import Parameters
from chainrule.types import Array


@dataclass(frozen=True)
class StoredParameter:
    """A parameter in panels, as a matrix; its optimizer's numbers and its gradient likewise.

    ``axis`` is the one that runs along lanes, all others being rows; None is for a parameter that
    lies as it is, in one row. W (i, o) of products has panels of outputs, with more rows than
    inputs so that blocks for transposing are whole; a bias has one row. The gradient is there where
    one is kept: always, if ``by_itself`` the parameter moves along it, and not in an epilogue.
    ``factors`` are those of its learning rate and of other hyperparameters. ``rounded`` are copies
    of W and of its transpose that products read, where these are rounded. ``penalized`` says
    whether a penalty applies.
    """

    shape: tuple[int, ...]
    axis: int | None
    values: Panels
    state: tuple[Panels, ...]
    gradient: Panels | None = None
    transposed: Panels | None = None
    factors: tuple[float, ...] = (1.0,)
    by_itself: bool = False
    rounded: Copies = (None, None)
    penalized: bool = False

    @property
    def axis_of_lanes(self) -> int:
        """The axis that runs along lanes."""
        assert self.axis is not None
        return self.axis

    @property
    def vectors(self) -> int:
        """How many vectors it has in memory."""
        return self.values.data.nbytes // VECTOR

    def places(self, start: int = 0) -> dict[str, int]:
        """Return where kernels find it, from a number of bytes on."""
        slots = {f"state{k}": slot for k, slot in enumerate(self.state)}
        arrays = {"w": self.values, "gradient": self.gradient, **slots}
        return {name: array.address + start for name, array in arrays.items() if array}

    def part(self, slot: int | None) -> Panels:
        """Return the values, one of the optimizer's numbers for each, or, at −1, the gradient."""
        found = self.values if slot is None else self.gradient if slot < 0 else self.state[slot]
        assert found is not None
        return found

    def _moved(self, parameter: Array) -> Array:
        """Return a view of an array with the axis of the lanes last."""
        if self.axis is None or not self.shape:
            return parameter.reshape(-1)
        return np.moveaxis(parameter, self.axis, -1)

    def load(self, parameter: Array, slot: int | None = None) -> None:
        """Take numbers over from an array of the parameter's shape."""
        moved = self._moved(parameter)
        self.part(slot).write(moved.reshape(-1, moved.shape[-1]))
        if slot is None and self.transposed is not None:
            self.transposed.write(parameter.T)
        if slot is None:
            self.round(parameter)

    def round(self, parameter: Array) -> None:
        """Fill the rounded copies, if there are any."""
        for copy, values in zip(self.rounded, (parameter, parameter.T), strict=True):
            if copy is not None:
                copy.write(values)

    def views(self, parameter: Array) -> list[tuple[Array, Array]] | None:
        """Return views of the same values in an array of the parameter's shape, and here.

        None where no view of the array lies as these do.
        """
        moved = self._moved(parameter)
        matrix = moved.reshape(-1, moved.shape[-1])
        if not np.may_share_memory(matrix, parameter):
            return None
        return _there_and_here(matrix, self.values)

    def turned_views(self, parameter: Array) -> list[tuple[Array, Array]]:
        """Return the same of the transpose, if that is kept."""
        return _there_and_here(parameter.T, self.transposed) if self.transposed else []

    def store(self, parameter: Array, slot: int | None = None) -> None:
        """Put numbers into an array of the parameter's shape."""
        moved = self._moved(parameter)
        matrix = moved.reshape(-1, moved.shape[-1])
        self.part(slot).copy_to(matrix)
        if not np.may_share_memory(matrix, parameter):
            moved[...] = matrix.reshape(moved.shape)


def _there_and_here(matrix: Array, panels: Panels) -> list[tuple[Array, Array]]:
    return [(there, here) for here, there in panels.views(matrix)]


def sources(network: Network) -> dict[str, tuple[str, int | None]]:
    """Return where a network's parameters come from, by their names here.

    Parameters
    ----------
    network : Network
        Of members that share nothing, or any other.

    Returns
    -------
    sources : dict
        The chain's name, and which member's part of it; None for all of it.
    """
    names = [name for part in network.parts for name in part.names.values()]
    if not network.joint:
        return {name: (name, None) for name in names}
    every = ((name, number) for name in names for number in range(network.members))
    return {member_name(*own): own for own in every}


GRADIENT = -1
"""Stands for the gradient where numbers of an optimizer's slots are loaded or stored."""


class Weights:
    """All parameters of a network, with the state of its optimizer, for programs to work on.

    Parameters
    ----------
    network : Network
        Whose parts say how their parameters lie in memory.
    dtype : dtype
        Of the numbers.
    optimizer : optional
        What moves them; without one they are for prediction.
    l2 : float
        The penalty λ; biases have none.
    l2_shared : bool
        Whether the samples of a batch share the penalty.
    clip : float, optional
        The largest length of a gradient, which is then kept.
    keeps_gradient : bool
        Whether the gradient is written to memory before parameters move along it.
    factors : mapping, optional
        From the learning rate and other hyperparameters to what they are multiplied by for some
        parameters, by the chain's names.
    form : Form, optional
        How products read their operands where these are rounded.

    Attributes
    ----------
    gradients : ndarray of shape (vectors, lanes)
        All gradients that are kept, side by side.
    """

    def __init__(
        self,
        network: Network,
        dtype: np.dtype[Any],
        optimizer: Any = None,
        l2: float = 0.0,
        *,
        l2_shared: bool = False,
        clip: float | None = None,
        keeps_gradient: bool = False,
        factors: Mapping[str, Mapping[str, float]] | None = None,
        form: Form | None = None,
    ) -> None:
        self.form = form
        self._factors = {"learning_rate": {}, **(factors or {})}
        self._ones = (1.0,) * len(self._factors)
        self.network, self.optimizer, self.l2, self.dtype = network, optimizer, l2, dtype
        self.l2_shared, self.clip = l2_shared, clip
        self.keeps_gradient = keeps_gradient or clip is not None
        self.slots: tuple[str, ...] = optimizer.slots if optimizer else ()
        self.parameters: dict[str, StoredParameter] = {}
        self._sources = sources(network)
        parts = network.together.parts
        self._penalized = {name for part in parts for name in part.penalized}
        self._zero_biases: dict[int, StoredParameter] = {}
        self._views: _Views | None = None
        for own in network.each():
            self._add_parameters(own)
        self.gradients = self._gathered() if self.keeps_gradient else np.zeros(0, dtype)

    def _gathered(self) -> Array:
        """Let all gradients lie side by side, those of the last functions first; return them.

        They are ready first when a step goes back through the network.
        """
        vectors = sum(parameter.vectors for parameter in self.parameters.values())
        whole = aligned((vectors, VECTOR // self.dtype.itemsize), self.dtype)
        self._let_gradients_lie_in(whole)
        return whole

    def keep_gradients_in(self, room: Array) -> None:
        """Keep all gradients in memory (vectors, lanes) that is given, such as others can read."""
        self._let_gradients_lie_in(room)
        self.gradients = room

    def _let_gradients_lie_in(self, whole: Array) -> None:
        start = 0
        for name, parameter in reversed([*self.parameters.items()]):
            stop = start + parameter.vectors
            gradient = parameter.part(GRADIENT).lying_in(whole[start:stop])
            self.parameters[name] = replace(parameter, gradient=gradient)
            start = stop

    def _add_parameters(self, network: Network) -> None:
        """Add the parameters of a network, or of a member."""
        parts: tuple[Part | None, ...] = (None, *network.parts)
        for before, part in pairwise(parts):
            assert part is not None
            behind = bool(self.optimizer and before and not before.kind.idle)
            kind = part.kind.variant(part, network.entries if before is None else None)
            kind.add_parameters(part, self, behind=behind)

    def of(self, parameters: Mapping[str, Array], name: str) -> Array:
        """Return the array of a chain, or a member's part of it, that a name here stands for."""
        source, number = self._sources[name]
        array = parameters[source]
        return array if number is None else array[number]

    def add(
        self,
        name: str,
        shape: tuple[int, ...],
        *,
        axis: int | None = -1,
        padded: bool = True,
        by_itself: bool = False,
        transposed: bool = False,
        by_rows: bool = False,
        rounded: bool = False,
    ) -> None:
        """Add a parameter; `padded` has rows for whole blocks, and `by_rows` has whole rows.

        `rounded` has copies for products.
        """
        lanes, zeros = VECTOR // self.dtype.itemsize, Panels.by_rows if by_rows else Panels.zeros
        features = prod(shape) if axis is None or not shape else shape[axis]
        rows = prod(shape) // features
        if padded and axis is not None and len(shape) > 1:
            rows = -(-rows // lanes) * lanes
        keeps = self.keeps_gradient or by_itself
        values, *state = (
            zeros(rows, features, self.dtype) for _ in range(1 + len(self.slots) + keeps)
        )
        gradient = state.pop() if keeps else None
        whole = -(-features // lanes) * lanes
        form = self.form if rounded else None
        copies = form.weights(*shape, back=transposed) if form else (None, None)
        turns = transposed and (form is None or form.needs_transpose)
        turned = Panels.zeros(whole, shape[0], self.dtype) if turns else None
        source = self._sources[name][0]
        kept = values, tuple(state), gradient, turned
        moves = self.factors(source), by_itself
        own = (shape, axis, *kept, *moves, copies, source in self._penalized)
        self.parameters[name] = StoredParameter(*own)

    def factors(self, source: str) -> tuple[float, ...]:
        """Return the factors of a parameter of the chain: of its learning rate, and of others."""
        return tuple(given.get(source, 1.0) for given in self._factors.values())

    @property
    def hyperparameters(self) -> tuple[str, ...]:
        """Those that have factors, beside the learning rate, in their order in these."""
        return tuple(self._factors)[1:]

    @property
    def groups(self) -> tuple[tuple[float, ...], ...]:
        """The different factors that parameters have, of the learning rate first; 1 alone leads."""
        own = (parameter.factors for parameter in self.parameters.values())
        return tuple(dict.fromkeys((self._ones, *own)))

    def zero_bias(self, outputs: int) -> StoredParameter:
        """Return zeros that nothing moves, for a part without a bias."""
        if outputs not in self._zero_biases:
            zeros = Panels.zeros(1, outputs, self.dtype)
            self._zero_biases[outputs] = StoredParameter(
                (outputs,), -1, zeros, (), factors=self._ones
            )
        return self._zero_biases[outputs]

    @property
    def ordered(self) -> list[StoredParameter]:
        """All parameters, those that move by themselves last."""
        return sorted(self.parameters.values(), key=lambda parameter: parameter.by_itself)

    def penalty(self, weight: float) -> float:
        """Return λ for a batch that weighs so much."""
        return self.l2 / weight if self.l2_shared else self.l2

    def load(self, parameters: Parameters, slot: int | None = None) -> None:
        """Take over a chain's parameters, or one of the optimizer's numbers for each of them."""
        if slot is None:
            self._load_values(parameters)
            return
        for name, parameter in self.parameters.items():
            parameter.load(self.of(parameters, name), slot)

    def _load_values(self, parameters: Parameters) -> None:
        """Take the parameters over, through views that are kept."""
        views = self._views_of(parameters)
        for there, here in (*views.values, *views.turned):
            here[...] = there
        for array, parameter in views.whole:
            parameter.round(array)
        for name in views.others:
            self.parameters[name].load(self.of(parameters, name))

    def store(self, parameters: Parameters, slot: int | None = None) -> None:
        """Put the parameters, or one of the optimizer's numbers for each, into a chain's."""
        if slot is None:
            self._store_values(parameters)
            return
        for name, parameter in self.parameters.items():
            parameter.store(self.of(parameters, name), slot)

    def _store_values(self, parameters: Parameters) -> None:
        """Put the parameters there, likewise: it happens after each epoch."""
        views = self._views_of(parameters)
        for there, here in views.values:
            there[...] = here
        for name in views.others:
            self.parameters[name].store(self.of(parameters, name))

    def _views_of(self, parameters: Parameters) -> _Views:
        """Return views of a chain's parameters and of these."""
        if self._views is None or self._views.flat is not parameters.flat:
            self._views = _Views(parameters.flat)
            for name, parameter in self.parameters.items():
                array = self.of(parameters, name)
                values = parameter.views(array)
                if values is None:
                    self._views.others.append(name)
                else:
                    self._views.values += values
                    self._views.turned += parameter.turned_views(array)
                    self._views.whole.append((array, parameter))
        return self._views


@dataclass
class _Views:
    """Views of the same numbers in a chain's buffer and in panels, and what they are parts of.

    ``others`` are names of parameters without such views.
    """

    flat: Array
    values: list[tuple[Array, Array]] = field(default_factory=list)
    turned: list[tuple[Array, Array]] = field(default_factory=list)
    whole: list[tuple[Array, StoredParameter]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

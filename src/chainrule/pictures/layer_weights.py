"""What is drawn of a layer's weights: images where inputs are pixels, else a table of features."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.display import shape_text
from chainrule.layout import Layer
from chainrule.types import Array

MOST_FEATURES = 40
"""A table has so many rows at most: of more, those with the longest weights."""

_PIXEL = re.compile(r"pixel_(\d{1,3})_(\d{1,3})", re.ASCII)


@dataclass(frozen=True)
class LayerWeights:
    """The weights of a layer by its outputs.

    Parameters
    ----------
    title : str
        What they are, and which of them.
    numbers : ndarray
        Images (outputs, channels, height, width), or a table (features, outputs).
    outputs : tuple of int
        The numbers of the outputs.
    names : tuple of str
        The names of a table's features.
    called : str
        What outputs are called: units or filters.
    """

    title: str
    numbers: Array
    outputs: tuple[int, ...]
    names: tuple[str, ...] = ()
    called: str = "units"

    @property
    def table(self) -> bool:
        """Whether the numbers are a table."""
        return self.numbers.ndim == 2

    def first(self, count: int) -> LayerWeights:
        """Return the weights of the first outputs, so many."""
        return self._chosen(np.arange(min(count, len(self.outputs))))

    def longest(self, count: int) -> LayerWeights:
        """Return those of the outputs with the longest weights, so many."""
        by_output = self.numbers.T if self.table else self.numbers
        chosen = self._chosen(_longest(by_output, count))
        return replace(chosen, title=self.title + _share(chosen.outputs, self.outputs, self.called))

    def longest_features(self, count: int = MOST_FEATURES) -> LayerWeights:
        """Return a table of the features with the longest weights."""
        rows = _longest(self.numbers, count)
        names = tuple(self.names[row] for row in rows)
        title = self.title + _share(names, self.names, "features")
        return replace(self, title=title, numbers=self.numbers[rows], names=names)

    def _chosen(self, places: Array) -> LayerWeights:
        numbers = self.numbers[:, places] if self.table else self.numbers[places]
        return replace(self, numbers=numbers, outputs=tuple(self.outputs[i] for i in places))


def layer_weights(
    estimator: Any, layer: int = 0, shape: tuple[int, ...] | None = None
) -> LayerWeights:
    """Return what is drawn of one of the layers that have weights.

    Weights are the first parameter of two axes and more that a penalty applies to, W as a rule:
    scales of members are none. They are images in a convolution, and where features are pixels:
    those of a shape (h, w) or (c, h, w), those of the images that a Flatten was given, or columns
    that are called pixel_0_0, pixel_0_1, …

    Raises
    ------
    ValueError
        There is no such layer, or its features have not that shape.
    """
    chain: Chain = estimator.chain_
    layers = [each for layer in chain.layers for each in layer.walk()]
    weighted = [(each, name) for each in layers if (name := _weights_of(chain, each))]
    if not weighted:
        raise ValueError("this model has no layer with weights to draw")
    whole = isinstance(layer, int | np.integer) and not isinstance(layer, bool)
    if not whole or not -len(weighted) <= layer < len(weighted):
        raise ValueError(
            f"WeightsDisplay: expected layer to be 0 to {len(weighted) - 1}, got {layer!r}"
        )
    chosen, name = weighted[layer]
    W = np.asarray(chain.parameters[name], dtype=np.float64)
    if W.ndim == 3 and chosen.output_shape == (len(W), W.shape[2]):  # of members, (k, i, o)
        W = np.concatenate(W, axis=1)  # the units of all members side by side
    title = f"weights of {chosen.function}"
    features = W.shape[:-1]
    known = _feature_names(estimator, features) if chosen is weighted[0][0] else None
    if W.ndim == 2:
        shape = shape or _flattened(layers, layers.index(chosen))
        images = pixel_images(W, known or ()) if shape is None else _shaped(W, shape, chosen)
        if images is not None:
            return LayerWeights(title, images, tuple(range(len(images))))
    elif W.ndim == 4:
        return LayerWeights(title, W, tuple(range(len(W))), called="filters")
    word = "input" if known is not None else "unit"
    places = (", ".join(map(str, place)) for place in np.ndindex(features))
    names = known or tuple(f"{word} {place}" for place in places)
    return LayerWeights(title, W.reshape(len(names), -1), tuple(range(W.shape[-1])), names)


def _weights_of(chain: Chain, layer: Layer) -> str | None:
    """Return the name of a layer's weights."""
    weights = layer.function.penalized(layer.input_shape)
    names = [name for own, name in layer.names.items() if own in weights]
    return next((name for name in names if chain.parameters[name].ndim > 1), None)


def _feature_names(estimator: Any, features: tuple[int, ...]) -> tuple[str, ...]:
    """Return the names of the features that go into a network; none if they are not these."""
    names: tuple[str, ...] = estimator.inputs_.feature_names
    return names if features == (len(names),) else ()


def _flattened(layers: list[Layer], place: int) -> tuple[int, ...] | None:
    """Return the shape of the images that were made rows of before a place, and stayed so."""
    for layer in reversed(layers[:place]):
        if len(layer.input_shape) == 3:
            return layer.input_shape
        if layer.names or layer.input_shape != layer.output_shape:
            return None
    return None


def _shaped(W: Array, shape: tuple[int, ...], layer: Layer) -> Array:
    """Return weights (features, outputs) as images of a shape."""
    if math.prod(shape) != len(W) or len(shape) not in (2, 3):
        raise ValueError(
            f"WeightsDisplay: expected shape=(h, w) or (c, h, w) for the {len(W)} features of "
            f"{layer.function}, got {shape_text(shape)}"
        )
    return np.asarray(W.T.reshape(-1, *((1,) * (3 - len(shape))), *shape))


def pixel_images(W: Array, names: tuple[str, ...]) -> Array | None:
    """Return weights (features, outputs) as images; None where names are no pixels'."""
    places = [(int(at[1]), int(at[2])) for name in names if (at := _PIXEL.fullmatch(name))]
    if not places or len(set(places)) < len(W):
        return None
    rows, columns = zip(*places, strict=True)
    images = np.zeros((W.shape[1], 1, max(rows) + 1, max(columns) + 1))
    images[:, 0, rows, columns] = W.T
    return images


def _longest(W: Array, most: int) -> Array:
    """Return the places in W (n, …) of the longest entries, in their order."""
    lengths = np.sqrt(np.sum(W.reshape(len(W), -1) ** 2, axis=1))
    return np.sort(np.argsort(-lengths, kind="stable")[:most])


def _share(shown: tuple[Any, ...], of: tuple[Any, ...], what: str) -> str:
    same = len(shown) == len(of)
    return "" if same else f", of the {len(shown)} longest among {len(of):,} {what}"

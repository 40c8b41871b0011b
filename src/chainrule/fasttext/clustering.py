"""The centroids of a product quantiser: k-means with fastText's steps and random numbers.

Each part of a row has its own 256 clusters. They begin at rows drawn at random; 25 times each row
goes to the nearest centroid and each centroid to the mean of its rows. A centroid without rows
takes half of another's, a hair to one side of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.fasttext.quantisation import CENTROIDS, ProductQuantiser
from chainrule.fasttext.randomness import MinstdRand

__all__ = ["encode", "learn_quantiser", "shuffled"]

Floats = NDArray[np.float32]
Codes = NDArray[np.uint8]

SEED = 1234
MOST_POINTS = 256 * CENTROIDS
"""Rows that are looked at; of more, so many are drawn."""

ITERATIONS = 25
HAIR = np.float32(1e-7)
CHUNK = 2**11


def learn_quantiser(rows: Floats, dsub: int) -> ProductQuantiser:
    """Return the quantiser of rows (n, dim), in parts of ``dsub`` numbers.

    Raises
    ------
    ValueError
        There are fewer rows than centroids.
    """
    count, dim = rows.shape
    if count < CENTROIDS:
        raise ValueError(
            f"quantise: expected at least {CENTROIDS} rows, as many as there are centroids, "
            f"got {count}"
        )
    random = MinstdRand(SEED)
    order = np.arange(count)
    used = min(count, MOST_POINTS)
    quantiser = ProductQuantiser(dim, dsub, np.empty(CENTROIDS * dim, np.float32))
    for part in range(quantiser.parts):
        if used < count:
            order = shuffled(order, random)
        points = rows[order[:used], part * dsub : (part + 1) * dsub]
        _cluster(np.ascontiguousarray(points), quantiser.part(part), random)
    return quantiser


def encode(rows: Floats, quantiser: ProductQuantiser) -> Codes:
    """Return the codes (n, parts) of rows (n, dim): the nearest centroid of each part."""
    codes = np.empty((len(rows), quantiser.parts), np.uint8)
    for part in range(quantiser.parts):
        begin = part * quantiser.dsub
        points = np.ascontiguousarray(rows[:, begin : begin + quantiser.dsub])
        codes[:, part] = _nearest(points, quantiser.part(part))
    return codes


def _cluster(points: Floats, centroids: Floats, random: MinstdRand) -> None:
    """Move the centroids (256, d) to where points (n, d) are."""
    order = shuffled(np.arange(len(points)), random)
    centroids[:] = points[order[:CENTROIDS]]
    for _ in range(ITERATIONS):
        codes = _nearest(points, centroids)
        sizes = np.bincount(codes, minlength=CENTROIDS)
        centroids[:] = 0
        np.add.at(centroids, codes, points)  # in float32, point after point
        filled = sizes > 0
        centroids[filled] /= sizes[filled, None].astype(np.float32)
        _fill_empty(centroids, sizes.tolist(), len(points), random)


def _nearest(points: Floats, centroids: Floats) -> Codes:
    """Return the nearest centroid of each point (n, d), of equally near ones the first."""
    codes = np.empty(len(points), np.uint8)
    for first in range(0, len(points), CHUNK):
        part = points[first : first + CHUNK]
        distance = np.zeros((len(part), CENTROIDS), np.float32)
        for own, others in zip(part.T, centroids.T, strict=True):
            difference = own[:, None] - others
            difference *= difference
            distance += difference
        codes[first : first + CHUNK] = distance.argmin(axis=1)
    return codes


def _fill_empty(centroids: Floats, sizes: list[int], count: int, random: MinstdRand) -> None:
    """Give each centroid without points half of another's; larger ones are likelier to give."""
    signs = np.where(np.arange(centroids.shape[1]) % 2, HAIR, -HAIR)
    for empty in range(CENTROIDS):
        if sizes[empty]:
            continue
        other = 0
        while random.unit() * (count - CENTROIDS) >= sizes[other] - 1:
            other = (other + 1) % CENTROIDS
        centroids[empty] = centroids[other] + signs
        centroids[other] -= signs
        sizes[empty] = sizes[other] // 2
        sizes[other] -= sizes[empty]


def shuffled(items: NDArray[np.int64], random: MinstdRand) -> NDArray[np.int64]:
    """Return items in a random order: that of ``std::shuffle``, which draws two places at once.

    One draw has places for two items as long as the generator's range is large enough.
    """
    order = items.tolist()
    count = len(order)
    together = count * count <= 2**31 - 3
    place = 1
    if together and count % 2 == 0:
        _swap(order, 1, random.below(2))
        place = 2
    while place < count:
        if together:
            first, second = divmod(random.below((place + 1) * (place + 2)), place + 2)
            _swap(order, place, first)
            place += 1
            _swap(order, place, second)
        else:
            _swap(order, place, random.below(place + 1))
        place += 1
    return np.array(order, np.int64)


def _swap(items: list[int], a: int, b: int) -> None:
    items[a], items[b] = items[b], items[a]

"""The product beside the processor's limit, and beside those that NumPy and PyTorch call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from time import perf_counter, sleep
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.tables import head, row
from benchmarks.timing import REST
from chainrule.engine.running.peak import bfloat16_peak, peak, product_rate, tiles_peak

SIZES = (256, 512, 1024)
SECONDS = 0.2
"""How long a product is repeated: the best time counts."""


def measure(threads: int) -> dict[str, Any]:
    """Print and return rates on one thread and on all: the limits, ours, NumPy's, PyTorch's."""
    counts = sorted({1, threads})
    found = {count: dict(rates(count)) for count in counts}
    for count, rate_of in found.items():  # another program may have run before
        rate_of[LIMIT] = max(rate_of[LIMIT], peak(count))
    print("\nGFLOP/s, the best of many; in brackets the share of multiply-adds on registers, of")
    print("bfloat16 that of float32. n: X W of n × n. Ours reads W in panels, as steps have it.\n")
    head("", *(f"{count} thread{'s' * (count > 1)}" for count in counts))
    for name in found[1]:
        cells = []
        for count in counts:
            rate, of = found[count][name], found[count][limit_of(name)]
            share = "" if name.startswith("limit") else f" ({rate / of:.0%})"
            cells.append(f"{rate / 1e9:,.0f}{share}")
        row(name, *cells)
    return {"products": {str(count): rate_of for count, rate_of in found.items()}}


LIMIT, LIMIT_64, LIMIT_16, LIMIT_TILES = (
    f"limit, {name}" for name in ("float32", "float64", "bfloat16 pairs", "bfloat16 tiles")
)


def limit_of(name: str) -> str:
    """Return the limit that a product is compared with."""
    return LIMIT_64 if "float64" in name else LIMIT


def rates(threads: int) -> Iterator[tuple[str, float]]:
    """Yield names and rates, on a number of threads."""
    yield LIMIT, peak(threads)
    yield LIMIT_64, peak(threads, np.float64)
    for name, found in ((LIMIT_16, bfloat16_peak(threads)), (LIMIT_TILES, tiles_peak(threads))):
        if found is not None:
            yield name, found
    yield "chainrule, cached", product_rate(threads)
    yield "chainrule, cached, float64", product_rate(threads, np.float64)
    products = (("NumPy", by_numpy), *(by_torch(threads) if find_spec("torch") else ()))
    for n in SIZES:
        yield f"chainrule, {n}", product_rate(threads, rows=n // threads, inputs=n, outputs=n)
        for name, prepare in products:
            sleep(REST)
            with threadpool_limits(threads, user_api="blas"):
                time = seconds(prepare(n))
            yield f"{name}, {n}", 2 * n**3 / time


Product = Callable[[], Any]
Prepared = tuple[str, Callable[[int], Product]]
"""A name, and what returns a product of n × n."""


def by_numpy(n: int) -> Product:
    """Return NumPy's product, which is its BLAS's."""
    X, W = np.random.default_rng(0).normal(size=(2, n, n)).astype(np.float32)
    Y = np.empty_like(X)
    return lambda: np.matmul(X, W, out=Y)


def by_torch(threads: int) -> Iterator[Prepared]:
    """Yield PyTorch's products of float32, and of bfloat16."""
    import torch

    def of(kind: torch.dtype) -> Callable[[int], Product]:
        def prepare(n: int) -> Product:
            torch.set_num_threads(threads)
            X, W, Y = (torch.randn(n, n).to(kind) for _ in range(3))
            return lambda: torch.matmul(X, W, out=Y)

        return prepare

    yield "PyTorch", of(torch.float32)
    yield "PyTorch bfloat16", of(torch.bfloat16)


def seconds(multiply: Product) -> float:
    """Return the shortest of many times."""
    best, end = float("inf"), perf_counter() + SECONDS
    while perf_counter() < end:
        begin = perf_counter()
        multiply()
        best = min(best, perf_counter() - begin)
    return best

"""The processor's peak, as the product kernel reaches it on data in the first caches."""

from __future__ import annotations

import ctypes
from threading import Barrier, Thread
from time import perf_counter

import numpy as np

from chainrule.engine.kernels import epilogues, product
from chainrule.engine.kernels.library import library
from chainrule.engine.machine.memory import VECTOR, aligned

ROWS, VECTORS, DEPTH = 64, 3, 256
CALLS = 2000


def peak(threads: int) -> float:
    """Return the best rate of several tries, operations a second, on `threads` threads."""
    done: list[float] = []
    barrier = Barrier(threads)

    def work() -> None:
        kernels = library(np.dtype(np.float32))
        A = aligned((ROWS, DEPTH), np.float32)
        X = aligned((VECTORS, DEPTH, 16), np.float32)
        Y = aligned((VECTORS, ROWS + 8, 16), np.float32)
        rows = np.arange(ROWS) * A.strides[0]
        taps = np.stack([np.arange(DEPTH) * 4, np.arange(DEPTH) * VECTOR], axis=-1).copy()
        store = kernels.get(epilogues.store).pack(
            gradient=Y.ctypes.data, row_stride=VECTOR, vector_stride=Y.strides[0]
        )
        arguments = kernels.get(product.product).pack(
            rows=ROWS,
            vectors=VECTORS,
            depth=DEPTH,
            a=A.ctypes.data,
            row_offsets=rows.ctypes.data,
            taps=taps.ctypes.data,
            x=X.ctypes.data,
            x_stride=X.strides[0],
            epilogue=kernels.get(epilogues.store).address,
            arguments=store.ctypes.data,
        )
        call = ctypes.CFUNCTYPE(None, ctypes.c_int64)(kernels.get(product.product).address)
        for _ in range(5):
            barrier.wait()
            begin = perf_counter()
            for _ in range(CALLS):
                call(arguments.ctypes.data)
            done.append(perf_counter() - begin)
            barrier.wait()

    workers = [Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    operations = 2 * ROWS * VECTORS * 16 * DEPTH * CALLS
    return threads * operations / min(done)

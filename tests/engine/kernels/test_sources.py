"""Kernels that the package's source alone decides are not emitted again."""

import ctypes

import numpy as np
import pytest

from chainrule.engine.kernels import bfloat16_blocks, library, product, rows, sources
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.machine import memory


@pytest.fixture
def emitted(tmp_path, monkeypatch):
    """List what is emitted, in a process that knows no kernel and has an empty folder of them."""
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "kernels"))
    monkeypatch.setattr(library, "_addresses", {})
    monkeypatch.setattr(sources, "_digest", lambda: "of this version")
    calls, real = [], library.emitted

    def counting(emit, *given, **options):
        calls.append(emit)
        return real(emit, *given, **options)

    monkeypatch.setattr(library, "emitted", counting)
    return calls


def fresh(monkeypatch):
    monkeypatch.setattr(library, "_addresses", {})
    return library.Library(np.float32)


def transposed(kernels):
    """Return a block of 16 × 16 numbers, transposed by a library's kernel."""
    source, target = (memory.aligned((16, 16), np.float32) for _ in range(2))
    source[...] = np.arange(256).reshape(16, 16)
    from_kernel = kernels.get(rows.transpose)
    arguments = from_kernel.pack(
        row_blocks=1,
        column_blocks=1,
        source=memory.address(source),
        target=memory.address(target),
    )
    ctypes.CFUNCTYPE(None, ctypes.c_int64)(from_kernel.address)(memory.address(arguments))
    return target


def test_a_kernel_of_the_package_is_emitted_once(monkeypatch, emitted):
    first = transposed(fresh(monkeypatch))
    again = transposed(fresh(monkeypatch))
    assert emitted == [rows.transpose]
    expected = np.arange(256, dtype=np.float32).reshape(16, 16).T
    assert np.array_equal(first, expected)
    assert np.array_equal(again, expected)


def test_of_another_source_it_is_emitted_again(monkeypatch, emitted):
    fresh(monkeypatch).get(rows.transpose)
    monkeypatch.setattr(sources, "_digest", lambda: "of another version")
    fresh(monkeypatch).get(rows.transpose)
    assert emitted == [rows.transpose] * 2


@kernel("x")
def own(k: KernelBuilder) -> None:
    k.store(k.load(k.argument("x")) * 2.0, k.argument("x"))


def test_whose_source_is_not_known_has_none(monkeypatch):
    monkeypatch.setattr(sources, "_digest", lambda: "of this version")
    assert sources.source_of(own, {}) is None
    assert sources.source_of(product.even, {"by": own}) is None
    assert sources.source_of(bfloat16_blocks.product, {}) is None  # tiles have to be permitted
    assert sources.source_of(product.even, {}) != sources.source_of(product.turned, {})
    assert sources.source_of(rows.total, {"a": 1}) != sources.source_of(rows.total, {"a": 2})


def test_where_the_source_cannot_be_read_kernels_are_emitted(monkeypatch, emitted):
    monkeypatch.setattr(sources, "_digest", lambda: None)
    for _ in range(2):
        fresh(monkeypatch).get(rows.transpose)
    assert emitted == [rows.transpose] * 2


def test_a_source_that_has_just_been_changed_is_not_trusted(monkeypatch):
    digest = sources._digest.__wrapped__
    monkeypatch.setattr(sources, "_IMPORTED", 4e9)  # long after all changes
    assert len(digest()) == 64
    monkeypatch.setattr(sources, "_IMPORTED", 0.0)  # before
    assert digest() is None

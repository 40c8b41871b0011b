"""The processor's limit is measured by loops of multiply-adds that nothing leaves out."""

import ctypes
import re

import numpy as np
import pytest
from llvmlite import binding

from chainrule.engine.kernels.library import library
from chainrule.engine.language.emit import emitted
from chainrule.engine.machine.compiling import Target, host
from chainrule.engine.machine.matrix_tiles import FEATURES, usable
from chainrule.engine.machine.memory import address, aligned
from chainrule.engine.running import peak
from chainrule.engine.running.peak import (
    SUMS,
    TILE_SUMS,
    bfloat16_peak,
    multiply_adds,
    pairs,
    product_rate,
    tiles,
    tiles_peak,
)

TARGETS = {
    "x86-64-v4": Target("x86-64-v4", "", 64),
    "x86-64-v3": Target("x86-64-v3", "", 32),
}


def run(emit, dtype, numbers, turns):
    """Return what a loop stores, given two vectors."""
    x, y = aligned((2 * len(numbers[0]),), numbers[0].dtype), aligned((64,), np.uint8).view(dtype)
    x[:] = np.concatenate(numbers)
    kernel = library(np.dtype(dtype)).get(emit)
    arguments = kernel.pack(turns=turns, x=address(x), y=address(y))
    ctypes.CFUNCTYPE(None, ctypes.c_int64)(kernel.address)(arguments.ctypes.data)
    return y


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_sum_is_added_to_in_each_turn(dtype):
    rng, sums = np.random.default_rng(0), SUMS[host().register_bytes]
    a, b = rng.integers(1, 9, (2, 64 // np.dtype(dtype).itemsize)).astype(dtype)
    expected = a * sum(range(sums)) + sums * 5 * a * b
    np.testing.assert_array_equal(run(multiply_adds, dtype, (a, b), turns=5), expected)


@pytest.mark.parametrize("name", TARGETS)
def test_the_loop_has_multiply_adds_and_nothing_else_but_its_count(name):
    target = TARGETS[name]
    k, _ = emitted(multiply_adds, "multiply_adds", np.float32, target=target)
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    found = binding.Target.from_triple("x86_64-unknown-linux-gnu")
    machine = found.create_target_machine(cpu=target.processor, opt=2)
    module = binding.parse_assembly(str(k.module))
    builder = binding.create_pass_builder(machine, binding.create_pipeline_tuning_options(2))
    builder.getModulePassManager().run(module, builder)
    blocks = re.split(r"\n\.L\w+:.*\n", machine.emit_assembly(module))
    block = max(blocks, key=lambda block: block.count("vfmadd231ps"))
    loop, _ = re.split(r"\tjmp\t", block)
    lines = [line.split()[0] for line in loop.splitlines()]
    count = SUMS[target.register_bytes] * 64 // target.register_bytes
    assert lines.count("vfmadd231ps") == count
    assert len(lines) == count + 3, "one more adds to the count, one compares, one goes back"
    assert "(%rsp)" not in loop


def test_rates_are_numbers_on_one_thread_and_on_two(monkeypatch):
    monkeypatch.setattr(peak, "SECONDS", 1e-4)
    monkeypatch.setattr(peak, "TURNS", 10)
    for threads in (1, 2):
        rates = [peak.peak(threads), peak.peak(threads, np.float64), product_rate(threads)]
        assert all(1e6 < rate < 1e15 for rate in rates)


def test_pairs_of_bfloat16_where_the_processor_has_them(monkeypatch):
    monkeypatch.setattr(peak, "SECONDS", 1e-4)
    has = bool(binding.get_host_cpu_features().get("avx512bf16"))
    rate = bfloat16_peak(1)
    assert (rate is not None) == has
    if has:
        ones = np.full(32, 0x3F80, np.uint16)  # 1 as bfloat16; two of them as float32: 1.0039
        single, sums = ones[:2].view(np.float32)[0], SUMS[64]
        expected = single * sum(range(sums)) + sums * 5 * 2
        np.testing.assert_allclose(run(pairs, np.float32, (ones, ones), turns=5), expected, 1e-6)


def test_tiles_where_the_processor_has_them(monkeypatch):
    monkeypatch.setattr(peak, "SECONDS", 1e-4)
    monkeypatch.setattr("chainrule.engine.machine.matrix_tiles.permitted", lambda: True)
    target = Target("sapphirerapids", ",".join(FEATURES), 64, "x86_64")
    k, _ = emitted(tiles, "tiles", np.float32, target=target)
    loop = re.search(r"body:(.*?)after:", str(k.module), re.DOTALL)[1]
    assert loop.count("tdpbf16ps") == TILE_SUMS
    monkeypatch.undo()
    rate = tiles_peak(1)
    assert (rate is not None) == usable(host())
    assert rate is None or 1e6 < rate < 1e15

"""Code for AArch64, looked at from any machine; ``tests/arm`` runs it."""

import re
import sys

import numpy as np
import pytest

from chainrule.engine.kernels import dot, product, winograd_products
from chainrule.engine.machine import architecture, cache, compiling
from chainrule.engine.machine.compiling import Target, assembly
from chainrule.engine.running import dispatch
from engine.assembly import code_of, inner_loops, moves, stack_accesses

NAMES = ["generic", "neoverse-n1", "neoverse-v1", "neoverse-v2", "apple-m1", "apple-m4"]
KERNELS = [product.product, product.stored, dot.dot, dot.added, winograd_products.products]


def aarch64(name="generic", features="-sve,-sme,-bf16"):
    return Target(name, features, 16, "aarch64")


@pytest.fixture
def on(monkeypatch):
    """Return a function that lets the machine seem to be of another architecture and system."""

    def pretend(machine, system="linux"):
        architecture.architecture.cache_clear()
        compiling.host.cache_clear()
        monkeypatch.setattr(architecture.platform, "machine", lambda: machine)
        monkeypatch.setattr(sys, "platform", system)

    yield pretend
    monkeypatch.undo()
    architecture.architecture.cache_clear()
    compiling.host.cache_clear()


@pytest.mark.parametrize(
    ("machine", "system"), [("aarch64", "linux"), ("arm64", "darwin"), ("ARM64", "darwin")]
)
def test_the_engine_runs_on_aarch64(on, machine, system):
    on(machine, system)
    assert architecture.architecture() == "aarch64"
    assert compiling.supported()
    assert compiling.host().register_bytes == 16


@pytest.mark.parametrize(
    ("machine", "system"), [("riscv64", "linux"), ("i686", "linux"), ("ARM64", "win32")]
)
def test_and_not_where_nobody_has_tried_it(on, machine, system):
    on(machine, system)
    assert not compiling.supported()


def test_kernels_of_two_architectures_have_different_files():
    processors = [Target("generic", "", 16, name) for name in ("x86_64", "aarch64")]
    assert len({cache._key("text", each) for each in processors}) == 2


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_vectors_are_those_that_every_aarch64_processor_has(name, dtype):
    for emit in KERNELS:
        code = code_of(emit, dtype, aarch64(name))
        assert re.search(r"\bfmla\s+v\d+\.", code)
        assert not re.search(r"\b[zp]\d+\.", code), "scalable vectors"
        called = set(re.findall(r"\bbl\s+(\w+)", code))
        assert called <= set(re.findall(r"^(\w+):", code, re.MULTILINE)), "a call of a library"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tiles_fit_the_registers(name, dtype):
    for emit in KERNELS:
        loops = inner_loops(code_of(emit, dtype, aarch64(name)), "fmla")
        assert max(sum(line.startswith("fmla") for line in loop) for loop in loops) == 24
        assert {stack_accesses(loop) for loop in loops} == {0}
        assert {moves(loop) for loop in loops} <= {0, 1, 2}


def test_denormals_are_flushed_and_the_settings_put_back():
    code = assembly(str(dispatch.emit("dispatch", aarch64())), aarch64())
    first, second = re.findall(r"msr\s+FPCR, (\w+)", code)
    read, flushing = re.search(r"mrs\s+(\w+), FPCR", code)[1], r"orr\s+{}, {}, #0x1000000"
    assert re.search(flushing.format(first, read), code)
    assert second != first
    assert re.search(r"\bisb\b", code), "waiting threads pause"
    assert re.search(r"\bldar\b|\bldapr\b", code)


@pytest.mark.parametrize("known", [False, True])
def test_results_are_flushed_after_rounding_where_the_processor_can(monkeypatch, known):
    monkeypatch.setattr(dispatch, "has_feature", lambda name: known and name == "AFP")
    assert dispatch.flushing("aarch64") == (0x1000003 if known else 0x1000000)
    assert dispatch.flushing("x86_64") == 0x8040


@pytest.mark.parametrize(("bits", "expected"), [(0, False), (1 << 14, True), (1 << 20, False)])
def test_features_are_read_from_linux(monkeypatch, bits, expected):
    class System:
        @staticmethod
        def getauxval(kind):
            return bits if kind == 26 else 0

    monkeypatch.setattr(architecture.ctypes, "CDLL", lambda name: System)
    monkeypatch.setattr(sys, "platform", "linux")
    assert architecture.has_feature.__wrapped__("BF16") is expected


@pytest.mark.parametrize(("answer", "refused"), [(1, 0), (0, 0), (0, -1)])
def test_features_are_read_from_macos(monkeypatch, answer, refused):
    class System:
        @staticmethod
        def sysctlbyname(name, value, size, new, new_size):
            assert name == b"hw.optional.arm.FEAT_BF16"
            value._obj.value = answer
            return refused

    monkeypatch.setattr(architecture.ctypes, "CDLL", lambda name: System)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert architecture.has_feature.__wrapped__("BF16") is bool(answer)

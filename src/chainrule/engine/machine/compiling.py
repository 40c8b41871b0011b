"""From LLVM's intermediate form to machine code that can be called."""

from __future__ import annotations

import platform
import threading
from dataclasses import dataclass
from functools import cache

from llvmlite import binding


@dataclass(frozen=True)
class Target:
    """A processor to compile for: its name and features, and the width of its registers."""

    processor: str
    features: str
    register_bytes: int

    @property
    def tile(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """Vectors of a product's tiles, and rows of each: as many as the registers hold.

        Largest first. LLVM loads what a turn multiplies before it does: sums, a vector for each
        column and a number for each row have registers at the same time, or sums go to memory.
        """
        if self.register_bytes == 64:
            return (4, (4, 2, 1)), (3, (6, 4, 2, 1)), (2, (8, 4, 2, 1)), (1, (8, 4, 2, 1))
        return ((1, (6, 4, 2, 1) if self.register_bytes == 32 else (3, 2, 1)),)

    @property
    def has_pairs(self) -> bool:
        """Whether it has the instruction for products of pairs of bfloat16 on whole vectors."""
        return self.register_bytes == 64 and "+avx512bf16" in self.features.split(",")

    @property
    def pairs_pay(self) -> bool:
        """Whether that instruction does more than float32's: on AMD's, twice as much.

        On Intel's it does half as much.
        """
        return self.has_pairs and self.processor.startswith("znver")

    @property
    def dot_tile(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Rows and columns of the tiles of a product that sums along lanes, largest first."""
        if self.register_bytes == 64:
            return (4, 3, 2, 1), (5, 4, 3, 2, 1)
        if self.register_bytes == 32:
            return (3, 2, 1), (2, 1)
        return (1,), (1,)


@cache
def host() -> Target:
    """Return the processor that this process runs on."""
    found = binding.get_host_cpu_features()
    width = 64 if found.get("avx512f") else 32 if found.get("avx2") and found.get("fma") else 16
    return Target(binding.get_host_cpu_name(), found.flatten(), width)


def supported() -> bool:
    """Return whether there is code for this processor: 64-bit x86 with fused multiply-adds."""
    return platform.machine().lower() in ("x86_64", "amd64") and host().register_bytes >= 32


_lock = threading.Lock()


def object_code(text: str, target: Target) -> bytes:
    """Return a module, in LLVM's text form, as an object file for a processor."""
    with _lock:
        _start()
        machine = _machine(target)
        parsed = binding.parse_assembly(text)
        parsed.verify()
        tuning = binding.create_pipeline_tuning_options(speed_level=2)
        tuning.loop_vectorization = tuning.slp_vectorization = False
        tuning.loop_unrolling = False
        builder = binding.create_pass_builder(machine, tuning)
        builder.getModulePassManager().run(parsed, builder)
        return bytes(machine.emit_object(parsed))


def load(name: str, code: bytes) -> int:
    """Return the address of a function in an object file, which stays in memory for good."""
    with _lock:
        _start()
        engine = _engine()
        engine.add_object_file(binding.ObjectFileRef.from_data(code))
        engine.finalize_object()
        return int(engine.get_function_address(name))


@cache
def _start() -> None:
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()


@cache
def _machine(target: Target) -> binding.TargetMachine:
    found = binding.Target.from_default_triple()
    named = {"cpu": target.processor, "features": target.features}
    return found.create_target_machine(**named, opt=2, jit=True)


@cache
def _engine() -> binding.ExecutionEngine:
    empty = binding.parse_assembly("")
    return binding.create_mcjit_compiler(empty, _machine(host()))

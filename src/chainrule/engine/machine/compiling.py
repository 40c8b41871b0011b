"""From LLVM's intermediate form to machine code that can be called."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from functools import cache

from llvmlite import binding

from chainrule.engine.machine.architecture import AARCH64, X86_64, architecture, has_feature


@dataclass(frozen=True)
class Target:
    """A processor to compile for: its name and features, and the width of its registers."""

    processor: str
    features: str
    register_bytes: int
    architecture: str = field(default_factory=architecture)

    @property
    def held(self) -> int:
        """How many vectors its registers hold: 32 with AVX-512, 8 with AVX2 and with NEON."""
        registers = 32 if self.register_bytes == 64 or self.architecture == AARCH64 else 16
        return registers * self.register_bytes // 64

    @property
    def tile(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """Vectors of a product's tiles, and rows of each: as many as the registers hold.

        Largest first. LLVM loads what a turn multiplies before it does: sums, a vector for each
        column and a number for each row have registers at the same time, or sums go to memory.
        """
        if self.register_bytes == 64:
            return (4, (5, 4, 2, 1)), (3, (7, 6, 4, 2, 1)), (2, (8, 4, 2, 1)), (1, (8, 4, 2, 1))
        return ((1, (6, 4, 2, 1) if self.held == 8 else (3, 2, 1)),)

    @property
    def even_tile(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """The same, where one address stands for all rows of a tile.

        LLVM then loads a row's number when it is multiplied.
        """
        if self.register_bytes == 64:
            narrow = (2, (12, 8, 4, 2, 1)), (1, (16, 8, 4, 2, 1))
            return (4, (6, 5, 4, 2, 1)), (3, (8, 4, 2, 1)), *narrow
        return self.tile

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
            return (6, 5, 4, 3, 2, 1), (4, 3, 2, 1)
        if self.held == 8:
            return (3, 2, 1), (2, 1)
        return (1,), (1,)

    @property
    def added_tile(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The same where operands lie vector by vector: no register holds what taps are at."""
        return ((5, 4, 2, 1), (5, 4, 2, 1)) if self.register_bytes == 64 else self.dot_tile

    @property
    def points_tile(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Outputs and tiles of images whose products at Winograd's points are summed at once."""
        if self.register_bytes == 64:
            return (8, 4, 2, 1), (3, 2, 1)
        return ((6, 4, 2, 1) if self.held == 8 else (3, 2, 1)), (1,)


@cache
def host() -> Target:
    """Return the processor that this process runs on."""
    if architecture() == AARCH64:
        return Target(binding.get_host_cpu_name(), _aarch64_features(), 16)
    found = binding.get_host_cpu_features()
    width = 64 if found.get("avx512f") else 32 if found.get("avx2") and found.get("fma") else 16
    return Target(binding.get_host_cpu_name(), found.flatten(), width)


def _aarch64_features() -> str:
    """Return what there is beside NEON, which all have; LLVM's name for a processor implies more.

    Vectors have one length, for which NEON is enough: scalable ones (SVE, SME) are not used, so
    that a system that hides them from a processor known to have them runs the same code.
    """
    return "-sve,-sme," + ("+bf16" if has_feature("BF16") else "-bf16")


def supported() -> bool:
    """Return whether there is code for this processor and system.

    That is 64-bit x86 with AVX2 and fused multiply-adds, and AArch64 under Linux and macOS.
    """
    if architecture() == AARCH64:
        return sys.platform in ("linux", "darwin")
    return architecture() == X86_64 and host().register_bytes >= 32


_lock = threading.Lock()


def object_code(text: str, target: Target) -> bytes:
    """Return a module, in LLVM's text form, as an object file for a processor."""
    with _lock:
        machine = _machine(target)
        return bytes(machine.emit_object(_optimized(text, machine)))


def assembly(text: str, target: Target) -> str:
    """Return the same as assembly, to look at: the processor may be of another architecture."""
    with _lock:
        machine = _machine(target)
        return str(machine.emit_assembly(_optimized(text, machine)))


def _optimized(text: str, machine: binding.TargetMachine) -> binding.ModuleRef:
    parsed = binding.parse_assembly(text)
    parsed.verify()
    tuning = binding.create_pipeline_tuning_options(speed_level=2)
    tuning.loop_vectorization = tuning.slp_vectorization = False
    tuning.loop_unrolling = False
    builder = binding.create_pass_builder(machine, tuning)
    builder.getModulePassManager().run(parsed, builder)
    return parsed


def load(name: str, code: bytes) -> int:
    """Return the address of a function in an object file, which stays in memory for good."""
    with _lock:
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
    _start()
    if target.architecture == architecture():
        found = binding.Target.from_default_triple()
    else:  # to look at the code of another machine
        binding.initialize_all_targets()
        binding.initialize_all_asmprinters()
        found = binding.Target.from_triple(f"{target.architecture}-unknown-linux-gnu")
    named = {"cpu": target.processor, "features": target.features}
    return found.create_target_machine(**named, opt=2, jit=True)


@cache
def _engine() -> binding.ExecutionEngine:
    empty = binding.parse_assembly("")
    return binding.create_mcjit_compiler(empty, _machine(host()))

"""What processes that share a training must agree on: data, settings, and decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from chainrule.chain import Chain
from chainrule.interruption import Request, noted
from chainrule.losses import Loss
from chainrule.training.checkpoint_writer import CheckpointWriter, NoCheckpoints, Run, Writer
from chainrule.training.errors import SilentRankError
from chainrule.training.history import Epoch
from chainrule.training.plan import Plan
from chainrule.training.ranks import Ranks
from chainrule.training.run import TrainingRun
from chainrule.training.samples import Samples
from chainrule.training.snapshot import Reader, Snapshot, snapshot_of
from chainrule.training.stopping import Watcher
from chainrule.training.validation import Validation
from chainrule.types import Array

READ = 2**26
"""Bytes of samples that are read to compare them: of more, rows at equal distances."""


class DifferentRanksError(ValueError):
    """A rank has other data or settings than rank 0."""


@dataclass(frozen=True)
class SharedValidation(Validation):
    """A validation set whose loss and score are those that the first process finds.

    Others may find others in the last digit, where NumPy adds in another order.
    """

    ranks: Ranks

    def measure(self, chain: Chain, loss: Loss, Y: Array) -> tuple[float, float | None]:
        """Return loss and score of predictions, the same for all processes."""
        own = super().measure(chain, loss, Y) if self.ranks.rank == 0 else None
        found: tuple[float, float | None] = self.ranks.share(own)
        return found


class SharedWatcher:
    """A watcher whose decisions are those of the first process.

    Parameters
    ----------
    watcher : Watcher
        Of each process.
    ranks : Ranks
        The processes.
    """

    def __init__(self, watcher: Watcher, ranks: Ranks) -> None:
        self.watcher, self.ranks = watcher, ranks

    def see(self, epoch: Epoch) -> bool:
        """Take note of an epoch; return whether it is the best so far."""
        return bool(self.ranks.share(self.watcher.see(epoch)))

    def exhausted(self, epoch: Epoch) -> bool:
        """Return whether training should stop."""
        return bool(self.ranks.share(self.watcher.exhausted(epoch)))

    def snapshot(self) -> Snapshot:
        """Return what changes of the watcher."""
        return snapshot_of(self.watcher)

    def restore(self, reader: Reader) -> None:
        """Take back what changes of it."""
        self.watcher.restore(reader)  # type: ignore[attr-defined]


class SharedWriter:
    """Writes the checkpoints of the first process, and ends all where one was interrupted.

    Parameters
    ----------
    writer : Writer
        Of this process.
    ranks : Ranks
        The processes.
    """

    def __init__(self, writer: Writer, ranks: Ranks) -> None:
        self.writer, self.ranks = writer if ranks.rank == 0 else NoCheckpoints(), ranks
        self._of_file = writer if isinstance(writer, CheckpointWriter) else None
        if self._of_file is not None:
            self._of_file.noting = _unnoticed
            self._of_file.goes_on = _with_any_number_of_ranks(self._of_file.goes_on)

    @contextmanager
    def at_work(self, run: Run) -> Iterator[None]:
        """Let the first process keep what is there at the end, and others say where it is.

        Where checkpoints are kept SIGTERM ends all, as it does one process, after the same step.
        """
        try:
            with self._noting(), self.writer.at_work(run):
                yield
        except SilentRankError as error:
            if self.ranks.rank and self._of_file is not None:
                self._of_file.say_how_to_go_on(error)
            raise

    def _noting(self) -> AbstractContextManager[Any]:
        return nullcontext() if self._of_file is None else noted(SharedRequest(self.ranks))

    def look(self, run: Run) -> None:
        """Write a checkpoint if it is time; KeyboardInterrupt, at all alike, if one was asked."""
        if self.ranks.interrupted:
            raise KeyboardInterrupt
        self.writer.look(run)

    def last(self, run: Run) -> None:
        """Write a checkpoint now."""
        self.writer.last(run)


def _with_any_number_of_ranks(goes_on: Callable[[], str]) -> Callable[[], str]:
    return lambda: f"{said}, with any number of ranks" if (said := goes_on()) else ""


class SharedRequest(Request):
    """A request to end that all processes hear of, after the same step."""

    def __init__(self, ranks: Ranks) -> None:
        super().__init__()
        self.ranks = ranks

    def note(self) -> None:
        """Take note of a signal; the second one is a KeyboardInterrupt at once."""
        super().note()
        self.ranks.ask_to_end()


@contextmanager
def _unnoticed() -> Iterator[Request]:
    """Leave signals to what tells all processes of them."""
    yield Request()


def share_out(run: TrainingRun, ranks: Ranks) -> None:
    """Let all processes decide as the first one does; DifferentRanksError if one begins elsewhere.

    Parameters
    ----------
    run : TrainingRun
        Of this process, before its first step here.
    ranks : Ranks
        The processes.
    """
    check_same_start(ranks, run.step, "steps")
    run.agree, run.watcher = ranks.share, SharedWatcher(run.watcher, ranks)
    run.writer = SharedWriter(run.writer, ranks)
    if run.validation is not None:
        run.validation = SharedValidation(run.validation.samples, run.validation.score, ranks)


def check_same_start(ranks: Ranks, done: int, what: str) -> None:
    """Raise DifferentRanksError, at all alike, if one goes on from another checkpoint."""
    for rank, own in enumerate(all_done := ranks.gather(done)):
        if own != all_done[0]:
            raise DifferentRanksError(
                f"train: expected a checkpoint of {all_done[0]} {what} at rank {rank}, as rank 0 "
                f"has, got one of {own}: all ranks read the same file"
            )


def check_agreement(
    ranks: Ranks,
    chain: Chain,
    data: Samples,
    held_out: Samples | None,
    settings: Mapping[str, Any],
) -> None:
    """Raise DifferentRanksError, at all ranks alike, for the first that differs from rank 0.

    ``settings`` are by names that follow "expected", such as those of `plan_settings`.
    """
    if ranks.size == 1:
        return
    own = {"gradients that travel": getattr(ranks, "wire", "exact"), "shards": ranks.shards}
    all_facts = ranks.gather(own | _facts(chain, data, held_out, settings))
    for rank, facts in enumerate(all_facts):
        for name, value in all_facts[0].items():
            own = facts.get(name)
            if own != value:
                raise DifferentRanksError(_difference(rank, name, value, own))


def _difference(rank: int, name: str, expected: Any, received: Any) -> str:
    if name.endswith("bytes"):
        what = name.removesuffix(", bytes")
        return f"train: expected the same {what} at all ranks, got others at rank {rank}"
    return f"train: expected {name} {expected} at rank {rank}, as rank 0 has, got {received}"


def plan_settings(plan: Plan) -> dict[str, Any]:
    """Return what ranks compare of a plan."""
    names = ("batch_size", "epochs", "l2", "clip_norm", "seed", "precision", "shards")
    own = {f"a plan with {name}": getattr(plan, name) for name in names}
    return {**own, "an optimizer like": str(plan.optimizer)}


def _facts(
    chain: Chain, data: Samples, held_out: Samples | None, settings: Mapping[str, Any]
) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name, samples in (("", data), ("validation ", held_out)):
        for what in ("X", "t", "weights"):
            array = getattr(samples, what, None)
            facts[f"{name}{what} of shape"] = None if array is None else tuple(array.shape)
    facts["a chain of"] = tuple(map(str, chain.functions))
    facts |= settings
    facts["parameters, bytes"] = _digest(chain.parameters.flat)
    for name, samples in (("", data), ("validation ", held_out)):
        for what in ("X", "t", "weights"):
            facts[f"{name}{what}, bytes"] = _digest(getattr(samples, what, None))
    return facts


def _digest(array: Any) -> str:
    """Return a digest of an array's type and numbers, of a large one of some rows."""
    digest = hashlib.blake2b(digest_size=16)
    if array is None:
        return ""
    step = max(1, -(-_size(array) // READ))
    some = array[::step] if step > 1 else array
    parts = (some.data, some.indices, some.indptr) if sparse.issparse(some) else (some,)
    for part in parts:
        whole = np.ascontiguousarray(part)
        digest.update(f"{whole.dtype} {whole.shape}".encode())
        text = whole.astype(str) if whole.dtype.kind in "OUS" else whole
        digest.update(text.tobytes() if text.dtype.kind == "U" else text.view(np.uint8).data)
    return digest.hexdigest()


def _size(array: Any) -> int:
    return int(array.data.nbytes) if sparse.issparse(array) else int(array.nbytes)

"""Commands that ``mpiexec`` starts several times: ``mpiexec -n 4 chainrule train …``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Annotated

import typer

SHARED = ("train",)
"""Commands whose work ranks share; others are what each of them does by itself."""

VARIABLES = (
    ("PMI_RANK", "PMI_SIZE"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
)
"""Where MPICH and those like it, and Open MPI, say which process of how many this is."""


ShardsOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        rich_help_panel="Processes",
        help="Parts of each batch, a power of two, that the processes of an mpiexec share, at "
        "least as many as these. The bits of the model are those of this number, on any number of "
        "processes. With mpiexec 8, or the next power of two; else batches are not cut.",
    ),
]


def launched(environment: Mapping[str, str]) -> tuple[int, int] | None:
    """Return which process this is, of how many that an ``mpiexec`` has started, if one has."""
    for rank, size in VARIABLES:
        values = environment.get(rank, ""), environment.get(size, "")
        if all(value.isdecimal() for value in values):
            return int(values[0]), int(values[1])
    return None


def cut(context: typer.Context, shards: int | None) -> list[str]:
    """Cut the trainings of a command into shards, until it ends; return what there is to say."""
    from chainrule.training.plan import check_shards
    from chainrule.training.ranks import check_count
    from chainrule.training.session import present_ranks, ranks_of
    from chainrule.training.shards import USUAL, usual_shards

    ranks = present_ranks()
    size = 1 if ranks is None else ranks.size
    if shards is not None:
        check_shards("--shards", shards)
        check_count("--shards", shards, size)
        context.with_resource(ranks_of(None, shards=shards))
        return []
    if size <= USUAL:
        return []
    count = usual_shards(size)
    return [f"{count} shards for {size} processes; fewer have the same bits with --shards {count}"]


@contextmanager
def over_ranks(command: str | None) -> Iterator[None]:
    """Let the processes of an ``mpiexec`` share a command's work; the first one speaks for all."""
    started = launched(os.environ)
    if started is None or command not in SHARED:
        yield
        return
    rank, size = started
    try:
        from mpi4py import MPI
    except ImportError:
        if rank:
            sys.exit(1)
        raise ImportError(
            f"mpiexec has started {size} process{'es' * (size > 1)} to train by mpi4py, "
            "which is not installed: pip install 'chainrule[mpi]'"
        ) from None
    from chainrule.interruption import EXIT_CODE
    from chainrule.training.errors import RankError
    from chainrule.training.session import is_left_to_another, ranks_of

    try:
        with ranks_of(MPI.COMM_WORLD), _quiet(rank):
            yield
    except RankError:
        sys.exit(1)
    except KeyboardInterrupt:
        if rank:
            sys.exit(EXIT_CODE)
        raise
    except Exception as error:
        if is_left_to_another(error):
            sys.exit(getattr(error, "exit_code", 1))
        raise


@contextmanager
def _quiet(rank: int) -> Iterator[None]:
    """Let what the first rank says be said once."""
    with ExitStack() as stack:
        if rank:
            nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
            stack.enter_context(redirect_stdout(nowhere))
            stack.enter_context(redirect_stderr(nowhere))
        yield

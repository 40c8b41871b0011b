"""The command that compiles all kernels: ``warmup``."""

from __future__ import annotations

from time import perf_counter

from chainrule.cli.arguments import JsonOption

__all__ = ["warmup"]


def warmup(as_json: JsonOption = False) -> None:
    """Compile all machine code ahead of the first training."""
    from rich.progress import track

    from chainrule.cli.option_values import OPTIMIZERS
    from chainrule.cli.output import Output
    from chainrule.engine.machine import cache
    from chainrule.engine.running import warmup as machine_code
    from chainrule.estimators.texts.warmup import text_compilations
    from chainrule.training import Adam

    out = Output(as_json=as_json)
    if (trouble := cache.trouble()) is not None:  # before minutes go into what is not kept
        raise ValueError(trouble)
    optimizers = [*OPTIMIZERS.values(), Adam(uncorrected_epsilon=True)]  # the last: estimators'
    calls, place = machine_code.compilations(optimizers), cache.folder()
    calls += text_compilations()
    begin, before = perf_counter(), machine_code.kernels_so_far()
    silent = as_json or not out.messages.is_terminal
    shown = track(calls, "compiling", console=out.messages, transient=True, disable=silent)
    for compile_one in shown:
        compile_one()
    seconds, count = perf_counter() - begin, machine_code.kernels_so_far() - before
    if (trouble := cache.trouble()) is not None:
        raise ValueError(trouble)
    if as_json:
        out.json({"kernels": count, "seconds": seconds, "folder": place and str(place)})
    else:
        kept = f"kept in {place}" if place else "kept nowhere: CHAINRULE_CACHE is empty"
        out.say(f"{count} kernels in {seconds:.1f} s, {kept}")

"""Assembly of AArch64 and x86, looked at: its inner loops, and what stands in them."""

import re

from chainrule.engine.language.emit import emitted
from chainrule.engine.machine.compiling import assembly

BRANCH = re.compile(r"(?:b\.\w+|b|cbn?z \w+,|tbn?z \w+, #\d+,|j\w+) (\.LBB\w+)$")

COPY = re.compile(
    r"(?:mov|fmov) (?:v\d+\.16b|[xwds]\d+), (?:v\d+\.16b|[xwds]\d+)$"
    r"|v?mov\w+ %\w+, %\w+$"
)


def code_of(emit, dtype, target, *rules, **options):
    """Return the assembly of the kernel that a function emits."""
    k, _ = emitted(emit, "kernel", dtype, *rules, target=target, **options)
    return assembly(str(k.module), target)


def inner_loops(code, instruction):
    """Return loops, as lists of instructions, that have one and no other such loop in them."""
    lines = [" ".join(line.split("//")[0].split()) for line in code.splitlines()]
    labels, spans = {}, []
    for at, line in enumerate(lines):
        if label := re.match(r"(\.LBB\w+):", line):
            labels[label[1]] = at
        jump = BRANCH.match(line)
        if jump and jump[1] in labels:
            spans.append((labels[jump[1]], at + 1))
    loops = {}
    for first, last in spans:
        body = [line for line in lines[first:last] if line and not line.startswith(".")]
        if any(line.startswith(instruction) for line in body):
            loops[first, last] = body
    within = [
        (first, last)
        for first, last in loops
        if any(first <= a and b <= last and (a, b) != (first, last) for a, b in loops)
    ]
    return [body for span, body in loops.items() if span not in within]


def moves(loop):
    """Return how many instructions only copy a register to another."""
    return sum(bool(COPY.match(line)) for line in loop)


def stack_accesses(loop):
    """Return how many instructions read or write what is on the stack."""
    places = "[sp", "(%rsp"
    return sum(any(place in line for place in places) for line in loop)

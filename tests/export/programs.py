"""Exported programs, compiled and run: by a C compiler with ctypes, and by Node."""

import ctypes
import json
import shutil
import subprocess

import numpy as np
import pytest

from chainrule.export.c.source import c_source
from chainrule.export.javascript.source import javascript_source
from chainrule.export.plan import plan_export
from chainrule.export.walk import walk

COMPILER = shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")
NODE = shutil.which("node")
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-ffp-contract=off"]

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")
needs_node = pytest.mark.skipif(NODE is None, reason="there is no Node")


def compile_all(folder, sources, *options, compiler=COMPILER):
    """Return a library of programs in C, (name, text), all compiled at once."""
    names = []
    for name, text in sources:
        (folder / f"{name}.c").write_text(text, encoding="utf-8")
        names.append(f"{name}.c")
    command = [compiler, *STRICT, *options, "-shared", "-fPIC", *names, "-o", "all.so", "-lm"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr[:4000]
    return ctypes.CDLL(str(folder / "all.so"))


class Compiled:
    """One network of a library, called with arrays."""

    def __init__(self, library, plan):
        self.library, self.plan, self.dtype = library, plan, plan.dtype

    def _pointer(self, array):
        return array.ctypes.data_as(ctypes.c_void_p)

    def predict(self, x):
        """Return the answers to a raw sample, and the place of its class."""
        function = getattr(self.library, f"{self.plan.name}_predict")
        given = np.ascontiguousarray(np.ravel(x), self.dtype)
        y = np.full(self.plan.prediction.y.size, np.nan, self.dtype)
        place = function(self._pointer(given), self._pointer(y))
        return y, place

    def gradient(self, X, T):
        """Return the loss, the gradient by X, and those by the parameters, by their names."""
        plan = self.plan.gradient
        function = getattr(self.library, f"{self.plan.name}_gradient")
        function.restype = ctypes.c_float if self.dtype == np.float32 else ctypes.c_double
        given = np.ascontiguousarray(np.ravel(X), self.dtype)
        targets = np.ascontiguousarray(np.ravel(T), self.dtype)
        own = plan.program.gradients
        sizes = [plan.X.size, *(array.size for array in own.values())]
        buffer = np.full(sum(sizes), np.nan, self.dtype)
        loss = function(self._pointer(given), self._pointer(targets), self._pointer(buffer))
        dX, *others = np.split(buffer, np.cumsum(sizes)[:-1])
        return loss, dX, dict(zip(own, others, strict=True))


def plans(cases, precision, *, whole=False):
    """Return what is to be written of each case."""
    return [
        plan_export(walk(case.chain, case.loss), case.name, precision, gradient=True, whole=whole)
        for case in cases
    ]


def compiled(folder, cases, precision, *options):
    """Return the networks of cases, compiled."""
    planned = plans(cases, precision)
    library = compile_all(folder, [(plan.name, c_source(plan)) for plan in planned], *options)
    return [Compiled(library, plan) for plan in planned]


def by_node(folder, cases, precision):
    """Return what modules of JavaScript make of all samples: answers, losses and gradients."""
    planned = plans(cases, precision, whole=True)
    lines = []
    for plan in planned:
        text = javascript_source(plan)
        (folder / f"{plan.name}.mjs").write_text(text, encoding="utf-8")
        lines.append(f"import * as {plan.name} from './{plan.name}.mjs';")
    given = [
        {"X": [x.ravel().tolist() for x in case.X], "T": case.targets().tolist()} for case in cases
    ]
    lines += [
        f"const networks = [{', '.join(plan.name for plan in planned)}];",
        f"const given = {json.dumps(given)};",
        "const list = (numbers) => Array.from(numbers, (x) => Number.isFinite(x) ? x : String(x));",
        "const found = networks.map((network, k) => given[k].X.map((x, n) => {",
        "  const y = list(network.predict(x));",
        "  const values = network.forward(x).map(list);",
        "  const back = network.backward(given[k].T[n]);",
        "  const own = Object.entries(back.parameters).map(([name, d]) => [name, list(d)]);",
        "  const parameters = Object.fromEntries(own);",
        "  return { y, values, loss: back.loss, dX: list(back.dX), parameters };",
        "}));",
        "console.log(JSON.stringify(found));",
    ]
    (folder / "all.mjs").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(
        [NODE, "all.mjs"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr[:4000]
    return json.loads(done.stdout)

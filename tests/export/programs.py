"""Exported programs, compiled and run: by a C compiler with ctypes, and by Node."""

import ctypes
import json
import shutil
import subprocess

import numpy as np
import pytest

from chainrule import export_network
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


SERVER = """
import * as net from './{name}.mjs';
import {{ createInterface }} from 'node:readline';

const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
for await (const line of createInterface({{ input: process.stdin }})) {{
  let said;
  try {{
    said = {{ value: new Function('net', `return ${{JSON.parse(line)}}`)(net) }};
  }} catch (error) {{
    said = {{ error: error.message, kind: error.name }};
  }}
  console.log(JSON.stringify(said, plain));
}}
"""


class Refused(Exception):  # noqa: N818 — what a module says
    """An error of a module of JavaScript: its kind and its message."""


class Module:
    """A module of JavaScript in a process of Node, which answers expressions of ``net``."""

    def __init__(self, path):
        server = path.with_name(f"ask_{path.stem}.mjs")
        server.write_text(SERVER.format(name=path.stem), encoding="utf-8")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen([NODE, server], text=True, encoding="utf-8", **pipes)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def ask(self, expression):
        """Return the value of an expression; Refused if it throws."""
        self.process.stdin.write(json.dumps(expression) + "\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline())
        if "error" in said:
            raise Refused(f"{said['kind']}: {said['error']}")
        return said.get("value")

    def call(self, function, *values):
        """Return what a function answers to values of Python."""
        return self.ask(f"net.{function}({', '.join(map(literal, values))})")


def literal(value):
    """Return a value of Python as JavaScript writes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{json.dumps(k)}]: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, np.ndarray):
        return f"Float64Array.from({literal(value.tolist())})"
    return json.dumps(value)


def module(folder, model, **options):
    """Return an estimator's module, which runs."""
    return Module(export_network(model, folder / "net.mjs", **options).path)


def answered(ask):
    """Return an answer, None if it is refused."""
    try:
        return ask()
    except (ValueError, TypeError, Refused):
        return None


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

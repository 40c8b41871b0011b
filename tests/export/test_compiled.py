"""What compilers and Node make of exported programs, for every function and loss.

A program in float may be as far from the textbook in float64 as a few times the textbook's own
float32 is, and as rounding is: what is left of a difference of near numbers has few digits.
"""

import numpy as np
import pytest

from chainrule.export.c.source import c_source
from chainrule.export.language.printing import identifier
from chainrule.export.plan import PRECISIONS, plan_export
from chainrule.export.samples import keep_samples
from chainrule.export.walk import walk
from export.networks import every_case
from export.programs import Compiled, by_node, compile_all, needs_compiler, needs_node

CASES = every_case()
ROUNDING = {"float": 1e-6, "double": 1e-12}
NARROW = {"float": np.float32, "double": np.float64}


class Textbook:
    """The textbook's numbers of one sample in float64, and how far its float32 is from them."""

    def __init__(self, case, n, precision):
        self.name, self.precision = case.name, precision
        self.exact = self.numbers(case, n, np.float64)
        self.narrow = self.numbers(case, n, NARROW[precision])

    @staticmethod
    def numbers(case, n, dtype):
        chain, X, t = case.chain.astype(dtype), case.X[n : n + 1], case.t[n : n + 1]
        loss, gradients = chain.gradient(case.loss, X, t)
        values = {f"value {k}": value for k, value in enumerate(chain.trace(X))}
        dX = chain.input_gradient(case.loss, X, t)
        return {"loss": loss, "dX": dX, **values, **gradients, "y": chain.forward(X)}

    def check(self, name, found):
        exact, narrow = (np.ravel(each[name]) for each in (self.exact, self.narrow))
        size = max(1.0, float(np.abs(exact).max(initial=0)))
        allowed = ROUNDING[self.precision] * size + 4 * float(np.abs(exact - narrow).max())
        message = f"{self.name}: {name}"
        np.testing.assert_allclose(np.ravel(found), exact, rtol=0, atol=allowed, err_msg=message)


def checked(case, precision):
    """Return what is to be written of a case, with its samples."""
    network = walk(case.chain, case.loss)
    numbers = case.X.reshape(len(case.X), -1).tolist()
    samples = keep_samples(network, numbers, case.X, PRECISIONS[precision])
    return plan_export(network, case.name, precision, gradient=True, samples=samples)


@pytest.fixture(scope="module", params=["double", "float"])
def programs(request, tmp_path_factory):
    """All cases in C with what checks them: precision, plans, and the library."""
    plans = [checked(case, request.param) for case in CASES]
    begin = "#define CHAINRULE_MAIN\n#define main {0}_main\nint {0}_main(void);\n"
    sources = [(plan.name, begin.format(plan.name) + c_source(plan)) for plan in plans]
    library = compile_all(tmp_path_factory.mktemp("c"), sources, "-O0")  # which takes least time
    return request.param, plans, library


@needs_compiler
def test_programs_of_every_function_and_loss_pass_their_own_check(programs):
    _, plans, library = programs
    assert all(plan.gradient_samples is not None for plan in plans)
    assert [plan.name for plan in plans if getattr(library, f"{plan.name}_main")()] == []


@needs_compiler
def test_c(programs):
    precision, plans, library = programs
    for plan, case in zip(plans, CASES, strict=True):
        network = Compiled(library, plan)
        for n, x in enumerate(case.X):
            textbook = Textbook(case, n, precision)
            textbook.check("y", network.predict(x)[0])
            loss, dX, gradients = network.gradient(x, case.targets()[n])
            for name, numbers in {"loss": loss, "dX": dX, **gradients}.items():
                textbook.check(name, numbers)


@needs_node
@pytest.mark.parametrize(("precision", "cases"), [("float", CASES), ("double", CASES[1::3])])
def test_javascript(tmp_path, precision, cases):
    for found, case in zip(by_node(tmp_path, cases, precision), cases, strict=True):
        for n, one in enumerate(found):
            textbook = Textbook(case, n, precision)
            for name in ("y", "loss", "dX"):
                textbook.check(name, one[name])
            for place, value in enumerate(one["values"]):
                textbook.check(f"value {place}", value)
            assert set(one["parameters"]) == set(map(identifier, case.chain.parameters))
            for name in case.chain.parameters:
                textbook.check(name, one["parameters"][identifier(name)])

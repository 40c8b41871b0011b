"""The terms of a gradient, computed by Node, add up to it, for every function that is a line."""

import json

import numpy as np
import pytest

from chainrule.explain.live.document import packaged
from chainrule.explain.live.facts import loss_facts
from chainrule.explain.live.layers import layers_facts
from chainrule.explain.live.program import page_plan, program_source
from chainrule.explain.live.typeset import typeset_parts
from chainrule.export.walk import walk
from explain.live.pages import PRINT, PURE, run
from export.networks import every_case
from export.programs import needs_node

CASES = every_case()

SUMS = """
const numbers = compute(given.X, given.T);
const kinds = {};
const sums = {};
const add = (chosen) => {
  const { kind, terms } = termsOf(numbers, chosen);
  const value = gradientOf(numbers, chosen);
  if (kind === "loss") return;
  const sum = terms.reduce((total, { product }) => total + product, 0);
  kinds[kind] = (kinds[kind] ?? 0) + 1;
  (sums[kind] ??= []).push([sum, value]);
};
numbers.gradients.forEach((gradient, value) => {
  const before = value < facts.loss.layers || value > layersWithin().length;
  if (before) gradient.forEach((_, flat) => add({ value, flat }));
});
facts.layers.forEach((layer, k) => {
  if (!numbers.gradients[k + 1]) return;
  for (const [own, { shape }] of Object.entries(layer.parameters)) {
    for (let flat = 0; flat < sizeOf(shape); flat++) add({ layer: k, own, flat });
  }
});
found.push({ kinds, sums });
"""


def blocks(cases):
    for case in cases:
        plan = page_plan(walk(case.chain, case.loss))
        facts = {
            "layers": layers_facts(plan.gradient.made),
            "loss": loss_facts(plan),
            "answers": {},
        }
        given = {"X": case.X[0].ravel().tolist(), "T": np.ravel(case.targets()[0]).tolist()}
        yield "{"
        yield f"const facts = {json.dumps(facts)};"
        yield f"const given = {json.dumps(given)};"
        yield program_source(plan)
        yield from map(packaged, PURE)
        yield SUMS
        yield "}"


@needs_node
def test_terms_add_up_to_every_gradient(tmp_path):
    found = run(["const found = [];", *blocks(CASES), PRINT, "print(found);"], tmp_path)
    counted = {}
    for case, own in zip(CASES, found, strict=True):
        for kind, pairs in own["sums"].items():
            sums, values = np.array(pairs, dtype=float).T
            np.testing.assert_allclose(sums, values, rtol=1e-12, atol=1e-14, err_msg=case.name)
            counted[kind] = counted.get(kind, 0) + len(pairs)
    assert counted["line"] > 1000
    assert counted["slope"] > 100
    assert counted["same"] > 10
    assert counted["rule"] > 100
    assert counted["sum"] > 10  # of a block's X, which goes two ways


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_formulas_are_typeset(case):
    for function in case.chain.functions:
        lines = [line for _, lines in typeset_parts(function) for line in lines]
        assert lines, function
        own = type(function).__module__.startswith("chainrule.")
        assert all(line.startswith("<math") for line in lines) or not own, lines

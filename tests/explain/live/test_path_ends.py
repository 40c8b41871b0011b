"""Where a path ends: the derivative of the loss with its numbers, of one network or of members."""

import re
from html import unescape

import numpy as np
import pandas
import pytest

from chainrule import Chain, Linear, MLPRegressor, Regressor, TableClassifier, TableRegressor
from chainrule.explain.live.document import packaged
from chainrule.losses import MeanSquaredError
from explain.live.pages import read_page, run_page
from export.programs import needs_node

X = np.random.default_rng(0).normal(size=(200, 3))
FRAME = pandas.DataFrame(X, columns=list("abc"))

ENDS = """
const { x, T } = facts.samples[0];
const raw = Array.isArray(x) && facts.inputs.kind === "table"
  ? Object.fromEntries(facts.inputs.columns.map(({ name }, k) => [name, x[k]])) : x;
const state = { numbers: compute(Float64Array.from(network.encode(raw)), Float64Array.from(T)) };
const { layers } = facts.loss;
print(Array.from(state.numbers.gradients[layers], (value, flat) => ({
  text: sidesHtml({ kind: "loss", terms: [], missing: [], at: { value: layers, flat } }),
  value, y: state.numbers.values[layers][flat], t: T[flat % T.length],
})));
"""


def ends(model, X, y, path):
    """Return each number of the gradient that a loss makes, and what is said of it."""
    model.explain(X, y, path=path)
    found = run_page(path, f"{packaged('choice.js')}\n{ENDS}")
    for each in found:
        told = re.sub(r"<math.*?</math>", "FORMULA", each["text"])
        each["text"] = unescape(re.sub(r"<[^>]*>", "", told))
    return found


def computed(text):
    """Return what the numbers on the right of a text make."""
    numbers = text.rpartition(" = ")[2].replace("−", "-").replace("e-", "e-")
    assert re.fullmatch(r"[-+()/ .e0-9]+", numbers), numbers
    return eval(numbers.replace("- -", "+ "))  # digits and signs alone, as has been seen


@needs_node
def test_of_members_of_a_classifier(tmp_path):
    y = np.where(X[:, 0] > 0, "yes", "no")
    model = TableClassifier(members=3, max_iter=3, random_state=0).fit(FRAME, y)
    found = ends(model, FRAME, y, tmp_path / "page.html")
    assert len(found) == 3
    for k, each in enumerate(found):
        assert re.match(rf"\(Y\d\[{k},0\] − T\[0\]\) / 3, a mean over 3 members, = ", each["text"])
        assert computed(each["text"]) == pytest.approx(each["value"], rel=1e-2)


@needs_node
def test_of_members_of_a_regressor(tmp_path):
    model = TableRegressor(members=2, max_iter=3, random_state=0).fit(FRAME, X[:, 0] - X[:, 1])
    found = ends(model, FRAME, X[:, 0] - X[:, 1], tmp_path / "page.html")
    _, facts = read_page(tmp_path / "page.html")
    titles = [title for title, _ in facts["loss"]["formulas"]]
    assert titles == ["MeanOverMembers(MeanSquaredError)", "MeanSquaredError, of each member"]
    for each in found:
        assert each["text"].startswith("FORMULA / 2, a mean over 2 members, where y = Y")
        assert each["value"] == pytest.approx((each["y"] - each["t"]) * 2 / 2)


@needs_node
def test_of_several_outputs(tmp_path):
    y = np.stack([X[:, 0], X[:, 1]], axis=1)
    options = {"hidden_layer_sizes": (3,), "max_iter": 30, "tol": 1.0, "random_state": 0}
    model = MLPRegressor(**options, loss=MeanSquaredError()).fit(X, y)
    for each in ends(model, X, y, tmp_path / "page.html"):
        assert each["text"].startswith("FORMULA / 2, a mean over 2 outputs, where y = Y2[")
        assert each["value"] == pytest.approx((each["y"] - each["t"]) * 2 / 2)
    model = MLPRegressor(**options).fit(X, y)
    for each in ends(model, X, y, tmp_path / "page.html"):
        assert computed(each["text"]) == pytest.approx(each["value"], rel=1e-2)


def test_pages_name_what_has_trained(tmp_path):
    y = np.where(X[:, 0] > 0, "yes", "no")
    quick = {"max_iter": 30, "tol": 1.0, "random_state": 0}
    for model, solver in (
        (TableClassifier(members=2, max_iter=2, random_state=0), ("adamw", 0.012)),
        (TableClassifier(members=2, max_iter=2, learning_rate_init=0.5), ("adamw", 0.5)),
        (Regressor(Chain(Linear(1)), **quick), ("adam", 0.001)),
        (Regressor(Chain(Linear(1)), solver="lbfgs", **quick), ("lbfgs", None)),
    ):
        given = y if isinstance(model, TableClassifier) else X[:, :1].ravel()
        model.fit(FRAME, given).explain(FRAME, given, path=tmp_path / "page.html")
        told = read_page(tmp_path / "page.html")[1]["solver"]
        assert (told["name"], told["rate"]) == solver

"""The page in a browser: drawn on, clicked, stepped, its numbers beside the library's."""

import numpy as np
import pytest

from chainrule import CrossEntropy
from explain.live.chromium import act, needs_chromium
from explain.live.pages import digits, digits_classifier

pytestmark = needs_chromium

ACTIONS = """
const sample = () => ({
  x: all("#sample-input .fields input[type=number]").map(number),
  y: all("#sample-answer .answer .number").map(number),
  loss: number(one("#loss .number")),
});

one("#sample-input details").open = true;
await frame();
await frame();
found.first = sample();

button("#sample-input", "Clear").click();
const canvas = one("canvas.drawing");
const box = canvas.getBoundingClientRect();
for (const [type, y] of [["down", 0.1], ["move", 0.5], ["move", 0.9], ["up", 0.9]]) {
  const at = { clientX: box.left + box.width / 2, clientY: box.top + y * box.height };
  canvas.dispatchEvent(new PointerEvent(`pointer${type}`, at));
}
await frame();
found.drawn = sample();

const matrix = one("canvas.matrix");
const square = matrix.getBoundingClientRect();
const [clientX, clientY] = [
  square.left + (3.5 / 7) * square.width,
  square.top + (36.5 / 64) * square.height,
];
matrix.dispatchEvent(new MouseEvent("click", { clientX, clientY }));
await frame();
found.clicked = gradient();
matrix.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
await frame();
found.moved = gradient();

const pixel = one("svg rect[data-value='0'][data-flat='20']");
pixel.dispatchEvent(new MouseEvent("click", { bubbles: true }));
await frame();
found.pixel = gradient();

input(one("#rate"), "0.01");
button("#step-body", "Take a step").click();
found.stepped = sample();
button("#step-body", "Reset").click();
all(".card").forEach((card) => (card.open = true));
await frame();
found.reset = sample();
found.cards = all(".card").map((card) => ({
  formulas: card.querySelectorAll("math").length,
  lines: card.querySelector("code").textContent.length,
  numbers: [...card.querySelectorAll(".grid span")].map(number),
}));
"""


@pytest.fixture(scope="module")
def model():
    return digits_classifier()


@pytest.fixture(scope="module")
def found(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("chromium") / "page.html"
    model.explain(*digits(), path=path)
    return act(path, ACTIONS)


def test_cards_have_formulas_and_lines(found):
    assert all(card["formulas"] and card["lines"] > 50 for card in found["cards"])


def test_answers_follow_the_drawing(model, found):
    first, drawn = found["first"], found["drawn"]
    assert first["x"] != drawn["x"]
    assert 0.95 < max(drawn["x"]) <= 1
    assert drawn["x"][0] == 0
    for each in (first, drawn):
        np.testing.assert_allclose(each["y"], model.predict_proba([each["x"]])[0], atol=1e-6)


def target(model, found):
    """Return the class that the loss takes for true: that of the first sample."""
    X, y = digits()
    return y[[np.argmin(abs(X - found["first"]["x"]).max(axis=1))]]


def test_the_gradient_of_the_chosen_weight_is_the_library_s(model, found):
    chain, t = model._network().astype(np.float64), target(model, found)
    x = np.array([found["drawn"]["x"]])
    loss, gradient = chain.gradient(CrossEntropy(), x, t)
    assert found["drawn"]["loss"] == pytest.approx(loss, rel=1e-12)
    for name, (i, o) in (("clicked", (36, 3)), ("moved", (36, 4))):
        backprop, difference, _ = found[name]["numbers"]
        assert found[name]["name"].startswith(f"∂L/∂W0[{i},{o}] = ")
        assert backprop == pytest.approx(gradient["W0"][i, o], rel=1e-12, abs=1e-15)
        assert difference == pytest.approx(backprop, rel=1e-6, abs=1e-9)
    own = chain.input_gradient(CrossEntropy(), x, t)[0, 20]
    assert found["pixel"]["numbers"][0] == pytest.approx(own, rel=1e-12)


def test_a_step_lowers_the_loss_and_can_be_taken_back(found):
    assert found["stepped"]["loss"] < found["drawn"]["loss"]
    assert found["reset"] == found["drawn"]


def test_cards_show_the_numbers_of_their_layers(model, found):
    trace = model._network().astype(np.float64).trace(np.array([found["drawn"]["x"]]))
    values = np.array(found["cards"][0]["numbers"][:7])
    np.testing.assert_allclose(values, trace[1][0], rtol=1e-12)

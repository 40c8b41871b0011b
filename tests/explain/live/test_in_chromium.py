"""The page in a browser: drawn on, clicked, stepped, its numbers beside the library's."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from chainrule import CrossEntropy
from explain.live.pages import digits, digits_classifier

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

FRAMES = "window.requestAnimationFrame = (draw) => setTimeout(draw, 1);"
"""Chromium draws no frames where it only prints the document."""

ACTIONS = """
const all = (selector) => [...document.querySelectorAll(selector)];
const one = (selector) => document.querySelector(selector);
const number = (element) => Number(element.title.replaceAll("−", "-"));
const found = { errors: [] };
addEventListener("error", (event) => found.errors.push(event.message));
const frame = () => new Promise((done) => setTimeout(done, 120));
const input = (element, value) => {
  element.value = value;
  element.dispatchEvent(new Event("input"));
};
const sample = () => ({
  x: all("#sample-input .fields input[type=number]").map(number),
  y: all("#sample-answer .answer .number").map(number),
  loss: number(one("#loss .number")),
});
const gradient = () => ({
  name: one("#terms h3").textContent,
  numbers: all("#terms .compare .number").map(number),
});
const button = (part, text) => all(`${part} button`).find((each) => each.textContent === text);

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
const result = document.createElement("pre");
result.id = "found";
result.textContent = JSON.stringify(found);
document.body.append(result);
"""


@pytest.fixture(scope="module")
def model():
    return digits_classifier()


@pytest.fixture(scope="module")
def found(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chromium")
    path = folder / "page.html"
    model.explain(*digits(), path=path)
    text = path.read_text(encoding="utf-8")
    script = f'<script type="module">{ACTIONS}</script></body>'
    text = text.replace("<header>", f"<script>{FRAMES}</script><header>", 1)
    path.write_text(text.replace("</body>", script), encoding="utf-8")
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += ["--window-size=1200,4000", "--virtual-time-budget=10000", "--enable-logging=stderr"]
    command += [f"--user-data-dir={folder / 'profile'}", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "CONSOLE" not in done.stderr, done.stderr[-2000:]
    match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert match, done.stderr[-2000:]
    return json.loads(match[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def test_nothing_went_wrong(found):
    assert found["errors"] == []
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

"""What fields refuse, what a page is on paper, and that all of it has names, in a browser."""

import pytest

from chainrule import Chain, Classifier, LayerNorm, Linear, Residual, Tanh
from explain.live.chromium import SEEN, act, needs_chromium
from explain.live.pages import digits

pytestmark = needs_chromium

PARTS = ["network", "gradient", "step", "contributions", "layers"]

FIELDS = """
const choice = one("#parameter-choice");
found.parameters = [];
for (const option of choice.options) {
  choice.value = option.value;
  choice.dispatchEvent(new Event("change"));
  await frame();
  found.parameters.push({ parameter: option.textContent, ...gradient() });
}
const places = () => all(".indices input");
choice.value = 0;
choice.dispatchEvent(new Event("change"));
await frame();
found.indices = [];
for (const given of ["-1", "9999", "", "1.5", "12"]) {
  places()[0].focus();
  input(places()[0], given);
  await frame();
  const told = all(".indices .wrong").map((each) => each.textContent);
  found.indices.push([given, told[0], gradient().name.split(" = ")[0]]);
}
found.rates = [];
for (const given of ["-5", "0", "", "1e308", "0.001"]) {
  input(one("#rate"), given);
  const before = number(one("#loss .number"));
  button("#step-body", "Take a step").click();
  const told = one("#step-body .wrong").textContent;
  found.rates.push([given, told, number(one("#loss .number")) < before]);
}
one("#sample-input details").open = true;
await frame();
const loss = () => number(one("#loss .number"));
const [field] = all("#sample-input .fields input[type=number]");
field.focus();
input(field, "");
await frame();
found.missing = [one(".headline").textContent, ...seen()];
input(field, "0.5");
await frame();
found.again = [one(".headline").textContent, ...seen()];
found.loss = loss();
all("details").forEach((each) => (each.open = true));
await frame();
const named = (each) => each.ariaLabel || each.labels?.length || each.textContent.trim();
found.nameless = all("a, button, input, select, textarea, summary, [tabindex]")
  .filter((each) => !(named(each) || each.getAttribute("aria-label")))
  .map((each) => each.outerHTML);
const groups = all("[role=radiogroup]");
found.groups = [groups.length, groups.filter((each) => each.ariaLabel).length];
"""

FOLLOWED = """
const [, second] = all("#terms button");
second.focus();
second.click();
found.focus = [document.activeElement.ariaLabel, second.ariaLabel];
found.pressed = document.activeElement.ariaPressed;
"""

PAPER = """
const style = (selector, name) => getComputedStyle(one(selector)).getPropertyValue(name);
const look = () => ({
  page: style(":root", "--page").trim(),
  open: all(".card").filter((each) => each.open).length,
  more: all("main details[data-level]").filter((each) => each.open).length,
  numbers: all(".card .grid span").length,
});
one(".card").open = true;
await frame();
found.screen = look();
dispatchEvent(new Event("beforeprint"));
found.paper = look();
found.cards = all(".card").length;
dispatchEvent(new Event("afterprint"));
found.after = look();
found.exact = style(".bar i", "print-color-adjust");
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    inside = Chain(Linear(6), LayerNorm(), Residual(Chain(Linear(6), Tanh())))
    chain = Chain(Linear(6), Residual(inside))
    X, y = digits()
    model = Classifier(chain, complete=True, max_iter=30, tol=1.0, random_state=0).fit(X, y)
    path = tmp_path_factory.mktemp("fields") / "page.html"
    model.explain(X, y, path=path)
    return path


@pytest.fixture(scope="module")
def fields(page):
    return act(page, SEEN + FIELDS)


def test_every_parameter_can_be_chosen_and_agrees_with_the_difference(fields):
    told = {each["parameter"].split(" ")[0]: each for each in fields["parameters"]}
    names = ["W0", "b0", "1.W0", "1.b0", "1.g1", "1.b1", "1.2.W0", "1.2.b0", "W2", "b2"]
    assert list(told) == names
    for name, each in told.items():
        assert each["name"].startswith(f"∂L/∂{name}[0")
        backprop, difference, _ = each["numbers"]
        assert difference == pytest.approx(backprop, rel=1e-6, abs=1e-9)


def test_indices_that_are_none_are_refused_beside_their_field(fields):
    whole = "Expected a whole number from 0 to 63, got"
    assert fields["indices"] == [
        ["-1", f"{whole} -1", "∂L/∂W0[0,0]"],
        ["9999", f"{whole} 9999", "∂L/∂W0[0,0]"],
        ["", f"{whole} nothing", "∂L/∂W0[0,0]"],
        ["1.5", f"{whole} 1.5", "∂L/∂W0[0,0]"],
        ["12", "", "∂L/∂W0[12,0]"],
    ]


def test_rates_with_which_there_is_no_step_are_refused_and_nothing_moves(fields):
    above = "Expected a number above 0, got"
    assert fields["rates"] == [
        ["-5", f"{above} -5", False],
        ["0", f"{above} 0", False],
        ["", f"{above} nothing", False],
        ["1e308", "With 1e308 a step would lead beyond all numbers: not taken", False],
        ["0.001", "", True],
    ]


def test_a_sample_without_a_number_says_so_and_its_numbers_are_dashes(fields):
    headline, numbers, grey, notes = fields["missing"]
    assert headline == "A number is missing."
    assert numbers == ["–"] * 4  # of three classes, and the loss
    assert grey == PARTS
    assert notes == ["A number is missing. The grey numbers are those of before."] * 5
    headline, numbers, grey, notes = fields["again"]
    assert headline.startswith("The answer: ")
    assert "–" not in numbers
    assert fields["loss"] > 0
    assert (grey, notes) == ([], [""] * 5)


def test_all_that_can_be_used_has_a_name(fields):
    assert fields["nameless"] == []
    assert fields["groups"] == [2, 2]


def test_the_focus_stays_on_the_term_that_is_followed(page):
    found = act(page, FOLLOWED)
    assert found["focus"][0].startswith("follow ∂L/∂Y")
    assert found["focus"][0] == found["focus"][1]
    assert found["pressed"] == "true"


def test_paper_is_light_and_has_all_that_is_folded_on_a_dark_screen(page):
    found = act(page, PAPER, "--force-dark-mode")
    screen, paper = found["screen"], found["paper"]
    assert (screen["page"], paper["page"]) == ("#14171b", "#fff")
    assert paper["open"] == found["cards"] > screen["open"] == 1
    assert paper["numbers"] > screen["numbers"] > 0
    assert paper["more"] == 0  # of these the sum is shown
    assert found["after"]["page"] == screen["page"]
    assert found["after"]["open"] == screen["open"]
    assert found["exact"] == "exact"

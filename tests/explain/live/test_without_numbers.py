"""What a page shows of samples that have no numbers, and which number it explains first."""

import warnings

import numpy as np
import pandas
import pytest

from chainrule import MLPRegressor, TableClassifier, TextClassifier
from chainrule.data import DataWarning
from explain.live.chromium import SEEN, act, needs_chromium
from explain.live.pages import digits, digits_classifier, read_page, run_page
from export.programs import needs_node

X = np.random.default_rng(0).normal(size=(60, 4))

TRUTHS = """
const [first, second] = all("#sample-answer input");
found.begin = seen();
found.states = [];
for (const given of ["1e308", "1e200", "", "0.5"]) {
  first.focus();
  input(first, given);
  await frame();
  const told = all("#sample-answer .wrong").map((each) => each.textContent);
  found.states.push([given, one(".headline").textContent, told.join(""), first.value, ...seen()]);
}
input(all("#sample-input input[type=number]")[0], "1e308");
await frame();
found.large = [one(".headline").textContent, ...seen()];
found.read = one("#loss .number").ariaLabel;
button("#sample-input", "As it was").click();
await frame();
found.end = seen();
"""

PARTS = ["network", "gradient", "step", "contributions", "layers"]


@needs_chromium
def test_numbers_that_are_not_of_the_sample_are_dashes_or_grey(tmp_path):
    answers = np.stack([X[:, 0], X[:, 1] - X[:, 2], X[:, 3]], axis=1)
    model = MLPRegressor(hidden_layer_sizes=(8,), max_iter=30, tol=1.0, random_state=0)
    model.fit(X, answers).explain(X, answers, path=tmp_path / "page.html")
    found = act(tmp_path / "page.html", SEEN + TRUTHS)
    begin, grey, notes = found["begin"]
    assert len(begin) == 4
    assert "–" not in begin
    assert (grey, notes) == ([], [""] * 5)
    expected = {
        "1e308": ("The loss is not finite here.", ""),
        "1e200": ("The loss is not finite here.", ""),
        "": ("A true number is missing.", "Expected a number, got nothing"),
    }
    *wrong, right = found["states"]
    for given, headline, told, shown, numbers, grey, notes in wrong:
        assert (headline, told) == expected[given]
        assert shown == given  # what is being typed stays
        assert numbers == [*begin[:3], "–"]  # the answer is that of the sample, there is no loss
        assert grey == PARTS
        assert notes == [f"{headline} The grey numbers are those of before."] * 5
    _, headline, told, _, numbers, grey, _ = right
    assert (headline.partition(":")[0], told, grey) == ("The answer", "", [])
    assert numbers[:3] == begin[:3]
    assert numbers[3] not in ("–", begin[3])
    headline, numbers, grey, _ = found["large"]
    assert headline == "The loss is not finite here."
    assert numbers[3] == "–"
    assert grey == PARTS
    assert found["read"] == "no number"
    assert found["end"] == found["begin"]


TEXTS = """
const told = () => [gradient().name, one("#terms .note").textContent];
const type = async (text) => {
  input(one("#text"), text);
  await frame();
  return told();
};
found.begin = told();
one("#sample-choice").value = 1;
one("#sample-choice").dispatchEvent(new Event("change"));
await frame();
found.chosen = told();
found.typed = await type("bread");
found.empty = await type("");
found.again = await type("bread");
const [row, column] = all(".indices input");
input(column, "0");
await frame();
found.own = told();
found.other = await type("a cup of tea");
"""


@needs_chromium
def test_the_first_choice_is_a_word_of_the_text(tmp_path):
    texts = ["a cup of tea", "bread and flour", "green tea", "dough"] * 5
    topics = list("tbtb") * 5
    model = TextClassifier(random_state=0).fit(texts, topics)
    path = tmp_path / "page.html"
    model.explain(["", *texts], ["b", *topics], path=path)
    first = [sample["x"][0] for sample in read_page(path)[1]["samples"]]
    assert first[0] == ""
    found = act(path, SEEN + TEXTS)
    assert found["begin"][0].startswith("∂L/∂b1[")  # no word has a gradient
    assert found["empty"][0].startswith("∂L/∂b1[")
    words = model.inputs_.words
    for name, text in (("chosen", first[1]), ("typed", "bread"), ("own", "bread")):
        head, note = found[name]
        place = int(head.removeprefix("∂L/∂A0[").partition(",")[0])
        word = words[place].decode()
        assert word in text.split()
        assert f"The weight from X[{place}] ({word}) to Y0[" in note
        assert "not in the text" not in note
        assert not head.endswith("= 0")
    assert found["again"] == found["typed"]
    head, note = found["other"]
    assert head == f"{found['own'][0].partition(' = ')[0]} = 0"
    assert note.endswith("The word bread is not in the text: its gradient is 0.")


@needs_node
def test_numbers_of_a_text_are_named_by_its_words_and_parts_of_them(tmp_path):
    texts, topics = ["a cup of green tea", "bread and flour", "green tea", "dough"] * 5, "tbtb" * 5
    options = {"word_ngrams": 2, "char_ngrams": (3, 4), "random_state": 0}
    model = TextClassifier(**options).fit(texts, list(topics))
    model.explain(texts, list(topics), path=tmp_path / "page.html")
    found = run_page(
        tmp_path / "page.html",
        """
        const X = Array.from(network.encode("green tea"));
        const places = Array.from(X.keys());
        print([places.filter((place) => X[place]), places.filter((place) => !X[place])].map(
          (own) => own.map((place) => featureIn("green tea", place) ?? null)));
        """,
    )
    held, absent = map(set, found)
    assert held == {"green", "tea", "green tea", "part of green", "part of tea"}
    assert {"bread", "flour", None} <= absent
    assert not held & absent


@needs_chromium
def test_the_first_choice_of_a_blank_picture_has_a_gradient(tmp_path):
    path = tmp_path / "page.html"
    digits_classifier().explain(np.zeros((1, 64)), digits()[1][:1], path=path)
    found = act(path, "found.begin = gradient();")
    assert found["begin"]["name"].startswith("∂L/∂b0[")
    backprop, difference, _ = found["begin"]["numbers"]
    assert abs(backprop) > 1e-3
    assert difference == pytest.approx(backprop, rel=1e-6)


def cities():
    """Return a table whose texts are missing in two ways, and answers."""
    frame = pandas.DataFrame({"a": X[:, 0], "city": ["Rome", "Oslo", "", None, "Bern"] * 12})
    return frame, np.where(X[:, 0] > 0, "yes", "no")


def test_missing_cells_are_one_choice_of_a_menu(tmp_path):
    frame, y = cities()
    model = TableClassifier(max_iter=3, random_state=0).fit(frame, y)
    assert "city=(missing)" in model.inputs_.feature_names
    model.explain(frame, y, path=tmp_path / "page.html")
    facts = read_page(tmp_path / "page.html")[1]
    assert facts["inputs"]["columns"][1]["values"] == ["Bern", "Oslo", "Rome"]
    assert {sample["x"][1] for sample in facts["samples"]} == {"Bern", "Oslo", "Rome", None}


def test_what_is_unusual_in_data_is_said_once(tmp_path):
    frame, y = cities()
    model = TableClassifier(max_iter=3, random_state=0).fit(frame, y)
    frame.loc[5, "city"] = "Paris"
    for answers in (y, None):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.explain(frame, answers, path=tmp_path / "page.html")
        (only,) = caught
        assert only.category is DataWarning
        assert "1 cell with values not seen in training" in str(only.message)

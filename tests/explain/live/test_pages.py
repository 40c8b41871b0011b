"""Pages of trained networks: one file, nothing from elsewhere, and the library's own numbers."""

import json
import re
from dataclasses import dataclass

import numpy as np
import pandas
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import (
    BatchNorm,
    Chain,
    Classifier,
    CrossEntropy,
    Elementwise,
    Linear,
    MLPClassifier,
    MLPRegressor,
    TableClassifier,
    TextClassifier,
    explain_network,
)
from chainrule.inputs.texts.occurrences import occurrences
from explain.live.pages import digits, digits_classifier, read_page, run_page
from export.programs import NODE, needs_node

X, Y = digits()


@pytest.fixture(scope="module")
def model():
    return digits_classifier()


@pytest.fixture(scope="module")
def page(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    done = model.explain(X, Y, path=path)
    assert (done.path, done.samples, done.bytes) == (path, 24, path.stat().st_size)
    return path


def test_a_page_is_whole_and_asks_for_nothing(page):
    elements, facts = read_page(page)
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"https?:|//\w+\.\w+/|@import|url\(", text)
    fetched = [a for a in elements.attributes if a[1] in ("src", "href", "action", "data")]
    assert all(value.startswith("#") for _, _, value in fetched)
    assert "default-src 'none'" in text
    assert {"style", "noscript", "main", "nav", "h1"} <= elements.tags
    assert facts["title"] == "MLPClassifier"


def test_formulas_are_made_of_the_rules(page):
    _, facts = read_page(page)
    linear, tanh = (dict(facts["layers"][k]["formulas"]) for k in (0, 1))
    assert list(linear) == ["definition", "Jacobian", "backprop"]
    assert list(tanh) == ["definition", "derivative", "Jacobian", "backprop"]
    assert len(linear["backprop"]) == 3  # by X, W and b
    assert all(line.startswith("<math") for line in [*linear["backprop"], *tanh["derivative"]])
    titles = [title for title, _ in facts["loss"]["formulas"]]
    assert titles == ["CrossEntropy", "Softmax() and CrossEntropy together"]


def test_the_hardest_sample_comes_first_then_one_of_each_class(model, page):
    _, facts = read_page(page)
    right = model.predict_proba(X)[np.arange(len(X)), Y]
    rows = [sample["row"] for sample in facts["samples"]]
    assert rows[0] == np.argmin(right)
    assert rows[1:4] == sorted(np.flatnonzero(k == Y)[0] for k in range(3))
    assert list(right[rows[4:]]) == sorted(right[rows[4:]])
    assert [sample["label"] for sample in facts["samples"]] == list(map(str, Y[rows]))
    assert facts["inputs"]["grid"]["width"] == facts["inputs"]["grid"]["height"] == 8


@needs_node
def test_numbers_are_those_of_the_library(model, page):
    found = run_page(
        page,
        """
        print(facts.samples.map(({ x, T }) => {
          const X = network.encode(x);
          const { values, loss, gradients, parameters } = structuredClone(compute(X, T));
          const y = network.predict(x).probabilities;
          return { x, T, y, values, loss, dX: gradients[0], parameters };
        }));
        """,
    )
    chain = model._network().astype(np.float64)
    x = np.array([each["x"] for each in found])
    t = np.argmax([each["T"] for each in found], axis=1)
    assert {sample.tobytes() for sample in x} <= {sample.tobytes() for sample in X}
    np.testing.assert_allclose([each["y"] for each in found], model.predict_proba(x), atol=1e-6)
    for each, sample, own in zip(found, x, t, strict=True):
        loss, gradient = chain.gradient(CrossEntropy(), sample[None], own[None])
        assert each["loss"] == pytest.approx(loss, rel=1e-12)
        for name, numbers in each["parameters"].items():
            np.testing.assert_allclose(numbers, gradient[name].ravel(), rtol=1e-12, atol=1e-14)
        dX = chain.input_gradient(CrossEntropy(), sample[None], own[None])
        np.testing.assert_allclose(each["dX"], dX[0], rtol=1e-12, atol=1e-14)


@needs_node
def test_differences_are_the_gradients_and_leave_all_as_it_was(page):
    found = run_page(
        page,
        """
        const { x, T } = facts.samples[0];
        const numbers = compute(Float64Array.from(network.encode(x)), T);
        const before = numbers.loss;
        const chosen = [];
        facts.layers.forEach((layer, k) => Object.entries(layer.parameters).forEach(
          ([own, { shape }]) => chosen.push({ layer: k, own, flat: sizeOf(shape) >> 1 })));
        [0, 20, 63].forEach((flat) => chosen.push({ value: 0, flat }));
        const pairs = chosen.map((each) => {
          const { slope } = difference(numbers, each);
          return [slope, gradientOf(numbers, each)];
        });
        print({ pairs, before, after: compute(numbers.X, T).loss,
                inner: difference(numbers, { value: 1, flat: 0 }) });
        """,
    )
    slopes, gradients = np.array(found["pairs"]).T
    np.testing.assert_allclose(slopes, gradients, rtol=1e-6, atol=1e-9)
    assert found["before"] == found["after"]
    assert found["inner"] is None


@needs_node
def test_the_path_begins_at_the_weight_and_ends_at_the_loss(page):
    found = run_page(
        page,
        """
        const { x, T } = facts.samples[0];
        const numbers = compute(Float64Array.from(network.encode(x)), T);
        const levels = levelsOf(numbers, { layer: 0, own: "W", flat: 7 * 9 + 3 });
        const other = levelsOf(numbers, { layer: 0, own: "W", flat: 7 * 9 + 3 }, [0, 0, 4]);
        print({ names: levels.map(({ at }) => numberName(at)), path: pathOf(levels),
                sizes: levels.map(({ terms }) => terms.length), other: numberName(other[3].at) });
        """,
    )
    assert found["names"][:3] == ["W0[9,3]", "Y0[3]", "Y1[3]"]
    assert found["sizes"] == [1, 1, 5, 1, 3, 0]
    assert found["other"] == "Y2[4]"
    labels = [factor["label"] for factor in found["path"]["factors"]]
    assert labels[:2] == ["X[9]", "∂Y1[3]/∂Y0[3]"]
    assert labels[-1].startswith("∂L/∂Y4[")
    product = np.prod([factor["value"] for factor in found["path"]["factors"]])
    assert found["path"]["product"] == pytest.approx(product)


@needs_node
def test_contributions_add_up_to_the_difference_of_scores(model, page):
    found = run_page(
        page,
        """
        const X = Float64Array.from(network.encode(facts.samples[0].x));
        const zeros = new Float64Array(X.length);
        print({ X, scores: [0, 1, 2].map((score) => scoreAt(X, score)),
                shares: integratedGradients(X, zeros, 1),
                product: inputTimesGradient(X, zeros, 1) });
        """,
    )
    shares = found["shares"]
    assert sum(shares["shares"]) == pytest.approx(shares["difference"], rel=2e-3)
    chain = model._network().astype(np.float64)
    X0 = np.array([found["X"]])
    values = [each["value"] for each in found["scores"]]
    np.testing.assert_allclose(values, chain.trace(X0)[-2][0], rtol=1e-12)
    expected = X0[0] * np.array(found["scores"][1]["gradient"])
    np.testing.assert_allclose(found["product"]["shares"], expected, rtol=1e-12)


def test_answers_that_are_numbers_are_in_their_units(tmp_path):
    rows = X[:, :5]
    y = 3 * rows[:, 0] - 1
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=30, tol=1.0, random_state=0)
    model.fit(rows, y)
    model.explain(rows, y, path=tmp_path / "page.html")
    _, facts = read_page(tmp_path / "page.html")
    assert facts["answers"]["kind"] == "numbers"
    row = facts["samples"][0]["row"]
    assert row == np.argmax(abs(model.predict(rows) - y))
    assert facts["samples"][0]["label"] == f"{y[row]:.4g}"
    assert facts["inputs"]["grid"] is None
    low, high = facts["inputs"]["columns"][0]["range"]
    assert (low, high) == (rows[:, 0].min(), rows[:, 0].max())


@needs_node
def test_a_rule_that_is_wrong_is_apart_from_the_difference(tmp_path):
    chain = Chain(Linear(3), HalfTheSlope())
    model = Classifier(chain, complete=True, max_iter=30, tol=1.0, random_state=0).fit(X, Y)
    model.explain(X, Y, path=tmp_path / "page.html")
    found = run_page(
        tmp_path / "page.html",
        """
        const { x, T } = facts.samples[0];
        const numbers = compute(Float64Array.from(network.encode(x)), T);
        print(["W", "b"].map((own) => {
          const chosen = { layer: 0, own, flat: 1 };
          const { slope } = difference(numbers, chosen);
          return [gradientOf(numbers, chosen), slope];
        }));
        """,
    )
    for backprop, difference in found:
        assert backprop == pytest.approx(difference / 2, rel=1e-6)


@dataclass(frozen=True)
class HalfTheSlope(Elementwise):
    """A square whose derivative lacks its factor."""

    def value(self, x):
        return x * x

    def derivative(self, x, y):
        return x


def test_a_page_without_samples_says_so(model, tmp_path):
    done = model.explain(path=tmp_path / "page.html")
    _, facts = read_page(tmp_path / "page.html")
    assert (done.samples, facts["given"]) == (1, False)
    assert facts["samples"][0]["x"] == [0.0] * 64


def test_a_table_without_samples_begins_with_medians(tmp_path):
    rng = np.random.default_rng(0)
    count = 200
    rare = np.where(rng.random(count) < 0.1, rng.integers(50, 90, count), 0)
    frame = pandas.DataFrame(
        {
            "age": rng.integers(18, 80, count),
            "gain": rare,
            "city": rng.choice(["Oslo", "Rome"], count),
        }
    )
    y = np.where(frame["age"] + rare > 60, "yes", "no")
    model = TableClassifier(members=2, max_iter=2, random_state=0).fit(frame, y)
    model.explain(path=tmp_path / "page.html")
    _, facts = read_page(tmp_path / "page.html")
    age, gain, city = facts["samples"][0]["x"]
    assert 18 < age < 80
    assert (gain, city) == (0, "Oslo")
    low, high = facts["inputs"]["columns"][0]["range"]
    assert 18 <= low < age < high <= 80


def test_names_cannot_end_the_script(tmp_path):
    labels = np.array(["</script><b>", "<!--", "it's"])
    model = digits_classifier().fit(X, labels[Y])
    model.explain(X, labels[Y], path=tmp_path / "page.html")
    elements, facts = read_page(tmp_path / "page.html")
    assert sorted(facts["answers"]["labels"]) == sorted(labels)
    assert "b" not in elements.tags


def test_of_very_many_samples_the_first_are_compared(model, tmp_path):
    many, answers = np.tile(X, (11, 1)), np.tile(Y, 11)
    many[2000:] = 1e9  # which would be the range of pixels
    model.explain(many, answers, path=tmp_path / "page.html")
    _, facts = read_page(tmp_path / "page.html")
    assert max(column["range"][1] for column in facts["inputs"]["columns"]) == 1
    assert max(sample["row"] for sample in facts["samples"]) < 2000


def test_bad_input_is_one_sentence(model, tmp_path):
    with pytest.raises(ValueError, match=r"explain: expected a path that ends in \.html, got 'p'"):
        model.explain(X, Y, path=tmp_path / "p")
    with pytest.raises(ValueError, match=r"explain: expected a path that ends in \.html, got '\.'"):
        model.explain(X, Y, path=".")
    with pytest.raises(ValueError, match="expected samples X for the answers y, got none"):
        model.explain(y=Y, path=tmp_path / "p.html")
    with pytest.raises(ValueError, match="minimum of 1"):
        model.explain(X[:0], path=tmp_path / "p.html")
    with pytest.raises(ValueError, match="64"):
        model.explain(X[:, :3], Y, path=tmp_path / "p.html")
    absent = tmp_path / "no-folder" / "p.html"
    with pytest.raises(ValueError, match="its folder does not exist") as found:
        model.explain(X, Y, path=absent)
    assert str(found.value) == f"{absent}: cannot be written: its folder does not exist"
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(ValueError, match=r"folder\.html: cannot be written: it is a folder"):
        model.explain(X, Y, path=tmp_path / "folder.html")
    with pytest.raises(ValueError, match=r"such as Classifier\(chain\), got a chain"):
        explain_network(model.chain_, path=tmp_path / "p.html")
    with pytest.raises(ValueError, match="expected a chain or an estimator"):
        explain_network(object(), path=tmp_path / "p.html")


def test_texts_have_both_shares_and_a_page(tmp_path):
    texts, topics = ["a cup of tea", "bread and flour", "green tea", "dough"] * 5, list("tbtb") * 5
    model = TextClassifier(random_state=0).fit(texts, topics)
    (shares,) = model.explain(["green cup"])
    assert shares.words == ("green", "cup")
    assert model.explain(texts, topics, path=tmp_path / "page.html").samples == 20
    with pytest.raises(ValueError, match="expects texts, or the path of a page; got none"):
        model.explain()
    with pytest.raises(ValueError, match="got answers y, which are for a page"):
        model.explain(texts, topics)


@needs_node
def test_shares_of_words_are_those_of_explain(tmp_path):
    texts = ["a cup of green tea", "bread and flour", "green tea , a kettle", "dough in ovens"] * 5
    topics = list("tbtb") * 5
    options = {"word_ngrams": 2, "char_ngrams": (3, 4), "random_state": 0}
    model = TextClassifier(**options).fit(texts, topics)
    model.explain(texts, topics, path=tmp_path / "page.html")
    given = ["Green tea, and a cup of flour!", "teas", "unknown", "green tea green tea"]
    found = run_page(
        tmp_path / "page.html",
        f"""
        print({json.dumps(given)}.map((text) => {{
          const X = Float64Array.from(network.encode(text));
          const {{ shares }} = inputTimesGradient(X, new Float64Array(X.length), 1);
          return sharesOfWords(text, shares);
        }}));
        """,
    )
    for own, text, expected in zip(found, given, model.explain(given), strict=True):
        assert own["words"] == list(expected.words), text
        shares = expected.word_shares[:, 0]
        np.testing.assert_allclose(own["shares"], _score_shares(model, text, shares), atol=1e-6)


def _score_shares(model, text, shares):
    """Return shares of the second class's score, where there are two scores, a difference."""
    first, second = _shares_of_scores(model, text)
    np.testing.assert_allclose(second - first, shares, atol=1e-6)
    return second


def _shares_of_scores(model, text):
    chain = model._network()
    A, W = chain.parameters["A0"], chain.parameters["W1"]
    (row,) = model.inputs_.encode_texts([text]).toarray()
    words, found = occurrences(model.inputs_, text)
    columns = np.flatnonzero(row)
    shares = found.shares(len(words), columns) @ (row[columns, None] * (A[columns] @ W))
    return shares.T


def test_each_kind_of_column_has_its_field(tmp_path):
    rng = np.random.default_rng(0)
    count = 60
    table = {
        "age": rng.integers(18, 80, count).astype(float),
        "city": rng.choice(["Rome", "Oslo"], count),
        "member": rng.choice([True, False], count),
        "since": np.datetime64("2020-01-01") + rng.integers(0, 900, count),
        "remark": [" ".join(rng.choice(["good", "bad", "soft", "red"], 6)) for _ in range(count)],
    }
    frame = pandas.DataFrame(table)
    frame.loc[1, "age"] = np.nan
    frame.loc[2, "city"] = None
    y = np.where([remark.count("good") > 1 for remark in table["remark"]], "yes", "no")
    model = TableClassifier(random_state=0).fit(frame, y)
    model.explain(frame, y, path=tmp_path / "page.html")
    _, facts = read_page(tmp_path / "page.html")
    kinds = {column["name"]: column["kind"] for column in facts["inputs"]["columns"]}
    expected = {"age": "number", "city": "values", "member": "truth", "since": "date"}
    assert kinds == expected | {"remark": "text"}
    assert facts["loss"]["shares"]["members"] > 1
    assert facts["inputs"]["grid"] is None
    if NODE is None:
        return
    found = run_page(
        tmp_path / "page.html",
        """
        const names = facts.inputs.columns.map(({ name }) => name);
        print(facts.samples.map(({ x, T }) => {
          const row = Object.fromEntries(names.map((name, k) => [name, x[k]]));
          const X = Float64Array.from(network.encode(row));
          const { shares, difference } = integratedGradients(X, new Float64Array(X.length), 1);
          const sum = shares.reduce((total, share) => total + share, 0);
          const { probabilities } = network.predict(row);
          return { loss: compute(X, T).loss, probabilities, sum, difference };
        }));
        """,
    )
    rows = [sample["row"] for sample in facts["samples"]]
    probabilities = model.predict_proba(frame.iloc[rows])
    np.testing.assert_allclose([each["probabilities"] for each in found], probabilities, atol=2e-6)
    for each in found:
        assert each["sum"] == pytest.approx(each["difference"], rel=2e-3, abs=1e-6)
    losses = [each["loss"] for each in found]
    assert losses[0] == max(losses)


def test_several_numbers_have_names(tmp_path):
    answers = np.stack([X[:, 0], -X[:, 1]], axis=1)
    model = MLPRegressor(hidden_layer_sizes=(2,), max_iter=30, tol=1.0, random_state=0)
    model.fit(X[:, :4], answers).explain(X[:, :4], answers, path=tmp_path / "page.html")
    _, facts = read_page(tmp_path / "page.html")
    assert facts["answers"]["labels"] == ["y0", "y1"]
    row = facts["samples"][0]["row"]
    assert facts["samples"][0]["T"] == answers[row].tolist()


@needs_node
def test_scalers_before_a_network_are_on_its_page(tmp_path):
    rows = 5 + 3 * X[:, :4]
    network = MLPClassifier(hidden_layer_sizes=(3,), max_iter=30, tol=1.0, random_state=0)
    model = make_pipeline(StandardScaler(), network).fit(rows, Y)
    explain_network(model, rows, Y, tmp_path / "page.html")
    found = run_page(
        tmp_path / "page.html",
        "print(facts.samples.map(({ x }) => network.predict(x).probabilities));",
    )
    _, facts = read_page(tmp_path / "page.html")
    given = rows[[sample["row"] for sample in facts["samples"]]]
    np.testing.assert_array_equal([sample["x"] for sample in facts["samples"]], given)
    np.testing.assert_allclose(found, model.predict_proba(given), atol=1e-6)
    assert facts["samples"][0]["row"] == np.argmin(model.predict_proba(rows)[np.arange(len(Y)), Y])


def test_statistics_have_no_part_in_a_step(tmp_path):
    chain = Chain(Linear(3), BatchNorm())
    model = Classifier(chain, complete=True, max_iter=30, tol=1.0, random_state=0).fit(X, Y)
    model.explain(X, Y, path=tmp_path / "page.html")
    _, facts = read_page(tmp_path / "page.html")
    assert facts["solver"]["factors"] == {
        "mean1": ["mean1", 0],
        "variance1": ["variance1", 0],
    }

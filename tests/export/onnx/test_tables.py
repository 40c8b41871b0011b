"""Tables as graphs of ONNX: every kind of column, odd cells, and texts that look like numbers."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from chainrule import Chain, Classifier, Linear, TableClassifier
from chainrule.data.frames import as_table
from chainrule.export.onnx.graph import Graph
from chainrule.export.onnx.model import OPSETS, onnx_model
from chainrule.export.onnx.tables import write_table
from chainrule.export.walk import walk
from export.onnx.runtime import Session, assert_close, columns_of, exported, graph_session
from export.test_tables import ANSWERS, FRAME, KINDS, ODD, REVIEWS, RNG, SMALL, fitted

pytestmark = pytest.mark.filterwarnings("ignore::chainrule.data.DataWarning")


@pytest.fixture(scope="module")
def models():
    with pytest.warns():  # so few epochs
        return list(fitted())


def features(encoder, feed, opset=17):
    """Return the features that a graph makes of columns."""
    graph = Graph(opset)
    X, _ = write_table(graph, encoder)
    graph.output("features", X, np.float32, ("N", None))
    return graph_session(graph).run(feed)["features"]


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("which", range(3))
def test_features_are_the_encoder_s(models, which, opset):
    model, frame = models[which], pd.concat([FRAME.head(40), ODD])
    expected = model.inputs_.encode(as_table(frame))
    found = features(model.inputs_, columns_of(model, frame), opset)
    waves = ["sine" in name or "cosine" in name for name in model.inputs_.feature_names]
    np.testing.assert_array_equal(found[:, ~np.array(waves)], expected[:, ~np.array(waves)])
    np.testing.assert_allclose(found, expected, rtol=2e-7, atol=1e-7)


CELLS = st.one_of(
    st.just(np.nan), st.floats(-1e6, 1e6), st.floats(allow_nan=False, allow_infinity=False)
)


@settings(max_examples=25)
@given(st.lists(st.tuples(CELLS, CELLS, st.integers(-(2**36), 2**36)), min_size=1, max_size=8))
def test_drawn_numbers_and_times(models, cells):
    model = models[0]
    ages, salaries, seconds = zip(*cells, strict=True)
    whole = FRAME.head(len(cells))
    times = pd.to_datetime(np.array(seconds), unit="s")
    frame = whole.assign(**{"age": ages, "salary €": salaries, "since": times})
    expected = model.inputs_.encode(as_table(frame))
    found = features(model.inputs_, columns_of(model, frame))
    np.testing.assert_allclose(found, expected, rtol=2e-7, atol=1e-7)


@pytest.mark.parametrize("opset", OPSETS)
def test_predictions_with_odd_cells(models, opset, tmp_path):
    frame = pd.concat([FRAME, ODD])
    for model in models[:2]:
        session, feed = exported(model, tmp_path, opset=opset), columns_of(model, frame)
        exact = model.predict_proba(frame)
        for rows in (slice(0, 1), slice(299, 306), slice(0, 100), slice(None)):
            found = session.run({name: array[rows] for name, array in feed.items()})
            assert_close(found["probabilities"], exact[rows])
            assert found["label"].tolist() == model.predict(frame.iloc[rows]).tolist()
    session, feed = exported(models[2], tmp_path, opset=opset), columns_of(models[2], frame)
    assert_close(session.run(feed)["variable"][:, 0], models[2].predict(frame))


def trained(**columns):
    """Return an estimator of a table of texts, which are its categories."""
    frame = pd.DataFrame(columns)
    model = Classifier(Chain(Linear(3)), complete=True, inputs="table", max_iter=2, random_state=0)
    with pytest.warns():
        return model.fit(frame, ANSWERS[: len(frame)])


def test_texts_stay_texts():
    ids = ["123456789012", "123456789013", "1,5x", "1.5", "12abc", "12", "é\u0301", "a b"]
    model = trained(id=ids * 8)
    values = model.inputs_.columns[0].values
    assert set(ids) <= set(values)
    found = features(model.inputs_, {"id": np.array([*ids, "1", "12a", ""], object)[:, None]})
    for text, row in zip(ids, found, strict=False):
        assert row.sum() == 1
        assert values[row.argmax()] == text
    assert (found[len(ids) :] == 0).all()


def test_missing_texts_and_truth_values_as_frames_write_them():
    cities = ["Bonn", None, "Kiel", "true", "false"]
    model = trained(city=cities * 10, n=["1", "2", "7", "2", "x"] * 10)
    column = model.inputs_.columns[0]
    ways = ["", "nan", "NaN", "None", "NA", "<NA>", "null", "N/A", "?"]
    feed = [*ways, "True", "False", "true"]
    other = np.array([["2"]] * len(feed), object)
    found = features(model.inputs_, {"city": np.array(feed, object)[:, None], "n": other})
    values = [column.values[place] for place in found[:, : len(column.values)].argmax(axis=1)]
    assert values == ["(missing)"] * len(ways) + ["true", "false", "true"]
    ways = ["2", "2.0", "02", "000000000000002", "+2", "2.", "2.00", " +2.0 "]
    ways = np.array([[way] for way in ways], object)
    whole = {"city": np.array([["Bonn"]] * len(ways), object), "n": ways}
    assert np.ptp(features(model.inputs_, whole), axis=0).max() == 0


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("opset", OPSETS)
def test_spaces_and_numbers_as_people_write_them(opset):
    values = ["Bonn", "a b", "7", "-3", "0.5", "2.5", "-0.25", "0", "123456789012", "True"]
    model = trained(city=values * 8)
    assert set(model.inputs_.columns[0].values) == set(values)
    cells = [
        f"{before}{value}{after}" for value in values for before in ("", " ") for after in ("", " ")
    ]
    cells += [
        "+7",
        "7.",
        "7.0",
        "7.00",
        "007",
        " +7.0",
        "-3.0",
        "-03",
        "-3.00 ",
        "+0.5",
        ".5",
        "+.5",
    ]
    cells += [
        "0.50",
        "2.50",
        "2.500",
        "+2.5 ",
        "-.25",
        "-0.250",
        "+0",
        "0.0",
        "000",
        "true",
        "TRUE",
    ]
    cells += ["+123456789012", "", " ", " nan ", "NA", "x", "+3", "3", "25", "0.05"]
    frame = pd.DataFrame({"city": cells})
    expected = model.inputs_.encode(as_table(frame))
    found = features(model.inputs_, {"city": np.array(cells, object)[:, None]}, opset)
    for cell, one, other in zip(cells, found, expected, strict=True):
        assert one.tolist() == other.tolist(), cell


def test_other_ways_to_write_are_not_known():
    model = trained(city=["Bonn", "7", "2.5"] * 20)
    cells = ["  Bonn", "\tBonn", "7e0", "2.5000", "0000000000000007"]
    found = features(model.inputs_, {"city": np.array(cells, object)[:, None]})
    assert not found.any()
    assert model.inputs_.encode(pd.DataFrame({"city": cells})).sum() == len(cells)


NAMES = [
    "label",
    "label_1",
    "label_2",
    "",
    "column_1",
    "column",
    "cast",
    "where",
    "X",
    "Y",
    "places",
]
NAMES += ["scores_1", "scores", "Y_1", "sub", "concat", "constant", "labelencoder", "é", "a b/c:0"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@settings(max_examples=8)
@given(st.permutations(NAMES), st.data())
def test_an_input_never_goes_by_the_name_of_another_column(names, data):
    names = names[: data.draw(st.integers(3, len(NAMES)))]
    frame = pd.DataFrame({name: RNG.normal(size=80) for name in names})
    frame[names[0]] = np.where(frame[names[0]] > 0, "high", "low")
    model = Classifier(Chain(Linear(3)), complete=True, inputs="table", max_iter=2, random_state=0)
    model.fit(frame, np.arange(80) % 3)
    session = Session(onnx_model(walk(model), "net", 17).content)
    told = {each["column"]: each["input"] for each in json.loads(session.metadata["inputs"])}
    assert list(told.values()) == list(session.inputs)
    others = {"label", "probabilities", "scores", "variable", "quantiles", "Y", ""}
    for column, name in told.items():
        assert (name == column) == (column not in others)
        assert name == column or name not in names
    feed = {
        told[name]: frame[[name]].to_numpy(object if k == 0 else float)
        for k, name in enumerate(names)
    }
    assert_close(session.run(feed)["probabilities"], model.predict_proba(frame), 32)


def test_a_column_without_a_name_goes_by_another(tmp_path):
    frame = pd.DataFrame({"": RNG.normal(size=60), "column_1": RNG.normal(size=60)})
    model = Classifier(
        Chain(Linear(3)), complete=True, inputs="table", max_iter=500, random_state=0
    )
    model.set_params(solver="lbfgs").fit(frame, frame[""] > 0)
    session = exported(model, tmp_path)
    assert list(session.inputs) == ["column_2", "column_1"]
    inputs = json.loads(session.metadata["inputs"])
    assert [(each["input"], each["column"]) for each in inputs] == [
        ("column_2", ""),
        ("column_1", "column_1"),
    ]


def test_a_table_s_metadata_tells_the_columns(models, tmp_path):
    session = exported(models[0], tmp_path)
    assert session.inputs == {
        "age": "tensor(double)",
        "salary €": "tensor(double)",
        "city": "tensor(string)",
        "member": "tensor(double)",
        "since": "tensor(double)",
        "zip": "tensor(string)",
        "int": "tensor(double)",
    }
    told = {each["column"]: each for each in json.loads(session.metadata["inputs"])}
    assert list(told) == list(FRAME)
    assert told["salary €"] == {
        "input": "salary €",
        "column": "salary €",
        "type": "double",
        "shape": ["N", 1],
        "meaning": "a number",
    }
    assert told["since"]["meaning"].startswith("seconds since 1970")
    assert "at most one space before and after it" in told["city"]["meaning"]


def test_columns_of_free_text_are_named_and_go_by_their_features(tmp_path):
    model = TableClassifier(**SMALL).fit(REVIEWS, np.where(KINDS, "no", "yes"))
    with pytest.raises(ValueError, match=r"column 'review': .* no operators that split .*encoded="):
        model.export(tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
    session = exported(model, tmp_path, encoded=True)
    found = session.run(model.inputs_.encode(as_table(REVIEWS)))
    assert_close(found["probabilities"], model.predict_proba(REVIEWS))

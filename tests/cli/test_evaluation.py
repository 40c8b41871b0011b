"""Predictions of trained networks and their scores, number by number."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics

from chainrule.cli.evaluation import evaluate, predicted, scores_json
from chainrule.data import Column, DataError, Table
from chainrule.engine import Predictor
from chainrule.estimators import prediction
from cli.runs import chainrule
from files.examples import IMAGES, TABLE, Bent, image_network, table_network

ROWS = TABLE.without("kind")


def outputs(model, data):
    """Return the chain's outputs in float64."""
    return Predictor(model.chain_)(model.inputs_.encode(data)).astype(np.float64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_are_the_chain_s_outputs(dtype):
    model = table_network(dtype=dtype)
    Y, found = outputs(model, ROWS), predicted(model, ROWS)
    np.testing.assert_allclose(found.probabilities, Y, rtol=1e-5)
    assert found.probabilities.dtype == np.float64
    assert found.values.tolist() == ["abc"[k] for k in Y.argmax(axis=1)]
    assert found.notes == []


def test_two_classes_have_two_probabilities():
    model = table_network("binary")
    Y, found = outputs(model, ROWS), predicted(model, ROWS)
    np.testing.assert_allclose(found.probabilities, np.hstack([1 - Y, Y]), rtol=1e-5)
    assert found.values.tolist() == ["yes" if y >= 0.5 else "no" for y in Y[:, 0]]
    assert len(set(found.values)) == 2


def test_numbers_are_in_the_target_s_units():
    model = table_network("regression")
    found = predicted(model, ROWS)
    expected = 25 + outputs(model, ROWS)[:, 0] * np.std([10, 20, 45])
    np.testing.assert_allclose(found.values, expected, rtol=1e-14)
    assert found.values.dtype == np.float64
    assert found.probabilities is None


def test_images_are_scaled_and_blocks_of_them_make_no_difference(monkeypatch):
    model = image_network(dtype=np.float64)
    whole = predicted(model, IMAGES).probabilities
    np.testing.assert_allclose(whole, outputs(model, IMAGES), rtol=1e-5)
    for name, value in (("MOST_ROWS", 4), ("MOST_NUMBERS", 1)):
        monkeypatch.setattr(prediction, name, value)
        cut = predicted(model, IMAGES).probabilities
        np.testing.assert_allclose(cut, whole, rtol=1e-12)


def test_a_function_of_ones_own_predicts():
    model = table_network("regression", hidden=[Bent(0.25)])
    expected = model.targets_.decode(outputs(model, ROWS))
    np.testing.assert_allclose(predicted(model, ROWS).values, expected, rtol=1e-12)


def test_notes_tell_what_is_unusual():
    wider = Table((*ROWS.names, "extra"), (*ROWS.columns, ["1"] * 6))
    found = predicted(table_network(), wider)
    assert found.notes == ["columns not seen in training are ignored: 'extra'"]
    expected = predicted(table_network(), ROWS).probabilities
    np.testing.assert_array_equal(found.probabilities, expected)


def test_outputs_that_are_not_finite_are_refused():
    model = table_network("regression", np.float64)
    model.chain_.parameters["b0"][...] = [1e4, -1e4]
    model.chain_.parameters["W1"][...] = [[1e308], [-1e308]]
    with pytest.raises(DataError, match=r"line 2: expected a finite prediction, got inf$"):
        predicted(model, ROWS)
    images = image_network()
    images.chain_.parameters["W1"][...] = 3e38
    with pytest.raises(DataError, match=r"image 0: expected a finite prediction, got nan$"):
        predicted(images, IMAGES)


def test_numbers_that_overflow_in_the_target_s_units_are_refused():
    model = table_network("regression")
    model.targets_ = replace(model.targets_, scale=(1e308,))
    model.chain_.parameters["b1"][...] = 1e5
    with pytest.raises(DataError, match="line 2: expected a finite prediction, got inf"):
        predicted(model, ROWS)


def test_scores_of_a_regression_are_scikit_learn_s():
    model = table_network("regression", np.float64)
    cells = ["10", "21.5", "-3", "40", "12", "1e2"]
    truth, found = [float(cell) for cell in cells], predicted(model, ROWS).values
    scores, notes = evaluate(model, ROWS, Column("kind", cells))
    assert scores == {
        "R²": pytest.approx(metrics.r2_score(truth, found), rel=1e-12),
        "mean absolute error": pytest.approx(metrics.mean_absolute_error(truth, found)),
        "root mean squared error": pytest.approx(metrics.root_mean_squared_error(truth, found)),
    }
    assert notes == []
    assert all(type(score) is float for score in scores.values())
    first = ROWS.select(np.array([0]))
    assert list(evaluate(model, first, Column("kind", ["10"]))[0]) == [
        "mean absolute error",
        "root mean squared error",
    ]


def test_scores_of_two_classes_are_scikit_learn_s():
    model = table_network("binary")
    cells = ["no", "yes", "yes", "no", "yes", "yes"]
    found = predicted(model, ROWS)
    truth = [cell == "yes" for cell in cells]
    p = found.probabilities[:, 1]
    assert evaluate(model, ROWS, Column("kind", cells))[0] == {
        "accuracy": pytest.approx(metrics.accuracy_score(truth, found.values == "yes")),
        "log loss": pytest.approx(metrics.log_loss(truth, p), rel=1e-5),
        "F1": pytest.approx(metrics.f1_score(truth, found.values == "yes")),
        "area under ROC": pytest.approx(metrics.roc_auc_score(truth, p)),
    }
    alone = evaluate(model, ROWS, Column("kind", ["yes"] * 6))[0]
    assert list(alone) == ["accuracy", "log loss"]


def test_scores_of_more_classes_are_scikit_learn_s():
    model, cells = table_network(), TABLE.target("kind")
    found = predicted(model, ROWS)
    shares = found.probabilities / found.probabilities.sum(axis=1, keepdims=True)
    assert evaluate(model, ROWS, cells)[0] == {
        "accuracy": pytest.approx(metrics.accuracy_score(cells.cells, found.values)),
        "log loss": pytest.approx(metrics.log_loss(cells.cells, shares)),
    }
    alone = evaluate(model, ROWS, Column("kind", ["a"] * 6))[0]
    assert alone["log loss"] == pytest.approx(-np.log(shares[:, 0]).mean())


def test_a_wrong_certainty_has_its_log_loss_however_large():
    model = table_network(dtype=np.float64)
    model.chain_.parameters.flat[...] = 0
    model.chain_.parameters["b0"][...] = 5
    model.chain_.parameters["W1"][...] = [[0, 0, 1e4]] * 2
    scores, _ = evaluate(model, ROWS, Column("kind", ["a"] * 6))
    assert scores == {"accuracy": 0.0, "log loss": pytest.approx(2e4 * np.tanh(5))}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("margin", [-300.0, -20.0, 0.5, 30.0])
def test_the_log_loss_of_two_classes_is_that_of_the_logits(dtype, margin):
    model = table_network("binary", dtype)
    model.chain_.parameters.flat[...] = 0
    last = [name for name in model.chain_.parameters if name.startswith("b")][-1]
    model.chain_.parameters[last][...] = margin
    right = np.logaddexp(0, -margin)
    scores, _ = evaluate(model, ROWS, Column("kind", ["yes"] * 6))
    assert scores["log loss"] == pytest.approx(right, rel=1e-6)


@pytest.mark.parametrize(("labels", "optimizer"), [("abc", "lbfgs"), ("ab", "lbfgs")])
def test_one_command_tells_one_log_loss(tmp_path, labels, optimizer):
    """Of answers at random, learned by heart, which make a network sure of what is wrong."""
    rng = np.random.default_rng(0)
    lines = [",".join([*(f"f{i}" for i in range(20)), "t"])]
    for row in rng.normal(size=(120, 20)):
        lines.append(",".join([*map(str, row), labels[rng.integers(len(labels))]]))
    (tmp_path / "t.csv").write_text("\n".join(lines))
    words = ("-t", "t", "--optimizer", optimizer, "--layers", 32, "-e", 60, "--patience", 0)
    model = tmp_path / "m"
    told = chainrule("train", tmp_path / "t.csv", *words, "-o", model, "--json").json
    kept = told["history"]["validation_loss"][told["history"]["kept"] - 1]
    assert told["scores"]["validation"]["log loss"] == pytest.approx(kept, rel=1e-4)
    assert told.get("positive") == ("b" if labels == "ab" else None)
    shown = chainrule("evaluate", model, tmp_path / "t.csv").out
    assert ("F1 of 'b'" in shown) == (labels == "ab")


def test_an_infinite_score_is_none_in_json():
    told = scores_json({"test": {"accuracy": 0.5, "log loss": np.inf}})
    assert told == {"test": {"accuracy": 0.5, "log loss": None}}


def test_an_answer_that_training_did_not_have_is_named_with_its_line():
    answers = Column("kind", ["a", "b", "d", "a", "b", "c"], tuple(range(10, 16)))
    with pytest.raises(DataError, match="line 12: expected a label of 'a', 'b', 'c', got 'd'"):
        evaluate(table_network(), ROWS, answers)

"""What a model makes of data: encoding, predictions, scores."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics

from chainrule.chain import Chain
from chainrule.data import DataError, Table, Target
from chainrule.engine import Predictor
from chainrule.functions import Identity, Linear, Softmax
from chainrule.losses import MeanSquaredError
from chainrule.models import Model, model as module
from files.examples import TABLE, Bent, image_model, noisy, table_model

ROWS = TABLE.without("kind")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_are_the_chain_s_outputs(dtype):
    model = table_model("multiclass", dtype)
    X, notes = model.encode(TABLE)
    assert notes == []
    Y = Predictor(model.chain)(X)
    predictions = model.predict(TABLE)
    np.testing.assert_array_equal(predictions.probabilities, Y)
    assert predictions.probabilities.dtype == np.float64
    assert predictions.values == ["abc"[k] for k in Y.argmax(axis=1)]
    assert (predictions.classes, predictions.notes) == (("a", "b", "c"), [])


def test_two_classes_have_two_probabilities():
    model = table_model("binary")
    Y = Predictor(model.chain)(model.encode(ROWS)[0]).astype(np.float64)
    predictions = model.predict(ROWS)
    np.testing.assert_array_equal(predictions.probabilities, np.hstack([1 - Y, Y]))
    assert predictions.values == ["yes" if y >= 0.5 else "no" for y in Y[:, 0]]
    assert len(set(predictions.values)) == 2


def test_numbers_are_in_the_target_s_units():
    model = table_model("regression")
    Y = Predictor(model.chain)(model.encode(ROWS)[0]).astype(np.float64)
    predictions = model.predict(ROWS)
    np.testing.assert_allclose(predictions.values, 25 + Y[:, 0] * np.std([10, 20, 45]), rtol=1e-14)
    assert predictions.values.dtype == np.float64
    assert (predictions.probabilities, predictions.classes) == (None, ())


def test_images_are_scaled():
    model, images = image_model()
    X, notes = model.encode(images)
    assert (X.shape, X.dtype, notes) == ((7, 2, 5, 4), np.float32, [])
    Y = Predictor(model.chain)(X)
    np.testing.assert_array_equal(model.predict(images).probabilities, Y)
    np.testing.assert_allclose(model.predict(images.astype(float)).probabilities, Y, atol=1e-6)


def test_batches_make_no_difference(monkeypatch):
    table, (images, X) = table_model(dtype=np.float64), image_model(np.float64)
    whole = [table.predict(ROWS).probabilities, images.predict(X).probabilities]
    monkeypatch.setattr(module, "MOST_ROWS", 4)
    cut = [table.predict(ROWS).probabilities, images.predict(X).probabilities]
    monkeypatch.setattr(module, "MOST_NUMBERS", 1)
    single = [table.predict(ROWS).probabilities, images.predict(X).probabilities]
    for one, other, third in zip(whole, cut, single, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
        np.testing.assert_allclose(one, third, rtol=1e-12)


def test_no_more_than_so_many_rows_go_through_the_chain(monkeypatch):
    model, seen = table_model(), []
    called = Predictor.__call__
    monkeypatch.setattr(
        Predictor, "__call__", lambda self, X: seen.append(len(X)) or called(self, X)
    )
    many = ROWS.select(np.zeros(2500, np.intp))
    assert len(model.predict(many).values) == 2500
    assert seen == [1024, 1024, 452]


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_no_rows_give_no_predictions(task):
    none = ROWS.select(np.array([], np.intp))
    predictions = table_model(task).predict(none)
    assert len(predictions.values) == 0
    if task != "regression":
        assert predictions.probabilities.shape == (0, 2 if task == "binary" else 3)
    model, images = image_model()
    assert model.predict(images[:0]).values == []
    with pytest.raises(DataError, match=r"expected X \(n, 2, 5, 4\), got \(0, 3, 5, 4\)"):
        model.predict(np.zeros((0, 3, 5, 4)))


def test_notes_tell_of_other_columns_but_not_of_the_target():
    model = table_model()
    wider = Table((*TABLE.names, "extra"), (*TABLE.columns, ["1"] * 6))
    assert model.encode(wider)[1] == ["columns not seen in training are ignored: 'extra'"]
    assert model.predict(wider).notes == model.encode(wider)[1]
    np.testing.assert_array_equal(model.encode(wider)[0], model.encode(ROWS)[0])


def test_data_of_the_wrong_kind():
    model, images = image_model()
    with pytest.raises(DataError, match=r"trained on images of 2 × 5 × 4, got a table$"):
        model.predict(TABLE)
    with pytest.raises(DataError, match=r"trained on images of 2 × 5 × 4, got list$"):
        model.encode(images.tolist())
    with pytest.raises(DataError, match=r"trained on images of 2 × 5 × 4, got an array of shape"):
        model.encode(np.array(3.0))
    with pytest.raises(DataError, match=r"expected X \(n, 2, 5, 4\), got \(7, 2, 5, 3\)"):
        model.encode(images[..., :3])
    message = r"trained on a table with the columns 'size', 'colour', got an array of shape \(7, 2,"
    with pytest.raises(DataError, match=message):
        table_model().predict(images)
    with pytest.raises(DataError, match=message):
        table_model().evaluate(images, ["a"] * 7)
    with pytest.raises(DataError, match="lacks columns seen in training: 'size', 'colour'"):
        table_model().predict(Table(("kind",), (["a"],)))


def test_outputs_that_are_not_finite_are_refused():
    model = table_model("regression", np.float64)
    model.chain.parameters["b0"][...] = [1e4, -1e4]
    model.chain.parameters["W1"][...] = [[1e308], [-1e308]]
    with pytest.raises(DataError, match=r"line 2: expected a finite prediction, got inf$"):
        model.predict(ROWS)
    model, images = image_model()
    model.chain.parameters["W1"][...] = 3e38
    with pytest.raises(DataError, match=r"image 0: expected a finite prediction, got nan$"):
        model.predict(images)


def test_numbers_that_overflow_in_the_target_s_units_are_refused():
    model = table_model("regression")
    model.target = replace(model.target, scale=1e308)
    model.chain.parameters["b1"][...] = 1e5
    with pytest.raises(DataError, match="line 2: expected a finite prediction, got inf"):
        model.predict(ROWS)


def test_what_are_no_probabilities_is_refused():
    model = table_model()
    chain = noisy(Chain(Linear(3), Identity()), model.chain.layers[0].input_shape)
    wrong = Model(chain, model.loss, model.inputs, model.target)
    with pytest.raises(ValueError, match="expected probabilities of classes, got others from Iden"):
        wrong.predict(ROWS)


def test_scores_of_a_regression_are_scikit_learn_s():
    model = table_model("regression", np.float64)
    cells = ["10", "21.5", "-3", "40", "12", "1e2"]
    truth, found = [float(cell) for cell in cells], model.predict(TABLE).values
    scores = model.evaluate(TABLE, cells)
    assert scores == {
        "R²": pytest.approx(metrics.r2_score(truth, found), rel=1e-12),
        "mean absolute error": pytest.approx(metrics.mean_absolute_error(truth, found)),
        "root mean squared error": pytest.approx(metrics.root_mean_squared_error(truth, found)),
    }
    assert all(type(score) is float for score in scores.values())
    assert list(model.evaluate(ROWS.select(np.array([0])), ["10"])) == [
        "mean absolute error",
        "root mean squared error",
    ]


def test_scores_of_two_classes_are_scikit_learn_s():
    model = table_model("binary")
    cells = ["no", "yes", "yes", "no", "yes", "yes"]
    predictions = model.predict(TABLE)
    truth = [cell == "yes" for cell in cells]
    chosen = [value == "yes" for value in predictions.values]
    p = predictions.probabilities[:, 1]
    assert model.evaluate(TABLE, cells) == {
        "accuracy": pytest.approx(metrics.accuracy_score(truth, chosen)),
        "log loss": pytest.approx(metrics.log_loss(truth, p)),
        "F1": pytest.approx(metrics.f1_score(truth, chosen)),
        "area under ROC": pytest.approx(metrics.roc_auc_score(truth, p)),
    }
    assert list(model.evaluate(TABLE, ["yes"] * 6)) == ["accuracy", "log loss"]


def test_scores_of_more_classes_are_scikit_learn_s():
    model = table_model("multiclass")
    predictions, cells = model.predict(TABLE), TABLE.column("kind")
    shares = predictions.probabilities / predictions.probabilities.sum(axis=1, keepdims=True)
    assert model.evaluate(TABLE, cells) == {
        "accuracy": pytest.approx(metrics.accuracy_score(cells, predictions.values)),
        "log loss": pytest.approx(metrics.log_loss(cells, shares)),
    }
    assert model.evaluate(TABLE, ["a"] * 6)["log loss"] == pytest.approx(
        -np.log(shares[:, 0]).mean()
    )


def test_a_wrong_certainty_has_a_finite_log_loss():
    model = table_model("multiclass", np.float64)
    model.chain.parameters.flat[...] = 0
    model.chain.parameters["b0"][...] = 5
    model.chain.parameters["W1"][...] = [[0, 0, 1e4]] * 2
    scores = model.evaluate(TABLE, ["a"] * 6)
    assert scores == {"accuracy": 0.0, "log loss": pytest.approx(-np.log(2.0**-52))}


def test_targets_that_do_not_suit():
    model = table_model()
    with pytest.raises(DataError, match="expected rows and a target for each, got 6 rows and 5 ta"):
        model.evaluate(TABLE, ["a"] * 5)
    with pytest.raises(DataError, match="got 0 rows and 0 targets"):
        model.evaluate(TABLE.select(np.array([], np.intp)), [])
    with pytest.raises(DataError, match="line 12: expected a label of 'a', 'b', 'c', got 'd'"):
        model.evaluate(TABLE, ["a", "b", "d", "a", "b", "c"], lines=range(10, 16))


def test_parts_must_fit_together():
    model = table_model()
    features = model.chain.layers[0].input_shape
    with pytest.raises(ValueError, match=r"expected a chain for samples of 6, got one for 7"):
        replace(model, chain=Chain(Linear(3), Softmax()).initialize((7,)))
    with pytest.raises(ValueError, match="expected a chain with 3 outputs for multiclass, got one"):
        replace(model, chain=Chain(Linear(4), Softmax()).initialize(features))
    with pytest.raises(ValueError, match="expected a chain with 1 outputs for regression"):
        replace(model, target=Target("kind", "regression", (), 0.0, 1.0), loss=MeanSquaredError())
    with pytest.raises(ValueError, match="Chain: call initialize"):
        replace(model, chain=Chain(Linear(3), Softmax()))


def test_facts_are_json():
    model = replace(table_model(), facts={"a": (1, np.float32(0.5)), "n": np.int64(3), "b": {}})
    assert model.facts == {"a": [1, 0.5], "n": 3, "b": {}}
    assert type(model.facts["n"]) is int
    circular = {}
    circular["itself"] = circular
    for facts, message in [
        ({"x": float("nan")}, "facts: expected text, finite numbers, .* got 'nan' of type float"),
        ({"x": {1, 2}}, "of type set"),
        ({3: 1}, "facts: a key: expected a text"),
        ({"x": 2**64}, "got a huge integer"),
        ({"x": "\ud800"}, "Unicode"),
        ([1], "facts: expected an object, got list"),
        (circular, "nested at most 32 deep"),
    ]:
        with pytest.raises(ValueError, match=message):
            replace(model, facts=facts)


def test_a_function_of_ones_own_predicts():
    model = table_model("regression", hidden=Bent(0.25))
    np.testing.assert_array_equal(
        model.predict(ROWS).values,
        model.target.decode(Predictor(model.chain)(model.encode(ROWS)[0])),
    )

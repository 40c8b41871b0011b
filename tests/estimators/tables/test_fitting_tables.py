"""Tables as people have them, through fit and predict."""

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from chainrule import TableClassifier, TableRegressor
from chainrule.data import Table
from chainrule.estimators.tables.preparation import Given, prepare_table

QUICK = {"members": 3, "hidden_layer_sizes": (16,), "learning_rate_init": 0.02, "random_state": 0}
CITIES = ("Bonn", "Kiel", "Köln")


def houses(rows=240, seed=0):
    """Houses whose price is by city and area; some areas are missing."""
    rng = np.random.default_rng(seed)
    city, area = rng.integers(0, 3, rows), rng.uniform(30, 150, rows)
    price = area * np.array([3000.0, 2500.0, 4000.0])[city]
    frame = pandas.DataFrame(
        {
            "city": np.array(CITIES)[city],
            "area": np.where(rng.random(rows) < 0.05, np.nan, area),
            "cellar": rng.random(rows) < 0.5,
            "price": price,
        }
    )
    frame["dear"] = np.where(price > 250_000, "yes", "no")
    return frame


HOUSES = houses()
X, PRICE, DEAR = HOUSES[["city", "area", "cellar"]], HOUSES["price"], HOUSES["dear"]


@pytest.fixture(scope="module")
def regressor():
    return TableRegressor(**QUICK, max_iter=80).fit(X, PRICE)


@pytest.fixture(scope="module")
def classifier():
    return TableClassifier(**QUICK, max_iter=60).fit(X, DEAR)


def test_prices_are_learned(regressor):
    new = houses(seed=1)
    assert r2_score(new["price"], regressor.predict(new[X.columns])) > 0.9
    inputs = new[X.columns]
    assert regressor.score(new.drop(columns="dear")) == regressor.score(inputs, new["price"])


def test_classes_are_learned(classifier):
    new = houses(seed=1)
    predicted = classifier.predict(new[X.columns])
    assert accuracy_score(new["dear"], predicted) > 0.9
    assert classifier.classes_.tolist() == ["no", "yes"]
    assert classifier.score(new.drop(columns="price")) == np.mean(predicted == new["dear"])


@pytest.mark.parametrize("make", [polars.from_pandas, pyarrow.Table.from_pandas, dict])
def test_every_library_of_tables_gives_the_same_network(make, regressor):
    other = TableRegressor(**QUICK, max_iter=80)
    given = make({name: X[name].tolist() for name in X}) if make is dict else make(X)
    np.testing.assert_array_equal(
        other.fit(given, PRICE.to_numpy()).predict(given), regressor.predict(X)
    )


def test_a_file_with_its_column_of_answers(tmp_path, regressor):
    HOUSES.drop(columns="dear").to_csv(tmp_path / "houses.csv", index=False)
    path = str(tmp_path / "houses.csv")
    fitted = TableRegressor(**QUICK, max_iter=80).fit(path, target="price")
    assert fitted.targets_.name == "price"
    assert fitted.feature_names_in_.tolist() == X.columns.tolist()
    np.testing.assert_array_equal(fitted.predict(path), fitted.predict(X))
    assert fitted.score(path) == pytest.approx(regressor.score(X, PRICE), abs=0.02)


def test_the_answers_as_a_name_a_target_or_a_column_are_the_same(classifier):
    table = HOUSES.drop(columns="price")
    by_name = TableClassifier(**QUICK, max_iter=60).fit(table, "dear")
    by_target = TableClassifier(**QUICK, max_iter=60).fit(table, target="dear")
    for fitted in (by_name, by_target):
        np.testing.assert_array_equal(fitted.predict_proba(X), classifier.predict_proba(X))


def test_arrays_of_objects_with_words_and_missing_cells(classifier):
    rows = X.to_numpy(dtype=object)
    fitted = TableClassifier(**QUICK, max_iter=60).fit(rows, DEAR.to_numpy())
    np.testing.assert_array_equal(fitted.predict(rows), classifier.predict(X))
    assert not hasattr(fitted, "feature_names_in_")
    assert fitted.n_features_in_ == 3


def test_tables_are_read_by_the_names_of_columns_and_frames_in_their_order(regressor):
    table = Table(("cellar", "area", "city"), tuple([str(cell) for cell in X[n]] for n in X)[::-1])
    np.testing.assert_array_equal(regressor.predict(table), regressor.predict(X))
    with pytest.raises(ValueError, match="same order as they were in fit"):
        regressor.predict(X[X.columns[::-1]])
    with pytest.raises(ValueError, match=r"now missing:\n- city"):
        regressor.predict(X.drop(columns="city"))


def test_what_is_predicted_is_the_mean_of_the_members(classifier, regressor):
    encoded = classifier.inputs_.encode(X)
    each = classifier.chain_.forward(encoded)
    assert each.shape == (len(X), 3, 1)
    second = each.mean(axis=1)[:, 0]
    np.testing.assert_allclose(classifier.predict_proba(X)[:, 1], second, atol=1e-6)
    np.testing.assert_allclose(np.exp(classifier.predict_log_proba(X)), classifier.predict_proba(X))
    np.testing.assert_array_equal(
        classifier.decision_function(X) > 0, classifier.predict(X) == "yes"
    )
    numbers = regressor.chain_.forward(regressor.inputs_.encode(X)).mean(axis=1)[:, 0]
    expected = numbers * PRICE.std(ddof=0) + PRICE.mean()
    inside = np.clip(expected, PRICE.min(), PRICE.max())
    np.testing.assert_allclose(regressor.predict(X), inside, rtol=1e-5)


def test_probabilities_of_three_classes_are_means_of_softmaxes():
    fitted = TableClassifier(**QUICK, max_iter=5).fit(HOUSES[["area", "price"]], HOUSES["city"])
    each = fitted.chain_.forward(fitted.inputs_.encode(HOUSES[["area", "price"]]))
    assert each.shape == (240, 3, 3)
    P = fitted.predict_proba(HOUSES[["area", "price"]])
    np.testing.assert_allclose(P, each.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-12)


def test_numbers_stay_in_the_range_that_was_seen_unless_asked_otherwise():
    x = np.linspace(0, 1, 60)
    far = np.array([[-9.0], [9.0]])
    for bounds, inside in (("seen", True), (None, False)):
        model = TableRegressor(**QUICK, max_iter=60, output_range=bounds)
        predicted = model.fit(x[:, None], 5 * x).predict(far)
        assert ((predicted >= 0) & (predicted <= 5)).all() == inside


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_same_bits_on_any_number_of_threads(threads, regressor):
    other = clone(regressor).set_params(n_jobs=threads).fit(X, PRICE)
    np.testing.assert_array_equal(other.chain_.parameters.flat, regressor.chain_.parameters.flat)


def test_clones_grids_and_pipelines():
    chosen = GridSearchCV(
        TableClassifier(**QUICK, max_iter=3), {"members": [1, 2]}, cv=2, error_score="raise"
    ).fit(X, DEAR)
    last = chosen.best_estimator_.chain_.layers[-1]
    assert last.output_shape == (chosen.best_params_["members"], 1)
    pipeline = make_pipeline(FunctionTransformer(), TableRegressor(**QUICK, max_iter=3))
    assert pipeline.fit(X, PRICE).predict(X).shape == (240,)


def test_eight_rows_are_enough_for_an_answer():
    model = TableClassifier(**QUICK, max_iter=40).fit(X[:8], DEAR[:8])
    assert model.validation_scores_ is None
    assert model.history_.describe().startswith("ran all 40 epochs")
    assert set(model.predict(X)) <= {"no", "yes"}


def test_one_class_and_one_number_have_their_answer():
    model = TableClassifier(**QUICK, max_iter=2).fit(X, np.repeat("yes", 240))
    assert set(model.predict(X)) == {"yes"}
    assert (model.predict_proba(X) == 1).all()
    assert (TableRegressor(**QUICK, max_iter=2).fit(X, np.full(240, 7)).predict(X) == 7).all()


def test_weights_of_rows_and_of_classes_count():
    rare = np.where(np.arange(240) % 12 == 0, "yes", "no")
    noise = pandas.DataFrame({"x": np.random.default_rng(0).normal(size=240)})
    usual = TableClassifier(**QUICK, max_iter=20).fit(noise, rare)
    balanced = TableClassifier(**QUICK, max_iter=20, class_weight="balanced").fit(noise, rare)
    weighted = TableClassifier(**QUICK, max_iter=20)
    weighted.fit(noise, rare, np.where(rare == "yes", 240 / 40, 240 / 440))
    mean = [model.predict_proba(noise)[:, 1].mean() for model in (usual, balanced, weighted)]
    assert mean[0] < 0.2
    assert 0.35 < mean[1] < 0.65
    np.testing.assert_allclose(balanced.predict_proba(noise), weighted.predict_proba(noise))


@pytest.mark.parametrize("power", [-1000, 900])
def test_weights_of_any_size_are_what_they_are_to_each_other(power):
    weights = np.random.default_rng(0).uniform(0.5, 2, 240)
    usual = TableRegressor(**QUICK, max_iter=3).fit(X, PRICE, weights)
    model = TableRegressor(**QUICK, max_iter=3).fit(X, PRICE, np.ldexp(weights, power))
    np.testing.assert_array_equal(model.predict(X), usual.predict(X))
    assert model.validation_scores_ == usual.validation_scores_


def test_gradients_and_derivatives_of_a_raw_table(classifier):
    few = HOUSES.iloc[:5].drop(columns="price")
    assert classifier.check_gradients(few).passed
    features = len(classifier.inputs_.feature_names)
    assert classifier.input_gradient(few).shape == (5, features)
    assert classifier.jacobian(few[X.columns]).shape == (5, 1, features)


def test_log_loss_agrees_with_scikit_learn(classifier):
    model = clone(classifier).set_params(scoring="neg_log_loss").fit(X, DEAR, X_val=X, y_val=DEAR)
    P = model.predict_proba(X)
    assert model.best_validation_score_ == pytest.approx(-log_loss(DEAR, P), rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"y": None}, "requires y to be passed, but the target y is None; target='price' names"),
        ({"y": DEAR, "target": "dear"}, "expected y, or target='dear' .* got both"),
        ({"y": "deer"}, "no column 'deer' .* did you mean"),
        ({"y": DEAR[:9]}, "inconsistent numbers of samples"),
        ({"y": pandas.DataFrame({"a": DEAR, "b": DEAR})}, "expected one answer a row"),
        ({"y": DEAR, "y_val": DEAR}, "y_val is provided, but X_val was not"),
        ({"y": DEAR.to_numpy(), "X_val": X}, "X_val is provided, but y_val was not"),
        ({"y": DEAR, "X_val": X, "y_val": DEAR, "time": "area"}, "expected time, or X_val"),
        ({"y": DEAR, "time": "area", "groups": "city"}, "expected groups or time, got both"),
        ({"y": DEAR, "time": "city"}, "expected numbers, or dates such as 2024-03-31, got "),
        ({"y": DEAR, "groups": np.zeros(240)}, "groups: expected two groups or more, got one"),
        ({"y": DEAR, "time": np.zeros(240)}, "time: expected different times, got one only"),
    ],
)
def test_what_is_wrong_is_said_before_anything_changes(arguments, words):
    model = TableClassifier(**QUICK, max_iter=1)
    table = HOUSES.drop(columns="price") if "deer" in str(arguments["y"]) else X
    with pytest.raises(ValueError, match=words):
        model.fit(table, **arguments)
    assert not hasattr(model, "chain_")


@pytest.mark.parametrize(("sizes", "layers"), [((), 1), (5, 2), (np.array([5, 4]), 3)])
def test_hidden_layers_are_none_one_or_several(sizes, layers):
    model = TableRegressor(members=2, hidden_layer_sizes=sizes, max_iter=2).fit(X, PRICE)
    own = [layer for layer in model.chain_.layers if "W" in layer.names]
    assert len(own) == layers
    assert [layer.output_shape[1] for layer in own[:-1]] == np.ravel(sizes).tolist()


@pytest.mark.parametrize("sizes", [(0,), (8, -1), (8.5,), ["8"]])
def test_hidden_layers_of_no_size(sizes):
    with pytest.raises(ValueError, match="Regressor: expected hidden_layer_sizes of whole numbers"):
        TableRegressor(hidden_layer_sizes=sizes).fit(X, PRICE)


def test_members_begin_alike_at_their_end_and_with_small_weights():
    model = TableClassifier(members=3, hidden_layer_sizes=(64,), max_iter=1, random_state=0)
    job = prepare_table(model, X, DEAR.to_numpy(), Given())
    assert (job.chain.parameters["W1"] == 0).all()
    first = job.chain.parameters["W0"]
    assert first.std() == pytest.approx(0.3 * np.sqrt(2 / first.shape[1]), rel=0.1)
    assert not (first[0] == first[1]).any()


def test_a_batch_ensemble_shares_its_weights():
    model = TableRegressor(**QUICK, batch_ensemble=True, max_iter=3).fit(X, PRICE)
    features = len(model.inputs_.feature_names)
    assert model.chain_.parameters["W0"].shape == (features, 16)
    assert model.chain_.parameters["r0"].shape == (3, features)
    assert len(set(model.chain_.forward(model.inputs_.encode(X))[0].ravel().tolist())) == 3


def test_answers_that_are_named_as_a_column_leave_it_among_the_inputs():
    table = pandas.DataFrame({"x": np.arange(60.0) ** 2 % 97, "z": np.arange(60) % 7})
    model = TableRegressor(**QUICK, max_iter=40).fit(table, table["x"] * 2)
    assert model.targets_.name == ""
    assert model.score(table, table["x"] * 2) > 0.8


def test_a_name_needs_a_table():
    with pytest.raises(ValueError, match="expected a table as X that has such a column"):
        TableRegressor().fit(np.zeros((9, 2)), np.arange(9), groups="patient")
    with pytest.raises(ValueError, match="expected two rows or more"):
        TableRegressor().fit(X[:1], [1.0])


@pytest.mark.parametrize("classes", [2, 3])
def test_softer_labels_are_less_sure(classes):
    rows = np.random.default_rng(2).normal(size=(300, 3))
    labels = rows[:, :classes].argmax(axis=1)
    known = {"members": 2, "hidden_layer_sizes": 32, "max_iter": 40, "random_state": 0}
    known |= {"validation_fraction": 0}
    sure = TableClassifier(**known, label_smoothing=0).fit(rows, labels)
    soft = TableClassifier(**known, label_smoothing=0.3).fit(rows, labels)
    assert np.median(sure.predict_proba(rows).max(axis=1)) > 0.95
    right = 1 - 0.3 + 0.3 / classes
    assert right - 0.15 < np.median(soft.predict_proba(rows).max(axis=1)) < right + 0.03
    assert soft.score(rows, labels) > 0.95

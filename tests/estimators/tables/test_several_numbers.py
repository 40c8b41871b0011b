"""Several numbers a row: an output for each, all standardised by themselves."""

import json

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from sklearn.metrics import mean_absolute_error, r2_score

from chainrule import MeanOverMembers, MeanSquaredError, TableClassifier, TableRegressor, load
from chainrule.data import DataError
from chainrule.targets import Numbers
from cli.runs import chainrule

RNG = np.random.default_rng(3)
N = 90
X = pandas.DataFrame({"area": RNG.normal(size=N), "city": RNG.choice(["Bonn", "Kiel"], N)})
Y = pandas.DataFrame(
    {
        "price": 4000 * X["area"] + 9000 * (X["city"] == "Kiel") + 70 * RNG.normal(size=N),
        "rent": 5 - X["area"] ** 2 + 0.1 * RNG.normal(size=N),
    }
)
HOUSES = X.join(Y)
NAMES = ["price", "rent"]
SCORINGS = "r2", "neg_mean_absolute_error", "neg_median_absolute_error"
QUICK = {"members": 2, "hidden_layer_sizes": 8, "max_iter": 4, "random_state": 0}


@pytest.fixture(scope="module")
def fitted():
    return TableRegressor(**QUICK).fit(HOUSES, target=NAMES)


def test_it_learns_all_of_them():
    model = TableRegressor(random_state=0, max_iter=60).fit(X, Y)
    scores = r2_score(Y, model.predict(X), multioutput="raw_values")
    assert scores.min() > 0.9
    assert model.score(X, Y) == scores.mean()
    assert model.n_outputs_ == 2


def test_each_is_standardised_and_kept_within_its_own_range(fitted):
    targets = fitted.targets_
    mean, deviation = Y.to_numpy().mean(axis=0), Y.to_numpy().std(axis=0)
    np.testing.assert_allclose(targets.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(targets.scale, deviation, rtol=1e-12)
    assert targets.bounds == (tuple(Y.min()), tuple(Y.max()))
    far = targets.decode(np.array([[9.0, -9.0], [-9.0, 9.0], [0.0, 0.0]]))
    expected = [
        [Y["price"].max(), Y["rent"].min()],
        [Y["price"].min(), Y["rent"].max()],
        mean,
    ]
    np.testing.assert_allclose(far, expected, rtol=1e-12)
    free = TableRegressor(output_range=None, **QUICK).fit(X, Y).targets_
    np.testing.assert_allclose(free.decode(np.full((1, 2), 9.0)), [mean + 9 * deviation])


def test_the_loss_is_the_mean_over_members_and_numbers(fitted):
    assert fitted._objective(fitted.targets_).loss == MeanOverMembers(MeanSquaredError())
    assert fitted.chain_.layers[-1].output_shape == (2, 2)
    assert fitted.check_gradients(HOUSES[:5]).passed
    assert fitted.jacobian(X[:3]).shape == (3, 2, len(fitted.inputs_.feature_names))


def arrow(*frames):
    return pyarrow.Table.from_pandas(pandas.concat(frames, axis=1))


@pytest.mark.parametrize(
    ("rows", "answers", "names"),
    [
        (X, Y, NAMES),
        (X, Y.astype("Float64"), NAMES),
        (X, polars.from_pandas(Y), NAMES),
        (X, arrow(Y), NAMES),
        (X, Y.to_numpy(), []),
        (X, Y.to_numpy().tolist(), []),
        (X, Y.rename(columns={"rent": 7}), []),
        (X, Y.rename(columns={"rent": "area"}), []),  # is a column of the rows
        (HOUSES, NAMES, NAMES),
        (HOUSES, tuple(NAMES), NAMES),
        (polars.from_pandas(HOUSES), NAMES, NAMES),
        (arrow(X, Y), NAMES, NAMES),
        ({name: HOUSES[name] for name in HOUSES}, NAMES, NAMES),
    ],
)
def test_however_they_come_they_mean_the_same(fitted, rows, answers, names):
    told = {"y": answers} if np.ndim(answers) == 2 else {"target": answers}
    model = TableRegressor(**QUICK).fit(rows, **told)
    assert list(model.targets_.columns) == names
    np.testing.assert_array_equal(model.predict(X), fitted.predict(HOUSES))
    assert fitted.predict(X).shape == (N, 2)


def test_a_file_keeps_their_names_and_units(fitted, tmp_path):
    fitted.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.targets_ == fitted.targets_
    np.testing.assert_array_equal(again.predict(HOUSES), fitted.predict(X))
    assert again.score(HOUSES) == fitted.score(HOUSES)
    assert fitted.score(HOUSES) == pytest.approx(r2_score(Y, fitted.predict(X)), rel=1e-12)


def test_the_command_line_names_them(fitted, tmp_path):
    model, table = tmp_path / "m.safetensors", tmp_path / "houses.csv"
    fitted.save(model)
    HOUSES.to_csv(table, index=False)
    written = tmp_path / "said.csv"
    chainrule("predict", model, table, "--output", written)
    said = pandas.read_csv(written)
    assert list(said) == NAMES
    np.testing.assert_allclose(said, fitted.predict(X), rtol=1e-12)
    scores = chainrule("evaluate", model, table, "--json").json["scores"]
    assert scores["all"]["R²"] == pytest.approx(fitted.score(HOUSES), abs=1e-6)
    assert chainrule("show", model, "--json").json["target"] == "price,rent"


@pytest.mark.parametrize("scoring", SCORINGS)
def test_a_score_is_the_mean_over_them_in_their_units(scoring):
    seen = HOUSES[:60]
    model = TableRegressor(scoring=scoring, **QUICK)
    model.fit(seen, target=NAMES, X_val=HOUSES[60:])
    said, true = model.predict(HOUSES[60:]), Y[60:]
    if scoring == "r2":
        expected = r2_score(true, said)
    elif scoring == "neg_mean_absolute_error":
        expected = -mean_absolute_error(true, said)
    else:
        expected = -np.mean(np.median(np.abs(true - said), axis=0))
    assert model.best_validation_score_ == pytest.approx(expected, rel=1e-5)


def test_one_that_is_constant_is_predicted_as_it_is():
    model = TableRegressor(**QUICK).fit(X, Y.assign(country=7.5))
    assert (model.predict(X)[:, 2] == 7.5).all()
    assert model.best_validation_score_ is None  # R² it has none: the loss is watched
    assert model.validation_loss_curve_


def test_one_column_is_one_number():
    one = TableRegressor(**QUICK).fit(HOUSES.drop(columns="rent"), target=["price"])
    assert one.targets_.name == "price"
    assert one.predict(X).shape == (N,)


def test_engines_agree():
    said = [
        TableRegressor(engine=engine, precision="float32", **QUICK).fit(X, Y).predict(X)
        for engine in ("machine", "reference")
    ]
    np.testing.assert_allclose(*said, rtol=1e-3, atol=1e-3 * Y.to_numpy().std())


@pytest.mark.parametrize(
    ("model", "told", "message"),
    [
        (TableRegressor(quantiles=(0.1, 0.9)), {"target": NAMES}, "one number a row as y with qu"),
        (TableClassifier(), {"target": NAMES}, "expected one column as target, got 2; .* MultiOut"),
        (TableClassifier(), {"y": Y.round()}, r"expected one answer a row, y \(n,\), got shape"),
        (TableRegressor(), {"target": ["price", "price"]}, "expected different columns as target"),
        (TableRegressor(), {"target": []}, "target as the name of a column or a list of such"),
        (TableRegressor(), {"target": [1, 2]}, "no column '1' among"),
        (TableRegressor(), {"target": [Y, Y]}, "target as the name of a column or a list of such"),
        (TableRegressor(), {"target": 1.5}, "target as the name of a column or a list of such"),
        (TableRegressor(), {"target": ["price", "rant"]}, "no column 'rant' .* did you mean 're"),
        (TableRegressor(), {"target": NAMES, "y": Y}, r"fit: expected y, or target=\['price', 'r"),
        (TableRegressor(), {"target": ["price", "city"]}, "target 'city', row 0: expected a numb"),
        (TableRegressor(), {"y": X}, "expected numbers as y, got '.*'; TableClassifier predicts"),
        (
            TableRegressor(),
            {"y": Y.assign(rent=Y["rent"].where(Y.index != 4))},
            "got none in 1 of 180, row 4, column 'rent' the first",
        ),
    ],
)
def test_what_is_refused(model, told, message):
    with pytest.raises(ValueError, match=message):
        model.fit(HOUSES, **told)
    assert not hasattr(model, "chain_")


def test_answers_of_another_number_are_refused(fitted):
    with pytest.raises(DataError, match="no column 'rent'"):
        fitted.score(HOUSES.drop(columns="rent"))
    with pytest.raises(ValueError, match="number of output"):
        fitted.score(HOUSES, Y["price"])
    with pytest.raises(ValueError, match="expected y with 2 numbers a sample"):
        fitted.check_gradients(HOUSES, Y["price"])
    with pytest.raises(DataError, match="target 'rent', row 1: expected a value, got an empty"):
        fitted.score(HOUSES.assign(rent=Y["rent"].where(Y.index != 1)))


WRITTEN = {
    "count": 2,
    "mean": [1.0, 2.0],
    "scale": [3.0, 4.0],
    "name": "",
    "bounds": [[0.0, 1.0], [5.0, 6.0]],
    "names": ["a", "b"],
}


def test_json_by_hand():
    found = Numbers.from_json(WRITTEN)
    bounds = ((0.0, 1.0), (5.0, 6.0))
    assert found == Numbers(2, (1.0, 2.0), (3.0, 4.0), bounds=bounds, names=("a", "b"))
    assert json.loads(json.dumps(found.to_json())) == WRITTEN
    assert found.one(1) == Numbers(1, (2.0,), (4.0,), "b")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bounds": [0.0, 1.0]}, "targets.bounds: expected a list of 2 to 2"),
        ({"bounds": [[0.0, 7.0], [5.0, 6.0]]}, "expected the smaller number first, got 7.0 and 6"),
        ({"bounds": [[0.0], [5.0]]}, "targets.bounds: expected a list of 2 to 2"),
        ({"names": ["a"]}, "targets.names: expected one for each of several"),
        ({"names": ["a", "a"]}, "targets.names: expected different texts"),
        ({"names": ["a", ""]}, "targets.names: expected a text of 1"),
        ({"quantiles": [0.5]}, "targets.quantiles: expected those of one number"),
        ({"count": 1, "mean": [1.0], "scale": [1.0]}, "targets.bounds: expected a finite number"),
    ],
)
def test_odd_json_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Numbers.from_json(WRITTEN | changes)

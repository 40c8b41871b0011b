"""Tables to predict that differ from that of training: in order, in columns, in types."""

import warnings

import numpy as np
import pandas
import polars
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from chainrule import TableClassifier, TableRegressor
from chainrule.data import DataError, DataWarning

RNG = np.random.default_rng(5)
N = 60
X = pandas.DataFrame(
    {
        "area": RNG.normal(size=N).round(3),
        "rooms": RNG.integers(1, 9, N),
        "city": RNG.choice(["Bonn", "Kiel"], N),
        "built": pandas.date_range("2001-02-03", periods=N, freq="37D"),
        "cellar": RNG.random(N) > 0.5,
        "country": "Germany",
    }
)
ANSWERS = {TableClassifier: (X["area"] > 0).to_numpy(), TableRegressor: X["area"].to_numpy()}
QUICK = {"members": 2, "hidden_layer_sizes": 4, "max_iter": 2, "random_state": 0}


@pytest.fixture(scope="module", params=ANSWERS)
def model(request):
    return request.param(**QUICK).fit(X, ANSWERS[request.param])


def quietly(model, rows):
    """Return predictions; a warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return model.predict(rows)


@pytest.mark.parametrize(
    "changed",
    [
        X.drop(columns="country"),
        X.assign(area=X["area"].astype(str)),
        X.assign(area=X["area"].astype(object)),
        X.assign(rooms=X["rooms"].astype(str)),
        X.assign(rooms=X["rooms"].astype(float)),
        X.assign(rooms=X["rooms"].astype("Int64")),
        X.assign(built=X["built"].astype(str)),
        X.assign(cellar=X["cellar"].astype(str)),
        X.assign(cellar=X["cellar"].astype(int)),
        X.assign(cellar=X["cellar"].astype("boolean")),
        X.assign(cellar=np.where(X["cellar"], "Yes", "no")),
        X.assign(city=X["city"].astype("category")),
        polars.from_pandas(X),
        {name: X[name].tolist() for name in reversed(X.columns)},
    ],
    ids=range(14),
)
def test_the_same_in_other_words(model, changed):
    np.testing.assert_array_equal(quietly(model, changed), model.predict(X))
    row = changed[:1] if not isinstance(changed, dict) else {k: v[:1] for k, v in changed.items()}
    assert quietly(model, row)[0] == quietly(model, X[:1])[0]


def test_another_column_is_ignored_and_named(model):
    for changed in (X.assign(new=1), X.assign(new=1)[["area", "new", *X.columns[1:]]]):
        with pytest.warns(DataWarning, match="columns not seen in training are ignored: 'new'"):
            np.testing.assert_array_equal(model.predict(changed), model.predict(X))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (X[X.columns[::-1]], "must be in the same order as they were in fit"),
        (polars.from_pandas(X[X.columns[::-1]]), "must be in the same order as they were in fit"),
        (X.assign(new=1)[["new", *X.columns[::-1]]], "must be in the same order as they were in"),
        (X.drop(columns="rooms"), "seen at fit time, yet now missing:\n- rooms"),
        (X.rename(columns={"rooms": "Rooms"}), "unseen at fit time:\n- Rooms"),
        ({"area": [1.0], "city": ["Bonn"]}, "lacks columns seen in training: 'rooms', 'built', 'c"),
        (X.assign(area="wide"), "column 'area', row 0: expected a number, got 'wide'"),
        (X.assign(built=np.arange(N)), "column 'built', row 0: expected a date, such as 20.*'0'"),
        (X[:0], r"Found array with 0 sample\(s\)"),
        (X["area"], "expected a table as X, got a Series, which is one column"),
        (pandas.concat([X, X[["area"]]], axis=1), "Table: expected different names, got 'area'"),
    ],
    ids=range(11),
)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_what_cannot_be_meant_is_refused(model, changed, message):
    with pytest.raises(ValueError, match=message):
        model.predict(changed)


def test_unknown_words_are_named(model):
    for changed, message in (
        (X.assign(city=1.0), "column 'city': 60 cells with values not seen in training.*'1'"),
        (X.assign(cellar=7), "column 'cellar': 60 cells neither yes nor no, encoded as 0: '7'"),
    ):
        with pytest.warns(DataWarning, match=message):
            model.predict(changed)


def test_arrays_have_columns_by_their_places(model):
    rows = X.to_numpy(object)
    with pytest.warns(UserWarning, match="X does not have valid feature names, but Table"):
        np.testing.assert_array_equal(model.predict(rows), model.predict(X))
    numbers = X[["area", "rooms"]].to_numpy()
    for kind, y in ANSWERS.items():
        plain = kind(**QUICK).fit(numbers, y)
        assert plain.n_features_in_ == 2
        assert not hasattr(plain, "feature_names_in_")
        for same in (numbers.astype(str), numbers.tolist(), pandas.DataFrame(numbers)):
            np.testing.assert_array_equal(quietly(plain, same), plain.predict(numbers))
        with pytest.raises(ValueError, match=f"X has 4 features, but {kind.__name__} is expecting"):
            plain.predict(np.hstack([numbers, numbers]))
        with pytest.warns(UserWarning, match="X has feature names, but .* without feature names"):
            plain.predict(X[["area", "rooms"]])


def test_what_training_saw_is_told(model):
    assert model.n_features_in_ == 6
    assert model.feature_names_in_.tolist() == list(X.columns)
    again = clone(model)
    assert again.get_params() == model.get_params()
    assert not hasattr(again, "chain_")
    again.fit(X[["area"]], ANSWERS[type(model)])
    assert (again.n_features_in_, again.feature_names_in_.tolist()) == (1, ["area"])
    again.fit(X[["area"]].to_numpy(), ANSWERS[type(model)])
    assert not hasattr(again, "feature_names_in_")


def test_columns_of_answers_and_groups(model):
    kind, y = type(model), ANSWERS[type(model)]
    told = kind(**QUICK).fit(X.assign(y=y, street=X.index // 3), target="y", groups="street")
    assert told.feature_names_in_.tolist() == [*X.columns, "street"]
    assert quietly(told, X).shape == (N,)
    assert quietly(told, X.assign(y=y, street=0)).shape == (N,)


def test_parameters_that_are_set_count_from_the_next_fit(model):
    before, own = model.predict(X), model.get_params()
    try:
        model.set_params(members=3, bins=2, drop=["area"], hidden_layer_sizes=[8, 8])
        np.testing.assert_array_equal(model.predict(X), before)
        with pytest.raises(ValueError, match="Invalid parameter 'layers' for estimator"):
            model.set_params(layers=3)
        with pytest.raises(ValueError, match=r"The 'bins' parameter of Table.* or an int in"):
            model.set_params(bins=1).fit(X, ANSWERS[type(model)])
        np.testing.assert_array_equal(model.predict(X), before)
    finally:
        model.set_params(**own)


def test_what_there_is_not(model):
    kind = type(model)
    for name in ("monotonic_cst", "warm_start"):
        with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'"):
            kind(**{name: None})
    for name in ("partial_fit", "transform", "get_feature_names_out"):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
            getattr(model, name)
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        kind().predict(X)
    with pytest.raises(DataError, match=r"drop: no column 'arae' .*; did you mean 'area'"):
        kind(drop=["arae"]).fit(X, ANSWERS[kind])


@pytest.mark.filterwarnings("error")
def test_a_lazy_frame_is_to_be_collected(model):
    frame = polars.from_pandas(X).with_columns(answer=ANSWERS[type(model)])
    calls = (
        lambda lazy: model.predict(lazy.drop("answer")),
        lambda lazy: clone(model).fit(lazy, target="answer"),
        lambda lazy: clone(model).fit(lazy, ANSWERS[type(model)]),
        lambda lazy: model.score(lazy, ANSWERS[type(model)]),
    )
    for call in calls:
        with pytest.raises(DataError, match=r"got a LazyFrame; \.collect\(\) makes a DataFrame"):
            call(frame.lazy())

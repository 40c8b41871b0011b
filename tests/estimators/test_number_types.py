"""Types of numbers: every method takes the same ones, with the same meaning."""

from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pandas
import polars
import pytest

from chainrule import Chain, Classifier, Flatten, Linear, MLPClassifier, MLPRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:X .* feature names:UserWarning"),  # polars has some
]

X = (np.random.default_rng(0).normal(size=(30, 4)) * 64).round() / 8
KINDS, NUMBERS = np.arange(30) % 2, X[:, 0]
SHORT = {"max_iter": 1, "random_state": 0}
STRUCTURED = np.zeros((30, 4), [("x", np.float64)])
STRUCTURED["x"] = X

TAKEN = {
    "float16": X.astype(np.float16),
    "longdouble": X.astype(np.longdouble),
    "other byte order": X.astype(">f8"),
    "objects": X.astype(object),
    "decimals": np.array([[Decimal(x) for x in row] for row in X.tolist()]),
    "texts": X.astype(str),
    "bytes": X.astype("S8"),
    "lists of texts": X.astype(str).tolist(),
    "a field": STRUCTURED,
    "nullable": pandas.DataFrame(X).astype("Float64"),
    "frame of texts": pandas.DataFrame(X.astype(str)),
    "polars": polars.DataFrame(X),
}
if find_spec("ml_dtypes"):  # STRUCTURED goes through the same door where it is missing
    TAKEN["bfloat16"] = X.astype(import_module("ml_dtypes").bfloat16)

REFUSED = {
    "dates": ((X * 8).astype("M8[D]"), r"expected numbers as X, got datetime64\[D\] values"),
    "durations": ((X * 8).astype("m8[s]"), r"expected numbers as X, got timedelta64\[s\] values"),
    "frame of dates": (
        pandas.DataFrame(X).assign(t=pandas.Timestamp(0)).iloc[:, 1:],
        "expected numbers as X, got datetime64",
    ),
    "zones": (
        pandas.DataFrame({k: pandas.Series(pandas.Timestamp(0, tz="UTC")) for k in range(4)}),
        "expected numbers as X, got datetime64",
    ),
    "polars": (
        polars.DataFrame(X[:, :3]).with_columns(t=polars.lit(0).cast(polars.Datetime)),
        "expected numbers as X, got Datetime",
    ),
    "complex": (X.astype(complex), "Complex data not supported"),
    "bits": (np.zeros((30, 4), "V4"), "."),
    "two fields": (np.zeros((30, 4), [("a", "f4"), ("b", "f4")]), "."),
    "words": (np.full((30, 4), "x"), "could not convert string to float"),
}


def images(**options):
    chain = Chain(Flatten(), Linear(3))
    return Classifier(chain, complete=True, image_shape=(2, 2), inputs="images", **options)


def classifier(**options):
    return MLPClassifier((5,), **options)


def regressor(**options):
    return MLPRegressor(hidden_layer_sizes=(5,), **options)


def partial(kind, data, y):
    model = kind(**SHORT)
    return model.partial_fit(data, y, None, [0, 1]) if y is KINDS else model.partial_fit(data, y)


OWN = {
    "classifier": (classifier, KINDS),
    "regressor": (regressor, NUMBERS),
    "images": (images, KINDS),
}


@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("name", TAKEN)
def test_every_method_takes_the_same_types(own, name):
    kind, y = OWN[own]
    data, model = TAKEN[name], kind(**SHORT).fit(X, y)
    for found, expected in (
        (kind(**SHORT).fit(data, y).predict(X), model.predict(X)),
        (partial(kind, data, y).predict(X), partial(kind, X, y).predict(X)),
        (
            kind(**SHORT).fit(X, y, X_val=data, y_val=y).validation_loss_curve_,
            kind(**SHORT).fit(X, y, X_val=X, y_val=y).validation_loss_curve_,
        ),
        (model.predict(data), model.predict(X)),
        (model.score(data, y), model.score(X, y)),
        (model.jacobian(data), model.jacobian(X)),
        (model.input_gradient(data, y), model.input_gradient(X, y)),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("own", ["classifier", "regressor"])
@pytest.mark.parametrize("name", REFUSED)
def test_every_method_refuses_the_same_types(own, name):
    kind, y = OWN[own]
    (data, message), model = REFUSED[name], kind(**SHORT).fit(X, y)
    for call in (
        lambda: kind(**SHORT).fit(data, y),
        lambda: partial(kind, data, y),
        lambda: kind(**SHORT).fit(X, y, X_val=data, y_val=y),
        lambda: model.predict(data),
        lambda: model.score(data, y),
        lambda: model.jacobian(data),
        lambda: model.input_gradient(data, y),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            call()


def test_answers_and_weights_are_of_any_type_of_numbers_but_no_dates():
    fields, weights = np.zeros(30, [("y", np.float64)]), np.zeros(30, [("w", np.float64)])
    fields["y"], weights["w"] = NUMBERS, 1 + KINDS
    model = regressor(**SHORT).fit(X, NUMBERS, 1 + KINDS)
    found = regressor(**SHORT).fit(X, fields, weights, X_val=X, y_val=fields)
    np.testing.assert_array_equal(found.predict(X), model.predict(X))
    assert found.score(X, fields, weights) == model.score(X, NUMBERS, 1 + KINDS)
    fitted = classifier(**SHORT).fit(X, KINDS)
    assert fitted.score(X, KINDS, weights) == fitted.score(X, KINDS, 1 + KINDS)
    dates = (X[:, 0] * 8).astype("M8[s]")
    for call in (lambda: regressor(**SHORT).fit(X, dates), lambda: model.score(X, dates)):
        with pytest.raises(ValueError, match=r"expected numbers as y, got datetime64\[s\] values"):
            call()

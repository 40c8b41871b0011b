"""Tables, names of columns and tags, as scikit-learn's users expect them."""

import doctest
import inspect

import numpy as np
import pandas
import polars
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import get_tags

from chainrule import Chain, Classifier, Conv2d, Flatten, Linear, Regressor, Sigmoid, Softmax

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]


def model():
    return Classifier(Chain(Linear(3), Softmax()), max_iter=3, random_state=0)


@pytest.mark.parametrize("library", [pandas, polars])
def test_columns_keep_their_names(library):
    table = library.DataFrame(dict(zip(NAMES, X.T, strict=True)))
    fitted = model().fit(table, y)
    assert fitted.feature_names_in_.tolist() == NAMES
    np.testing.assert_array_equal(fitted.predict_proba(table), model().fit(X, y).predict_proba(X))
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(table[NAMES[::-1]])


def test_images_in_a_table_keep_the_names_of_their_columns():
    table = pandas.DataFrame(X, columns=NAMES)
    chain = Chain(Conv2d(2, 2), Flatten(), Linear(3), Softmax())
    fitted = Classifier(chain, image_shape=(2, 2), max_iter=3, random_state=0).fit(table, y)
    assert fitted.feature_names_in_.tolist() == NAMES
    assert fitted.chain_.layers[0].input_shape == (1, 2, 2)


def test_tables_of_words_and_numbers_in_a_pipeline_with_pandas_output():
    table = pandas.DataFrame({"n": X[:, 0], "word": np.where(X[:, 2] > 3, "long", "short")})
    pipeline = make_pipeline(
        make_column_transformer(
            (StandardScaler(), ["n"]), (OneHotEncoder(sparse_output=False), ["word"])
        ),
        model(),
    ).set_output(transform="pandas")
    pipeline.fit(table, pandas.Series(y, name="kind").astype("category"))
    assert pipeline[-1].feature_names_in_.tolist()[0] == "standardscaler__n"
    assert set(pipeline.predict(table)) <= {0, 1, 2}


def test_tags_say_what_the_chain_can_do():
    three = get_tags(model())
    assert three.classifier_tags.multi_class
    assert not three.classifier_tags.multi_label
    assert three.input_tags.sparse
    assert not three.input_tags.three_d_array
    labels = get_tags(Classifier(Chain(Linear(3), Sigmoid())))
    assert labels.classifier_tags.multi_label
    assert not labels.classifier_tags.multi_class
    images = get_tags(Regressor(Chain(Conv2d(2, 3), Flatten(), Linear(1))))
    assert images.input_tags.three_d_array
    assert not images.input_tags.sparse
    assert not images.target_tags.multi_output
    assert get_tags(Regressor(Chain(Linear(4)))).target_tags.multi_output
    assert get_tags(Classifier(Chain(Linear(4)), complete=True)).classifier_tags.multi_class


def test_a_notebook_shows_the_estimator():
    html = model()._repr_html_()
    assert "Linear(3)" in html
    assert "image_format" in html


@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_every_parameter_is_described(kind):
    parameters = inspect.getdoc(kind).split("Parameters\n")[1].split("Attributes\n")[0]
    headings = [line.split(" :")[0] for line in parameters.splitlines() if " : " in line]
    described = [name for heading in headings for name in heading.split(", ")]
    assert sorted(described) == sorted(inspect.signature(kind).parameters)


@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_examples_run(kind):
    (found,) = (t for t in doctest.DocTestFinder(recurse=False).find(kind) if t.examples)
    assert doctest.DocTestRunner().run(found).failed == 0

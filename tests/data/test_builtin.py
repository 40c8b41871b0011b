"""The built-in sets, as arrays and as tables."""

import numpy as np
import pytest

from chainrule.data import BUILTIN, Column, DataError, builtin_table, load_builtin
from chainrule.targets.columns import find_task

EXPECTED = {
    "digits": ((1797, 64), "multiclass", 10),
    "iris": ((150, 4), "multiclass", 3),
    "wine": ((178, 13), "multiclass", 3),
    "breast_cancer": ((569, 30), "binary", 2),
    "diabetes": ((442, 10), "regression", 0),
}


@pytest.mark.parametrize("name", BUILTIN)
def test_every_set_loads_and_is_a_table_without_loss(name):
    builtin = load_builtin(name)
    shape, task, classes = EXPECTED[name]
    assert builtin.name == name
    assert builtin.X.shape == shape
    assert builtin.X.dtype == np.float64
    assert len(builtin.feature_names) == shape[1]
    assert builtin.description
    target = find_task(Column(builtin.target_name, builtin.labels))
    assert (target.task, len(target.classes)) == (task, classes)
    table = builtin_table(builtin)
    assert table.names == (*builtin.feature_names, builtin.target_name)
    assert table.column(builtin.target_name) == builtin.labels
    features = table.without(builtin.target_name).columns
    np.testing.assert_array_equal(np.array(features, np.float64).T, builtin.X)


def test_only_digits_are_images():
    shapes = {name: load_builtin(name).image_shape for name in BUILTIN}
    assert shapes.pop("digits") == (1, 8, 8)
    assert set(shapes.values()) == {None}


def test_labels_are_words_where_there_are_words():
    assert load_builtin("iris").labels[0] == "setosa"
    assert load_builtin("breast_cancer").labels[0] == "malignant"
    assert load_builtin("digits").labels[:3] == ["0", "1", "2"]


def test_an_unknown_set_is_refused():
    with pytest.raises(DataError, match=r"expected one of digits, iris, .*, got 'mnist'"):
        load_builtin("mnist")

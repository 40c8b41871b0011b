"""Answers of other libraries' types as NumPy's."""

import numpy as np
import pandas
import pytest

from chainrule.data import Column
from chainrule.data.frames import as_column
from chainrule.targets.columns import labels_of
from chainrule.targets.given import as_numpy

WHOLE, TRUTH = [3, 0, 3, 7], [True, False, False, True]


@pytest.mark.parametrize(
    ("values", "dtype", "kind"),
    [
        (WHOLE, "Int64", np.int64),
        (WHOLE, "UInt8", np.uint8),
        (WHOLE, "int32[pyarrow]", np.int32),
        (WHOLE, object, np.int64),
        (TRUTH, "boolean", np.bool_),
        (TRUTH, "bool[pyarrow]", np.bool_),
        (TRUTH, object, np.bool_),
    ],
)
def test_types_that_may_be_missing_are_numpys_where_none_is(values, dtype, kind):
    found = as_numpy(pandas.Series(values, dtype=dtype))
    assert type(found) is np.ndarray
    assert (found.dtype, found.tolist()) == (kind, values)


@pytest.mark.parametrize(
    "y",
    [
        pandas.Series([1, None], dtype="Int64"),
        pandas.Series([True, None], dtype="boolean"),
        pandas.Series([1, None], dtype=object),
        pandas.Series([1, True], dtype=object),
        pandas.Series([1.5, 2.5], dtype="Float64"),
        pandas.Series(["a", "b"]),
        np.array([2**70, 1], object),
        np.array([[1, 2]], object),
        np.array([], object),
        np.array([1, 2]),
        [1, 2],
        None,
    ],
    ids=repr,
)
def test_all_else_stays(y):
    assert as_numpy(y) is y


def test_a_frame_of_one_column():
    frame = pandas.DataFrame({"a": WHOLE}, dtype="Int64")
    assert as_numpy(frame).tolist() == [[3], [0], [3], [7]]
    assert as_numpy(frame).dtype == np.int64
    for same in (frame.assign(b=1), frame.astype("Float64"), frame.where(frame > 0)):
        assert as_numpy(same) is same


@pytest.mark.parametrize("dtype", [bool, "boolean", "bool[pyarrow]"])
def test_truth_values_of_a_frames_column_are_classes_as_they_are(dtype):
    found = labels_of(as_column("sold", pandas.Series(TRUTH, dtype=dtype)))
    assert (found.dtype, found.tolist()) == (np.bool_, TRUTH)


def test_a_files_are_texts():
    assert labels_of(Column("sold", ["True", "False"])).tolist() == ["True", "False"]


def test_integers_of_many_digits_stay_apart():
    values = [2**60, 2**60 + 1, -(2**62) - 1]
    assert labels_of(as_column("id", np.array(values))).tolist() == values

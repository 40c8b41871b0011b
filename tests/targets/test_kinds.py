"""Answers to targets and back, and both kinds as JSON."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from chainrule.data import DataError
from chainrule.targets import TARGETS, Classes, Numbers


def test_numbers_by_hand():
    numbers = Numbers.fit(np.array([1, 3, 5.0]), scaled=True)
    assert numbers.mean == (3.0,)
    assert numbers.scale == (pytest.approx(math.sqrt(8 / 3)),)
    t = numbers.encode(np.array([1, 3, 5]))
    assert t.dtype == np.float64
    np.testing.assert_allclose(t, np.array([[-2], [0], [2]]) / math.sqrt(8 / 3))
    np.testing.assert_allclose(numbers.decode(t), [1, 3, 5])
    np.testing.assert_allclose(numbers.decode(t.astype(np.float32)), [1, 3, 5], rtol=1e-6)
    assert numbers.decode(t.astype(np.float32)).dtype == np.float64


def test_numbers_as_they_are():
    y = np.array([[1, 2], [3, 4], [5, 7]])
    numbers = Numbers.fit(y)
    assert (numbers.outputs, numbers.task) == (2, "regression")
    np.testing.assert_array_equal(numbers.encode(y), y.astype(np.float64))
    np.testing.assert_array_equal(numbers.decode(y), y)
    one = Numbers.fit(y[:, 0]).encode(y[:, 0].astype(np.float32))
    assert (one.shape, one.dtype) == ((3, 1), np.float32)
    assert Numbers.fit(y[:, 0]).decode(one).shape == (3,)


def test_several_numbers_have_a_scale_each():
    y = np.array([[1.0, 100], [3, 300], [5, 800]])
    numbers = Numbers.fit(y, scaled=True)
    t = numbers.encode(y)
    np.testing.assert_allclose(t.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(t.std(axis=0), 1)
    np.testing.assert_allclose(numbers.decode(t), y)


def test_counts_are_never_shifted_below_zero():
    counts = Numbers.fit(np.array([0, 1, 5]), scaled=True, positive=True)
    assert (counts.mean, counts.scale) == ((0.0,), (2.0,))
    np.testing.assert_allclose(counts.encode(np.array([0, 1, 5]))[:, 0], [0, 0.5, 2.5])
    with pytest.raises(DataError, match="the Poisson loss needs counts, but 'n' has negative"):
        Numbers.fit(np.array([-1, 2]), scaled=True, positive=True, name="n")
    with pytest.raises(DataError, match="target 'n': expected different numbers, got one only"):
        Numbers.fit(np.array([2, 2]), scaled=True, name="n")


def test_classes_from_outputs():
    two = Classes.fit(np.array(["no", "yes"]))
    assert two.decode(two.chosen(np.array([[0.4], [0.9]]), 0.5)).tolist() == ["no", "yes"]
    assert two.encode(np.array(["yes", "no"])).tolist() == [[True], [False]]
    three = Classes.fit(np.array(["a", "b", "c"]))
    chosen = three.chosen(np.array([[0.1, 0.7, 0.2], [0.4, 0.3, 0.3]]), 0.5)
    assert three.decode(chosen).tolist() == ["b", "a"]
    pair = two.paired(pair=True)
    assert (pair.outputs, pair.exclusive) == (2, True)
    assert pair.encode(np.array(["yes", "no"])).tolist() == [1, 0]
    several = Classes.fit(np.array([[1, 0, 1], [0, 1, 0]]))
    assert (several.outputs, several.task) == (3, "multilabel")
    assert several.decode(several.encode(np.array([[1, 1, 0]]))).tolist() == [[1, 1, 0]]
    with pytest.raises(ValueError, match=r"indicator matrix of 3 labels, got y of shape \(1, 2\)"):
        several.encode(np.array([[1, 0]]))


@given(st.lists(st.sampled_from(["a", "b", "cd", "7"]), min_size=2).filter(lambda x: len({*x}) > 1))
def test_encoding_then_decoding_gives_the_labels(labels):
    for classes in (Classes.fit(np.array(labels)), Classes.fit(np.array(labels)).paired(pair=True)):
        assert classes.decode(classes.encode(np.array(labels))).tolist() == labels


@pytest.mark.parametrize(
    "targets",
    [
        Classes.fit(np.array(["a", "b"]), name="kind"),
        Classes.fit(np.array([1.5, 2.0]), chosen=True).paired(pair=True),
        Classes.fit(np.array([[0, 1], [1, 1]])),
        Numbers(3),
        Numbers.fit(np.array([1, 2.0]), scaled=True, name="price"),
    ],
)
def test_json_round_trips(targets):
    kind = TARGETS[targets.kind]
    again = kind.from_json(json.loads(json.dumps(targets.to_json())))
    assert again.to_json() == targets.to_json()
    assert again.attributes().keys() == targets.attributes().keys()


CLASSES = {"type": "str", "several": False, "pair": False, "values": ["a", "b"], "name": "t"}
NUMBERS = {"count": 1, "mean": [3.0], "scale": [2.0], "name": "t"}


@pytest.mark.parametrize(
    ("kind", "base", "change"),
    [
        ("classes", CLASSES, {"name": 1}),
        ("classes", CLASSES, {"type": "complex128"}),
        ("classes", CLASSES, {"type": "int64"}),
        ("classes", CLASSES, {"values": []}),
        ("classes", CLASSES, {"values": ["a", "a"]}),
        ("classes", CLASSES, {"values": ["a", 1]}),
        ("classes", CLASSES, {"values": "ab"}),
        ("classes", CLASSES, {"several": True}),
        ("classes", CLASSES, {"several": 1}),
        ("classes", CLASSES, {"pair": None}),
        ("classes", CLASSES, {"extra": 0}),
        ("numbers", NUMBERS, {"count": 0}),
        ("numbers", NUMBERS, {"count": 2}),
        ("numbers", NUMBERS, {"mean": None}),
        ("numbers", NUMBERS, {"mean": [math.nan]}),
        ("numbers", NUMBERS, {"mean": ["3"]}),
        ("numbers", NUMBERS, {"mean": [10**400]}),
        ("numbers", NUMBERS, {"scale": [0.0]}),
        ("numbers", NUMBERS, {"scale": [True]}),
        ("numbers", NUMBERS, {"scale": [-1.0]}),
        ("numbers", NUMBERS, {"name": None}),
    ],
)
def test_odd_json_is_refused(kind, base, change):
    assert TARGETS[kind].from_json(base).to_json() == base
    with pytest.raises(ValueError, match=r"class|target"):
        TARGETS[kind].from_json({**base, **change})

"""Types that a class of one's own declares hold for what a file says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
import pytest

from chainrule.functions import Function, ReLU
from files.examples import Bent
from files.test_objects import function_from_json, function_to_json

LINEAR = {"function": "Linear", "outputs": 3, "bias": True}


def test_types_that_a_class_declares_hold():
    @dataclass(frozen=True)
    class Chosen(Bent):
        mode: Literal["a", 1] = "a"
        pair: tuple[int, bool] = (1, True)

    data = function_to_json(Chosen())
    assert function_from_json(data, [Chosen]) == Chosen()
    for key, value in [("mode", True), ("mode", "b"), ("pair", [1]), ("pair", [True, True])]:
        with pytest.raises(ValueError, match=f"Chosen: expected {key} to be"):
            function_from_json(data | {key: value}, [Chosen])


def test_types_of_any_form_hold_where_an_object_stands_or_is_lacking():
    @dataclass(frozen=True)
    class Formed(Bent):
        listed: list = ()
        numbers: Sequence[float] = ()
        named: Mapping[str, int] = field(default_factory=dict)
        array: np.ndarray = 0
        block: Function = field(default_factory=ReLU)
        noted: Annotated[int, "a note"] = 3
        anything: Any = None
        unseen: "OfNoScope" = 0  # noqa: F821

    right = {"listed": [1, "a"], "numbers": [1, 2.5], "named": {"dict": [["a", 1]]}, "array": [1]}
    data = function_to_json(Formed()) | right | {"anything": LINEAR, "unseen": LINEAR}
    assert function_from_json(data, [Formed]).named == {"a": 1}
    wrong = [
        *(("listed", value) for value in (LINEAR, 3, {"dict": []})),
        *(("numbers", value) for value in (LINEAR, [LINEAR], ["a"], 1.5)),
        *(("named", {"dict": [pair]}) for pair in (["a", LINEAR], [1, 1], ["a", 1.5])),
        *(("named", value) for value in (LINEAR, [1])),
        *(("array", value) for value in (LINEAR, {"loss": "Poisson", "outputs": "mean"})),
        *(("block", value) for value in (3, None, {"schedule": "Cosine"}, [LINEAR])),
        *(("noted", value) for value in (LINEAR, 1.5)),
        ("bend", LINEAR),
    ]
    for key, value in wrong:
        with pytest.raises(ValueError, match=f"Formed: expected {key} to be "):
            function_from_json(data | {key: value}, [Formed])

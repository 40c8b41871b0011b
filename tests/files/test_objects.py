"""Functions, losses, chains and parameters as JSON and back."""

import json
import math
from dataclasses import dataclass, fields

import numpy as np
import pytest

from chainrule.chain import Chain
from chainrule.files.objects import (
    chain_from_json,
    chain_to_json,
    check_classes,
    classes_in,
    object_from_json,
    parameters_from_json,
    parameters_to_json,
    to_json,
)
from chainrule.functions import (
    FUNCTIONS,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Softmax,
)
from chainrule.losses import LOSSES, Huber
from chainrule.training import Adam, Cosine, Noise, WarmUp
from files.cases import FUNCTION_CASES, LOSS_CASES
from files.examples import Bent, noisy


def function_to_json(function):
    return to_json(function, "chain")


def function_from_json(data, extra=()):
    return object_from_json("function", data, extra)


def check_cases(cls, cases):
    assert cases, f"{cls.__name__} has no case"
    for each in fields(cls):
        values = {repr(getattr(case, each.name)) for case in cases}
        assert len(values) > 1, f"no case of {cls.__name__} varies {each.name}"


@pytest.mark.parametrize("cls", FUNCTIONS)
def test_every_function_comes_back(cls):
    check_cases(cls, FUNCTION_CASES.get(cls))
    for function in FUNCTION_CASES[cls]:
        data = json.loads(json.dumps(function_to_json(function), allow_nan=False))
        back = function_from_json(data)
        assert type(back) is cls
        assert back == function
        assert function_to_json(back) == data


@pytest.mark.parametrize("cls", LOSSES)
def test_every_loss_comes_back(cls):
    check_cases(cls, LOSS_CASES.get(cls))
    for loss in LOSS_CASES[cls]:
        data = json.loads(json.dumps(to_json(loss, "loss"), allow_nan=False))
        assert type(object_from_json("loss", data)) is cls
        assert object_from_json("loss", data) == loss


def test_the_json_is_as_documented():
    assert function_to_json(Conv2d(8, (3, 5))) == {
        "function": "Conv2d",
        "channels": 8,
        "size": [3, 5],
        "stride": 1,
        "padding": "valid",
        "dilation": 1,
        "groups": 1,
        "bias": True,
    }
    assert to_json(Huber(), "loss") == {"loss": "Huber", "outputs": "mean", "delta": 1.0}
    chain = Chain(Linear(3), ReLU()).initialize((2,), dtype=np.float64)
    assert chain_to_json(chain) == {
        "functions": [{"function": "Linear", "outputs": 3, "bias": True}, {"function": "ReLU"}],
        "input_shape": [2],
        "dtype": "float64",
    }


def test_a_chain_comes_back_with_the_same_layers():
    chain = noisy(Chain(Conv2d(4, 2), MaxPool2d(), Flatten(), Linear(5), Softmax()), (3, 6, 7))
    layout = chain_from_json(chain_to_json(chain))
    assert layout.count == chain.parameters.flat.size
    assert layout.output_shape == (5,)
    again = Chain.from_layout(layout, chain.parameters.flat)
    assert again.layers == chain.layers
    X = np.random.default_rng(0).standard_normal((2, 3, 6, 7))
    np.testing.assert_array_equal(again.forward(X), chain.forward(X))


def test_a_function_of_ones_own():
    data = function_to_json(Bent(2, ("é",)))
    assert data == {"function": "Bent", "bend": 2, "words": ["é"]}
    assert function_from_json(data, [Bent]) == Bent(2, ("é",))
    with pytest.raises(ValueError, match=r"uses the function Bent, which is not in chainrule; "):
        function_from_json(data)
    with pytest.raises(ValueError, match="expected words to be"):
        function_from_json(data | {"words": ["é", 3]}, [Bent])


LINEAR = {"function": "Linear", "outputs": 3, "bias": True}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "expected an object with the key 'function', got none"),
        ([], "expected an object"),
        ({}, "expected an object"),
        ({"loss": "Huber", "delta": 1.0}, "expected an object with the key 'function'"),
        (LINEAR | {"function": "linear"}, "uses the function linear, which is not in chainrule"),
        (LINEAR | {"function": "Function"}, "uses the function Function"),
        (LINEAR | {"function": "__import__('os')"}, "expected the name of a known function, got"),
        (LINEAR | {"function": "A" * 201}, "expected the name of a known function, got 'AAA"),
        (LINEAR | {"function": ["Linear"]}, "function: expected a text"),
        (LINEAR | {"function": None}, "function: expected a text"),
        ({"function": "Linear", "outputs": 3}, "Linear: expected the keys"),
        (LINEAR | {"inputs": 3}, "Linear: expected the keys"),
        (LINEAR | {"initialization": "he"}, "Linear: expected the keys"),
        (LINEAR | {"outputs": True}, "expected outputs to be int, got True"),
        (LINEAR | {"outputs": 3.0}, "expected outputs to be int, got 3.0"),
        (LINEAR | {"outputs": "3"}, "expected outputs to be int"),
        (LINEAR | {"outputs": [3]}, "expected outputs to be int"),
        (LINEAR | {"outputs": 0}, "Linear: expected outputs to be a whole number >= 1, got 0"),
        (LINEAR | {"outputs": 2**63 + 1}, "Linear.outputs: expected an integer from"),
        (LINEAR | {"outputs": {}}, "Linear.outputs: expected a value of a parameter"),
        (LINEAR | {"outputs": {"number": "inf"}}, "expected outputs to be int, got inf"),
        (LINEAR | {"outputs": LINEAR}, r"expected outputs to be int, got Linear\(outputs=3"),
        (LINEAR | {"bias": 1}, "expected bias to be bool, got 1"),
        (LINEAR | {"bias": None}, "expected bias to be bool, got None"),
        ({"function": "Dropout", "rate": float("nan")}, "Dropout.rate: expected a finite number"),
        ({"function": "Dropout", "rate": float("inf")}, "Dropout.rate: expected a finite number"),
        ({"function": "Dropout", "rate": False}, "expected rate to be float, got False"),
        ({"function": "Dropout", "rate": 1.0}, "Dropout: expected a number 0 <= rate < 1"),
        ({"function": "EmbeddingBag", "dimensions": 2, "mode": "max"}, "one of sum, mean"),
        ({"function": "EmbeddingBag", "dimensions": 2, "mode": "m" * 999}, r"one of sum, .*m…$"),
        ({"function": "MaxPool2d", "size": [[2], 2], "stride": None, "padding": 0}, "to be int"),
        ({"function": "MaxPool2d", "size": [2], "stride": None, "padding": 0}, "to be int | tuple"),
        ({"function": "MaxPool2d", "size": [2] * 1001, "stride": None, "padding": 0}, r"2,\.\.\.$"),
        ({"function": "MaxPool2d", "size": 2, "stride": None, "padding": 2}, "padding below"),
    ],
)
def test_anything_odd_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        function_from_json(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"loss": "Swish", "delta": 1.0}, "uses the loss Swish, which is not in chainrule"),
        ({"loss": "Huber"}, "Huber: expected the keys"),
        ({"loss": "Huber", "outputs": "sum", "delta": -1.0}, "Huber: expected a number"),
        ({"loss": "Huber", "outputs": "max", "delta": 1.0}, "expected outputs to be"),
        (
            {"loss": "Huber", "outputs": "sum", "delta": None},
            "expected delta to be float, got None",
        ),
        ({"function": "ReLU"}, "expected an object with the key 'loss'"),
    ],
)
def test_odd_losses_are_refused(data, message):
    with pytest.raises(ValueError, match=message):
        object_from_json("loss", data)


CHAIN = {"functions": [LINEAR], "input_shape": [2], "dtype": "float32"}
POOL = {"function": "MaxPool2d", "size": 9, "stride": None, "padding": "valid"}
FLATTEN = {"function": "Flatten"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"functions": []}, "chain.functions: expected a list of 1 to 1,000 items"),
        ({"functions": [LINEAR] * 1001}, "chain.functions: .* length 1001"),
        ({"functions": {}}, "chain.functions: expected a list"),
        ({"functions": [POOL]}, "MaxPool2d.*: expected samples of shape"),
        ({"functions": [POOL], "input_shape": [1, 8, 8]}, "expected images of at least 9 rows"),
        ({"input_shape": []}, "chain.input_shape: expected a list of 1 to 8 items"),
        ({"input_shape": [0]}, "chain.input_shape: expected an integer from 1"),
        ({"input_shape": [True]}, "chain.input_shape: expected an integer"),
        ({"input_shape": [2**31 + 1]}, "chain.input_shape: expected an integer"),
        ({"input_shape": [2, 2]}, "Linear.*: expected samples of shape"),
        ({"dtype": "float16"}, "chain.dtype: expected float32 or float64"),
        ({"dtype": ["float32"]}, "chain.dtype: expected"),
        ({"loss": None}, "chain: expected the keys"),
        # int64 would wrap 2^32 · 2^31 · 2 around to 0, and 2^62 · 4 + … likewise.
        ({"functions": [FLATTEN], "input_shape": [2**31] * 2 + [4]}, "nothing is left|at most"),
        ({"functions": [FLATTEN], "input_shape": [2**31, 2**31, 4, 3]}, "nothing is left|at most"),
        ({"functions": [FLATTEN, LINEAR], "input_shape": [2**30 + 1, 2**30 + 1, 16]}, "at most"),
    ],
)
def test_odd_chains_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        chain_from_json(CHAIN | change)


def test_a_class_that_cannot_be_allowed():
    @dataclass(frozen=True)
    class Linear(Bent):
        pass

    class Plain:
        pass

    with pytest.raises(ValueError, match="none of them chainrule's, got another Linear"):
        check_classes([Linear])
    with pytest.raises(TypeError, match=r"expected classes of functions, losses, .*, got Bent"):
        check_classes([Bent()])
    with pytest.raises(TypeError, match=r"expected classes of functions, losses, .*, got <class"):
        check_classes([Plain])
    check_classes([Bent, ReLU, Huber, Bent])


def test_what_is_no_dataclass_cannot_be_saved():
    class Bare(Flatten.__mro__[1]):  # ExplicitFunction, which is no dataclass
        output_shape = forward = backprop = jacobian = None

    with pytest.raises(ValueError, match="chain: expected a dataclass, so that it can be"):
        function_to_json(Bare())
    with pytest.raises(TypeError, match="functions: expected dataclasses, got Bare"):
        check_classes([Bare])


def test_a_field_of_the_tag_s_name_cannot_be_saved():
    @dataclass(frozen=True)
    class Named(Bent):
        function: str = "f"

    with pytest.raises(ValueError, match=r"expected Named with fields .* the field function"):
        function_to_json(Named())


def test_whatever_a_class_raises_is_one_error():
    @dataclass(frozen=True)
    class Picky(Bent):
        def __post_init__(self):
            raise ZeroDivisionError

        def output_shape(self, input_shape):
            return (input_shape[7],)

    with pytest.raises(ValueError, match="Picky: it cannot be made: ZeroDivisionError"):
        function_from_json({"function": "Picky", "bend": 1, "words": []}, [Picky])

    @dataclass(frozen=True)
    class Indexing(Bent):
        def output_shape(self, input_shape):
            return (input_shape[7],)

    chain = CHAIN | {"functions": [{"function": "Indexing", "bend": 1, "words": []}]}
    with pytest.raises(ValueError, match="tuple index out of range"):
        chain_from_json(chain, [Indexing])


def test_parameters_of_any_kind_come_back():
    given = {
        "numbers": [1, -2.5, True, None, np.float32(0.5), np.int8(3), math.inf],
        "texts": ("a", ("é", [])),
        "weights": {0: 1.0, "x": {True: [(1,)]}},
        "chain": Chain(Linear(3), Bent(0.25)),
        "objects": [Adam(0.5), WarmUp(2, Cosine()), Huber(2.0), (Noise(0.1), ReLU())],
    }
    data = parameters_to_json(given)
    assert data["texts"] == {"tuple": ["a", {"tuple": ["é", []]}]}
    assert data["weights"] == {"dict": [[0, 1.0], ["x", {"dict": [[True, [{"tuple": [1]}]]]}]]}
    assert data["numbers"][-1] == {"number": "inf"}
    assert data["objects"][1] == {"schedule": "WarmUp", "epochs": 2, "then": {"schedule": "Cosine"}}
    back = parameters_from_json(json.loads(json.dumps(data, allow_nan=False)), [Bent])
    assert back.pop("chain").functions == given.pop("chain").functions
    assert back == given
    assert parameters_to_json(back | {"chain": Chain(Linear(3), Bent(0.25))}) == data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "x: expected a value of a parameter"),
        ({"number": "1"}, "x: expected one of function, loss, optimizer, schedule, augmentation"),
        ({"tuple": []} | LINEAR, r"x\.Linear: expected the keys"),
        ({"function": "ReLU", "loss": "Huber"}, "x: expected one of function, loss"),
        ({"optimizer": "Linear", "outputs": 3}, "x: uses the optimizer Linear, which is not in"),
        ({"tuple": {}}, "x: expected a list"),
        ({"dict": [[1]]}, "x: expected a list of 2 to 2 items"),
        ({"dict": [[1, 2], [1.0, 3]]}, "x: expected different keys"),
        ({"dict": [[{"tuple": []}, 2]]}, "x: expected different keys"),
        ({"chain": [{"loss": "Huber"}]}, "x: expected an object with the key 'function'"),
        ({"schedule": "WarmUp", "epochs": 1, "then": {}}, r"x\.WarmUp\.then: expected a value"),
        ({"schedule": "WarmUp", "epochs": -1, "then": None}, "x: WarmUp: expected"),
    ],
)
def test_odd_parameters_are_refused(data, message):
    with pytest.raises(ValueError, match=message):
        parameters_from_json({"x": data})


def test_parameters_that_cannot_be_kept_are_named():
    endless = []
    endless.append(endless)
    with pytest.raises(ValueError, match="x: expected values that are not within themselves"):
        parameters_to_json({"x": endless})
    with pytest.raises(ValueError, match=r"x: expected a number, text, .* got builtin_function"):
        parameters_to_json({"x": [max]})


def test_classes_are_found_wherever_they_stand():
    value = {"a": [Chain(Linear(2), Bent()), (WarmUp(1, Cosine()),)], "b": {"c": Huber()}}
    assert set(classes_in(value)) == {Linear, Bent, WarmUp, Cosine, Huber}

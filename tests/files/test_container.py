"""Model files: what is saved comes back, and whatever else is there is refused with a reason."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from safetensors.numpy import load_file

from chainrule import load
from chainrule.chain import Chain
from chainrule.files import ModelFileError, container
from chainrule.files.estimator import KEYS
from chainrule.functions import (
    AvgPool2d,
    BatchEnsembleLinear,
    Conv2d,
    Dropout,
    Flatten,
    Identity,
    Linear,
    MaxPool2d,
    MemberLinear,
    Softmax,
)
from chainrule.inputs import TableEncoder
from chainrule.inputs.tables import NumericColumn
from chainrule.losses import CrossEntropy, Huber, MeanSquaredError
from chainrule.targets import Classes, Numbers
from files.by_hand import by_hand, canonical, taken_apart
from files.cases import FUNCTION_CASES, LOSS_CASES
from files.examples import IMAGES, TABLE, Bent, image_network, network, noisy, table_network


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def saved(model, path):
    model.save(path)
    return path.read_bytes()


def check_equal(model, other):
    flat, again = model.chain_.parameters.flat, other.chain_.parameters.flat
    assert (flat.dtype, flat.tobytes()) == (again.dtype, again.tobytes())
    assert list(model.chain_.parameters) == list(other.chain_.parameters)
    assert model.chain_.layers == other.chain_.layers
    assert repr(model) == repr(other)
    assert model.inputs_ == other.inputs_
    assert model.targets_.to_json() == other.targets_.to_json()
    assert getattr(model, "metadata_", {}) == getattr(other, "metadata_", {})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_networks_of_tables_come_back(path, task, dtype):
    model = table_network(task, dtype)
    content = saved(model, path)
    again = load(path)
    check_equal(model, again)
    rows = TABLE.without("kind")
    np.testing.assert_array_equal(model.predict(rows), again.predict(rows))
    assert saved(again, path) == content


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_networks_of_images_come_back(path, dtype):
    model = image_network(dtype=dtype)
    model.save(str(path))
    again = load(str(path))
    check_equal(model, again)
    np.testing.assert_array_equal(model.predict_proba(IMAGES), again.predict_proba(IMAGES))


ALL = [function for cases in FUNCTION_CASES.values() for function in cases]
ON_IMAGES = [f for f in ALL if isinstance(f, Conv2d | MaxPool2d | AvgPool2d)]
FEATURES = [function for function in ALL if function not in ON_IMAGES]


def hidden(function):
    """Return a function with what makes its inputs of features, and features of its outputs."""
    if not isinstance(function, MemberLinear | BatchEnsembleLinear):
        return [function]
    return [*([] if function.members else [MemberLinear(2, members=3)]), function, Flatten()]


@pytest.mark.parametrize("function", FEATURES, ids=str)
def test_every_function_on_features_comes_back_in_a_file(path, function):
    model = table_network("regression", hidden=hidden(function))
    model.save(path)
    check_equal(model, load(path))


@pytest.mark.parametrize("function", ON_IMAGES, ids=str)
def test_every_function_on_images_comes_back_in_a_file(path, function):
    model = image_network(function, (3, 9, 8))
    model.save(path)
    check_equal(model, load(path))


@pytest.mark.parametrize(
    "loss", [loss for cases in LOSS_CASES.values() for loss in cases], ids=repr
)
def test_every_loss_comes_back_in_a_file(path, loss):
    model = table_network("regression", loss=loss)
    model.save(path)
    check_equal(model, load(path))


def test_a_chain_without_parameters_comes_back(path):
    inputs = TableEncoder((NumericColumn("x", 0.0, 1.0, 0.0, missing=False),))
    chain = Chain(Identity(), Dropout(0)).initialize((1,))
    model = network(inputs, chain, Numbers(1, (2.0,), (3.0,), "y"), MeanSquaredError())
    content = saved(model, path)
    check_equal(model, load(path))
    assert taken_apart(content)[1] == b""
    assert load_file(path)["parameters"].shape == (0,)


def test_strange_texts_and_numbers_come_back(path):
    names = ["\u0000", "\n", '"\\', "ü€😀\u2028", " ", "a" * 5000]
    inputs = TableEncoder(
        tuple(NumericColumn(n, -0.0, 5e-324, 1.7976931348623157e308, missing=False) for n in names),
        (("dropped", "ünïcode"),),
    )
    targets = Classes(np.array(["1e400", "null", "true"]), name="{}")
    chain = noisy(Chain(Linear(3), Softmax()), (6,))
    metadata = {"": [[], {}, None, True, -0.0, 1e-320, 2**63, -(2**63)], "z": {"b": 1, "a": 2}}
    model = network(inputs, chain, targets, CrossEntropy(), metadata)
    model.save(path)
    check_equal(model, load(path))
    load_file(path)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_safetensors_itself_reads_the_file(path, dtype):
    model = table_network(dtype=dtype)
    model.save(path)
    tensors = load_file(path)
    assert list(tensors) == ["parameters"]
    assert tensors["parameters"].dtype == dtype
    np.testing.assert_array_equal(tensors["parameters"], model.chain_.parameters.flat)


def test_the_file_is_as_documented(path):
    content = saved(table_network(), path)
    value, numbers = taken_apart(content)
    assert content == by_hand(canonical(value), numbers)
    assert sorted(value) == sorted(KEYS)
    assert value["inputs"]["kind"] == "table"
    assert (8 + int.from_bytes(content[:8], "little")) % 8 == 0


def test_a_function_and_a_loss_of_ones_own(path):
    @dataclass(frozen=True)
    class Halved(Huber):
        half: bool = True

    model = table_network("regression", hidden=[Bent(0.25, ("é",))], loss=Halved())
    model.save(path)
    check_equal(model, load(path, functions=[Halved, Bent]))
    reason = "chain: uses the function Bent, which is not in chainrule; pass it as load(path, "
    with pytest.raises(ModelFileError) as error:
        load(path)
    other = "or read the file with the release that has written it"
    assert str(error.value) == f"{path}: {reason}functions=[Bent]), {other}"
    with pytest.raises(ModelFileError, match="uses the loss Halved, which is not in chainrule"):
        load(path, functions=[Bent])
    with pytest.raises(TypeError, match="functions: expected classes of functions, losses"):
        load(path, functions=[Bent()])


@pytest.mark.parametrize("shape", [1, 63, 64, 65, 1025])
def test_any_length_of_header_is_aligned(path, shape):
    model = table_network(metadata={"x": "y" * shape})
    assert (8 + int.from_bytes(saved(model, path)[:8], "little")) % 8 == 0
    check_equal(model, load(path))


def test_every_changed_byte_is_noticed(path):
    content = saved(table_network("binary"), path)
    for position, byte in enumerate(content):
        others = {byte ^ bit for bit in (1, 2, 16, 32, 128)} | {0, 32, 48, 49, 255, ~byte & 255}
        for other in sorted(others - {byte})[position % 5 :: 5]:  # all of them on any five bytes
            path.write_bytes(content[:position] + bytes([other]) + content[position + 1 :])
            with pytest.raises(ModelFileError):
                load(path)


def test_every_cut_and_every_addition_is_noticed(path):
    content = saved(table_network("regression"), path)
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ModelFileError, match=r"is cut off|is no model of chainrule"):
            load(path)
    for addition in (b"\0", b" ", b"\n", bytes(4), bytes(8), content):
        path.write_bytes(content + addition)
        with pytest.raises(ModelFileError, match="is damaged: it does not end with the parameters"):
            load(path)


def test_every_removed_or_doubled_byte_is_noticed(path):
    content = saved(table_network("binary"), path)
    for position in range(len(content)):
        for middle in (b"", content[position : position + 1] * 2):
            changed = content[:position] + middle + content[position + 1 :]
            path.write_bytes(changed)
            if changed != content:
                with pytest.raises(ModelFileError):
                    load(path)


def test_parameters_that_are_not_finite(path):
    model = table_network()
    value, numbers = taken_apart(saved(model, path))
    path.write_bytes(by_hand(canonical(value), np.float32(np.nan).tobytes() + numbers[4:]))
    with pytest.raises(ModelFileError, match="expected finite parameters, got NaN or infinity"):
        load(path)
    before = path.read_bytes()
    model.chain_.parameters.flat[3] = np.inf
    with pytest.raises(
        ModelFileError, match="cannot be saved: the parameters have NaN or infinity"
    ):
        model.save(path)
    assert path.read_bytes() == before


def test_the_same_network_written_otherwise_is_refused(path):
    value, numbers = taken_apart(saved(table_network("regression"), path))
    texts = [
        json.dumps(value, sort_keys=True),
        json.dumps(dict(reversed(value.items())), separators=(",", ":")),
        canonical(value).replace('"chain":', '"chain": '),
        canonical(value).replace('"size"', '"\\u0073ize"'),
        canonical(value).replace('"delta":1.5', '"delta":1.50'),
        canonical(value | {"targets": value["targets"] | {"mean": [25]}}),
    ]
    for text in texts:
        assert text != canonical(value)
        path.write_bytes(by_hand(text, numbers))
        with pytest.raises(ModelFileError, match="expected an estimator's canonical text"):
            load(path)


LONG = NumericColumn("x" * 130_000, 0.0, 1.0, 0.0, missing=False)


def columns(count):
    return tuple(replace(LONG, name=f"{LONG.name}{number}") for number in range(count))


def test_a_description_of_many_megabytes(path):
    inputs, targets = TableEncoder(columns(80)), Classes(np.array(["a", "b", "c"]))
    chain = noisy(Chain(Linear(3), Softmax()), inputs.sample_shape)
    model = network(inputs, chain, targets, CrossEntropy())
    model.save(path)
    assert path.stat().st_size > 10_000_000
    read = load(path)
    assert read.inputs_.columns == inputs.columns
    assert np.array_equal(read.chain_.parameters.flat, model.chain_.parameters.flat)


def test_networks_that_a_file_cannot_keep(path, monkeypatch):
    monkeypatch.setattr(container, "LONGEST_HEADER", 2**22)
    small = TableEncoder((replace(LONG, name="x"),))
    three = Classes(np.array(["a", "b", "c"]))

    def of(chain=None, inputs=small, targets=three):
        chain = noisy(chain or Chain(Linear(3), Softmax()), inputs.sample_shape)
        return network(inputs, chain, targets, CrossEntropy())

    half = of()
    half.chain_ = half.chain_.astype(np.float16)
    for wrong, message in [
        (half, "chain.dtype: expected float32"),
        (of(Chain(Linear(3, bias=1), Softmax())), "expected bias to be bool"),
        (of(inputs=TableEncoder(columns(40))), "very many columns or names?"),
        (of(targets=replace(three, name="\ud800")), "targets.name: expected"),
    ]:
        with pytest.raises(ModelFileError, match=f"cannot be saved: .*{message}"):
            wrong.save(path)
        assert not path.exists()
    model = of()
    model.metadata_ = {"bad": float("nan")}
    with pytest.raises(ModelFileError, match="cannot be saved: metadata: expected"):
        model.save(path)

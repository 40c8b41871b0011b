"""Model files: what is saved comes back, and whatever else is there is refused with a reason."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from safetensors.numpy import load_file

from chainrule.chain import Chain
from chainrule.data import NumericColumn, TableEncoder, Target
from chainrule.files import ModelFileError
from chainrule.functions import AvgPool2d, Conv2d, Dropout, Flatten, Identity, Linear, MaxPool2d
from chainrule.losses import Huber, MeanSquaredError
from chainrule.models import Model
from files.by_hand import by_hand, canonical, taken_apart
from files.cases import FUNCTION_CASES, LOSS_CASES
from files.examples import TABLE, Bent, image_model, noisy, table_model


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def saved(model, path):
    model.save(path)
    return path.read_bytes()


def check_equal(model, other):
    flat, again = model.chain.parameters.flat, other.chain.parameters.flat
    assert (flat.dtype, flat.tobytes()) == (again.dtype, again.tobytes())
    assert list(model.chain.parameters) == list(other.chain.parameters)
    assert model.chain.layers == other.chain.layers
    for part in ("loss", "inputs", "target", "facts"):
        assert getattr(model, part) == getattr(other, part)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_models_of_tables_come_back(path, task, dtype):
    model = table_model(task, dtype)
    content = saved(model, path)
    again = Model.load(path)
    check_equal(model, again)
    one, other = model.predict(TABLE), again.predict(TABLE)
    np.testing.assert_array_equal(np.asarray(one.values), np.asarray(other.values))
    assert saved(again, path) == content


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_models_of_images_come_back(path, dtype):
    model, images = image_model(dtype)
    model.save(str(path))
    again = Model.load(str(path))
    check_equal(model, again)
    one, other = model.predict(images), again.predict(images)
    np.testing.assert_array_equal(one.probabilities, other.probabilities)


ALL = [function for cases in FUNCTION_CASES.values() for function in cases]
IMAGES = [function for function in ALL if isinstance(function, Conv2d | MaxPool2d | AvgPool2d)]
FEATURES = [function for function in ALL if function not in IMAGES]


@pytest.mark.parametrize("function", FEATURES, ids=str)
def test_every_function_on_features_comes_back_in_a_file(path, function):
    model = table_model("regression", hidden=function)
    model.save(path)
    check_equal(model, Model.load(path))


@pytest.mark.parametrize("function", IMAGES, ids=str)
def test_every_function_on_images_comes_back_in_a_file(path, function):
    model, _ = image_model()
    large = replace(model.inputs, shape=(3, 9, 8), mean=(0.0, 1.0, 2.0), scale=(1.0, 2.0, 3.0))
    chain = noisy(Chain(function, Flatten(), Linear(3)), (3, 9, 8))
    model = replace(model, chain=chain, inputs=large)
    model.save(path)
    check_equal(model, Model.load(path))


@pytest.mark.parametrize(
    "loss", [loss for cases in LOSS_CASES.values() for loss in cases], ids=repr
)
def test_every_loss_comes_back_in_a_file(path, loss):
    model = replace(table_model("regression"), loss=loss)
    model.save(path)
    check_equal(model, Model.load(path))


def test_a_chain_without_parameters_comes_back(path):
    encoder = TableEncoder((NumericColumn("x", 0, 1, 0, missing=False),))
    target = Target("y", "regression", (), 2, 3)
    chain = Chain(Identity(), Dropout(0)).initialize((1,))
    model = Model(chain, MeanSquaredError(), encoder, target)
    content = saved(model, path)  # integers where floats are meant come back as floats
    check_equal(model, Model.load(path))
    assert taken_apart(content)[1] == b""
    assert load_file(path)["parameters"].shape == (0,)


def test_strange_texts_and_numbers_come_back(path):
    names = ["\u0000", "\n", '"\\', "ü€😀\u2028", " ", "a" * 5000]
    encoder = TableEncoder(
        tuple(NumericColumn(n, -0.0, 5e-324, 1.7976931348623157e308, missing=False) for n in names),
        (("dropped", "ünïcode"),),
    )
    target = Target("{}", "multiclass", ("true", "null", "1e400"), 0.0, 1.0)
    chain = noisy(Chain(Linear(3)), (6,))
    facts = {"": [[], {}, None, True, -0.0, 1e-320, 2**63, -(2**63)], "z": {"b": 1, "a": 2}}
    model = Model(chain, MeanSquaredError(), encoder, target, facts)
    model.save(path)
    check_equal(model, Model.load(path))
    load_file(path)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_safetensors_itself_reads_the_file(path, dtype):
    model = table_model(dtype=dtype)
    model.save(path)
    tensors = load_file(path)
    assert list(tensors) == ["parameters"]
    assert tensors["parameters"].dtype == dtype
    np.testing.assert_array_equal(tensors["parameters"], model.chain.parameters.flat)


def test_the_file_is_as_documented(path):
    content = saved(table_model(), path)
    value, numbers = taken_apart(content)
    assert content == by_hand(canonical(value), numbers)
    assert sorted(value) == ["chain", "facts", "inputs", "loss", "target"]
    assert value["inputs"]["kind"] == "table"
    assert (8 + int.from_bytes(content[:8], "little")) % 8 == 0


def test_a_function_and_a_loss_of_ones_own(path):
    @dataclass(frozen=True)
    class Halved(Huber):
        half: bool = True

    model = replace(table_model("regression", hidden=Bent(0.25, ("é",))), loss=Halved())
    model.save(path)
    check_equal(model, Model.load(path, functions=[Halved, Bent]))
    reason = "chain: uses the function Bent, which is not in chainrule; pass it as load(path, "
    with pytest.raises(ModelFileError) as error:
        Model.load(path)
    assert str(error.value) == f"{path}: {reason}functions=[Bent])"
    with pytest.raises(ModelFileError, match="uses the loss Halved, which is not in chainrule"):
        Model.load(path, functions=[Bent])
    with pytest.raises(TypeError, match="functions: expected classes of functions, losses"):
        Model.load(path, functions=[Bent()])


@pytest.mark.parametrize("shape", [1, 63, 64, 65, 1025])
def test_any_length_of_header_is_aligned(path, shape):
    model = replace(table_model(), facts={"x": "y" * shape})
    assert (8 + int.from_bytes(saved(model, path)[:8], "little")) % 8 == 0
    check_equal(model, Model.load(path))


def test_every_changed_byte_is_noticed(path):
    content = saved(table_model("binary"), path)
    for position, byte in enumerate(content):
        others = {byte ^ bit for bit in (1, 2, 16, 32, 128)} | {0, 32, 48, 49, 255, ~byte & 255}
        for other in others - {byte}:
            path.write_bytes(content[:position] + bytes([other]) + content[position + 1 :])
            with pytest.raises(ModelFileError):
                Model.load(path)


def test_every_cut_and_every_addition_is_noticed(path):
    content = saved(table_model("regression"), path)
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ModelFileError, match=r"is cut off|is no model of chainrule"):
            Model.load(path)
    for addition in (b"\0", b" ", b"\n", bytes(4), bytes(8), content):
        path.write_bytes(content + addition)
        with pytest.raises(ModelFileError, match="is damaged: it does not end with the parameters"):
            Model.load(path)


def test_every_removed_or_doubled_byte_is_noticed(path):
    content = saved(table_model("binary"), path)
    for position in range(len(content)):
        for middle in (b"", content[position : position + 1] * 2):
            changed = content[:position] + middle + content[position + 1 :]
            path.write_bytes(changed)
            if changed != content:
                with pytest.raises(ModelFileError):
                    Model.load(path)


def test_parameters_that_are_not_finite(path):
    model = table_model()
    value, numbers = taken_apart(saved(model, path))
    path.write_bytes(by_hand(canonical(value), np.float32(np.nan).tobytes() + numbers[4:]))
    with pytest.raises(ModelFileError, match="expected finite parameters, got NaN or infinity"):
        Model.load(path)
    before = path.read_bytes()
    model.chain.parameters.flat[3] = np.inf
    with pytest.raises(
        ModelFileError, match="cannot be saved: the parameters have NaN or infinity"
    ):
        model.save(path)
    assert path.read_bytes() == before


def test_the_same_model_written_otherwise_is_refused(path):
    value, numbers = taken_apart(saved(table_model("regression"), path))
    texts = [
        json.dumps(value, sort_keys=True),
        json.dumps(dict(reversed(value.items())), separators=(",", ":")),
        canonical(value).replace('"scale":', '"scale": '),
        canonical(value).replace('"size"', '"\\u0073ize"'),
        canonical(value).replace('"delta":1.5', '"delta":1.50'),
        canonical(value | {"target": value["target"] | {"mean": 25}}),
    ]
    for text in texts:
        assert text != canonical(value)
        path.write_bytes(by_hand(text, numbers))
        with pytest.raises(ModelFileError, match="expected the canonical text of a model"):
            Model.load(path)


def test_models_that_a_file_cannot_keep(path):
    model = table_model()
    shape = model.chain.layers[0].input_shape
    wide = NumericColumn("x" * 130_000, 0.0, 1.0, 0.0, missing=False)
    columns = tuple(replace(wide, name=f"{wide.name}{i}") for i in range(40))
    large = noisy(Chain(Linear(3)), (40,))
    for wrong, message in [
        (replace(model, chain=model.chain.astype(np.float16)), "chain.dtype: expected float32"),
        (replace(model, chain=noisy(Chain(Linear(3, bias=1)), shape)), "expected bias to be bool"),
        (replace(model, chain=large, inputs=TableEncoder(columns)), "very many columns or epochs?"),
        (replace(model, target=replace(model.target, name="\ud800")), "target.name: expected"),
    ]:
        with pytest.raises(ModelFileError, match=f"cannot be saved: .*{message}"):
            wrong.save(path)
        assert not path.exists()
    model.facts["bad"] = float("nan")
    with pytest.raises(ModelFileError, match="cannot be saved: facts: expected"):
        model.save(path)

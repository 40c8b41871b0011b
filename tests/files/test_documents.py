"""Files of format 2: a text and named tensors come back; whatever else is there is refused."""

import copy
import os
import random

import numpy as np
import pytest
from safetensors.numpy import load_file

from chainrule import ModelFileError, load
from chainrule.files.container import kind_of_file
from chainrule.files.documents import Document, read_document, write_document
from chainrule.files.tensors import TensorLayout
from effort import bounded
from files.by_hand import canonical, document_by_hand
from files.examples import table_network

RNG = np.random.default_rng(0)
VALUE = {"step": 7, "rate": 0.1, "names": ["ü", "\u0000"], "more": {"none": None, "yes": True}}
ARRAYS = {
    "parameters": np.array([1.5, -0.0, 5e-324]),
    "optimizer.mean": np.array([[np.nan, np.inf], [-np.inf, -0.0], [1e-45, 3]], np.float32),
    "order": RNG.permutation(5),
    "random.key": RNG.integers(0, 2**32, 3, dtype=np.uint32),
    "random.words": np.array([2**64 - 1, 0], np.uint64),
    "mask": np.arange(3, dtype=np.uint8),
    "nothing": np.zeros((0, 3), np.float32),
    "number": np.array(2.5),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.safetensors"


def saved(path, value=VALUE, arrays=ARRAYS):
    write_document(path, "checkpoint", value, arrays)
    return path.read_bytes()


def refused(path, content, match=None, memory=2**20):
    """Check that a file is refused with little work, in little memory."""
    if content is not None:
        path.write_bytes(content)
    with bounded(len(content or b""), memory), pytest.raises(ModelFileError, match=match):
        read_document(path, "checkpoint")


def test_arrays_of_every_type_come_back_to_the_bit(path):
    saved(path)
    value, arrays = read_document(path, "checkpoint")
    assert value == VALUE
    assert sorted(arrays) == sorted(ARRAYS)
    for name, array in ARRAYS.items():
        again = arrays[name]
        assert (again.dtype, again.shape) == (array.dtype, array.shape)
        assert again.tobytes() == array.tobytes()
        assert again.flags.writeable


def test_arrays_in_other_orders_of_bytes_and_memory_are_the_same_file(path):
    content = saved(path)
    others = {name: array.astype(array.dtype.newbyteorder(">")) for name, array in ARRAYS.items()}
    others["optimizer.mean"] = np.asfortranarray(others["optimizer.mean"])
    others["order"] = np.repeat(others["order"], 2)[::2]
    assert saved(path, VALUE, dict(reversed(others.items()))) == content


def by_hand():
    """Return two tensors as they stand in a file, and the text that declares them."""
    tensors = [
        ("order", "I64", [3], np.array([2, 0, 1]).tobytes()),
        ("optimizer.mean", "F32", [2, 1], np.array([1, 2], np.float32).tobytes()),
    ]
    declared = {name: {"type": dtype, "shape": shape} for name, dtype, shape, _ in tensors}
    return canonical({"content": {"step": 1}, "tensors": declared}), tensors


def test_the_file_is_as_documented_and_safetensors_reads_it(path):
    text, tensors = by_hand()
    arrays = {"optimizer.mean": np.array([[1], [2]], np.float32), "order": np.array([2, 0, 1])}
    assert saved(path, {"step": 1}, arrays) == document_by_hand(text, tensors)
    content = saved(path)
    assert (8 + int.from_bytes(content[:8], "little")) % 8 == 0
    for name, array in load_file(path).items():
        assert (array.shape, array.dtype) == (ARRAYS[name].shape, ARRAYS[name].dtype)
        assert array.tobytes() == ARRAYS[name].tobytes()


def test_every_changed_byte_is_noticed(path):
    content = saved(path)
    for position, byte in enumerate(content):
        for other in {byte ^ 1, byte ^ 32} - {byte}:
            path.write_bytes(content[:position] + bytes([other]) + content[position + 1 :])
            with pytest.raises(ModelFileError):
                read_document(path, "checkpoint")


def test_every_cut_every_addition_and_every_double_is_noticed(path):
    content = saved(path)
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ModelFileError, match=r"is cut off|is no checkpoint of chainrule"):
            read_document(path, "checkpoint")
        changed = content[:length] + content[length : length + 1] + content[length:]
        path.write_bytes(changed)
        with pytest.raises(ModelFileError):
            read_document(path, "checkpoint")
    for addition in (b"\0", b" ", bytes(8), content):
        refused(path, content + addition, "is damaged: it does not end with the tensors")


def test_a_model_and_a_checkpoint_are_told_apart(path):
    saved(path)
    assert kind_of_file(path) == "checkpoint"
    with pytest.raises(ModelFileError, match="expected the file of a model, got that of a 'check"):
        load(path)
    table_network().save(path)
    assert kind_of_file(path) == "model"
    refused(path, None, "expected the file of a checkpoint, got that of a 'model'")
    path.write_bytes(b"a,b\n1,2\n")
    assert kind_of_file(path) is None


HUGE = {"type": "F32", "shape": [2**40]}


def test_tensors_that_do_not_fit_each_other(path):
    text, tensors = by_hand()
    first, second = tensors
    damaged = "header is not as chainrule writes it"
    for wrong, match in [
        ([second, first], damaged),
        ([first], "expected 32 bytes of tensors for its description, got 24"),
        ([*tensors, ("more", "U8", [8], bytes(8))], "expected 32 bytes of tensors .* got 40"),
        ([*tensors, ("more", "U8", [0], b"")], damaged),
        ([("other", *first[1:]), second], damaged),
        ([("order", "U64", *first[2:]), second], damaged),
        ([("order", "I64", [1, 3], first[3]), second], damaged),
        ([("order", "I64", [-3], first[3]), second], damaged),
        ([first, ("optimizer.mean", "F64", [1, 1], second[3])], damaged),
    ]:
        refused(path, document_by_hand(text, wrong), match)


def test_places_that_overlap_or_leave_something_out(path):
    text, tensors = by_hand()
    for places in (
        ([0, 24], [0, 32]),
        ([0, 24], [16, 32]),
        ([0, 32], [0, 8]),
        ([8, 32], [0, 8]),
        ([0, 23], [24, 32]),
        ([0, 24], [32, 24]),
        ([0, 24], [24.0, 32]),
        ([0, 24], [24, True]),
        ([0, 24], [24, 32, 32]),
        ([0, 24], [32]),
        ([0, 24], []),
        ([0, 24], None),
    ):
        entries = {
            name: {"dtype": dtype, "shape": shape, "data_offsets": place}
            for (name, dtype, shape, _), place in zip(tensors, places, strict=True)
        }
        refused(path, document_by_hand(text, tensors, entries=entries), "is damaged|is cut off")


def test_declarations_that_are_wrong(path):
    _, tensors = by_hand()
    for declared, match in [
        ({"x": HUGE}, "expected 4,398,046,511,104 bytes of tensors"),
        ({"x": {"type": "F32", "shape": [2**62]}}, "x: expected a shape of at most 8 axes"),
        ({"x": {"type": "F32", "shape": [0] + [2**48] * 7}}, "x: expected a shape"),
        ({"x": {"type": "F32", "shape": [1] * 9}}, "a list of 0 to 8 items"),
        ({"x": {"type": "F32", "shape": [-8]}}, "x: expected a shape"),
        ({"x": {"type": "F32", "shape": [8.0]}}, "x: expected a shape"),
        ({"x": {"type": "F32", "shape": [True]}}, "x: expected a shape"),
        ({"x": {"type": "F32", "shape": 8}}, "expected a list"),
        ({"x": {"type": "BF16", "shape": [16]}}, "expected one of F32, F64, I64, U32, U64, U8"),
        ({"x": {"type": ["F32"], "shape": [8]}}, "expected one of F32"),
        ({"x": {"type": "F32"}}, "expected the keys"),
        ({"x": []}, "expected an object"),
        ({"A": {"type": "F32", "shape": [8]}}, "a tensor's name such as 'optimizer.mean', got 'A'"),
        ({"__metadata__": {"type": "F32", "shape": [8]}}, "a tensor's name such as"),
        ({"": {"type": "F32", "shape": [8]}}, "a tensor's name such as"),
        ({"x" * 101: {"type": "F32", "shape": [8]}}, "a tensor's name such as"),
        ({f"x{n}": {"type": "U8", "shape": []} for n in range(1001)}, "object of at most 1,000"),
        ([], "tensors: expected an object"),
    ]:
        text = canonical({"content": None, "tensors": declared})
        refused(path, document_by_hand(text, tensors), match)


def test_a_huge_file_for_a_small_description(path):
    text, _ = by_hand()
    entries = {"order": {"dtype": "I64", "shape": [2**30], "data_offsets": [0, 2**33]}}
    header = document_by_hand(text, [], entries=entries)
    with path.open("wb") as file:
        file.write(header)
        file.flush()
        os.truncate(file.fileno(), len(header) + 2**33)
    refused(path, None, "is damaged: expected 32 bytes of tensors for its description, got 8,589,")


def test_metadata_that_are_wrong(path):
    text, tensors = by_hand()
    for others in (
        {"kind": 1},
        {"kind": ["checkpoint"]},
        {"kind": "Checkpoint"},
        {"version": "1"},
        {"version": 2},
        {"model": text},
        {"text": None},
        {"text": " " + text},
    ):
        refused(path, document_by_hand(text, tensors, **others))
    refused(path, document_by_hand(text, tensors, version="3"), "a newer version .* up to 2$")
    deep = "[" * 60 + "]" * 60
    for other in ("{}", "[]", '{"content":1}', text.replace(":1", ":1.0e0"), deep):
        refused(path, document_by_hand(other, tensors), memory=2**22)


def test_random_changes_of_the_header_under_a_right_checksum(path):
    text, tensors = by_hand()
    chance, nodes = random.Random(0), [None, 0, 8, 24, 32, -1, 2**63, "F64", "order", [], [0, 24]]
    right = {
        "order": {"dtype": "I64", "shape": [3], "data_offsets": [0, 24]},
        "optimizer.mean": {"dtype": "F32", "shape": [2, 1], "data_offsets": [24, 32]},
    }
    path.write_bytes(document_by_hand(text, tensors, entries=right))
    assert read_document(path, "checkpoint")[0] == {"step": 1}
    for _ in range(300):
        entries = copy.deepcopy(right)
        name = chance.choice(list(entries))
        place = chance.choice([entries, entries[name]])
        if place is not entries and chance.random() < 0.5:
            key = chance.choice(["shape", "data_offsets"])
            place[key][chance.randrange(len(place[key]))] = chance.choice(nodes)
        else:
            place[chance.choice([*place, "more"])] = copy.deepcopy(chance.choice(nodes))
        if entries != right:
            refused(path, document_by_hand(text, tensors, entries=entries))


def test_what_a_file_cannot_keep(path):
    for value, arrays, match in [
        ({"x": float("nan")}, {}, "content.* finite numbers"),
        ({"x": object()}, {}, "content"),
        ({}, {"x": np.zeros(2, np.float16)}, "x: expected one of float32, float64, int64"),
        ({}, {"x": np.zeros(2, bool)}, "x: expected one of .* got bool"),
        ({}, {"X": np.zeros(2)}, "a tensor's name"),
    ]:
        with pytest.raises(ModelFileError, match=f"cannot be saved: .*{match}"):
            saved(path, value, arrays)
        assert not path.exists()


def test_a_tensor_that_must_be_finite_and_arrays_of_other_tensors():
    layout = TensorLayout("parameters", np.dtype(np.float32), (2,), finite=True)
    with pytest.raises(ValueError, match="the parameters have NaN or infinity among them"):
        layout.content(np.array([1, np.inf], np.float32))
    with pytest.raises(ValueError, match="expected finite parameters, got NaN or infinity"):
        layout.read(np.array([1, np.nan], np.float32))
    with pytest.raises(ValueError, match=r"expected parameters of float32, \(2,\), got float64"):
        layout.content(np.zeros(2))
    assert Document.of({}, {"x": np.zeros(2)}).tensors[0].size == 16

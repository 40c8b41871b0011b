"""Files that somebody made to do harm: refused quickly, with little memory, by one error."""

import copy
import os
import random

import numpy as np
import pytest

from chainrule import load
from chainrule.files import ModelFileError, canonical as canonical_json, container
from effort import bounded
from files.by_hand import by_hand, canonical, taken_apart
from files.examples import image_network, table_network
from files.golden.inputs import file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def parts(path, model):
    model.save(path)
    return taken_apart(path.read_bytes())


def networks():
    yield from ((task, table_network(task)) for task in ("multiclass", "binary", "regression"))
    yield "images", image_network()


TRIES = 300
OLD = ("model kind", "model side", "model price", "model images", "chain pair", "mlp texts")


def refused(path, content, match=None, memory=2**20):
    """Check that a file is refused with little work, in little memory."""
    if content is not None:
        path.write_bytes(content)
    with bounded(len(content or b""), memory), pytest.raises(ModelFileError, match=match):
        load(path)


@pytest.mark.parametrize("length", [2**28 + 1, 2**31, 2**32, 2**62, 2**63, 2**64 - 1])
def test_a_huge_header(path, length):
    refused(path, length.to_bytes(8, "little") + b"{}" * 1000, "which begins with the length")


def test_a_huge_file_that_is_all_zeros(path):
    for length in (2**22 + 8, 2**28):
        with path.open("wb") as file:
            file.write(length.to_bytes(8, "little"))
            os.truncate(file.fileno(), 2**33)
        refused(path, None, "which begins with the length and keys")


@pytest.mark.parametrize("filling", ["[],", "\\n"])
def test_a_long_header_of_many_values(path, filling, monkeypatch):
    monkeypatch.setattr(container, "LONG_HEADER", 2**19)
    beginning = '{"__metadata__":{"checksum":"0","format":"chainrule","model":"'
    many = filling * (2**19 // len(filling))
    header = f'{beginning}"}},"more":[{many}0]}}'.encode()
    refused(path, len(header).to_bytes(8, "little") + header, "header", 40 * len(header))


def test_a_huge_file_for_a_small_chain(path):
    value, _ = parts(path, table_network())
    size = 2**33
    tensor = {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}
    metadata = {"format": "chainrule", "version": "1", "model": canonical(value), "checksum": "0"}
    header = canonical({"__metadata__": metadata, "parameters": tensor}).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.flush()
        os.truncate(file.fileno(), 8 + len(header) + size)
    refused(path, None, "is damaged: expected .* bytes of parameters for its chain, got 8,589,")


def test_keys_twice(path):
    value, numbers = parts(path, table_network())
    text = canonical(value)
    twice = text.replace('"dropped":[', '"dropped":[],"dropped":[')
    assert twice != text
    refused(path, by_hand(twice, numbers), "got a key twice")
    file = by_hand(text, numbers)
    header = file[8 : 8 + int.from_bytes(file[:8], "little")]
    doubled = header.replace(b'"parameters":', b'"parameters":{},"parameters":')
    refused(path, by_hand(text, numbers, header=doubled), "in its header, .* got a key twice")


@pytest.mark.parametrize("opening", ["[", '{"a":', "[[{}],"])
def test_deep_nesting(path, opening):
    deep = opening * (2**18 // len(opening))
    refused(path, by_hand("", b"", header=deep.encode()), "in its header", memory=2**24)
    refused(path, by_hand(deep, b""), "nested|expected JSON", memory=2**24)


@pytest.mark.parametrize("depth", [33, 60, 200, 900])
@pytest.mark.parametrize("place", ["metadata", "targets", "inputs", "chain"])
def test_moderate_nesting_in_any_place(path, depth, place):
    value, numbers = parts(path, table_network())
    text = canonical(value | {place: "HERE"}).replace('"HERE"', "[" * depth + "]" * depth)
    refused(path, by_hand(text, numbers))
    text = canonical(value | {place: value[place] | {"name": "HERE"}})
    refused(path, by_hand(text.replace('"HERE"', "[" * depth + "]" * depth), numbers))


def test_nesting_is_bounded_far_from_where_python_s_stack_ends():
    canonical_json.parse("[" * 48 + "]" * 48)
    for depth in (49, *range(700, 1000)):
        with pytest.raises(ValueError, match="expected JSON nested at most 48 deep"):
            canonical_json.parse("[" * depth + "]" * depth)


def chain_file(path, functions, shape=None):
    value, numbers = parts(path, table_network())
    value["chain"]["functions"] = functions
    if shape:
        value["chain"]["input_shape"] = shape
    return by_hand(canonical(value), numbers)


LINEAR = {"function": "Linear", "outputs": 2, "bias": True}
CONV = {
    "function": "Conv2d",
    "channels": 1,
    "size": 3,
    "stride": 1,
    "padding": "same",
    "dilation": 1,
    "groups": 1,
    "bias": True,
}


@pytest.mark.parametrize(
    "outputs", [2**62, 2**31, 2**30, 10**400], ids=["2^62", "2^31", "2^30", "10^400"]
)
def test_a_layer_of_many_outputs(path, outputs):
    refused(path, chain_file(path, [LINEAR | {"outputs": outputs}]))
    wide = [LINEAR | {"outputs": outputs}, LINEAR | {"outputs": 3}]
    refused(path, chain_file(path, wide))


@pytest.mark.parametrize(
    ("functions", "shape"),
    [
        ([{"function": "Flatten"}], [2**31, 2**31, 4]),
        ([{"function": "Flatten"}, LINEAR], [2**31, 2**31, 4]),
        ([{"function": "Flatten"}, LINEAR], [2**31, 2**31, 5, 7, 2**31]),
        ([{"function": "Flatten"}, LINEAR], [2**31] * 8),
        ([CONV | {"channels": 2**31}], [2**31, 2**31, 2**31]),
        ([CONV | {"size": 2**31}], [1, 2, 2]),
        ([CONV | {"padding": 2**31}], [1, 2, 2]),
        ([CONV | {"dilation": 2**31, "size": 2**31}], [1, 2, 2]),
        ([LINEAR | {"outputs": 2**31}] * 1000, None),
    ],
)
def test_shapes_that_overflow(path, functions, shape):
    refused(path, chain_file(path, functions, shape), memory=2**22)


def test_many_functions(path):
    relu = {"function": "ReLU"}
    most = chain_file(path, [relu] * 10_000)
    refused(path, most, "list of 1 to 1,000 items", memory=30 * len(most))
    numbers = chain_file(path, [0] * 60_000)
    refused(path, numbers, "list of 1 to 1,000 items", memory=30 * len(numbers))


def test_many_small_things_take_memory_like_the_file(path):
    value, numbers = parts(path, table_network())
    for thing in ("[]", "{}", '""', "1.5"):
        text = canonical(value | {"metadata": "HERE"})
        text = text.replace('"HERE"', '{"a":[' + ",".join([thing] * 30_000) + ",NaN]}")
        refused(path, by_hand(text, numbers), "finite numbers, got NaN", memory=100 * len(text))


@pytest.mark.parametrize("digits", ["1e400", "-1e400", "NaN", "Infinity", "9" * 5000, "1" * 400])
def test_numbers_out_of_bounds(path, digits):
    value, numbers = parts(path, table_network("regression"))
    for place in ("scale", "mean"):
        text = canonical(value | {"targets": value["targets"] | {place: ["HERE"]}})
        refused(path, by_hand(text.replace('"HERE"', digits), numbers))
    text = canonical(value | {"metadata": {"x": "HERE"}})
    refused(path, by_hand(text.replace('"HERE"', digits), numbers))


def test_half_characters(path):
    value, numbers = parts(path, table_network())
    text = canonical(value | {"metadata": {"x": "HERE"}}).replace("HERE", "\ud800")
    header = by_hand(text.replace("\ud800", "@"), numbers)
    header = header[8 : 8 + int.from_bytes(header[:8], "little")].replace(b"@", b"\\ud800")
    refused(path, by_hand("", numbers, header=header), "only texts of Unicode")
    refused(path, by_hand(text.replace("\ud800", "\\ud800"), numbers), "Unicode")


def test_tensors_that_do_not_fit(path):
    value, numbers = parts(path, table_network())
    text = canonical(value)
    refused(path, by_hand(text, numbers[:-4]), "bytes of parameters for its chain")
    refused(path, by_hand(text, numbers + bytes(4)), "bytes of parameters for its chain")
    refused(path, by_hand(text, b""), "bytes of parameters for its chain")
    refused(path, by_hand(text, numbers, dtype="F64"), "header is not as chainrule writes it")
    for count in (0, -1, 2**62, 1.0, True, "1", [1], None):
        file = by_hand(text, numbers, count=count)
        if count is None:
            file = file.replace(b'"shape":[', b'"shape":[1,')
        refused(path, file)


NODES = [None, True, 0, 1, -1, 2, 3.5, 2**31, 2**63, "", "x", "Linear", "ReLU", [], {}, [0], [[]]]


def places(value, found=()):
    """Yield every container in a JSON value with its keys."""
    if isinstance(value, dict | list):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        yield from ((value, key) for key in keys)
        for key in keys:
            yield from places(value[key])


def mutate(value, chance):
    """Change one place of a JSON value at random, in place."""
    container, key = chance.choice(list(places(value)))
    kind = chance.randrange(5)
    if kind == 0:
        del container[key]
    elif kind == 1:
        container[key] = copy.deepcopy(chance.choice(NODES))
    elif kind == 2:
        other, there = chance.choice(list(places(value)))
        container[key] = copy.deepcopy(other[there])
    elif kind == 3 and isinstance(container, dict):
        key = chance.choice(["x", "kind", "name", "loss", "function"])
        container[key] = copy.deepcopy(chance.choice(NODES))
    elif kind == 4 and isinstance(container[key], int | float):
        container[key] = container[key] * chance.choice([-1, 2, 0.5, 1.0])
    elif isinstance(container, list):
        container.insert(key, copy.deepcopy(chance.choice([container[key], *NODES])))


def accepted(path, original, numbers, dtype, seed):
    """Yield each file of random changes that is read, and what it is read as."""
    chance = random.Random(seed)
    for _ in range(TRIES):
        value = copy.deepcopy(original)
        for _ in range(chance.choice([1, 1, 1, 2, 4])):
            mutate(value, chance)
        content = by_hand(canonical(value), numbers, dtype=dtype)
        path.write_bytes(content)
        try:
            loaded = load(path)
        except ModelFileError:
            continue
        assert loaded.chain_.parameters.flat.tobytes() == numbers
        loaded.save(path)
        yield content


@pytest.mark.parametrize(("which", "network"), list(networks()))
def test_random_changes_under_a_right_checksum(path, which, network):
    original, numbers = parts(path, network)
    found = 0
    for content in accepted(path, original, numbers, "F32", which):
        assert path.read_bytes() == content
        found += 1
    assert 0 < found < TRIES


@pytest.mark.parametrize("name", OLD)
def test_random_changes_of_what_the_first_release_wrote(path, name):
    original, numbers = taken_apart(file(name).read_bytes())
    found = 0
    for _ in accepted(path, original, numbers, "F32" if "model" in name else "F64", name):
        saved = path.read_bytes()
        load(path).save(path)
        assert path.read_bytes() == saved
        found += 1
    assert 0 < found < TRIES


def test_random_bytes_after_a_right_length(path):
    chance = np.random.default_rng(0)
    for _ in range(300):
        header = chance.integers(0, 256, int(chance.integers(2, 60)), dtype=np.uint8).tobytes()
        path.write_bytes(len(header).to_bytes(8, "little") + header)
        with pytest.raises(ModelFileError):
            load(path)


def test_no_code_of_the_file_runs(path):
    for name in ("__import__('os').system('x')", "os.system", "Function", "Chain", "type"):
        refused(path, chain_file(path, [{"function": name}]))

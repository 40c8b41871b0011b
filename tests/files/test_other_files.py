"""Files that are no whole model of this version, and what is said of them."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from chainrule import load
from chainrule.files import ModelFileError
from files.by_hand import by_hand, canonical, taken_apart
from files.examples import table_network


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def saved(model, path):
    model.save(path)
    return path.read_bytes()


def foreign(path, tmp_path):
    """Return files of other kinds, and what is said of them."""
    save_file({"weights": np.zeros(3, np.float32)}, tmp_path / "other")
    save_file({"parameters": np.zeros(3, np.float32)}, tmp_path / "meta", {"format": "pt"})
    np.save(tmp_path / "array.npy", np.zeros(100))
    return [
        (b"", "is no model of chainrule: it is empty"),
        (b"abc", "is no model of chainrule: it has 3 bytes only"),
        (b"a,b,c\n1,2,3\n4,5,6\n", "is no model of chainrule, which begins with the length"),
        ((tmp_path / "array.npy").read_bytes(), "is no model of chainrule, which begins"),
        ((tmp_path / "other").read_bytes(), "is no model of chainrule: its header is not of the"),
        ((tmp_path / "meta").read_bytes(), "is no model of chainrule: its header is not of the"),
        (bytes(100), "is no model of chainrule, which begins with the length of its header"),
        ((2).to_bytes(8, "little") + b"{}", "its header is not of the format 'chainrule'"),
        ((2).to_bytes(8, "little") + b"[]", "its header is not of the format 'chainrule'"),
        ((2).to_bytes(8, "little") + b"{,", "in its header, expected JSON, got something else at"),
        ((2).to_bytes(8, "little") + b"\xff\xff", "its header is no UTF-8"),
        ((3).to_bytes(8, "little") + b"NaN", "in its header, expected JSON with finite numbers"),
        ((9).to_bytes(8, "little") + b"{}", "or is cut off: its header has 9 bytes, it 10"),
    ]


def test_files_of_other_kinds(path, tmp_path):
    for content, message in foreign(path, tmp_path):
        path.write_bytes(content)
        with pytest.raises(ModelFileError) as error:
            load(path)
        assert str(error.value).startswith(f"{path}: ")
        assert message in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("ending", [".bin", ".ftz", ".vec"])
def test_the_endings_of_fasttext_are_left_to_it(path, ending):
    model = table_network("binary")
    with pytest.raises(ModelFileError, match=rf"x\{ending}: cannot be saved: .* got \{ending}, "):
        model.save(path.with_name(f"x{ending}"))
    assert not path.with_name(f"x{ending}").exists()
    path.with_name(f"x{ending}").write_bytes(saved(model, path))
    assert type(load(path.with_name(f"x{ending}"))) is type(model)  # as files of before are named


def test_places_without_a_file(tmp_path):
    with pytest.raises(ModelFileError, match="cannot be read: there is no such file"):
        load(tmp_path / "none")
    with pytest.raises(ModelFileError, match="cannot be read: it is a folder"):
        load(tmp_path)
    with pytest.raises(ModelFileError, match="cannot be read: "):
        load(tmp_path / ("x" * 300))
    with pytest.raises(ModelFileError, match="cannot be read: it is a device or pipe"):
        load("/dev/zero")


def test_a_newer_format(path):
    value, numbers = taken_apart(saved(table_network(), path))
    for version, shown in [("3", "3"), ("10", "10"), ("9" * 50, "9" * 9)]:
        path.write_bytes(by_hand(canonical(value), numbers, version=version))
        message = rf"by a newer version of chainrule \(format {shown}\); this one reads up to 2$"
        with pytest.raises(ModelFileError, match=message):
            load(path)
    for version in ("0", "01", "-1", "1.0", "", "²", 1, None, ["1"]):
        path.write_bytes(by_hand(canonical(value), numbers, version=version))
        with pytest.raises(ModelFileError, match="is damaged"):
            load(path)


def test_a_damaged_file_is_said_to_be_damaged(path):
    content = saved(table_network(), path)
    for old, new in [(b"Tanh", b"Tenh"), (b"blue", b"blau"), (b'outputs\\":2', b'outputs\\":3')]:
        assert old in content
        path.write_bytes(content.replace(old, new))
        with pytest.raises(
            ModelFileError, match="damaged: its content does not match its checksum"
        ):
            load(path)

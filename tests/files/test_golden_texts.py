"""Files of classifiers of texts are read for good, and say the same."""

import json

import numpy as np
import pytest

from chainrule import load
from files.golden_texts.make import HERE, TEXTS, file
from files.test_golden import same

EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_is_read_says_the_same_and_is_written_as_it_was(name, tmp_path):
    entry, loaded = EXPECTED[name], load(file(name))
    assert repr(loaded) == entry["repr"]
    assert loaded.inputs_.to_json() == entry["inputs"]
    assert loaded.classes_.tolist() == entry["classes"]
    same(loaded.decision_function(TEXTS), entry["values"], np.float32)
    loaded.save(tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == file(name).read_bytes()


def test_all_files_are_there():
    assert {path.stem for path in file("x").parent.iterdir()} == set(EXPECTED)

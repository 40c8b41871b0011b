"""Files of tables with a column of free text are read for good, and say the same."""

import json

import numpy as np
import pytest

from chainrule import load
from files.golden_text_columns.make import HERE, file, table
from files.test_golden import same

EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_is_read_says_the_same_and_is_written_as_it_was(name, tmp_path):
    entry, loaded, X = EXPECTED[name], load(file(name)), table(9, seed=1)[0]
    assert repr(loaded) == entry["repr"]
    assert loaded.columns_ == entry["columns"]
    assert list(loaded.inputs_.feature_names) == entry["features"]
    said = loaded.predict_proba(X) if hasattr(loaded, "predict_proba") else loaded.predict(X)
    same(said, entry["values"], np.float32)
    loaded.save(tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == file(name).read_bytes()


def test_all_files_are_there():
    assert {path.stem for path in file("x").parent.iterdir()} == set(EXPECTED)

"""Files with what training goes on with are read for good, and go on as they did."""

import json

import numpy as np
import pytest

from chainrule import load
from chainrule.files.record import history_to_json
from files.golden_training.make import HERE, file, going_on, models, said
from files.test_golden import same

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_is_read_goes_on_the_same_and_is_written_as_it_was(name, tmp_path):
    entry, loaded, (_, samples, answers) = EXPECTED[name], load(file(name)), models()[name]
    assert type(loaded).__name__ == entry["estimator"]
    assert history_to_json(loaded.history_) == entry["history"]
    same(said(loaded, samples), entry["values"], np.float32)
    loaded.save(tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == file(name).read_bytes()
    same(said(going_on(loaded, samples, answers), samples), entry["later"], np.float32)
    assert not np.allclose(entry["values"], entry["later"], atol=1e-6) or name == "a table"


def test_all_files_are_there():
    assert {path.stem for path in file("x").parent.iterdir()} == set(EXPECTED) == set(models())

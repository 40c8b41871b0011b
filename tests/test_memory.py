"""Rows that do not fit in memory are refused before memory is taken, and in words."""

from types import SimpleNamespace

import numpy as np
import pytest

from chainrule import FastTextClassifier, ModelFileError, TextClassifier, memory
from chainrule.memory import expect_disk, rows_in_memory

TEXTS, LABELS = ["tea with milk", "bread and butter", "green tea"], ["tea", "bread", "tea"]


@pytest.fixture(autouse=True)
def eight_gigabytes(monkeypatch):
    monkeypatch.setattr(memory, "_physical", lambda: 8 * 10**9)


def test_a_machine_says_what_it_has(monkeypatch):
    monkeypatch.undo()
    assert memory._physical() is None or memory._physical() > 10**8


def test_what_does_not_fit_is_told():
    told = (
        r"^owner: expected dimensions for which there is memory, got 1,000,000: 2,000 rows × "
        r"1,000,000 numbers × 8 bytes are 16.0 GB, this machine has 8.0 GB$"
    )
    many = rows_in_memory("owner", "dimensions", 2000, 10**6, 8)
    with pytest.raises(MemoryError, match=told), many:
        raise AssertionError("begun")
    with rows_in_memory("owner", "dimensions", 1000, 10**6, 8):
        pass


def test_what_is_not_to_be_had_is_told():
    told = r"owner: .* got 3: 2 rows × 3 numbers × 8 bytes are 48 bytes, or more, which were not to"
    with pytest.raises(MemoryError, match=told), rows_in_memory("owner", "dim", 2, 3, 8):
        raise MemoryError


@pytest.mark.parametrize("dimensions", [10**9, 10**12, 2**62, 2**70])
def test_texts(dimensions):
    with pytest.raises(MemoryError, match=f"TextClassifier: .* got {dimensions:,}: 1[0-9] rows × "):
        TextClassifier(dimensions).fit(TEXTS, LABELS)


def test_fasttext():
    with pytest.raises(MemoryError, match=r"train: expected dim .* got 2,147,483,647: 10 rows × "):
        FastTextClassifier(dim=2**31 - 1).fit(TEXTS, LABELS)


def test_a_file_that_its_disk_has_no_room_for(monkeypatch, tmp_path):
    monkeypatch.setattr(memory.shutil, "disk_usage", lambda folder: SimpleNamespace(free=2 * 10**9))
    expect_disk(tmp_path / "q.bin", 2 * 10**9)
    told = "cannot be written: it takes 2.5 GB, its disk has 2.0 GB left"
    with pytest.raises(ValueError, match=f"^{told}$"):
        expect_disk(tmp_path / "q.bin", 25 * 10**8)
    model = FastTextClassifier(dim=2, wordNgrams=2, bucket=1000).fit(TEXTS, LABELS)
    monkeypatch.setattr(memory.shutil, "disk_usage", lambda folder: SimpleNamespace(free=8000))
    with pytest.raises(ModelFileError, match=r"q.bin: cannot be written: it takes 8,064 bytes"):
        model.save(tmp_path / "q.bin")
    assert not (tmp_path / "q.bin").exists()


def test_a_fit_that_is_refused_changes_nothing():
    model = TextClassifier(4, random_state=0, max_iter=2).fit(TEXTS, LABELS)
    before = model.predict_proba(TEXTS)
    with pytest.raises(MemoryError):
        model.set_params(dimensions=10**10).fit(TEXTS, LABELS)
    np.testing.assert_array_equal(model.predict_proba(TEXTS), before)

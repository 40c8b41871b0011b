"""Machine code compiled ahead."""

import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from chainrule import MLPClassifier
from chainrule.engine.kernels import rows
from chainrule.engine.language.emit import emitted
from chainrule.engine.machine import cache, compiling
from chainrule.estimators import resolve
from chainrule.estimators.texts import warmup as texts
from cli.runs import chainrule


def test_everything_can_be_compiled():
    found = chainrule("warmup", "--json").json  # most of it has been before, by other tests
    assert found["kernels"] > 90


def test_what_is_compiled_is_found_afterwards(tmp_path, monkeypatch):
    from chainrule.engine.kernels import library as kernels
    from chainrule.engine.running import warmup

    folder = tmp_path / "kernels"
    monkeypatch.setenv("CHAINRULE_CACHE", str(folder))
    every = warmup.compilations
    monkeypatch.setattr(warmup, "compilations", lambda optimizers: every(optimizers)[::9])
    kernels.compiled.cache_clear()
    kernels.library.cache_clear()
    run = chainrule("warmup")
    assert run.code == 0
    assert f"kept in {folder}" in run.err.replace("\n", "")
    files = {file.name for file in folder.iterdir()}
    assert len(files) > 20

    def refuse(text, target):
        raise AssertionError("compiled again")

    kernels.compiled.cache_clear()
    kernels.library.cache_clear()
    monkeypatch.setattr(compiling, "object_code", refuse)
    found = chainrule("warmup", "--json").json
    assert found["kernels"] >= len(files)
    assert found["folder"] == str(folder)
    assert {file.name for file in folder.iterdir()} == files


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_folder_that_others_may_write_is_refused_before_anything_is_compiled(
    tmp_path, monkeypatch
):
    def refuse(text, target):
        raise AssertionError("compiled for nothing")

    tmp_path.chmod(0o775)
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))
    monkeypatch.setattr(compiling, "object_code", refuse)
    for options in ((), ("--json",)):
        error = chainrule("warmup", *options).error
        assert error.startswith(f"kernels are not kept in {tmp_path}, since others may write there")
        assert f"chmod go-w {tmp_path}" in error
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path, monkeypatch):
    from chainrule.engine.running import warmup

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "file" / "kernels"))
    text = str(emitted(rows.transpose, "kept", "float32")[0].module)
    one = partial(cache.object_code, text, compiling.host())
    monkeypatch.setattr(warmup, "compilations", lambda optimizers: [one])
    monkeypatch.setattr(texts, "text_compilations", list)
    error = chainrule("warmup").error
    assert error.startswith(f"kernels are not kept in {tmp_path / 'file' / 'kernels'}: Not a dir")


def test_no_folder_is_no_error(monkeypatch):
    from chainrule.engine.running import warmup

    monkeypatch.setenv("CHAINRULE_CACHE", "")
    monkeypatch.setattr(warmup, "compilations", lambda optimizers: [])
    monkeypatch.setattr(texts, "text_compilations", list)
    run = chainrule("warmup")
    assert run.code == 0
    assert run.err == "0 kernels in 0.0 s, kept nowhere: CHAINRULE_CACHE is empty\n"


def test_the_estimators_own_optimizers_are_among_them(monkeypatch):
    from chainrule.engine.running import warmup

    found = []
    monkeypatch.setattr(warmup, "compilations", lambda optimizers: found.extend(optimizers) or [])
    monkeypatch.setattr(texts, "text_compilations", list)
    monkeypatch.setenv("CHAINRULE_CACHE", "")
    assert chainrule("warmup").code == 0
    ahead = {repr(replace(each, learning_rate=0.5)) for each in found}
    for model in (MLPClassifier(), MLPClassifier(solver="sgd", momentum=0.0)):
        assert repr(replace(resolve.optimizer(model), learning_rate=0.5)) in ahead


def test_kernels_of_texts_are_among_them(tmp_path, monkeypatch):
    from chainrule import FastTextClassifier, TextClassifier
    from chainrule.engine.kernels import library as kernels

    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "kernels"))
    for call in texts.text_compilations():
        call()
    before = kernels.library(np.dtype(np.float32)).count
    data = ["tea with milk", "no milk", "tea"] * 9, ["a", "b", "c"] * 9
    TextClassifier(max_iter=1).fit(*data).predict(data[0])
    for loss in ("softmax", "ova", "hs", "ns"):
        pieces = FastTextClassifier(epoch=1, loss=loss, minn=3, maxn=6, bucket=50)
        pieces.fit(*data).predict(data[0])
        FastTextClassifier(epoch=1, loss=loss).fit(*data).predict_proba(data[0])
    assert kernels.library(np.dtype(np.float32)).count == before

"""Those whom the benchmarks compare take the same steps; who is missing is left out."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from chainrule.engine.running import peak

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(
    not (ROOT / "benchmarks").exists(), reason="a folder of the repository alone"
)


@pytest.fixture(autouse=True)
def _found(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_all_end_an_epoch_with_the_same_weights(optimizer, tmp_path):
    from benchmarks.cases import Start, multilayer
    from benchmarks.trainers import Chainrule, Reference, ScikitLearn

    case = multilayer(12, 7, 5, 3, batch=8, optimizer=optimizer, samples=64)
    case.start().save(tmp_path)
    start = Start.load(tmp_path)
    for trainer in [kind(case, start, 1) for kind in (Chainrule, Reference, ScikitLearn)]:
        trainer.epoch()
        weights = np.concatenate([array.ravel() for array in trainer.weights()])
        if trainer.name == "chainrule":
            ours = weights
            assert np.abs(ours - case.chain().parameters.flat).max() > 1e-4
        np.testing.assert_allclose(weights, ours, atol=2e-6)


def test_a_peer_that_is_not_installed_is_left_out_with_a_line(capsys):
    from benchmarks.peers import installed
    from benchmarks.trainers import Chainrule, ScikitLearn

    class Absent(Chainrule):
        name, libraries = "Absent", ("no_such_library.part",)

    assert installed([Chainrule, Absent, ScikitLearn]) == [Chainrule, ScikitLearn]
    assert capsys.readouterr().out == "Absent is left out: no_such_library is not installed\n"


def test_cases_are_measured_beside_those_who_are_there(monkeypatch, tmp_path, capsys):
    from benchmarks import __main__ as program, products, timing
    from benchmarks.cases import multilayer
    from benchmarks.trainers import Chainrule, ScikitLearn

    class Absent(Chainrule):
        name, libraries = "Absent", ("no_such_library",)

    monkeypatch.setattr(program, "TRAINERS", (Chainrule, Absent, ScikitLearn))
    monkeypatch.setattr(program, "CASES", [multilayer(12, 7, 3, batch=8, samples=64)])
    monkeypatch.setattr(program, "measure_starts", lambda kinds, threads: 1 / 0)
    monkeypatch.setattr(program, "beyond_data", lambda *_: 10**6)
    for module in (products, timing):
        monkeypatch.setattr(module, "REST", 0.0)
    monkeypatch.setattr(products, "find_spec", lambda name: None)
    monkeypatch.setattr(products, "SIZES", (32,))
    monkeypatch.setattr(products, "SECONDS", 0.001)
    monkeypatch.setattr(peak, "SECONDS", 1e-4)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--json", str(tmp_path / "found.json")])
    with pytest.raises(ZeroDivisionError):  # the last part fails, and the others are kept
        program.main()
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert set(found) == {"machine", "products", "rounds", "cases"}
    assert {"limit, float32", "chainrule, 32", "NumPy, 32"} <= set(found["products"]["1"])
    (case,) = found["cases"]
    assert set(case["microseconds"]) == {"chainrule", "scikit-learn"}
    assert 0 < case["of the limit"] < 1
    printed = capsys.readouterr().out
    assert "Absent is left out" in printed
    assert "| network | µs a step | scikit-learn / ours | of the limit |" in printed


def test_another_source_tree_takes_turns_with_this_one(monkeypatch, capsys):
    from benchmarks import __main__ as program, before

    monkeypatch.setattr(before, "SECONDS", 0.01)
    options = ["--only", "64-32-16-10, sgd, batch 1", "--rounds", "1", "--threads", "1"]
    monkeypatch.setattr(sys, "argv", ["benchmarks", *options, "--before", str(ROOT)])
    program.main()
    *_, line = capsys.readouterr().out.splitlines()
    name, *_, ratio, best = line.strip("| ").split(" | ")
    assert name == "64-32-16-10, sgd, batch 1"
    assert float(ratio) > 0
    assert float(best) > 0


def test_a_folder_without_source_is_refused(tmp_path):
    from benchmarks import before

    with pytest.raises(ValueError, match="expected a folder with chainrule's source, got"):
        before.source(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["mnist", "--before", str(ROOT)], "--before: expected cases or predictions, got mnist"),
        (["--before", "/none"], "--before: expected a folder with chainrule's source, got /none"),
        (["--only", "LeNet-6"], "--only: expected a part of one of 64-32-16-10, sgd, batch 1; "),
        (["predictions", "--only", "LeNet-6"], ", got 'LeNet-6'"),
        (["--rounds", "0"], "--rounds: expected at least 1, got 0"),
        (["products", "--threads", "0"], "--threads: expected at least 1, got 0"),
        (["mnist"], "mnist: expected the folder of its files, got 0 arguments"),
        (["--json", "/none/found.json"], "--json: expected a file in a folder that is there, got"),
    ],
)
def test_what_cannot_be_measured_is_refused_at_once(monkeypatch, capsys, options, message):
    from benchmarks import __main__ as program

    monkeypatch.setattr(sys, "argv", ["benchmarks", *options])
    monkeypatch.setattr(program, "run", lambda *_: pytest.fail("it was begun"))
    with pytest.raises(SystemExit):
        program.main()
    assert message in capsys.readouterr().err

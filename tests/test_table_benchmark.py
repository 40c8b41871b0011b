"""What the benchmark of tables says of scores is arithmetic that can be done by hand."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(
    not (ROOT / "benchmarks").exists(), reason="a folder of the repository alone"
)


@pytest.fixture(autouse=True)
def _found(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


def samples(classes=3, rows=60, task="classification"):
    from benchmarks.public_tables import Samples

    rng = np.random.default_rng(0)
    numbers = rng.normal(size=rows)
    colors = rng.choice(np.array(["red", "green", "blue"], object), rows)
    X = pd.DataFrame({"size": numbers, "color": colors})
    X.loc[::7, "size"] = np.nan
    X.loc[::5, "color"] = None
    y = rng.integers(0, classes, rows) if task == "classification" else numbers * 3 + 100
    return Samples(X, y, task)


def results(**scores):
    """Return results on one table by (score, log loss, seconds) of each method."""
    from benchmarks.table_scores import Result

    return [
        Result("one", 0, name.replace("_", " "), "classification", 100, *numbers)
        for name, numbers in scores.items()
    ]


def test_parts_share_rows_and_classes():
    from benchmarks.public_tables import parts

    given = samples(rows=1003)
    train, held_out, test = parts(given, 1, most=500)
    assert [len(part.y) for part in (train, held_out, test)] == [300, 100, 100]
    for part in (train, held_out, test):
        shares = np.bincount(part.y) / len(part.y)
        np.testing.assert_allclose(shares, np.bincount(given.y) / 1003, atol=2 / len(part.y))
    known = [set(part.X["size"].dropna()) for part in (train, held_out, test)]
    assert not known[0] & known[1] | known[0] & known[2] | known[1] & known[2]
    again, other = parts(given, 1, most=500)[2], parts(given, 0, most=500)[2]
    assert again.X.equals(test.X)
    assert not other.X.equals(test.X)


def test_rows_and_answers_stay_together():
    from benchmarks.public_tables import parts

    for part in parts(samples(task="regression"), 0):
        known = part.X["size"].notna()
        np.testing.assert_allclose(part.y[known], part.X["size"][known] * 3 + 100)


def test_scores_are_those_of_scikit_learn():
    from benchmarks.table_scores import class_scores, r2
    from sklearn.metrics import accuracy_score, log_loss, r2_score

    rng = np.random.default_rng(0)
    probabilities, y = rng.dirichlet(np.ones(4), 30), rng.integers(0, 4, 30)
    accuracy, loss = class_scores(probabilities, y)
    assert accuracy == accuracy_score(y, probabilities.argmax(axis=1))
    assert loss == pytest.approx(log_loss(y, probabilities, labels=range(4)))
    numbers = rng.normal(size=30)
    assert r2(numbers, y) == pytest.approx(r2_score(y, numbers))


def test_a_score_is_normalized_between_the_constant_and_the_best():
    from benchmarks.table_scores import normalized

    found = normalized(
        results(constant=(0.6, 1, 1), a=(0.8, 1, 1), best=(0.9, 1, 1), worse=(0.5, 1, 1))
    )
    assert found == {"a": pytest.approx(2 / 3), "best": 1, "worse": 0}
    assert normalized(results(constant=(0.6, 1, 1), a=(0.6, 1, 1))) == {"a": 1}


def test_no_error_is_less_than_half_a_row():
    perfect, good = results(perfect=(1.0, 0.1, 1), good=(0.98, 0.1, 1))
    assert perfect.error == 0.005
    assert good.error == pytest.approx(0.02)


def test_means_are_ratios_of_what_all_have_ended():
    from dataclasses import replace

    from benchmarks.table_scores import means

    constant = (0.5, 0.7, 0.1)
    ours, light, cat = (0.9, 0.2, 1), (0.8, 0.4, 3), (1.0, 1, 4)
    first = results(constant=constant, chainrule=ours, LightGBM=light, CatBoost=cat)
    ours, light, cat = (0.6, 0.8, 2), (0.9, 0.1, 3), (0.7, 1, 8)
    second = results(constant=constant, chainrule=ours, LightGBM=light, CatBoost=cat)
    second = [replace(result, seed=1) for result in second]
    found = means(first + second)["chainrule"]
    assert found["score, classification"] == pytest.approx((0.8 + 0.25) / 2)
    assert found["error / LightGBM's"] == pytest.approx((0.1 / 0.2 * 0.4 / 0.1) ** 0.5)
    assert found["log loss / LightGBM's"] == pytest.approx((0.5 * 8) ** 0.5)
    assert found["time / CatBoost's"] == pytest.approx(0.25)
    assert found["median seconds"] == 1.5
    assert "time / RealMLP-TD's" not in found
    assert means(first + second[:2]) == means(first)


def test_tables_of_a_folder_are_read_as_the_index_says(tmp_path):
    from benchmarks.public_tables import BUILTIN, tables

    text = "code,size,kind,answer\n1,2.5,a,yes\n,,b,no\n3,4,,yes\n"
    (tmp_path / "small.csv").write_text(text, encoding="utf-8")
    entry = {"file": "small.csv", "target": "answer", "task": "classification"}
    index = {"small": entry | {"categories": ["code"]}}
    (tmp_path / "index.json").write_text(json.dumps(index), encoding="utf-8")
    assert set(tables(tmp_path, "")) == {*BUILTIN, "small"}
    small = tables(tmp_path, "small")["small"]()
    assert small.categories == ["code", "kind"]
    assert small.X["code"].tolist() == ["1", None, "3"]
    assert small.X["kind"].tolist() == ["a", "b", None]
    np.testing.assert_array_equal(small.X["size"], [2.5, np.nan, 4])
    assert small.y.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("index", "only", "match"),
    [
        (None, "", "expected index.json in the folder"),
        ({"a": {"file": "a.csv", "task": "regression"}}, "", "a lacks target"),
        ({"a": {"file": "", "target": "", "task": "ranking"}}, "", "expected classification or"),
        ({}, "absent", "expected a part of one of iris, .*, got 'absent'"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said(tmp_path, index, only, match):
    from benchmarks.public_tables import tables

    if index is not None:
        (tmp_path / "index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(ValueError, match=match):
        tables(tmp_path, only)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_all_methods_learn_from_words_and_missing_cells(task):
    from benchmarks.table_methods import CONSTANT, METHODS, REALMLP
    from benchmarks.table_scores import scored

    given = samples(task=task, rows=120)
    if task == "classification":
        given.y[:] = given.X["color"].fillna("none").map({"red": 0, "green": 1}).fillna(2)
    floor = scored(CONSTANT, "made", 0, given).score
    for method in METHODS:
        installed = all(find_spec(name) for name in method.libraries)
        if installed and method is not REALMLP:  # which takes half a minute
            assert scored(method, "made", 0, given).score > floor + 0.05, method.name


def test_the_benchmark_prints_scores_and_means(monkeypatch, tmp_path, capsys):
    from benchmarks import __main__ as program, table_scores
    from benchmarks.table_methods import METHODS, Method

    fast = [method for method in METHODS if method.name in ("HistGradientBoosting", "linear")]
    absent = Method("LightGBM", ("no_such_library",), lambda *_: 1 / 0)
    monkeypatch.setattr(table_scores, "METHODS", (*fast, absent))
    path = tmp_path / "found.json"
    arguments = ["tables", "--only", "iris", "--json", str(path)]
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    program.main()
    printed = capsys.readouterr().out
    assert "LightGBM is left out: no_such_library is not installed" in printed
    assert "| table, seed | rows | classes | HistGradientBoosting | linear |" in printed
    assert "| iris, 1 | 150 | 3 |" in printed
    assert "| method | score, classification | median seconds |" in printed
    found = json.loads(path.read_text(encoding="utf-8"))
    assert len(found["results"]) == 2 * 3
    assert set(found["means"]) == {"HistGradientBoosting", "linear"}


def test_a_folder_without_an_index_is_refused_at_once(monkeypatch, tmp_path, capsys):
    from benchmarks import __main__ as program

    monkeypatch.setattr(sys, "argv", ["benchmarks", "tables", str(tmp_path)])
    with pytest.raises(SystemExit):
        program.main()
    assert "expected index.json in the folder of tables" in capsys.readouterr().err

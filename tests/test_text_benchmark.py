"""The benchmark of texts reads fastText's lines, and counts what is right."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(
    not (ROOT / "benchmarks").exists(), reason="a folder of the repository alone"
)
LINES = "__label__a good tea\n__label__b bad wine\n__label__a __label__b tea\n __label__\n"


@pytest.fixture(autouse=True)
def _found(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


def test_lines_have_labels_and_a_text(tmp_path):
    from benchmarks.texts import read, sets

    (tmp_path / "x.train.txt").write_text(LINES)
    with pytest.raises(ValueError, match=r"expected a folder of NAME.train.txt, NAME.test.txt"):
        sets(tmp_path)
    (tmp_path / "x.test.txt").write_text(LINES)
    ((name, (train, _)),) = sets(tmp_path).items()
    lines = read(train)
    assert name == "x"
    assert lines.texts == ["good tea", "bad wine", "tea", " __label__"]
    assert lines.labels == [["a"], ["b"], ["a", "b"], []]
    assert not lines.single


@pytest.mark.parametrize("several", [False, True])
def test_methods_are_measured_on_what_they_have_not_seen(several, tmp_path, monkeypatch, capsys):
    from benchmarks import texts

    monkeypatch.setattr(texts, "SEEDS", 2)
    lines = ["__label__a good tea", "__label__b bad wine", "__label__a tea", "__label__b wine"] * 9
    lines[0] = f"{'__label__c ' * several}{lines[0]}"
    (tmp_path / "x.train.txt").write_text("\n".join(lines))
    (tmp_path / "x.test.txt").write_text("\n".join([*lines[1:5], "__label__z tea"]))
    found = texts.measure(tmp_path, "x", ["scikit-learn"])
    assert set(found["x"]) == {"chainrule", "TF-IDF, LinearSVC"}
    assert found["x"]["chainrule"]["accuracy"] == [0.8, 0.8]
    assert found["x"]["TF-IDF, LinearSVC"]["accuracy"] == [0.8]
    assert f"| x | 36 | {2 + several} | 0.800 ± 0.000" in capsys.readouterr().out
    assert texts.measure(tmp_path, "other", []) == {}

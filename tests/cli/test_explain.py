"""Pages of models at work, from the command line."""

import pytest

from cli.runs import chainrule, train
from explain.live.pages import read_page


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return train("digits", folder / "digits.safetensors", "--layers", "16")


def test_a_page_of_digits_without_a_word_more(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = chainrule("explain", digits)
    assert run.code == 0
    assert run.err.startswith("page written to digits.html: 24 samples, 0.")
    _, facts = read_page(tmp_path / "digits.html")
    assert facts["answers"]["name"] == "digit"
    grid = facts["inputs"]["grid"]
    assert (grid["width"], grid["height"]) == (8, 8)
    left_out = [place for place, column in enumerate(grid["places"][0]) if column < 0]
    assert 0 in left_out  # pixel_0_0 is constant
    names = [column["name"] for column in facts["inputs"]["columns"]]
    assert names[grid["places"][0][8 * 3 + 5]] == "pixel_3_5"


def test_names_and_json(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "\n".join(
        [",".join(f"pixel_{i}_{j}" for i in range(8) for j in range(8)), ",".join("7" * 64)]
    )
    (tmp_path / "rows.csv").write_text(rows)
    told = chainrule("explain", digits, "rows.csv", "-o", "net.html", "--json").json
    assert (told["path"], told["samples"]) == ("net.html", 1)
    _, facts = read_page(tmp_path / "net.html")
    assert facts["samples"][0]["T"] is None  # the file has no digits


def test_what_is_unusual_in_the_data_is_said_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [
        f"{k % 9},{'Oslo' if k % 2 else 'Rome'},{'yes' if k % 9 > 4 else 'no'}" for k in range(80)
    ]
    (tmp_path / "rows.csv").write_text("\n".join(["age,city,member", *rows]))
    path = train("rows.csv", tmp_path / "rows.safetensors", "--target", "member")
    (tmp_path / "new.csv").write_text("age,city,member\n3,Lima,no\n4,Oslo,yes")
    run = chainrule("explain", path, "new.csv")
    note = "column 'city': 1 cell with values not seen in training, encoded as zeros: 'Lima'"
    assert run.err.splitlines()[0] == note
    assert run.err.splitlines()[1].startswith("page written to rows.html: 2 samples")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "x.pdf"), "--output: expected a name that ends in .html, got 'x.pdf'"),
        (("-o", "here.html"), "here.html is there already; --force overwrites it"),
        (("-o", "folder/x.html"), "--output: there is no folder folder"),
        (("iris",), "the table lacks columns seen in training"),
        (("no.csv",), "no file or folder is named 'no.csv'"),
        (("digits", "--target", "number"), "'number'"),
    ],
)
def test_what_is_refused(digits, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.html").write_text("mine")
    assert message in chainrule("explain", digits, *options).error
    assert [path.name for path in tmp_path.iterdir()] == ["here.html"]


def test_a_text_is_explained_or_is_the_sample_of_a_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = ["__label__tea a cup of tea", "__label__bread bread and flour"] * 30
    (tmp_path / "lines.txt").write_text("\n".join(lines))
    path = train("lines.txt", tmp_path / "lines.safetensors")
    assert chainrule("explain", path, "a cup").out.startswith("predicted: tea")
    assert not (tmp_path / "lines.html").exists()
    assert chainrule("explain", path, "a cup", "-o", "cup.html").code == 0
    assert read_page(tmp_path / "cup.html")[1]["samples"][0]["x"] == ["a cup"]
    assert chainrule("explain", path, "lines.txt", "-o", "lines.html").code == 0
    _, facts = read_page(tmp_path / "lines.html")
    assert facts["samples"][1]["label"] in ("bread", "tea")

"""``chainrule train --stream``: tables that are read in blocks."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chainrule import TableClassifier, TableRegressor, data, load
from cli.runs import chainrule
from cli.test_checkpoints import interrupted


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "sales"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part in range(3):
        area, rooms = rng.lognormal(3, 0.5, 800), rng.integers(1, 9, 800)
        city = rng.choice(["Rome", "Bonn"], 800)
        price = area * 0.2 + rooms + (city == "Rome") * 3 + rng.normal(0, 0.3, 800)
        kind = np.where(price > 11, "dear", "cheap")
        table = pa.table({"area": area, "rooms": rooms, "city": city, "price": price, "kind": kind})
        pq.write_table(table, folder / f"{part}.parquet", row_group_size=100)
    return folder


def test_a_folder_is_trained_on_and_what_is_saved_predicts_a_file(folder, tmp_path):
    model = tmp_path / "m.safetensors"
    run = chainrule(
        "train", folder, "--stream", "--target", "price", "--drop", "kind", "-o", model, "-e", 8,
        "--layers", 16, "--test", folder / "0.parquet",
    )  # fmt: skip
    assert run.code == 0, run.err
    assert "2,400 rows in 24 blocks" in run.err
    held_out, test = (line.split(": ") for line in run.out.splitlines())
    assert held_out[0] == "r2, rows held out"
    assert test[0] == "r2, test"
    assert min(float(held_out[1]), float(test[1])) > 0.9
    predicted = chainrule("predict", model, folder / "1.parquet")
    assert predicted.code == 0, predicted.err
    prices = [float(line) for line in predicted.out.splitlines()[1:]]
    table = pq.read_table(folder / "1.parquet")
    assert np.corrcoef(prices, table["price"].to_numpy())[0, 1] > 0.95
    assert load(model).inputs_.raw_names == ("area", "rooms", "city")


def test_classes_are_found_and_results_can_be_json(folder, tmp_path):
    run = chainrule(
        "train", folder, "--stream", "--target", "kind", "--drop", "price", "--json", "-e", 4,
        "-o", tmp_path / "m.safetensors", "--validation", 0.3, "--max-categories", 5,
    )  # fmt: skip
    assert (run.json["task"], run.json["classes"]) == ("binary", ["cheap", "dear"])
    assert run.json["scores"]["neg_log_loss, rows held out"] > -0.3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--target: expected the column to be predicted, with --stream"),
        (("--target", "price", "--size", 8), "--size: expected it without --stream"),
        (("--target", "price", "--test", 0.4), "--test: expected files of their own with --stream"),
        (("--target", "price", "--batch", 0), "--batch: expected a number > 0 with --stream"),
        (("--target", "prize"), "no column 'prize' among 'area', 'rooms', 'city', 'price', 'kind'"),
    ],
)
def test_what_a_stream_does_not_go_with_is_refused(folder, tmp_path, options, message):
    run = chainrule("train", folder, "--stream", "-o", tmp_path / "m.safetensors", *options)
    assert message in run.error


def test_a_folder_of_tables_says_what_reads_it(folder, tmp_path):
    run = chainrule("train", folder, "--target", "price", "-o", tmp_path / "m.safetensors")
    assert "got a folder of files of tables; DataStream reads those in blocks, on the" in run.error


def test_a_file_beyond_memory_says_what_reads_it(folder, monkeypatch):
    monkeypatch.setattr("chainrule.memory._physical", lambda: 10_000)
    with pytest.raises(
        data.DataError,
        match=r"800 rows × 5 columns × 8 bytes are 32,000 bytes, this machine has 10,000 bytes; "
        r"DataStream reads it in blocks, on the command line train --stream",
    ):
        data.read_source(folder / "0.parquet", "price")


def test_an_interrupted_stream_goes_on_with_the_same_bits(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.estimators.streams.preparation.WINDOW_BYTES", 50_000)
    command = ("train", folder, "--stream", "-t", "price", "-e", 3, "--layers", 8, "--drop", "kind")
    whole, model, kept = tmp_path / "whole", tmp_path / "m.safetensors", tmp_path / "run"
    assert chainrule(*command, "-o", whole).code == 0
    options = ("-o", model, "--checkpoint", kept)
    first = interrupted(monkeypatch, 1, *command, *options)
    assert first.code == 0, first.err
    assert f"the same command with --resume goes on from {kept}\n" in first.err
    again = chainrule(*command, *options)
    assert f"--checkpoint: {kept} is there already: --resume goes on from it" in again.error
    second = chainrule(*command, *options, "--resume")
    assert second.code == 0, second.err
    assert f"\ntraining goes on from {kept}\n" in second.err
    one, other = load(model), load(whole)
    np.testing.assert_array_equal(one.chain_.parameters.flat, other.chain_.parameters.flat)
    assert one.loss_curve_ == other.loss_curve_
    assert not kept.exists()
    nothing = interrupted(monkeypatch, 0, *command, "-o", tmp_path / "no", "--checkpoint", kept)
    assert (nothing.code, nothing.out, kept.exists()) == (130, "", True)
    assert "interrupted, no model is saved\nthe same command with --resume" in nothing.err


@pytest.mark.parametrize("options", [("-o", "m"), ("-o", "../m", "--checkpoint", "run")])
def test_nothing_is_written_among_the_files_that_are_streamed(folder, options):
    paths = [each if each.startswith("-") else folder / each for each in options]
    run = chainrule("train", folder, "--stream", "--target", "price", *paths)
    assert f"expected a file outside of {folder}, all of whose files are read as rows" in run.error


@pytest.fixture(scope="module", params=["price", "kind"])
def saved(request, folder, tmp_path_factory):
    """A model of numbers, or of classes, and what it is of."""
    model = tmp_path_factory.mktemp("models") / "m.safetensors"
    other = {"price": "kind", "kind": "price"}[request.param]
    table = pq.read_table(folder / "0.parquet").drop_columns([other])
    kind = TableRegressor if request.param == "price" else TableClassifier
    kind(random_state=0, max_iter=2).fit(table, target=request.param).save(model)
    return model, request.param


def test_predictions_of_a_folder_are_those_of_its_files(saved, folder, tmp_path):
    model, target = saved
    options = ("--keep", "city,rooms", *(["--probabilities"] if target == "kind" else []))
    each = [chainrule("predict", model, path, *options) for path in sorted(folder.iterdir())]
    assert [run.code for run in each] == [0, 0, 0]
    lines = [run.out.splitlines() for run in each]
    expected = [*lines[0], *lines[1][1:], *lines[2][1:]]
    run = chainrule("predict", model, folder, *options)
    assert run.code == 0, run.err
    assert run.out.splitlines() == expected
    path = tmp_path / "p.csv"
    run = chainrule("predict", model, folder, *options, "-o", path)
    assert (run.out, path.read_text().splitlines()) == ("", expected)
    assert f"2,400 predictions written to {path}" in run.err


def test_scores_of_a_folder_are_those_of_its_rows(saved, folder, tmp_path):
    model, _ = saved
    whole = tmp_path / "whole.parquet"
    pq.write_table(pa.concat_tables(map(pq.read_table, sorted(folder.iterdir()))), whole)
    expected, found = (chainrule("evaluate", model, data, "--json") for data in (whole, folder))
    assert found.json["rows"] == {"all": 2400}
    assert found.json["scores"]["all"] == pytest.approx(expected.json["scores"]["all"], rel=1e-9)


def test_large_files_are_read_in_blocks(saved, folder, monkeypatch):
    model, _ = saved
    command = ("predict", model, folder / "0.parquet")
    whole = chainrule(*command)
    monkeypatch.setattr("chainrule.cli.table_blocks.LARGE", 4000)
    monkeypatch.setattr("chainrule.cli.model_commands.source_for", None)
    assert chainrule(*command).out == whole.out
    assert chainrule("evaluate", model, folder / "0.parquet").code == 0


def test_what_is_odd_in_a_folder_is_told_once(saved, tmp_path):
    model, target = saved
    odd = tmp_path / "odd.parquet"  # as Spark names folders
    odd.mkdir()
    for part in range(3):
        rows = {"area": [20.0, 30.0, 40.0], "rooms": [3, 4, 5], "city": ["Rome", "Oslo", "Bonn"]}
        answers = {"price": [7.0, None, 9.0], "kind": ["cheap", "free" if part else None, "dear"]}
        pq.write_table(pa.table({**rows, target: answers[target]}), odd / f"{part}.parquet")
    run = chainrule("evaluate", model, odd)
    assert run.code == 0, run.err
    assert "all (6)" in run.out
    if target == "price":
        assert "3 rows have no value of 'price' and are left out\n" in run.err
    else:
        assert "1 row has no value of 'kind' and is left out\n" in run.err
        assert "2 of 8 rows are of classes that training did not have, 'free': no " in run.err
        assert "the first stands in row 1 of 1.parquet\n" in run.err
    run = chainrule("predict", model, odd, "--probabilities", "--id", "rooms")
    assert "1 cell with values not seen in training" in run.err
    assert "'Oslo'; and so in 2 parts more\n" in run.err
    assert ("--probabilities: there are none of numbers\n" in run.err) == (target == "price")
    assert run.out.splitlines()[0].startswith(f"rooms,{target}")


def test_blocks_that_cannot_be_predicted_name_the_file(saved, tmp_path):
    model, target = saved
    odd = tmp_path / "odd"
    odd.mkdir()
    rows = {"area": ["20", "wide"], "rooms": [3, 4], "city": ["Rome", "Bonn"]}
    pq.write_table(pa.table(rows), odd / "0.parquet")
    out = tmp_path / "p.csv"
    told = {
        ("predict", model, odd, "-o", out): "row 1 of 0.parquet: expected",
        ("predict", model, odd, "--json"): f"--json: expected CSV for {odd}, whose predictions are",
        ("predict", model, odd, "--decimal", ","): "--decimal: expected it with a table in one f",
        ("evaluate", model, odd): f"odd: no column '{target}' among 'area', 'rooms', 'city'",
    }
    for command, sentence in told.items():
        assert sentence in chainrule(*command).error
    assert not out.exists()
    for answers in ([None, None], ["none", "nothing"]):
        own = pa.array(answers, pa.string())
        pq.write_table(pa.table({**rows, "area": [1.0, 2.0], target: own}), odd / "0.parquet")
        run = chainrule("evaluate", model, odd)
        assert any(
            each in run.error
            for each in ("has no values at all", "expected those of training", "expected a number")
        )
def test_labelled_lines_are_trained_on_and_what_is_saved_predicts_lines(tmp_path):
    rng = np.random.default_rng(0)
    topics = rng.choice(["tea", "milk"], 300)
    lines = [f"__label__{topic} w{rng.integers(20)} {topic}! of it" for topic in topics]
    path, model = tmp_path / "train.txt", tmp_path / "m.safetensors"
    path.write_text("\n".join([*lines, "without a label"]))
    run = chainrule(
        "train", path, "--stream", "-o", model, "-e", 4, "--dimensions", 5, "--test", path,
        "--checkpoint", tmp_path / "run.safetensors",
    )  # fmt: skip
    assert run.code == 0, run.err
    assert "300 rows in 1 block\n" in run.err
    assert "1 line has no label and is left out" in run.err
    assert run.out == "accuracy, test: 1.0000\n"
    (tmp_path / "new.txt").write_text("milk! w3\ntea!\n")
    assert chainrule("predict", model, tmp_path / "new.txt").out == "label\nmilk\ntea\n"
    table = pa.table({"body": [line.partition(" ")[2] for line in lines], "topic": topics})
    pq.write_table(table, tmp_path / "t.parquet")
    run = chainrule(
        "train", tmp_path / "t.parquet", "--stream", "--text", "body", "--target", "topic",
        "-o", model, "--force", "-e", 4, "--validation", 0.2, "--json",
    )  # fmt: skip
    assert run.json["classes"] == ["milk", "tea"]
    assert run.json["scores"] == {"accuracy, rows held out": 1.0}


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a\nb\n", (), "expected lines with labels such as __label__x, got none"),
        ("__label__a b\n", (), "expected two different labels or more, got 'a' only"),
        ("__label__a b\n__label__b\n", ("--layers", 5), "--layers: expected it without --stream"),
        ("__label__a b\n__label__b\n", ("--task", "regression"), "--task: texts predict classes"),
        ("__label__a b\n__label__b\n", ("--target", "y"), "no column 'y' among 'text'"),
    ],
)
def test_lines_that_cannot_be_learned_from_are_refused(tmp_path, content, options, message):
    (tmp_path / "t.txt").write_text(content)
    run = chainrule("train", tmp_path / "t.txt", "--stream", "-o", tmp_path / "m.st", *options)
    assert message in run.error

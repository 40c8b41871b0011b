"""Pictures of saved models."""

import re
import sys

import numpy as np
import pandas
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from chainrule import load
from cli.runs import chainrule, house_rows, train, written
from cli.test_images import digits as idx_files, pictures


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A network of few units: what is drawn of each takes time."""
    options = "-e", 3, "--layers", "16,12"
    return train("digits", tmp_path_factory.mktemp("models") / "digits.safetensors", *options)


def size(path):
    with Image.open(path) as picture:
        picture.load()
        return picture.size


def words(model, *options):
    """Return the texts in a picture, and what was said of it."""
    path = model.with_name("words.svg")
    run = chainrule("plot", model, *options, "-fo", path)
    assert run.code == 0, run.err
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text()), run.err


@pytest.mark.parametrize("part", ["all", "curve", "weights"])
def test_a_picture_is_drawn_of_a_model(digits, tmp_path, part):
    path = tmp_path / "p.png"
    run = chainrule("plot", digits, "-o", path, "--part", part)
    assert (run.code, run.out, run.err) == (0, "", f"picture saved in {path}\n")
    width, height = size(path)
    assert width == 1500
    assert 400 < height < 1500


def test_a_picture_has_the_name_of_its_model(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert chainrule("plot", digits).err == "picture saved in digits.png\n"
    assert (tmp_path / "digits.png").exists()


def test_an_svg_says_what_it_shows_and_is_the_same_each_time(tmp_path):
    digits = train("digits", tmp_path / "digits.safetensors", "--layers", 70)
    for name in ("a.svg", "b.svg"):
        assert chainrule("plot", digits, "-o", tmp_path / name).code == 0
    text = (tmp_path / "a.svg").read_text()
    assert text == (tmp_path / "b.svg").read_text()
    for words in ("loss", "validation", "accuracy", "epoch", "of the 64 longest among 70 units"):
        assert words in text


def test_each_kind_of_first_layer_is_drawn(tmp_path):
    houses, few = written(tmp_path / "houses.csv", house_rows()), ("--epochs", 2)
    models = {
        "rooms": train(houses, tmp_path / "a", "-t", "price", *few),
        "Linear(256)": train(idx_files(tmp_path / "mnist"), tmp_path / "b", "--model", "mlp", *few),
        "Conv2d(32, padding=1)": train(
            pictures(tmp_path / "pets", channels=3), tmp_path / "c", *few
        ),
    }
    for words, model in models.items():
        assert chainrule("plot", model, "-fo", tmp_path / "p.svg").code == 0
        assert words in (tmp_path / "p.svg").read_text()


def test_functions_are_the_networks_activations_and_its_loss(digits):
    found, _ = words(digits, "--part", "functions")
    assert {"ReLU()", "SoftmaxCrossEntropy()", "value", "derivative"} <= set(found)
    assert "Sigmoid()" not in found


def test_what_a_model_makes_of_data_is_drawn(digits, tmp_path):
    model, data = load(digits), load_digits()
    table = pandas.DataFrame(data.data, columns=data.feature_names)
    predicted = model.predict(table).astype(int)
    right = [np.sum((predicted == k) & (data.target == k)) for k in range(10)]
    found, said = words(digits, "digits", "--part", "confusion")
    assert {f"{count}" for count in right} <= set(found)
    assert said == f"picture saved in {digits.with_name('words.svg')}\n"
    found, _ = words(digits, "digits", "--part", "mistakes")
    wrong = np.sum(predicted != data.target)
    assert any(f"of {wrong} mistakes among 1,797 samples" in text for text in found)
    table.assign(digit=data.target)[:20].to_csv(tmp_path / "few.csv", index=False)
    found, _ = words(digits, tmp_path / "few.csv", "--part", "saliency")
    P = model.predict_proba(table[:8]).max(axis=1)
    told = [f"{label}, {100 * p:.0f} %" for label, p in zip(predicted[:8], P, strict=True)]
    assert [text for text in found if text in told] == told


def test_of_data_with_a_part_for_tests_it_is_that_part(tmp_path):
    model = train(idx_files(tmp_path / "mnist"), tmp_path / "m.st", "--model", "mlp")
    rows = chainrule("evaluate", model, tmp_path / "mnist", "--json").json["rows"]
    _, said = words(model, tmp_path / "mnist", "--part", "confusion")
    assert said.startswith(f"drawn of the test part, {rows['test']:,} samples\n")


def test_classes_that_training_did_not_have_are_left_out(tmp_path):
    rows = [(str(k), "ab"[k > 20]) for k in range(40)]
    table = written(tmp_path / "a.csv", rows, "x,kind")
    model = train(table, tmp_path / "m.st", "-t", "kind", "--layers", 0)
    more = written(tmp_path / "b.csv", [("1", "a"), ("30", "b"), ("7", "c")], "x,kind")
    _, said = words(model, more, "--part", "confusion")
    assert said.startswith("1 of 3 rows is of a class that training did not have, ")
    without = written(tmp_path / "c.csv", [("1",), ("30",)], "x")
    assert "picture saved" in words(model, without, "--part", "saliency")[1]
    error = chainrule("plot", model, without, "--part", "confusion").error
    assert "kind" in error
    error = chainrule("plot", model, more, "--part", "mistakes").error
    assert error.endswith("or columns called pixel_0_0, pixel_0_1, …, got other columns")


def test_of_numbers_there_are_no_classes_to_draw(tmp_path):
    houses = written(tmp_path / "houses.csv", house_rows())
    model = train(houses, tmp_path / "h.st", "-t", "price")
    error = chainrule("plot", model, houses, "--part", "confusion").error
    assert error == (
        "ConfusionDisplay: expected a classifier of one class a sample, got a TableRegressor of "
        "numbers"
    )
    assert any("∂output/∂x" in text for text in words(model, houses, "--part", "saliency")[0])


def test_a_long_training_keeps_500_points_of_its_curve(tmp_path):
    options = ("--layers", 0, "-e", 1203, "--patience", 0, "--batch", 0)
    history = load(train("iris", tmp_path / "m", *options)).metadata_["history"]
    assert [len(history[name]) for name in ("epoch", "loss", "validation_loss")] == [500] * 3
    assert (history["epoch"][0], history["epoch"][-1]) == (1, 1203)


def test_a_model_without_a_curve_shows_its_weights(digits, tmp_path):
    model = load(digits)
    del model.metadata_["history"], model.loss_curve_
    model.save(tmp_path / "m.st")
    run = chainrule("plot", tmp_path / "m.st", "-o", tmp_path / "p.png")
    assert run.code == 0
    assert "this model has no learning curve; chainrule train saves one\n" in run.err
    error = chainrule("plot", tmp_path / "m.st", "-o", tmp_path / "q.png", "--part", "curve").error
    assert error == "this model has no learning curve; chainrule train saves one"


def test_a_curve_with_other_things_in_it_is_an_error(digits, tmp_path):
    model = load(digits)
    del model.loss_curve_  # as in files of 0.1.0
    model.metadata_["history"]["loss"] = ["x", 1, 2]
    model.save(tmp_path / "m.st")
    error = chainrule("plot", tmp_path / "m.st", "-o", tmp_path / "p.png", "--part", "curve").error
    assert error == "the learning curve of this model: expected 3 numbers of loss"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "p.gif"), "--output: expected a name that ends in .png, .svg, .pdf, got 'p.gif'"),
        (("-o", "nowhere/p.png"), "--output: there is no folder nowhere"),
        (
            ("--part", "bias"),
            "--part: expected one of all, curve, weights, functions, confusion, mistakes, "
            "saliency, descent, got 'bias'",
        ),
        (("--part", "mistakes"), "--part mistakes: expected DATA after MODEL, got none"),
        (
            ("digits",),
            "DATA: expected --part confusion, mistakes, saliency, descent, got --part all, "
            "which needs none",
        ),
    ],
)
def test_an_option_without_sense_is_named(digits, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    assert chainrule("plot", digits, *options).error == message


def test_what_is_no_model_is_named(tmp_path):
    (tmp_path / "m").write_text("a,b\n1,2\n")
    assert (
        "is no model of chainrule"
        in chainrule("plot", tmp_path / "m", "-o", tmp_path / "p.png").error
    )
    assert (
        "there is no such file" in chainrule("plot", tmp_path / "n", "-o", tmp_path / "p.png").error
    )


def test_without_matplotlib_one_sentence_says_how_to_get_it(digits, tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert chainrule("plot", digits, "-o", tmp_path / "p.png").error == (
        'pictures need matplotlib, which is not installed: pip install "chainrule[plots]"'
    )
    assert not (tmp_path / "p.png").exists()


def test_a_picture_is_overwritten_with_force_alone(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = tmp_path / "digits.png"
    before.write_bytes(b"a photo")
    run = chainrule("plot", digits)
    assert run.err == (
        "digits.png is there already (--force overwrites it)\npicture saved in digits-2.png\n"
    )
    error = chainrule("plot", digits, "-o", before.name).error
    assert error.startswith("--output: digits.png is there already; --force overwrites it")
    assert before.read_bytes() == b"a photo"
    assert chainrule("plot", digits, "--force").err == "picture saved in digits.png\n"
    assert size(before)[0] == 1500


# ---- gradient descent


def test_descent_on_the_loss_of_a_model(digits):
    texts, said = words(digits, "digits", "--part", "descent", "--surface")
    assert "the loss is that of the first 200 samples" in said
    weights = load(digits).chain_.parameters["W2"]
    largest = np.sort(np.abs(weights), axis=None)[-2:][::-1]
    told = re.search(r"from 0 and 0; after training (.*) = (.*) and (.*) = (.*)\n", said)
    np.testing.assert_allclose([abs(float(told[2])), abs(float(told[4]))], largest, rtol=0.01)
    assert {told[1], told[3]} <= set(texts)
    rate = next(text for text in texts if re.fullmatch(r"SGD, η = \S+", text))
    assert f"{rate}, momentum 0.8" in texts
    ways = [re.fullmatch(r"loss (\S+) → (\S+) in 20 steps", text) for text in texts]
    losses = [(float(way[1]), float(way[2])) for way in ways if way]
    assert len(losses) == 3
    assert all(last < first for first, last in losses), "in the three digits that are told"


def test_descent_as_it_is_said(digits):
    options = ("--parameters", "W1[1,0], W0[2,3]", "--start", "−1,5", "--learning-rate", 0.5)
    texts, said = words(digits, "digits", "--part", "descent", *options, "--steps", 1)
    assert "from -1 and 5; after training W1[1,0] = " in said
    assert {"W1[1,0]", "W0[2,3]", "SGD, η = 0.5"} <= set(texts)
    assert [text for text in texts if text.endswith("in 1 steps")]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--part", "descent"), "--part descent: expected DATA after MODEL, got none"),
        (("digits", "--part", "saliency", "--surface"),
         "--surface: expected --part descent, got --part saliency"),
        (("--steps", 3), "--steps: expected --part descent, got --part all"),
        (("digits", "--part", "descent", "--parameters", "W0"),
         "--parameters: expected two such as W0[0,0],b0[1], got 'W0'"),
        (("digits", "--part", "descent", "--start", "1"),
         "--start: expected two numbers such as -1,5, got '1'"),
        (("digits", "--part", "descent", "--steps", 0),
         "--steps: expected a whole number >= 1, got 0"),
        (("digits", "--part", "descent", "--learning-rate", 0),
         "--learning-rate: expected a number > 0, got 0"),
    ],
)  # fmt: skip
def test_mistakes_in_descent_are_a_sentence(digits, options, error):
    assert chainrule("plot", digits, *options, "-fo", digits.with_name("no.png")).error == error

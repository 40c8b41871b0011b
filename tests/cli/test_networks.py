"""The networks that data get by default, and those that are asked for."""

import numpy as np
import pytest

from chainrule import load
from chainrule.cli.networks import build_chain
from chainrule.cli.options import CommandLineOptions
from chainrule.functions import Conv2d, Linear, MaxPool2d
from cli.runs import chainrule, house_rows, train, written
from cli.test_images import digits as idx_files, pictures


def kinds(path):
    return [type(function).__name__ for function in load(path).chain_.functions]


def test_a_convolutional_network_learns_digits_and_does_all_that_models_do(tmp_path):
    path = tmp_path / "digits.st"
    facts = chainrule("train", "digits", "--model", "cnn", "-e", 20, "--json", "-o", path).json
    assert facts["network"] == "cnn"
    assert facts["scores"]["test"]["accuracy"] >= 0.97
    assert chainrule("evaluate", path, "digits", "--json").json["scores"]["all"]["accuracy"] > 0.97
    predicted = chainrule("predict", path, "digits", "--json").json
    assert (predicted["target"], len(predicted["predictions"])) == ("digit", 1797)
    assert chainrule("check", path, "digits", "--entries", 5, "--json").json["passed"]
    assert "Conv2d(32, padding=1)" in chainrule("show", path).out


def test_images_get_a_convolutional_network_and_are_told_so(tmp_path):
    folder = pictures(tmp_path / "pets")
    run = chainrule("train", folder, "-e", 1, "-o", tmp_path / "m")
    assert run.code == 0
    assert "the data are images, so the network is convolutional (--model mlp: " in run.err
    assert "Conv2d" in kinds(tmp_path / "m")
    run = chainrule("train", folder, "-e", 1, "-fo", tmp_path / "m", "--model", "mlp")
    assert "convolutional" not in run.err
    assert "Conv2d" not in kinds(tmp_path / "m")


def test_tables_and_the_table_of_digits_get_a_multilayer_network(tmp_path):
    assert set(kinds(train("digits", tmp_path / "m"))) == {"Linear", "ReLU", "Softmax"}


@pytest.mark.parametrize("data", ["iris", "houses.csv"])
def test_a_table_gets_no_convolutional_network(tmp_path, monkeypatch, data):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "houses.csv", house_rows())
    target = () if data == "iris" else ("-t", "price")
    assert chainrule("train", data, *target, "--model", "cnn").error == (
        f"--model: cnn is for images, and {data} is a table; expected --model mlp"
    )


@pytest.mark.parametrize(
    ("shape", "pools", "flat"),
    [
        ((1, 1, 2), 0, 32 * 1 * 2),
        ((1, 5, 5), 0, 32 * 5 * 5),
        ((1, 8, 8), 1, 32 * 4 * 4),
        ((1, 28, 28), 3, 64 * 3 * 3),
        ((3, 32, 32), 3, 64 * 4 * 4),
        ((3, 64, 64), 4, 128 * 4 * 4),
        ((3, 8, 200), 4, 128 * 4 * 3),
        ((1, 700, 130), 4, 128 * 3 * 5),
    ],
)
def test_blocks_halve_images_of_any_shape(shape, pools, flat):
    options = CommandLineOptions("images", model="cnn", layers="7", activation="relu")
    chain, _ = build_chain(options, task="multiclass", classes=3, input_shape=shape)
    chain.initialize(shape, seed=0, dtype="float32")
    assert sum(isinstance(function, MaxPool2d) for function in chain.functions) == pools
    assert sum(isinstance(function, Conv2d) for function in chain.functions) == max(pools, 1)
    first = next(layer for layer in chain.layers if type(layer.function).__name__ == "Linear")
    assert first.input_shape == (flat,)
    X = np.zeros((2, *shape), np.float32)
    assert chain.forward(X).shape == (2, 3)


@pytest.mark.parametrize(
    ("shape", "pools", "flat"), [((3, 64, 64), 4, 128 * 4 * 4), ((3, 224, 160), 6, 128 * 3 * 5)]
)
def test_a_size_that_was_asked_for_is_what_the_network_sees(shape, pools, flat):
    asked = {"model": "cnn", "layers": "7", "activation": "relu", "size": "160x224"}
    options = CommandLineOptions("photos", **asked)
    chain, _ = build_chain(options, task="multiclass", classes=3, input_shape=shape)
    assert isinstance(chain.functions[0], Conv2d)
    assert sum(isinstance(function, MaxPool2d) for function in chain.functions) == pools
    chain.initialize(shape, seed=0, dtype="float32")
    first = next(layer for layer in chain.layers if isinstance(layer.function, Linear))
    assert first.input_shape == (flat,)


def test_the_epochs_of_images_are_fewer_the_more_there_are(tmp_path):
    folder = idx_files(tmp_path / "mnist")
    few = chainrule("train", folder, "--json", "-o", tmp_path / "m", "--patience", 0).json
    assert (few["batch_size"], few["schedule"], few["epochs"]) == (64, "WarmUp", 60)


def test_words_replace_the_defaults_of_images(tmp_path):
    folder = idx_files(tmp_path / "mnist")
    options = ("--schedule", "constant", "--warm-up", 0, "--dropout", 0, "-b", 9, "-l", 0.01)
    facts = chainrule("train", folder, "-e", 2, *options, "--json", "-o", tmp_path / "m").json
    assert (facts["batch_size"], facts["schedule"], facts["epochs"]) == (9, "Constant", 2)
    assert facts["optimizer"]["learning_rate"] == 0.01
    assert "Dropout" not in kinds(tmp_path / "m")


def test_gradients_are_clipped_to_a_length(tmp_path):
    arguments = ("train", "iris", "-e", 3, "--json", "-fo", tmp_path / "m", "--optimizer", "sgd")
    free = chainrule(*arguments).json
    clipped = chainrule(*arguments, "--clip-norm", 1e-6).json
    assert (free["clip_norm"], clipped["clip_norm"]) == (None, 1e-6)
    losses = clipped["history"]["loss"]
    assert losses[2] == pytest.approx(losses[0], rel=1e-3)  # steps so short that nothing is learned
    assert free["history"]["loss"][2] < 0.9 * losses[2]


def test_images_are_augmented_in_training(tmp_path):
    arguments = ("train", "digits", "--model", "cnn", "-e", 2, "--json", "-fo", tmp_path / "m")
    plain = chainrule(*arguments).json
    facts = chainrule(*arguments, "--augment", "shift=1,noise=0.05").json
    assert facts["augmentation"] == ["Shift(pixels=1, fill=0.0)", "Noise(deviation=0.05)"]
    assert facts["history"]["loss"][0] > plain["history"]["loss"][0]
    assert facts["scores"]["test"]["accuracy"] > 0.5

"""chainrule train with a checkpoint: kept, gone on from, refused, and removed at the end."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from chainrule import load
from chainrule.training import ProgressBar
from cli.runs import chainrule, house_rows, written


@pytest.fixture
def houses(tmp_path):
    return written(tmp_path / "houses.csv", house_rows())


@pytest.fixture
def texts(tmp_path):
    words = np.random.default_rng(0).choice(list("abcdefgh"), (60, 5))
    lines = [f"__label__{'yes' if 'a' in each else 'no'} {' '.join(each)}" for each in words]
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def interrupted(monkeypatch, epochs, *arguments):
    """Run a command, let Ctrl-C come after some epochs, and return what it said."""
    heard, tell = [], ProgressBar.stepped

    def told(self, *given):
        tell(self, *given)
        heard.append(self._done)
        if self._done == epochs:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ProgressBar, "stepped", told)
        return chainrule(*arguments)


def kinds(houses, texts):
    price = ("train", houses, "-t", "price", "-e", "6")
    return {
        "ensemble": price,
        "network": (*price, "--layers", "8", "--patience", "0"),
        "lbfgs": (*price, "--layers", "4", "--optimizer", "lbfgs"),
        "texts": ("train", texts, "-e", "6"),
    }


@pytest.mark.parametrize("kind", ["ensemble", "network", "texts"])
def test_an_interrupted_training_goes_on_with_the_same_bits(
    kind, houses, texts, tmp_path, monkeypatch
):
    command = kinds(houses, texts)[kind]
    assert chainrule(*command, "-o", tmp_path / "whole").code == 0
    model, kept = tmp_path / "model", tmp_path / "run.checkpoint"
    options = ("-o", model, "--checkpoint", kept)
    first = interrupted(monkeypatch, 2, *command, *options)
    assert first.code == 0, first.err
    assert f"the same command with --resume goes on from {kept}\n" in first.err
    assert load(model).metadata_["epochs"] < load(tmp_path / "whole").metadata_["epochs"]
    second = chainrule(*command, *options, "--resume")
    assert second.code == 0, second.err
    assert f"\ntraining goes on from {kept}\n" in second.err
    one, other = load(model), load(tmp_path / "whole")
    np.testing.assert_array_equal(one.chain_.parameters.flat, other.chain_.parameters.flat)
    assert one.loss_curve_ == other.loss_curve_
    assert not kept.exists()


def test_resume_begins_where_there_is_nothing_yet(houses, texts, tmp_path):
    kept = tmp_path / "run.checkpoint"
    command = kinds(houses, texts)["lbfgs"]
    run = chainrule(*command, "-o", tmp_path / "m", "--checkpoint", kept, "--resume")
    assert run.code == 0
    assert f"there is no {kept} yet, so training begins anew\n" in run.err
    assert not kept.exists()


def test_ctrl_c_in_the_first_epoch_keeps_the_training(houses, texts, tmp_path, monkeypatch):
    kept = tmp_path / "run.checkpoint"
    command = (*kinds(houses, texts)["network"], "-o", tmp_path / "m", "--checkpoint", kept)
    run = interrupted(monkeypatch, 0, *command)
    assert (run.code, run.out) == (130, "")
    assert run.err.endswith(
        f"interrupted, no model is saved\nthe same command with --resume goes on from {kept}\n"
    )
    assert chainrule(*command, "--resume").code == 0


def test_a_model_without_a_name_goes_where_it_was_to_go(houses, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ("train", houses, "-t", "price", "-e", "6", "--checkpoint", "run")
    assert interrupted(monkeypatch, 2, *command).code == 0
    assert chainrule(*command, "--resume").code == 0
    assert sorted(os.listdir(tmp_path)) == ["houses.csv", "houses.safetensors"]


def test_mistakes_are_a_sentence_each(houses, texts, tmp_path, monkeypatch):
    kept, model = tmp_path / "run.checkpoint", tmp_path / "m"
    command = (*kinds(houses, texts)["network"], "-o", model)
    assert interrupted(monkeypatch, 2, *command, "--checkpoint", kept).code == 0
    before, saved = kept.read_bytes(), model.read_bytes()
    told = {
        ("--checkpoint", kept): f"--checkpoint: {kept} is there already: --resume goes on from it; "
        "once it is deleted, or with another name, training begins anew",
        ("--checkpoint", model, "--force"): f"--checkpoint: {model} has another purpose",
        ("--checkpoint", houses): f"--checkpoint: {houses} has another purpose",
        ("--checkpoint", texts): f"--checkpoint: {texts} is there already and is no checkpoint",
        ("--checkpoint", texts, "--resume"): f"{texts}: ",
        ("--checkpoint", tmp_path): "checkpoint: expected the name of a file, got the folder",
        ("--resume",): "--resume: expected --checkpoint FILE with it, got none",
        ("--checkpoint-every", 3): "--checkpoint-every: expected --checkpoint FILE with it",
        ("--checkpoint", kept, "--checkpoint-every", -3, "--resume"): "every",
        ("--checkpoint", kept, "--resume", "--learning-rate", 0.02): "is of another training: "
        "solver: Adam() there, Adam(learning_rate=0.02) here",
        ("--checkpoint", kept, "--resume", "--seed", 3): "is of another training: random_state: "
        "0 there, 3 here",
    }
    for options, sentence in told.items():
        assert sentence in chainrule(*command, *options).error
    houses.write_text(houses.read_text().replace("villa", "hut"))
    run = chainrule(*command, "--checkpoint", kept, "--resume", "--quiet")
    assert "is of another training: column 'kind': other values here than there" in run.error
    assert (kept.read_bytes(), model.read_bytes()) == (before, saved)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_sigterm_and_then_kill_9_lose_nothing(tmp_path):
    kept, model, whole = tmp_path / "run.checkpoint", tmp_path / "m", tmp_path / "whole"
    line = ["train", "iris", "-q", "-e", "1500", "--patience", "0", "--layers", "8"]
    command = [sys.executable, "-m", "chainrule", *line, "-o", model, "--checkpoint", kept]
    command += ["--checkpoint-every", "0", "--resume"]
    for number in (signal.SIGTERM, signal.SIGKILL):
        before = kept.read_bytes() if kept.exists() else b""
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None and (not kept.exists() or kept.read_bytes() == before):
                time.sleep(0.02)
            process.send_signal(number)
        assert process.returncode == {signal.SIGTERM: 0, signal.SIGKILL: -9}[number]
        assert load(model).n_features_in_ == 4, "the model file is whole"
    assert chainrule(*command[3:]).code == 0
    assert chainrule(*line, "-o", whole).code == 0
    np.testing.assert_array_equal(
        load(model).chain_.parameters.flat, load(whole).chain_.parameters.flat
    )
    assert not kept.exists()

"""What the command line keeps and says of trainings that do not go well."""

import numpy as np
import pytest

from chainrule import load
from cli.runs import chainrule, written

rng = np.random.default_rng(0)
X, NOISE = rng.normal(size=(120, 5)), rng.integers(0, 3, 120)  # there is nothing to learn
HEADER = "a,b,c,d,e,t"


def table(path, answers):
    rows = [[*map(str, x), str(t)] for x, t in zip(X, answers, strict=False)]
    return written(path / "a.csv", rows, HEADER)


def test_lbfgs_keeps_the_best_iteration(tmp_path):
    data = table(tmp_path, np.array(["a", "b", "c"])[NOISE])
    arguments = ("train", data, "-t", "t", "--optimizer", "lbfgs", "--layers", 32, "-e", 60)
    told = chainrule(*arguments, "--patience", 0, "-fo", tmp_path / "m", "--json").json
    losses = told["history"]["validation_loss"]
    best = 1 + int(np.argmin(losses))
    assert told["history"]["kept"] == best < len(losses)
    assert told["scores"]["validation"]["log loss"] == pytest.approx(min(losses), rel=1e-4)
    run = chainrule(*arguments, "--patience", 2, "-fo", tmp_path / "m")
    assert f"\nstopped after {best + 3} epochs, kept the best, epoch {best}, " in run.err


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_one_row_to_validate_on_has_no_r_squared(tmp_path, optimizer):
    data = table(tmp_path, X[:12, 0])  # twelve rows, of which one is the validation part
    arguments = ("train", data, "-t", "t", "--optimizer", optimizer, "-e", 4, "-fo", tmp_path / "m")
    run = chainrule(*arguments, "--task", "regression")
    assert run.code == 0
    assert "\nR² needs two samples, and the validation set has one, so that it is NaN; " in run.err
    curve = load(tmp_path / "m").metadata_["history"]
    assert curve["validation_score"] == [None] * 4
    assert curve["kept"] == 1 + int(np.argmin(curve["validation_loss"]))
    assert chainrule("show", tmp_path / "m").code == 0


def test_a_loss_that_rises_and_stays_finite_is_said(tmp_path):
    data = table(tmp_path, X[:, 0] - X[:, 1])
    arguments = ("train", data, "-t", "t", "-l", 1e5, "-e", 5, "-fo", tmp_path / "m")
    run = chainrule(*arguments)
    assert run.code == 0
    said = "so that training has diverged: lower the learning rate, from 100000 to 1 for a start"
    assert said in run.err
    remarks = chainrule(*arguments, "--json").json["remarks"]
    assert [said in remark for remark in remarks] == [True]
    usual = chainrule(*arguments[:4], "-e", 5, "-fo", tmp_path / "m", "--json").json
    assert "remarks" not in usual


def test_lbfgs_with_a_loss_that_is_not_finite_fails_with_advice(tmp_path, monkeypatch):
    from chainrule import MeanSquaredError

    monkeypatch.setattr(MeanSquaredError, "error", lambda self, y, t: (y - t) ** 2 * np.nan)
    data = table(tmp_path, X[:, 0])
    arguments = ("--optimizer", "lbfgs", "--loss", "squared", "-fo", tmp_path / "m")
    run = chainrule("train", data, "-t", "t", *arguments, "--engine", "reference")
    assert run.code == 1
    assert "the loss became nan in iteration 1: bring the numbers in X and t near 1" in run.err
    assert not (tmp_path / "m").exists()


def test_a_class_with_a_weight_may_be_missing_in_a_part(tmp_path):
    kinds = [*("ab"[i % 2] for i in range(119)), "rare"]
    data = table(tmp_path, kinds)
    for optimizer in ("adam", "lbfgs"):
        run = chainrule(
            "train", data, "-t", "t", "--class-weight", "rare=5", "-e", 2, "--optimizer", optimizer,
            "-fo", tmp_path / "m",
        )  # fmt: skip
        assert run.code == 0, run.err

"""The check of a program in C: it passes where the program is right, and nowhere else."""

import subprocess

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import (
    Chain,
    CrossEntropy,
    Linear,
    MLPClassifier,
    ReLU,
    Softmax,
    TableClassifier,
    export_network,
)
from chainrule.export.gradient_samples import keep_gradient
from chainrule.export.plan import PRECISIONS
from chainrule.export.walk import walk
from export.networks import every_case
from export.programs import COMPILER, STRICT, needs_compiler

CASES = every_case()
X, y = load_iris(return_X_y=True)


def golden(count):
    """Return the numbers of a direction, by whole numbers of Python."""
    return np.array([(k * 2654435761 % 2**32) / 2**31 - 1 for k in range(1, count + 1)])


KEPT = ("after_tanh", "residual", "conv", "loss_MeanSquaredError", "sigmoid", "members")


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_is_the_loss_and_its_gradient(name):
    case = next(each for each in CASES if each.name == name)
    names = list(case.chain.parameters)
    kept = keep_gradient(
        walk(case.chain, case.loss), case.loss, case.X, names, PRECISIONS["double"]
    )
    assert kept.places == [0, 1]
    chain, t = case.chain.astype(np.float64), kept.T.astype(float)
    assert set(t.ravel()) == {0, 1}
    t = t.argmax(axis=1) if name == "members" else t
    loss, gradients = chain.gradient(case.loss, case.X, t)
    dX = chain.input_gradient(case.loss, case.X, t)
    dX = dX.reshape(2, -1).sum(axis=0)  # of the mean loss, whose share is in each sample's
    expected = [loss, dX @ golden(len(dX))]
    expected += [np.ravel(gradients[name]) @ golden(gradients[name].size) for name in names]
    np.testing.assert_allclose(kept.expected, expected, rtol=1e-10, atol=1e-12)
    assert (kept.allowed < 1e-9 * np.maximum(1, np.abs(expected).max())).all()
    assert (kept.allowed > 0).all()


WRONG = {
    "a factor of the gradient by W": (
        "dW[3*i + o] = X[i] * dY[o]",
        "dW[3*i + o] = X[i] * dY[o] * 2",
    ),
    "a transpose": ("dW[3*i + o] = X[i] * dY[o]", "dW[i + 3*o] = X[i] * dY[o]"),
    "a sign": ("db[o] = dY[o]", "db[o] = -dY[o]"),
    "a number too few": ("o < 3; o++) db[o]", "o < 2; o++) db[o]"),
    "a wrong gradient by X": ("s += dY[o] * W[3*i + o]", "s += dY[o] * W[3*i]"),
    "a wrong loss": ("return L[0];", "return L[0] * 1.001f;"),
    "no derivative of the activation": ("dY[e] * (X[e] > 0", "dY[e] * (1 > 0"),
}


@needs_compiler
@pytest.mark.parametrize("precision", ["float", "double"])
def test_a_gradient_that_is_wrong_is_named(tmp_path, precision):
    model = MLPClassifier((3,), solver="lbfgs", max_iter=2000, random_state=0).fit(X, y)
    model.export(tmp_path / "m.c", samples=X[::10], gradient=True, precision=precision)
    text = (tmp_path / "m.c").read_text(encoding="utf-8")
    begin = text.index(
        "real m_gradient(const real X[4], const real T[3], struct m_gradients *d)\n{"
    )
    check = text.index("#ifdef CHAINRULE_MAIN", begin)
    for name, (right, wrong) in {"right": ("return", "return"), **WRONG}.items():
        inside = text[begin:check]
        assert right in inside, name
        changed = text[:begin] + inside.replace(right, wrong) + text[check:]
        (tmp_path / "m.c").write_text(changed, encoding="utf-8")
        command = [COMPILER, *STRICT, "-Wno-unused", "-DCHAINRULE_MAIN", "m.c", "-o", "m", "-lm"]
        subprocess.run(command, cwd=tmp_path, check=True)
        done = subprocess.run("./m", cwd=tmp_path, capture_output=True, text=True, check=False)
        last = "m: gradient of 5 samples by 5 arrays: "
        assert done.returncode == (name != "right"), (name, done.stdout)
        assert done.stdout.endswith(f"{last}{'right' if name == 'right' else 'WRONG'}\n")


def test_samples_at_a_kink_are_left_out():
    chain = Chain(Linear(2, bias=False), ReLU(), Linear(2), Softmax()).initialize((2,))
    chain.parameters["W0"][...] = [[1, 1], [-1, 1]]
    samples = np.array([[1.0, 1 + 1e-7], [1.0, 0.5], [3.0, 3.0], [2.0, 1.0]])
    kept = keep_gradient(walk(chain), CrossEntropy(), samples, ["W0", "W1"], np.dtype("f4"))
    assert 1 in kept.places
    assert 0 not in kept.places
    alone = keep_gradient(walk(chain), CrossEntropy(), samples[:1], ["W0"], np.dtype("f4"))
    assert alone is None
    wide = keep_gradient(walk(chain), CrossEntropy(), samples[:1], ["W0"], np.dtype("f8"))
    assert wide.places == [0]


@needs_compiler
def test_a_gradient_at_a_kink_is_not_compared(tmp_path):
    chain = Chain(Linear(2, bias=False), ReLU(), Linear(2), Softmax()).initialize((2,))
    chain.parameters["W0"][...] = [[1, 1], [-1, 1]]
    chain.export(
        tmp_path / "k.c",
        samples=np.array([[1.0, 1 + 1e-7]]),
        gradient=True,
        loss=CrossEntropy(),
        precision="float",
    )
    command = [COMPILER, *STRICT, "-DCHAINRULE_MAIN", "k.c", "-o", "k", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run("./k", cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (
        "k: gradient not compared: at each kept sample rounding decides which it is" in done.stdout
    )


@needs_compiler
@pytest.mark.filterwarnings("ignore::chainrule.data.DataWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_cells_are_kept_as_they_are_given(tmp_path):
    frame = pd.DataFrame(
        {
            "zip": ["01067", "01068", "99999", "01067"] * 20,
            "kind": ["p", "true", None, "q", "p"] * 16,
            "size": [1.5, 2.0, np.nan, 4.25] * 20,
        }
    )
    answers = frame["zip"] + frame["kind"].fillna("")
    model = TableClassifier(categorical=["zip", "kind"], max_iter=5, random_state=0)
    model.fit(frame, answers)
    given = pd.DataFrame(
        [
            {"zip": " 01068", "kind": "p\u00a0", "size": 1.5},
            {"zip": "a\0b", "kind": "p", "size": 2.0},  # which no text of C can be
            {"zip": "+1067", "kind": "N/A", "size": np.nan},
            {"zip": "99999.0", "kind": None, "size": 2.0},
            {"zip": "nan", "kind": "True", "size": -3.0},
        ]
    )
    model.export(tmp_path / "t.c", samples=given, gradient=True)
    text = (tmp_path / "t.c").read_text(encoding="utf-8")
    begin = text.index("static const struct t_row check_samples[4] = {\n")
    assert text[begin:].split("\n")[1:5] == [
        r'  {" 01068", "p\302\240", 1.5},',
        '  {"+1067", "N/A", NAN},',
        '  {"99999.0", NULL, 2.0},',
        '  {"nan", "True", -3.0},',
    ]
    command = [COMPILER, *STRICT, "-DCHAINRULE_MAIN", "t.c", "-o", "t", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run("./t", cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("t: 4 samples, largest difference ")
    assert done.stdout.count(": right\n") == 2
    # a program that took cells for the spelling of training would be found out
    before = "  for (int i = 0; i < count"
    right, wrong = "text = stripped(text, &length);\n", "length = (int)strlen(text);\n"
    wrong = text.replace(right + before, wrong + before)
    assert wrong != text
    (tmp_path / "t.c").write_text(wrong, encoding="utf-8")
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run("./t", cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "WRONG" in done.stdout


@needs_compiler
def test_numbers_far_from_zero_before_a_scaler(tmp_path):
    far = X + np.array([2020, 1e4, -3e3, 0])  # of whose digits float keeps few
    network = MLPClassifier((4,), solver="lbfgs", max_iter=2000, random_state=0)
    pipeline = make_pipeline(StandardScaler(), network).fit(far, y)
    options = {"samples": far[::9], "gradient": True, "precision": "float"}
    export_network(pipeline, tmp_path / "far.c", **options)
    command = [COMPILER, *STRICT, "-DCHAINRULE_MAIN", "far.c", "-o", "far", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run("./far", cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(": right\n") == 2

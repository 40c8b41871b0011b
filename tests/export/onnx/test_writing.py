"""Files of ONNX: what they say of themselves, and what is refused."""

import builtins
import json
import sys
from dataclasses import dataclass

import numpy as np
import pytest

import chainrule
from chainrule import (
    Chain,
    CrossEntropy,
    ExplicitFunction,
    FastTextClassifier,
    Linear,
    MLPClassifier,
    Softmax,
    TextClassifier,
)
from export.onnx.runtime import Session, onnx

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
y = np.array(["rare", "usual"])[(X[:, 0] > -1).astype(int)]


@pytest.fixture(scope="module")
def model():
    return MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, y)


def test_what_a_file_says_of_itself(model, tmp_path):
    done = model.export(tmp_path / "net.onnx", opset=21)
    assert str(done) == f"ONNX (opset 21) in float written to {done.path}: 108 bytes of parameters"
    read = onnx.load(done.path)
    onnx.checker.check_model(read, full_check=True)
    assert [(each.domain, each.version) for each in read.opset_import] == [("", 21)]
    assert (read.producer_name, read.producer_version) == ("chainrule", chainrule.__version__)
    assert read.graph.name == "net"
    session = Session(done.path)
    told = session.metadata
    assert told["chainrule"] == chainrule.__version__
    assert told["kind"] == "MLPClassifier"
    assert json.loads(told["classes"]) == ["rare", "usual"]
    assert json.loads(told["inputs"])[0] == {
        "input": "X",
        "type": "float",
        "shape": ["N", 3],
        "meaning": "rows of 3 numbers",
    }
    assert [output.shape for output in session.session.get_outputs()] == [["N"], ["N", 2], ["N", 1]]


def test_the_same_network_is_the_same_file(model, tmp_path):
    first = model.export(tmp_path / "a.onnx", name="net").path.read_bytes()
    assert model.export(tmp_path / "b.onnx", name="net").path.read_bytes() == first


def test_a_score_of_minus_30_keeps_its_rank(model, tmp_path):
    model = MLPClassifier((), solver="lbfgs", random_state=0).fit(X, y)
    model.coefs_[0][...] = [[1.0], [0], [0]]
    model.intercepts_[0][...] = 0
    session = Session(model.export(tmp_path / "net.onnx").path)
    Z = np.array([[-80, 0, 0], [-31, 0, 0], [-30, 0, 0], [-18.5, 0, 0], [2, 0, 0]], np.float32)
    found = session.run(Z)
    np.testing.assert_allclose(found["probabilities"], model.predict_proba(Z), rtol=5e-7)
    assert (np.diff(found["probabilities"][:, 1]) > 0).all()
    assert found["label"].tolist() == ["rare"] * 4 + ["usual"]


@dataclass(frozen=True)
class Ravel(ExplicitFunction):
    """A user's own function that is neither elementwise nor a line."""

    def output_shape(self, shape):
        return shape

    def forward(self, X, parameters, key=None):
        return X

    def jacobian(self, X, parameters, key=None):
        raise NotImplementedError

    def backprop(self, dY, X, Y, parameters, key=None, *, input_gradient=True):
        return dY, {}


@dataclass(frozen=True)
class Steep(Linear):
    """A line with a forward of its own."""

    def forward(self, X, parameters, key=None):
        return 2 * super().forward(X, parameters, key)


CHAIN = Chain(Linear(2), Softmax()).initialize((3,))


@pytest.mark.parametrize(
    ("chain", "options", "message"),
    [
        (Chain(Ravel()).initialize((3,)), {}, r"Ravel\(\): cannot be exported: expected an Elem"),
        (Chain(Steep(2)).initialize((3,)), {}, r"Steep\(2\): cannot be exported: it has"),
        (CHAIN, {"opset": 9}, "expected opset as one of 17, 21, got 9"),
        (CHAIN, {"opset": 17.0}, "expected opset as one of 17, 21, got 17.0"),
        (CHAIN, {"precision": "double"}, "ONNX is written in float, got precision='double'"),
        (CHAIN, {"gradient": True}, "gradient is for programs in C or JavaScript"),
        (CHAIN, {"loss": CrossEntropy()}, "loss is for programs in C or JavaScript"),
        (CHAIN, {"samples": X}, "samples is for programs in C or JavaScript"),
        (CHAIN, {"weights": "w.bin"}, "weights is for programs in C or JavaScript"),
        (CHAIN, {"path": "net.c", "opset": 17}, "opset is for ONNX alone, got to='C99'"),
        (
            CHAIN,
            {"path": "net.js", "encoded": True},
            "encoded is for ONNX alone, got to='JavaScript'",
        ),
    ],
)
def test_what_cannot_be_written(chain, options, message, tmp_path):
    path = tmp_path / options.get("path", "net.onnx")
    with pytest.raises(ValueError, match=message):
        chain.export(path, **{key: each for key, each in options.items() if key != "path"})
    assert not list(tmp_path.iterdir())


def test_more_numbers_than_a_file_counts(monkeypatch, tmp_path):
    monkeypatch.setattr("chainrule.export.onnx.model.MOST_BYTES", 31)
    with pytest.raises(ValueError, match=r"a file of ONNX has at most 2 GB, got 32 bytes"):
        CHAIN.export(tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


def test_texts_are_not_split(tmp_path):
    model = TextClassifier(2, max_iter=1, random_state=0).fit(["good", "bad"] * 3, [1, 0] * 3)
    with pytest.raises(ValueError, match=r"no operators that split texts .* encoded=True"):
        model.export(tmp_path / "net.onnx")
    own = FastTextClassifier(dim=2, epoch=1).fit(["good", "bad"] * 3, [1, 0] * 3)
    with pytest.raises(ValueError, match="expected a chain or an estimator of one"):
        chainrule.export_network(own, tmp_path / "net.onnx")


def test_without_the_package(monkeypatch, tmp_path):
    real = builtins.__import__

    def refused(name, *rest):
        if name.partition(".")[0] == "onnx":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refused)
    monkeypatch.delitem(sys.modules, "onnx")
    with pytest.raises(ImportError, match=r'pip install "chainrule\[onnx\]"'):
        CHAIN.export(tmp_path / "net.onnx")

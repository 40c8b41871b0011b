"""Files of exported networks: what is written, what is said of it, and what is refused."""

import json
import subprocess
from dataclasses import dataclass

import mpmath
import numpy as np
import pytest
from scipy import special
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

from chainrule import (
    GELU,
    Chain,
    Classifier,
    CrossEntropy,
    Elementwise,
    FastTextClassifier,
    Flatten,
    LayerNorm,
    Linear,
    Loss,
    MLPClassifier,
    MLPRegressor,
    ReLU,
    Sigmoid,
    Softmax,
    explain_network,
    export_network,
)
from chainrule.export.javascript.printer import JavaScriptPrinter, helpers
from chainrule.export.plan import plan_export
from chainrule.export.walk import walk
from export.programs import (
    COMPILER,
    NODE,
    STRICT,
    Compiled,
    compile_all,
    needs_compiler,
    needs_node,
)

X, y = load_iris(return_X_y=True)
PLAIN = {"solver": "lbfgs", "max_iter": 2000, "random_state": 0}


def compiled_file(folder, path, model, precision="double", **options):
    """Return a network whose file is compiled as it is."""
    plan = plan_export(walk(model), path.stem, precision, gradient=False, **options)
    text = path.read_text(encoding="utf-8")
    return Compiled(compile_all(folder, [(path.stem, text)]), plan)


@needs_compiler
def test_a_classifier_answers_with_classes(tmp_path):
    labels = np.array(['a "fine" film', "*/ née\n?", "\\"])[y]
    model = MLPClassifier((4,), **PLAIN).fit(X, labels)
    done = model.export(tmp_path / "iris.c")
    network = compiled_file(tmp_path, done.path, model)
    for x, label, expected in zip(X, model.predict(X), model.predict_proba(X), strict=True):
        probabilities, place = network.predict(x)
        assert model.classes_[place] == label
        np.testing.assert_allclose(probabilities, expected, rtol=1e-10, atol=1e-14)
    assert str(done) == (
        f"C99 in double written to {done.path}: 280 bytes of parameters, 56 of memory"
    )


@needs_compiler
def test_two_classes_by_the_sign_of_a_score(tmp_path):
    model = MLPClassifier((), **PLAIN).fit(X, y == 1)
    model.coefs_[0][...] = [[1.0], [0], [0], [0]]
    model.intercepts_[0][...] = 0
    model.export(tmp_path / "two.c")
    network = compiled_file(tmp_path, tmp_path / "two.c", model)
    for score, place in [(1e-300, 1), (0, 0), (-1e-300, 0), (-700, 0)]:
        found, answer = network.predict([score, 0, 0, 0])
        assert answer == place
        expected = [special.expit(-score), special.expit(score)]
        np.testing.assert_allclose(found, expected, rtol=1e-14)


@needs_compiler
@pytest.mark.parametrize(
    ("image_format", "precision"), [("nchw", "float"), ("nhwc", "double"), ("nhw", "double")]
)
def test_images_of_raw_pixels(tmp_path, image_format, precision):
    images, t = load_digits(return_X_y=True)
    pixels = (images[:200].reshape(-1, 8, 8) * 16).astype(np.uint8)
    pixels = pixels if image_format == "nhw" else np.stack([pixels, 255 - pixels, pixels // 2], 1)
    pixels = np.moveaxis(pixels, 1, -1) if image_format == "nhwc" else pixels
    model = Classifier(Chain(Flatten(), Linear(5), ReLU()), complete=True, inputs="images", **PLAIN)
    model.set_params(image_format=image_format).fit(pixels, t[:200])
    options = [*STRICT, "-DCHAINRULE_MAIN", "-O1"]
    model.export(tmp_path / "digits.c", samples=pixels, gradient=True, precision=precision)
    command = [COMPILER, *options, "digits.c", "-o", "program", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run("./program", cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("digits: 20 samples, largest difference")
    network = compiled_file(tmp_path, tmp_path / "digits.c", model, precision)
    for image, expected in zip(pixels[:9], model.predict_proba(pixels[:9]), strict=True):
        np.testing.assert_allclose(network.predict(image)[0], expected, rtol=1e-4, atol=1e-6)


@needs_compiler
def test_a_program_that_is_wrong_says_so(tmp_path):
    model = MLPRegressor("squared_error", (4,), **PLAIN).fit(X, y)
    model.export(tmp_path / "m.c", samples=X)
    text = (tmp_path / "m.c").read_text(encoding="utf-8")
    wrong = text.replace("larger(x, 0.0)", "larger(-x, 0.0)")
    assert wrong != text
    for name, source, code in (("right", text, 0), ("wrong", wrong, 1)):
        (tmp_path / "m.c").write_text(source, encoding="utf-8")
        command = [COMPILER, *STRICT, "-DCHAINRULE_MAIN", "m.c", "-o", "m", "-lm"]
        subprocess.run(command, cwd=tmp_path, check=True)
        done = subprocess.run("./m", cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, name in done.stdout.lower()) == (code, True)


def test_a_small_network_fits_a_small_computer(tmp_path):
    chain = Chain(Linear(32), ReLU(), Linear(16), ReLU(), Linear(10), Softmax()).initialize((64,))
    done = chain.export(tmp_path / "small.c")
    assert done.precision == "float"
    assert done.parameter_bytes == 4 * (64 * 32 + 32 + 32 * 16 + 16 + 16 * 10 + 10)
    assert done.memory_bytes == 4 * (32 + 16)
    assert done.parameter_bytes + done.memory_bytes < 20 * 1024


@needs_node
def test_javascript_reads_parameters_and_says_what_is_wrong(tmp_path):
    chain = Chain(Linear(40), GELU(), Linear(2)).initialize((30,), seed=3)
    export_network(chain, tmp_path / "net.mjs", weights=tmp_path / "w.bin")
    x = np.random.default_rng(0).normal(size=30).round(3)
    (tmp_path / "run.mjs").write_text(
        "import { readFileSync } from 'node:fs';\n"
        "import { load, predict } from './net.mjs';\n"
        "const bytes = readFileSync('w.bin');\n"
        "let [error, short] = ['', ''];\n"
        "try { load(bytes.subarray(8)); } catch (found) { short = found.message; }\n"
        "load(bytes);\n"
        "try { predict([1, 2]); } catch (found) { error = found.message; }\n"
        f"console.log(JSON.stringify([Array.from(predict({x.tolist()})), error, short]));\n",
        encoding="utf-8",
    )
    done = subprocess.run([NODE, "run.mjs"], cwd=tmp_path, capture_output=True, check=True)
    found, error, short = json.loads(done.stdout)
    np.testing.assert_allclose(found, chain.forward(x[None])[0], rtol=1e-5)
    assert error == "predict: expected x with 30 numbers, got 2"
    assert short == "load: expected 4816 bytes of parameters, got 4808"


@needs_node
def test_the_error_function_of_javascript(tmp_path):
    x = np.concatenate([np.linspace(-30, 30, 1501), 10.0 ** np.arange(-300, 2, 7)])
    printer = JavaScriptPrinter()
    calls = [printer.call(name, ["x"]) for name in ("erf", "erfc")]
    lines = [
        *helpers(printer.used),
        f"const x = {json.dumps(x.tolist())};",
        f"console.log(JSON.stringify([x.map((x) => {calls[0]}), x.map((x) => {calls[1]})]));",
        "const ends = [erf(Infinity), erfc(-Infinity), erfc(Infinity)].join();",
        "if (!Number.isNaN(erf(NaN) + erfc(NaN)) || ends !== '1,2,0') throw new Error(ends);",
    ]
    (tmp_path / "erf.mjs").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run([NODE, "erf.mjs"], cwd=tmp_path, capture_output=True, check=True)
    erf, erfc = json.loads(done.stdout)
    np.testing.assert_allclose(erf, [float(mpmath.erf(each)) for each in x], rtol=2e-15, atol=0)
    exact = np.array([float(mpmath.erfc(each)) for each in x])
    normal = exact > 1e-300
    np.testing.assert_allclose(np.array(erfc)[normal], exact[normal], rtol=4e-15, atol=0)


@dataclass(frozen=True)
class Own(Softmax):
    """A softmax with a forward of its own."""

    def forward(self, X, parameters, key=None):
        return super().forward(X, parameters, key) * 2


@dataclass(frozen=True)
class Gamma(Elementwise):
    """A function that no program has."""

    def value(self, x):
        return special.gamma(x)

    def derivative(self, x, y):
        return y * special.digamma(x)


class OwnLoss(Loss):
    """A loss that is no elementwise one."""

    def targets(self, t, Y):
        return np.asarray(t)

    def errors(self, Y, T):
        return Y[:, 0]

    def error_gradients(self, Y, T):
        return np.ones_like(Y)


def chain(*functions):
    return Chain(*functions).initialize((4,))


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (chain(Linear(2)), {"path": "net.txt"}, r"expected a name that ends in \.c, \.js, \.mjs"),
        (chain(Linear(2)), {"to": "java"}, "expected to as one of c, js, onnx, got 'java'"),
        (chain(Linear(2)), {"precision": "half"}, "expected precision as one of float, double"),
        (chain(Linear(2)), {"gradient": True}, "Chain: expected the loss whose gradient is wanted"),
        (chain(Linear(2)), {"weights": "net.c"}, "expected weights in another file"),
        (chain(Linear(2)), {"samples": np.zeros((0, 4))}, "expected at least one sample, got none"),
        (chain(Linear(2)), {"path": "a.js", "samples": X}, "samples are kept in C alone"),
        (chain(Linear(2), Own()), {}, r"Own\(\): cannot be exported: it has its own forward"),
        (chain(Gamma()), {}, r"Gamma\(\): its value cannot be exported: np.gamma is not among"),
        (
            chain(Linear(2)),
            {"gradient": True, "loss": OwnLoss()},
            "OwnLoss: cannot be exported: expected an ElementwiseLoss or a cross-entropy",
        ),
        (
            chain(Linear(2), Sigmoid()),
            {"gradient": True, "loss": CrossEntropy()},
            None,
        ),
        (FastTextClassifier(), {}, "FastTextClassifier: expected a chain or an estimator of one"),
        (chain(LayerNorm(epsilon=1e-60)), {"precision": "float"}, None),
    ],
)
def test_what_cannot_be_written(tmp_path, monkeypatch, model, options, message):
    monkeypatch.chdir(tmp_path)
    path = options.pop("path", "net.c")
    if message is None:
        assert export_network(model, path, **options).path.exists()
        return
    with pytest.raises(ValueError, match=message):
        export_network(model, path, **options)
    assert not list(tmp_path.iterdir())


@needs_compiler
@pytest.mark.parametrize(
    "scalers",
    [
        [StandardScaler()],
        [MinMaxScaler((-1, 2)), StandardScaler(with_std=False)],
        [RobustScaler(), "passthrough", MaxAbsScaler()],
    ],
)
def test_scalers_before_a_network(tmp_path, scalers):
    model = make_pipeline(*scalers, MLPClassifier((4,), **PLAIN)).fit(X, y)
    export_network(model, tmp_path / "whole.c", samples=X[::20], gradient=True)
    command = [COMPILER, *STRICT, "-DCHAINRULE_MAIN", "whole.c", "-o", "whole", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run("./whole", cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("right\n")


@pytest.mark.parametrize("before", [[], ["passthrough"], [None]])
def test_a_pipeline_whose_other_steps_do_nothing_is_its_network(tmp_path, before):
    X = np.random.default_rng(0).normal(size=(40, 3))
    pipeline = make_pipeline(*before, MLPClassifier((4,), **PLAIN)).fit(X, X[:, 0] > 0)
    export_network(pipeline, tmp_path / "own.c", samples=X[:3])
    (tmp_path / "alone").mkdir()
    export_network(pipeline[-1], tmp_path / "alone" / "own.c", samples=X[:3])
    assert (tmp_path / "own.c").read_bytes() == (tmp_path / "alone" / "own.c").read_bytes()
    page = explain_network(pipeline, X, X[:, 0] > 0, tmp_path / "page.html")
    assert page.samples


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            make_pipeline(PowerTransformer(), MLPClassifier()),
            "PowerTransformer: cannot be exported",
        ),
        (make_pipeline(StandardScaler(), MLPClassifier()), "StandardScaler: expected a fitted"),
        (make_pipeline(MLPClassifier()), "MLPClassifier: expected a fitted estimator"),
        (make_pipeline(StandardScaler().fit(X), LogisticRegression()), "LogisticRegression: exp"),
        (
            make_pipeline(MinMaxScaler(clip=True).fit(X), MLPClassifier()),
            "MinMaxScaler: cannot be exported with clip=True",
        ),
    ],
)
def test_pipelines_that_cannot_be_written(tmp_path, model, message):
    with pytest.raises(ValueError, match=message):
        export_network(model, tmp_path / "net.c")
    with pytest.raises(ValueError, match="Pipeline: expected a chain or an estimator of one"):
        walk(model)

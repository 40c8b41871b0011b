"""Parameters in a file of their own: what it is made of, and which files programs refuse."""

import subprocess
import zlib

import numpy as np
import pytest

from chainrule import GELU, Chain, CrossEntropy, Linear, MLPClassifier, Softmax, export_network
from chainrule.export.plan import plan_export
from chainrule.export.walk import walk
from export.programs import COMPILER, STRICT, Compiled, compile_all, needs_compiler

SHAPE = (30,)
SAMPLES = np.random.default_rng(0).normal(size=(4, *SHAPE))


def network(seed=3):
    return Chain(Linear(40), GELU(), Linear(2), Softmax()).initialize(SHAPE, seed=seed)


def compiled_check(folder, chain, **options):
    """Return where the check program of a chain is, with w.bin beside it."""
    files = {"samples": SAMPLES, "weights": folder / "w.bin", **options}
    export_network(chain, folder / "net.c", **files)
    command = [COMPILER, *STRICT, "-DCHAINRULE_MAIN", "net.c", "-o", "net", "-lm"]
    subprocess.run(command, cwd=folder, check=True)


def run(folder, *arguments):
    command = ["./net", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("precision", "dtype"), [("float", "<f4"), ("double", "<f8")])
def test_the_file_has_a_header_and_the_numbers(tmp_path, precision, dtype):
    chain = network()
    done = export_network(
        chain, tmp_path / "net.c", weights=tmp_path / "w.bin", precision=precision
    )
    assert done.weights == tmp_path / "w.bin"
    content = (tmp_path / "w.bin").read_bytes()
    size = np.dtype(dtype).itemsize
    assert content[:4] == b"CRW1"
    item, count, checksum = np.frombuffer(content[4:16], "<u4").tolist()
    assert (item, count, len(content)) == (size, 1200, 16 + 1200 * size)
    assert checksum == zlib.crc32(content[16:])
    numbers = np.frombuffer(content[16:], dtype)
    np.testing.assert_array_equal(numbers, chain.parameters["W0"].ravel().astype(dtype))


@needs_compiler
def test_a_program_refuses_all_files_but_its_own(tmp_path):
    compiled_check(tmp_path, network(4))
    own = (tmp_path / "w.bin").read_bytes()
    files = {
        "foreign": own,  # of the same size
        "own": (content := _exported(tmp_path, network())),
        "longer": content + b"\0",
        "shorter": content[:-4],
        "empty": b"",
        "wide": _exported(tmp_path, network(), precision="double"),
        "damaged": content[:100] + bytes([content[100] ^ 1]) + content[101:],
    }
    compiled_check(tmp_path, network())
    for name, each in files.items():
        (tmp_path / name).write_bytes(each)
    assert len(files["own"]) == len(files["foreign"])
    right = run(tmp_path, "own")
    assert (right.returncode, right.stderr) == (0, "")
    assert right.stdout.endswith("right\n")
    expected = "; expected w.bin, of 4,816 bytes, the parameters of net\n"
    for name, reason in {
        "foreign": "has other parameters than this network's",
        "longer": "is damaged or too long",
        "shorter": "ends too early",
        "empty": "ends too early",
        "wide": "has other parameters than this network's",
        "damaged": "is damaged or too long",
        "nope": "cannot be opened",
        "net.c": "has other parameters than this network's",
    }.items():
        done = run(tmp_path, name)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"{name} {reason}{expected}"
    assert run(tmp_path).stderr == f"the one argument is missing{expected}"


def _exported(folder, chain, **options):
    """Return the file of a chain's weights."""
    (folder / "other").mkdir(exist_ok=True)
    export_network(chain, folder / "other/net.c", weights=folder / "other/w.bin", **options)
    return (folder / "other/w.bin").read_bytes()


READING = """
#include "{name}.c"
int take(const char *path)
{{
  FILE *file = fopen(path, "rb");
  const int status = {name}_read(file);
  fclose(file);
  return status;
}}
"""


def library(folder, model, name, **options):
    """Return a compiled network, and the function that takes a file of weights."""
    folder.mkdir()
    export_network(model, folder / f"{name}.c", weights=folder / "w.bin", **options)
    gradient = options.get("gradient", False)
    plan = plan_export(walk(model, options.get("loss")), name, "float", gradient=gradient)
    (folder / "use").mkdir()
    (folder / "use" / f"{name}.c").write_bytes((folder / f"{name}.c").read_bytes())
    own = compile_all(folder / "use", [("taking", READING.format(name=name))])
    return Compiled(own, plan), lambda path: own.take(str(path).encode())


@needs_compiler
def test_nothing_is_predicted_before_the_parameters_have_come(tmp_path):
    chain, x, T = network(), SAMPLES[1], [0, 1]
    net, take = library(tmp_path / "a", chain, "net", gradient=True, loss=CrossEntropy())
    bad = tmp_path / "bad"
    bad.write_bytes((tmp_path / "a/w.bin").read_bytes() + b"more")

    def silent():
        y, _ = net.predict(x)
        loss, dX, gradients = net.gradient(x, T)
        return all(np.isnan(each).all() for each in (y, loss, dX, *gradients.values()))

    assert silent()
    assert take(tmp_path / "a/w.bin") == 0
    np.testing.assert_allclose(net.predict(x)[0], chain.forward(x[None])[0], rtol=1e-5)
    loss, gradients = chain.gradient(CrossEntropy(), x[None], [1])
    np.testing.assert_allclose(net.gradient(x, T)[0], loss, rtol=1e-5)
    found = net.gradient(x, T)[2]["W0"]
    np.testing.assert_allclose(found, gradients["W0"].ravel(), rtol=1e-3, atol=1e-6)
    assert take(bad) == 3
    assert silent()


@needs_compiler
def test_a_classifier_without_parameters_has_no_class(tmp_path):
    X = np.random.default_rng(1).normal(size=(60, 30)).astype(np.float32)
    labels = (X[:, 0] > 0) + 1 * (X[:, 1] > 0)
    model = MLPClassifier((40,), solver="lbfgs", max_iter=500, random_state=0).fit(X, labels)
    net, take = library(tmp_path / "a", model, "net")
    y, place = net.predict(X[0])
    assert (place, np.isnan(y).all()) == (-1, True)
    assert take(tmp_path / "a/w.bin") == 0
    for x, expected in zip(X, model.predict_proba(X), strict=True):
        y, place = net.predict(x)
        np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-6)
        assert place == expected.argmax()


def test_a_network_without_large_parameters_has_no_such_file(tmp_path):
    chain = Chain(Linear(2)).initialize((500,))
    for name in ("net.c", "net.mjs"):
        with pytest.raises(ValueError, match=r"expected a parameter of more than 1,000 numbers"):
            export_network(chain, tmp_path / name, weights=tmp_path / "w.bin")
    assert not list(tmp_path.iterdir())

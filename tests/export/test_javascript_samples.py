"""Raw samples of a module of JavaScript: it takes and refuses what the library does."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import (
    Chain,
    Classifier,
    CrossEntropy,
    Flatten,
    Linear,
    MLPClassifier,
    ReLU,
    Softmax,
    TextClassifier,
)
from export.programs import Refused, answered, module, needs_node

pytestmark = [
    needs_node,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = np.where(X[:, 0] > 0, "high", "low")
FAST = {"solver": "lbfgs", "max_iter": 30, "random_state": 0}


@pytest.fixture(scope="module", params=["float", "double", "scaled"])
def rows(request, tmp_path_factory):
    """Return an estimator of rows, and its module, in either type, and behind a scaler."""
    model = MLPClassifier((4,), **FAST)
    if request.param == "scaled":
        model = make_pipeline(StandardScaler(), model)
    model.fit(X.astype(np.float32) if request.param == "float" else X, Y)
    with module(tmp_path_factory.mktemp("rows"), model) as net:
        yield model, net


ODD_NUMBERS = st.one_of(
    st.floats(-1e3, 1e3),
    st.sampled_from([np.nan, np.inf, -np.inf, 3.5e38, -1e36, 1e39, 1e300, 0, -0.0, True, False]),
    st.sampled_from(["1", " 2.5\t", "-.5e1", "+3.", "", "x", "nan", "inf", "0x10", "1e400", None]),
    st.sampled_from([[1.0], [], "1 2", "1,5", "true"]),
)


@settings(max_examples=150)
@given(st.lists(ODD_NUMBERS, min_size=2, max_size=4))
def test_drawn_rows(rows, row):
    model, net = rows
    given = np.empty((1, len(row)), object)
    given[0, :] = row
    with np.errstate(all="ignore"):
        expected = answered(lambda: model.predict_proba(given))
    found = answered(lambda: net.call("predict", row))
    assert (found is None) == (expected is None)
    if expected is not None:
        np.testing.assert_allclose(found["probabilities"], expected[0], rtol=1e-4, atol=1e-6)


NAMED = MLPClassifier((4,), **FAST).fit(pd.DataFrame(X, columns=["a", "b", 'c "d"']), Y)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("predict()", "TypeError: predict: expected x as an array of 3 numbers, got undefined"),
        ("predict(null)", "TypeError: predict: expected x as an array of 3 numbers, got null"),
        ("predict('1,2')", 'TypeError: predict: expected x as an array of 3 numbers, got "1,2"'),
        ("predict('abc')", 'TypeError: predict: expected x as an array of 3 numbers, got "abc"'),
        ("predict({a: 1})", "predict: expected x as an array of 3 numbers, got an object, Object"),
        ("predict(7)", "TypeError: predict: expected x as an array of 3 numbers, got 7"),
        ("predict([1, 2])", "RangeError: predict: expected x with 3 numbers, got 2"),
        ("predict(new Float32Array(4))", "RangeError: predict: expected x with 3 numbers, got 4"),
        ("predict([1, NaN, 3])", "RangeError: predict: expected finite numbers, got NaN in x[1]"),
        ("predict([1, 2, -1/0])", 'expected finite numbers, got -Infinity in x[2], c "d"'),
        ("predict([null, 2, 3])", "TypeError: predict: expected numbers, got null in x[0], a"),
        ("predict(['', 2, 3])", 'TypeError: predict: expected numbers, got "" in x[0], a'),
        ("predict([[1], 2, 3])", "predict: expected numbers, got Array of 1 in x[0], a"),
        ("predict([() => 1, 2, 3])", "predict: expected numbers, got a function in x[0], a"),
        ("encode([1, 2])", "RangeError: encode: expected x with 3 numbers, got 2"),
        ("forward([1, 2])", "RangeError: forward: expected X as an array of 3 numbers, got 2"),
        ("forward('abc')", 'forward: expected X as an array of 3 numbers, got "abc"'),
        ("forward([1, '2', 3])", 'forward: expected X as an array of 3 numbers, got "2" in X[1]'),
        ("backward([1, 2])", "RangeError: backward: expected T as an array of 1 numbers, got 2"),
        ("backward(null)", "TypeError: backward: expected T as an array of 1 numbers, got null"),
    ],
)
def test_what_is_no_row(call, message, named):
    with pytest.raises(Refused) as found:
        named.ask(f"net.{call}")
    assert message in str(found.value)


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    with module(tmp_path_factory.mktemp("named"), NAMED, gradient=True) as net:
        yield net


def test_a_refused_row_leaves_the_next_one_right(named):
    exact = NAMED.predict_proba(pd.DataFrame(X, columns=NAMED.feature_names_in_))
    for x, expected in zip(X[:5], exact, strict=False):
        with pytest.raises(Refused):
            named.call("predict", [9.0, 9.0, None])
        np.testing.assert_allclose(named.call("predict", x)["probabilities"], expected, rtol=1e-9)


def test_numbers_too_large_for_float(tmp_path):
    model = MLPClassifier((), **FAST).fit(X.astype(np.float32), Y)
    with module(tmp_path, model) as net:
        largest = float(np.finfo(np.float32).max)
        assert net.call("predict", [largest, 0, 0])["label"] in Y
        with pytest.raises(Refused, match=r"within ±3.4e\+38, got 1e\+39 in x\[0\]"):
            net.call("predict", [1e39, 0, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_chain_computes_with_what_is_not_finite(dtype, tmp_path):
    chain = Chain(ReLU(), Flatten(), Linear(2)).initialize((2, 3), dtype=dtype)
    odd = [[[np.nan, 1, 2], [3, 4, 5]], [[np.inf, 1, 2], [3, 4, 5]], [[True, 1, 2], [3, 4, 5]]]
    with module(tmp_path, chain) as net:
        for x in odd:
            with np.errstate(invalid="ignore"):
                expected = chain.forward(np.array([x], dtype))[0].ravel()
            for given in (x, [*x[0], *x[1]]):
                found = net.ask(f"Array.from(net.predict({json.dumps(given)}), String)")
                np.testing.assert_allclose(np.array(found, float), expected, rtol=1e-6)
        with pytest.raises(Refused, match=r'predict: expected numbers, got "1" in x\[0\]'):
            net.call("predict", ["1", 2, 3, 4, 5, 6])
        if dtype == np.float32:
            with pytest.raises(Refused, match=r"expected numbers within ±3.4e\+38, got 1e\+39"):
                net.call("predict", [1e39, 2, 3, 4, 5, 6])
        with pytest.raises(Refused, match="expected x with 6 numbers, or 2 × 3, got 2"):
            net.call("predict", [[1, 2], [3, 4]])


@pytest.mark.parametrize("image_format", ["nchw", "nhwc", "nhw"])
@pytest.mark.parametrize("scaled", [False, True])
def test_images_nested_and_in_a_row(image_format, scaled, tmp_path):
    shape = {"nchw": (3, 4, 5), "nhwc": (4, 5, 3), "nhw": (4, 5)}[image_format]
    images = RNG.normal(size=(30, *shape)).astype(np.float32)
    own = {"inputs": "images"} if scaled else {}
    chain = Chain(Flatten(), Linear(3))
    model = Classifier(chain, complete=True, image_format=image_format, **own, **FAST)
    model.fit(images, np.arange(30) % 2)
    with module(tmp_path, model) as net:
        for image, expected in zip(images[:4], model.predict_proba(images[:4]), strict=True):
            for given in (image.tolist(), image.ravel()):
                found = net.call("predict", given)["probabilities"]
                np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
        wrong = images[0].copy()
        wrong[(0,) * wrong.ndim] = np.nan
        with pytest.raises(Refused, match=r"predict: expected finite numbers, got NaN in x\[0\]"):
            net.call("predict", wrong.ravel())
        told = " × ".join(map(str, shape))
        with pytest.raises(Refused, match=f"with {wrong.size} numbers, or {told}, got 2"):
            net.call("predict", wrong[:2].tolist())


def test_what_is_no_text(tmp_path):
    model = TextClassifier(2, max_iter=1, random_state=0).fit(["good", "bad"] * 3, [1, 0] * 3)
    with module(tmp_path, model, gradient=True) as net:
        odd = [("null", "null"), ("5", "5"), ("['good']", "Array of 1"), ("", "undefined")]
        for given, told in odd:
            for function in ("predict", "encode", "features"):
                with pytest.raises(Refused) as found:
                    net.ask(f"net.{function}({given})")
                message = f"TypeError: {function}: expected a text, got {told}"
                assert str(found.value).startswith(message)
        exact = model.predict_proba([""])[0]
        np.testing.assert_allclose(net.call("predict", "")["probabilities"], exact, rtol=1e-5)


def test_parameters_have_to_come_first(tmp_path):
    chain = Chain(Linear(40), ReLU(), Linear(2), Softmax()).initialize((30,), seed=3)
    options = {"weights": tmp_path / "w.bin", "gradient": True, "loss": CrossEntropy()}
    x = RNG.normal(size=30)
    with module(tmp_path, chain, **options) as net:

        def before():
            for function in ("predict", "forward", "encode"):
                message = rf"Error: {function}: expected load\(bytes\) first, with the file of"
                with pytest.raises(Refused, match=message):
                    net.call(function, x)
            with pytest.raises(Refused, match=r"Error: backward: expected load\(bytes\) first"):
                net.call("backward", [0, 1])

        before()
        own = list((tmp_path / "w.bin").read_bytes())
        for given, message in [
            ("{}", "TypeError: load: expected an ArrayBuffer or a view of one, got an object"),
            ("'w.bin'", 'load: expected an ArrayBuffer or a view of one, got "w.bin"'),
            ("Promise.resolve()", "a view of one, got an object, Promise"),
            (f"new Uint8Array({own[:-4]})", "load: expected 4816 bytes of parameters, got 4812"),
            (f"new Uint8Array({[0, *own[1:]]})", "load: expected the file of this network"),
            (f"new Uint8Array({[*own[:-1], 1]})", "load: expected the parameters as they were"),
        ]:
            with pytest.raises(Refused) as found:
                net.ask(f"net.load({given})")
            assert message in str(found.value)
            before()
        for given in (f"new Uint8Array({[7, *own]}).subarray(1)", f"Uint8Array.from({own}).buffer"):
            net.ask(f"net.load({given})")
            np.testing.assert_allclose(net.call("predict", x), chain.forward(x[None])[0], rtol=1e-5)
        assert net.call("backward", [0, 1])["loss"] is not None

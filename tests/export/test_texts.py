"""Texts in exported programs: any characters, every choice of features, the library's weights."""

import ctypes
import json
import random
import subprocess
import unicodedata

import numpy as np
import pytest

from chainrule import Chain, Classifier, Linear, ReLU, TextClassifier, export_network
from export.programs import (
    COMPILER,
    NODE,
    STRICT,
    compile_all,
    needs_compiler,
    needs_node,
)

KNOWN = [
    "A fine film, né?",
    "what a bad film — so_bad",
    "fine, really FINE!",
    "bad, so bad",
    "東京は良い😀👍🏽",
    "ภาษาไทย ok",
    "naïve ÉCOLE ΣΟΦΟΣ İstanbul éx",
    "x\u00a0y\u2028z \u200bq\ufeffr",
]
PARTS = [
    [chr(code) for code in range(1, 0x2000) if unicodedata.category(chr(code))[0] != "C"],
    [chr(code) for code in range(0x2000, 0x20000, 7) if unicodedata.category(chr(code))[0] != "C"],
    "abcAB -_.'\t\x7f",
    "ภาไี้",
    "東カ゛ァ",
    "ΣΑΟς",
    "\u200b\ufe0f\u0301é",
]
CHOICES = [
    {},
    {"char_ngrams": (2, 4), "weighting": "mean"},
    {"char_ngrams": (1, 3), "buckets": 64, "word_ngrams": 4, "sign_ngrams": True},
    {"loss": "ova", "weighting": "count", "lowercase": False, "word_ngrams": 1},
]


def strange(count):
    """Return texts of characters that are drawn from all kinds."""
    chance = random.Random(5)
    return [
        "".join(chance.choice(chance.choice(PARTS)) for _ in range(chance.randint(1, 14)))
        for _ in range(count)
    ]


TEXTS = [*KNOWN, "", "none is known", "film film fine film", *strange(300)]


@pytest.fixture(scope="module")
def models():
    labels = np.arange(len(TEXTS)) % 3
    options = {"random_state": 0, "max_iter": 2}
    return [TextClassifier(6, **options, **own).fit(TEXTS, labels) for own in CHOICES]


@needs_node
def test_javascript(models, tmp_path):
    lines = [f"const texts = {json.dumps(TEXTS)};", "const found = [];"]
    for place, model in enumerate(models):
        export_network(model, tmp_path / f"t{place}.mjs", gradient=True)
        lines += [
            f"import * as t{place} from './t{place}.mjs';",
            f"found.push(texts.map((text) => [t{place}.features(text),",
            f"  Array.from(t{place}.predict(text).probabilities)]));",
        ]
    lines.append("console.log(JSON.stringify(found));")
    (tmp_path / "all.mjs").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run([NODE, "all.mjs"], cwd=tmp_path, capture_output=True, check=True)
    for model, found in zip(models, json.loads(done.stdout), strict=True):
        X = model.inputs_.encode(TEXTS).toarray()
        made = np.zeros_like(X)
        for row, (features, _) in zip(made, found, strict=True):
            row[features["places"]] = features["weights"]
        np.testing.assert_allclose(made, X, rtol=2e-7, atol=0)
        probabilities = [each for _, each in found]
        np.testing.assert_allclose(probabilities, model.predict_proba(TEXTS), rtol=2e-5)


@needs_compiler
def test_c(models, tmp_path):
    sources = []
    for place, model in enumerate(models):
        done = export_network(model, tmp_path / f"t{place}.c", gradient=True)
        sources.append((done.name, done.path.read_text(encoding="utf-8")))
    library = compile_all(tmp_path, sources)
    for place, model in enumerate(models):
        X, P = model.inputs_.encode(TEXTS).toarray(), model.predict_proba(TEXTS)
        found, answers = np.full_like(X, np.nan), np.full(P.shape, np.nan, np.float32)
        for text, row, answer in zip(TEXTS, found, answers, strict=True):
            for name, array in (("encode", row), ("predict", answer)):
                function = getattr(library, f"t{place}_{name}")
                function(text.encode(), array.ctypes.data_as(ctypes.c_void_p))
        np.testing.assert_allclose(found, X, rtol=2e-7, atol=0)
        np.testing.assert_allclose(answers, P, rtol=2e-5)


@needs_compiler
def test_c_checks_itself(models, tmp_path):
    for place, model in enumerate(models[1:3]):
        export_network(model, tmp_path / f"m{place}.c", samples=["a\0b", *TEXTS])
        options = [*STRICT, "-DCHAINRULE_MAIN", "-fsanitize=address,undefined"]
        command = [COMPILER, *options, f"m{place}.c", "-o", "program", "-lm"]
        subprocess.run(command, cwd=tmp_path, check=True)
        done = subprocess.run("./program", cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.startswith(f"m{place}: 20 samples, largest difference")
        assert not done.stderr


@needs_compiler
def test_a_network_of_texts_without_a_bag(tmp_path):
    chain = Chain(Linear(5), ReLU())
    model = Classifier(chain, complete=True, inputs="text", max_iter=500, random_state=0)
    model.set_params(solver="lbfgs").fit(KNOWN, np.arange(8) % 2)
    done = export_network(model, tmp_path / "rows.c", precision="float")
    library = compile_all(tmp_path, [("rows", done.path.read_text(encoding="utf-8"))])
    for text, expected in zip(KNOWN, model.predict_proba(KNOWN), strict=True):
        found = np.full(2, np.nan, np.float32)
        library.rows_predict(text.encode(), found.ctypes.data_as(ctypes.c_void_p))
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)

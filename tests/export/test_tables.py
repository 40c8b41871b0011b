"""Tables in exported programs: every kind of column, odd cells, and the same features."""

import json
import subprocess

import numpy as np
import pandas as pd
import pytest

from chainrule import Chain, Classifier, Linear, TableClassifier, TableRegressor, export_network
from chainrule.data.frames import as_table
from chainrule.export.functions import prediction_of
from chainrule.export.raw_columns import raw_columns, raw_rows
from chainrule.export.steps import Program
from chainrule.export.walk import walk
from chainrule.inputs import TableEncoder
from chainrule.inputs.tables.base import TableColumn
from export.interpreter import run
from export.programs import COMPILER, NODE, STRICT, needs_compiler, needs_node

RNG = np.random.default_rng(0)
ROWS = 300
SMALL = {"max_iter": 2, "members": 2, "hidden_layer_sizes": (6,), "random_state": 0}
ZIPS = np.array([f"Z{number}" for number in range(70)])
FRAME = pd.DataFrame(
    {
        "age": RNG.normal(40, 12, ROWS),
        "salary €": np.where(RNG.random(ROWS) < 0.1, np.nan, RNG.lognormal(10, 1, ROWS)),
        "city": RNG.choice(["Bonn", 'Köln "am" Rhein', "Kiel", None], ROWS),
        "member": RNG.choice(["yes", "no", None], ROWS),
        "since": pd.to_datetime("1958-11-05") + pd.to_timedelta(RNG.integers(0, 2**31, ROWS), "s"),
        "zip": RNG.choice(ZIPS, ROWS),
        "int": RNG.integers(1, 4, ROWS),
    }
)
ANSWERS = np.where(FRAME["age"] + 9 * (FRAME["zip"] < "Z4") > 43, "old", "young")
ODD = FRAME.head(6).assign(
    age=[np.nan, 1e9, -1e9, 39.5, 40.0, 41.0],
    city=["Paris", None, "Bonn", "Kiel", "Kiel", "Bonn"],
    member=["perhaps", None, "no", "yes", "yes", "no"],
    since=[None, *FRAME["since"][1:6]],
    zip=["Z999", None, "Z1", "Z2", "Z3", "Z69"],
)


WORDS = np.array(["good", "bad", "fine", "awful", "great", "poor", "film", "plot", "actor", "end"])
OTHERS = np.array(["north", "south", "hill", "river", "lake", "sea", "wood", "field"])
KINDS = RNG.integers(0, 2, 240)


def fitted():
    """Return estimators of tables, the first with columns of every kind of encoding."""
    yield TableClassifier(max_categories=40, **SMALL).fit(FRAME, ANSWERS)
    plain = FRAME.drop(columns="zip")
    inputs = Classifier(Chain(Linear(3)), complete=True, inputs="table", max_iter=3)
    yield inputs.fit(plain, ANSWERS)
    bounds = {"quantiles": (0.1, 0.9), "output_range": "seen"}
    yield TableRegressor(**bounds, **SMALL).fit(plain, FRAME["age"].to_numpy())


@pytest.fixture(scope="module")
def models():
    with pytest.warns():  # so few epochs
        return list(fitted())


def numbers_of(model, frame):
    """Return what programs are given of rows, and the same with places for texts."""
    inputs = model.inputs_
    rows = raw_rows(inputs, as_table(frame))
    columns = raw_columns(inputs)
    places = [
        [
            (np.nan if cell is None else cell)
            if column.values is None
            else column.missing
            if cell is None
            else column.values.index(cell)
            if cell in column.values
            else column.other
            for cell, column in zip(row, columns, strict=True)
        ]
        for row in rows
    ]
    return rows, places


@pytest.mark.filterwarnings("ignore::chainrule.data.DataWarning")
@pytest.mark.parametrize("which", range(3))
def test_features_are_the_same_bits(models, which):
    model = models[which]
    network = walk(model)
    prediction = prediction_of(network, Program(network.parameters))
    steps = prediction.program.steps[: prediction.input_steps]
    frame = pd.concat([FRAME.head(20), ODD])
    expected = model.inputs_.encode(as_table(frame))
    for row, features in zip(numbers_of(model, frame)[1], expected, strict=True):
        arrays = {prediction.x: np.array(row, np.float64)}
        run(steps, arrays, np.float32)
        np.testing.assert_array_equal(arrays[prediction.X], features)


@needs_node
@pytest.mark.filterwarnings("ignore::chainrule.data.DataWarning")
def test_javascript(models, tmp_path):
    frame = pd.concat([FRAME.head(50), ODD])
    lines = []
    for place, model in enumerate(models):
        export_network(model, tmp_path / f"m{place}.mjs", gradient=True)
        names = model.inputs_.raw_names
        rows = [dict(zip(names, row, strict=True)) for row in numbers_of(model, frame)[0]]
        lines += [
            f"import * as m{place} from './m{place}.mjs';",
            f"const rows{place} = {json.dumps(rows)};",
            f"const found{place} = rows{place}.map((row) => m{place}.predict(row));",
            f"const made{place} = rows{place}.map((row) => Array.from(m{place}.encode(row)));",
        ]
    lines.append(
        "console.log(JSON.stringify([made0, made1, made2, found0.map((p) => p.label), "
        "found1.map((p) => Array.from(p.probabilities)), found2.map((y) => Array.from(y))]));"
    )
    (tmp_path / "all.mjs").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run([NODE, "all.mjs"], cwd=tmp_path, capture_output=True, check=True)
    *made, labels, probabilities, quantiles = json.loads(done.stdout)
    for model, features in zip(models, made, strict=True):
        expected = model.inputs_.encode(as_table(frame))
        np.testing.assert_allclose(features, expected, rtol=1e-6, atol=1e-7)  # its sine, its cosine
    assert labels == models[0].predict(frame).tolist()
    np.testing.assert_allclose(probabilities, models[1].predict_proba(frame), rtol=2e-5)
    np.testing.assert_allclose(quantiles, models[2].predict_quantiles(frame), rtol=2e-5)


@needs_compiler
@pytest.mark.filterwarnings("ignore::chainrule.data.DataWarning")
def test_c_checks_itself(models, tmp_path):
    for place, model in enumerate(models):
        given = {"samples": FRAME.head(5), "precision": ("float", "double", "double")[place]}
        export_network(model, tmp_path / f"m{place}.c", **given, gradient=True)
        options = [*STRICT, "-DCHAINRULE_MAIN", "-fsanitize=address,undefined"]
        command = [COMPILER, *options, f"m{place}.c", "-o", "program", "-lm"]
        subprocess.run(command, cwd=tmp_path, check=True)
        done = subprocess.run("./program", cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.startswith(f"m{place}: 5 samples, largest difference")
        assert done.stdout.endswith("right\n")
        assert not done.stderr


REVIEWS = pd.DataFrame(
    {
        "review": [
            None if row % 17 == 0 else " ".join(RNG.choice(WORDS[kind::2], 6)) + "!"
            for row, kind in enumerate(KINDS)
        ],
        "place": [" ".join(RNG.choice(OTHERS[kind : 5 + kind], 3)) for kind in KINDS],
        "age": RNG.integers(0, 7, len(KINDS)),
    }
)
STRANGE = REVIEWS.head(4).assign(
    review=["", None, "ÉTÉ: good (bad)", "x"], place=["", "a", "b", "né"]
)


@pytest.fixture(scope="module")
def reviewer():
    model = TableClassifier(**SMALL).fit(REVIEWS, np.where(KINDS, "no", "yes"))
    assert [block.kind for block in model.inputs_.blocks][:2] == ["text", "text"]
    return model


@needs_node
@pytest.mark.filterwarnings("ignore::chainrule.data.DataWarning")
def test_columns_of_texts_in_javascript(reviewer, tmp_path):
    export_network(reviewer, tmp_path / "reviews.mjs", gradient=True)
    frame = pd.concat([REVIEWS, STRANGE])
    names, rows = reviewer.inputs_.raw_names, raw_rows(reviewer.inputs_, as_table(frame))
    given = json.dumps([dict(zip(names, row, strict=True)) for row in rows])
    (tmp_path / "all.mjs").write_text(
        "import { encode } from './reviews.mjs';\n"
        f"console.log(JSON.stringify({given}.map((row) => Array.from(encode(row)))));\n",
        encoding="utf-8",
    )
    done = subprocess.run([NODE, "all.mjs"], cwd=tmp_path, capture_output=True, check=True)
    expected = reviewer.inputs_.encode(as_table(frame))
    np.testing.assert_allclose(json.loads(done.stdout), expected, rtol=1e-6, atol=1e-7)


@needs_compiler
@pytest.mark.filterwarnings("ignore::chainrule.data.DataWarning")
def test_columns_of_texts_in_c(reviewer, tmp_path):
    frame = pd.concat([STRANGE, REVIEWS])
    export_network(reviewer, tmp_path / "reviews.c", samples=frame, gradient=True)
    options = [*STRICT, "-DCHAINRULE_MAIN", "-fsanitize=address,undefined"]
    command = [COMPILER, *options, "reviews.c", "-o", "program", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run("./program", cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("reviews: 20 samples, largest difference")
    assert not done.stderr


CODES = pd.DataFrame(
    {
        "zip": np.tile(["01067", "01068", "99999", "01067"], 30),
        "kind": np.tile(["p", "true", None, "q", "p"], 24),
        "id": np.tile(["2.5", "7", "-3", "123456789012345678901", "7", "2.5"], 20),
    }
)
SPELLED = pd.DataFrame(
    [
        {"zip": code, "kind": kind, "id": number}
        for code in ("01067", " 01068", "1067", "99999.0", "+1067", "x", "nan", "0x42b")
        for kind, number in [
            *[("p", "2.50"), (" p\u00a0", "+7"), ("True", "-3.0"), ("TRUE", "2.5e0"), ("?", "inf")],
            *[("\u3000q\t", "0123456789012345678901"), ("NULL", "123456789012345678902")],
            *[("<NA>", " N/A "), ("P", "7."), ("  ", "1e3"), ("", "--7"), ("none", "7 7")],
        ]
    ]
)
"""Cells as people and files write them: spaces, zeros before a code, words for what is missing."""


@pytest.fixture(scope="module")
def coder():
    answers = CODES["zip"] + CODES["id"] + CODES["kind"].fillna("")
    model = TableClassifier(**SMALL, categorical=list(CODES)).fit(CODES, answers.str[:7])
    assert [column.values[0] for column in model.inputs_.columns] == ["1067", "p", "-3"]
    return model


@needs_node
@pytest.mark.filterwarnings("ignore::chainrule.data.DataWarning")
def test_cells_as_they_are_written_in_javascript(coder, tmp_path):
    export_network(coder, tmp_path / "codes.mjs", gradient=True)
    rows = json.dumps(SPELLED.to_dict("records"))
    (tmp_path / "all.mjs").write_text(
        "import { encode } from './codes.mjs';\n"
        f"console.log(JSON.stringify({rows}.map((row) => Array.from(encode(row)))));\n",
        encoding="utf-8",
    )
    done = subprocess.run([NODE, "all.mjs"], cwd=tmp_path, capture_output=True, check=True)
    expected = coder.inputs_.encode(as_table(SPELLED))
    np.testing.assert_allclose(json.loads(done.stdout), expected, rtol=1e-6)


@needs_compiler
@pytest.mark.filterwarnings("ignore::chainrule.data.DataWarning")
def test_cells_as_they_are_written_in_c(coder, tmp_path):
    export_network(coder, tmp_path / "codes.c", precision="double")
    cells = ",\n".join(
        "{" + ", ".join(json.dumps(cell, ensure_ascii=False) for cell in row) + "}"
        for row in SPELLED.to_numpy().tolist()
    )
    (tmp_path / "all.c").write_text(
        '#include "codes.c"\n#include <stdio.h>\n'
        f"static const struct codes_row rows[] = {{{cells}}};\n"
        "int main(void)\n{\n"
        f"  for (int i = 0; i < {len(SPELLED)}; i++) {{\n"
        f"    double y[{len(coder.classes_)}];\n"
        "    codes_predict(&rows[i], y);\n"
        f'    for (int k = 0; k < {len(coder.classes_)}; k++) printf("%.17g ", y[k]);\n'
        "  }\n  return 0;\n}\n",
        encoding="utf-8",
    )
    command = [COMPILER, *STRICT, "-fsanitize=address,undefined", "all.c", "-o", "all", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run("./all", cwd=tmp_path, capture_output=True, text=True, check=True)
    found = np.array(done.stdout.split(), np.float64).reshape(len(SPELLED), -1)
    np.testing.assert_allclose(found, coder.predict_proba(SPELLED), rtol=2e-5)


@needs_compiler
def test_columns_are_called_as_macros_and_words_of_c_are(tmp_path):
    names = ["NAN", "NULL", "EOF", "HUGE_VAL", "INFINITY", "_Bool", "__LINE__", "FP_NAN", "BUFSIZ"]
    names += ["CHAINRULE_MAIN", "NAMES_OUTPUTS", "linux", "bool", "GOLDEN", "a\u202eb", "double"]
    frame = pd.DataFrame(RNG.normal(size=(60, len(names))), columns=names)
    model = TableClassifier(**SMALL).fit(frame, np.where(frame["NAN"] > 0, "yes", "no"))
    export_network(model, tmp_path / "names.c", samples=frame.head(3))
    text = (tmp_path / "names.c").read_text(encoding="utf-8")
    assert "/* aU+202Eb: " in text
    for standard in ("c99", "gnu17"):
        options = [*STRICT[1:], f"-std={standard}", "-DCHAINRULE_MAIN"]
        subprocess.run(
            [COMPILER, *options, "names.c", "-o", "names", "-lm"], cwd=tmp_path, check=True
        )
    subprocess.run("./names", cwd=tmp_path, capture_output=True, check=True)


def test_a_column_of_another_kind_is_named():
    class Other(TableColumn):
        name, kind = "answer", "odd"

    Other.__abstractmethods__ = frozenset()
    with pytest.raises(ValueError, match="column 'answer': cannot be exported: expected numbers"):
        raw_columns(TableEncoder((Other(),)))

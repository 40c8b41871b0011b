"""Write the files of this folder: tables with a column of free text.

`PYTHONPATH=src:tests python -m files.golden_text_columns.make` has written them. Once a release has
their kinds they stay as they are, to be read for good; later ones get a script and a folder of
their own. expected.json has what was said of them.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np

from chainrule import TableClassifier, TableRegressor, load

HERE = Path(__file__).parent
SMALL = {"members": 2, "hidden_layer_sizes": [4], "max_iter": 2, "random_state": 0}
FILLING = ["the", "of", "naïve", "緑", "and", "it", "!"]
EXPECTED = {}


def file(name):
    """Return where a file is."""
    return HERE / "saved" / f"{name}.safetensors"


def table(rows, seed=0):
    """Return columns of a table, whose notes say what its answers are."""
    chance = random.Random(seed)
    kinds = [chance.choice(["fine", "poor"]) for _ in range(rows)]
    notes = [" ".join([*chance.choices(FILLING, k=5), kind]) for kind in kinds]
    notes[rows // 2] = ""
    sizes = [chance.randint(1, 9) for _ in range(rows)]
    prices = [size + 10 * (kind == "fine") for size, kind in zip(sizes, kinds, strict=True)]
    return {"size": sizes, "note": notes}, kinds, prices


def written(name, model):
    """Write a file, and what the model in it says of a table."""
    model.save(file(name))
    model, X = load(file(name)), table(9, seed=1)[0]
    say = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    EXPECTED[name] = {
        "repr": repr(model),
        "columns": model.columns_,
        "features": model.inputs_.feature_names,
        "values": np.asarray(say(X)).tolist(),
    }


def main():
    """Write all."""
    (HERE / "saved").mkdir()
    X, kinds, prices = table(80)
    written("kinds", TableClassifier(**SMALL, text=["note"]).fit(X, kinds))
    written("prices", TableRegressor(**SMALL).fit(X, prices))
    entries = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in EXPECTED.items())
    (HERE / "expected.json").write_text("{\n" + ",\n".join(entries) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

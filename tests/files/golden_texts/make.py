"""Write the files of this folder: classifiers of texts.

`PYTHONPATH=src:tests python -m files.golden_texts.make` has written them. Once a release has their
kinds they stay as they are, to be read for good; later ones get a script and a folder of their own.
expected.json has what was said of them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from chainrule import AdaGrad, TextClassifier, load

HERE = Path(__file__).parent
SMALL = {"dimensions": 4, "max_iter": 3, "random_state": 0}
TEXTS = ["Red and round", "green, long", "yellow and long!", "round; red", "naïve 緑 long", "?"]
NAMES = ["apple", "cucumber", "banana", "apple", "cucumber", "banana"]
LABELS = [["red", "round"], ["long"], ["long"], ["red", "round"], ["long"], []]
EXPECTED = {}


def file(name):
    """Return where a file is."""
    return HERE / "saved" / f"{name}.safetensors"


def written(name, model):
    """Write a file, and what the model in it says of the texts."""
    model.save(file(name))
    model = load(file(name))
    EXPECTED[name] = {
        "repr": repr(model),
        "inputs": model.inputs_.to_json(),
        "classes": model.classes_.tolist(),
        "values": np.asarray(model.decision_function(TEXTS)).tolist(),
    }


def main():
    """Write all."""
    (HERE / "saved").mkdir()
    written("names", TextClassifier(**SMALL).fit(TEXTS, NAMES))
    written("labels", TextClassifier(char_ngrams=(2, 3), **SMALL).fit(TEXTS, LABELS))
    options = {"loss": "ova", "weighting": "mean", "buckets": 50, "solver": AdaGrad(0.2)}
    written("each", TextClassifier(**options, **SMALL).fit(TEXTS, NAMES))
    entries = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in EXPECTED.items())
    (HERE / "expected.json").write_text("{\n" + ",\n".join(entries) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

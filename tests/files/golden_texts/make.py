"""Write the files of this folder: classifiers of texts.

`PYTHONPATH=src:tests python -m files.golden_texts.make` writes those that are not there yet. Once
they are they stay, to be read for good, whatever defaults become: those without `now` in their name
are of before `sign_ngrams`,
when labels were not smoothed. expected.json has what was said of them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from chainrule import AdaGrad, TextClassifier, load

HERE = Path(__file__).parent
SMALL = {"dimensions": 4, "max_iter": 3, "random_state": 0}
BEFORE = {"sign_ngrams": True, "label_smoothing": 0.0, "learning_rate_init": 0.3}
TEXTS = ["Red and round", "green, long", "yellow and long!", "round; red", "naïve 緑 long", "?"]
NAMES = ["apple", "cucumber", "banana", "apple", "cucumber", "banana"]
LABELS = [["red", "round"], ["long"], ["long"], ["red", "round"], ["long"], []]
EXPECTED = {}


def file(name):
    """Return where a file is."""
    return HERE / "saved" / f"{name}.safetensors"


def written(name, model):
    """Write a file, and what the model in it says of the texts."""
    if not file(name).exists():
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
    (HERE / "saved").mkdir(exist_ok=True)
    first = {**SMALL, **BEFORE}
    written("names", TextClassifier(**first).fit(TEXTS, NAMES))
    written("labels", TextClassifier(char_ngrams=(2, 3), **first).fit(TEXTS, LABELS))
    options = {"loss": "ova", "weighting": "mean", "buckets": 50, "solver": AdaGrad(0.2)}
    written("each", TextClassifier(**options, **first).fit(TEXTS, NAMES))
    written("names now", TextClassifier(**SMALL).fit(TEXTS, NAMES))
    entries = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in EXPECTED.items())
    (HERE / "expected.json").write_text("{\n" + ",\n".join(entries) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Write the files of this folder: of what is newer than the files of `golden_tables`.

`PYTHONPATH=src:tests python -m files.golden_later.make` has written them. Once a release has their
kinds they stay as they are, to be read for good; later ones get a script and a folder of their own.
expected.json has for each file its raw data, and what was said of them.
"""

from __future__ import annotations

import csv
import json
import random
import warnings
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from chainrule import TableClassifier, TableRegressor, load

HERE = Path(__file__).parent
SMALL = {"members": 2, "hidden_layer_sizes": [4], "max_iter": 2, "random_state": 0}
BASE = 10**17
EXPECTED = {}


def file(name):
    """Return where a file is."""
    return HERE / "saved" / f"{name}.safetensors"


def visit(chance, row):
    """Return a row of the raw table: times, ids of 18 digits, and two numbers to predict."""
    day = date(2021, 3, 1) + timedelta(days=chance.randrange(700))
    return {
        "day": day.isoformat(),
        "hour": "" if row % 17 == 3 else f"{day:%d.%m.%Y} {chance.randrange(24):02}:30",
        "guest": str(BASE + row % 5),
        "nights": str(chance.randint(1, 9)),
        "paid": f"{chance.uniform(20, 300) + 80 * (row % 5):.2f}",
        "stars": str(chance.randint(1, 5)),
        "again": str(chance.random() < 0.5),
    }


def written(name, model):
    """Write a file, and what the model in it says of the raw table."""
    model.save(file(name))
    model = load(file(name))
    said = {"estimator": type(model).__name__, "repr": repr(model), "columns": model.columns_}
    said["values"] = np.asarray(model.predict(HERE / "visits.csv")).tolist()
    said["answers"] = list(model.targets_.columns)
    if hasattr(model, "classes_"):
        said |= {"type": model.classes_.dtype.name, "classes": model.classes_.tolist()}
    EXPECTED[name] = said


def main():
    """Write all."""
    import pandas

    chance = random.Random(0)
    rows = [visit(chance, row) for row in range(60)]
    with (HERE / "visits.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    (HERE / "saved").mkdir()
    frame = pandas.read_csv(HERE / "visits.csv")
    plain = frame.drop(columns=["paid", "stars"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = TableRegressor(**SMALL)
        written("two numbers", model.fit(frame, target=["paid", "stars"]))
        model = TableRegressor(output_range=None, **SMALL)
        written("numbers without names", model.fit(plain, frame[["paid", "stars"]].to_numpy()))
        written("dates", TableRegressor(**SMALL).fit(plain, frame["paid"]))
        model = TableRegressor(categorical=["guest"], max_categories=2, **SMALL)
        written("many categories", model.fit(plain, frame["paid"]))
        written("truth values", TableClassifier(**SMALL).fit(frame, target="again"))
        nights = frame["nights"].astype("Int16")
        written("integers", TableClassifier(**SMALL).fit(frame.drop(columns="nights"), nights))
    entries = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in EXPECTED.items())
    (HERE / "expected.json").write_text("{\n" + ",\n".join(entries) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Write the files of this folder: of tables' estimators, and of classes newer than `golden`'s.

`PYTHONPATH=src:tests python -m files.golden_tables.make` has written them. Once a release has their
kinds they stay as they are, to be read for good; later ones get a script and a folder of their own.
expected.json has for each file its raw data, and what was said of them.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np

from chainrule import (
    ELU,
    SELU,
    Adam,
    AdamW,
    BatchEnsembleLinear,
    BatchNorm,
    Chain,
    Classifier,
    Cos,
    CosLog,
    FlatCosine,
    Flatten,
    LayerNorm,
    Linear,
    MeanOverMembers,
    MemberLinear,
    Mish,
    MLPClassifier,
    MLPRegressor,
    Parametric,
    QuantileLoss,
    Regressor,
    Residual,
    Scale,
    Softmax,
    TableClassifier,
    TableRegressor,
    load,
)
from files.golden.inputs import raw

HERE = Path(__file__).parent
EXPECTED = {}
LABELS = np.array(["a", "b", "ç"])[np.arange(12) % 3]
BRIEF = {"max_iter": 2, "random_state": 0}
SMALL = {"members": 3, "hidden_layer_sizes": [4], **BRIEF}


def file(name):
    """Return where a file is."""
    return HERE / "saved" / f"{name}.safetensors"


def plain(value):
    """Return numbers and texts as JSON has them."""
    return np.asarray(value).tolist()


def written(name, model, data):
    """Write a file, and what the model in it says of raw data."""
    model.save(file(name))
    model, X = load(file(name)), raw(data)
    said = {"estimator": type(model).__name__, "repr": repr(model), "data": data}
    said["values"] = plain(model.predict(X))
    if hasattr(model, "classes_"):
        said |= {"classes": plain(model.classes_), "probabilities": plain(model.predict_proba(X))}
        said["decision"] = plain(model.decision_function(X))
    if hasattr(model, "columns_"):
        said["columns"] = model.columns_
    if model.get_params().get("quantiles"):
        said["interval"] = plain(model.predict_interval(X))
    EXPECTED[name] = said


def tables():
    """Estimators of tables, of files, frames and arrays."""
    houses, new = raw("houses.csv"), "new houses.csv"
    for name, target, model in (
        ("classes of houses", "grade", TableClassifier(**SMALL)),
        ("two classes of houses", "sold", TableClassifier(**SMALL, drop=["address"], bins=5)),
        ("whole numbers as classes", "stars", TableClassifier(**SMALL, categorical=["rooms"])),
        ("shared weights", "grade", TableClassifier(**SMALL, batch_ensemble=True, dropout=0.1)),
        ("numbers of houses", "price", TableRegressor(**SMALL, activation="selu")),
        ("counts", "offers", TableRegressor(**SMALL, numeric=["rooms"], keep=["address"])),
        ("intervals", "price", TableRegressor(**SMALL, quantiles=(0.05, 0.5, 0.95))),
    ):
        written(name, model.fit(houses, target=target), new)
    X = raw("rows")
    written("classes of rows", TableClassifier(**SMALL).fit(X, LABELS), "rows")
    model = TableRegressor(**SMALL, activation=ELU(2))
    written("numbers of a frame", model.fit(raw("rows as frame"), X[:, 0]), "rows as frame")


def chains():
    """Functions, losses, schedules and optimizers that are newer than the first folder."""
    X = raw("rows")
    members = [MemberLinear(4, members=3), SELU(), BatchEnsembleLinear(5), Parametric(ELU(2), 0.5)]
    members += [MemberLinear(2), Cos(), Flatten(), Linear(3), Softmax()]
    norms = [Scale(6), Linear(4), Mish(), BatchNorm(0.25), LayerNorm()]
    norms += [Residual((Linear(4), Parametric(), Linear(4))), Linear(1)]
    ensemble = [BatchEnsembleLinear(4, members=3), Mish(), MemberLinear(1), Flatten()]
    solver = AdamW(0.01, decay_factors={"b": 0.5}, decay_schedule=CosLog())
    for name, model, y in (
        ("members", Classifier(Chain(*members), solver=solver, **BRIEF), LABELS),
        ("norms", Regressor(Chain(*norms), loss=QuantileLoss(0.9), **BRIEF), X[:, 0]),
        ("mish", MLPClassifier((4,), "mish", learning_rate="coslog", **BRIEF), LABELS),
        ("selu", MLPRegressor("huber", (4,), "selu", learning_rate=FlatCosine(), **BRIEF), X),
        ("cos", MLPRegressor("huber", (4,), "cos", solver=Adam(rate_factors={"b": 0.1})), X),
    ):
        written(name, model.set_params(**BRIEF).fit(X, y), "rows")
    loss = MeanOverMembers(QuantileLoss((0.1, 0.9)))
    model = Regressor(Chain(*ensemble), **BRIEF).fit(X, X[:, :3])
    written("loss of members", model.set_params(loss=loss), "rows")


def main():
    """Write all."""
    (HERE / "saved").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tables()
        chains()
    entries = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in EXPECTED.items())
    (HERE / "expected.json").write_text("{\n" + ",\n".join(entries) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

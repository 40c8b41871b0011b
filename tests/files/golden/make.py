"""Write the files of this folder: every kind of file that a release can write.

Release 0.1.0 has written them, with `PYTHONPATH=src:tests python -m files.golden.make`. It is kept
to tell what is in them, and cannot be run any more: Model, which it saves, was in that release
only. Files of tables' estimators, and what else is newer, have a script and a folder of their own.

expected.json has for each file its raw data, and what the release said of them.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
from chainrule.models import Model

from chainrule import (
    ELU,
    GELU,
    SGD,
    Adam,
    AdamW,
    AvgPool2d,
    BinaryCrossEntropy,
    Chain,
    Classifier,
    Conv2d,
    Cosine,
    Crop,
    CrossEntropy,
    Dropout,
    EmbeddingBag,
    Exp,
    Flatten,
    Flip,
    Huber,
    LeakyReLU,
    Linear,
    LogSoftmax,
    MaxPool2d,
    MeanSquaredError,
    MLPClassifier,
    MLPRegressor,
    Noise,
    Poisson,
    Regressor,
    ReLU,
    RMSProp,
    Shift,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    StepDecay,
    Tanh,
    WarmUp,
)
from chainrule.data import ImageScaling, TableEncoder, Target, read_csv
from chainrule.functions import FUNCTIONS
from chainrule.losses import LOSSES, ElementwiseLoss
from chainrule.training.augmentation import AUGMENTATIONS
from chainrule.training.optimizers import OPTIMIZERS
from chainrule.training.schedules import SCHEDULES, Constant, InverseScaling, LinearToZero
from cli.runs import chainrule
from files.golden.inputs import HERE, RNG, file, raw, write_arrays, write_images, write_tables
from files.golden.own import OWN, Bent, Doubled, Doubtful, Halved, Logistic, Slow

EXPECTED = {}


# What is expected.


def plain(value):
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    return [plain(item) for item in value] if isinstance(value, list) else value


def told(path):
    """Return what `chainrule show` tells of the training, and of what is predicted."""
    shown = chainrule("show", path, "--json").json
    left_out = ("formulas", "layers", "formula", "input_shape", "parameters")
    return {key: value for key, value in shown.items() if key not in left_out}


def trained(name, data, new, *options):
    """Write a file as `chainrule train` does; ``new`` is what is predicted and evaluated."""
    path = file(name)
    epochs = () if "-e" in options else ("-e", 3)
    run = chainrule("train", HERE / data if (HERE / data).exists() else data, "-o", path, "-q",
                    *epochs, *options)  # fmt: skip
    assert run.code == 0, run.err
    said = chainrule("predict", path, HERE / new, "--probabilities", "--json").json
    EXPECTED[name] = {"written_by": "chainrule train", "data": new, "target": said["target"]}
    EXPECTED[name] |= {"values": said["predictions"], "shown": told(path)}
    if "probabilities" in said:
        EXPECTED[name] |= {k: said[k] for k in ("classes", "probabilities")}
    if not new.endswith("ubyte"):
        scores = chainrule("evaluate", path, HERE / new, "--json").json["scores"]
        EXPECTED[name]["scores"] = scores["all"]


def modelled(name, data, model):
    """Write a file as Model.save does."""
    model.save(file(name))
    own = [cls for cls in OWN if f'"{cls.__name__}\\' in file(name).read_text(errors="replace")]
    X = read_csv(raw(data)) if data.endswith(".csv") else raw(data)
    said = Model.load(file(name), own).predict(X)
    EXPECTED[name] = {"written_by": "Model.save", "data": data, "target": model.target.name}
    EXPECTED[name] |= {"own": [cls.__name__ for cls in own], "values": plain(said.values)}
    if said.probabilities is not None:
        probabilities = plain(said.probabilities)
        EXPECTED[name] |= {"classes": said.classes, "probabilities": probabilities}


def fitted(name, data, model, y, after=None):
    """Write a file as an estimator's save does, parameters perhaps set after fit."""
    X = raw(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y).set_params(**(after or {})).save(file(name))
    own = [cls for cls in OWN if f'"{cls.__name__}\\' in file(name).read_text(errors="replace")]
    model = type(model).load(file(name), own)
    EXPECTED[name] = {"written_by": type(model).__name__, "data": data}
    EXPECTED[name] |= {"own": [cls.__name__ for cls in own], "repr": repr(model)}
    EXPECTED[name] |= {"y": plain(np.asarray(y)), "values": plain(model.predict(X))}
    if hasattr(model, "classes_"):
        EXPECTED[name] |= {
            "classes": plain(model.classes_),
            "classes_type": model.classes_.dtype.name,
            "probabilities": plain(model.predict_proba(X)),
            "decision": plain(model.decision_function(X)),
        }
    EXPECTED[name]["score"] = model.score(X, y)
    if not own:
        EXPECTED[name]["shown"] = told(file(name))


# The files.


def commands():
    table, new = "houses.csv", "new houses.csv"
    price, flat = ("-t", "price"), ("--layers", 4)
    trained("train price", table, new, *price, *flat)
    trained("train price double", table, new, *price, *flat, "--double", "--optimizer", "lbfgs")
    trained("train price huber", table, new, *price, "--layers", "4,3", "--loss", "huber",
            "--optimizer", "nesterov", "--schedule", "step", "--activation", "gelu",
            "--clip-norm", 1, "--dropout", 0.1)  # fmt: skip
    trained("train price absolute", table, new, *price, "--layers", 0, "--loss", "absolute")
    trained("train offers", table, new, "-t", "offers", *flat, "--loss", "poisson", "--optimizer",
            "rmsprop", "--schedule", "linear-to-zero", "--warm-up", 1)  # fmt: skip
    trained("train sold", table, new, "-t", "sold", *flat, "--class-weight", "balanced")
    trained("train sold weighted", table, new, "-t", "sold", *flat, "--class-weight", "yes=3,no=1",
            "--label-smoothing", 0.1, "--augment", "noise=0.05", "--optimizer", "momentum",
            "--schedule", "inverse-scaling", "--activation", "tanh")  # fmt: skip
    trained("train garden", table, new, "-t", "garden", *flat, "--l2", 0.01)
    trained("train grade", table, new, "-t", "grade", "--layers", 0, "--no-bias", "--test", 0,
            "--validation", 0, "--optimizer", "gd")  # fmt: skip
    trained("train stars", table, new, "-t", "stars", *flat, "--optimizer", "adamw", "--schedule",
            "cosine", "--activation", "silu", "--engine", "reference")  # fmt: skip
    trained("train rooms", table, new, "-t", "rooms", *flat, "--task", "regression", "-s", 3)
    trained("train long", "tiny.csv", "tiny.csv", "-t", "price", *flat, "-e", 600, "--test", 0,
            "--validation", 0, "--patience", 0)  # fmt: skip
    trained("train grey", "grey", "grey", *flat, "--model", "mlp", "--augment", "shift=1,flip")
    trained("train grey cnn", "grey", "grey", *flat, "--augment", "crop=1", "--optimizer", "sgd")
    trained("train coloured", "coloured", "coloured", *flat, "--validation", 0.3)
    trained("train idx", "idx", "idx/t10k-images-idx3-ubyte", *flat)
    trained("train idx mlp", "idx", "idx/t10k-images-idx3-ubyte", *flat, "--model", "mlp")


def initialized(chain, shape, dtype=np.float32):
    """Initialize a chain so that no parameter is zero."""
    chain.initialize(shape, dtype=dtype)
    chain.parameters.flat[...] = RNG.normal(size=chain.parameters.flat.size) / 2
    return chain


def table_model(target, functions, loss, dtype=np.float32, facts=None):
    table = read_csv(HERE / "tiny.csv")
    task = {"kind": "multiclass", "side": "binary", "price": "regression"}[target]
    encoder = TableEncoder.fit(table.without(target))
    chain = initialized(Chain(*functions), (len(encoder.feature_names),), dtype)
    learned = Target.fit(target, table.column(target), task)
    return Model(chain, loss, encoder, learned, facts or {})


def models():
    one, three = [Linear(1)], [Linear(3), Softmax()]
    facts = {"data": "tiny", "scores": [0.5, None, True, 3], "é": {"deep": [[], {}]}}
    loss = MeanSquaredError()
    modelled("model price", "tiny.csv", table_model("price", one, loss, facts=facts))
    modelled("model price double", "tiny.csv", table_model("price", one, loss, np.float64))
    elementwise = [f() for f in FUNCTIONS if f.__name__ in ELEMENTWISE]
    functions = [Linear(5), *elementwise, LeakyReLU(0.3), ELU(2), Bent(0.25, ("é",)), *one]
    modelled("model functions", "tiny.csv", table_model("price", functions, Huber(delta=1.5)))
    functions = [EmbeddingBag(3, "mean"), LogSoftmax(), Dropout(0.25), Dropout(0), *one]
    modelled("model bag", "tiny.csv", table_model("price", functions, Doubtful(doubt="x")))
    for kind in LOSSES:
        each = kind() if not issubclass(kind, ElementwiseLoss) else replace(kind(), outputs="sum")
        modelled(f"model {kind.__name__}", "tiny.csv", table_model("price", one, each))
    sigmoid = [Linear(2), Tanh(), Linear(1), Sigmoid()]
    modelled("model side", "tiny.csv", table_model("side", sigmoid, BinaryCrossEntropy()))
    logistic = [Linear(1), Logistic()]
    modelled("model logistic", "tiny.csv", table_model("side", logistic, BinaryCrossEntropy()))
    modelled("model kind", "tiny.csv", table_model("kind", three, CrossEntropy()))
    images = raw("two_channels")
    functions = [Conv2d(3, (2, 3), padding="same"), MaxPool2d((2, 1), 1, "same"), AvgPool2d(2, 1),
                 Conv2d(6, 1, 1, 1, 1, 3, False), Flatten(), *three]  # fmt: skip
    target = Target.fit("digit", ["1", "2", "11"], "multiclass")
    for name, dtype in (("model images", np.float32), ("model images double", np.float64)):
        chain = initialized(Chain(*functions), (2, 5, 4), dtype)
        model = Model(chain, CrossEntropy(), ImageScaling.fit(images), target)
        modelled(name, "two_channels", model)
    unordered = table_model("kind", three, CrossEntropy())
    unordered.target = Target("kind", "multiclass", ("b", "c", "a"), 0.0, 1.0)
    modelled("model unordered", "tiny.csv", unordered)
    unordered.target = Target.fit("kind", ["1", "9" * 20, "9" * 19 + "8"], "multiclass")
    modelled("model long numbers", "tiny.csv", unordered)
    unordered = table_model("side", sigmoid, BinaryCrossEntropy())
    unordered.target = Target("side", "binary", ("y", "x"), 0.0, 1.0)
    modelled("model unordered side", "tiny.csv", unordered)


ELEMENTWISE = ("ReLU", "GELU", "SiLU", "Sigmoid", "Tanh", "Softplus", "Exp", "Identity")
LABELS = np.array(["a", "b", "ç"])[np.arange(12) % 3]
TWO = LABELS == "b"
BRIEF = {"max_iter": 2, "random_state": 0}
THREE = np.array([3, 4, 7])[np.arange(12) % 3]


def classifiers():
    several = np.c_[TWO, ~TWO, LABELS == "a"].astype(int)
    labels = {
        "texts": LABELS,
        "objects": LABELS.astype(object),
        "empty text": np.where(TWO, "", LABELS),
        "truths": TWO,
        "one class": np.full(12, "only"),
        "several": several,
        "two labels": several[:, :2],
        "negative": THREE - 5,
        **{np.dtype(kind).name: THREE.astype(kind) for kind in ("i1", "u8", "f2", "f4", "f8")},
        "big-endian": THREE.astype(">i4"),
        "two numbers": TWO.astype(np.uint8),
    }
    for name, y in labels.items():
        fitted(f"mlp {name}", "rows", MLPClassifier((3,), **BRIEF), y)
    new = MLPClassifier
    fitted("mlp frame", "rows as frame", new((3,), **BRIEF), LABELS)
    fitted("mlp sparse", "counts as sparse", new((3,), **BRIEF), LABELS)
    fitted("mlp singles", "singles", new((3, 2), **BRIEF), LABELS)
    objects = {"solver": Adam(0.01), "learning_rate": WarmUp(1, StepDecay(3)), "dropout": 0.1}
    fitted("mlp objects", "rows", new((4, 3), **objects, **BRIEF), LABELS)
    weights = {"a": 2.0, "b": np.float64(0.5), "ç": 1}
    fitted("mlp weights", "rows", new((3,), class_weight=weights, **BRIEF), LABELS)
    each = [{0: 1.0, 1: 2.0}] * 3
    fitted("mlp weights of each", "rows", new((3,), class_weight=each, **BRIEF), several)
    fitted("mlp lbfgs", "rows", new((3,), solver="lbfgs", activation="tanh", **BRIEF), LABELS)
    stopped = {"early_stopping": True, "validation_fraction": 0.4, "scoring": "loss"}
    fitted("mlp early", "rows", new((3,), **stopped, **BRIEF), TWO)
    fitted("mlp norms", "rows", new((3,), gradient_samples=5, clip_norm=0.5, **BRIEF), LABELS)
    own = {"activation": Bent(0.25), "learning_rate": WarmUp(1, Halved(WarmUp(2, Halved())))}
    fitted("mlp own", "rows", new((3,), solver=Slow(0.5), **own, **BRIEF), LABELS)
    after = {"hidden_layer_sizes": (7, 7), "alpha": np.float32(0.1), "n_iter_no_change": np.inf}
    fitted("mlp set after", "rows", new((3,), **BRIEF), LABELS, after | {"activation": GELU()})
    two = {"solver": AdamW(0.01), "learning_rate": LinearToZero(), "label_smoothing": 0.1}
    fitted("mlp two", "rows", new([3], engine="reference", **two, **BRIEF), TWO)


def regressors():
    X = raw("rows")
    one, two, new = X[:, 0], X[:, :2], MLPRegressor
    fitted("number", "rows", new("squared_error", (3,), **BRIEF), one)
    fitted("numbers", "rows", new(hidden_layer_sizes=(), **BRIEF), two)
    fitted("numbers of one column", "rows", new("huber", (3,), dtype="float32", **BRIEF), X[:, :1])
    sgd = {"solver": SGD(0.1, 0.5, nesterov=True), "learning_rate": InverseScaling(0.25)}
    fitted("numbers poisson", "rows", new("poisson", (4,), **sgd, **BRIEF), np.abs(two))
    loss = Huber(2.0, outputs="sum")
    fitted("number loss", "singles", new(loss, (3,), early_stopping=True, **BRIEF), one)
    fitted("number loss of ones own", "rows", new(Doubtful(doubt="x"), (3,), **BRIEF), one)
    rms = {"solver": RMSProp(0.01), "learning_rate": Constant(), "scoring": "r2"}
    fitted("number frame", "rows as frame", new(hidden_layer_sizes=3, **rms, **BRIEF), one)
    fitted("number lbfgs", "rows", new("absolute_error", (3,), solver="lbfgs", **BRIEF), one)
    fitted("number set after", "rows", new(hidden_layer_sizes=(3,), **BRIEF), one,
           {"loss": Poisson(), "warm_start": True, "verbose": "bar"})  # fmt: skip


def chains():
    images = Chain(Conv2d(4, 3), ReLU(), Flatten(), Linear(3), Softmax())
    new = Classifier
    fitted("chain first", "channels_first", new(images, **BRIEF), LABELS)
    fitted("chain last", "channels_last", new(images, **BRIEF), LABELS)
    changes = [Shift(1), Noise(), Flip(), Doubled((1,))]
    fitted("chain grey", "nhw", new(images, augmentation=changes, **BRIEF), LABELS)
    crop = {"image_shape": (3, 6, 5), "augmentation": Crop(1, mode="edge")}
    fitted("chain flat", "flat", new(images, **crop, **BRIEF), LABELS)
    shape = {"image_format": "nhwc", "image_shape": (6, 5, 3)}
    fitted("chain flat last", "flat", new(images, **shape, **BRIEF), LABELS)
    pair, sigmoid = Chain(Linear(2), Softmax()), Chain(Linear(1), Sigmoid())
    fitted("chain pair", "rows", new(pair, **BRIEF), TWO)
    fitted("chain one", "rows", new(sigmoid, **BRIEF), TWO)
    several = np.c_[TWO, ~TWO, LABELS == "a"].astype(int)
    fitted("chain several", "rows", new(Chain(Linear(3), Sigmoid()), **BRIEF), several)
    fitted("chain completed", "rows as frame", new(Chain(Linear(5), SiLU()), complete=True,
           solver="adamw", learning_rate=Cosine(), **BRIEF), LABELS)  # fmt: skip
    bag = Chain(EmbeddingBag(3), Linear(3), Softmax())
    fitted("chain sparse", "counts as sparse", new(bag, **BRIEF), LABELS)
    fitted("chain own", "rows", new(Chain(Linear(2), Bent(), *pair.functions), **BRIEF), TWO,
           {"chain": Chain(Linear(9), Bent(0.1, ()), Linear(1), Sigmoid())})  # fmt: skip
    fitted("chain loss", "rows", new(pair, loss=CrossEntropy(), **BRIEF), TWO)
    fitted("chain norms", "rows", new(pair, gradient_samples=4, early_stopping=True, **BRIEF), TWO)
    X = raw("rows")
    two = Chain(Linear(2))
    fitted("chain numbers", "rows", Regressor(two, loss="huber", **BRIEF), X[:, :2])
    positive = Chain(Linear(4), Tanh(), Linear(1), Softplus())
    fitted("chain poisson", "rows", Regressor(positive, loss="poisson", **BRIEF), np.abs(X[:, 0]))
    fitted("chain exp", "rows", Regressor(Chain(Linear(1), Exp()), loss=Poisson(), solver="lbfgs",
           **BRIEF), np.abs(X[:, 0]))  # fmt: skip
    pixels = Chain(AvgPool2d(2), Flatten(), Linear(1))
    fitted("chain number of images", "channels_last", Regressor(pixels, **BRIEF), X[:, 0])


def main():
    (HERE / "saved").mkdir()
    write_tables()
    write_images()
    write_arrays()
    commands()
    models()
    classifiers()
    regressors()
    chains()
    texts = "".join(path.read_text(errors="replace") for path in (HERE / "saved").iterdir())
    for kind in (*FUNCTIONS, *LOSSES, *AUGMENTATIONS, *OPTIMIZERS, *SCHEDULES, *OWN):
        assert f'\\"{kind.__name__}\\"' in texts, f"no file has {kind.__name__}"
    entries = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in EXPECTED.items())
    (HERE / "expected.json").write_text("{\n" + ",\n".join(entries) + "\n}\n")


if __name__ == "__main__":
    main()

"""The descriptions that release 0.1.0 wrote, of two kinds, as those of today.

A model of the command line was one thing, an estimator another: {"chain", "loss", "inputs",
"target", "facts"} and {"estimator", "parameters", "chain", "classes", "features", "record"}.
"""

from __future__ import annotations

from typing import Any

from chainrule import strict_json
from chainrule.files.objects import Classes, chain_from_json
from chainrule.inputs import FORMATS, ImageScaling
from chainrule.layout import ChainLayout
from chainrule.targets.columns import typed_labels

MODEL_KEYS = ("chain", "loss", "inputs", "target", "facts")
ESTIMATOR_KEYS = ("estimator", "parameters", "chain", "classes", "features", "record")
STRETCHED = "stretched"
"""How that release read pictures of any size."""

TASKS = ("regression", "binary", "multiclass")
MOST_CLASSES = 1000

OF_ALL: dict[str, Any] = {"precision": "float32"}
USUAL: dict[str, Any] = {
    **OF_ALL,
    "solver": "adam",
    "alpha": 0.0001,
    "batch_size": "auto",
    "learning_rate": "constant",
    "learning_rate_init": 0.001,
    "power_t": 0.5,
    "max_iter": 200,
    "shuffle": True,
    "random_state": None,
    "tol": 0.0001,
    "verbose": False,
    "warm_start": False,
    "momentum": 0.9,
    "nesterovs_momentum": True,
    "early_stopping": False,
    "validation_fraction": 0.1,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "epsilon": 1e-08,
    "n_iter_no_change": 10,
    "max_fun": 15000,
    "scoring": None,
    "clip_norm": None,
    "gradient_samples": None,
    "dtype": None,
    "n_jobs": None,
    "engine": "auto",
    "complete": False,
    "inputs": None,
    "image_format": None,
    "image_shape": None,
    "image_size": None,
    "augmentation": None,
}
OF_CLASSES: dict[str, Any] = {"class_weight": None, "label_smoothing": 0.0}
OF_NUMBERS: dict[str, Any] = {"scale_target": None}
"""What the parameters of all estimators, and of those of any chain, were where a file has none."""


def is_old(data: object) -> bool:
    """Return whether the JSON of a file is of the old kinds, be it whole or not."""
    return type(data) is dict and "targets" not in data and ("target" in data or "classes" in data)


def upgraded(data: dict[str, Any], extra: Classes) -> dict[str, Any]:
    """Return an old description as one of today, parameters that it lacks as they were then.

    Raises
    ------
    ValueError
        Something in it is wrong.
    """
    found = _of_model(data, extra) if "target" in data else _of_estimator(data, extra)
    usual = {} if type(found["estimator"]) is not str else _usual(found["estimator"])
    return found | {"parameters": usual | found["parameters"]}


def _usual(estimator: str) -> dict[str, Any]:
    """Return what the parameters were, as JSON, that files of an estimator may lack."""
    of_classes = OF_CLASSES if estimator == "Classifier" else OF_NUMBERS
    return USUAL | of_classes if estimator in ("Classifier", "Regressor") else OF_ALL


def _of_estimator(data: dict[str, Any], extra: Classes) -> dict[str, Any]:
    entries = strict_json.record(data, "estimator", ESTIMATOR_KEYS)
    layout = chain_from_json(entries["chain"], extra)
    features = strict_json.record(entries["features"], "features", ("count", "names"))
    parameters, record = entries["parameters"], entries["record"]
    if type(parameters) is not dict or type(record) is not dict:
        raise ValueError("estimator: expected objects as parameters and record")
    image_format = record.get("image_format_")
    if image_format is None:
        inputs: dict[str, Any] = {"kind": "rows", **features}
    else:
        inputs = {
            "kind": "images",
            "format": image_format,
            "given": _given(image_format, layout),
            "rows": parameters.get("image_shape") is not None,
            "names": features["names"],
            "scaling": None,
            "photos": STRETCHED,
        }
    return {
        "estimator": entries["estimator"],
        "parameters": parameters,
        "inputs": inputs,
        "chain": entries["chain"],
        "targets": _targets(entries["classes"], layout),
        "record": {key: item for key, item in record.items() if key != "image_format_"},
        "metadata": {},
    }


def _given(image_format: object, layout: ChainLayout) -> list[int]:
    """Return the shape of an image in a format, for a chain that takes (c, h, w)."""
    shape = layout.input_shape
    if type(image_format) is not str or image_format not in FORMATS or len(shape) != 3:
        raise ValueError("record.image_format_: expected a format of images for a chain for them")
    if image_format == "nhw" and shape[0] != 1:
        raise ValueError(f"expected a chain for images {image_format}, got one for {shape}")
    given = {"nhw": shape[1:], "nchw": shape, "nhwc": (*shape[1:], shape[0])}
    return list(given[image_format])


def _targets(classes: object, layout: ChainLayout) -> dict[str, Any]:
    if classes is None:
        outputs = layout.output_shape
        count = outputs[0] if len(outputs) == 1 else 0
        return {"kind": "numbers", "count": count, "mean": None, "scale": None, "name": ""}
    entries = strict_json.record(classes, "classes", ("type", "several", "values"))
    pair = layout.output_shape == (2,) and entries["several"] is not True
    return {"kind": "classes", **entries, "pair": pair, "name": ""}


def _of_model(data: dict[str, Any], extra: Classes) -> dict[str, Any]:
    entries = strict_json.record(data, "model", MODEL_KEYS)
    chain = entries["chain"]
    layout = chain_from_json(chain, extra)
    inputs = dict(entries["inputs"]) if type(entries["inputs"]) is dict else {}
    if inputs.get("kind") == "images":
        scaling = ImageScaling.from_json({k: v for k, v in inputs.items() if k != "kind"})
        inputs = {
            "kind": "images",
            "format": "nchw",
            "given": list(scaling.shape),
            "rows": False,
            "names": None,
            "scaling": scaling.to_json(),
            "photos": STRETCHED,
        }
    target = strict_json.record(
        entries["target"], "target", ("name", "task", "classes", "mean", "scale")
    )
    if target["task"] not in TASKS:
        raise ValueError(f"target.task: expected one of {', '.join(TASKS)}")
    parameters = {
        "chain": {"chain": chain["functions"]},
        "loss": entries["loss"],
        "inputs": inputs.get("kind"),
    }
    regression = target["task"] == "regression"
    if regression:
        parameters["scale_target"] = True
    return {
        "estimator": "Regressor" if regression else "Classifier",
        "parameters": parameters,
        "inputs": inputs,
        "chain": chain,
        "targets": _numbers(target) if regression else _classes(target, layout),
        "record": {},
        "metadata": entries["facts"],
    }


def _numbers(target: dict[str, Any]) -> dict[str, Any]:
    if target["classes"] != []:
        raise ValueError("target.classes: expected none for regression, got something else")
    mean, scale = [target["mean"]], [target["scale"]]
    return {"kind": "numbers", "count": 1, "mean": mean, "scale": scale, "name": target["name"]}


def _classes(target: dict[str, Any], layout: ChainLayout) -> dict[str, Any]:
    if (target["mean"], target["scale"]) != (0.0, 1.0):
        raise ValueError("target: expected mean 0 and scale 1 for classes, got something else")
    items = strict_json.items(target["classes"], "target.classes", MOST_CLASSES, least=2)
    texts = tuple(strict_json.text(item, "target.classes") for item in items)
    strict_json.unique(texts, "target.classes")
    if target["task"] == "binary" and len(texts) != 2:
        raise ValueError("target.classes: expected two for binary, got something else")
    labels = typed_labels(texts)
    return {
        "kind": "classes",
        "type": "str" if labels.dtype.kind == "U" else labels.dtype.name,
        "several": False,
        "pair": target["task"] == "multiclass" and len(texts) == 2,
        "values": labels.tolist(),
        "name": target["name"],
    }

"""A network in another language, written to a file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.export.c.source import c_source
from chainrule.export.exported import Exported
from chainrule.export.javascript.source import javascript_source
from chainrule.export.language.printing import identifier, is_reserved
from chainrule.export.onnx.writing import write_onnx
from chainrule.export.plan import PRECISIONS, ExportPlan, plan_export
from chainrule.export.raw_samples import raw_samples
from chainrule.export.samples import MOST_SAMPLES, Samples, keep_samples
from chainrule.export.scaling import scaled, without_idle_steps
from chainrule.export.walk import Network, walk
from chainrule.files.outputs import check_output, write_output
from chainrule.losses import Loss

__all__ = ["LANGUAGES", "Exported", "export_network"]


@dataclass(frozen=True)
class Language:
    """A language: how files in it are named, and what writes one.

    ``source`` is None where there is no text: of ONNX. ``whole`` says whether a gradient has a last
    function that the loss includes, too, and ``checks`` whether a program can check itself with
    samples.
    """

    name: str
    suffixes: tuple[str, ...]
    source: Callable[[ExportPlan], str] | None = None
    whole: bool = False
    checks: bool = False


LANGUAGES = {
    "c": Language("C99", (".c",), c_source, checks=True),
    "js": Language("JavaScript", (".js", ".mjs"), javascript_source, whole=True),
    "onnx": Language("ONNX", (".onnx",)),
}
"""The languages that networks are written in, by the names in ``to``."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
"""What functions may begin with, unless it is a word of a language."""

LONGEST_TEXT = 1000
"""Characters of a text that is kept as a sample."""


def export_network(
    model: Any,
    path: str | os.PathLike[str],
    *,
    to: str | None = None,
    precision: str | None = None,
    gradient: bool = False,
    loss: Loss | None = None,
    samples: Any = None,
    weights: str | os.PathLike[str] | None = None,
    name: str | None = None,
    opset: int | None = None,
    encoded: bool = False,
) -> Exported:
    """Write a trained network as a program of its own, from raw samples to answers.

    Parameters
    ----------
    model : Chain, estimator or Pipeline
        A chain with parameters, a fitted estimator, or a pipeline of scikit-learn's scalers of
        columns and an estimator.
    path : str or path
        Of the file; what is there is overwritten.
    to : {"c", "js", "onnx"}, default=None
        C99, a module of JavaScript, or a graph of ONNX; None takes what the file's name ends in,
        which may be no other language's.
    precision : {"float", "double"}, default=None
        The type of all numbers; None takes the network's own. ONNX is written in float.
    gradient : bool, default=False
        Whether the loss and its gradients, by backprop, are written, too.
    loss : Loss, default=None
        The loss; None takes that of the estimator's training.
    samples : array-like, default=None
        Raw samples of which some are kept in a program in C, to check it with.
    weights : str or path, default=None
        A file for the parameters of more than 1,000 numbers; None keeps all in the program.
    name : str, default=None
        What names of functions begin with; None takes the file's name.
    opset : {17, 21}, default=None
        The version of the operators of ONNX; None takes 17.
    encoded : bool, default=False
        Whether a file of ONNX begins with what the first layer takes, in place of raw samples: of
        texts, whose words ONNX has no operators to split, with their features.

    Returns
    -------
    exported : Exported
        What has been written, and how large it is.

    Raises
    ------
    ValueError
        Something in the network cannot be written in that language, or a file cannot be written;
        the message names it.
    ImportError
        The package onnx, which writes ONNX, is not installed.
    """
    path = Path(path)
    language = LANGUAGES[_language(path, to)]
    check_output(path)
    own = _name(path, name)
    given = {"gradient": gradient, "loss": loss, "samples": samples, "weights": weights}
    if language.source is None:
        return write_onnx(model, path, given, precision, own, opset, encoded=encoded)
    if opset is not None or encoded:
        option = "encoded" if opset is None else "opset"
        raise ValueError(f"export: {option} is for ONNX alone, got to={language.name!r}")
    if samples is not None and not language.checks:
        raise ValueError(f"export: samples are kept in C alone, got to={language.name!r}")
    return _write_program(model, path, language, language.source, precision, own, **given)


def _write_program(
    model: Any,
    path: Path,
    language: Language,
    source: Callable[[ExportPlan], str],
    precision: str | None,
    name: str,
    *,
    gradient: bool,
    loss: Loss | None,
    samples: Any,
    weights: str | os.PathLike[str] | None,
) -> Exported:
    """Write a network as text, and its parameters beside it if they have a file."""
    model = without_idle_steps(model)
    network = walk(model, loss, pipelines=True)
    precision = _precision(network, precision)
    weights = None if weights is None else Path(weights)
    if weights is not None:
        if os.path.realpath(weights) == os.path.realpath(path):
            raise ValueError(f"export: expected weights in another file than {path}")
        check_output(weights)
    plan = plan_export(
        network,
        name,
        precision,
        gradient=gradient,
        loss=loss,
        whole=language.whole,
        weights=None if weights is None else weights.name,
        samples=None if samples is None else _samples(model, network, samples, precision),
    )
    text = source(plan).encode()
    if weights is not None and plan.weights is not None:
        write_output(weights, plan.weights.parts())
    write_output(path, [text])
    sizes = plan.parameter_bytes, plan.memory_bytes
    return Exported(path, language.name, plan.name, precision, *sizes, weights)


def _language(path: Path, to: str | None) -> str:
    if to is not None and to not in LANGUAGES:
        raise ValueError(f"export: expected to as one of {', '.join(LANGUAGES)}, got {to!r}")
    suffix = path.suffix.lower()
    named = next((key for key, each in LANGUAGES.items() if suffix in each.suffixes), None)
    if to is not None and named not in (None, to):
        raise ValueError(
            f"export: expected a name that ends in {' or '.join(LANGUAGES[to].suffixes)} for "
            f"to={to!r}, got {path.name!r}, the name of a file of {LANGUAGES[str(named)].name}"
        )
    if (found := to or named) is not None:
        return found
    endings = ", ".join(end for each in LANGUAGES.values() for end in each.suffixes)
    raise ValueError(
        f"export: expected a name that ends in {endings}, or to={'|'.join(LANGUAGES)}, got "
        f"{path.name!r}"
    )


def _precision(network: Network, precision: str | None) -> str:
    if precision is None:
        return "double" if network.dtype == np.float64 else "float"
    if precision not in PRECISIONS:
        raise ValueError(
            f"export: expected precision as one of {', '.join(PRECISIONS)}, got {precision!r}"
        )
    return precision


def _name(path: Path, name: str | None) -> str:
    """Return what functions begin with; ValueError for a name that they cannot begin with."""
    if name is None:
        own = re.sub(r"[-. ]", "_", path.stem).strip("_")
        return own if NAME.fullmatch(own) and not is_reserved(own) else identifier(own)
    wanted = "export: expected a name for functions to begin with"
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise ValueError(f"{wanted}, of letters from A to Z, digits and _, got {name!r}")
    if name[0] == "_":
        raise ValueError(
            f"{wanted} without _ in front, which compilers keep for theirs, got {name!r}"
        )
    if name[0].isdigit():
        raise ValueError(f"{wanted} that begins with a letter, got {name!r}")
    if is_reserved(name):
        raise ValueError(
            f"{wanted} that C, JavaScript and their libraries have for nothing else, such as "
            f"'{name}_net', got {name!r}"
        )
    return name


def _samples(model: Any, network: Network, raw: Any, precision: str) -> Samples:
    """Return the first samples that a program of C can have."""
    rows, encoded = raw_samples(model, network, raw, as_given=True)
    plain = (place for place, row in enumerate(rows) if all(map(_is_plain, row)))
    places = list(islice(plain, MOST_SAMPLES))
    chosen, dtype = [rows[place] for place in places], PRECISIONS[precision]
    if network.scalings:  # of numbers as the program has them: a difference loses what they lack
        given = np.array(chosen, dtype).astype(np.float64)
        return keep_samples(network, chosen, scaled(network.scalings, given), dtype)
    if not hasattr(encoded, "toarray"):
        encoded = np.asarray(encoded)
    return keep_samples(network, chosen, encoded[places], dtype)


def _is_plain(cell: Any) -> bool:
    """Return whether a cell can stand in a program of C, whose texts end at a zero."""
    if not isinstance(cell, str):
        return True
    return len(cell) <= LONGEST_TEXT and "\0" not in cell and not re.search("[\ud800-\udfff]", cell)

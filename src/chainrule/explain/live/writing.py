"""A trained network as a page, written to a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.chain import Chain
from chainrule.explain.live.document import document
from chainrule.explain.live.facts import page_facts
from chainrule.explain.live.program import page_plan, program_source
from chainrule.explain.live.samples import blank_sample, page_samples
from chainrule.export.scaling import without_idle_steps
from chainrule.export.walk import walk
from chainrule.files.outputs import check_output, write_output

__all__ = ["Page", "explain_network"]

LARGEST = 3_000_000
"""Numbers in the parameters of a network that a page can hold, at eleven bytes each."""


@dataclass(frozen=True)
class Page:
    """A page that has been written.

    Parameters
    ----------
    path : Path
        The file.
    samples : int
        How many samples it has.
    bytes : int
        Its size.
    """

    path: Path
    samples: int
    bytes: int

    def __str__(self) -> str:
        some = "1 sample" if self.samples == 1 else f"{self.samples} samples"
        return f"page written to {self.path}: {some}, {self.bytes / 1e6:.2f} MB"


def explain_network(
    model: Any, X: Any = None, y: Any = None, path: str | os.PathLike[str] = "page.html"
) -> Page:
    """Write a page that computes a network and its gradients, and shows where each comes from.

    The page is one file of HTML; it works from the disk and asks for nothing else.

    Parameters
    ----------
    model : estimator
        A fitted estimator, or a pipeline of scikit-learn's scalers and one.
    X : array-like, table, images or texts, default=None
        Raw samples, of which the page keeps some; None lets it begin with one that is blank, or
        of a table with what is usual in training.
    y : array-like, default=None
        Their answers; without them the loss is that of the answer which is chosen on the page.
    path : str or path, default="page.html"
        Of the file; what is there is overwritten.

    Returns
    -------
    page : Page
        What has been written.

    Raises
    ------
    ValueError
        The network, or something in it, cannot be written in JavaScript, or is too large; samples
        and answers are none of the model's; or no file can be written there.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        got = path.name or str(path)
        raise ValueError(f"explain: expected a path that ends in .html, got {got!r}")
    check_output(path)
    if isinstance(model, Chain):
        raise ValueError("explain: expected an estimator, such as Classifier(chain), got a chain")
    model = without_idle_steps(model)
    network = walk(model, pipelines=True)
    if network.answers.only_one:
        raise ValueError(
            f"explain: expected two classes or more, got {network.answers.classes}, whose "
            "probability is always 1"
        )
    count = sum(array.size for array in network.parameters.values())
    if count > LARGEST:
        raise ValueError(
            f"explain: expected a network of at most {LARGEST:,} parameters, got {count:,}"
        )
    if X is None and y is not None:
        raise ValueError("explain: expected samples X for the answers y, got none")
    samples = blank_sample(network) if X is None else page_samples(model, network, X, y)
    plan = page_plan(network)
    estimator = model[-1] if network.scalings else model
    facts = page_facts(estimator, plan, samples, given=X is not None)
    text = document(f"{network.title}, explained", facts, program_source(plan)).encode()
    write_output(path, [text])
    return Page(path, len(samples.x), len(text))

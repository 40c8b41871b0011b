"""Raw samples as an exported program is given them."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.data.frames import as_table
from chainrule.export.raw_columns import raw_rows
from chainrule.export.walk import Network
from chainrule.inputs import Images, TableEncoder, Texts
from chainrule.inputs.texts.raw import listed

__all__ = ["raw_samples"]


def raw_samples(
    model: Any, network: Network, raw: Any, *, as_given: bool = False
) -> tuple[list[list[Any]], Any]:
    """Return samples as rows of numbers and texts, and the same as the first layer takes them.

    Parameters
    ----------
    model : Chain or estimator
        Whose samples they are.
    network : Network
        What was walked over.
    raw : array-like
        The samples: whatever the model predicts. A text is a row of one.
    as_given : bool, default=False
        Whether a table's texts stay as they are, not spelled as the values of their columns.
    """
    inputs = network.inputs
    if inputs is None:
        return _flat(raw), raw
    if network.scalings:
        return _flat(raw), model[-1]._encoded(model[:-1].transform(raw))
    raw = inputs.opened(raw)
    if isinstance(inputs, Texts):
        texts = listed("export", raw, inputs.column)
        return [[text] for text in texts], model._encoded(texts)
    encoded = model._encoded(raw)
    if isinstance(inputs, TableEncoder):
        return raw_rows(inputs, as_table(model._raw(raw)), as_given=as_given), encoded
    plain = raw if isinstance(inputs, Images) and isinstance(raw, np.ndarray) else encoded
    return _flat(plain), encoded


def _flat(samples: Any) -> list[list[float]]:
    """Return samples as rows of all their numbers."""
    dense = samples.toarray() if hasattr(samples, "toarray") else np.asarray(samples)
    return [np.ravel(sample).astype(np.float64).tolist() for sample in dense]

"""What is known of the labels of a stream before a text is read: the shares of all rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.estimators.streams.answers import AnswerEncoder
from chainrule.estimators.streams.encoding import EncodedBlocks
from chainrule.estimators.texts.shares import begin_at

__all__ = ["begin_with_shares"]


def begin_with_shares(chain: Chain, blocks: EncodedBlocks) -> None:
    """Let the sigmoids of a new network begin at the shares of all texts that labels have.

    Parameters
    ----------
    chain : Chain
        The network.
    blocks : EncodedBlocks
        All texts; their answers are read once.
    """
    targets: Any = blocks.answers.targets
    if targets.exclusive:
        return
    encode = AnswerEncoder(blocks.answers.estimator, targets)
    rows, total, held = 0, 0.0, np.zeros(targets.outputs)
    for block in range(len(blocks.stream.sizes)):
        start = 0
        for part in blocks.stream.read(block):
            t, weights = encode(part.y)
            if blocks.weights is not None:
                own = blocks.weights.of(part, block, start)
                weights = own if weights is None else own * weights
            each = np.ones(len(part)) if weights is None else np.asarray(weights, np.float64)
            held += each @ t.reshape(len(part), -1).astype(np.float64)
            rows, total, start = rows + len(part), total + float(each.sum()), start + len(part)
    if 0 < total < np.inf:
        begin_at(chain, held * (rows / total), rows)

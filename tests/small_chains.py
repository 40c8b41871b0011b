"""A chain small enough to compute by hand, every size its own."""

import numpy as np

from chainrule import Chain, Linear, ReLU, Softmax, Tanh


def three_layers(dtype=np.float64, seed=1):
    """Return a chain of samples (3,) and five classes."""
    chain = Chain(Linear(4), Tanh(), Linear(2, bias=False), ReLU(), Linear(5), Softmax())
    return chain.initialize((3,), seed=seed, dtype=dtype)

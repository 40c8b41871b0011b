"""The networks of the lecture notes, by the note's number, to be derived without any data."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.chain import Chain
from chainrule.functions import EmbeddingBag, Linear, ReLU, Sigmoid, Softmax
from chainrule.losses import BinaryCrossEntropy, CrossEntropy, Loss

__all__ = ["EXAMPLES", "Example"]


@dataclass(frozen=True)
class Example:
    """A network of the notes.

    Parameters
    ----------
    chain : Chain
        The network, without parameters.
    loss : Loss
        Its loss.
    inputs, outputs : int
        How many numbers go in and come out.
    sample, answer : str or None
        Those whose numbers the note computes.
    digits : int
        How many digits of numbers the note computes with.
    """

    chain: Chain
    loss: Loss
    inputs: int
    outputs: int
    sample: str | None = None
    answer: str | None = None
    digits: int = 6


def _layers(*sizes: int, bias: bool) -> Chain:
    """Return the network softmax(W2 ReLU(W1 ReLU(W0 x))) of the notes."""
    first, second, last = (Linear(size, bias=bias) for size in sizes)
    return Chain(first, ReLU(), second, ReLU(), last, Softmax())


EXAMPLES = {
    "note-1": Example(_layers(4, 3, 5, bias=True), CrossEntropy(), 3, 5),
    "note-2": Example(
        Chain(EmbeddingBag(3), Linear(4, bias=False), Softmax()), CrossEntropy(), 7, 4
    ),
    "note-3": Example(_layers(5, 4, 3, bias=False), CrossEntropy(), 6, 3),
    "note-4": Example(Chain(Linear(1), Sigmoid()), BinaryCrossEntropy(), 3, 1),
    "note-5": Example(
        Chain(Softmax()), CrossEntropy(), 3, 3, sample="-2.85,0.86,0.28", answer="2", digits=10
    ),
}
"""The three layers of the first and third note, a bag of words, a neuron, and three scores."""

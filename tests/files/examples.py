"""Small models of every kind."""

from dataclasses import dataclass

import numpy as np

from chainrule.chain import Chain
from chainrule.data import ImageScaling, Table, TableEncoder, Target
from chainrule.functions import Conv2d, Elementwise, Flatten, Linear, Sigmoid, Softmax, Tanh
from chainrule.losses import BinaryCrossEntropy, CrossEntropy, Huber
from chainrule.mathematics import tanh
from chainrule.models import Model

TABLE = Table(
    ("size", "colour", "kind"),
    (
        ["1", "2.5", "", "4", "7", "-3"],
        ["red", "blue", "red", "", "green", "blue"],
        ["a", "b", "c", "a", "b", "c"],
    ),
)


@dataclass(frozen=True)
class Bent(Elementwise):
    """A user's own function."""

    bend: float = 0.5
    words: tuple[str, ...] = ("x", "y")

    def value(self, x):
        return tanh(x) * self.bend

    def derivative(self, x, y):
        return self.bend - y * y / self.bend


def noisy(chain, shape, dtype=np.float32, seed=0):
    """Initialize a chain with no parameter zero."""
    chain.initialize(shape, dtype=dtype)
    numbers = np.random.default_rng(seed).standard_normal(chain.parameters.flat.size)
    chain.parameters.flat[...] = numbers
    return chain


def table_model(task="multiclass", dtype=np.float32, hidden=None):
    encoder = TableEncoder.fit(TABLE.without("kind"))
    features = (len(encoder.feature_names),)
    first = [hidden] if hidden else [Tanh()]
    if task == "regression":
        target, loss = Target.fit("kind", ["10", "20", "45"], task), Huber(delta=1.5)
        last = [Linear(1)]
    elif task == "binary":
        target, loss = Target.fit("kind", ["no", "yes"], task), BinaryCrossEntropy()
        last = [Linear(1), Sigmoid()]
    else:
        target, loss = Target.fit("kind", TABLE.column("kind"), task), CrossEntropy()
        last = [Linear(3, bias=False), Softmax()]
    chain = noisy(Chain(Linear(2), *first, *last), features, dtype)
    return Model(chain, loss, encoder, target, {"data": "tiny", "scores": [0.5, None, True, 3]})


def image_model(dtype=np.float32):
    images = np.random.default_rng(1).integers(0, 256, (7, 2, 5, 4), dtype=np.uint8)
    chain = Chain(Conv2d(3, (2, 3), padding="same"), Tanh(), Flatten(), Linear(3), Softmax())
    scaling = ImageScaling.fit(images)
    target = Target.fit("digit", ["1", "2", "11"], "multiclass")
    return Model(noisy(chain, (2, 5, 4), dtype), CrossEntropy(), scaling, target), images

"""Small networks of every kind, put together by hand, as no training has to show in a file."""

from dataclasses import dataclass

import numpy as np

from chainrule import Classifier, Regressor
from chainrule.chain import Chain
from chainrule.data import Table
from chainrule.files.estimator import Description, restore
from chainrule.functions import Conv2d, Elementwise, Flatten, Linear, Sigmoid, Softmax, Tanh
from chainrule.inputs import Images, ImageScaling, TableEncoder
from chainrule.layout import ChainLayout
from chainrule.losses import BinaryCrossEntropy, CrossEntropy, Huber
from chainrule.mathematics import tanh
from chainrule.targets import Classes, Numbers

TABLE = Table(
    ("size", "colour", "kind"),
    (
        ["1", "2.5", "", "4", "7", "-3"],
        ["red", "blue", "red", "", "green", "blue"],
        ["a", "b", "c", "a", "b", "c"],
    ),
)
METADATA = {"data": "tiny", "scores": [0.5, None, True, 3]}


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


def network(inputs, chain, targets, loss, metadata=None):
    """Return the fitted estimator of these parts."""
    kind = Regressor if targets.kind == "numbers" else Classifier
    layout = ChainLayout.of(chain.functions, inputs.sample_shape, chain.dtype)
    usual = kind(Chain(*chain.functions), loss=loss, inputs=inputs.kind)
    own = usual.get_params(deep=False)
    described = Description(kind.__name__, own, inputs, layout, targets, {}, metadata or {}, "")
    return restore(described, {"parameters": chain.parameters.flat}, [kind])


TANH = (Tanh(),)


def table_network(task="multiclass", dtype=np.float32, hidden=TANH, loss=None, metadata=METADATA):
    inputs = TableEncoder.fit(TABLE.without("kind"))
    if task == "regression":
        targets = Numbers.fit(np.array([10.0, 20.0, 45.0]), scaled=True, name="kind")
        usual, last = Huber(delta=1.5), [Linear(1)]
    elif task == "binary":
        targets = Classes.fit(np.array(["no", "yes"]), name="kind")
        usual, last = BinaryCrossEntropy(), [Linear(1), Sigmoid()]
    else:
        targets = Classes.fit(np.array(["a", "b", "c"]), name="kind")
        usual, last = CrossEntropy(), [Linear(3, bias=False), Softmax()]
    chain = noisy(Chain(Linear(2), *hidden, *last), inputs.sample_shape, dtype)
    return network(inputs, chain, targets, loss or usual, metadata)


IMAGES = np.random.default_rng(1).integers(0, 256, (7, 2, 5, 4), dtype=np.uint8)


def image_network(first=None, shape=(2, 5, 4), dtype=np.float32):
    functions = [Conv2d(3, (2, 3), padding="same"), Tanh()] if first is None else [first]
    c = shape[0]
    scaling = ImageScaling((1.0,) * c, (2.5,) * c, shape)
    chain = noisy(Chain(*functions, Flatten(), Linear(3), Softmax()), shape, dtype)
    targets = Classes.fit(np.array([1, 2, 11]), name="digit")
    return network(Images("nchw", shape, scaling=scaling), chain, targets, CrossEntropy())

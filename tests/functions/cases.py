"""Functions with hyperparameters, and shapes of a sample: what the contract runs over."""

from dataclasses import dataclass

import numpy as np

from chainrule import Chain, functions as f
from chainrule.functions import Function, RandomKey

IMAGES = (3, 5, 7)


@dataclass(frozen=True)
class Case:
    """A function, the shape of its samples, and when it is called."""

    function: Function
    shape: tuple[int, ...]
    key: RandomKey | None = None

    def __str__(self):
        return f"{self.function} on {self.shape}" + (" in training" if self.key else "")

    def draw(self, dtype=np.float64, n=None, seed=0):
        """Return X (n, …), none of it within 0.02 of a kink, and the parameters."""
        rng = np.random.default_rng(seed)
        n = (2 if len(self.shape) == 3 else 5) if n is None else n
        size = n * int(np.prod(self.shape))
        # Distinct multiples of 0.05, but not 0, are far from any kink and any tie.
        numbers = rng.permutation(np.arange(size) - size // 2 + 0.5) * 0.05
        X = numbers.reshape(n, *self.shape)
        if isinstance(self.function, f.EmbeddingBag):
            X = rng.integers(0, 3, X.shape) * 1.0
            X[1:2] = 0  # an empty bag
        shapes = self.function.parameter_shapes(self.shape)
        parameters = {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}
        if "variance" in parameters:
            parameters["variance"] = parameters["variance"] ** 2 + dtype(0.5)
        return X.astype(dtype), parameters


def both(*functions):
    return [Case(function, shape) for function in functions for shape in ((3,), (2, 3, 4))]


CASES = {
    **{kind: both(kind()) for kind in f.FUNCTIONS if issubclass(kind, f.Elementwise)},
    f.Linear: [Case(f.Linear(2), (3,)), Case(f.Linear(4, bias=False), (6,))],
    f.MemberLinear: [Case(f.MemberLinear(2, members=4), (3,)), Case(f.MemberLinear(2), (4, 3))],
    f.BatchEnsembleLinear: [
        Case(f.BatchEnsembleLinear(2, members=4), (3,)),
        Case(f.BatchEnsembleLinear(2), (4, 3)),
    ],
    f.Conv2d: [
        Case(f.Conv2d(4), IMAGES),
        Case(f.Conv2d(2, size=(2, 3), bias=False), IMAGES),
        Case(f.Conv2d(2, size=(3, 2), stride=(2, 3), padding=(2, 1)), IMAGES),
        Case(f.Conv2d(2, size=2, stride=2, padding="same", dilation=(1, 3)), IMAGES),
        Case(f.Conv2d(2, size=(4, 2), padding="same"), IMAGES),
        Case(f.Conv2d(2, size=(1, 3), stride=3, padding=1, dilation=2), IMAGES),
        Case(f.Conv2d(6, size=2, groups=3), IMAGES),
        Case(f.Conv2d(6, size=(2, 3), stride=(1, 2), padding="same", groups=2), (4, 3, 5)),
        Case(f.Conv2d(4, size=1, groups=4, bias=False, padding=1), (4, 2, 3)),
    ],
    f.Scale: [Case(f.Scale(), (3,)), Case(f.Scale(6), (2, 3)), Case(f.Scale(0.5), (2, 3, 4))],
    f.Parametric: [
        *(Case(f.Parametric(kind), (3,)) for kind in (f.SELU(), f.Mish(), f.Tanh())),
        *(Case(f.Parametric(kind), (4, 3)) for kind in (f.Mish(), f.LeakyReLU(0.3))),
    ],
    f.EmbeddingBag: [Case(f.EmbeddingBag(2), (7,)), Case(f.EmbeddingBag(3, mode="mean"), (7,))],
    f.MaxPool2d: [
        Case(f.MaxPool2d(), IMAGES),
        Case(f.MaxPool2d(3, stride=1), IMAGES),
        Case(f.MaxPool2d((2, 3), stride=(1, 2), padding=(1, 2)), IMAGES),
        Case(f.MaxPool2d(3, stride=2, padding="same"), IMAGES),
        Case(f.MaxPool2d(2, stride=3, padding="same"), IMAGES),
    ],
    f.AvgPool2d: [
        Case(f.AvgPool2d(), IMAGES),
        Case(f.AvgPool2d(3, stride=1), IMAGES),
        Case(f.AvgPool2d((2, 3), stride=(1, 2), padding=(1, 2)), IMAGES),
        Case(f.AvgPool2d(3, stride=2, padding="same"), IMAGES),
        Case(f.AvgPool2d(2, stride=3, padding=2), IMAGES),
    ],
    f.Flatten: [Case(f.Flatten(), (2, 3, 4))],
    f.Dropout: [
        Case(f.Dropout(0.3), (3,)),
        Case(f.Dropout(0.3), (3,), RandomKey(seed=1, step=2, layer=3)),
        Case(f.Dropout(), (2, 3, 4), RandomKey(seed=0, step=7)),
        Case(f.Dropout(0.0), (3,), RandomKey(seed=0, step=0)),
    ],
    f.BatchNorm: [
        Case(f.BatchNorm(), (3,)),
        Case(f.BatchNorm(affine=False, epsilon=0.25), (2, 3)),
        Case(f.BatchNorm(0.5), (2, 3, 4)),
    ],
    f.LayerNorm: [
        Case(f.LayerNorm(), (3,)),
        Case(f.LayerNorm(affine=False), (4,)),
        Case(f.LayerNorm(epsilon=0.5), (2, 3, 4)),
        Case(f.LayerNorm("channels", epsilon=0.1), (2, 3, 4)),
        Case(f.LayerNorm("last"), (2, 3, 4)),
        Case(f.LayerNorm("channels", affine=False), (5, 3)),
    ],
    f.Residual: [
        Case(f.Residual(Chain(f.Tanh())), (3,)),
        Case(f.Residual(Chain(f.Linear(4), f.Sigmoid(), f.Linear(3))), (3,)),
        Case(f.Residual(Chain(f.Conv2d(2, padding="same"), f.Tanh())), (2, 3, 4)),
        Case(f.Residual(Chain(f.Linear(2), f.Residual(Chain(f.LayerNorm())), f.Linear(3))), (3,)),
        Case(
            f.Residual(Chain(f.Dropout(0.4), f.Linear(3), f.Residual(Chain(f.Dropout(0.3))))),
            (3,),
            RandomKey(seed=1, step=2, layer=3),
        ),
    ],
    f.LeakyReLU: both(f.LeakyReLU(), f.LeakyReLU(0.25)),
    f.ELU: both(f.ELU(), f.ELU(0.5), f.ELU(0.0)),
    f.Softmax: [Case(f.Softmax(), shape) for shape in ((3,), (1,), (4, 3))],
    f.LogSoftmax: [Case(f.LogSoftmax(), shape) for shape in ((3,), (1,), (4, 3))],
}
ALL = [case for cases in CASES.values() for case in cases]

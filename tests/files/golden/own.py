"""A user's own classes, which some of the files use: they are handed over when a file is read."""

from dataclasses import dataclass, field

import numpy as np

from chainrule import SGD, Cosine, Elementwise, Huber
from chainrule.mathematics import exp, tanh
from chainrule.training import Augmentation, Schedule


@dataclass(frozen=True)
class Bent(Elementwise):
    """A function with fields of several types."""

    bend: float = 0.5
    words: tuple[str, ...] = ("x", "y")

    def value(self, x):
        return tanh(x) * self.bend

    def derivative(self, x, y):
        return self.bend - y * y / self.bend


@dataclass(frozen=True)
class Logistic(Elementwise):
    """A sigmoid, which chainrule cannot know to be one."""

    def value(self, x):
        return 1 / (1 + exp(-x))

    def derivative(self, x, y):
        return y * (1 - y)


@dataclass(frozen=True)
class Doubled(Augmentation):
    times: tuple[int, ...] = (2,)

    def words(self, shape):
        return 0

    def apply(self, X, words):
        return X * np.float32(self.times[0])


@dataclass(frozen=True)
class Halved(Schedule):
    """A schedule that holds another."""

    then: Schedule = field(default_factory=Cosine)

    def factor(self, at):
        return self.then.factor(at) / 2


@dataclass(frozen=True)
class Slow(SGD):
    pass


@dataclass(frozen=True)
class Doubtful(Huber):
    doubt: str | None = None


OWN = (Bent, Logistic, Doubled, Halved, Slow, Doubtful)

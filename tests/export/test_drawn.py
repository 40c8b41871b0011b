"""Networks of all functions, drawn: loops compute what the textbook and the engine do."""

from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings, strategies as st

from chainrule import (
    AvgPool2d,
    BatchEnsembleLinear,
    BatchNorm,
    Chain,
    Conv2d,
    CrossEntropy,
    Dropout,
    Flatten,
    LayerNorm,
    Linear,
    LogSoftmax,
    MaxPool2d,
    MeanOverMembers,
    MemberLinear,
    Parametric,
    Residual,
    Scale,
    Softmax,
)
from chainrule.engine.running.forward import Forward
from chainrule.export.functions import gradient_of
from chainrule.export.steps import Program
from chainrule.export.walk import walk
from chainrule.functions import ACTIVATIONS
from export.interpreter import run
from export.networks import Bent, case
from export.programs import compiled, needs_compiler

ELEMENTWISE = [*(kind() for kind in ACTIVATIONS.values() if kind.__name__ != "Exp"), Bent(0.2)]
SAME = [Dropout(0.2), BatchNorm(), LayerNorm(), LayerNorm(affine=False), Scale()]


@dataclass
class Draw:
    """Choices, by a function that takes one of several things."""

    one_of: object

    def up_to(self, most):
        return self.one_of(list(range(1, most + 1)))

    def same_shape(self, shape):
        """Return a function that keeps the shape of a sample."""
        options = [*ELEMENTWISE, *SAME]
        if len(shape) == 1:
            options += [Parametric(), Softmax(), Residual(Chain(Linear(shape[0]), self.bent()))]
        if len(shape) == 3:
            same = Conv2d(shape[0], size=self.up_to(3), padding="same")
            options += [Residual(Chain(same, self.bent()))]
        return self.one_of(options)

    def bent(self):
        return self.one_of(ELEMENTWISE)

    def image_layer(self):
        stride, size = self.up_to(2), self.up_to(3)
        padding = self.one_of(["valid", "same", size // 2])
        options = [
            Conv2d(self.one_of([2, 4]), size, stride, padding, dilation=self.up_to(2)),
            Conv2d(self.one_of([2, 4]), size, padding="same", groups=self.one_of([1, 2])),
            MaxPool2d(size, stride, padding if padding != size // 2 else "same"),
            AvgPool2d((size, 2), stride, padding),
        ]
        return self.one_of(options)

    def images(self):
        """Return the shape of a sample, and the functions of a network of images."""
        functions = []
        for _ in range(self.up_to(3)):
            functions += [self.image_layer(), *self.some((2,))]
        shape = 2, self.one_of([7, 8]), self.one_of([6, 9])
        return shape, [*functions, Flatten(), Linear(self.up_to(4)), *self.some((1,)), *self.end()]

    def some(self, rank):
        """Return no function or one that keeps any shape."""
        return self.one_of([[], [], [self.one_of([*ELEMENTWISE, Dropout(0.1), LayerNorm()])]])

    def rows(self):
        """Return the same of rows."""
        functions, size = [], self.up_to(6)
        shape = (size,)
        for _ in range(self.up_to(3)):
            size = self.up_to(6)
            functions += [Linear(size, bias=self.one_of([True, False])), self.same_shape((size,))]
        return shape, [*functions, *self.end()]

    def members(self):
        """Return the same of an ensemble."""
        kind = self.one_of([MemberLinear, BatchEnsembleLinear])
        first = kind(self.up_to(5), members=self.up_to(3))
        return (self.up_to(4),), [first, self.bent(), MemberLinear(3), Softmax()]

    def end(self):
        return [Linear(3), self.one_of([Softmax(), LogSoftmax()])]

    def case(self, name):
        """Return a case of one of them."""
        shape, functions = self.one_of([self.rows, self.images, self.members])()
        while True:
            try:
                chain = Chain(*functions).initialize(shape)
                break
            except ValueError:  # a window that does not fit
                functions = functions[1:]
        members = len(chain.layers[-1].output_shape) > 1
        loss = MeanOverMembers(CrossEntropy()) if members else CrossEntropy()
        if isinstance(chain.functions[-1], LogSoftmax):
            functions = [*functions[:-1], Softmax()]
        return case(name, shape, functions, loss, n=2)


@settings(max_examples=60)
@given(st.data())
def test_gradients_of_drawn_networks(data):
    drawn = Draw(lambda options: data.draw(st.sampled_from(options))).case("drawn")
    network = walk(drawn.chain, drawn.loss)
    gradient = gradient_of(network, Program(network.parameters))
    x, target, t = drawn.X[0], drawn.targets()[0], drawn.t[:1]
    arrays = {gradient.X: x.ravel(), gradient.T: target}
    run(gradient.program.steps, arrays, np.float64)
    value, expected = drawn.chain.gradient(drawn.loss, drawn.X[:1], t)
    np.testing.assert_allclose(arrays[gradient.L][0], value, rtol=1e-10)
    for name, array in gradient.program.gradients.items():
        size = max(1.0, np.abs(expected[name]).max())
        np.testing.assert_allclose(
            arrays[array], expected[name].ravel(), rtol=1e-9, atol=1e-11 * size
        )


@needs_compiler
def test_predictions_are_the_engines(tmp_path):
    rng = np.random.default_rng(7)
    cases = [
        Draw(lambda options: options[rng.integers(len(options))]).case(f"drawn{place}")
        for place in range(16)
    ]
    for network, drawn in zip(compiled(tmp_path, cases, "float", "-O1"), cases, strict=True):
        chain = drawn.chain.astype(np.float32)
        exact, engine = drawn.chain.forward(drawn.X), Forward(chain)(drawn.X.astype(np.float32))
        rounding = np.abs(chain.forward(drawn.X) - exact).max()
        for x, expected in zip(drawn.X, engine, strict=True):
            np.testing.assert_allclose(
                network.predict(x)[0], expected.ravel(), rtol=0, atol=8 * rounding + 1e-6
            )

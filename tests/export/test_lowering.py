"""Loops of every function and loss: the numbers of the textbook, and its gradients.

The programs are run number by number, in float64; what compilers make of them is tested elsewhere.
"""

import numpy as np
import pytest

from chainrule import FUNCTIONS, LOSSES
from chainrule.export.functions import gradient_of, prediction_of
from chainrule.export.steps import Program
from chainrule.export.walk import walk
from export.interpreter import run
from export.networks import every_case

CASES = every_case()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_predictions(case):
    network = walk(case.chain)
    prediction = prediction_of(network, Program(network.parameters))
    for x, expected in zip(case.X, case.chain.forward(case.X), strict=True):
        arrays = {prediction.x: x.ravel()}
        run(prediction.program.steps, arrays, np.float64)
        np.testing.assert_allclose(arrays[prediction.y], expected.ravel(), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_losses_and_gradients(case):
    network = walk(case.chain, case.loss)
    gradient = gradient_of(network, Program(network.parameters))
    for n, (x, target) in enumerate(zip(case.X, case.targets(), strict=True)):
        arrays = {gradient.X: x.ravel(), gradient.T: target}
        run(gradient.program.steps, arrays, np.float64)
        one = case.X[n : n + 1], case.t[n : n + 1]
        value, expected = case.chain.gradient(case.loss, *one)
        np.testing.assert_allclose(arrays[gradient.L][0], value, rtol=1e-12, atol=1e-14)
        dX = case.chain.input_gradient(case.loss, *one)
        np.testing.assert_allclose(arrays[gradient.dX], dX.ravel(), rtol=1e-11, atol=1e-13)
        for name, array in gradient.program.gradients.items():
            own = expected[name].ravel()
            np.testing.assert_allclose(arrays[array], own, rtol=1e-11, atol=1e-13, err_msg=name)
        assert set(gradient.program.gradients) == set(case.chain.parameters)


def test_every_function_and_loss_is_among_the_cases():
    layers = [layer for case in CASES for layer in case.chain.layers]
    inside = [leaf for layer in layers for leaf in layer.walk()]
    seen = {type(layer.function) for layer in (*layers, *inside)}
    assert set(FUNCTIONS) <= seen
    losses = {type(case.loss) for case in CASES}
    losses |= {type(getattr(case.loss, "each", case.loss)) for case in CASES}
    losses |= {type(case.chain.fuse(case.loss)[0]) for case in CASES}
    assert set(LOSSES) <= losses

"""The layout of a chain: shapes and limits, before any parameter exists."""

import numpy as np
import pytest

from chainrule import Chain, Conv2d, Flatten, Linear, ReLU, Softmax
from chainrule.layout import LARGEST, ChainLayout

FUNCTIONS = [Conv2d(4, size=2), ReLU(), Flatten(), Linear(5), Softmax()]


def test_a_layout_knows_all_shapes():
    layout = ChainLayout.of(FUNCTIONS, (3, 6, 7), np.float32)
    assert [layer.output_shape for layer in layout.layers] == [
        (4, 5, 6),
        (4, 5, 6),
        (120,),
        (5,),
        (5,),
    ]
    assert layout.shapes == {"W0": (4, 3, 2, 2), "b0": (4,), "W1": (120, 5), "b1": (5,)}
    assert layout.count == 48 + 4 + 600 + 5
    assert layout.output_shape == (5,)
    assert layout.dtype == np.float32


def test_a_chain_is_made_of_a_layout_and_numbers():
    layout = ChainLayout.of(FUNCTIONS, (3, 6, 7), np.float64)
    assert not Chain.from_layout(layout).parameters.flat.any()
    flat = np.arange(layout.count, dtype=np.float64)
    chain = Chain.from_layout(layout, flat)
    assert chain.parameters.flat is flat
    assert chain.layers == list(layout.layers)
    np.testing.assert_array_equal(chain.parameters["b0"], flat[48:52])


def test_the_largest_layout_takes_no_memory():
    layout = ChainLayout.of([Linear(2**20)], (2**20,), np.float64)
    assert layout.count == 2**40 + 2**20


@pytest.mark.parametrize(
    ("functions", "shape", "message"),
    [
        ([Linear(5)], (3, 6, 7), r"Linear\(5\): expected samples of shape \(features\)"),
        ([Conv2d(4, size=9)], (3, 6, 7), r"Conv2d\(4, size=9\): expected images of at least 9"),
        ([Flatten()], (LARGEST, 1, 2), "expected at most 2,147,483,648 numbers a sample"),
        ([Linear(2 * LARGEST)], (3,), "expected at most 2,147,483,648 numbers a sample"),
    ],
)
def test_functions_that_do_not_fit_are_refused(functions, shape, message):
    with pytest.raises(ValueError, match=message):
        ChainLayout.of(functions, shape, np.float32)


def test_parameters_of_another_size_are_refused():
    layout = ChainLayout.of(FUNCTIONS, (3, 6, 7), np.float64)
    with pytest.raises(ValueError, match="expected 657 numbers, got shape"):
        Chain.from_layout(layout, np.zeros(656))

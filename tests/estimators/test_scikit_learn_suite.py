"""scikit-learn's own tests of its networks, run against ours: only the import is changed."""

from pathlib import Path

import numpy as np
import pytest
from sklearn import neural_network

from chainrule import MLPClassifier, MLPRegressor

IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"
EXCEPTIONS = {
    "test_gradient": "it calls _loss_grad_lbfgs, a private function that fills buffers of the "
    "caller; test_checks.py compares our gradients with finite differences",
}
"""Tests of what only scikit-learn's code has, each with the reason."""


def swapped():
    """Return what scikit-learn's test module defines when our classes take the place of its own."""
    path = Path(neural_network.__file__).with_name("tests") / "test_mlp.py"
    if not path.is_file():
        pytest.skip("this scikit-learn is installed without its tests", allow_module_level=True)
    text = path.read_text(encoding="utf-8")
    if text.count(IMPORT) != 1:
        pytest.skip("this scikit-learn's test_mlp.py has another import", allow_module_level=True)
    module = {
        "__name__": "swapped_test_mlp",
        "MLPClassifier": MLPClassifier,
        "MLPRegressor": MLPRegressor,
    }
    exec(compile(text.replace(IMPORT, "\n"), str(path), "exec"), module)
    return module


TESTS = {name: item for name, item in swapped().items() if name.startswith("test_")}
globals().update({name: test for name, test in TESTS.items() if name not in EXCEPTIONS})


@pytest.fixture(params=[0, 42])
def global_random_seed(request):
    """Stand in for the fixture of scikit-learn's own configuration."""
    return request.param


def test_the_suite_is_the_whole_one():
    assert set(EXCEPTIONS) < set(TESTS)
    assert len(TESTS) > 30


def test_the_suite_sees_our_classes():
    assert TESTS["test_fit"].__globals__["MLPClassifier"] is MLPClassifier
    assert np.shape(TESTS["test_fit"].__globals__["X_iris"]) == (150, 4)

"""scikit-learn's conventions for estimators of any chain, as its own checker sees them."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule import Chain, Classifier, Linear, Regressor, ReLU, Sigmoid, Softmax, Tanh

QUICK = {"learning_rate_init": 0.02, "max_iter": 60}

INSTANCES = [
    Classifier(Chain(Linear(16), ReLU()), complete=True, **QUICK),
    Classifier(Chain(Linear(16), ReLU(), Linear(1), Sigmoid()), **QUICK),
    Classifier(Chain(Linear(2), Softmax()), solver="lbfgs"),
    Regressor(Chain(Linear(16), ReLU()), complete=True, **QUICK),
    Regressor(Chain(Linear(8), Tanh(), Linear(1)), solver="lbfgs", max_iter=30),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(INSTANCES)
def test_every_convention_holds(estimator, check):
    check(estimator)

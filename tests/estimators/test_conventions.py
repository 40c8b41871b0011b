"""scikit-learn's conventions, as its own checker sees them."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule import MLPClassifier, MLPRegressor

INSTANCES = [
    MLPClassifier(),
    MLPRegressor(),
    MLPClassifier((20,), solver="lbfgs", max_iter=20),
    MLPRegressor(hidden_layer_sizes=(20,), solver="lbfgs", max_iter=20),
    MLPClassifier(
        (20,), "gelu", solver="adamw", clip_norm=1.0, learning_rate_init=0.01, max_iter=50
    ),
    MLPRegressor("huber", (20,), "tanh", solver="rmsprop", learning_rate_init=0.01, max_iter=50),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(INSTANCES)
def test_every_convention_holds(estimator, check):
    check(estimator)

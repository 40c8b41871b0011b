"""What samples weigh in a score: refused where a fit refuses it, by classifiers and regressors."""

import numpy as np
import pytest

from chainrule import MLPClassifier, MLPRegressor
from chainrule.estimators.score_weights import score_weights

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
LABELS = (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([2.0] * 29 + [-0.5], "expected sample weights >= 0, got -0.5 for sample 29"),
        ([1.0, -1.0] * 15, "expected sample weights >= 0, got -1.0 for sample 1"),
        ([np.nan] + [1.0] * 29, "contains NaN"),
        ([np.inf] + [1.0] * 29, "contains infinity"),
        ([0.0] * 30, "at least one non-zero number"),
        ([1.0] * 29, r"\(29,\), expected \(30,\)"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "y"),
    [(MLPClassifier, LABELS), (MLPClassifier, X[:, 1:] > 0), (MLPRegressor, X[:, 0])],
    ids=["classes", "labels", "numbers"],
)
def test_fits_and_scores_refuse_the_same(kind, y, weights, message):
    model = kind(hidden_layer_sizes=(4,), max_iter=2, random_state=0)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        model.fit(X, y)
    for use in (model.score, model.fit):
        with pytest.raises(ValueError, match=message):
            use(X, y, sample_weight=weights)


def test_weights_count():
    assert score_weights(None, LABELS) is None
    assert score_weights([1, 0, 3], LABELS[:3]).tolist() == [1.0, 0.0, 3.0]

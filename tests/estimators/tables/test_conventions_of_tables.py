"""scikit-learn's conventions for the estimators of tables, as its own checker sees them."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule import TableClassifier, TableRegressor

QUICK = {"members": 3, "hidden_layer_sizes": (16,), "max_iter": 30, "learning_rate_init": 0.01}

BUT = {
    "check_sample_weight_equivalence_on_dense_data": "what columns are, such as the bins of their "
    "numbers, is learned from rows without weights, as HistGradientBoosting's bins are"
}


@parametrize_with_checks(
    [TableClassifier(**QUICK), TableRegressor(**QUICK)], expected_failed_checks=lambda _: BUT
)
def test_every_convention_holds(estimator, check):
    check(estimator)

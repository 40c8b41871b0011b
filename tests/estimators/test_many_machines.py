"""Searches over many machines: scikit-learn's, on Dask's workers."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from chainrule import MLPClassifier

pytest.importorskip("distributed")

SETTINGS = {"hidden_layer_sizes": [(10,), (20, 10)], "alpha": [1e-4, 1.0]}


def searched(X, y):
    """Return a search, which also says in which processes it has taken scores."""

    def scores(estimator, X, y):
        import os

        return {"accuracy": estimator.score(X, y), "process": os.getpid()}

    model = MLPClassifier(max_iter=4, tol=0.0, random_state=0)
    options = {"scoring": scores, "refit": "accuracy", "n_jobs": 2}
    return GridSearchCV(model, SETTINGS, cv=3, **options).fit(X, y)


@pytest.mark.filterwarnings("ignore")
def test_a_grid_search_on_dask_finds_what_one_process_does():
    import os

    from distributed import Client, LocalCluster
    from joblib import parallel_config

    X, y = load_digits(return_X_y=True)
    X, y = X[:400] / 16, y[:400]
    with parallel_config(backend="sequential"):
        alone = searched(X, y)
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        LocalCluster(**options) as cluster,
        Client(cluster) as client,
        parallel_config(backend="dask"),
    ):
        workers = set(client.run(os.getpid).values())
        together = searched(X, y)
    taken = {int(pid) for k in range(3) for pid in together.cv_results_[f"split{k}_test_process"]}
    assert taken <= workers
    assert together.best_params_ == alone.best_params_
    for name in ("mean_test_accuracy", "std_test_accuracy"):
        assert np.array_equal(together.cv_results_[name], alone.cv_results_[name])
    own, others = together.best_estimator_, alone.best_estimator_
    assert all(map(np.array_equal, own.coefs_, others.coefs_))

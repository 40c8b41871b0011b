"""Ctrl-C ends a fit of one's own as its last epoch, and all of a search, however it is made."""

import warnings

import numpy as np
import pytest
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import AdaBoostRegressor, BaggingClassifier, VotingClassifier
from sklearn.feature_selection import RFE
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import Chain, Classifier, Linear, MLPClassifier, MLPRegressor, ReLU
from chainrule.estimators.stopping import FitRecord

X = np.random.default_rng(0).normal(size=(60, 4))
KINDS, NUMBERS = np.arange(60) % 2, X[:, 0]
SHORT = {"max_iter": 5, "random_state": 0}
OURS = {
    "adam": MLPClassifier((5,), **SHORT),
    "lbfgs": MLPClassifier((5,), solver="lbfgs", **SHORT),
    "chain": Classifier(Chain(Linear(5), ReLU()), complete=True, **SHORT),
}


@pytest.fixture
def interrupted(monkeypatch):
    """Let Ctrl-C come in the third epoch of all; return the numbers of epochs that have begun."""
    epochs = []
    add = FitRecord.add

    def counted(self, *args):
        epochs.append(len(epochs) + 1)
        if len(epochs) == 3:
            raise KeyboardInterrupt
        add(self, *args)

    monkeypatch.setattr(FitRecord, "add", counted)
    return epochs


@pytest.mark.parametrize("model", OURS.values(), ids=OURS)
def test_a_fit_of_ones_own_keeps_what_it_has_learned(model, interrupted):
    own = clone(model)
    for fit in (own, make_pipeline(StandardScaler(), own)):
        interrupted.clear()
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            fit.fit(X, KINDS)
        assert own.history_.end == "interrupted"
        assert len(interrupted) == 3
        assert fit.predict(X).shape == (60,)


def test_a_target_that_is_transformed_is_one_fit_too(interrupted):
    model = TransformedTargetRegressor(
        MLPRegressor(hidden_layer_sizes=(5,), **SHORT), transformer=StandardScaler()
    )
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, NUMBERS)
    assert model.regressor_.history_.end == "interrupted"


def several(model):
    return {
        "grid": lambda: GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2).fit(X, KINDS),
        "random": lambda: RandomizedSearchCV(model, {"alpha": [0.1, 1.0]}, n_iter=2, cv=2).fit(
            make_pipeline(StandardScaler()).fit_transform(X), KINDS
        ),
        "folds": lambda: cross_val_score(make_pipeline(StandardScaler(), model), X, KINDS, cv=2),
        "bags": lambda: BaggingClassifier(model, n_estimators=3).fit(X, KINDS),
        "votes": lambda: VotingClassifier([("a", model), ("b", model)]).fit(X, KINDS),
        "labels": lambda: ClassifierChain(model).fit(X, np.c_[KINDS, KINDS]),
        "jobs": lambda: Parallel()(delayed(clone(model).fit)(X, KINDS) for _ in range(3)),
    }


@pytest.mark.parametrize("model", OURS.values(), ids=OURS)
@pytest.mark.parametrize("kind", several(None))
def test_one_of_many_ends_them_all(model, kind, interrupted):
    call = several(clone(model))[kind]
    with pytest.raises(KeyboardInterrupt):
        call()
    assert len(interrupted) == 3


@pytest.mark.parametrize(
    "meta",
    [
        lambda model: AdaBoostRegressor(model, n_estimators=3),
        lambda model: RFE(model, importance_getter=lambda fitted: abs(fitted.coefs_[0]).sum(1)),
    ],
    ids=["boosting", "elimination"],
)
def test_regressors_are_no_different(meta, interrupted):
    model = meta(MLPRegressor(hidden_layer_sizes=(5,), **SHORT))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, NUMBERS)
    assert len(interrupted) == 3


def test_an_interrupted_fit_of_many_leaves_what_was_fitted(interrupted):
    model = MLPClassifier((5,), **SHORT)
    interrupted.extend([0] * 10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, KINDS)
    before = model.predict_proba(X)
    interrupted.clear()
    with pytest.raises(KeyboardInterrupt):
        Parallel()([delayed(model.fit)(X, KINDS)])
    np.testing.assert_array_equal(model.predict_proba(X), before)

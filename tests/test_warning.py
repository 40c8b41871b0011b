"""Warnings point at the user's own line."""

import inspect
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import Chain, CrossEntropy, Linear, MLPClassifier, Plan, Softmax, train
from chainrule.engine.machine import availability, compiling
from chainrule.warning import warn

rng = np.random.default_rng(0)
X, y = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)


def caught(call):
    """Return the warnings of a call, and the line that it stands in."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()
    assert found
    return found, call.__code__.co_firstlineno


@pytest.mark.parametrize("jobs", [None, 1])
@pytest.mark.parametrize(
    "solver", [{"max_iter": 1}, {"max_iter": 2, "batch_size": 500}, {"max_iter": 3}]
)
def test_an_estimator_warns_at_the_line_that_fits(solver, jobs):
    model = MLPClassifier(**solver)
    found, line = caught(lambda: model.fit(X, y))
    assert {(each.filename, each.lineno) for each in found} == {(__file__, line)}
    assert found[-1].category is ConvergenceWarning
    found, line = caught(lambda: make_pipeline(StandardScaler(), model).fit(X, y))
    assert {(each.filename, each.lineno) for each in found} == {(__file__, line)}
    found, line = caught(lambda: cross_val_score(model, X, y, cv=2, n_jobs=jobs))
    assert {(each.filename, each.lineno) for each in found} == {(__file__, line)}


def test_train_warns_at_the_line_that_trains(monkeypatch):
    monkeypatch.setattr(compiling, "supported", lambda: False)
    monkeypatch.setattr(availability, "_warned", [])
    chain = Chain(Linear(2), Softmax())
    (found,), line = caught(lambda: train(chain, CrossEntropy(), X, y, Plan(epochs=1)))
    assert (found.filename, found.lineno) == (__file__, line)
    assert found.category is RuntimeWarning


def test_frames_of_the_library_are_passed_over():
    code = compile("def inner(warn): warn('where')", "inside.py", "exec")
    inside = {"__name__": "chainrule.inside"}
    exec(code, inside)
    (found,), line = caught(lambda: inside["inner"](warn))
    assert (found.filename, found.lineno) == (__file__, line)
    assert found.category is UserWarning


def test_a_line_is_warned_of_once():
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("default")
        for _ in range(3):
            warn("again")
    assert len(found) == 1
    assert found[0].lineno == inspect.currentframe().f_lineno - 2

"""Estimators of any chain in files: they come back as they were, and go on."""

import numpy as np
import pytest

from chainrule import Classifier
from files.saved_networks import CHAINS, fitted

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("name", CHAINS)
def test_it_comes_back_and_goes_on(name, tmp_path):
    model, X, y = fitted(name)
    model.save(tmp_path / "m")
    again = type(model).load(tmp_path / "m")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(again.input_gradient(X, y), model.input_gradient(X, y))
    assert again.chain.functions == model.chain.functions
    assert again.image_format_ == model.image_format_
    for name in ("loss_curve_", "n_outputs_", "n_features_in_", "out_activation_", "n_iter_"):
        assert getattr(again, name) == getattr(model, name)
    if isinstance(model, Classifier):
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        np.testing.assert_array_equal(again.decision_function(X), model.decision_function(X))
    assert len(again.partial_fit(X, y).loss_curve_) == 3
    again.save(tmp_path / "n")

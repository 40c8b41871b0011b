"""Reading any file that chainrule has written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from chainrule.estimators.chain_estimators import Classifier, Regressor
from chainrule.estimators.mlp import MLPClassifier, MLPRegressor
from chainrule.files.estimator import load_estimator

ESTIMATORS = (Classifier, MLPClassifier, MLPRegressor, Regressor)


def load(
    path: str | os.PathLike[str], functions: Iterable[type[Any]] = ()
) -> MLPClassifier | MLPRegressor | Classifier | Regressor:
    """Return the estimator in a file; nothing in the file is executed.

    Parameters
    ----------
    path : str or path
        A file that ``chainrule train`` or an estimator's ``save`` has written, in any release.
    functions : iterable of classes, default=()
        Classes of your own that it uses: functions, losses, optimizers, schedules, augmentations.
        They are dataclasses.

    Returns
    -------
    loaded : MLPClassifier, MLPRegressor, Classifier or Regressor
        The fitted estimator that was saved.

    Raises
    ------
    ModelFileError
        The file is none of chainrule's, cut off, damaged, too new, or uses unknown classes.
    """
    loaded: MLPClassifier | MLPRegressor | Classifier | Regressor
    loaded = load_estimator(path, ESTIMATORS, functions)
    return loaded

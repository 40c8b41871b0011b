"""Reading any file that chainrule has written, whichever kind it is."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.files import canonical
from chainrule.files.container import read_model_file
from chainrule.files.objects import Classes, check_classes
from chainrule.models import Model
from chainrule.models.description import Description
from chainrule.models.kinds import is_estimator

if TYPE_CHECKING:
    from chainrule.estimators import Classifier, MLPClassifier, MLPRegressor, Regressor
    from chainrule.estimators.files import Saved

__all__ = ["load"]


def load(
    path: str | os.PathLike[str], functions: Iterable[type[Any]] = ()
) -> Model | MLPClassifier | MLPRegressor | Classifier | Regressor:
    """Return what a file holds: a Model or an estimator; nothing in the file is executed.

    Parameters
    ----------
    path : str or path
        A file that ``chainrule train``, ``Model.save`` or an estimator's ``save`` has written.
    functions : iterable of classes, default=()
        Classes of your own that it uses: functions, losses, optimizers, schedules, augmentations.
        They are dataclasses.

    Returns
    -------
    loaded : Model, MLPClassifier, MLPRegressor, Classifier or Regressor

    Raises
    ------
    ModelFileError
        The file is none of chainrule's, cut off, damaged, too new, or uses unknown classes.
    """
    own = tuple(functions)
    check_classes(own)
    described, flat = read_model_file(Path(path), partial(_described, extra=own))
    if isinstance(described, Description):
        return Model.from_description(described, flat)
    from chainrule.estimators import Classifier, MLPClassifier, MLPRegressor, Regressor
    from chainrule.estimators.files import restore_from

    kinds = [Classifier, MLPClassifier, MLPRegressor, Regressor]
    estimator: MLPClassifier | MLPRegressor | Classifier | Regressor
    estimator = restore_from(path, described, flat, kinds)
    return estimator


def _described(text: str, extra: Classes) -> Description | Saved:
    """Return what the text of a file says; the estimators' room is loaded only for its files."""
    data = canonical.parse(text)
    if is_estimator(data):
        from chainrule.estimators.files import Saved

        return Saved.from_json(data, text, extra)
    return Description.from_json(data, text, extra)

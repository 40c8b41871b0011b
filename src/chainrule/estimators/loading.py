"""Reading any file that chainrule has written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, TypeAlias

from chainrule.estimators.chain_estimators import Classifier, Regressor
from chainrule.estimators.fasttext_classifier import FastTextClassifier, load_fasttext
from chainrule.estimators.mlp import MLPClassifier, MLPRegressor
from chainrule.estimators.tables import TableClassifier, TableRegressor
from chainrule.estimators.texts import TextClassifier
from chainrule.fasttext.reader import is_fasttext_file
from chainrule.fasttext.vectors import is_vectors_file
from chainrule.files.errors import ModelFileError
from chainrule.files.estimator import load_estimator

ESTIMATORS = (
    Classifier,
    MLPClassifier,
    MLPRegressor,
    Regressor,
    TableClassifier,
    TableRegressor,
    TextClassifier,
)
Loaded: TypeAlias = (
    MLPClassifier
    | MLPRegressor
    | Classifier
    | Regressor
    | TableClassifier
    | TableRegressor
    | TextClassifier
    | FastTextClassifier
)


def load(
    path: str | os.PathLike[str], functions: Iterable[type[Any]] = ()
) -> Loaded:
    """Return the estimator in a file; nothing in the file is executed.

    Parameters
    ----------
    path : str or path
        A file that ``chainrule train`` or an estimator's ``save`` has written, in any release; or
        one of fastText's.
    functions : iterable of classes, default=()
        Classes of your own that it uses: functions, losses, optimizers, schedules, augmentations.
        They are dataclasses. Where a later release has a class of the same name, yours is taken.

    Returns
    -------
    loaded : MLPClassifier, MLPRegressor, Classifier, Regressor, TableClassifier, TableRegressor, \
            TextClassifier or FastTextClassifier
        The fitted estimator that was saved.

    Raises
    ------
    ModelFileError
        The file is no model of chainrule's or fastText's, cut off, damaged, too new, or uses
        unknown classes.
    """
    if is_fasttext_file(path):
        return load_fasttext(path)
    if is_vectors_file(path):
        raise ModelFileError(
            f"{path}: is no model: vectors as text, .vec, have a reader of their own, "
            "chainrule.fasttext.vectors.read_vectors"
        )
    loaded: Loaded = load_estimator(path, ESTIMATORS, functions)
    return loaded

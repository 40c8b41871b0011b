"""What the estimators of tables share in their docstrings and constraints."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import Interval, StrOptions

from chainrule.estimators import resolve
from chainrule.estimators.parameters import CONSTRAINTS, Class, Whole
from chainrule.estimators.scoring import NAMES
from chainrule.functions import Elementwise
from chainrule.inputs.tables.learning import MOST_CATEGORIES

__all__ = ["TABLE_CONSTRAINTS", "with_table_docs"]

PARAMETERS = """\
    members : int or "auto", default="auto"
        Networks that are trained at once, each from a start of its own; what is predicted is their
        mean.
    hidden_layer_sizes : int, array-like of int or "auto", default="auto"
        Outputs of the hidden layers of each member.
    activation : str or Elementwise, default="auto"
        What follows each hidden layer.
    dropout : float or "auto", default="auto"
        The share of a hidden layer's outputs that a step leaves out.
    batch_ensemble : bool, default=False
        Whether members share the weights of their hidden layers and have scales of their own, as in
        TabM: fewer parameters, and longer trainings.
    learning_rate_init : float or "auto", default="auto"
        The learning rate at the start; it falls to 0 along half a cosine.
    weight_decay : float or "auto", default="auto"
        By what part of the learning rate parameters shrink in a step.
    batch_size : int or "auto", default="auto"
        Rows in a step.
    max_iter : int or "auto", default="auto"
        Passes over the rows at most.
    max_seconds : float, default=None
        After about so many seconds ``fit`` ends, with the best so far; ``history_`` says so. Where
        time ends it, two fits may differ.
    validation_fraction : float, default=0.2
        The part of the rows that is held out: it decides which pass is kept, and when to stop. Of
        few rows, or with 0, none are held out, and all passes are taken, of which most tables of
        classes and noisy ones of numbers have too many; set ``max_iter`` then.
    n_iter_no_change : int or "auto", default="auto"
        Passes without a better score that end training; "auto" are 10. The best pass is kept,
        however many there are.
    scoring : str or callable, default="auto"
        What is watched on the rows held out, of the mean of the members: a score by scikit-learn's
        name of it ("accuracy", "neg_log_loss", "roc_auc", "r2", …) or as
        ``scorer(estimator, X, y)``, whose X are the rows held out as ``fit`` was given them, or
        "loss", the mean of the members' losses.
    drop : list of str, default=()
        Columns to leave out.
    categorical : list of str, default=()
        Columns of categories, though they may look like numbers.
    numeric : list of str, default=()
        Columns of numbers, though they may look like something else.
    keep : list of str, default=()
        Columns that are not left out, though they may only say which row it is, as ids do.
    text : list of str, default=()
        Columns of free text, though they may look like categories.
    bins : int or "auto", default="auto"
        Bins of the piecewise-linear encoding of a column of numbers, at most; fewer where more than
        256 columns are numbers, down to 2. "auto" are 16, and for classes down to 4 where there are
        fewer than 640 rows to train on for each such column.
    max_categories : int or "auto", default="auto"
        How many categories of a column, the most frequent, have a feature each; a column with more
        has the mean answers of all its categories beside (cross-fitted target encoding), if answers
        differ by category. "auto" is 100, and up to 1,000 of such a column's that are frequent.
    random_state : int, RandomState instance or None, default=None
        From it all is drawn: which rows are held out, initial parameters, the order of rows. The
        same int gives the same bits, on any number of threads.
    verbose : bool or "bar", default=False
        Whether to print each pass, or show a progress bar.
    precision : {"float32", "bfloat16", "bfloat16_blocks"}, default="float32"
        As what products read their operands in training.
    n_jobs : int, default=None
        Threads; None takes as many as pay. Their number does not change a bit.
    engine : {"auto", "machine", "reference"}, default="auto"
        Who computes: machine code where it can, machine code or an error, or NumPy.
"""

ATTRIBUTES = """\
    inputs_ : TableEncoder
        What each column is, and how it becomes numbers.
    columns_ : list of str
        The same in a line for each column.
    chain_ : Chain
        All members as one network.
    targets_ : Targets
        How answers become numbers, and outputs answers.
    loss_curve_ : list of float
        The mean of the members' losses in each pass.
    loss_ : float
        The last of them.
    validation_scores_ : list of float or None
        The score of their mean on the rows held out after each pass.
    validation_loss_curve_ : list of float or None
        The mean of their losses on the rows held out after each pass.
    best_validation_score_ : float or None
        The score of the pass that is kept.
    scoring_ : str or callable
        What it is.
    n_iter_ : int
        Passes that were taken.
    n_outputs_ : int
        Outputs of each member.
    out_activation_ : str
        What ends each member: "softmax", "logistic" or "identity".
    n_features_in_ : int
        Columns seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if they have any.
    history_ : History
        Each pass, and how training ended. Files have it with ``save(path, training_state=True)``.
    metadata_ : dict
        Of a network of the command line: its data, options and scores, which its file keeps.
    engine_ : str
        What took the steps: "machine" code, or the "reference" in NumPy.
"""

OR_AUTO = StrOptions({"auto"})
SHARED = ("random_state", "verbose", "precision", "n_jobs", "engine")

TABLE_CONSTRAINTS: dict[str, list[Any]] = {
    "members": [OR_AUTO, Whole(Integral, 1, 1000, closed="both")],
    "hidden_layer_sizes": [OR_AUTO, "array-like", Whole(Integral, 1, None, closed="left")],
    "activation": [OR_AUTO, StrOptions(set(resolve.ACTIVATION_NAMES)), Elementwise],
    "dropout": [OR_AUTO, Interval(Real, 0, 1, closed="left")],
    "batch_ensemble": ["boolean"],
    "learning_rate_init": [OR_AUTO, Interval(Real, 0, None, closed="neither")],
    "weight_decay": [OR_AUTO, Interval(Real, 0, None, closed="left")],
    "batch_size": [OR_AUTO, Whole(Integral, 1, None, closed="left")],
    "max_iter": [OR_AUTO, Whole(Integral, 1, None, closed="left")],
    "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "n_iter_no_change": [OR_AUTO, Whole(Integral, 1, None, closed="left")],
    "scoring": [OR_AUTO, StrOptions(NAMES), callable],
    "drop": [list, tuple],
    "categorical": [list, tuple],
    "numeric": [list, tuple],
    "keep": [list, tuple],
    "text": [list, tuple],
    "max_categories": [OR_AUTO, Whole(Integral, 1, MOST_CATEGORIES, closed="both")],
    "bins": [OR_AUTO, Whole(Integral, 2, 256, closed="both")],
    **{name: CONSTRAINTS[name] for name in SHARED},
}
"""What the parameters may be, as scikit-learn checks them."""

PLACES = {
    "    {table parameters}\n": PARAMETERS,
    "    {fitted attributes}\n": ATTRIBUTES,
}


def with_table_docs(estimator: Class) -> Class:
    """Put what estimators of tables share into an estimator's docstring, at its places."""
    for place, text in PLACES.items():
        if estimator.__doc__:  # Python may run without docstrings
            estimator.__doc__ = estimator.__doc__.replace(place, text)
    return estimator

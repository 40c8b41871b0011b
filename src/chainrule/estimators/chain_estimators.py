"""Classifier and Regressor: any chain as an estimator."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import StrOptions

from chainrule.chain import Chain
from chainrule.estimators.chain_estimator import ChainEstimator
from chainrule.estimators.network_classifier import NetworkClassifier
from chainrule.estimators.parameters import with_shared_docs
from chainrule.estimators.regression import NetworkRegressor
from chainrule.estimators.target_scale import has_known_scale
from chainrule.functions import Elementwise, Function, Sigmoid, Softmax
from chainrule.losses import Loss, Poisson
from chainrule.targets import Classes, Numbers, Objective, Targets


@with_shared_docs
@dataclass(eq=False, repr=False)
class Classifier(ChainEstimator, NetworkClassifier):
    """A chain of functions that classifies.

    The chain ends with a Linear layer and a function that makes probabilities: ``Softmax()`` with
    an output for each class, or ``Sigmoid()`` with one output for the second of two classes, or
    with one for each label of which any may hold. ``fit`` trains a chain of the same functions,
    ``chain_``; the chain that is given never changes, and parameters that it may have are not
    used.

    Parameters
    ----------
    chain : Chain
        The functions. Their hyperparameters are parameters of the estimator, by the functions'
        numbers: ``set_params(chain__0__outputs=64)``, or in grids.
    complete : bool, default=False
        Whether to end the chain for the labels at hand: with a Linear layer, and Softmax or
        Sigmoid. The chain that is given is then all that comes before.
    inputs : {"rows", "images", "table"}, default=None
        How raw samples become numbers. "table": numbers of a DataFrame or CSV file are
        standardised, categories encoded, missing values filled. "images": the channels of images
        are standardised. "rows": as they are. None takes rows or images as they are, by the shape
        of X, and standardises images that are files.
    image_format : {"nhw", "nchw", "nhwc"}, default=None
        The axes of images X: n images, c channels, height h, width w. None infers them for axes
        of 1, 3 or 4 channels, and says so in ``image_format_``.
    image_shape : tuple of int, default=None
        If X is rows (n, features), the shape of the image in each row: (h, w), (c, h, w) or
        (h, w, c).
    image_size : int or tuple of int, default=None
        Of images that are files: the side of squares, or (h, w), in pixels. None finds one for the
        folder or list of files that is learned, at most 64 pixels a side. Whatever is predicted
        later is read at the same size.
    augmentation : Augmentation or list of them, default=None
        Random changes of the training images in each epoch, such as ``[Shift(1), Noise(0.05)]``.
    loss : "cross_entropy" or Loss, default="cross_entropy"
        A loss of your own is given class numbers (n,) after softmax, else 0 and 1 for each output.
    class_weight : dict, list of dicts or "balanced", default=None
        What a sample of each class weighs, 1 if it is not named; "balanced" gives all classes the
        same share of the samples at hand: those of ``y`` for training, those of ``y_val`` for a
        validation set that is given. A list has a dict for each label of which any may hold.
    label_smoothing : float, default=0
        The share of certainty that is taken from each label and given to all classes alike. A
        class's weight multiplies the whole loss of its samples, smoothed as it is.
    {training parameters}

    Attributes
    ----------
    classes_ : ndarray
        All classes, sorted.
    image_format_ : str or None
        How images are read; None if X is rows of numbers or a table.
    {fitted attributes}

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from chainrule import Chain, Classifier, Conv2d, Flatten, Linear, ReLU, Softmax
    >>> X, y = load_digits(return_X_y=True)
    >>> chain = Chain(Conv2d(8, 3, padding=1), ReLU(), Flatten(), Linear(10), Softmax())
    >>> model = Classifier(chain, image_shape=(8, 8), max_iter=40, random_state=0)
    >>> model.fit(X / 16, y).score(X / 16, y) > 0.97
    True
    """

    _: KW_ONLY
    loss: Any = "cross_entropy"
    class_weight: Any = None
    label_smoothing: Any = 0.0

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NetworkClassifier._parameter_constraints,
        **ChainEstimator._parameter_constraints,
        "loss": [StrOptions({"cross_entropy"}), Loss],
    }

    def _new_targets(self, y: Any, name: str, *, cells: bool) -> Targets:
        pair = not self.complete and isinstance(self.chain.functions[-1], Softmax)
        return Classes.fit(y, name=name, chosen=cells).paired(pair=pair)

    def _ends_well(self, last: Function, targets: Any) -> bool:
        return isinstance(last, type(targets.objective.last))

    def _needed(self, targets: Any) -> str:
        if targets.several:
            return f"Linear({targets.outputs}) and Sigmoid() for {targets.outputs} labels"
        count = len(targets.labels)
        if count == 1:
            only = targets.labels.tolist()[0]
            return f"Linear(1) and Softmax() or Sigmoid() for the one class that y has, {only!r}"
        several = f"Linear({count}) and Softmax() for {count} classes"
        return several if count != 2 else f"{several}, or Linear(1) and Sigmoid()"

    def _misfit(self, chain: Chain, targets: Any) -> ValueError:
        misfit = super()._misfit(chain, targets)
        tags = self.__sklearn_tags__().classifier_tags
        if len(targets.labels) > 2 and not (tags.multi_class or tags.multi_label):
            kind = "multilabel-indicator" if targets.several else "multiclass"
            only = "Only binary classification is supported. The type of the target is "
            return ValueError(f"{only}{kind}. {misfit}")
        return misfit

    def _objective(self, targets: Any) -> Objective:
        objective = super()._objective(targets)
        return replace(objective, loss=self.loss) if isinstance(self.loss, Loss) else objective

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if (width := self._width()) is not None:
            sigmoid = isinstance(self.chain.functions[-1], Sigmoid)
            tags.classifier_tags.multi_class = width > 2 and not sigmoid
            tags.classifier_tags.multi_label = width > 1 and sigmoid
        return tags


@with_shared_docs
@dataclass(eq=False, repr=False)
class Regressor(ChainEstimator, NetworkRegressor):
    """A chain of functions that predicts numbers.

    The chain ends with as many outputs as there are numbers to predict, such as by ``Linear(1)``;
    for Poisson's loss they must be positive, such as by ``Exp()``. ``fit`` trains a chain of the
    same functions, ``chain_``; the chain that is given never changes, and parameters that it may
    have are not used.

    Parameters
    ----------
    chain : Chain
        The functions. Their hyperparameters are parameters of the estimator, by the functions'
        numbers: ``set_params(chain__0__outputs=64)``, or in grids.
    complete : bool, default=False
        Whether to end the chain for the targets at hand: with a Linear layer, and Exp for
        Poisson's loss. The chain that is given is then all that comes before.
    inputs : {"rows", "images", "table"}, default=None
        How raw samples become numbers. "table": numbers of a DataFrame or CSV file are
        standardised, categories encoded, missing values filled. "images": the channels of images
        are standardised. "rows": as they are. None takes rows or images as they are, by the shape
        of X, and standardises images that are files.
    image_format : {"nhw", "nchw", "nhwc"}, default=None
        The axes of images X: n images, c channels, height h, width w. None infers them for axes
        of 1, 3 or 4 channels, and says so in ``image_format_``.
    image_shape : tuple of int, default=None
        If X is rows (n, features), the shape of the image in each row: (h, w), (c, h, w) or
        (h, w, c).
    image_size : int or tuple of int, default=None
        Of images that are files: the side of squares, or (h, w), in pixels. None finds one for the
        folder or list of files that is learned, at most 64 pixels a side. Whatever is predicted
        later is read at the same size.
    augmentation : Augmentation or list of them, default=None
        Random changes of the training images in each epoch, such as ``[Shift(1), Noise(0.05)]``.
    loss : {"squared_error", "absolute_error", "huber", "poisson"} or Loss, \
            default="squared_error"
    scale_target : bool or None, default=None
        Whether to train on (y − mean) / deviation, or, for Poisson's loss, on y / mean; predictions
        are in the units of y. None does so with ``inputs="table"``, unless the loss is one of your
        own.
    {training parameters}

    Attributes
    ----------
    image_format_ : str or None
        How images are read; None if X is rows of numbers or a table.
    {fitted attributes}

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from chainrule import Chain, Linear, Regressor, Tanh
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = Regressor(Chain(Linear(20), Tanh(), Linear(1)), solver="lbfgs", random_state=0)
    >>> model.fit(X * 20, y / 100).score(X * 20, y / 100) > 0.5
    True
    """

    _: KW_ONLY
    loss: Any = "squared_error"
    scale_target: Any = None

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NetworkRegressor._parameter_constraints,
        **ChainEstimator._parameter_constraints,
        "scale_target": ["boolean", None],
    }

    def _new_targets(self, y: Any, name: str, *, cells: bool) -> Targets:
        positive = self.loss == "poisson" or isinstance(self.loss, Poisson)
        scaled = self.scale_target
        if scaled is None:
            varies = bool((np.ptp(y, axis=0) > 0).all())
            scaled = self.inputs == "table" and has_known_scale(self.loss) and varies
        return Numbers.fit(y, scaled=bool(scaled), positive=positive, name=name)

    def _check_going_on(self) -> None:
        super()._check_going_on()
        if self.scale_target is not None:
            scaled = getattr(self.targets_, "scale", None) is not None
            wanted = bool(self.scale_target)
            self._check_same("scale_target", scaled, wanted, scaled == wanted)

    def _ends_well(self, last: Function, targets: Targets) -> bool:
        poisson = isinstance(self._objective(targets).loss, Poisson)
        return not poisson or _positive(last)

    def _needed(self, targets: Targets) -> str:
        if isinstance(self._objective(targets).loss, Poisson):
            return "outputs > 0 for Poisson's loss, such as by Exp() or Softplus()"
        return super()._needed(targets)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if (width := self._width()) is not None:
            tags.target_tags.multi_output = width > 1
        return tags


def _positive(function: Function) -> bool:
    """Return whether a function's outputs are positive, as far as a few of them tell."""
    if isinstance(function, Elementwise):
        return bool((function.forward(np.linspace(-20, 20, 9), {}) > 0).all())
    return isinstance(function, Softmax)

"""Classifier and Regressor: any chain as an estimator."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions

from chainrule.chain import Chain
from chainrule.estimators.classification import NetworkClassifier
from chainrule.estimators.layered import ChainEstimator
from chainrule.estimators.parameters import with_training_parameters
from chainrule.estimators.regression import NetworkRegressor
from chainrule.estimators.targets import Labels, Task, regression_task
from chainrule.functions import Elementwise, Function, Sigmoid, Softmax
from chainrule.layout import ChainLayout
from chainrule.losses import Loss, Poisson

Array = NDArray[Any]


@with_training_parameters
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
    image_format : {"nhw", "nchw", "nhwc"}, default=None
        The axes of images X: n images, c channels, height h, width w. None infers them for axes
        of 1, 3 or 4 channels, and says so in ``image_format_``.
    image_shape : tuple of int, default=None
        If X is rows (n, features), the shape of the image in each row: (h, w), (c, h, w) or
        (h, w, c).
    augmentation : Augmentation or list of them, default=None
        Random changes of the training images in each epoch, such as ``[Shift(1), Noise(0.05)]``.
    loss : "cross_entropy" or Loss, default="cross_entropy"
        A loss of your own is given class numbers (n,) after softmax, else 0 and 1 for each output.
    class_weight : dict, list of dicts or "balanced", default=None
        What a sample of each class weighs; "balanced" gives all classes the same share.
    label_smoothing : float, default=0
        The share of certainty that is taken from each label and given to all classes alike.
    {training parameters}

    Attributes
    ----------
    chain_ : Chain
        The trained chain.
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    image_format_ : str or None
        How images were read; None where samples are rows of numbers.
    n_features_in_ : int
        The numbers in a sample; of an image, all its pixels' in all channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of a table's columns, where they are strings.
    n_outputs_ : int
        The outputs of the chain.
    n_iter_ : int
        Passes over the data that were made.
    loss_, best_loss_ : float
        The training loss of the last epoch, and the lowest.
    loss_curve_ : list of float
        The training loss of each epoch.
    validation_scores_, validation_loss_curve_ : list of float or None
        Score and loss on the validation set after each epoch, where there is one.
    best_validation_score_ : float or None
        The score of the epoch that was kept by early stopping.
    gradient_norms_ : dict of list of float
        For each parameter the length of the gradient by it after each epoch, if
        ``gradient_samples`` says on how many samples.
    history_ : History
        Each epoch's loss, learning rate and seconds, and how training ended, of the last call.
    engine_ : str
        Who trained, "machine" or "reference".

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

    def _learn_targets(self, y: Any, *, first: bool, incremental: bool) -> None:
        super()._learn_targets(y, first=first, incremental=incremental)
        if first:  # a network that goes on has its outputs already
            self._pair_labels(not self.complete and isinstance(self.chain.functions[-1], Softmax))

    def _learn_outputs(self, labels: Labels | None, outputs: int) -> None:
        super()._learn_outputs(labels, outputs)
        self._pair_labels(outputs > 1)

    def _pair_labels(self, pair: bool) -> None:
        """Give two classes an output each, or one output to the second."""
        self._labels.pair = pair
        self.n_outputs_ = self._labels.outputs

    def _ends_well(self, last: Function) -> bool:
        return isinstance(last, type(self._labels.task.last))

    def _new_chain(self, X: Any, task: Task, outputs: int) -> Chain:
        chain = super()._new_chain(X, task, outputs)
        if not self._ends_well(chain.functions[-1]):
            raise self._misfit(chain, outputs)
        return chain

    def _restore(self, labels: Labels | None, chain: ChainLayout) -> None:
        super()._restore(labels, chain)
        if not self._ends_well(chain.functions[-1]):
            raise ValueError(f"expected a chain that ends with {self._needed(self.n_outputs_)}")

    def _needed(self, outputs: int) -> str:
        labels = self._labels
        if labels.several:
            return f"Linear({outputs}) and Sigmoid() for {outputs} labels"
        count = len(labels.classes)
        several = f"Linear({count}) and Softmax() for {count} classes"
        return several if count != 2 else f"{several}, or Linear(1) and Sigmoid()"

    def _misfit(self, chain: Chain, outputs: int) -> ValueError:
        misfit = super()._misfit(chain, outputs)
        tags = self.__sklearn_tags__().classifier_tags
        if len(self.classes_) > 2 and not (tags.multi_class or tags.multi_label):
            only = "Only binary classification is supported. The type of the target is "
            return ValueError(f"{only}{self._labels.binarizer.y_type_}. {misfit}")
        return misfit

    def _task(self) -> Task:
        task = self._labels.task
        return replace(task, loss=self.loss) if isinstance(self.loss, Loss) else task

    def decision_function(self, X: Any) -> Array:
        """Return the numbers that go into the last function, softmax or sigmoid.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features), or images

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes the log odds of the second.
        """
        Z = super().decision_function(X)
        two = self._labels.exclusive and len(self.classes_) == 2
        return np.asarray(Z[:, 1] - Z[:, 0]) if two else Z

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if (width := self._width()) is not None:
            sigmoid = isinstance(self.chain.functions[-1], Sigmoid)
            tags.classifier_tags.multi_class = width > 2 and not sigmoid
            tags.classifier_tags.multi_label = width > 1 and sigmoid
        return tags


@with_training_parameters
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
    image_format : {"nhw", "nchw", "nhwc"}, default=None
        The axes of images X: n images, c channels, height h, width w. None infers them for axes
        of 1, 3 or 4 channels, and says so in ``image_format_``.
    image_shape : tuple of int, default=None
        If X is rows (n, features), the shape of the image in each row: (h, w), (c, h, w) or
        (h, w, c).
    augmentation : Augmentation or list of them, default=None
        Random changes of the training images in each epoch, such as ``[Shift(1), Noise(0.05)]``.
    loss : {"squared_error", "absolute_error", "huber", "poisson"} or Loss, \
            default="squared_error"
    {training parameters}

    Attributes
    ----------
    chain_ : Chain
        The trained chain.
    image_format_ : str or None
        How images were read; None where samples are rows of numbers.
    n_features_in_ : int
        The numbers in a sample; of an image, all its pixels' in all channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of a table's columns, where they are strings.
    n_outputs_ : int
        The outputs of the chain.
    n_iter_ : int
        Passes over the data that were made.
    loss_, best_loss_ : float
        The training loss of the last epoch, and the lowest.
    loss_curve_ : list of float
        The training loss of each epoch.
    validation_scores_, validation_loss_curve_ : list of float or None
        Score and loss on the validation set after each epoch, where there is one.
    best_validation_score_ : float or None
        The score of the epoch that was kept by early stopping.
    gradient_norms_ : dict of list of float
        For each parameter the length of the gradient by it after each epoch, if
        ``gradient_samples`` says on how many samples.
    history_ : History
        Each epoch's loss, learning rate and seconds, and how training ended, of the last call.
    engine_ : str
        Who trained, "machine" or "reference".

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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NetworkRegressor._parameter_constraints,
        **ChainEstimator._parameter_constraints,
    }

    def _task(self) -> Task:
        return regression_task(self.loss, self.n_outputs_)

    def _new_chain(self, X: Any, task: Task, outputs: int) -> Chain:
        chain = super()._new_chain(X, task, outputs)
        if isinstance(task.loss, Poisson) and not _positive(chain.functions[-1]):
            raise ValueError(
                f"{self._name}: expected a chain with outputs > 0 for Poisson's loss, such as by "
                f"Exp() or Softplus(), got one that ends in {chain.functions[-1]}"
            )
        return chain

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

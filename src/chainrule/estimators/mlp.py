"""MLPClassifier and MLPRegressor: scikit-learn's networks, by changing one import."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from chainrule.estimators.mlp_base import MLP
from chainrule.estimators.network_classifier import NetworkClassifier
from chainrule.estimators.parameters import with_shared_docs
from chainrule.estimators.regression import NetworkRegressor


@with_shared_docs
@dataclass(eq=False, repr=False)
class MLPClassifier(MLP, NetworkClassifier):
    """A classifier: a multilayer network in place of scikit-learn's, with the same results.

    Every parameter of ``sklearn.neural_network.MLPClassifier`` is here, with its name, default and
    meaning. New are ``class_weight``, ``label_smoothing``, ``dropout``, and those after
    ``max_fun``.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int, default=(100,)
        The sizes of the hidden layers.
    activation : str or Elementwise, default="relu"
        What follows each hidden layer: "identity", "logistic", "tanh", "relu", any other
        elementwise function of chainrule by name ("gelu", "silu", "elu", "leakyrelu",
        "selu", "mish", "softplus", …), or a function of your own.
    class_weight : dict, list of dicts, "balanced" or None, default=None
        Weights of classes, by which sample weights are multiplied; classes that are not named
        weigh 1. A list has a dict for each label of an indicator matrix. "balanced" counts the
        classes of the samples at hand: those of ``y`` for training, those of ``y_val`` for a
        validation set that is given.
    label_smoothing : float, default=0.0
        The share of each training label that is spread evenly over all classes. A class's weight
        multiplies the whole loss of its samples, smoothed as it is.
    dropout : float, default=0.0
        The share of each hidden layer's outputs that a training step leaves out.
    {training parameters}

    Attributes
    ----------
    classes_ : ndarray
        All classes, sorted.
    coefs_, intercepts_ : list of ndarray
        Weights and biases of each layer, views of the chain's parameters: to change them is to
        change the network.
    n_layers_ : int
        Layers, the input counted as one.
    {fitted attributes}

    Examples
    --------
    >>> from chainrule import MLPClassifier
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((20,), learning_rate_init=0.1, random_state=0).fit(X, y)
    >>> model.predict(X[::50])
    array([0, 1, 2])
    >>> model.score(X, y) > 0.95
    True
    """

    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"
    _: KW_ONLY
    class_weight: Any = None
    label_smoothing: Any = 0.0
    dropout: Any = 0.0

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NetworkClassifier._parameter_constraints,
        **MLP._parameter_constraints,
    }


@with_shared_docs
@dataclass(eq=False, repr=False)
class MLPRegressor(MLP, NetworkRegressor):
    """A regressor: a multilayer network in place of scikit-learn's, with the same results.

    Every parameter of ``sklearn.neural_network.MLPRegressor`` is here, with its name, default and
    meaning. New are ``dropout``, and those after ``max_fun``.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        "squared_error" and "poisson" (with exponential outputs, for counts) as scikit-learn has
        them, "huber", "absolute_error", or a loss of your own.
    hidden_layer_sizes : array-like of int, default=(100,)
        The sizes of the hidden layers.
    activation : str or Elementwise, default="relu"
        What follows each hidden layer: "identity", "logistic", "tanh", "relu", any other
        elementwise function of chainrule by name ("gelu", "silu", "elu", "leakyrelu",
        "selu", "mish", "softplus", …), or a function of your own.
    dropout : float, default=0.0
        The share of each hidden layer's outputs that a training step leaves out.
    {training parameters}

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray
        Weights and biases of each layer, views of the chain's parameters: to change them is to
        change the network.
    n_layers_ : int
        Layers, the input counted as one.
    {fitted attributes}

    Examples
    --------
    >>> from chainrule import MLPRegressor
    >>> from sklearn.datasets import make_regression
    >>> X, y = make_regression(200, 5, noise=1.0, random_state=0)
    >>> model = MLPRegressor("huber", (50,), learning_rate_init=0.1, max_iter=500, random_state=0)
    >>> model.fit(X, y).score(X, y) > 0.99
    True
    """

    loss: Any = "squared_error"
    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"
    _: KW_ONLY
    dropout: Any = 0.0

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NetworkRegressor._parameter_constraints,
        **MLP._parameter_constraints,
    }

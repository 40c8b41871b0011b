"""MLPClassifier and MLPRegressor: scikit-learn's networks, by changing one import."""

from __future__ import annotations

from typing import Any, ClassVar

from chainrule.estimators.classification import NetworkClassifier
from chainrule.estimators.multilayer import Multilayer
from chainrule.estimators.regression import NetworkRegressor


class MLPClassifier(Multilayer, NetworkClassifier):
    """A classifier: a multilayer network in place of scikit-learn's, with the same results.

    Every parameter up to ``max_fun`` is that of ``sklearn.neural_network.MLPClassifier``, with its
    name, default and meaning; those after it are new.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int, default=(100,)
        The sizes of the hidden layers.
    activation : str or Elementwise, default="relu"
        What follows each hidden layer: "identity", "logistic", "tanh", "relu", any other
        elementwise function of chainrule by name ("gelu", "silu", "elu", "leakyrelu",
        "softplus", …), or a function of your own.
    solver : {"lbfgs", "sgd", "adam", "adamw", "rmsprop"} or Optimizer, default="adam"
        Who moves the parameters. An Optimizer has a learning rate of its own.
    alpha : float, default=0.0001
        The penalty: alpha/2 times the sum of squared weights, shared by the samples of a batch.
    batch_size : int or "auto", default="auto"
        Samples in a step; "auto" takes 200, or all if there are fewer.
    learning_rate : str or Schedule, default="constant"
        What becomes of the learning rate. "invscaling" and "adaptive" are scikit-learn's, and
        have no effect with "adam"; "cosine", "linear" or a Schedule act with every solver that
        takes steps.
    learning_rate_init : float, default=0.001
        The first learning rate.
    power_t : float, default=0.5
        How fast "invscaling" lowers the rate: it is divided by samples seen to this power.
    max_iter : int, default=200
        Epochs, or iterations of L-BFGS, at most.
    shuffle : bool, default=True
        Whether each epoch has an order of its own.
    random_state : int, RandomState instance or None, default=None
        Of initial parameters, split, shuffling and dropout. The same int gives the network that
        scikit-learn gives.
    tol : float, default=1e-4
        By how much an epoch must improve the loss, or the validation score, to count.
    verbose : bool, int or "bar", default=False
        Whether to print a line for each epoch; "bar" draws a progress bar instead.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the parameters that are there.
    momentum : float, default=0.9
        Of "sgd".
    nesterovs_momentum : bool, default=True
        Whether the momentum of "sgd" is Nesterov's.
    early_stopping : bool, default=False
        Whether to watch the score of a validation set and to keep the best epoch's parameters.
    validation_fraction : float, default=0.1
        The share of the data that early stopping sets aside, unless ``fit`` gets ``X_val``.
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        Of "adam" and "adamw"; "rmsprop" uses epsilon.
    n_iter_no_change : int, default=10
        How many epochs in a row may fail to improve.
    max_fun : int, default=15000
        Evaluations of the loss by L-BFGS, at most.
    class_weight : dict, list of dicts, "balanced" or None, default=None
        Weights of classes, by which sample weights are multiplied; a list has a dict for each
        label of an indicator matrix.
    label_smoothing : float, default=0.0
        The share of each training label that is spread evenly over all classes.
    dropout : float, default=0.0
        The share of each hidden layer's outputs that a training step leaves out.
    clip_norm : float or None, default=None
        The largest length of a step's gradient; a longer one is scaled down to it.
    gradient_samples : int or None, default=None
        Training samples on which the gradient is taken once more after each epoch, to keep its
        lengths in ``gradient_norms_``; "lbfgs" keeps none.
    dtype : {"float32", "float64"} or None, default=None
        What training computes in. None takes float64 for "lbfgs", for small problems and for
        data too large for float32, else float32. Fitted parameters have the type of X.
    n_jobs : int or None, default=None
        Threads that may be used; None takes as many as pay. Their number does not change a bit.
    engine : {"auto", "machine", "reference"}, default="auto"
        Machine code where it has kernels for the whole network, machine code or an error, or
        plain NumPy.

    Attributes
    ----------
    classes_ : ndarray
        All classes, sorted.
    chain_ : Chain
        The network itself.
    coefs_, intercepts_ : list of ndarray
        Weights and biases of each layer, views of the chain's parameters: to change them is to
        change the network.
    loss_ : float
        The loss of the last epoch.
    loss_curve_ : list of float
        The loss of each epoch, or of each iteration of L-BFGS.
    best_loss_ : float or None
        The lowest of them; None with early stopping.
    validation_scores_ : list of float or None
        The accuracy on the validation set after each epoch, if there is one.
    best_validation_score_ : float or None
        The best of them, with early stopping.
    validation_loss_curve_ : list of float or None
        The loss on the validation set after each epoch, without penalty, if there is one.
    n_iter_ : int
        Epochs, or iterations, of the last call of ``fit``.
    t_ : int
        Samples seen by all epochs together.
    n_layers_, n_outputs_ : int
        Layers, the input counted as one; and outputs.
    out_activation_ : str
        What ends the network: "softmax" or "logistic".
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if they have any.
    gradient_norms_ : dict of list of float
        For each parameter the length of the gradient by it after each epoch, if
        ``gradient_samples`` says on how many samples.
    engine_ : str
        Who took the steps: "machine" code, or the "reference" in NumPy.

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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NetworkClassifier._parameter_constraints,
        **Multilayer._parameter_constraints,
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        power_t: Any = 0.5,
        max_iter: Any = 200,
        shuffle: Any = True,
        random_state: Any = None,
        tol: Any = 1e-4,
        verbose: Any = False,
        warm_start: Any = False,
        momentum: Any = 0.9,
        nesterovs_momentum: Any = True,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: Any = 15000,
        class_weight: Any = None,
        label_smoothing: Any = 0.0,
        dropout: Any = 0.0,
        clip_norm: Any = None,
        gradient_samples: Any = None,
        dtype: Any = None,
        n_jobs: Any = None,
        engine: Any = "auto",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.dropout = dropout
        self.clip_norm = clip_norm
        self.gradient_samples = gradient_samples
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.engine = engine


class MLPRegressor(Multilayer, NetworkRegressor):
    """A regressor: a multilayer network in place of scikit-learn's, with the same results.

    Every parameter up to ``max_fun`` is that of ``sklearn.neural_network.MLPRegressor``, with its
    name, default and meaning; those after it are new.

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
        "softplus", …), or a function of your own.
    solver : {"lbfgs", "sgd", "adam", "adamw", "rmsprop"} or Optimizer, default="adam"
        Who moves the parameters. An Optimizer has a learning rate of its own.
    alpha : float, default=0.0001
        The penalty: alpha/2 times the sum of squared weights, shared by the samples of a batch.
    batch_size : int or "auto", default="auto"
        Samples in a step; "auto" takes 200, or all if there are fewer.
    learning_rate : str or Schedule, default="constant"
        What becomes of the learning rate. "invscaling" and "adaptive" are scikit-learn's, and
        have no effect with "adam"; "cosine", "linear" or a Schedule act with every solver that
        takes steps.
    learning_rate_init : float, default=0.001
        The first learning rate.
    power_t : float, default=0.5
        How fast "invscaling" lowers the rate: it is divided by samples seen to this power.
    max_iter : int, default=200
        Epochs, or iterations of L-BFGS, at most.
    shuffle : bool, default=True
        Whether each epoch has an order of its own.
    random_state : int, RandomState instance or None, default=None
        Of initial parameters, split, shuffling and dropout. The same int gives the network that
        scikit-learn gives.
    tol : float, default=1e-4
        By how much an epoch must improve the loss, or the validation score, to count.
    verbose : bool, int or "bar", default=False
        Whether to print a line for each epoch; "bar" draws a progress bar instead.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the parameters that are there.
    momentum : float, default=0.9
        Of "sgd".
    nesterovs_momentum : bool, default=True
        Whether the momentum of "sgd" is Nesterov's.
    early_stopping : bool, default=False
        Whether to watch the score of a validation set and to keep the best epoch's parameters.
    validation_fraction : float, default=0.1
        The share of the data that early stopping sets aside, unless ``fit`` gets ``X_val``.
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        Of "adam" and "adamw"; "rmsprop" uses epsilon.
    n_iter_no_change : int, default=10
        How many epochs in a row may fail to improve.
    max_fun : int, default=15000
        Evaluations of the loss by L-BFGS, at most.
    dropout : float, default=0.0
        The share of each hidden layer's outputs that a training step leaves out.
    clip_norm : float or None, default=None
        The largest length of a step's gradient; a longer one is scaled down to it.
    gradient_samples : int or None, default=None
        Training samples on which the gradient is taken once more after each epoch, to keep its
        lengths in ``gradient_norms_``; "lbfgs" keeps none.
    dtype : {"float32", "float64"} or None, default=None
        What training computes in. None takes float64 for "lbfgs", for small problems and for
        data too large for float32, else float32. Fitted parameters have the type of X.
    n_jobs : int or None, default=None
        Threads that may be used; None takes as many as pay. Their number does not change a bit.
    engine : {"auto", "machine", "reference"}, default="auto"
        Machine code where it has kernels for the whole network, machine code or an error, or
        plain NumPy.

    Attributes
    ----------
    chain_ : Chain
        The network itself.
    coefs_, intercepts_ : list of ndarray
        Weights and biases of each layer, views of the chain's parameters: to change them is to
        change the network.
    loss_ : float
        The loss of the last epoch.
    loss_curve_ : list of float
        The loss of each epoch, or of each iteration of L-BFGS.
    best_loss_ : float or None
        The lowest of them; None with early stopping.
    validation_scores_ : list of float or None
        R² on the validation set after each epoch, if there is one.
    best_validation_score_ : float or None
        The best of them, with early stopping.
    validation_loss_curve_ : list of float or None
        The loss on the validation set after each epoch, without penalty, if there is one.
    n_iter_ : int
        Epochs, or iterations, of the last call of ``fit``.
    t_ : int
        Samples seen by all epochs together.
    n_layers_, n_outputs_ : int
        Layers, the input counted as one; and outputs.
    out_activation_ : str
        What ends the network: "identity" or "exp".
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if they have any.
    gradient_norms_ : dict of list of float
        For each parameter the length of the gradient by it after each epoch, if
        ``gradient_samples`` says on how many samples.
    engine_ : str
        Who took the steps: "machine" code, or the "reference" in NumPy.

    Examples
    --------
    >>> from chainrule import MLPRegressor
    >>> from sklearn.datasets import make_regression
    >>> X, y = make_regression(200, 5, noise=1.0, random_state=0)
    >>> model = MLPRegressor("huber", (50,), learning_rate_init=0.1, max_iter=500, random_state=0)
    >>> model.fit(X, y).score(X, y) > 0.99
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NetworkRegressor._parameter_constraints,
        **Multilayer._parameter_constraints,
    }

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        power_t: Any = 0.5,
        max_iter: Any = 200,
        shuffle: Any = True,
        random_state: Any = None,
        tol: Any = 1e-4,
        verbose: Any = False,
        warm_start: Any = False,
        momentum: Any = 0.9,
        nesterovs_momentum: Any = True,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: Any = 15000,
        dropout: Any = 0.0,
        clip_norm: Any = None,
        gradient_samples: Any = None,
        dtype: Any = None,
        n_jobs: Any = None,
        engine: Any = "auto",
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.clip_norm = clip_norm
        self.gradient_samples = gradient_samples
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.engine = engine

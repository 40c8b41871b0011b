"""Training, step by step, against the networks of scikit-learn."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor

from chainrule import (
    BinaryCrossEntropy,
    Chain,
    CrossEntropy,
    Identity,
    Linear,
    MeanSquaredError,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from chainrule.training import SGD, Adam, Patience, Plan, train

N, FEATURES, HIDDEN, EPOCHS = 24, 3, (7, 4), 6

ACTIVATIONS = {"identity": Identity, "logistic": Sigmoid, "tanh": Tanh, "relu": ReLU}

# The last functions, the loss, and how many times our gradient is scikit-learn's: its squared
# error is halved and, in its gradient but not in its loss, summed over outputs.
TASKS = {
    "binary": ((Linear(1), Sigmoid()), BinaryCrossEntropy(), 1.0),
    "classes": ((Linear(5), Softmax()), CrossEntropy(), 1.0),
    "one number": ((Linear(1),), MeanSquaredError(), 2.0),
    "two numbers": ((Linear(2),), MeanSquaredError(), 1.0),
}
SOLVERS = {
    "momentum": (
        lambda ratio: SGD(0.2 / ratio, momentum=0.8),
        {"solver": "sgd", "learning_rate_init": 0.2, "momentum": 0.8, "nesterovs_momentum": False},
    ),
    "nesterov": (
        lambda ratio: SGD(0.2 / ratio, momentum=0.8, nesterov=True),
        {"solver": "sgd", "learning_rate_init": 0.2, "momentum": 0.8},
    ),
    "sgd": (
        lambda ratio: SGD(0.2 / ratio),
        {"solver": "sgd", "learning_rate_init": 0.2, "momentum": 0.0},
    ),
    "adam": (
        lambda ratio: Adam(0.02, 0.8, 0.95, 0.01 * ratio, uncorrected_epsilon=True),
        {
            "solver": "adam",
            "learning_rate_init": 0.02,
            "beta_1": 0.8,
            "beta_2": 0.95,
            "epsilon": 0.01,
        },
    ),
}


def data(task):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(N, FEATURES))
    if task == "binary":
        return X, rng.permutation(np.arange(N) % 2)
    if task == "classes":
        return X, rng.permutation(np.arange(N) % 5)
    return X, rng.normal(size=N if task == "one number" else (N, 2))


def start(task, X, activation):
    last = TASKS[task][0]
    hidden = [layer for size in HIDDEN for layer in (Linear(size), ACTIVATIONS[activation]())]
    chain = Chain(*hidden, *last).initialize(X, seed=6, dtype=np.float64)
    chain.parameters.flat[...] += np.random.default_rng(7).normal(
        scale=0.1, size=chain.parameters.flat.size
    )
    return chain


def peer(chain, task, X, t, sample_weight=None, **settings):
    """Train scikit-learn's network from the chain's parameters; return it."""
    kind = MLPRegressor if "number" in task else MLPClassifier
    common = {"tol": 0.0, "n_iter_no_change": 10_000, "shuffle": False, "warm_start": True}
    model = kind(hidden_layer_sizes=HIDDEN, max_iter=1, random_state=0, **common, **settings)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, t)
    layers = range(len(HIDDEN) + 1)
    model.coefs_ = [chain.parameters[f"W{k}"].copy() for k in layers]
    model.intercepts_ = [chain.parameters[f"b{k}"].copy() for k in layers]
    with pytest.warns(ConvergenceWarning):
        model.set_params(max_iter=EPOCHS).fit(X, t, sample_weight=sample_weight)
    return model


def check(task, activation, solver, *, batch_size, alpha, sample_weight=None):
    X, t = data(task)
    chain = start(task, X, activation)
    before = chain.parameters.flat.copy()
    optimizer, settings = SOLVERS[solver]
    _, loss, ratio = TASKS[task]
    model = peer(
        chain,
        task,
        X,
        t,
        sample_weight,
        activation=activation,
        alpha=alpha,
        batch_size=batch_size or N,
        **settings,
    )
    # Its penalty is α/(2·batch)·Σw² on the loss of a batch, ours λ/2·Σw².
    total = batch_size or N if sample_weight is None else sample_weight.sum()
    plan = Plan(
        optimizer(ratio),
        batch_size=batch_size,
        epochs=EPOCHS,
        l2=ratio * alpha / total,
        patience=None,
        shuffle=False,
    )
    history = train(chain, loss, X, t, plan, sample_weight=sample_weight)
    for k, (W, b) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        np.testing.assert_allclose(chain.parameters[f"W{k}"], W, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(chain.parameters[f"b{k}"], b, rtol=1e-10, atol=1e-12)
    assert np.abs(chain.parameters.flat - before).max() > 0.05
    if task != "two numbers":
        expected = np.array(model.loss_curve_[-EPOCHS:])
        np.testing.assert_allclose(np.array(history.losses) / ratio, expected, rtol=1e-10)
    return chain, model, X


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("task", TASKS)
def test_weights_and_losses_are_those_of_scikit_learn(task, solver):
    check(task, "tanh", solver, batch_size=8, alpha=0.7)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("task", ["classes", "one number"])
def test_with_every_activation(task, activation):
    check(task, activation, "nesterov" if task == "classes" else "adam", batch_size=12, alpha=0.3)


@pytest.mark.parametrize("solver", SOLVERS)
def test_without_a_penalty_and_with_a_short_last_batch(solver):
    check("classes", "logistic", solver, batch_size=7, alpha=0.0)


@pytest.mark.parametrize("task", TASKS)
def test_gradient_descent_on_the_whole_set(task):
    check(task, "relu", "sgd", batch_size=None, alpha=0.4)


@pytest.mark.parametrize("task", ["binary", "one number"])
def test_with_sample_weights(task):
    weights = np.random.default_rng(8).uniform(0.2, 3, N)
    check(task, "tanh", "momentum", batch_size=None, alpha=0.4, sample_weight=weights)


@pytest.mark.parametrize("task", ["binary", "classes"])
def test_predicted_probabilities_are_those_of_scikit_learn(task):
    chain, model, X = check(task, "tanh", "adam", batch_size=8, alpha=0.1)
    expected = model.predict_proba(X)
    received = chain.forward(X)
    np.testing.assert_allclose(
        received, expected[:, 1:] if task == "binary" else expected, rtol=1e-9
    )


@pytest.mark.parametrize("task", ["binary", "classes"])
def test_logistic_regression_reaches_the_minimum_that_scikit_learn_finds(task):
    X, t = data(task)
    last, loss, _ = TASKS[task]
    c = 0.7  # its loss is c·Σ err + Σw²/2, so our λ is 1/(c·n)
    model = LogisticRegression(C=c, tol=1e-10, max_iter=1000).fit(X, t)
    chain = Chain(*last).initialize(X, dtype=np.float64)
    plan = Plan(
        SGD(0.5, momentum=0.8, nesterov=True),
        batch_size=None,
        epochs=600,
        l2=1 / (c * N),
        patience=Patience(20, 0.0),
    )
    train(chain, loss, X, t, plan)
    np.testing.assert_allclose(chain.parameters["W0"].T, model.coef_, rtol=1e-5, atol=1e-7)
    b = chain.parameters["b0"]  # of several classes only differences matter
    centered = b - b.mean() if task == "classes" else b
    expected = model.intercept_ - (model.intercept_.mean() if task == "classes" else 0)
    np.testing.assert_allclose(centered, expected, rtol=1e-5, atol=1e-7)


def test_a_linear_chain_reaches_the_least_squares_of_scikit_learn():
    X, t = data("two numbers")
    model = LinearRegression().fit(X, t)
    chain = Chain(Linear(2)).initialize(X, dtype=np.float64)
    plan = Plan(SGD(0.3), batch_size=None, epochs=400, patience=None)
    train(chain, MeanSquaredError(), X, t, plan)
    np.testing.assert_allclose(chain.parameters["W0"].T, model.coef_, rtol=1e-9)
    np.testing.assert_allclose(chain.parameters["b0"], model.intercept_, rtol=1e-9)

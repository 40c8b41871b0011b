"""A last function that a loss includes counts once; what does not go together is refused."""

import numpy as np
import pytest

from chainrule import Plan, train
from chainrule.chain import Chain
from chainrule.checking import check_gradients
from chainrule.estimators import Classifier
from chainrule.functions import Exp, Identity, Linear, Sigmoid, Softmax
from chainrule.losses import (
    APART,
    INCLUDED,
    BinaryCrossEntropy,
    CrossEntropy,
    ExpPoisson,
    Poisson,
    SigmoidBinaryCrossEntropy,
    SoftmaxCrossEntropy,
    fused,
)

X = np.random.default_rng(0).normal(size=(40, 3))
CLASSES, LABELS = 1 * (X[:, 0] > 0) + (X[:, 1] > 0.5), (X[:, :2] > 0).astype(float)
COUNTS = np.floor(np.exp(X[:, :2]))
TARGETS = {SoftmaxCrossEntropy: (3, CLASSES), SigmoidBinaryCrossEntropy: (2, LABELS)}
TARGETS[ExpPoisson] = (2, COUNTS)
PAIRS = [(function, loss) for loss, functions in INCLUDED.items() for function in functions]


def trained(loss, *last, engine="auto"):
    outputs, t = TARGETS[loss]
    chain = Chain(Linear(outputs), *(function() for function in last))
    chain.initialize(X, seed=1, dtype=np.float64)
    history = train(chain, loss(), X, t, Plan(epochs=2, batch_size=10), engine=engine)
    return chain.parameters.flat.tobytes(), history.losses


@pytest.mark.parametrize("engine", ["machine", "reference"])
@pytest.mark.parametrize(("function", "loss"), PAIRS)
def test_the_function_counts_once(function, loss, engine):
    assert trained(loss, function, engine=engine) == trained(loss, engine=engine)


@pytest.mark.parametrize(("function", "loss"), PAIRS)
def test_loss_gradients_and_checks_are_those_without_the_function(function, loss):
    outputs, t = TARGETS[loss]
    without = Chain(Linear(outputs)).initialize(X, seed=1, dtype=np.float64)
    chain = Chain(Linear(outputs), function()).initialize(X, seed=1, dtype=np.float64)
    assert chain.loss(loss(), X, t) == without.loss(loss(), X, t)
    gradients = [c.input_gradient(loss(), X, t).tolist() for c in (chain, without)]
    assert gradients[0] == gradients[1]
    assert check_gradients(chain, loss(), X, t).passed


@pytest.mark.parametrize(
    ("functions", "losses", "t"),
    [
        (Softmax, (CrossEntropy(), SoftmaxCrossEntropy()), CLASSES),
        (Sigmoid, (BinaryCrossEntropy(), SigmoidBinaryCrossEntropy()), LABELS),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_classifier_takes_either_loss(functions, losses, t, solver):
    last = functions()
    outputs = 3 if t is CLASSES else 2
    found = []
    for loss in losses:
        chain = Chain(Linear(outputs), last)
        model = Classifier(chain, loss=loss, solver=solver, random_state=0, max_iter=4)
        found.append(model.fit(X, t).predict_proba(X).tolist())
    assert found[0] == found[1]


def test_outputs_keep_what_becomes_of_several():
    assert fused(Exp(), ExpPoisson(outputs="sum")) == ExpPoisson(outputs="sum")


@pytest.mark.parametrize(("function", "loss"), APART)
def test_what_does_not_go_together_says_what_does(function, loss):
    chain = Chain(Linear(2), function()).initialize(X, dtype=np.float64)
    message = rf"{loss.__name__}: got the outputs of {function.__name__}\(\), expected .* use "
    for attempt in (
        lambda: train(chain, loss(), X, LABELS),
        lambda: chain.loss(loss(), X, LABELS),
        lambda: chain.gradient(loss(), X, LABELS),
        lambda: check_gradients(chain, loss(), X, LABELS),
    ):
        with pytest.raises(ValueError, match=message):
            attempt()


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(
    ("loss", "t", "advice"),
    [
        (CrossEntropy(), np.arange(40) % 2, r"end .* with Softmax\(\), or use SoftmaxCrossEntropy"),
        (BinaryCrossEntropy(), LABELS, r"with Sigmoid\(\), or use SigmoidBinaryCrossEntropy"),
        (Poisson(), COUNTS, r"end the chain with Softplus or Exp"),
    ],
)
@pytest.mark.parametrize("last", [[], [Identity()]])
def test_logits_where_probabilities_belong_get_advice_before_any_work(
    loss, t, advice, engine, last
):
    chain = Chain(Linear(2), *last).initialize(X, seed=1, dtype=np.float64)
    before = chain.parameters.flat.copy()
    with pytest.raises(ValueError, match=f"{loss}: expected outputs .*{advice}"):
        train(chain, loss, X, t, engine=engine)
    assert chain.parameters.flat.tolist() == before.tolist()
    with pytest.raises(ValueError, match=f"{loss}: expected outputs .*{advice}"):
        loss.value(chain.forward(X), t)

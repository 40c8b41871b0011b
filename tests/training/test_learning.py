"""Chains that learn: to what is known to be the best, or well enough on data they never saw."""

from collections import Counter

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_diabetes, load_digits
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import StratifiedKFold

from chainrule import (
    BinaryCrossEntropy,
    Chain,
    Conv2d,
    CrossEntropy,
    Dropout,
    EmbeddingBag,
    Flatten,
    Linear,
    MaxPool2d,
    MeanSquaredError,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from chainrule.training import (
    SGD,
    Adam,
    Cosine,
    LinearToZero,
    Patience,
    Plan,
    accuracy,
    r_squared,
    train,
)


@pytest.mark.parametrize("degree", [1, 2, 4])
def test_polynomial_regression_reaches_the_least_squares_of_numpy(degree):
    rng = np.random.default_rng(13)
    x = rng.uniform(-1, 1, 23)
    t = np.cos(2 * x) + 0.1 * rng.normal(size=23)
    X = np.vander(x, degree + 1)  # 1 is among the powers, so no bias
    chain = Chain(Linear(1, bias=False)).initialize(X, dtype=np.float64)
    plan = Plan(SGD(0.3, momentum=0.97), batch_size=None, epochs=3000, patience=None)
    train(chain, MeanSquaredError(), X, t, plan)
    np.testing.assert_allclose(chain.parameters["W0"][:, 0], np.polyfit(x, t, degree), atol=1e-9)


def test_stochastic_steps_that_shrink_reach_the_least_squares_too():
    rng = np.random.default_rng(14)
    X = rng.normal(size=(60, 3))
    t = X @ [1.0, -2.0, 0.5] + 3 + 0.1 * rng.normal(size=60)
    best, *_ = np.linalg.lstsq(np.column_stack([X, np.ones(60)]), t)
    chain = Chain(Linear(1)).initialize(X, dtype=np.float64)
    plan = Plan(SGD(0.05), LinearToZero(), batch_size=8, epochs=200, patience=None)
    train(chain, MeanSquaredError(), X, t, plan)
    np.testing.assert_allclose(chain.parameters.flat, best, atol=2e-3)


@pytest.mark.parametrize("optimizer", [Adam(0.05), SGD(0.5, momentum=0.9)])
def test_exclusive_or(optimizer):
    X, t = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]), np.array([0, 1, 1, 0])
    straight = Chain(Linear(1), Sigmoid())
    plan = Plan(optimizer, batch_size=None, epochs=300, patience=None)
    loss = BinaryCrossEntropy()
    assert min(train(straight, loss, X, t, plan).losses) > np.log(2) - 1e-6  # no line parts them
    chain = Chain(Linear(6), Tanh(), Linear(1), Sigmoid())
    assert train(chain, loss, X, t, plan).losses[-1] < 0.02
    assert accuracy(chain.forward(X), t) == 1


TOPICS = {
    "weather": "rain wind cloud storm sun snow the a and",
    "kitchen": "pan oven salt flour knife spoon the a and",
    "harbour": "ship anchor sail crane gull rope the a and",
}


def texts(count, seed):
    """Return counts of words (count, words), sparse, and topics; some words are of every topic."""
    rng = np.random.default_rng(seed)
    t = rng.integers(0, len(TOPICS), count)
    words = [topic.split() for topic in TOPICS.values()]
    written = [" ".join(rng.choice(words[topic], 6)) for topic in t]
    counter = CountVectorizer(token_pattern=r"\w+").fit([" ".join(TOPICS.values())])
    return sparse.csr_array(counter.transform(written), dtype=np.float64), t


@pytest.mark.parametrize("first", [EmbeddingBag(5), EmbeddingBag(5, "mean"), Linear(5, bias=False)])
def test_a_bag_of_words_tells_topics_apart(first):
    X, t = texts(200, 15)
    chain = Chain(first, Linear(3, bias=False), Softmax())
    plan = Plan(SGD(0.5), LinearToZero(), batch_size=16, epochs=15)
    history = train(chain, CrossEntropy(), X, t, plan)
    assert history.losses[0] > 5 * history.losses[-1]
    unseen, topics = texts(100, 16)
    assert accuracy(chain.forward(unseen), topics) >= 0.97
    frequent = Counter(topics).most_common(1)[0][1] / 100
    assert frequent < 0.5


def test_training_the_bag_of_words_moves_along_the_boxed_gradients():
    X, t = texts(20, 17)
    chain = Chain(EmbeddingBag(5), Linear(3, bias=False), Softmax())
    chain.initialize(X, dtype=np.float64, initialization="glorot")
    A, B = chain.parameters["A0"].T.copy(), chain.parameters["W1"].T.copy()
    plan = Plan(SGD(0.4), batch_size=4, epochs=3, shuffle=False)
    train(chain, CrossEntropy(), X, t, plan)
    for start in list(range(0, 20, 4)) * 3:
        dA, dB = np.zeros_like(A), np.zeros_like(B)
        for n in range(start, start + 4):
            x, y = X[[n]].toarray()[0], np.eye(3)[t[n]]
            scores = np.exp(B @ A @ x)
            error = scores / scores.sum() - y
            dB += np.outer(error, A @ x) / 4
            dA += np.outer(B.T @ error, x) / 4
        A, B = A - 0.4 * dA, B - 0.4 * dB
    np.testing.assert_allclose(chain.parameters["A0"].T, A, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(chain.parameters["W1"].T, B, rtol=1e-10, atol=1e-12)


@pytest.fixture(scope="module")
def digits():
    """Return images (n, 1, 8, 8) from 0 to 1, digits, and the rows of five folds."""
    bunch = load_digits()
    folds = StratifiedKFold(5, shuffle=True, random_state=0).split(bunch.images, bunch.target)
    return bunch.images[:, None] / 16, bunch.target, list(folds)


def test_three_layers_read_digits(digits):
    X, t, folds = digits
    right = 0.0
    for seen, unseen in folds:  # each image is tested once: single folds differ by 2 %
        sizes = [Linear(256, bias=False), ReLU(), Linear(128, bias=False), ReLU()]
        chain = Chain(Flatten(), *sizes, Linear(10, bias=False), Softmax())
        plan = Plan(Adam(), Cosine(), epochs=20, l2=0.003, patience=None)
        train(chain, CrossEntropy(), X[seen], t[seen], plan)
        right += accuracy(chain.forward(X[unseen]), t[unseen]) * len(unseen)
    assert right / len(t) >= 0.97


def test_a_small_convolutional_network_reads_digits(digits):
    X, t, folds = digits
    seen, unseen = folds[0]
    layers = [Conv2d(16, 3, padding=1), ReLU(), MaxPool2d(2), Flatten(), Dropout(0.1)]
    chain = Chain(*layers, Linear(10), Softmax())
    train(chain, CrossEntropy(), X[seen], t[seen], Plan(Adam(0.01), Cosine(), epochs=10))
    assert accuracy(chain.forward(X[unseen]), t[unseen]) >= 0.95


def test_regression_on_diabetes_explains_a_third_of_the_variance():
    X, t = load_diabetes(return_X_y=True)
    order = np.random.default_rng(19).permutation(len(t))
    X, t = X[order] / X.std(axis=0), (t[order] - t.mean()) / t.std()
    chain = Chain(Linear(16), Tanh(), Linear(1))
    plan = Plan(Adam(0.005), epochs=200, l2=0.01, patience=Patience(15))
    validation = (X[280:340], t[280:340])
    train(chain, MeanSquaredError(), X[:280], t[:280], plan, validation=validation)
    assert r_squared(chain.forward(X[340:]), t[340:]) > 1 / 3  # the mean explains nothing

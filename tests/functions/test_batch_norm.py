"""Batch normalisation: training and prediction, its statistics, and where these are kept."""

import numpy as np
import pytest

from chainrule import (
    SGD,
    Adam,
    AdamW,
    BatchNorm,
    Chain,
    Classifier,
    Conv2d,
    CrossEntropy,
    Dropout,
    Flatten,
    Linear,
    Plan,
    ReLU,
    Residual,
    RMSProp,
    Softmax,
    check_function,
    check_gradients,
    load,
    train,
)
from chainrule.functions import RandomKey

KEY = RandomKey(seed=0, step=0)
LATE = RandomKey(seed=0, step=99)
FRESH = {"g": np.ones(2), "b": np.zeros(2), "mean": np.zeros(2), "variance": np.ones(2)}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)) * [1, 10, 100, 0.1] + [0, 3, -50, 7]
T = (X[:, 1] > 3).astype(int)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def network(*layers, dtype=np.float64):
    layers = layers or (Linear(8), BatchNorm(), ReLU())
    return Chain(*layers, Linear(2), Softmax()).initialize(X, seed=1, dtype=dtype)


def test_the_figures_of_pytorch():
    """Those of torch.nn.BatchNorm1d(2) in float64, of its backward and its running statistics."""
    batch = np.array([[1.0, -2], [2, 0.5], [4, 3], [-1, 7]])
    dY = np.array([[1.0, 2], [-1, 0.5], [0.25, 3], [2, -1]])
    own = {**FRESH, "g": np.array([0.5, 2]), "b": np.array([1.0, -1])}
    Y = BatchNorm().forward(batch, own, LATE)
    expected = [0.86132516428943, -3.48218434418938, 1.13867483571057, -1.97783019619581]
    expected += [1.69337417855285, -0.473476048202253, 0.306625821447149, 1.93349058858744]
    np.testing.assert_allclose(Y.ravel(), expected, rtol=1e-12)
    dX, gradients = BatchNorm().backprop(dY, batch, Y, own, LATE)
    expected = [0.0640039467480617, -0.108942752020622, -0.376022327096845, -0.626423905169263]
    expected += [0.20001090017433, 1.26306157847179, 0.112007480174453, -0.52769492128191]
    np.testing.assert_allclose(dX.ravel(), expected, rtol=1e-11)
    np.testing.assert_allclose(gradients["g"], [-2.98150896777726, -3.40360125983543], rtol=1e-12)
    np.testing.assert_allclose(gradients["b"], [2.25, 4.5])
    seen = BatchNorm().observe(batch, own, LATE)
    np.testing.assert_allclose(seen["mean"], [0.15, 0.2125])
    np.testing.assert_allclose(seen["variance"], [1.33333333333333, 2.37291666666667], rtol=1e-13)


def test_statistics_are_at_first_those_of_all_batches():
    batches, own = RNG.normal(3, 2, size=(5, 8, 2)), dict(FRESH)
    for step, batch in enumerate(batches):
        own |= BatchNorm().observe(batch, own, RandomKey(0, step))
    np.testing.assert_allclose(own["mean"], batches.mean(axis=(0, 1)), rtol=1e-13)
    np.testing.assert_allclose(own["variance"], batches.var(axis=1, ddof=1).mean(axis=0))


def test_prediction_uses_the_statistics_alone():
    own = {**FRESH, "mean": np.array([1.0, 2]), "variance": np.array([4.0, 0.25])}
    Y = BatchNorm(epsilon=1e-12).forward(np.array([[3.0, 2.5]]), own)
    np.testing.assert_allclose(Y, [[1, 1]], rtol=1e-11)


@pytest.mark.parametrize("shape", [(5, 2), (3, 2, 3), (2, 2, 2, 3)])
@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("affine", [True, False])
def test_the_check_of_rules_passes_in_training_and_prediction(shape, key, affine):
    function, batch = BatchNorm(affine=affine), RNG.normal(1, 2, size=shape)
    shapes = function.parameter_shapes(shape[1:])
    own = {name: RNG.uniform(0.5, 2, size=size) for name, size in shapes.items()}
    report = check_function(function, batch, own, key)
    assert report.passed, str(report)


def test_images_are_normalised_by_channel():
    images = RNG.normal(3, 5, size=(6, 2, 4, 5))
    Y = BatchNorm(epsilon=1e-12).forward(images, FRESH, KEY)
    np.testing.assert_allclose(Y.mean(axis=(0, 2, 3)), 0, atol=1e-14)
    np.testing.assert_allclose(Y.var(axis=(0, 2, 3)), 1, rtol=1e-11)


def test_a_batch_of_one_sample_gives_the_shift_and_is_not_averaged():
    own, one = {**FRESH, "b": np.array([3.0, 4])}, np.array([[7.0, 8]])
    np.testing.assert_array_equal(BatchNorm().forward(one, own, KEY), [[3, 4]])
    assert BatchNorm().observe(one, own, KEY) == {}
    chain = network()
    rest = Plan(Adam(0.01), batch_size=59, epochs=2)  # leaves a batch of one
    train(chain, CrossEntropy(), X, T, rest)
    assert chain.parameters.finite


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "layers",
    [
        (Linear(6), BatchNorm(), ReLU()),
        (BatchNorm(), Linear(6), ReLU(), Dropout(0.2), BatchNorm(0.3, affine=False)),
        (Linear(4), Residual(Chain(BatchNorm(), ReLU(), Linear(4)))),
    ],
    ids=str,
)
def test_networks_train_and_pass_the_check(layers, dtype):
    chain = network(*layers, dtype=dtype)
    history = train(chain, CrossEntropy(), X, T, Plan(Adam(0.02), batch_size=15, epochs=15))
    assert history.engine == "reference"
    assert "BatchNorm" in history.reason or "Residual" in history.reason
    assert history.losses[-1] < history.losses[0] / 2
    assert chain.dtype == dtype
    assert chain.loss(CrossEntropy(), X, T) < history.losses[0] / 2
    for key in (None, RandomKey(3, 1)):
        assert check_gradients(chain, CrossEntropy(), X[:20], T[:20], key=key).passed


@pytest.mark.parametrize(
    "optimizer", [SGD(0.01, momentum=0.9), Adam(0.01), AdamW(0.01, weight_decay=0.3), RMSProp(0.01)]
)
def test_optimizers_and_penalties_leave_the_statistics_alone(optimizer):
    chain = network(BatchNorm(), Linear(3))
    plan = Plan(optimizer, batch_size=None, epochs=4, l2=0.5, clip_norm=1e-3)
    train(chain, CrossEntropy(), X, T, plan)
    np.testing.assert_allclose(chain.parameters["mean0"], X.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(chain.parameters["variance0"], X.var(axis=0, ddof=1), rtol=1e-12)
    names = ("g0", "b0", "mean0", "variance0")
    mask = type(chain.parameters)(chain.parameters.shapes, chain.weight_mask())
    assert not any(mask[name].any() for name in names)


def test_the_best_epoch_has_its_own_statistics():
    chain = network()
    seen = []

    class Recorder:
        def started(self, epochs, samples): ...
        def stepped(self, samples, loss): ...
        def ended(self, history): ...

        def finished(self, epoch):
            seen.append(chain.parameters.flat.copy())

    plan = Plan(SGD(2.0), batch_size=10, epochs=12)
    history = train(
        chain,
        CrossEntropy(),
        X[:40],
        T[:40],
        plan,
        validation=(X[40:], T[40:]),
        reporter=Recorder(),
    )
    assert history.kept < 12
    assert np.array_equal(chain.parameters.flat, seen[history.kept - 1])


def test_training_that_goes_on_goes_on_with_the_statistics():
    whole, parts = network(), network()
    plan = {"batch_size": 20, "shuffle": False}
    train(whole, CrossEntropy(), X, T, Plan(Adam(0.01), epochs=4, **plan))
    state = Adam(0.01).begin(parts.parameters.flat)
    for _ in range(2):
        train(parts, CrossEntropy(), X, T, Plan(Adam(0.01), epochs=2, **plan), state=state)
    assert np.array_equal(whole.parameters.flat, parts.parameters.flat)


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_estimators_and_files(solver, early_stopping, tmp_path):
    chain = Chain(BatchNorm(), Linear(8), BatchNorm(), ReLU())
    model = Classifier(chain, complete=True, solver=solver, max_iter=40, random_state=0)
    model.set_params(learning_rate_init=0.05, batch_size=16, early_stopping=early_stopping)
    assert model.fit(X, T).score(X, T) > 0.8
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
    assert (model.chain_.parameters["mean0"] != 0).all()
    one = np.concatenate([model.predict_proba(x[None]) for x in X])
    np.testing.assert_allclose(one, model.predict_proba(X), rtol=1e-5)
    same = Classifier(**model.get_params(deep=False)).set_params(n_jobs=2).fit(X, T)
    assert np.array_equal(same.chain_.parameters.flat, model.chain_.parameters.flat)


def test_lbfgs_takes_the_whole_set_as_its_batch():
    many = RNG.normal(2, 3, size=(700, 3))
    model = Classifier(Chain(BatchNorm()), complete=True, solver="lbfgs", max_iter=30)
    model.fit(many, many[:, 0] > 2)
    assert model.history_.reason == "BatchNorm(): the engine has no kernel for it"
    mean = model.chain_.parameters["mean0"]
    np.testing.assert_allclose(mean, many.mean(axis=0), rtol=1e-5)


def test_partial_fit_and_warm_start_keep_on_averaging():
    model = Classifier(Chain(BatchNorm()), complete=True, random_state=0, batch_size=10)
    for half in (slice(0, 30), slice(30, 60)):
        model.partial_fit(X[half], T[half], classes=[0, 1])
    blocks = X.reshape(6, 10, 4)
    mean = model.chain_.parameters["mean0"]
    np.testing.assert_allclose(mean, blocks.mean(axis=(0, 1)), rtol=1e-4, atol=1e-5)
    model.set_params(warm_start=True, max_iter=2).fit(X, T)
    assert model.score(X, T) > 0.4


def test_it_works_in_image_networks():
    images = RNG.normal(size=(30, 1, 6, 6)) * 40 + 100
    t = (images[:, 0, :3].mean(axis=(1, 2)) > images[:, 0, 3:].mean(axis=(1, 2))).astype(int)
    inner = Residual(Chain(BatchNorm(), ReLU(), Conv2d(3, padding="same")))
    chain = Chain(Conv2d(3), inner, BatchNorm(), Flatten(), Linear(2), Softmax())
    chain.initialize(images, seed=0, dtype=np.float64)
    history = train(chain, CrossEntropy(), images, t, Plan(Adam(0.02), batch_size=10, epochs=15))
    assert history.losses[-1] < history.losses[0] / 2
    assert check_gradients(chain, CrossEntropy(), images[:6], t[:6], key=KEY, samples=15).passed


def test_the_jacobian_of_a_block_in_training_is_refused():
    block = Residual(Chain(BatchNorm()))
    own = {f"{name}0": array for name, array in FRESH.items()}
    assert block.jacobian(X[:, :2], own).shape == (60, 2, 2)
    with pytest.raises(ValueError, match="in training its samples depend on each other"):
        block.jacobian(X[:, :2], own, key=KEY)

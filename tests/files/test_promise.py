"""Whatever save writes, load reads, and the network in it predicts the same bits."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from scipy import sparse
from sklearn.exceptions import NotFittedError

from chainrule import (
    ELU,
    GELU,
    SGD,
    Adam,
    Chain,
    Classifier,
    Cosine,
    Exp,
    Huber,
    Linear,
    MLPClassifier,
    MLPRegressor,
    ModelFileError,
    Noise,
    Poisson,
    Regressor,
    ReLU,
    Sigmoid,
    Softmax,
    Softplus,
    WarmUp,
)
from chainrule.training import Augmentation, Schedule
from files.examples import Bent
from files.saved_networks import LABELS, NETWORKS, ROWS, TABLES, TWO, fitted

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@dataclass(frozen=True)
class Doubled(Augmentation):
    """An augmentation of a user's own."""

    times: tuple[int, ...] = (2,)

    def words(self, shape):
        return 0

    def apply(self, X, words):
        return X * self.times[0]


@dataclass(frozen=True)
class Halved(Schedule):
    """A schedule of a user's own, which has another."""

    then: Schedule = field(default_factory=Cosine)

    def factor(self, at):
        return self.then.factor(at) / 2


@dataclass(frozen=True)
class Slow(SGD):
    """An optimizer of a user's own."""


@dataclass(frozen=True)
class Doubtful(Huber):
    """A loss of a user's own."""

    doubt: Any = None


OWN = [Bent, Doubled, Halved, Slow, Doubtful]


def outcome(model, X):
    """Return what a network says of X, or the kind of error."""
    try:
        said = [model.predict(X)]
        if hasattr(model, "classes_"):
            said += [model.predict_proba(X), model.decision_function(X)]
    except ValueError as error:
        return type(error)
    return [(part.dtype, part.shape, part.tobytes()) for part in said]


def kept(model, X, folder):
    """Save a network: check that it comes back, or that nothing is left; return whether it does."""
    path = folder / "m"
    path.unlink(missing_ok=True)
    try:
        model.save(path)
    except ModelFileError as error:
        if path.exists() or "cannot be saved: " not in str(error):
            raise
        return False
    again = type(model).load(path, functions=OWN)
    assert outcome(again, X) == outcome(model, X)
    assert list(again.chain_.functions) == list(model.chain_.functions)
    for name in vars(model):
        if name.endswith("_") and name not in ("chain_", "coefs_", "intercepts_", "history_"):
            assert repr(getattr(again, name)) == repr(getattr(model, name)), name
    content = path.read_bytes()
    again.save(path)
    assert path.read_bytes() == content
    return True


STRANGE = [
    *(None, True, 0, 1, -1, 2.5, math.nan, math.inf, 2**63, 10**30, 10**5000, 1j, b"x", object()),
    *(np.bool_(True), np.int64(3), np.float16(0.1), np.float32(0.1), np.str_("tanh"), np.array(1)),
    *("", "x", "\ud800", "adam", "tanh", "poisson", "cosine", "balanced", "nhwc", "f1_macro"),
    *((), [], {}, (5,), [5, 6], np.array([7]), (1, 2, 2), [None], ["balanced"], range(3)),
    *({"a": 1.0, "b": 2.0}, {1: 2}, {np.int64(1): np.float32(2)}, {True: 1, None: [2, (3, [4])]}),
    *({math.nan: 1.0}, {(1, 2): 3}, [{0: 1.0, 1: 2.0}] * 3, {"x": {"y": {"z": ()}}}),
    *(GELU(), Bent(0.25), ELU(2.0), Huber(2.0), Poisson(), Doubtful(doubt=("x", (1, 2)))),
    *(Adam(0.5), Slow(0.5), Cosine(), WarmUp(2, Halved(WarmUp(1, Halved()))), Doubled(), max),
    *([Doubled(), Noise()], (Noise(), Doubled((3, 4))), Chain(Linear(2), Bent(), Softmax())),
    *(Chain(ReLU()), Chain(Linear(1), Exp()), Doubtful(doubt=math.nan), Doubtful(doubt=[{}])),
    *(np.random.RandomState(0), np.random.default_rng(0), [Linear(3)], {"chain": Chain(ReLU())}),
]


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    lengths = {} if request.param in TABLES else {"gradient_samples": 5}
    model, X, _ = fitted(request.param, **lengths)
    return model, X, model.get_params(deep=False)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_parameters_set_after_fit(network, tmp_path, data):
    model, X, given_at_first = network
    names = st.sampled_from(sorted(given_at_first))
    changes = st.dictionaries(names, st.sampled_from(STRANGE), min_size=1, max_size=3)
    model.set_params(**given_at_first).set_params(**data.draw(changes))
    kept(model, X, tmp_path)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("classes", {"hidden_layer_sizes": (7, 7), "activation": "tanh", "dropout": 0.5}),
        ("classes", {"activation": Bent(), "class_weight": ["balanced", {0: 1.0}]}),
        ("classes", {"class_weight": {np.int64(1): np.float32(2), math.nan: 3, None: 1}}),
        ("counts", {"loss": "squared_error"}),
        ("straight", {"loss": "poisson", "hidden_layer_sizes": 3}),
        ("numbers", {"loss": Doubtful(), "chain": Chain(Linear(3), Exp())}),
        ("numbers", {"complete": True}),
        ("two", {"complete": True}),
        ("two", {"chain": Chain(Linear(1), Sigmoid())}),
        ("one", {"chain": Chain(Linear(2), Softmax())}),
        ("completed", {"chain__0__outputs": 64, "complete": False}),
        ("rows", {"image_shape": None, "augmentation": [Doubled(), Noise()]}),
        ("rows", {"image_shape": np.array([3, 6, 5]), "image_format": "nchw"}),
        ("gray", {"image_format": "nhwc"}),
    ],
)
def test_parameters_set_after_fit_and_the_fitted_network_come_back(name, changes, tmp_path):
    model, X, _ = fitted(name)
    assert kept(model.set_params(**changes), X, tmp_path)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("rows", {"image_shape": (math.inf, 3)}),
        ("rows", {"augmentation": [Doubled(), Linear(3)]}),
        ("classes", {"hidden_layer_sizes": [3, Linear(3)]}),
        ("classes", {"class_weight": {"a": Linear(3)}}),
    ],
)
def test_parameters_that_no_fit_would_take_are_not_written(name, changes, tmp_path):
    model, X, _ = fitted(name)
    assert not kept(model.set_params(**changes), X, tmp_path)


def three(kind):
    return np.array([3, 4, 5])[np.arange(12) % 3].astype(kind)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (sparse.csr_array(ROWS), LABELS),
        (sparse.csc_matrix(ROWS.astype(np.float32)), TWO),
        (ROWS, LABELS.astype(object)),
        (ROWS, np.char.replace(LABELS, "c", "")),
        (ROWS, TWO),
        (ROWS, ROWS[:, :3] > 0),
        (ROWS, sparse.csr_matrix(ROWS[:, :3] > 0).astype(int)),
        (ROWS.tolist(), LABELS.tolist()),
        *((ROWS, three(kind)) for kind in ("i1", ">i4", "u8", "f2", "f4", ">f8")),
    ],
    ids=lambda value: f"{type(value).__name__} {getattr(value, 'dtype', '')}",
)
def test_samples_and_labels_of_any_type(X, y, tmp_path):
    assert kept(MLPClassifier((3,), max_iter=2, random_state=0).fit(X, y), X, tmp_path)


def test_thirty_numbers_as_classes_are_taken_without_a_warning(tmp_path):
    X = np.repeat(ROWS, 5, axis=0)
    model = MLPClassifier((3,), max_iter=1).fit(X, np.arange(60.0) % 30)
    assert kept(model, X, tmp_path)


@pytest.mark.parametrize("options", [{}, {"early_stopping": True}, {"solver": "lbfgs"}])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_the_record_comes_back(kind, options, tmp_path):
    X = np.repeat(ROWS, 3, axis=0)
    y = np.arange(36) % 2 if kind is MLPClassifier else X[:, 0]
    model = kind(hidden_layer_sizes=(3,), max_iter=3, gradient_samples=9, **options)
    assert kept(model.fit(X, y), X, tmp_path)


def test_gradient_norms_come_back_in_the_chain_s_order(tmp_path):
    model = MLPRegressor(hidden_layer_sizes=(2,) * 11, max_iter=2, gradient_samples=5)
    model.fit(ROWS, ROWS[:, 0]).gradient_norms_["W10"][1] = math.inf
    model.save(tmp_path / "m")
    again = MLPRegressor.load(tmp_path / "m")
    assert list(again.gradient_norms_.items()) == list(model.gradient_norms_.items())
    assert list(again.gradient_norms_)[-2:] == ["W11", "b11"]
    assert len(again.partial_fit(ROWS, ROWS[:, 0]).gradient_norms_["W0"]) == 3


def test_gradient_norms_are_those_of_the_network(tmp_path):
    model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, gradient_samples=5)
    model.fit(ROWS, ROWS[:, 0])
    model.coefs_, model.intercepts_ = [np.ones((4, 1))], [np.ones(1)]
    assert kept(model, ROWS, tmp_path)
    assert not hasattr(model, "gradient_norms_")
    model.set_params(hidden_layer_sizes=(2, 2)).fit(ROWS, ROWS[:, 0])
    assert len(model.gradient_norms_) == 6
    model.set_params(hidden_layer_sizes=(), gradient_samples=None).fit(ROWS, ROWS[:, 0])
    assert not hasattr(model, "gradient_norms_")


def test_weights_that_misfit_are_named_before_a_file_is_written(tmp_path):
    model, X, _ = fitted("straight")
    model.coefs_ = [np.ones((5, 2))]
    assert not kept(model, X, tmp_path)
    model.coefs_ = [np.full((4, 2), np.nan)]
    assert not kept(model, X, tmp_path)


def test_a_network_that_failed_to_fit_is_not_fitted(tmp_path):
    model = MLPClassifier()
    with pytest.raises(ValueError, match="Unknown label type"):
        model.fit(ROWS, ROWS[:, 0])
    for use in (lambda: model.save(tmp_path / "m"), lambda: model.predict(ROWS)):
        with pytest.raises(NotFittedError):
            use()


def test_the_end_of_a_chain_is_told_the_same():
    chain = Chain(Linear(1), Softplus())
    for loss, last, name in (("poisson", Softplus(), "identity"), ("huber", Exp(), "exp")):
        chain = Chain(Linear(1), last)
        model = Regressor(chain, loss=loss, max_iter=1).fit(ROWS, np.abs(ROWS[:, 0]))
        assert model.out_activation_ == name


@dataclass(frozen=True)
class Nested(Schedule):
    """A schedule whose field is named as a kind of object is."""

    schedule: Schedule = field(default_factory=Cosine)

    def factor(self, at):
        return 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alpha": -1}, "The 'alpha' parameter of MLPClassifier must be"),
        ({"alpha": math.nan}, "The 'alpha' parameter of MLPClassifier must be"),
        ({"max_iter": 10**30}, "max_iter: expected an integer from"),
        ({"learning_rate": Nested()}, "learning_rate: expected Nested with fields that are not"),
        ({"scoring": max}, "scoring: expected a number, text, .* got builtin_function"),
        ({"class_weight": {(1,): 2}}, "class_weight: expected different keys"),
        ({"learning_rate": WarmUp(math.pi, Nested())}, "learning_rate.then: expected Nested"),
    ],
)
def test_why_it_is_not_saved(changes, message, tmp_path):
    model, _, _ = fitted("classes")
    with pytest.raises(ModelFileError, match=f"cannot be saved: {message}"):
        model.set_params(**changes).save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_values_within_themselves_are_not_saved(tmp_path):
    model, _, _ = fitted("classes")
    weights = []
    weights.append(weights)
    with pytest.raises(ModelFileError, match="class_weight: expected values that are not within"):
        model.set_params(class_weight=weights).save(tmp_path / "m")


def test_a_class_of_one_s_own_with_a_name_of_chainrule_s_is_not_saved(tmp_path):
    other = dataclass(frozen=True)(type("Adam", (Adam,), {"__annotations__": {}}))
    model, _, _ = fitted("classes")
    message = "expected classes of different names, none of them chainrule's, got another Adam"
    with pytest.raises(ModelFileError, match=message):
        model.set_params(solver=other()).save(tmp_path / "m")
    with pytest.raises(ValueError, match=message):
        MLPClassifier.load(tmp_path / "m", functions=[other])


def test_classes_wherever_they_stand_are_asked_for(tmp_path):
    model, _, _ = fitted("gray", augmentation=[Doubled(), Noise()])
    model.save(tmp_path / "m")
    with pytest.raises(ModelFileError, match=r"uses the augmentation Doubled, .* functions="):
        Classifier.load(tmp_path / "m")
    again = Classifier.load(tmp_path / "m", functions=[Doubled])
    assert again.augmentation == [Doubled(), Noise()]
    model, X, _ = fitted("classes", learning_rate=WarmUp(1, Halved(WarmUp(2, Halved()))))
    assert kept(model, X, tmp_path)


@pytest.mark.parametrize("wrong", [Doubled(), int, Chain, "Doubled"])
def test_what_is_no_class_of_a_kind_is_named(wrong, tmp_path):
    with pytest.raises(TypeError, match="functions: expected classes of functions, losses, optim"):
        Classifier.load(tmp_path / "m", functions=[wrong])


def test_a_class_must_be_a_dataclass(tmp_path):
    class Plain(Augmentation):
        words = apply = None

    with pytest.raises(TypeError, match="functions: expected dataclasses, got Plain"):
        Classifier.load(tmp_path / "m", functions=[Plain])

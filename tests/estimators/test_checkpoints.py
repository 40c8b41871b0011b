"""Fits that go on from a checkpoint end with the bits of those that were not interrupted."""

import copy
import signal
import sys
import warnings
from dataclasses import is_dataclass

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import Checkpoint, MLPClassifier, MLPRegressor, TableClassifier, TextClassifier
from chainrule.estimators.scoring import Guarded
from chainrule.estimators.stopping import FitRecord
from chainrule.files.documents import read_document, write_document
from chainrule.training import checkpoint_writer, run as runs
from chainrule.training.engine_stepper import EngineStepper
from chainrule.training.evaluations import Evaluations
from chainrule.training.random_states import random_state_snapshot, restore_random_state
from chainrule.training.reporter import ReporterTee
from chainrule.training.snapshot import Reader, joined, separated
from chainrule.training.stopping import PatientWatcher
from estimators.checkpoint_cases import (
    CASES,
    CLASSES,
    HIDDEN,
    NUMBERS,
    ROWS,
    SHORT,
    TEXTS,
    TOPICS,
    WEIGHTS,
    X,
    bits_of,
)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A file's name; checkpoints may take all of the time, and machine code takes single steps."""
    monkeypatch.setattr(checkpoint_writer, "SHARE", 1e9)
    monkeypatch.setattr(EngineStepper, "at_once", lambda self, size: 1)
    return tmp_path / "run.safetensors"


@pytest.fixture
def press(monkeypatch):
    """Return a function that lets Ctrl-C come after so many steps, or evaluations of L-BFGS."""
    left = [0]

    def counted(call):
        def one_more(self, *args):
            result = call(self, *args)
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
            return result

        return one_more

    monkeypatch.setattr(ReporterTee, "stepped", counted(ReporterTee.stepped))
    monkeypatch.setattr(Evaluations, "__call__", counted(Evaluations.__call__))
    return lambda steps: left.__setitem__(0, steps)


def fitted(case, **options):
    model, data, answers = CASES[case]()
    return model.fit(data, answers, **options)


@pytest.mark.parametrize("case", CASES)
def test_interrupted_wherever_it_ends_with_the_same_bits(case, path, press):
    expected = bits_of(fitted(case))
    for steps in (1, 7, 8, 17):
        path.unlink(missing_ok=True)
        press(steps)
        first = fitted(case, checkpoint=path)
        assert first.history_.end == "interrupted"
        press(0)
        assert bits_of(fitted(case, checkpoint=path)) == expected


def test_the_model_so_far_is_fitted_and_the_file_named(path, press):
    press(12)
    with pytest.warns(UserWarning, match=r"interrupted by user. The same fit goes on from .*run\."):
        model = fitted("adam", checkpoint=path)
    assert model.predict(X).shape == (150,)
    press(0)
    assert fitted("adam", checkpoint=path).n_iter_ == 6


@pytest.mark.parametrize("make", [MLPRegressor, TableClassifier])
def test_a_seed_that_nobody_has_chosen_is_kept(make, path, press):
    data, answers = (ROWS, CLASSES) if make is TableClassifier else (X, NUMBERS)

    def fit(**options):
        return make(**SHORT | {"random_state": None}).fit(data, answers, **options)

    np.random.seed(3)  # noqa: NPY002
    expected = bits_of(fit())
    np.random.seed(3)  # noqa: NPY002
    press(9)
    fit(checkpoint=path)
    press(0)
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    assert bits_of(fit(checkpoint=path)) == expected
    assert np.random.get_state()[1].tolist() == before, "others draw on as they would"  # noqa: NPY002


def test_a_random_state_goes_on(path, press):
    def fit(drawn, **options):
        model = MLPClassifier((9,), dropout=0.1, **SHORT | {"random_state": drawn})
        return bits_of(model.fit(X, CLASSES, **options)), drawn.random_sample()

    expected = fit(np.random.RandomState(5))
    press(9)
    fit(np.random.RandomState(5), checkpoint=path)
    press(0)
    assert fit(np.random.RandomState(5), checkpoint=path) == expected


@pytest.mark.parametrize("steps", [9, 0])
@pytest.mark.parametrize("make", [MLPClassifier, TableClassifier])
def test_a_random_state_in_another_state_is_refused_and_left_alone(make, steps, path, press):
    def fit(drawn):
        model = make(hidden_layer_sizes=(9,), **SHORT | {"random_state": drawn})
        return model.fit(X, CLASSES, checkpoint=path)

    press(steps)
    fit(np.random.RandomState(5))
    press(0)
    other, moved = np.random.RandomState(6), np.random.RandomState(5)
    moved.random_sample()
    for drawn in (other, moved):
        with pytest.raises(ValueError, match="random_state: another state of the RandomState"):
            fit(drawn)
    assert other.random_sample() == np.random.RandomState(6).random_sample()
    fit(np.random.RandomState(5))


def test_states_come_back(path):
    drawn = np.random.RandomState(7)
    drawn.normal()
    kept = random_state_snapshot(drawn)
    expected = drawn.normal(size=9).tolist()
    other = np.random.RandomState(8)
    restore_random_state(other, Reader(kept))
    assert other.normal(size=9).tolist() == expected
    with pytest.raises(ValueError, match="normal: expected a finite number, got inf"):
        restore_random_state(other, Reader({**kept, "normal": np.inf}))


def test_a_random_state_that_no_file_can_keep_is_refused(path):
    drawn = np.random.RandomState(np.random.PCG64(0))
    model = MLPClassifier(**SHORT | {"random_state": drawn})
    told = "MLPClassifier.fit: random_state: expected a RandomState of MT19937, .*got one of PCG64"
    with pytest.raises(ValueError, match=told):
        model.fit(X, CLASSES, checkpoint=path)
    assert not path.exists()
    assert not hasattr(model, "coefs_")


def test_more_losses_than_epochs_are_refused(path, press):
    warm = MLPClassifier((9,), warm_start=True, **SHORT).fit(X, CLASSES)
    press(9)
    warm.fit(X, CLASSES, checkpoint=path)
    press(0)
    document, arrays = read_document(path, "checkpoint")
    name = "snapshot.watcher.record.losses"
    expected = len(arrays[name])
    arrays[name] = np.append(arrays[name], [0.5, 0.5])
    write_document(path, "checkpoint", document, arrays)
    again = MLPClassifier((9,), warm_start=True, **SHORT).fit(X, CLASSES)
    told = rf"run\.safetensors .*losses: expected {expected} losses, .* got {expected + 2}"
    with pytest.raises(ValueError, match=told):
        again.fit(X, CLASSES, checkpoint=path)
    assert len(again.loss_curve_) == SHORT["max_iter"]


def test_a_network_that_is_fitted_goes_on(path, press):
    def warm():
        model = MLPClassifier((9,), warm_start=True, early_stopping=True, **SHORT)
        return model.fit(X, CLASSES)

    expected = bits_of(warm().fit(X, CLASSES))
    model = warm()
    press(8)
    model.fit(X, CLASSES, checkpoint=path)
    press(0)
    again = warm()
    assert bits_of(again.fit(X, CLASSES, checkpoint=path)) == expected
    with pytest.raises(ValueError, match="parameters at the start: other numbers"):
        again.fit(X, CLASSES, checkpoint=path)


def test_texts_go_on_after_they_have_grown(path, press):
    def grown():
        model = TextClassifier(warm_start=True, random_state=0, max_iter=4)
        model.fit(TEXTS[:50], TOPICS[:50])
        return model.partial_fit([*TEXTS, "quite new words"], [*TOPICS, "a"])

    expected = bits_of(grown().fit(TEXTS, TOPICS))
    model = grown()
    press(9)
    model.fit(TEXTS, TOPICS, checkpoint=path)
    press(0)
    assert bits_of(grown().fit(TEXTS, TOPICS, checkpoint=path)) == expected


OTHERS = {
    "learning_rate_init: 0.001 there, 0.01 here": {"learning_rate_init": 0.01},
    r"hidden_layer_sizes: \[9\] there, \[8\] here": {"hidden_layer_sizes": (8,)},
    "random_state: 0 there, 1 here": {"random_state": 1},
    "random_state: 0 there, None here": {"random_state": None},
    "early_stopping: False there, True here": {"early_stopping": True},
    r"momentum: 0.9 there, 0.5 here; solver: 'adam' there, 'sgd' here": {
        "solver": "sgd",
        "momentum": 0.5,
    },
}


@pytest.mark.parametrize("told", OTHERS)
def test_other_parameters_are_refused_by_name(told, path, press):
    press(9)
    MLPRegressor(**HIDDEN, **SHORT).fit(X, NUMBERS, checkpoint=path)
    press(0)
    before, other = path.read_bytes(), MLPRegressor(**HIDDEN | SHORT | OTHERS[told])
    with pytest.raises(ValueError, match=f"checkpoint .* is of another training: {told}"):
        other.fit(X, NUMBERS, checkpoint=path)
    assert path.read_bytes() == before
    assert not hasattr(other, "coefs_")


def test_other_data_are_refused(path, press):
    press(9)
    model = MLPRegressor(**HIDDEN, **SHORT).fit(X, NUMBERS, checkpoint=path)
    press(0)
    for told, data in {
        "X: other numbers": ((X + 1, NUMBERS),),
        "targets: other numbers": ((X, NUMBERS + 1),),
        "sample weights: none there": ((X, NUMBERS, WEIGHTS),),
        "validation X: none there": ((X, NUMBERS), {"X_val": X, "y_val": NUMBERS}),
        "X: array 150 × 6 float32 there, array 140 × 6 float32 here": ((X[:140], NUMBERS[:140]),),
    }.items():
        arguments, named = data if len(data) == 2 else (data[0], {})
        with pytest.raises(ValueError, match=told):
            clone(model).fit(*arguments, **named, checkpoint=path)


def test_a_scorer_of_other_parameters_is_refused_where_it_differs(path):
    def fit(average):
        scoring = make_scorer(f1_score, average=average)
        model = MLPClassifier((5,), early_stopping=True, scoring=scoring, **SHORT)
        return bits_of(model.fit(X, CLASSES, checkpoint=path))

    assert fit("macro") == fit("macro")
    with pytest.raises(ValueError, match=r"scoring: ….*'macro'.* there, ….*'micro'.* here"):
        fit("micro")


def test_another_estimator_is_refused(path, press):
    fitted("sgd", checkpoint=path)
    with pytest.raises(ValueError, match="estimator: MLPClassifier there, TableClassifier here"):
        TableClassifier().fit(ROWS, CLASSES, checkpoint=path)


def test_what_no_bit_depends_on_may_be_another(path, press):
    expected = bits_of(fitted("adam"))
    press(9)
    fitted("adam", checkpoint=path)
    press(0)
    model, *data = CASES["adam"]()
    model.set_params(n_jobs=2, verbose="bar", engine="machine")
    assert bits_of(model.fit(*data, checkpoint=path)) == expected


@pytest.mark.parametrize("case", ["sgd", "lbfgs"])
def test_more_iterations_go_on(case, path):
    model, *data = CASES[case]()
    longer = clone(model).set_params(max_iter=30)
    expected = bits_of(clone(longer).fit(*data))
    model.set_params(max_iter=4).fit(*data, checkpoint=path)
    assert bits_of(longer.fit(*data, checkpoint=path)) == expected


def test_l_bfgs_asks_for_nothing_twice(path, press):
    press(15)
    first = fitted("lbfgs", checkpoint=path)
    press(0)
    _, arrays = read_document(path, "checkpoint")
    assert len(arrays["snapshot.losses"]) == 15
    again = fitted("lbfgs", checkpoint=path)
    seconds = [epoch.seconds for epoch in again.history_.epochs]
    assert min(seconds) >= 0
    kept = len(first.history_.epochs)
    assert sum(seconds[:kept]) == pytest.approx(first.history_.seconds, rel=0.5)
    _, later = read_document(path, "checkpoint")
    np.testing.assert_array_equal(later["snapshot.gradients"][:15], arrays["snapshot.gradients"])


def test_every_without_a_file_is_refused():
    with pytest.raises(ValueError, match=r"MLPClassifier.fit: expected checkpoint as the name"):
        MLPClassifier().fit(X, CLASSES, checkpoint_every=3)


@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor, TableClassifier])
def test_wrong_options_are_refused_by_their_names(make, path):
    def fit(**options):
        make(max_iter=1).fit(X, CLASSES, **options)

    with pytest.raises(ValueError, match=r"expected a number 0 <= checkpoint_every, got -1"):
        fit(checkpoint=path, checkpoint_every=-1)
    for other in (5, True, Checkpoint(path)):
        with pytest.raises(TypeError, match="checkpoint: expected the name of a file, got"):
            fit(checkpoint=other)
    assert not path.exists()


def test_one_of_many_ends_them_all(path, press):
    """A file is of one training: folds do not share it, and Ctrl-C ends all of them."""
    model = make_pipeline(StandardScaler(), MLPClassifier((9,), **SHORT))
    press(9)
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(model, X, CLASSES, params={"mlpclassifier__checkpoint": path})
    press(0)
    with pytest.raises(ValueError, match=r"X: other numbers|X: array"), warnings.catch_warnings():
        cross_val_score(
            model, X, CLASSES, params={"mlpclassifier__checkpoint": path}, error_score="raise"
        )


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_sigterm_ends_a_fit_as_ctrl_c_does(path, monkeypatch):
    expected = bits_of(fitted("adam"))
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        usual, steps = ReporterTee.stepped, []

        def stepped(self, *args):
            steps.append(args)
            usual(self, *args)
            if len(steps) == 13:
                signal.raise_signal(signal.SIGTERM)

        monkeypatch.setattr(ReporterTee, "stepped", stepped)
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            model = fitted("adam", checkpoint=path)
        assert (model.history_.end, len(steps)) == ("interrupted", 13)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
    assert bits_of(fitted("adam", checkpoint=path)) == expected


# What changes in training is all in a snapshot.

FIXED = {
    "TrainingRun": "chain loss plan data stepper validation reporter watcher writer agree begun "
    "cut whole average scale",
    "History": "engine trouble reason remarks start",  # the latter two are told at the end
    "Average": "share parameters",
    "LossScale": "chain loss samples told",
    "PatientWatcher": "patience",
    "StoppingMonitor": "samples tol patience watched verbose kind power _asked_to_stop",
    "FitRecord": "",
    "OptimizerState": "rule state dtype",  # the stepper has the state
    "Shuffles": "",
    "Guarded": "score",
    "ReporterTee": "",
    "GradientNorms": "chain evaluate",
    "EpochAtWork": "number begun",
}
"""Attributes of what a run holds that stay as they are, or that others keep."""

KEPT = {
    "TrainingRun": "step spent present history parameters good",
    "History": "epochs end kept",
    "Average": "_average",
    "LossScale": "start _weighed first",
    "PatientWatcher": "best best_epoch _mark _marked",
    "StoppingMonitor": "record optimizer follow",
    "FitRecord": "losses best_loss scores best_score validation_losses lowest stale seen start",
    "OptimizerState": "learning_rate",
    "Shuffles": "random_state order epoch",
    "Guarded": "error _works",
    "ReporterTee": "reporter",
    "GradientNorms": "norms reporter",
    "EpochAtWork": "rate runs seconds",
}
"""Those that are in its snapshot: whoever adds one says where it belongs."""


CONSTANT = {
    *("Plan", "Samples", "EpochSamples", "Validation", "Epoch", "Batches", "EngineStepper"),
    *("CheckpointWriter", "EpochLoss", "CurrentRate", "State", "ThreadTuner", "Metric"),
    *("MeanScore", "Patience", "FitJob", "TableJob", "Recipe", "Predictions"),
    *("MLPClassifier", "MLPRegressor", "TableClassifier"),
}
"""Classes of which nothing changes that bits depend on, or that the stepper keeps."""


FORGED = {
    "empty order": ("shuffle.order", np.zeros(0, np.int64), "expected the order of"),
    "order of fewer": ("shuffle.order", np.arange(3), "expected the order of"),
    "no best score": ("watcher.record.best_score", None, "best_score: expected a number, got None"),
    "no losses": ("watcher.record.losses", np.zeros(0), "scores: expected at most one for each"),
}


@pytest.mark.parametrize("told", FORGED)
def test_what_a_stranger_has_changed_is_a_value_error(told, path, press):
    def fit():
        model = MLPClassifier((9,), early_stopping=True, n_iter_no_change=50, **SHORT)
        model.fit(X, CLASSES, checkpoint=path)

    press(20)
    fit()
    press(0)
    document, arrays = read_document(path, "checkpoint")
    values = joined(document, arrays)
    place, value, match = FORGED[told]
    *above, name = place.split(".")
    part = values["snapshot"]
    for each in above:
        part = part[each]
    part[name] = value
    write_document(path, "checkpoint", *separated(values))
    with pytest.raises(ValueError, match=match):
        fit()


def objects_in(value, seen):
    """Yield all objects of chainrule's training and estimators that a value holds."""
    module = type(value).__module__
    if id(value) in seen or not module.startswith(("chainrule.training", "chainrule.estimators")):
        return
    seen[id(value)] = value
    yield value
    for inner in vars(value).values() if hasattr(value, "__dict__") else ():
        yield from objects_in(inner, seen)


@pytest.mark.parametrize("case", ["scoring", "adaptive", "table"])
def test_all_that_changes_is_kept(case, path, press, monkeypatch):
    found, after = [], runs.TrainingRun.ended

    def looked_at(self, work):
        found.append(list(objects_in(self, {})))
        return after(self, work)

    monkeypatch.setattr(runs.TrainingRun, "ended", looked_at)
    fitted(case, checkpoint=path)
    named = {type(each).__name__: each for each in found[-1]}
    assert {"TrainingRun", "Average", "LossScale", "History"} <= set(named)
    for name in set(named) & set(KEPT):
        known = {*FIXED[name].split(), *KEPT[name].split()}
        assert set(vars(named[name])) == known, name
    others = {name for name, each in named.items() if name not in KEPT and not frozen(each)}
    assert others <= CONSTANT, "what of these changes in training?"


def frozen(thing):
    return is_dataclass(thing) and type(thing).__dataclass_params__.frozen


MADE = [
    FitRecord([0.5, np.nan], 0.5, [0.1], -np.inf, [0.7], 0.7, 3, 450, 2.0),
    FitRecord(),
    PatientWatcher(None),
    Guarded(len),
]


@pytest.mark.parametrize("made", MADE, ids=lambda made: type(made).__name__)
def test_what_is_restored_is_what_was(made):
    other = copy.copy(made)
    for name in KEPT[type(made).__name__].split():
        setattr(other, name, "another")
    other.restore(Reader(joined(*separated(made.snapshot()))))
    assert repr(vars(other)) == repr(vars(made))

"""What a prompt and a notebook show of each object that a user gets: words and small tables."""

import copy
import inspect
import pickle
import re
import warnings

import numpy as np
import pandas
import pytest
from sklearn.exceptions import ConvergenceWarning

import chainrule
from chainrule import (
    Adam,
    Chain,
    Classifier,
    CrossEntropy,
    Epoch,
    GradientNorms,
    GradientNormsDisplay,
    History,
    LearningCurveDisplay,
    Linear,
    MLPClassifier,
    Plan,
    Predictor,
    ProgressBar,
    Regressor,
    Softmax,
    WeightsDisplay,
    check_gradients,
    notation,
)
from chainrule.checking.report import Entry, Report
from chainrule.data import Column, Images, Table, load_builtin, read_source
from chainrule.inputs.images import Images as ImageInputs
from chainrule.inputs.rows import Rows
from chainrule.inputs.tables import TableEncoder
from chainrule.targets.classes import Classes
from chainrule.targets.numbers import Numbers
from test_display import Cells

LONG = 30_000
"""Numbers that an object may hold; none of its texts is so long."""


def epochs(count, **more):
    return [Epoch(k, 1 / k, 0.001, 0.25, **more) for k in range(1, count + 1)]


HISTORY = History(epochs(40, validation_loss=0.5, validation_score=0.75), "validation", kept=12)
REPORT = Report(
    (
        Entry("dW0", (64, 10), 50, 0, 3.2e-11, (4, 2), 0.25, 0.25, True),
        Entry("dX", (5, 64), 40, 2, 0.5, (0, 1), 0.125, 0.0625, False),
    ),
    1e-7,
)
GOLDEN = [
    (
        HISTORY,
        """\
epoch     loss  validation loss  score  learning rate  seconds
    1        1              0.5   0.75          0.001     0.25
    2      0.5              0.5   0.75          0.001     0.25
    3   0.3333              0.5   0.75          0.001     0.25
    4     0.25              0.5   0.75          0.001     0.25
    5      0.2              0.5   0.75          0.001     0.25
    …
   12  0.08333              0.5   0.75          0.001     0.25  kept
    …
   36  0.02778              0.5   0.75          0.001     0.25
   37  0.02703              0.5   0.75          0.001     0.25
   38  0.02632              0.5   0.75          0.001     0.25
   39  0.02564              0.5   0.75          0.001     0.25
   40    0.025              0.5   0.75          0.001     0.25
stopped after 40 epochs, kept the best, epoch 12, 10 s""",
    ),
    (
        History(),
        "ran 0 epochs, 0 s",
    ),
    (
        History(epochs(1), kept=1),
        """\
epoch  loss  learning rate  seconds
    1     1          0.001     0.25  kept
ran 1 epoch, 0.25 s""",
    ),
    (
        HISTORY.epochs[2],
        "epoch 3: loss 0.3333, validation loss 0.5, score 0.75, learning rate 0.001, seconds 0.25",
    ),
    (
        REPORT,
        """\
array  checked                largest error  at     backprop  finite difference
dW0    50 of 640              3.2e-11        [4,2]  +0.25     +0.25              right
dX     40 of 320, 2 at kinks  5.0e-01        [0,1]  +0.125    +0.0625            WRONG
WRONG: tolerance 1e-07""",
    ),
    (
        REPORT.entries[0],
        """\
array  checked    largest error  at     backprop  finite difference
dW0    50 of 640  3.2e-11        [4,2]  +0.25     +0.25              right""",
    ),
    (
        notation.parse("Y[n,o] = X[n,i] W[i,o] + b[o]"),
        "Line('Y[n,o] = X[n,i] W[i,o] + b[o]')",
    ),
    (
        notation.parse("Y[n] = -1/2 X[n,2*i]").terms[0],
        "Term([n]: -1/2 X[n,2*i])",
    ),
    (
        notation.parse("Y[n] = X[n,2*i]").terms[0].factors[0],
        "Factor('X[n,2*i]')",
    ),
    (
        Plan(),
        "Plan()",
    ),
    (
        Plan(Adam(0.01), epochs=5, patience=None),
        (
        "Plan(optimizer=Adam(learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-08, "
        "uncorrected_epsilon=False), epochs=5, patience=None)"
    ),
    ),
    (
        Table(("a", "b"), (["1", "2"], ["x", "yes"])),
        "a  b\n1  x\n2  yes\n2 rows, 2 columns",
    ),
    (
        Table((), ()),
        "0 rows, 0 columns",
    ),
    (
        Column("a", [str(k) for k in range(LONG)]),
        "Column('a': '0', '1', '2', '3', … 30,000 in all)",
    ),
    (
        Images(np.zeros((9, 3, 4, 5), np.uint8), ["cat"] * 9, [], []),
        (
        "Images(X=uint8 (9, 3, 4, 5), labels=['cat', 'cat', 'cat', 'cat', … 9 in all], "
        "paths=[], notes=[])"
    ),
    ),
    (
        Rows(2, ("a", "b")),
        "Rows(count=2, names=('a', 'b'))",
    ),
    (
        Rows(LONG, tuple(map(str, range(LONG)))),
        "Rows(count=30000, names=('0', '1', '2', '3', … 30,000 in all))",
    ),
    (
        Classes(np.arange(LONG)),
        "Classes(labels=[0, 1, 2, 3, … 30,000 in all])",
    ),
    (
        Classes(np.array(["no", "yes"]), name="kept"),
        "Classes(labels=['no', 'yes'], name='kept')",
    ),
    (
        Numbers(1, (2.0,), (0.5,)),
        "Numbers(mean=(2.0,), scale=(0.5,))",
    ),
    (
        ImageInputs("nhw", (8, 8), names=tuple(map(str, range(64)))),
        "Images(format='nhw', given=(8, 8), names=('0', '1', '2', '3', … 64 in all))",
    ),
    (
        LearningCurveDisplay([1.0] * 12),
        "LearningCurveDisplay(12 epochs)",
    ),
    (
        GradientNormsDisplay({"W0": [1.0], "W1": [2.0]}),
        "GradientNormsDisplay(W0, W1)",
    ),
    (
        WeightsDisplay(np.zeros((9, 1, 5, 5))),
        "WeightsDisplay(9 × 1 × 5 × 5)",
    ),
    (
        ProgressBar(),
        "ProgressBar()",
    ),
]


@pytest.fixture(scope="module")
def fitted():
    X = np.random.default_rng(0).normal(size=(60, 4))
    frame = pandas.DataFrame({"a": [1, 2.5, None] * 20, "kind": ["x", "y", "z"] * 20})
    table = Regressor(Chain(Linear(2)), complete=True, inputs="table", max_iter=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [
            MLPClassifier(max_iter=2, early_stopping=True).fit(X, np.arange(60) % 3),
            Classifier(Chain(Linear(2)), complete=True, max_iter=2).fit(X, np.arange(60) % 2),
            table.fit(frame, np.arange(60.0)),
        ]


@pytest.mark.parametrize(("value", "text"), GOLDEN, ids=lambda x: type(x).__name__)
def test_it_is_shown_like_this(value, text):
    assert repr(value) == text


def test_a_history_of_few_epochs_is_whole():
    lines = repr(History(epochs(12))).splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == [str(k) for k in range(1, 13)]


def test_a_table_shows_its_first_rows_and_columns():
    data = load_builtin("digits")
    table = read_source("digits").data
    head = repr(table).splitlines()
    assert len(head) == 7
    assert head[0].split() == [*data.feature_names[:8], "…"]
    assert head[-1] == "1,797 rows, 64 columns"
    assert repr(data).startswith("Builtin(name='digits', X=float64 (1797, 64), labels=['0', '1'")
    source = repr(read_source("iris")).splitlines()
    assert source[0] == "Source 'iris', target 'species'"
    assert source[-1] == "150 rows, 4 columns"


def test_long_texts_are_cut():
    long = "a text of\nseveral lines " * 1000
    table = Table(("name", long), ([long, "1"], ["x", "y"]))
    _, first, second, _ = repr(table).splitlines()
    assert first == "a text of several lines a text of sever…  x"
    assert second.split() == ["1", "y"]
    for value in (table, Column("a", [long] * 9), Classes(np.array([long, "b"]))):
        assert len(repr(value)) < 300
        assert "\n" not in repr(value).splitlines()[0]
    encoder = TableEncoder.fit(Table(("kind", "none"), ([long, "b"] * 9, [""] * 18)))
    *_, dropped, counts = repr(encoder).splitlines()
    assert dropped.split() == ["none", "left", "out", "every", "cell", "is", "missing"]
    assert counts == "1 column, 2 features, 1 left out"
    assert len(repr(encoder)) < 350


def test_what_an_estimator_learned_of_a_table(fitted):
    *_, model = fitted
    assert repr(model.inputs_) == """\
column  is          features
a       numbers     (x − 1.75) / 0.75, and whether it is missing
kind    categories  one each: 'x', 'y', 'z'
2 columns, 5 features"""


@pytest.mark.parametrize(
    ("value", "rows"), [(HISTORY, 14), (REPORT, 3), (Table(("a", "<b>"), ([1.0], ["&"])), 2)]
)
def test_a_notebook_shows_the_same_table(value, rows):
    cells = Cells()
    cells.feed(value._repr_html_())
    assert not cells.open
    assert len(cells.rows) == rows
    lines = repr(value).splitlines()[:-1]
    assert [" ".join(row).split() for row in cells.rows] == [line.split() for line in lines]


def test_nothing_that_is_fitted_dumps_its_numbers(fitted):
    for model in fitted:
        for name, value in vars(model).items():
            if not name.startswith("_") and name not in ("coefs_", "intercepts_", "loss_curve_"):
                assert len(repr(value)) < 1000, name
                assert not re.search(r" at 0x|array\(\[\[", repr(value)), name
        assert "Chain" in repr(model.chain_)
        assert type(model).__name__ in model._repr_html_()
        assert repr(model).startswith(type(model).__name__)


def test_recorders_and_predictors_name_their_chain():
    chain = Chain(Linear(2), Softmax()).initialize((3,))
    assert repr(Predictor(chain)) == "Predictor(Chain(Linear(2), Softmax()))"
    X, t = np.zeros((4, 3)), np.array([0, 1, 0, 1])
    assert repr(GradientNorms(chain, CrossEntropy(), X, t)) == "GradientNorms(W0, b0: 0 epochs)"
    assert "all right" in repr(check_gradients(chain.astype(float), CrossEntropy(), X, t))


def test_copies_and_equality_are_as_before():
    for value in (HISTORY, REPORT, Plan(), notation.parse("Y[n] = X[n,i] w[i]"), Rows(2)):
        for other in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
            assert other == value
            assert repr(other) == repr(value)
    assert History(epochs(2)) != History(epochs(3))
    assert Plan() != Plan(epochs=3)


def test_every_public_class_says_what_it_is():
    for name in chainrule.__all__:
        kind = getattr(chainrule, name)
        if inspect.isclass(kind) and not inspect.isabstract(kind):
            assert kind.__repr__ is not object.__repr__ or name == "Reporter"

"""Fits of streams: the bits of memory where a window holds all, and networks where it does not."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.datasets import load_digits

from chainrule import (
    Chain,
    Classifier,
    Conv2d,
    DataStream,
    Flatten,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Regressor,
    ReLU,
    TableClassifier,
    TableRegressor,
    load,
    random,
)
from chainrule.data import write_idx
from chainrule.estimators.streams.preparation import prepare_stream

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N, FEATURES = 3000, 6


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(N, FEATURES)).astype(np.float32)
    return X, X[:, 0] * 2 - X[:, 1]


def parquet(path, X, rows=200, **columns):
    names = {f"x{place}": X[:, place] for place in range(X.shape[1])}
    pq.write_table(pa.table({**names, **columns}), path, row_group_size=rows)
    return path


WINDOW = {"window_rows": 1000, "block_rows": 100}


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_stream_in_one_window_is_trained_on_as_its_rows_in_memory(data, tmp_path, early_stopping):
    X, y = data
    options = {"max_iter": 4, "random_state": 3, "early_stopping": early_stopping}
    labels = np.where(y > 0, "yes", "no")
    path = parquet(tmp_path / "t.parquet", X, label=labels)
    streamed = MLPClassifier(**options).fit(DataStream(path, "label"))
    frame = pd.read_parquet(path)
    known = MLPClassifier(**options).fit(frame.drop(columns="label"), frame["label"])
    np.testing.assert_array_equal(streamed.chain_.parameters.flat, known.chain_.parameters.flat)
    assert streamed.loss_curve_ == known.loss_curve_
    arrays = MLPRegressor(**options).fit(DataStream(X, y)), MLPRegressor(**options).fit(X, y)
    np.testing.assert_array_equal(*(model.chain_.parameters.flat for model in arrays))


def order_by_hand(seed, epoch=1, sizes=(100,) * 30, window=1000):
    """Return the rows in the order of an epoch, by words of Philox and NumPy's sort."""

    def drawn(count, kind, *place):
        counter = np.array([0, *place, *[0] * (2 - len(place)), kind], np.uint64)
        return np.argsort(
            np.random.Philox(key=seed, counter=counter).random_raw(count), kind="stable"
        )

    first = np.cumsum([0, *sizes])
    row = np.concatenate([np.arange(first[b], first[b + 1]) for b in drawn(len(sizes), 6, epoch)])
    windows = [row[start : start + window] for start in range(0, len(row), window)]
    return np.concatenate([w[drawn(len(w), 1, epoch, place)] for place, w in enumerate(windows)])


def test_rows_come_in_the_stated_order(data):
    X, y = data
    stream = DataStream(X, y, **WINDOW)
    options = {"max_iter": 1, "batch_size": 50, "random_state": 7}
    order = order_by_hand(7)
    for shuffle, rows in ((False, slice(None)), (True, order)):
        streamed = MLPRegressor(**options, shuffle=shuffle).fit(stream)
        known = MLPRegressor(**options, shuffle=False).fit(X[rows], y[rows])
        np.testing.assert_array_equal(streamed.chain_.parameters.flat, known.chain_.parameters.flat)
    other = MLPRegressor(**options, n_jobs=2).fit(DataStream(X, y, **WINDOW))
    np.testing.assert_array_equal(streamed.chain_.parameters.flat, other.chain_.parameters.flat)


@pytest.mark.parametrize("kind", ["parquet", "array"])
def test_classes_are_those_of_all_rows(data, tmp_path, kind):
    X, y = data
    labels = np.where(y > 0, "b", "a").astype(object)
    labels[2800:] = "c"  # in the last window alone
    X[2800:] += 5
    stream = DataStream(X, labels.astype(str), **WINDOW)
    if kind == "parquet":
        path = parquet(tmp_path / "t.parquet", X, label=labels)
        stream = DataStream(path, "label", window_rows=1000)
    model = MLPClassifier(max_iter=20, random_state=0).fit(stream)
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert model.score(stream) > 0.95
    known = MLPClassifier(max_iter=20, random_state=0).fit(X, labels)
    assert (model.predict(stream) == known.predict(X)).mean() > 0.97
    np.testing.assert_array_equal(model.predict(stream), model.predict(stream.whole().raw))
    proba = model.predict_proba(stream)
    assert proba.shape == (N, 3)
    assert model.score(stream) == np.mean(model.predict(stream) == labels)


@pytest.mark.parametrize(
    "labels",
    [
        [True, False, True],
        [3, 1, 2],
        [0.0, 1.0, 0.0],
        ["no", "yes", "no"],
        ["2", "10", "2"],
        [None, None, None],
    ],
)
def test_classes_have_the_type_that_they_have_in_memory(data, tmp_path, labels):
    X, _ = data
    drawn = [labels[x] for x in np.random.default_rng(0).integers(0, 3, N)]
    if labels[0] is None:  # categories of pandas
        drawn = pd.Categorical(np.where(X[:, 0] > 0, "b", "a"))
    path = parquet(tmp_path / "t.parquet", X, label=pd.Series(drawn))
    streamed = MLPClassifier(max_iter=1).fit(DataStream(path, "label", window_rows=1000))
    known = MLPClassifier(max_iter=1).fit(DataStream(path, "label"))
    assert streamed.classes_.dtype == known.classes_.dtype
    np.testing.assert_array_equal(streamed.classes_, known.classes_)
    assert streamed.predict(DataStream(path)).dtype == known.predict(DataStream(path)).dtype


def test_several_numbers_a_row(data, tmp_path):
    X, y = data
    path = parquet(tmp_path / "t.parquet", X, one=y, two=-y)
    stream = DataStream(path, ["one", "two"], window_rows=1000)
    model = MLPRegressor(max_iter=30, random_state=0).fit(stream)
    assert model.score(stream) > 0.95
    assert model.predict(stream).shape == (N, 2)


def test_targets_are_scaled_by_all_rows(data):
    X, y = data
    y = 1000 * y + np.linspace(0, 5000, N)
    stream = DataStream(X, y, **WINDOW)
    chain = Chain(Linear(20), ReLU(), Linear(1))
    model = Regressor(chain, scale_target=True, max_iter=2, random_state=0).fit(stream)
    assert model.targets_.mean[0] == pytest.approx(y.mean(), rel=1e-12)
    assert model.targets_.scale[0] == pytest.approx(y.std(), rel=1e-12)
    counts = np.abs(y).round()
    poisson = Regressor(
        chain, loss="poisson", complete=True, scale_target=True, max_iter=1, random_state=0
    ).fit(DataStream(X, counts, **WINDOW))
    assert poisson.targets_.scale[0] == pytest.approx(counts.mean(), rel=1e-12)


def test_rows_set_aside_are_drawn_from_all_and_not_trained_on(data):
    X, y = data
    stream = DataStream(X, y, **WINDOW)
    job = prepare_stream(MLPRegressor(early_stopping=True, random_state=5), stream, None)
    _, held_out = job.parts()
    rows = random.choice(N, 300, 5, random.Stream.SPLITTING)
    np.testing.assert_array_equal(held_out.X, X[rows])
    np.testing.assert_array_equal(held_out.t[:, 0], y[rows])
    blocks = range(len(job.blocks.sizes))
    trained = np.concatenate([part.X for block in blocks for part in job.blocks.read(block)])
    np.testing.assert_array_equal(trained, np.delete(X, rows, axis=0))
    assert sum(job.blocks.sizes) == len(trained) == N - 300
    kept = np.delete(np.arange(N), rows)
    for block, sample in ((0, 0), (11, 40), (29, 5)):
        row = kept[sum(job.blocks.sizes[:block]) + sample]
        assert job.blocks.place(block, sample) == f"row {row} of X"


def test_a_validation_set_is_no_larger_than_a_window(data):
    stream = DataStream(*data, window_rows=200, block_rows=100)
    model = MLPRegressor(early_stopping=True, validation_fraction=0.5, max_iter=2, random_state=0)
    _, held_out = prepare_stream(model, stream, None).parts()
    assert len(held_out) == 200
    model.fit(stream)
    assert len(model.validation_scores_) == 2
    few = data[0][:50], data[1][:50]
    given = MLPRegressor(max_iter=2, random_state=0).fit(stream, X_val=few[0], y_val=few[1])
    assert len(given.validation_loss_curve_) == 2
    own = MLPRegressor(max_iter=2, random_state=0).fit(stream, X_val=DataStream(*few))
    assert own.validation_loss_curve_ == given.validation_loss_curve_


def test_weights_of_rows_and_of_classes(data):
    X, y = data
    labels = (y > 2).astype(int)
    weights = np.linspace(0.5, 2, N)
    options = {"max_iter": 2, "shuffle": False, "batch_size": 50, "random_state": 0}
    for class_weight in (None, "balanced", {0: 0.5, 1: 3.0}):
        model = Classifier(
            Chain(Linear(5), ReLU()), complete=True, class_weight=class_weight, **options
        )
        streamed = model.fit(DataStream(X, labels, **WINDOW), sample_weight=weights).loss_curve_
        known = model.fit(X, labels, sample_weight=weights).loss_curve_
        assert streamed == pytest.approx(known, rel=1e-5)


def test_a_fit_that_goes_on_counts_the_classes_of_all_rows(data):
    X, _ = data
    labels = (X[:, 0] > 0.9).astype(int)
    labels[-1] = 2  # in the last block
    stream = DataStream(X, labels, **WINDOW)
    options = {"max_iter": 1, "shuffle": False, "batch_size": 50, "random_state": 0}
    model = MLPClassifier((3,), warm_start=True, **options)
    known = MLPClassifier((3,), warm_start=True, **options)
    for class_weight in (None, "balanced"):
        streamed = model.set_params(class_weight=class_weight).fit(stream).loss_curve_
        whole = known.set_params(class_weight=class_weight).fit(X, labels).loss_curve_
        assert streamed == pytest.approx(whole, rel=1e-5)
    with pytest.raises(ValueError, match=r"got \[0 1 2\], `y` has \[0 1\]"):
        model.fit(DataStream(X, np.minimum(labels, 1), **WINDOW))


@pytest.mark.parametrize("method", ["jacobian", "input_gradient", "check_gradients"])
def test_what_takes_rows_in_memory_says_so(data, method):
    stream = DataStream(*data, **WINDOW)
    model = MLPRegressor(max_iter=1, random_state=0).fit(stream)
    with pytest.raises(TypeError, match="expected rows in memory, such as stream"):
        getattr(model, method)(stream)
    with pytest.raises(TypeError, match="expected rows in memory"):
        np.asarray(stream)


@pytest.mark.parametrize("window_rows", [1000, N])
def test_weights_may_be_a_column(data, tmp_path, window_rows):
    X, y = data
    weights = np.linspace(0.5, 2, N)
    path = parquet(tmp_path / "t.parquet", X, w=weights, price=y)
    stream = DataStream(path, "price", window_rows=window_rows)
    without = parquet(tmp_path / "u.parquet", X, price=y)
    other = DataStream(without, "price", window_rows=window_rows)
    options = {"max_iter": 2, "random_state": 0, "early_stopping": True}
    one = MLPRegressor(**options).fit(stream, sample_weight="w")
    same = MLPRegressor(**options).fit(other, sample_weight=weights)
    np.testing.assert_array_equal(one.chain_.parameters.flat, same.chain_.parameters.flat)
    assert one.feature_names_in_.tolist() == [f"x{place}" for place in range(FEATURES)]
    table = TableRegressor(**{**TABLE, "max_iter": 2}).fit(stream, sample_weight="w")
    assert "w" not in table.feature_names_in_
    with pytest.raises(ValueError, match="no column 'v' among 'x0', 'x1'"):
        MLPRegressor().fit(stream, sample_weight="v")


def test_labels_of_which_any_may_hold(data):
    X, _ = data
    labels = (X[:, :3] > 0).astype(int)
    stream = DataStream(X, labels, **WINDOW)
    model = MLPClassifier(max_iter=20, random_state=0).fit(stream)
    assert model.predict(stream).shape == (N, 3)
    assert model.score(stream) > 0.9


def test_label_smoothing_counts_in_training_and_not_in_validation(data):
    X, y = data
    stream = DataStream(X, (y > 0).astype(int), **WINDOW)
    model = MLPClassifier(label_smoothing=0.2, early_stopping=True, random_state=0)
    job = prepare_stream(model, stream, None)
    _, held_out = job.parts()
    assert set(np.unique(held_out.t)) == {False, True}
    first = next(job.blocks.read(0))
    np.testing.assert_allclose(np.unique(first.t), [0.1, 0.9])


def test_partial_fit_goes_on_over_a_stream(data):
    X, y = data
    stream = DataStream(X, (y > 0).astype(int), **WINDOW)
    model = MLPClassifier(random_state=0)
    with pytest.raises(ValueError, match="classes must be passed"):
        model.partial_fit(stream)
    for _ in range(8):
        model.partial_fit(stream, classes=[0, 1])
    assert model.t_ == 8 * N
    assert model.score(stream) > 0.9
    unknown = DataStream(X, np.full(N, 2), **WINDOW)
    with pytest.raises(ValueError, match="classes not in"):
        model.partial_fit(unknown)


def test_images_of_idx_files_are_standardised_by_all_of_them(tmp_path):
    digits = load_digits()
    images = digits.images.astype(np.uint8)
    images[1500:] += 7  # other than the first ones
    write_idx(tmp_path / "train-images-idx3-ubyte", images)
    write_idx(tmp_path / "train-labels-idx1-ubyte", digits.target.astype(np.uint8))
    stream = DataStream(tmp_path, window_rows=600, block_rows=50)
    chain = Chain(Conv2d(8, 3, padding=1), ReLU(), Flatten())
    model = Classifier(
        chain, complete=True, inputs="images", max_iter=15, learning_rate_init=0.005, random_state=0
    ).fit(stream)
    assert model.inputs_.scaling.mean[0] == pytest.approx(images.mean(), rel=1e-12)
    assert model.inputs_.scaling.scale[0] == pytest.approx(images.std(), rel=1e-12)
    assert model.score(stream) > 0.95
    assert model.score(images, digits.target) == model.score(stream)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"solver": "lbfgs"}, r"expected a solver that takes steps .* got solver='lbfgs'"),
        ({"batch_size": 1500}, None),
    ],
)
def test_what_needs_all_rows_is_refused(data, change, message):
    model = MLPRegressor(max_iter=1, **change)
    if message is None:  # a window then has a batch
        model.fit(DataStream(*data, **WINDOW))
        return
    with pytest.raises(ValueError, match=message):
        model.fit(DataStream(*data, **WINDOW))


def test_a_stream_has_answers_of_its_own_or_is_given_some(data, tmp_path):
    X, y = data
    path = parquet(tmp_path / "t.parquet", X, price=y)
    without = DataStream(path, window_rows=1000)
    with pytest.raises(ValueError, match=r"expected a stream with answers, such as DataStream"):
        MLPRegressor().fit(without)
    model = MLPRegressor(max_iter=3, random_state=0).fit(without, "price")
    own = MLPRegressor(max_iter=3, random_state=0).fit(DataStream(path, "price", window_rows=1000))
    np.testing.assert_array_equal(model.chain_.parameters.flat, own.chain_.parameters.flat)
    assert model.score(without) == own.score(DataStream(path, "price"))  # the column of training
    for both in (MLPRegressor(), TableRegressor(**TABLE)):  # the old column would be a feature
        with pytest.raises(ValueError, match=r"expected no y beside DataStream.* has its answers"):
            both.fit(DataStream(path, "price", window_rows=1000), y)
    assert model.feature_names_in_.tolist() == [f"x{place}" for place in range(FEATURES)]
    with pytest.raises(ValueError, match=r"expected sample_weight as an array of 3,000 numbers"):
        MLPRegressor().fit(without, "price", sample_weight=[1, 2])


def test_a_wrong_number_is_named_with_its_row_and_nothing_is_lost(data, tmp_path, monkeypatch):
    X, y = data
    monkeypatch.setattr("chainrule.estimators.streams.preparation.HEAD", 100)
    model = MLPRegressor(max_iter=1, random_state=0).fit(X, y)
    before = model.chain_.parameters.flat.copy()
    X[2345, 1] = np.nan
    path = parquet(tmp_path / "t.parquet", X, price=y)
    with pytest.raises(
        ValueError,
        match=r"MLPRegressor: expected finite X, got nan in sample 145 at \(1\); sample 0 is row "
        r"2200 of t.parquet",
    ):
        model.fit(DataStream(path, "price", window_rows=1000))
    np.testing.assert_array_equal(model.chain_.parameters.flat, before)
    labels = np.where(y > 0, "yes", "no").astype(object)
    labels[1111] = None
    path = parquet(tmp_path / "t.parquet", data[0], label=labels)
    with pytest.raises(ValueError, match=r"'label', row 1111 of t.parquet: expected a value, got"):
        MLPClassifier().fit(DataStream(path, "label", window_rows=1000))


LIMITED = """
import sys
from pathlib import Path
import numpy as np
from chainrule import DataStream, MLPClassifier

def peak():
    (line,) = (x for x in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in x)
    return int(line.split()[1]) / 1000

options = {"max_iter": 2, "batch_size": 500, "random_state": 0, "n_jobs": 1}
few = np.random.default_rng(0).random((1000, 100), np.float32)
MLPClassifier((16,), **options).fit(few, few[:, 0] > 0.5)  # what there is for any training
stream = DataStream(*sys.argv[1:], window_rows=20_000)
before = peak()
model = MLPClassifier((16,), **options).fit(stream)
print(len(stream), model.loss_curve_[-1], model.n_iter_, peak() - before)
"""


def written_rows(tmp_path, kind, rows, columns, group):
    """Write groups of the same rows and their classes; return what a stream is made of."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=columns).astype(np.float32)
    part = rng.random((group, columns), dtype=np.float32) - 0.5
    labels = (part @ weights > 0).astype(np.int64)
    if kind == "npy":
        X = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", np.float32, (rows, columns))
        y = np.lib.format.open_memmap(tmp_path / "y.npy", "w+", np.int64, (rows,))
        for start in range(0, rows, group):
            X[start : start + group], y[start : start + group] = part, labels
        return tmp_path / "X.npy", tmp_path / "y.npy"
    names = [f"x{place}" for place in range(columns)]
    schema = pa.schema([*((name, pa.float32()) for name in names), ("y", pa.int64())])
    with pq.ParquetWriter(
        tmp_path / "t.parquet", schema, compression="none", use_dictionary=False
    ) as file:
        table = pa.table([*part.T.copy(), labels], schema=schema)
        for _ in range(rows // group):
            file.write_table(table)
    return tmp_path / "t.parquet", "y"


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="Linux tells the peak")
@pytest.mark.parametrize("kind", ["parquet", "npy"])
def test_more_is_trained_on_than_memory_is_taken_for(tmp_path, kind):
    rows, most = (500_000, 150) if kind == "parquet" else (250_000, 50)
    path, answers = written_rows(tmp_path, kind, rows, 100, 50_000)
    assert os.path.getsize(path) >= 400 * rows  # 200 MB, and 100 MB
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LIMITED, path, answers],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    count, loss, epochs, more = done.stdout.split()
    assert (int(count), int(epochs)) == (rows, 2)
    assert float(loss) < 0.4
    assert float(more) < most  # MB, of which two windows are 16


@pytest.fixture
def sales():
    rng = np.random.default_rng(4)
    n = 6000
    frame = pd.DataFrame(
        {
            "area": rng.lognormal(3, 0.5, n),
            "rooms": rng.integers(1, 9, n),
            "city": rng.choice(["Rome", "Bonn", "Oslo"], n),
            "sold": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 999, n), "D"),
            "garden": np.where(rng.random(n) < 0.2, None, rng.choice(["yes", "no"], n)),
            "key": [f"k{x}" for x in rng.permutation(n)],
        }
    )
    frame["price"] = np.log(frame["area"]) * 3 + frame["rooms"] + (frame["city"] == "Rome") * 4.0
    frame["price"] += rng.normal(0, 0.3, n)
    frame["dear"] = np.where(frame["price"] > frame["price"].median(), "yes", "no")
    return frame


TABLE = {"max_iter": 6, "hidden_layer_sizes": (16,), "members": 2, "random_state": 0}


def test_tables_are_fitted_to_streams(sales, tmp_path):
    sales.drop(columns="dear").to_parquet(tmp_path / "t.parquet", row_group_size=500)
    stream = DataStream(tmp_path / "t.parquet", "price", window_rows=2000)
    with pytest.warns(UserWarning, match="left out, a different value in each row: 'key'"):
        streamed = TableRegressor(**TABLE).fit(stream)
    with pytest.warns(UserWarning, match="left out, a different value in each row: 'key'"):
        known = TableRegressor(**TABLE).fit(sales.drop(columns=["price", "dear"]), sales["price"])
    assert streamed.score(stream) > known.score(stream) - 0.02 > 0.9
    kinds = [[line.partition(",")[0] for line in each.columns_] for each in (streamed, known)]
    assert kinds[0] == kinds[1]
    assert streamed.feature_names_in_.tolist() == known.feature_names_in_.tolist()
    out = random.choice(6000, 1200, 0, random.Stream.SPLITTING)
    y = np.delete(sales["price"].to_numpy(), out)
    assert streamed.targets_.mean[0] == pytest.approx(sales["price"].mean(), rel=1e-12)
    assert len(streamed.validation_scores_) == streamed.n_iter_
    assert len(y) == 4800
    rows = sales.drop(columns=["price", "dear"])
    np.testing.assert_allclose(streamed.predict(stream), streamed.predict(rows), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:left out")
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_classes_of_tables_and_their_probabilities(sales, tmp_path, class_weight):
    sales.drop(columns="price").to_parquet(tmp_path / "t.parquet", row_group_size=500)
    stream = DataStream(tmp_path / "t.parquet", window_rows=2000)
    model = TableClassifier(class_weight=class_weight, label_smoothing=0.05, **TABLE)
    model.fit(stream, target="dear")
    assert model.score(stream) > 0.85
    assert model.classes_.tolist() == ["no", "yes"]
    proba = model.predict_proba(stream)
    rows = sales.drop(columns=["price", "dear"])
    np.testing.assert_allclose(proba, model.predict_proba(rows), rtol=1e-5, atol=1e-6)
    model.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(load(tmp_path / "m.safetensors").predict_proba(stream), proba)


@pytest.mark.filterwarnings("ignore:left out")
def test_a_table_in_one_window_is_fitted_as_in_memory(sales, tmp_path):
    sales.drop(columns="dear").to_parquet(tmp_path / "t.parquet", row_group_size=500)
    options = {**TABLE, "max_iter": 2}
    frame = pd.read_parquet(tmp_path / "t.parquet")
    known = TableRegressor(**options).fit(frame, target="price")
    options["random_state"] = np.random.RandomState(0)
    drawn = TableRegressor(**options).fit(frame, target="price")
    for expected, checkpoint in ((known, None), (known, tmp_path / "kept"), (drawn, None)):
        options["random_state"] = np.random.RandomState(0) if expected is drawn else 0
        stream = DataStream(tmp_path / "t.parquet", "price")
        streamed = TableRegressor(**options).fit(stream, checkpoint=checkpoint)
        flat = expected.chain_.parameters.flat
        np.testing.assert_array_equal(streamed.chain_.parameters.flat, flat)
        assert streamed.inputs_ == expected.inputs_


def test_arrays_are_tables_too(data):
    X, y = data
    stream = DataStream(X, y, **WINDOW)
    model = TableRegressor(**TABLE).fit(stream)
    assert model.score(stream) > 0.9
    np.testing.assert_allclose(model.predict(X), model.predict(stream), rtol=1e-5, atol=1e-6)
    assert model.inputs_.raw_names == tuple(f"x{place}" for place in range(FEATURES))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"y": "price", "target": "price"}, "expected y, or target='price' .* got both"),
    ],
)
def test_what_a_table_cannot_have_of_a_stream_is_refused(sales, tmp_path, options, message):
    sales.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=message):
        TableRegressor().fit(DataStream(tmp_path / "t.parquet"), **options)


def test_the_inputs_of_a_chain_may_be_a_streamed_table(sales, tmp_path):
    sales.drop(columns=["dear", "key"]).to_parquet(tmp_path / "t.parquet", row_group_size=500)
    stream = DataStream(tmp_path / "t.parquet", "price", window_rows=2000)
    model = Regressor(
        Chain(Linear(16), ReLU()), complete=True, inputs="table", max_iter=20, random_state=0
    ).fit(stream)
    area = next(column for column in model.inputs_.columns if column.name == "area")
    assert area.mean == pytest.approx(sales["area"].mean(), rel=1e-9)
    assert model.score(stream) > 0.9


def test_photos_are_decoded_as_their_turn_comes(tmp_path, monkeypatch):
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    for number in range(60):
        kind = tmp_path / "photos" / ("dark", "light")[number % 2]
        kind.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 120, (30, 40, 3)) + 130 * (number % 2)
        image.fromarray(pixels.astype(np.uint8)).save(kind / f"{number:02}.png")
    stream = DataStream(tmp_path / "photos", window_rows=20, image_size=(12, 16))
    assert (len(stream), set(stream.sizes)) == (60, {1})
    assert repr(stream).endswith("photos: 60 rows in 60 blocks)")
    assert stream.place(31, 0) == "image 'light/03.png'"
    chain = Chain(Flatten(), Linear(8), ReLU())
    options = {"max_iter": 8, "batch_size": 10, "random_state": 0}
    model = Classifier(chain, complete=True, **options).fit(stream)
    assert model.classes_.tolist() == ["dark", "light"]
    assert model.score(stream) == 1.0
    known = Classifier(chain, complete=True, image_size=(12, 16), **options)
    known.fit(tmp_path / "photos")
    assert model.inputs_.scaling.mean == pytest.approx(known.inputs_.scaling.mean, rel=1e-12)
    assert model.inputs_.scaling.scale == pytest.approx(known.inputs_.scaling.scale, rel=1e-12)
    whole = DataStream(tmp_path / "photos", image_size=(12, 16))
    same = Classifier(chain, complete=True, **options).fit(whole)
    np.testing.assert_array_equal(same.chain_.parameters.flat, known.chain_.parameters.flat)
    (tmp_path / "photos" / "dark" / "00.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"00.png: expected an image, got a damaged or other file"):
        DataStream(tmp_path / "photos")


def test_a_fit_of_a_stream_goes_on_from_its_checkpoint(data, tmp_path):
    stream = DataStream(*data, **WINDOW)
    kept = {"checkpoint": tmp_path / "t.checkpoint", "checkpoint_every": 0}
    options = {"random_state": 3, "early_stopping": True}
    MLPRegressor(max_iter=2, **options).fit(stream, **kept)
    gone_on = MLPRegressor(max_iter=5, **options).fit(stream, **kept)
    straight = MLPRegressor(max_iter=5, **options).fit(stream)
    np.testing.assert_array_equal(gone_on.chain_.parameters.flat, straight.chain_.parameters.flat)
    assert gone_on.loss_curve_ == straight.loss_curve_
    table = {**TABLE, "max_iter": 2}
    kept["checkpoint"] = tmp_path / "table.checkpoint"
    first = TableRegressor(**table).fit(stream, **kept)
    again = TableRegressor(**table).fit(stream, **kept)
    np.testing.assert_array_equal(first.chain_.parameters.flat, again.chain_.parameters.flat)


@pytest.mark.parametrize("what", ["X", "answers", "weights"])
def test_a_checkpoint_knows_all_blocks(data, tmp_path, what):
    parts = {"X": data[0], "answers": data[1], "weights": np.ones(len(data[0]))}

    def fit(parts, **kept):
        stream = DataStream(parts["X"], parts["answers"], **WINDOW)
        return MLPRegressor(max_iter=1, random_state=0).fit(
            stream, sample_weight=parts["weights"], checkpoint=tmp_path / "t.checkpoint", **kept
        )

    first = fit(parts)
    assert fit({name: part.copy() for name, part in parts.items()}).loss_curve_ == first.loss_curve_
    named = {"X": "all rows of X", "answers": "all answers", "weights": "all sample weights"}[what]
    for row in range(0, len(data[0]), 100):  # one of each block
        other = parts[what].copy()
        other[row] += 0.5
        with pytest.raises(ValueError, match=f"of another training: .*{named}: other numbers here"):
            fit({**parts, what: other})


def test_a_checkpoint_knows_all_files(data, tmp_path):
    X, y = data

    def fit(folder):
        stream = DataStream(folder, "price", window_rows=1000)
        model = MLPRegressor(max_iter=1, random_state=0)
        return model.fit(stream, checkpoint=tmp_path / "t.checkpoint")

    for folder in ("one", "copy"):
        (tmp_path / folder).mkdir()
        for number in range(3):
            rows = slice(1000 * number, 1000 * number + 1000)
            parquet(tmp_path / folder / f"{number}.parquet", X[rows], price=y[rows])
    first = fit(tmp_path / "one")
    assert fit(tmp_path / "copy").loss_curve_ == first.loss_curve_
    for number in range(3):
        rows = slice(1000 * number, 1000 * number + 1000)
        path = tmp_path / "copy" / f"{number}.parquet"
        before = path.read_bytes()
        parquet(path, X[rows][::-1], price=y[rows][::-1])
        with pytest.raises(ValueError, match=rf"all rows of {number}.parquet \({number + 1}\): "):
            fit(tmp_path / "copy")
        path.write_bytes(before)


@pytest.mark.parametrize("window_rows", [700, None])
@pytest.mark.parametrize("wrong", [np.inf, np.nan])
def test_a_wrong_row_is_named_with_its_file(data, tmp_path, window_rows, wrong):
    X, y = data[0].copy(), data[1]
    whole = X.copy()
    X[1317, 2] = wrong
    for folder, rows in (("good", whole), ("bad", X)):
        (tmp_path / folder).mkdir()
        for number in range(3):
            some = slice(1000 * number, 1000 * number + 1000)
            parquet(tmp_path / folder / f"{number}.parquet", rows[some], price=y[some])
    good = DataStream(tmp_path / "good", "price", window_rows=window_rows)
    bad = DataStream(tmp_path / "bad", "price", window_rows=window_rows)
    place = r"column 'x2', row 317 of 1.parquet: expected a finite number, got"
    model = MLPRegressor(random_state=0, max_iter=1)
    for call in (model.fit, model.fit(good).predict):
        with pytest.raises(ValueError, match=place):
            call(bad)
    arrays = DataStream(X, y, window_rows=window_rows)
    unnamed = MLPRegressor(random_state=0, max_iter=1)
    for call in (unnamed.fit, unnamed.fit(DataStream(whole, y)).predict):
        with pytest.raises(ValueError, match=r"got (nan|inf) in row 1317 of X, column 2$"):
            call(arrays)
    if np.isnan(wrong):  # which tables take
        return
    table = TableRegressor(**{**TABLE, "max_iter": 1})
    for call in (table.fit, table.fit(good).predict):
        with pytest.raises(ValueError, match=r"column 'x2', row 317 of 1.parquet: expected"):
            call(bad)
    table.fit(DataStream(whole, y))
    with pytest.raises(ValueError, match=r"got inf in row 1317 of X, column 2$"):
        table.predict(arrays)


def test_an_empty_answer_is_named_with_its_file(data, tmp_path):
    X, y = data
    labels = np.where(y > 0, "yes", "no").astype(object)
    labels[2111] = None
    for number in range(3):
        some = slice(1000 * number, 1000 * number + 1000)
        parquet(tmp_path / f"{number}.parquet", X[some], label=labels[some])
    for window_rows in (1000, None):
        stream = DataStream(tmp_path, "label", window_rows=window_rows)
        for model in (MLPClassifier(), TableClassifier(**TABLE)):
            with pytest.raises(ValueError, match=r"target 'label', row 111 of 2.parquet: expected"):
                model.fit(stream)


def test_a_score_weighs_by_a_column(data, tmp_path):
    X, y = data
    weights = np.random.default_rng(0).integers(1, 9, len(X))
    path = parquet(tmp_path / "t.parquet", X, price=y, weight=weights)
    stream = DataStream(path, "price", window_rows=1000)
    rows = stream.without("weight")
    for model in (MLPRegressor(random_state=0, max_iter=1), TableRegressor(**TABLE)):
        model.fit(stream, sample_weight="weight")
        weighed = model.score(stream, sample_weight="weight")
        assert weighed == model.score(rows, sample_weight=weights) != model.score(rows)
    with pytest.raises(ValueError, match=r"no column 'mass' among"):
        model.score(stream, sample_weight="mass")
    with pytest.raises(ValueError, match=r"expected sample_weight as an array .*, got 'weight'"):
        model.score(pd.DataFrame(X), y, sample_weight="weight")


def test_a_checkpoint_among_the_rows_is_refused(data, tmp_path):
    X, y = data
    parquet(tmp_path / "t.parquet", X, price=y)
    stream = DataStream(tmp_path, "price", window_rows=1000)
    for model in (MLPRegressor(random_state=0, max_iter=1), TableRegressor(**TABLE)):
        with pytest.raises(ValueError, match=r"run.safetensors: expected a file outside of "):
            model.fit(stream, checkpoint=tmp_path / "run.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]
    model = MLPRegressor(random_state=0, max_iter=1).fit(stream, checkpoint=tmp_path / "_run")
    assert (tmp_path / "_run").is_file()
    assert len(DataStream(tmp_path, "price")) == len(X)

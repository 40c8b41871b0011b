"""A training that goes on from a checkpoint ends with the bits of one that was not interrupted."""

import errno
import os
import signal
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
from scipy import sparse

from chainrule import (
    BatchNorm,
    Chain,
    Conv2d,
    CrossEntropy,
    Dropout,
    EmbeddingBag,
    Flatten,
    Linear,
    MeanSquaredError,
    ModelFileError,
    Softmax,
    Tanh,
)
from chainrule.files import atomic
from chainrule.files.documents import read_document, write_document
from chainrule.training import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    Checkpoint,
    Cosine,
    Flip,
    GradientNorms,
    Noise,
    Patience,
    Plan,
    RMSProp,
    TrainingDivergedError,
    WarmUp,
    checkpoint_writer,
    r_squared,
    train,
)
from chainrule.training.engine_stepper import EngineStepper
from training.recorder import Recorder

LOSS = CrossEntropy()
rng = np.random.default_rng(0)
X, t = rng.normal(size=(53, 6)), np.arange(53) % 3
HELD_OUT = rng.normal(size=(17, 6)), np.arange(17) % 3
IMAGES = rng.normal(size=(53, 2, 6, 5))
COUNTS = sparse.random_array((53, 40), density=0.1, format="csr", rng=1)
WEIGHTS = rng.uniform(0.5, 2, 53)
PLAN = {"batch_size": 10, "patience": None}
"""Six steps in an epoch, the last on three samples."""


def rows(dtype=np.float64):
    return Chain(Linear(5), Tanh(), Linear(3), Softmax()).initialize(X, seed=1, dtype=dtype)


def dropping():
    functions = Linear(5), Tanh(), Dropout(0.3), Linear(3), Softmax()
    return Chain(*functions).initialize(X, seed=1, dtype=np.float32)


def images():
    functions = Conv2d(3, 3), Tanh(), Flatten(), Dropout(0.2), Linear(3), Softmax()
    return Chain(*functions).initialize(IMAGES, seed=1, dtype=np.float32)


def normalized():
    functions = Conv2d(3, 3), BatchNorm(), Tanh(), Flatten(), Linear(3), Softmax()
    return Chain(*functions).initialize(IMAGES, seed=1, dtype=np.float32)


def texts():
    functions = EmbeddingBag(4), Linear(3), Softmax()
    return Chain(*functions).initialize((40,), seed=1, dtype=np.float32)


WATCHED = {"validation": HELD_OUT, "score": lambda Y, t: float(np.mean(np.argmax(Y, 1) == t))}
CASES = {
    "sgd": (rows, X, Plan(SGD(0.1, 0.9), epochs=3, **PLAN), {}),
    "adam": (rows, X, Plan(Adam(0.02), epochs=3, l2=0.1, clip_norm=0.5, **PLAN), {}),
    "float32": (lambda: rows(np.float32), X, Plan(Adam(0.02), epochs=3, **PLAN), {}),
    "adamw": (
        rows,
        X,
        Plan(AdamW(0.02, decay_schedule=Cosine()), WarmUp(1.5, Cosine()), epochs=3, **PLAN),
        {},
    ),
    "rmsprop": (rows, X, Plan(RMSProp(0.01), epochs=3, **PLAN), {"sample_weight": WEIGHTS}),
    "adagrad": (rows, X, Plan(AdaGrad(), epochs=3, batch_size=None, patience=None), {}),
    "dropout": (dropping, X, Plan(epochs=3, averaging=0.6, **PLAN), {"validation": HELD_OUT}),
    "averaged": (rows, X, Plan(SGD(0.3), epochs=3, averaging=0.9, **PLAN), {}),
    "early": (rows, X, Plan(Adam(0.3), batch_size=10, epochs=30, patience=Patience(2)), WATCHED),
    "patient": (rows, X, Plan(Adam(0.3), batch_size=10, epochs=30, patience=Patience(2)), {}),
    "images": (images, IMAGES, Plan(epochs=3, augmentation=(Flip(), Noise(0.1)), **PLAN), {}),
    "BatchNorm": (normalized, IMAGES, Plan(epochs=3, **PLAN), {"validation": (IMAGES[:9], t[:9])}),
    "sparse": (texts, COUNTS, Plan(AdaGrad(), epochs=3, **PLAN), {}),
    "sparse Adam": (texts, COUNTS, Plan(Adam(0.02), epochs=3, shuffle=False, **PLAN), {}),
    "bfloat16": (dropping, X, Plan(epochs=3, precision="bfloat16", **PLAN), {}),
}


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A file's name; checkpoints may take all of the time, and machine code takes single steps."""
    monkeypatch.setattr(checkpoint_writer, "SHARE", 1e9)
    monkeypatch.setattr(EngineStepper, "at_once", lambda self, size: 1)
    return tmp_path / "run.safetensors"


def run(case, engine="auto", **options):
    make, data, plan, own = CASES[case]
    chain = make()
    history = train(chain, LOSS, data, t, plan, engine=engine, threads=1, **own, **options)
    return chain, history


def bits(chain, history):
    """Return all that must be the same of two trainings."""
    epochs = [(e.number, e.loss, e.learning_rate, e.validation_loss, e.validation_score)
              for e in history.epochs]  # fmt: skip
    return chain.parameters.flat.tolist(), epochs, history.end, history.kept, history.start


@pytest.mark.parametrize("engine", ["machine", "reference"])
@pytest.mark.parametrize("case", CASES)
def test_interrupted_wherever_it_ends_with_the_same_bits(case, engine, path):
    if case == {"reference": "bfloat16", "machine": "BatchNorm"}[engine]:
        pytest.skip("only one of both can")
    expected = run(case, engine)
    each = 1 if case == "adagrad" else 6
    steps = each * len(expected[1].epochs)
    for step in {1, 2, each, each + 1, steps // 2, steps}:
        path.unlink(missing_ok=True)
        stopped = run(case, engine, checkpoint=path, reporter=Recorder(interrupt_step=step))
        assert stopped[1].end == "interrupted"
        assert bits(*run(case, engine, checkpoint=path)) == bits(*expected)


def test_interrupted_again_and_again(path):
    expected = run("images")
    for _ in range(40):
        resumed = run("images", checkpoint=path, reporter=Recorder(interrupt_step=2))
        if resumed[1].end == "epochs":
            break
    assert bits(*resumed) == bits(*expected)


def test_a_checkpoint_after_each_slice_changes_nothing(path, monkeypatch):
    expected, written = run("dropout"), []

    class AtOnce(threading.Thread):
        def start(self):
            super().start()
            self.join()
            written.append(path.stat().st_mtime_ns)

    monkeypatch.setattr(checkpoint_writer, "Thread", AtOnce)
    assert bits(*run("dropout", checkpoint=Checkpoint(path, every=0))) == bits(*expected)
    assert len(written) == 3 * 6 + 3 + 2, "after each step, each epoch, and at the end"


def test_what_is_finished_stays_so_and_takes_no_steps(path):
    expected, recorder = run("early", checkpoint=path), Recorder()
    before = path.read_bytes()
    assert bits(*run("early", checkpoint=path, reporter=recorder)) == bits(*expected)
    assert recorder.steps == []
    assert path.read_bytes() == before


def test_more_epochs_go_on(path):
    for epochs in (2, 5):
        chain = rows()
        plan = Plan(Adam(0.02), epochs=epochs, **PLAN)
        history = train(chain, LOSS, X, t, plan, checkpoint=path)
    straight = rows()
    train(straight, LOSS, X, t, plan)
    assert len(history.epochs) == 5
    np.testing.assert_array_equal(chain.parameters.flat, straight.parameters.flat)


def test_more_epochs_of_a_schedule_that_depends_on_them_are_refused(path):
    train(rows(), LOSS, X, t, Plan(SGD(0.1), Cosine(), epochs=2, **PLAN), checkpoint=path)
    longer = Plan(SGD(0.1), Cosine(), epochs=5, **PLAN)
    with pytest.raises(ValueError, match=r"epochs: 2 there, 5 here, on which the learning rates"):
        train(rows(), LOSS, X, t, longer, checkpoint=path)


def test_fewer_epochs_than_are_done_are_refused(path):
    train(rows(), LOSS, X, t, Plan(SGD(0.1), epochs=3, **PLAN), checkpoint=path)
    with pytest.raises(ValueError, match="epochs: expected at least the 3 that are done, got 2"):
        train(rows(), LOSS, X, t, Plan(SGD(0.1), epochs=2, **PLAN), checkpoint=path)


@pytest.mark.parametrize("every", [0, 60])
def test_time_goes_on(every, path):
    """What ended in time ends there again; with more time it goes on as if it had had it."""
    plan = {"optimizer": Adam(0.02), "epochs": 4, **PLAN}
    straight, short, again, longer = (rows() for _ in range(4))
    train(straight, LOSS, X, t, Plan(**plan))
    kept = Checkpoint(path, every)
    ended = train(short, LOSS, X, t, Plan(**plan, max_seconds=1e-9), checkpoint=kept)
    assert (ended.end, len(ended.epochs)) == ("time", 1)
    assert train(again, LOSS, X, t, Plan(**plan, max_seconds=1e-9), checkpoint=path).end == "time"
    np.testing.assert_array_equal(again.parameters.flat, short.parameters.flat)
    history = train(longer, LOSS, X, t, Plan(**plan), checkpoint=path)
    assert (history.end, len(history.epochs)) == ("epochs", 4)
    np.testing.assert_array_equal(longer.parameters.flat, straight.parameters.flat)


def test_seconds_go_on(path):
    first = run("sgd", checkpoint=path, reporter=Recorder(interrupt_step=8))[1]
    second = run("sgd", checkpoint=path)[1]
    assert second.epochs[0] == first.epochs[0]
    document, _ = read_document(path, "checkpoint")
    assert document["snapshot"]["part"]["seconds"] >= first.seconds


def test_lengths_of_gradients_go_on(path):
    def lengths(**options):
        chain = rows()
        norms = GradientNorms(chain, LOSS, X[:9], t[:9], reporter=options.pop("reporter", None))
        train(chain, LOSS, X, t, CASES["adam"][2], reporter=norms, **options)
        return norms.norms

    expected = lengths()
    lengths(checkpoint=path, reporter=Recorder(interrupt_step=14))
    assert lengths(checkpoint=path) == expected
    assert len(expected["W0"]) == 3


def test_a_divergence_comes_again(path):
    data, targets = X[:, :1] * 1e3, X[:, 1]
    plan = Plan(SGD(1.0), epochs=9, **PLAN)

    def diverge(**options):
        chain = Chain(Linear(1)).initialize(data, dtype=np.float32)
        with pytest.raises(TrainingDivergedError) as error:
            train(chain, MeanSquaredError(), data, targets, plan, **options)
        return str(error.value), chain.parameters.flat.tolist()

    expected = diverge()
    chain = Chain(Linear(1)).initialize(data, dtype=np.float32)
    train(
        chain, MeanSquaredError(), data, targets, plan,
        checkpoint=path, reporter=Recorder(interrupt_step=1),
    )  # fmt: skip
    assert diverge(checkpoint=path) == expected


OTHERS = {
    "X: other numbers here than there": {"X": X + 1e-9},
    r"X: array 53 × 6 float64 there, array 52 × 6 float64 here": {"X": X[:52], "t": t[:52]},
    "targets: other numbers": {"t": (t + 1) % 3},
    "sample weights: none there, array 53 float64 here": {"sample_weight": WEIGHTS},
    "validation X: none there, array 17 × 6": {"validation": HELD_OUT},
    r"optimizer: Adam\(learning_rate=0.02\) there, Adam\(learning_rate=0.01\) here": {
        "plan": Plan(Adam(0.01), epochs=3, **PLAN)
    },
    r"optimizer: Adam\(learning_rate=0.02\) there, SGD\(learning_rate=0.02\) here": {
        "plan": Plan(SGD(0.02), epochs=3, **PLAN)
    },
    "batch_size: 10 there, 11 here": {
        "plan": Plan(Adam(0.02), epochs=3, batch_size=11, patience=None)
    },
    "seed: 0 there, 1 here": {"plan": Plan(Adam(0.02), epochs=3, seed=1, **PLAN)},
    r"patience: None there, Patience\(\) here": {"plan": Plan(Adam(0.02), epochs=3, batch_size=10)},
    r"function 1: Tanh\(\) there, Softmax\(\) here": {
        "chain": Chain(Linear(5), Softmax(), Linear(3), Softmax()).initialize(X, seed=1)
    },
    "parameters at the start: other numbers": {
        "chain": Chain(Linear(5), Tanh(), Linear(3), Softmax()).initialize(
            X, seed=2, dtype=np.float64
        )
    },
    "engine: machine there, reference": {"engine": "reference"},
}


@pytest.mark.parametrize("told", OTHERS)
def test_another_training_is_refused_with_the_difference(told, path):
    usual = {"X": X, "t": t, "plan": Plan(Adam(0.02), epochs=3, **PLAN)}
    train(rows(), LOSS, **usual, checkpoint=path, reporter=Recorder(interrupt_step=3))
    before = path.read_bytes()
    other = {"chain": rows(), **usual, **OTHERS[told]}
    start = other["chain"].parameters.flat.copy()
    with pytest.raises(ValueError, match=rf"checkpoint .*another training.*{told}.*Delete it, or"):
        train(loss=LOSS, **other, checkpoint=path)
    np.testing.assert_array_equal(other["chain"].parameters.flat, start)
    assert path.read_bytes() == before


def scored(factor):
    return lambda Y, t: factor * r_squared(Y, np.eye(3)[t])


def test_other_code_is_refused(path):
    options = {"validation": HELD_OUT, "checkpoint": path}
    train(rows(), LOSS, X, t, CASES["adam"][2], score=scored(1.0), **options)
    train(rows(), LOSS, X, t, CASES["adam"][2], score=scored(1.0), **options)
    with pytest.raises(ValueError, match="score: another here than there"):
        train(rows(), LOSS, X, t, CASES["adam"][2], score=scored(2.0), **options)


def test_another_release_is_refused(path, monkeypatch):
    run("sgd", checkpoint=path)
    monkeypatch.setattr("chainrule.training.checkpoint.release", lambda: "9.9")
    with pytest.raises(ValueError, match=r"is of chainrule 0\.\S+, which finishes it; this is 9.9"):
        run("sgd", checkpoint=path)


class Third:
    """A watcher that says nothing of what changes in it."""

    def see(self, epoch):
        return True

    def exhausted(self, epoch):
        return False


def test_a_watcher_that_cannot_be_kept_is_refused(path):
    with pytest.raises(TypeError, match=r"expected a watcher with snapshot\(\) and restore"):
        train(rows(), LOSS, X, t, Plan(), watcher=Third(), checkpoint=path)


# The file.


@pytest.mark.parametrize("length", [0, 7, 100, -1])
def test_a_file_that_is_cut_off_is_refused(length, path):
    run("sgd", checkpoint=path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ModelFileError, match=r"run\.safetensors"):
        run("sgd", checkpoint=path)


def test_a_file_with_a_wrong_bit_is_refused(path):
    run("sgd", checkpoint=path)
    content = bytearray(path.read_bytes())
    content[-9] ^= 4
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="damaged"):
        run("sgd", checkpoint=path)


def parts_of(value, above=()):
    """Yield the place of each value in a document."""
    for name, inner in value.items():
        yield (*above, name)
        if isinstance(inner, dict) and list(inner) == ["part"]:
            yield from parts_of(inner["part"], (*above, name, "part"))


def test_whatever_a_stranger_changes_is_an_error_or_a_number(path):
    run("early", checkpoint=path, reporter=Recorder(interrupt_step=9))
    document, arrays = read_document(path, "checkpoint")
    places = [place for place in parts_of(document) if place[0] == "snapshot"]
    assert len(places) > 30
    odd, went_on = path.with_name("odd.safetensors"), []
    for place in places:
        for value in ("text", -3, {"part": {}}):
            changed, _ = read_document(path, "checkpoint")
            inner = changed
            for name in place[:-1]:
                inner = inner[name]
            inner[place[-1]] = value
            write_document(odd, "checkpoint", changed, arrays)
            try:
                run("early", checkpoint=odd)
                went_on.append((place[-1], value))
            except ValueError as caught:
                error = str(caught)
                odd.unlink()
            assert odd.exists() or "odd.safetensors" in error
    assert "text" not in [value for _, value in went_on]
    emptied = {name for name, value in went_on if value == {"part": {}}}
    assert emptied <= {"next", "present", "shuffle", "score"}, "of which there may be nothing"


@pytest.mark.parametrize("name", ["parameters", "good", "optimizer.slot0", "present.losses"])
def test_arrays_of_another_shape_or_type_are_refused(name, path):
    run("early", checkpoint=path, reporter=Recorder(interrupt_step=9))
    document, arrays = read_document(path, "checkpoint")
    own = f"snapshot.{name}"
    for other in (arrays[own].astype(np.int64), np.zeros((2, 3)), np.zeros(1000)):
        write_document(path, "checkpoint", document, {**arrays, own: other})
        with pytest.raises(ValueError, match=name.split(".")[-1]):
            run("early", checkpoint=path)


def test_epochs_that_no_step_belongs_to_are_refused(path):
    run("sgd", checkpoint=path, reporter=Recorder(interrupt_step=9))
    document, arrays = read_document(path, "checkpoint")
    longer = {name: np.append(each, 0.5) for name, each in arrays.items() if ".history." in name}
    assert len(longer) == 6
    write_document(path, "checkpoint", document, {**arrays, **longer})
    told = r"run\.safetensors .*step: expected 15 steps, in 2 epochs of 6 and 3 more, got 9"
    with pytest.raises(ValueError, match=told):
        run("sgd", checkpoint=path)


def test_places_where_no_file_can_be_are_refused(tmp_path):
    with pytest.raises(ValueError, match="expected the name of a file, got the folder"):
        Checkpoint(tmp_path)
    with pytest.raises(ValueError, match="there is no folder"):
        Checkpoint(tmp_path / "none" / "run.safetensors")
    with pytest.raises(ValueError, match="every"):
        Checkpoint(tmp_path / "run.safetensors", every=-1)
    assert repr(Checkpoint("run.safetensors")) == "Checkpoint('run.safetensors', every=60)"


def test_what_is_no_name_of_a_file_is_refused(tmp_path):
    for other in (5, True, b"run", Checkpoint(tmp_path / "run")):
        with pytest.raises(TypeError, match="checkpoint: expected the name of a file, got"):
            Checkpoint(other)
    with pytest.raises(ValueError, match=r"expected the name of a file, got 'a\\x00b'"):
        Checkpoint("a\0b")
    with pytest.raises(ValueError, match=r"no file can be made at .*: File name too long"):
        Checkpoint(tmp_path / ("x" * 300))
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "none" / "run")
    with pytest.raises(ValueError, match=r"there is no folder .*none, to which .*link leads"):
        Checkpoint(link)


@pytest.mark.parametrize("content", ["", "hello, this is a text"])
def test_another_file_is_no_checkpoint(content, path):
    path.write_text(content)
    with pytest.raises(ValueError, match=r"run.safetensors: is no checkpoint of chainrule"):
        run("sgd", checkpoint=path)
    assert path.read_text() == content


class Meanwhile(Recorder):
    """Does something once, at the end of the second epoch."""

    def __init__(self, action):
        super().__init__()
        self.action = action

    def finished(self, epoch):
        super().finished(epoch)
        if epoch.number == 2:
            self.action()


@pytest.mark.parametrize("every", [0, 60])
def test_a_file_that_another_has_written_meanwhile_stays(every, path):
    expected = run("early")
    meanwhile = Meanwhile(lambda: path.with_name("other").replace(path))
    run("sgd", checkpoint=path.with_name("other"))
    other = path.with_name("other").read_bytes()
    with pytest.warns(UserWarning, match="no longer the one that this training wrote") as warned:
        trained = run("early", checkpoint=Checkpoint(path, every=every), reporter=meanwhile)
    assert bits(*trained) == bits(*expected)
    assert len(warned) == 1, "it is told once"
    assert path.read_bytes() == other


def test_only_the_own_file_is_removed(path):
    checkpoint = Checkpoint(path)
    run("sgd", checkpoint=checkpoint)
    own = path.read_bytes()
    path.write_bytes(own + b" ")
    checkpoint.remove()
    assert path.read_bytes() == own + b" "
    path.unlink()
    run("sgd", checkpoint=checkpoint)
    checkpoint.remove()
    assert not path.exists()
    checkpoint.remove()


def test_a_file_that_is_deleted_meanwhile_is_written_anew(path):
    def delete():
        path.unlink(missing_ok=True)

    expected = run("early")
    run("early", checkpoint=Checkpoint(path, every=0), reporter=Meanwhile(delete))
    assert bits(*run("early", checkpoint=path)) == bits(*expected)


def test_a_relative_name_stays_where_it_was(path, monkeypatch):
    other = path.parent / "other"
    other.mkdir()
    monkeypatch.chdir(path.parent)
    run("early", checkpoint=path.name, reporter=Meanwhile(lambda: os.chdir(other)))
    assert path.exists()
    assert not list(other.iterdir())


@contextmanager
def full_disk(monkeypatch):
    """Let all that is written fail as on a full disk."""

    def write(file, parts):
        file.write(b"begun")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(atomic, "_write", write)
        yield


def test_a_full_disk_is_a_warning_and_the_checkpoint_before_stays(path, monkeypatch):
    expected = run("images")
    run("images", checkpoint=path, reporter=Recorder(interrupt_step=3))
    before = path.read_bytes()
    with full_disk(monkeypatch), pytest.warns(UserWarning, match="No space left") as warned:
        resumed = run("images", checkpoint=Checkpoint(path, every=0))
    assert bits(*resumed) == bits(*expected)
    assert len(warned) == 1, "the same reason is told once"
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]
    assert bits(*run("images", checkpoint=path)) == bits(*expected)


def test_checkpoints_take_their_share_of_the_time(path, monkeypatch):
    monkeypatch.undo()
    clock, written = [0.0], []
    monkeypatch.setattr(checkpoint_writer, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(checkpoint_writer, "thread_time", lambda: 2.0 * len(written))
    writer = checkpoint_writer.CheckpointWriter(written.append, every=5.0)

    class Run:
        whole, size = True, 30_000_000

        def snapshot(self):
            return {"at": clock[0]}

    run = Run()
    with writer.at_work(run):
        for second in range(500):
            clock[0] = float(second)
            writer.look(run)
            writer._wait()
    at = [each["at"] for each in written]
    assert at == [10, 210, 410], "30 MB are expected to take a tenth of a second, and took 2"


# Signals.


@pytest.fixture
def handlers():
    """Let signals have their usual effect, whoever runs the tests, and give back what was."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    before = {number: signal.signal(number, usual[number]) for number in usual}
    yield usual
    for number, handler in before.items():
        signal.signal(number, handler)


class Sender(Recorder):
    """Sends a signal after a step, some steps long."""

    def __init__(self, number, steps):
        super().__init__()
        self.number, self.at = number, steps

    def stepped(self, samples, loss):
        super().stepped(samples, loss)
        if len(self.steps) == self.at:
            signal.raise_signal(self.number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_between_two_steps(number, handlers, path):
    expected = run("dropout", "reference")
    sender = Sender(number, 8)
    history = run("dropout", "reference", checkpoint=path, reporter=sender)[1]
    assert (history.end, len(history.epochs), len(sender.steps)) == ("interrupted", 1, 8)
    assert {each: signal.getsignal(each) for each in handlers} == handlers
    recorder = Recorder()
    assert bits(*run("dropout", "reference", checkpoint=path, reporter=recorder)) == bits(*expected)
    assert len(recorder.steps) == 10, "nothing is lost"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # before training
def test_a_signal_in_the_midst_of_a_step_waits_for_its_end(handlers, path):
    """A thread presses Ctrl-C at odd moments; what is written then is whole."""
    expected = run("images")
    for delay in np.linspace(0, 0.02, 12):
        path.unlink(missing_ok=True)
        done = threading.Event()

        def press(delay=delay, done=done):
            time.sleep(delay)
            if not done.is_set():
                os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=press)
        try:
            thread.start()
            run("images", checkpoint=path)
            done.set()
            thread.join()
        except KeyboardInterrupt:  # before or after the training itself
            thread.join()
        assert bits(*run("images", checkpoint=path)) == bits(*expected)


def test_handlers_of_the_program_stay_its_own(handlers, path):
    came = []
    signal.signal(signal.SIGTERM, lambda *args: came.append(args[0]))
    history = run("dropout", checkpoint=path, reporter=Sender(signal.SIGTERM, 2))[1]
    assert came == [signal.SIGTERM]
    assert history.end == "epochs"


def test_without_a_checkpoint_signals_are_nobodys(handlers):
    seen = []

    class Looks(Recorder):
        def stepped(self, samples, loss):
            seen.append(signal.getsignal(signal.SIGTERM))

    run("sgd", reporter=Looks())
    assert set(seen) == {signal.SIG_DFL}


def test_another_thread_trains_without_handlers(handlers, path):
    expected, got = run("sgd"), []
    thread = threading.Thread(target=lambda: got.append(run("sgd", checkpoint=path)))
    thread.start()
    thread.join()
    assert bits(*got[0]) == bits(*expected)

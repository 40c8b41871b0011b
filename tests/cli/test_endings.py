"""However a training ends, the model so far is kept if there is one, and nothing else is lost."""

import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress

import pytest

from chainrule import load
from chainrule.cli import main
from chainrule.cli.evaluation import evaluate
from chainrule.fasttext.writer import write_model
from chainrule.training import ProgressBar
from cli.runs import chainrule, house_rows, train, written
from fasttext_cases import model_of

COMMAND = (sys.executable, "-m", "chainrule")


@pytest.fixture
def houses(tmp_path):
    return written(tmp_path / "houses.csv", house_rows())


def interrupt(monkeypatch, method, wanted):
    """Let Ctrl-C come when the progress bar hears of something for the wanted time."""
    heard = []
    tell = getattr(ProgressBar, method)

    def told(self, *arguments):
        tell(self, *arguments)
        heard.append(arguments)
        if len(heard) == wanted:
            raise KeyboardInterrupt

    monkeypatch.setattr(ProgressBar, method, told)


def test_ctrl_c_keeps_the_model_so_far(houses, tmp_path, monkeypatch):
    interrupt(monkeypatch, "finished", 3)
    run = chainrule("train", houses, "-t", "price", "-o", tmp_path / "m")
    assert run.code == 0
    assert re.search(r"\ninterrupted after 3 epochs, kept epoch \d(; .*)?, \d+\.\d s\n", run.err)
    assert run.err.endswith(f"model saved in {tmp_path / 'm'}\n")
    assert run.out.startswith("score ")
    assert load(tmp_path / "m").metadata_["epochs"] == 3


def test_ctrl_c_keeps_the_last_iteration_of_lbfgs(tmp_path, monkeypatch):
    interrupt(monkeypatch, "finished", 3)
    run = chainrule("train", "diabetes", "--optimizer", "lbfgs", "-o", tmp_path / "m")
    assert run.code == 0
    assert "\ninterrupted after 3 epochs, kept epoch 3, " in run.err
    assert load(tmp_path / "m").metadata_["epochs"] == 3


def test_ctrl_c_in_the_first_epoch_leaves_the_older_model(houses, tmp_path, monkeypatch):
    before = train(houses, tmp_path / "m", "-t", "price").read_bytes()
    interrupt(monkeypatch, "stepped", 1)
    run = chainrule("train", houses, "-t", "price", "-fo", tmp_path / "m")
    assert (run.code, run.out) == (130, "")
    assert run.err.endswith("\ninterrupted, no model is saved\n")
    assert (tmp_path / "m").read_bytes() == before


def heeding_signals():
    """Let signals have their effect, though whoever runs the tests may ignore some: nohup does."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def ignoring_hangups():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@contextmanager
def training_on_a_terminal(model, epochs, before):
    """A training after its first epoch, and the other end of the terminal that it writes to."""
    ours, theirs = pty.openpty()
    arguments = ("train", "iris", "-e", str(epochs), "--patience", "0", "-o", str(model))
    with subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        preexec_fn=before,
    ) as process:
        os.close(theirs)
        seen = b""
        while not re.search(rb"epoch [2-9]\d*/%d" % epochs, seen):
            seen += os.read(ours, 4096)
        yield process, ours


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_real_signal_keeps_the_model_so_far(tmp_path, number):
    with training_on_a_terminal(tmp_path / "m", 100_000, heeding_signals) as (process, terminal):
        process.send_signal(number)
        seen = rest(terminal)
        os.close(terminal)
        out = process.stdout.read()
    assert process.returncode == 0
    assert re.search(rb"interrupted after \d+ epochs, kept epoch \d+", seen)
    assert b"model saved in" in seen
    assert b"Traceback" not in seen
    assert out.startswith(b"score ")
    assert load(tmp_path / "m").metadata_["epochs"] >= 1


@pytest.mark.parametrize(
    ("before", "epochs", "all_of_them"),
    [(heeding_signals, 100_000, False), (ignoring_hangups, 300, True)],
)
def test_a_terminal_that_closes_costs_no_training(tmp_path, before, epochs, all_of_them):
    with training_on_a_terminal(tmp_path / "m", epochs, before) as (process, terminal):
        process.send_signal(signal.SIGHUP)
        os.close(terminal)
        out = process.stdout.read()
    assert process.returncode == 0
    assert out.startswith(b"score ")
    trained = load(tmp_path / "m").metadata_["epochs"]
    assert trained == epochs if all_of_them else 1 <= trained < epochs


def rest(terminal):
    """What is still written to a terminal until its other end is closed."""
    content = b""
    while True:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:  # the way of Linux to say that nobody writes any more
            return content
        if not chunk:
            return content
        content += chunk


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("module", ["typer", "numpy", "chainrule.cli"])
def test_a_signal_while_the_command_line_loads_is_no_traceback(tmp_path, number, module):
    """One of the modules that it needs takes forever to load, as if from a slow disk."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, time\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            print('loading', flush=True)\n"
        "            while True: time.sleep(0.01)\n"
        "sys.meta_path.insert(0, Slow())\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    with subprocess.Popen(
        [*COMMAND, "train", "iris"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
        preexec_fn=heeding_signals,
    ) as process:
        assert process.stdout.readline() == b"loading\n"
        process.send_signal(number)
        assert process.stderr.read() == b"interrupted\n"
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("predict", "m", "iris"), "model_commands.source_for"),
        (("evaluate", "m", "iris"), "model_commands.evaluate_source"),
        (("train", "iris"), "train_commands.prepare_training"),
        (("compare", "iris"), "train_commands.read_data"),
    ],
)
def test_ctrl_c_elsewhere_is_a_word_and_exit_code_130(tmp_path, monkeypatch, arguments, name):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    train("iris", "m")
    monkeypatch.setattr(f"chainrule.cli.{name}", interrupted)
    run = chainrule(*arguments)
    assert (run.code, run.out, run.err) == (130, "", "interrupted\n")
    assert os.listdir(tmp_path) == ["m"]


def test_ctrl_c_while_a_trained_network_is_scored_keeps_it(tmp_path, monkeypatch):
    scored = []

    def evaluated(*arguments):
        if scored:
            raise KeyboardInterrupt
        scored.append(True)
        return evaluate(*arguments)

    monkeypatch.setattr("chainrule.cli.training.evaluate", evaluated)
    run = chainrule("train", "iris", "-e", 2, "-fo", tmp_path / "m")
    assert run.code == 0
    assert "\ninterrupted before there were scores of validation and test\n" in run.err
    assert re.match(r"score +training \(\d+\)\n", run.out)
    assert list(load(tmp_path / "m").metadata_["scores"]) == ["training"]


def test_a_divergence_in_the_first_epoch_saves_nothing_and_advises(houses, tmp_path):
    before = train(houses, tmp_path / "m", "-t", "price").read_bytes()
    options = ("-q", "-t", "price", "--optimizer", "sgd", "-l", 1e30)
    error = chainrule("train", houses, *options, "-fo", tmp_path / "m").error
    assert re.match(
        r"the loss became (inf|nan) in epoch 1, step 2 \(.*\), at a learning rate of 1e\+30", error
    )
    assert "lower the learning rate, to 1 for a start." in error
    assert error.endswith("No model is saved.")
    assert (tmp_path / "m").read_bytes() == before


def test_a_later_divergence_saves_the_last_good_model_and_fails(houses, tmp_path):
    options = ("-t", "price", "--layers", 0, "--optimizer", "sgd", "-l", 1e9, "--warm-up", 1e10)
    run = chainrule("train", houses, *options, "-e", 10**6, "-o", tmp_path / "m")
    assert run.code == 1
    *_, saved, error = run.err.splitlines()
    assert saved == f"model saved in {tmp_path / 'm'}"
    assert "loss became inf in epoch " in error
    assert ": lower the learning rate, to " in error
    assert re.search(r"The parameters are those of epoch \d+\.$", error)
    assert load(tmp_path / "m").metadata_["end"].startswith("diverged after ")


def test_a_process_tells_errors_on_standard_error_with_exit_code_1(houses):
    run = subprocess.run(
        [*COMMAND, "train", str(houses), "-t", "pric"], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == (
        "error: no column 'pric' among 'rooms', 'area', 'kind', 'price'; did you mean 'price'?\n"
    )


def test_nobody_reading_on_is_no_error(tmp_path):
    model = train("digits", tmp_path / "m", "--layers", 0)
    arguments = [*COMMAND, "predict", str(model), "digits", "--json"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.read(1) == b"{"
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize(
    "line",
    [
        "predict m data.csv",
        "predict m data.csv --json",
        "show m",
        "show m --json",
        "derive --layers 2 --latex",
        "fasttext predict m.bin data.csv",
        "fasttext dump m.bin args",
    ],
)
def test_results_that_standard_output_takes_no_more(tmp_path, monkeypatch, capfd, line):
    monkeypatch.chdir(tmp_path)
    train(written(tmp_path / "data.csv", house_rows()), "m", "-t", "price")
    write_model("m.bin", model_of("softmax"))
    monkeypatch.setattr(sys, "argv", ["chainrule", *line.split()])
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(SystemExit) as stop:
            main()
        monkeypatch.undo()
        with suppress(OSError):
            full.close()
    told = "error: standard output: cannot be written: No space left on device\n"
    assert capfd.readouterr().err.endswith(told)
    assert stop.value.code == 1


def test_a_model_is_not_read_from_standard_input():
    for line in ("predict - data.csv", "show -", "fasttext predict - lines.txt",
                 "fasttext dump - args"):  # fmt: skip
        told = chainrule(*line.split()).error
        assert told == "-: a model cannot be read from standard input; name its file"

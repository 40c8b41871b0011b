"""Where fastText aborts or prints its help there is one sentence, and exit status 1."""

import os
from types import SimpleNamespace

import pytest

from chainrule import memory
from chainrule.cli import fasttext_progress
from chainrule.fasttext.writer import write_model
from cli.fasttext_runs import fasttext
from cli.runs import chainrule
from fasttext_cases import model_of, quantised_of

LINES = b"__label__one word1 word2\n__label__two word3\n" * 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "m.bin", model_of("softmax"))
    write_model(folder / "m.ftz", quantised_of("softmax, plain"))
    (folder / "train.txt").write_bytes(LINES)
    (folder / "directory").mkdir()
    return folder


@pytest.fixture(autouse=True)
def within(folder, monkeypatch):
    monkeypatch.chdir(folder)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("supervised -input train.txt", "Missing option '-output'."),
        ("supervised -inptu train.txt -output x", "there is no option -inptu; -input is near"),
        ("supervised -input", "-input is without its value"),
        ("supervised -input train.txt -output x -lr fast", "-lr"),
        ("supervised -input train.txt -output x -loss hinge", "-loss: expected softmax, hs"),
        ("supervised -input train.txt -output x -dim 0", "expected dim to be an integer from 1"),
        ("supervised -input train.txt -output x -thread 0", "-thread: expected 1 or more, got 0"),
        ("supervised -input train.txt -output x -qnorm", "-qnorm is an option of quantize"),
        ("supervised -input train.txt -output x -autotune-duration 5", "is not done here"),
        ("supervised -input no.txt -output x", "no.txt: cannot be read: No such file"),
        ("supervised -input directory -output x", "directory: cannot be read: Is a directory"),
        ("supervised -input train.txt -output no/x", "-output: there is no folder no"),
        ("supervised -input train.txt -output x -pretrainedVectors no.vec", "no.vec: cannot be"),
        ("supervised -input train.txt -output x -minCount 9 -minCountLabel 9", "(minCount), got"),
        ("supervised -input train.txt -output x -label #", "begin with '#', got none among 21"),
        ("quantize -output no", "no.bin: cannot be read: No such file"),
        ("quantize -output m -retrain -cutoff 5", "-retrain needs the text: -input FILE"),
        ("quantize -output m -dsub 0", "dsub of 1 or more"),
        ("predict", "Missing argument 'MODEL'"),
        ("predict m.bin", "Missing argument 'TEXT'"),
        ("predict m.bin train.txt 0", "expected k to be -1, for all labels, or 1 or more, got 0"),
        ("predict m.bin train.txt many", "[K]"),
        ("predict m.bin train.txt 1 0.5 more", "more"),
        ("predict m.bin no.txt", "no.txt: cannot be read: No such file"),
        ("predict train.txt train.txt", "train.txt: is no model of fastText"),
        ("predict no.bin train.txt", "no.bin: cannot be read: No such file"),
        ("test m.bin no.txt", "no.txt: cannot be read: No such file"),
        ("dump m.bin everything", "dump: expected one of args, dict, input, output"),
        ("dump m.ftz input", "dump: expected a model whose input matrix is not quantised"),
        ("skipgram -input train.txt -output x", "skipgram: training of word vectors is not done"),
        ("nn m.bin 10", "nn: the search for near words is not done here"),
        ("play", "No such command 'play'"),
    ],
)
def test_it_is_said_what_is_wrong(line, expected):
    assert expected in fasttext(*line.split()).error
    assert not any(name.startswith("x") for name in os.listdir())


def test_a_model_that_is_cut_off_is_one_error(folder):
    content = (folder / "m.bin").read_bytes()
    for size in (0, 3, 50, 1000, len(content) - 1):
        (folder / "cut.bin").write_bytes(content[:size])
        assert fasttext("predict", "cut.bin", "train.txt").error.startswith("cut.bin: ")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"", 0),
        (b"\n\n", 2),
        (b" ", 1),
        (b"nowhere seen", 1),
        (b"word1\0word2\0\0\n\0\n", 2),
        (b"word1 </s> word2\n </s>", 3),
        (b"\xff\xfe\x80 word1\n", 1),
        (b"word1 " * 10**5 + b"\n" + b"x" * 10**6 + b"\nword2\n", 3),
    ],
    ids=["empty", "line feeds", "a space", "unknown", "NUL", "</s>", "no UTF-8", "long lines"],
)
@pytest.mark.parametrize("model", ["m.bin", "m.ftz"])
def test_odd_texts_have_an_answer(text, lines, model):
    printed = fasttext("predict-prob", model, "-", 2, given=text).printed
    assert printed.count(b"\n") == lines
    assert all(line == b"" or line.startswith(b"__label__") for line in printed.split(b"\n"))


def test_one_label_is_certain(tmp_path):
    (tmp_path / "one.txt").write_bytes(b"__label__a word1\n")
    given = ["-input", tmp_path / "one.txt", "-output", tmp_path / "one", "-dim", 2, "-verbose", 0]
    assert fasttext("supervised", *given).printed == b""
    printed = fasttext("predict-prob", tmp_path / "one.bin", "-", -1, given=b"word1 x\n").printed
    assert printed == b"__label__a 1.00001\n"
    assert "expected two labels or more" in fasttext("supervised", *given, "-loss", "ns").error


def test_help_has_fasttext_s_options():
    shown = fasttext("supervised", "-h").printed.decode()
    for option in ("-input", "-wordNgrams", "-pretrainedVectors", "-saveOutput"):
        assert option in shown


LARGE = [
    *("supervised", "-input", "no.txt", "-output", "large"),
    *("-wordNgrams", "2", "-dim", "4", "-bucket", "2000000000"),
]


def test_a_model_that_memory_has_no_place_for_is_refused_before_the_text_is_read(monkeypatch):
    monkeypatch.setattr(memory, "_physical", lambda: 8 * 10**9)
    assert fasttext(*LARGE).error == (
        "supervised: expected -bucket and -dim for which there is memory, got 2,000,000,000 rows × "
        "4 numbers × 4 bytes: 32.0 GB, this machine has 8.0 GB"
    )


def test_a_file_that_the_disk_has_no_room_for_is_refused_before_the_text_is_read(monkeypatch):
    monkeypatch.setattr(memory, "_physical", lambda: None)
    monkeypatch.setattr(memory.shutil, "disk_usage", lambda folder: SimpleNamespace(free=10**9))
    told = "large.bin: cannot be written: it takes 32.0 GB, its disk has 1.0 GB left"
    assert fasttext(*LARGE).error == told


def test_a_file_that_words_make_too_large_is_refused_before_training(monkeypatch):
    free = iter([SimpleNamespace(free=10**9), SimpleNamespace(free=10)])
    monkeypatch.setattr(memory.shutil, "disk_usage", lambda folder: next(free))
    run = fasttext("supervised", "-input", "train.txt", "-output", "x", "-verbose", 0)
    assert run.error.startswith("x.bin: cannot be written: it takes 1,600 bytes, its disk has 10")


def test_that_a_large_file_is_written_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(fasttext_progress, "LARGE", 1600)
    line = ("supervised", "-input", "train.txt", "-output", tmp_path / "x")
    assert f"\nWriting {tmp_path}/x.bin, 1,600 bytes\n" in fasttext(*line).err
    assert "Writing" not in fasttext(*line, "-dim", 99).err


@pytest.mark.parametrize("model", ["m.bin", "m.ftz"])
@pytest.mark.parametrize(
    ("command", "instead"),
    [
        ("predict {} train.txt", "predict {} TEXT takes it"),
        ("predict {} train.txt --top 1", "predict {} TEXT takes it"),
        ("evaluate {} train.txt", "test {} TEXT takes it"),
        ("check {}", "dump {} args shows its settings"),
        ("check {} train.txt", "dump {} args shows its settings"),
        ("show {}", "dump {} args shows its settings"),
        ("explain {} word1", "dump {} args shows its settings"),
        ("derive {}", "dump {} args shows its settings"),
        ("plot {} -o m.png", "dump {} args shows its settings"),
        ("plot {} train.txt -o m.png --part confusion", "dump {} args shows its settings"),
    ],
)
def test_commands_of_networks_name_those_of_fasttext(command, instead, model):
    name = command.split()[0]
    assert chainrule(*command.format(model).split()).error == (
        f"{name}: expected a network that chainrule has trained, got a model of fastText's, "
        f"{model}; chainrule fasttext {instead.format(model)}"
    )

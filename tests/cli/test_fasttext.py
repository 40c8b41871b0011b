"""fastText's commands print and write the bytes that fastText does."""

import hashlib
import subprocess
import sys

import pytest

from chainrule.fasttext.writer import write_model
from cli.fasttext_runs import fasttext
from fasttext_cases import model_of, quantised_of, settings_of, text_of
from fasttext_recorded import RECORDED

WHOLE = [name for name in RECORDED if "," not in name]
SAVED = {
    "dim": 5,
    "ws": 5,
    "epoch": 2,
    "minCount": 1,
    "neg": 5,
    "wordNgrams": 1,
    "loss": "softmax",
    "model": "sup",
    "bucket": 0,
    "minn": 0,
    "maxn": 0,
    "lrUpdateRate": 100,
    "t": 0.0001,
}

WORD_VECTORS = {
    "softmax": "e1ced47b1f1925f2",
    "tree": "cfb3205c0e3fa5d1",
    "many labels": "f29002e4048fc6d8",
}
"""What 0.9.2 prints of all words, first 16 digits of SHA-256: the lines of ``.vec``."""

LABELS_VECTORS = "84b1458d1f1f9ff4"
"""What 0.11.9's ``-saveOutput`` writes."""

DUMPED = {"dict": "ac1ac27c85a6477d", "input": "aaadc6e77dcf88f2", "output": "01bb892292a19204"}
"""What 0.9.2 dumps of the model "tree"."""


def digest(content):
    return hashlib.sha256(content).hexdigest()[:16]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return where files of all models and their texts are."""
    folder = tmp_path_factory.mktemp("models")
    for name in RECORDED:
        write_model(folder / f"{name}.bin", quantised_of(name))
        (folder / f"{name}.txt").write_bytes(text_of(name))
    return folder


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("asked", ["1 0", "3 0.05", "-1 0"])
def test_predictions_have_fasttext_s_bytes(name, asked, folder):
    files = folder / f"{name}.bin", folder / f"{name}.txt"
    printed = fasttext("predict-prob", *files, *asked.split()).printed
    assert digest(printed) == RECORDED[name][f"predict-prob {asked}"]


@pytest.mark.parametrize("name", RECORDED)
def test_labels_and_scores_have_fasttext_s_bytes(name, folder):
    files = folder / f"{name}.bin", folder / f"{name}.txt"
    assert digest(fasttext("predict", *files, 2).printed) == RECORDED[name]["predict"]
    assert fasttext("test", *files, 2, 0.01).printed.decode() == RECORDED[name]["test"]
    assert digest(fasttext("test-label", *files, 2, 0.01).printed) == RECORDED[name]["test-label"]


@pytest.mark.parametrize("name", WHOLE)
def test_vectors_of_lines_have_fasttext_s_bytes(name, folder):
    path, text = folder / f"{name}.bin", text_of(name)
    printed = fasttext("print-sentence-vectors", path, given=text).printed
    assert digest(printed) == RECORDED[name]["print-sentence-vectors"]


@pytest.mark.parametrize("name", WORD_VECTORS)
def test_vectors_of_words_have_fasttext_s_bytes(name, folder):
    words = b" ".join(model_of(name).dictionary.words)
    printed = fasttext("print-word-vectors", folder / f"{name}.bin", given=words).printed
    assert digest(printed) == WORD_VECTORS[name]


def test_the_parts_of_a_model_are_dumped(folder):
    printed = fasttext("dump", folder / "softmax.bin", "args").printed.decode()
    assert printed == "".join(f"{name} {value}\n" for name, value in SAVED.items())
    for part, expected in DUMPED.items():
        assert digest(fasttext("dump", folder / "tree.bin", part).printed) == expected, part


@pytest.mark.parametrize("name", RECORDED)
def test_trained_and_quantised_files_have_fasttext_s_bytes(name, folder, tmp_path):
    whole, _, small = name.partition(", ")
    settings, given = settings_of(whole), []
    for option in ("dim", "epoch", "minn", "maxn", "bucket", "loss", "wordNgrams", "neg", "seed"):
        given += [f"-{option}", getattr(settings, option)]
    for option in ("minCount", "minCountLabel", "lrUpdateRate"):
        given += [f"-{option}", getattr(settings, option)]
    if settings.lr != 0.1:
        given += ["-lr", settings.lr]
    text, output = folder / f"{whole}.txt", tmp_path / "model"
    quiet = ["-input", text, "-output", output, "-verbose", 0]
    if settings.lr == 0.3:  # float32 here, float64 in what was recorded
        write_model(f"{output}.bin", model_of(whole))
    else:
        run = fasttext("supervised", *quiet, *given, "-saveOutput", "-thread", 2)
        assert (run.code, run.out, run.err) == (0, b"", "")
        vec = (tmp_path / "model.vec").read_bytes().partition(b"\n")
        assert vec[0] == b"%d %d" % (model_of(whole).dictionary.nwords, settings.dim)
        assert whole not in WORD_VECTORS or digest(vec[2]) == WORD_VECTORS[whole]
        assert whole != "softmax" or digest((tmp_path / "model.output").read_bytes()) == (
            LABELS_VECTORS
        )
    if small:
        options = {
            "plain": "",
            "norms": "-qnorm -dsub 3",
            "cutoff": "-cutoff 280 -qnorm" if whole == "one-vs-all" else "-cutoff 400",
            "retrained": "-cutoff 300 -retrain -epoch 1 -lr 0.25",
            "output": "-qout -qnorm",
            "all": "-qout -qnorm -cutoff 300 -dsub 1",
        }[small]
        assert fasttext("quantize", *quiet, *options.split()).printed == b""
    written = (tmp_path / ("model.ftz" if small else "model.bin")).read_bytes()
    assert digest(written) == RECORDED[name]["file"]


def test_standard_input_is_as_good_as_a_file(folder, tmp_path):
    model, text = folder / "tree.bin", text_of("tree")
    expected = fasttext("predict-prob", model, folder / "tree.txt").printed
    assert fasttext("predict-prob", model, "-", given=text).printed == expected
    expected = fasttext("test", model, folder / "tree.txt").printed
    assert fasttext("test", model, "-", given=text).printed == expected
    for source in (folder / "tree.txt", "-"):
        output = tmp_path / f"from{source == '-'}"
        options = ["-output", output, "-dim", 3, "-verbose", 0]
        assert fasttext("supervised", "-input", source, *options, given=text).code == 0
    assert (tmp_path / "fromTrue.bin").read_bytes() == (tmp_path / "fromFalse.bin").read_bytes()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_any_number_of_threads_prints_the_same_in_order(threads, folder):
    text = text_of("softmax")
    text = (text + b"\n") * (1 + 2**20 // len(text))  # more than a chunk
    model = folder / "softmax.bin"
    printed = fasttext("predict-prob", model, "-", 2, "-thread", threads, given=text).printed
    once = fasttext("predict-prob", model, "-", 2, given=text_of("softmax") + b"\n").printed
    assert printed == once * (len(text) // (len(text_of("softmax")) + 1))


def started(*arguments, **options):
    command = [sys.executable, "-m", "chainrule", "fasttext", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_whoever_writes_a_line_reads_its_answer_at_once(folder):
    with started("predict", folder / "softmax.bin", "-", stdin=subprocess.PIPE) as process:
        for _ in range(3):
            process.stdin.write(b"word1 word2\n")
            process.stdin.flush()
            assert process.stdout.readline().startswith(b"__label__")
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0


def test_a_reader_that_goes_ends_it_without_a_word(folder):
    text = folder / "endless.txt"
    text.write_bytes(b"word1 word2\n" * 200_000)
    with started("predict", folder / "softmax.bin", text) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_progress_goes_to_standard_error(folder, tmp_path):
    quiet = ["-input", folder / "softmax.txt", "-output", tmp_path / "m", "-dim", 2]
    run = fasttext("supervised", *quiet, "-verbose", 1)
    assert run.printed == b""
    read, words, labels, end = run.err.splitlines()
    known = model_of("softmax").dictionary
    assert read == f"Read {known.ntokens:,} words"
    assert words.split() == ["Number", "of", "words:", f"{known.nwords:,}"]
    assert labels.split() == ["Number", "of", "labels:", f"{known.nlabels:,}"]
    assert end.startswith("Progress: 100.0%")
    assert {path.name for path in tmp_path.iterdir()} == {"m.bin", "m.vec"}

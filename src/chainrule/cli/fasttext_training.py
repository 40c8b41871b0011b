"""Training and quantisation, as fastText's commands have them."""

from __future__ import annotations

import math
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from chainrule.cli.fasttext_files import check_threads, check_writable, opened
from chainrule.cli.fasttext_options import QuantizeOptions, TrainingOptions
from chainrule.cli.fasttext_progress import TrainingProgress
from chainrule.fasttext.dictionary import Dictionary
from chainrule.fasttext.further import train_further
from chainrule.fasttext.line_text import Names, vector_lines
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.quantising import quantise
from chainrule.fasttext.reader import read_model
from chainrule.fasttext.settings import Settings, float32_of
from chainrule.fasttext.training import expect_labels, train_model
from chainrule.fasttext.vectors import read_vectors, write_vectors
from chainrule.fasttext.writer import BYTES, write_model
from chainrule.files.atomic import replace_file
from chainrule.files.errors import named_errors
from chainrule.interruption import interruption
from chainrule.memory import expect_disk, expect_memory, size_text


def train_classifier(options: TrainingOptions) -> None:
    """Train a classifier of lines; write the files."""
    settings = options.settings()
    names = ["bin", "vec", "output"] if options.saveOutput else ["bin", "vec"]
    paths = [Path(f"{options.output}.{name}") for name in names]
    check_writable(*paths)
    _expect_room(paths[0], settings)
    vectors = None
    if options.pretrainedVectors is not None:
        vectors = read_vectors(options.pretrainedVectors)
    progress = TrainingProgress(options.verbose, settings.lr, settings.epoch)

    def told(known: Dictionary) -> None:
        expect_labels(known, settings)
        _expect_room(paths[0], settings, known.nwords)
        progress.dictionary(known)

    with opened(options.input) as text:
        model = train_model(text, settings, progress.goes_on, vectors=vectors, told=told)
    progress.end()
    progress.writing(paths[0], BYTES * math.prod(model.input.shape))
    with interruption.held_off():
        write_model(paths[0], model)
        write_vectors(paths[1], model, unit_length=False)
        if options.saveOutput:
            _write_output(paths[2], model)


def _expect_room(path: Path, settings: Settings, words: int = 0) -> None:
    """Raise an error where the input matrix fits neither into memory nor on the disk.

    Training needs but a part of it, yet who reads the file needs all, as fastText does to train.
    """
    rows = words + settings.for_training().bucket
    size = BYTES * rows * settings.dim
    expect_memory(
        f"supervised: expected -bucket and -dim for which there is memory, got {rows:,} rows × "
        f"{settings.dim:,} numbers × {BYTES} bytes: {size_text(size)}",
        size,
    )
    with named_errors(path, "written"):
        expect_disk(path, size)


def quantise_file(options: QuantizeOptions) -> None:
    """Make a model small; write it."""
    check_threads(options.thread)
    path = Path(f"{options.output}.ftz")
    check_writable(path)
    lr = float32_of(0.05 if options.lr is None else options.lr)
    progress = TrainingProgress(options.verbose, lr, options.epoch)
    with ExitStack() as files:
        retrain = None
        if options.retrain:
            if options.input is None:
                raise ValueError("-retrain needs the text: -input FILE")
            text = files.enter_context(opened(options.input))

            def retrain(model: FastTextModel) -> FastTextModel:
                progress.dictionary(model.dictionary)
                model = train_further(
                    model, text, epoch=options.epoch, lr=lr, goes_on=progress.goes_on
                )
                progress.end()
                return model

        small = quantise(
            read_model(f"{options.output}.bin"),
            cutoff=options.cutoff,
            retrain=retrain,
            dsub=options.dsub,
            qnorm=options.qnorm,
            qout=options.qout,
        )
    write_model(path, small)


def _write_output(path: Path, model: FastTextModel) -> None:
    """Write the vectors of the labels as text."""
    count, dim = model.dictionary.nlabels, model.settings.dim
    rows = model.output.take(np.arange(count)) + np.float32(0)
    lines = vector_lines(rows, Names(model.dictionary.labels))
    replace_file(path, [b"%d %d\n" % (count, dim), lines])

"""fastText's commands: arguments and help. What does the work is loaded with the one that runs."""

from __future__ import annotations

from typing import Annotated

import typer

from chainrule.cli.fasttext_options import QuantizeOptions, Threads, TrainingOptions
from chainrule.cli.spelling import with_options

Model = Annotated[str, typer.Argument(metavar="MODEL", help="A .bin or .ftz file.")]
Text = Annotated[str, typer.Argument(metavar="TEXT", help="A file of lines; - for standard input.")]
Labels = Annotated[int, typer.Argument(metavar="[K]", help="Labels of a line; -1 for all.")]
Least = Annotated[float, typer.Argument(metavar="[TH]", help="The least probability.")]


@with_options(TrainingOptions)
def supervised(options: TrainingOptions) -> None:
    """Train a classifier of lines; writes OUTPUT.bin and OUTPUT.vec."""
    from chainrule.cli.fasttext_training import train_classifier

    train_classifier(options)


@with_options(QuantizeOptions)
def quantize(options: QuantizeOptions) -> None:
    """Make the model OUTPUT.bin small; writes OUTPUT.ftz."""
    from chainrule.cli.fasttext_training import quantise_file

    quantise_file(options)


def predict(
    model: Model, text: Text, k: Labels = 1, threshold: Least = 0.0, thread: Threads = None
) -> None:
    """Print the likeliest labels of each line."""
    from chainrule.cli.fasttext_answers import print_predictions

    print_predictions(model, text, k, threshold, thread, probabilities=False)


def predict_prob(
    model: Model, text: Text, k: Labels = 1, threshold: Least = 0.0, thread: Threads = None
) -> None:
    """Print the likeliest labels of each line, and their probabilities plus 0.00001."""
    from chainrule.cli.fasttext_answers import print_predictions

    print_predictions(model, text, k, threshold, thread, probabilities=True)


def score(
    model: Model, text: Text, k: Labels = 1, threshold: Least = 0.0, thread: Threads = None
) -> None:
    """Print how many lines count, and precision and recall of K predictions."""
    from chainrule.cli.fasttext_answers import print_scores

    print_scores(model, text, k, threshold, thread, each_label=False)


def score_labels(
    model: Model, text: Text, k: Labels = 1, threshold: Least = 0.0, thread: Threads = None
) -> None:
    """Print F1, precision and recall of each label, then what test prints."""
    from chainrule.cli.fasttext_answers import print_scores

    print_scores(model, text, k, threshold, thread, each_label=True)


def sentence_vectors(model: Model, thread: Threads = None) -> None:
    """Print the vector of each line of standard input."""
    from chainrule.cli.fasttext_answers import print_sentence_vectors

    print_sentence_vectors(model, thread)


def word_vectors(model: Model) -> None:
    """Print each word of standard input and its vector."""
    from chainrule.cli.fasttext_answers import print_word_vectors

    print_word_vectors(model)


def ngrams(
    model: Model, word: Annotated[str, typer.Argument(metavar="WORD", help="A word.")]
) -> None:
    """Print the n-grams of characters of a word and their vectors."""
    from chainrule.cli.fasttext_answers import print_ngrams

    print_ngrams(model, word)


def dump(
    model: Model,
    what: Annotated[str, typer.Argument(metavar="WHAT", help="args, dict, input or output.")],
) -> None:
    """Print a model's settings, its words and labels, or one of its matrices."""
    from chainrule.cli.fasttext_answers import print_part

    print_part(model, what)

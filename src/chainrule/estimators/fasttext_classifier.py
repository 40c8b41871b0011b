"""fastText's supervised model as an estimator of scikit-learn's kind."""

from __future__ import annotations

import os
from functools import partial
from typing import Any, Self

from chainrule.data import DataError
from chainrule.estimators.conclusion import is_part_of_more
from chainrule.estimators.fasttext_fitted import FittedFastText
from chainrule.fasttext.prediction import checked_threads
from chainrule.fasttext.reader import read_model
from chainrule.fasttext.samples import (
    WHITE_SPACE,
    as_labels,
    label_bytes,
    text_bytes,
    training_lines,
)
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.training import expect_labels, train_model
from chainrule.fasttext.vectors import read_vectors
from chainrule.warning import warn

__all__ = ["FastTextClassifier", "load_fasttext"]

SETTINGS = ["lr", "dim", "epoch", "wordNgrams", "minn", "maxn", "minCount", "loss", "bucket"]
SETTINGS += ["seed", "label", "minCountLabel", "neg", "lrUpdateRate"]


class FastTextClassifier(FittedFastText):
    """A linear classifier of texts by words and n-grams: fastText's, bit for bit.

    With the same parameters, fasttext-community 0.11.9 with one thread writes the same file. The
    number of threads changes nothing here.

    Parameters
    ----------
    lr : float, default=0.1
        Learning rate; it falls to 0.
    dim : int, default=100
        Numbers of a vector.
    epoch : int, default=5
        Passes over the texts.
    wordNgrams : int, default=1
        Words of the longest word n-gram.
    minn, maxn : int, default=0
        Characters of the shortest and the longest character n-gram; maxn=0 means none.
    minCount : int, default=1
        Words that are seen less often are dropped.
    loss : {"softmax", "ova", "hs", "ns"}, default="softmax"
        Softmax, one-vs-all, hierarchical softmax, or negative sampling.
    bucket : int, default=2_000_000
        Rows that all n-grams share.
    seed : int, default=0
        Of the random numbers.
    label : str, default="__label__"
        What labels begin with in files.
    minCountLabel : int, default=0
        Labels that are seen less often are dropped.
    neg : int, default=5
        Labels drawn as negatives, with the loss "ns".
    lrUpdateRate : int, default=100
        Tokens that are read until the learning rate is set anew.
    pretrainedVectors : str or path, default=None
        A ``.vec`` file that words' vectors begin with.
    thread : int, default=None
        Threads that predict; None takes as many as there are processors.

    Attributes
    ----------
    model_ : FastTextModel
        The model: settings, dictionary, and both matrices.
    classes_ : array of shape (n_classes,)
        The labels, sorted.
    """

    def __init__(
        self,
        lr: float = 0.1,
        dim: int = 100,
        epoch: int = 5,
        wordNgrams: int = 1,
        minn: int = 0,
        maxn: int = 0,
        minCount: int = 1,
        loss: str = "softmax",
        bucket: int = 2_000_000,
        seed: int = 0,
        label: str = "__label__",
        *,
        minCountLabel: int = 0,
        neg: int = 5,
        lrUpdateRate: int = 100,
        pretrainedVectors: str | os.PathLike[str] | None = None,
        thread: int | None = None,
    ) -> None:
        self.lr = lr
        self.dim = dim
        self.epoch = epoch
        self.wordNgrams = wordNgrams
        self.minn = minn
        self.maxn = maxn
        self.minCount = minCount
        self.loss = loss
        self.bucket = bucket
        self.seed = seed
        self.label = label
        self.minCountLabel = minCountLabel
        self.neg = neg
        self.lrUpdateRate = lrUpdateRate
        self.pretrainedVectors = pretrainedVectors
        self.thread = thread

    def fit(self, X: Any, y: Any = None, **others: Any) -> Self:
        """Train on texts and their labels, as on a file of lines ``__label__y text``.

        Parameters
        ----------
        X : list of str
            The texts, one line each.
        y : list of str, list of lists of str, or indicator matrix (n, k) of 0 and 1
            The label of each text, or its labels. Labels have no white space; those of a matrix
            are the numbers of its columns, as far as they hold for a text.
        **others
            Refused: fastText has no weights of texts, which ``TextClassifier`` takes.

        Returns
        -------
        self : FastTextClassifier
            Fitted.
        """
        if y is None:
            raise ValueError(
                "FastTextClassifier.fit: expected y, the label of each text, got none; fit_file "
                "takes a file of lines with labels, and TextClassifier a stream of them"
            )
        if "sample_weight" in others:
            raise TypeError(
                "FastTextClassifier.fit: expected texts and labels, got sample_weight: fastText "
                "has no weights of texts; TextClassifier takes them"
            )
        if others:
            raise TypeError(f"FastTextClassifier.fit: expected texts and labels, got {[*others]}")
        settings = self._settings()
        texts, labels = text_bytes(X, "fit"), as_labels(y, "fit")
        if len(texts) != len(labels):
            raise ValueError(
                f"fit: expected as many labels as texts, got {len(labels)} labels for "
                f"{len(texts)} texts"
            )
        names = {one: label_bytes(one, settings.prefix) for own in labels for one in own}
        lines = ([names[one] for one in own] for own in labels)
        content = training_lines(texts, lines, settings.prefix)
        known = {word: one for one, word in names.items()}
        return self._learned(content, settings, known)

    def fit_file(self, path: str | os.PathLike[str]) -> Self:
        """Train on a file of lines, with labels among the words, as fastText does.

        Parameters
        ----------
        path : str or path
            Of the file.

        Returns
        -------
        self : FastTextClassifier
            Fitted.

        Raises
        ------
        DataError
            The file cannot be read.
        """
        settings = self._settings()
        try:
            file = open(path, "rb")  # noqa: SIM115
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
        with file:
            return self._learned(file, settings)

    def _settings(self) -> Settings:
        """Return the parameters as fastText's settings, checked."""
        try:
            settings = Settings(**{name: getattr(self, name) for name in SETTINGS}).for_training()
        except ValueError as error:
            raise ValueError(str(error).replace("Settings: ", "FastTextClassifier: ", 1)) from None
        checked_threads(self.thread)
        if not settings.label:
            raise ValueError("fit: expected a label= that labels begin with, got an empty one")
        if WHITE_SPACE.search(settings.prefix):
            raise ValueError(
                f"fit: expected a label= without white space, got {settings.label!r}: fastText's "
                "labels are words"
            )
        given = self.pretrainedVectors
        if not (given is None or isinstance(given, str | os.PathLike)):
            raise TypeError(f"fit: expected pretrainedVectors as the name of a file, got {given!r}")
        return settings

    def _learned(
        self, source: Any, settings: Settings, known: dict[bytes, Any] | None = None
    ) -> Self:
        """Take over the model of a text; Ctrl-C ends its training, and all where it is one of many.

        ``known`` are the labels of its words.
        """
        given, shares = self.pretrainedVectors, list[float]()
        model = train_model(
            source,
            settings,
            vectors=None if given is None else read_vectors(given),
            told=partial(expect_labels, settings=settings),
            interrupted=shares.append,
        )
        if shares and is_part_of_more():
            raise KeyboardInterrupt
        self._take(model, known)
        for share in shares:
            warn(f"Training interrupted by user. {share:.0%} of it is done.")
        return self


def load_fasttext(path: str | os.PathLike[str], label: str = "__label__") -> FastTextClassifier:
    """Return the model in a file of fastText's.

    Parameters
    ----------
    path : str or path
        A ``.bin`` or ``.ftz`` file. One of word vectors, cbow or skipgram, has ``transform`` only.
    label : str, default="__label__"
        What labels begin with: files do not say it.

    Returns
    -------
    loaded : FastTextClassifier
        Ready to predict.

    Raises
    ------
    ModelFileError
        The file cannot be read, or is none of fastText's.
    """
    model = read_model(path, label)
    given = {name: getattr(model.settings, name) for name in SETTINGS}
    return FastTextClassifier(**given)._take(model)

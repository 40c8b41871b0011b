"""Accuracy and time of TextClassifier beside TF-IDF with LinearSVC, and fastText if installed.

A folder has sets as fastText reads them, NAME.train.txt and NAME.test.txt: a text in a line, its
labels before it, as __label__NAME. Where texts have several labels or none, what counts is how
often the label with the largest score is one of a text's.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC

from benchmarks.tables import head, row
from chainrule import TextClassifier

SEEDS = 5
EPOCHS = 5, 25
"""Passes of fastText."""

RATE = 0.5
"""fastText's learning rate: its default of 0.1 hardly learns some thousand texts."""

PREFIX = "__label__"
SIGNS = re.compile(r"([.!?,'/():;\"])")
"""Signs that fastText is given as words, as its tutorial has it."""


@dataclass(frozen=True)
class Lines:
    """Texts, and the labels of each."""

    texts: list[str]
    labels: list[list[str]]

    @property
    def single(self) -> bool:
        """Whether each text has one label."""
        return all(len(labels) == 1 for labels in self.labels)

    def answers(self, *, single: bool) -> list[Any]:
        """Return the labels, or the lists of labels."""
        return [labels[0] for labels in self.labels] if single else self.labels


Method = Callable[[Lines, Lines, int], Sequence[str]]
"""Returns the first label of each text of the second, having learned the first, by a seed."""


def sets(folder: Path | None) -> dict[str, tuple[Path, Path]]:
    """Return the files of each set in a folder; ValueError if there are none."""
    found = {}
    for train in sorted(folder.glob("*.train.txt")) if folder else ():
        name = train.name.removesuffix(".train.txt")
        test = train.with_name(f"{name}.test.txt")
        if test.is_file():
            found[name] = train, test
    if not found:
        raise ValueError(f"texts: expected a folder of NAME.train.txt, NAME.test.txt, got {folder}")
    return found


def read(path: Path) -> Lines:
    """Return the lines of a file."""
    texts, labels = [], []
    for line in path.read_text(encoding="utf-8", errors="surrogatepass").split("\n"):
        words = line.split(" ")
        count = next((n for n, word in enumerate(words) if not word.startswith(PREFIX)), len(words))
        if line:
            labels.append([word.removeprefix(PREFIX) for word in words[:count]])
            texts.append(" ".join(words[count:]))
    return Lines(texts, labels)


def ours(train: Lines, test: Lines, seed: int) -> Sequence[str]:
    """Return the labels that TextClassifier predicts with its defaults."""
    answers = train.answers(single=train.single)
    model = TextClassifier(random_state=seed).fit(train.texts, answers)
    return best(model.predict_proba(test.texts), model.classes_)


def support_vectors(train: Lines, test: Lines, seed: int) -> Sequence[str]:
    """Return the labels that scikit-learn's TF-IDF of words and pairs, and LinearSVC, predict."""
    vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))
    if train.single:
        model = make_pipeline(vectorizer, LinearSVC()).fit(train.texts, train.answers(single=True))
        return [str(label) for label in model.predict(test.texts)]
    binarizer = MultiLabelBinarizer()
    held = binarizer.fit_transform(train.labels)
    model = make_pipeline(vectorizer, OneVsRestClassifier(LinearSVC())).fit(train.texts, held)
    return best(model.decision_function(test.texts), binarizer.classes_)


def fasttext(epochs: int) -> Method:
    """Return how fastText predicts after so many passes, with words and pairs.

    It takes lines in the order that they have, and learns little of labels in a row: so they are
    shuffled for it.
    """

    def predicted(train: Lines, test: Lines, seed: int) -> Sequence[str]:
        import fasttext as peer

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "train.txt")
            lines = [
                " ".join([*(PREFIX + label for label in labels), _apart(text)])
                for text, labels in zip(train.texts, train.labels, strict=True)
            ]
            random.Random(seed).shuffle(lines)
            path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="replace")
            options = {"lr": RATE, "epoch": epochs, "wordNgrams": 2, "thread": 1, "verbose": 0}
            model = peer.train_supervised(str(path), seed=seed, **options)
        return [
            model.predict(_apart(text))[0][0].removeprefix(PREFIX) for text in test.texts
        ]

    return predicted


def best(scores: Any, names: Any) -> list[str]:
    """Return the name of each row's largest score."""
    return [str(names[place]) for place in np.argmax(scores, axis=1)]


def measure(folder: Path | None, only: str, peers: Sequence[str]) -> dict[str, Any]:
    """Print and return the accuracy of each method on each set, and its seconds of processor."""
    methods: dict[str, Method] = {"chainrule": ours}
    if "scikit-learn" in peers:
        methods["TF-IDF, LinearSVC"] = support_vectors
    if "fastText" in peers and find_spec("fasttext"):
        methods |= {f"fastText, {epochs} passes": fasttext(epochs) for epochs in EPOCHS}
    print(f"\nAccuracy of first labels, and seconds of processor; defaults, {SEEDS} seeds.\n")
    head("texts", "training texts", "labels", *methods)
    found: dict[str, Any] = {}
    for name, (train_path, test_path) in sets(folder).items():
        if only not in name:
            continue
        train, test = read(train_path), read(test_path)
        found[name] = {key: _measured(method, train, test) for key, method in methods.items()}
        cells = [
            f"{np.mean(result['accuracy']):.3f} ± {np.std(result['accuracy']):.3f} "
            f"({np.median(result['seconds']):.1f} s)"
            for result in found[name].values()
        ]
        labels = {label for labels in train.labels for label in labels}
        row(name, f"{len(train.texts):,}", str(len(labels)), *cells)
    return found


def _measured(method: Method, train: Lines, test: Lines) -> dict[str, list[float]]:
    """Return accuracies and seconds of training and predicting; what has no seed runs once."""
    accuracy, seconds = [], []
    for seed in range(SEEDS if method is not support_vectors else 1):
        begin = process_time()
        predicted = method(train, test, seed)
        seconds.append(process_time() - begin)
        right = [label in held for label, held in zip(predicted, test.labels, strict=True)]
        accuracy.append(float(np.mean(right)))
    return {"accuracy": accuracy, "seconds": seconds}


def _apart(text: str) -> str:
    return SIGNS.sub(r" \1 ", text.lower()).replace("\n", " ")

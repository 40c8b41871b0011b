"""What fastText's model answers, as an estimator of scikit-learn's kind, and its files."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from chainrule.estimators.score_weights import score_weights
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.prediction import Predictor
from chainrule.fasttext.probabilities import probabilities
from chainrule.fasttext.quantisation import Quantised
from chainrule.fasttext.quantising import quantise
from chainrule.fasttext.samples import as_labels, prediction_lines_of, text_bytes
from chainrule.fasttext.vectors import write_vectors
from chainrule.fasttext.writer import write_model
from chainrule.files.names import FASTTEXT_ENDINGS

__all__ = ["FittedFastText"]


class FittedFastText(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    ClassifierMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """What a model of fastText's gives, trained or read from a file."""

    thread: int | None

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likeliest label (n,) of each of the texts X.

        A text without a word that the model knows has the label that training saw most often.
        """
        names, texts = self._names(), self._lines(X, "predict")
        found: list[int] = []
        for part in self._predictor().predict(texts):
            first = np.zeros(len(part.rows), np.int32)  # labels come by falling count
            some = np.diff(part.offsets) > 0
            first[some] = part.labels[part.offsets[:-1][some]]
            found += first.tolist()
        return np.array([names[label] for label in found], self.classes_.dtype)

    def predict_labels(
        self, X: Any, k: int = 1, threshold: float = 0.0
    ) -> list[list[tuple[Any, float]]]:
        """Return what fastText's ``predict`` gives: the labels of each text, with probabilities.

        Parameters
        ----------
        X : list of str
            The texts.
        k : int, default=1
            At most so many labels of each; -1 for all.
        threshold : float, default=0.0
            The least probability.

        Returns
        -------
        labels : list of lists of (label, probability)
            The likeliest first. Probabilities are those that fastText prints: in float32, with
            1e-5 added. A text without a word that the model knows has none.
        """
        names, texts = self._names(), self._lines(X, "predict_labels")
        found: list[list[tuple[Any, float]]] = []
        for part in self._predictor().predict(texts, k, threshold):
            each = zip(part.labels.tolist(), part.probabilities.tolist(), strict=True)
            pairs = [(names[label], p) for label, p in each]
            found += [pairs[a:b] for a, b in pairwise(part.offsets.tolist())]
        return found

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability (n, n_classes) of each label for each of the texts X.

        They are the softmax itself, and sum to 1; ``predict_labels`` has what fastText prints. With
        the losses "ova" and "ns" each label has its own, and they do not sum to 1. A text without a
        word that the model knows has the labels' shares of the training texts.
        """
        order = np.argsort(np.searchsorted(self.classes_, self._names()))
        model, texts = self.model_, self._lines(X, "predict_proba")
        parts = [
            probabilities(model, rows)[:, order] for rows in self._predictor().vectors(texts)
        ]
        shares = np.concatenate(parts)
        counts = model.dictionary.label_counts[order].astype(np.float64)
        sizes = [part.rows for part in self._predictor().predict(texts)]
        shares[np.concatenate(sizes) == 0] = counts / max(counts.sum(), 1)
        return shares

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithms (n, n_classes) of ``predict_proba``."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return the vectors (n, dim) of the texts X: the means of their words' and n-grams' rows.

        With a file of word vectors, cbow or skipgram, it is the mean of the words' vectors, each at
        length 1.
        """
        check_is_fitted(self, "model_")
        texts = text_bytes(X, "transform")
        if self.model_.settings.model != "supervised":
            rows = [self.model_.mean_word_vector(text.split(), False) for text in texts]
            return np.array(rows, np.float32).reshape(-1, self.model_.settings.dim)
        return np.concatenate([*self._predictor().vectors(prediction_lines_of(texts))])

    @property
    def _n_features_out(self) -> int:
        """The length of texts' vectors, of which scikit-learn names the numbers."""
        return int(self.model_.settings.dim)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of the texts X whose predicted label is y, or among the labels y.

        ``sample_weight`` is what each text weighs. Labels are given as to ``fit``.
        """
        labels, found = as_labels(y, "score"), self.predict(X).tolist()
        check_consistent_length(found, labels)
        right = np.array([one in own for one, own in zip(found, labels, strict=True)])
        return float(np.average(right, weights=score_weights(sample_weight, right)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a file that fastText reads.

        Parameters
        ----------
        path : str or path
            ``.bin``: the model; ``.ftz``: the model with a quantised input matrix; ``.vec``: the
            words' vectors as text.

        Raises
        ------
        ModelFileError
            The file cannot be written.
        """
        check_is_fitted(self, "model_")
        end, model = Path(path).suffix, self.model_
        if end not in FASTTEXT_ENDINGS:
            expected = ", ".join(FASTTEXT_ENDINGS)
            raise ValueError(f"save: expected a name that ends in {expected}, got {path!s}")
        if end == ".vec":
            write_vectors(path, model, unit_length=False)
            return
        if end == ".ftz" and not isinstance(model.input, Quantised):
            model = quantise(model)
        write_model(path, model)

    def _take(self, model: FastTextModel, known: dict[bytes, Any] | None = None) -> Self:
        """Take over a model; ``known`` are the labels of its words."""
        prefix = model.settings.prefix
        labels = model.dictionary.labels
        if known is None:
            known = {word: _decoded(word.removeprefix(prefix)) for word in labels}
        self._labels = [known[word] for word in labels]
        self.classes_ = np.unique(np.array(self._labels))
        self.model_ = model
        self._prepared: Predictor | None = None
        return self

    def _predictor(self) -> Predictor:
        if self._prepared is None:
            self._prepared = Predictor(self.model_, self.thread)
        return self._prepared

    def _names(self) -> list[Any]:
        """Return the labels in the model's order.

        Raises
        ------
        ValueError
            The model has none.
        """
        check_is_fitted(self, "model_")
        if not self._labels:
            raise ValueError(
                f"expected a model with labels, got one without ({self.model_.settings.model}): "
                "transform has its vectors"
            )
        return self._labels

    def _lines(self, X: Any, caller: str) -> bytes:
        return prediction_lines_of(text_bytes(X, caller))

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {**state, "_prepared": None} if "_prepared" in state else state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.string = False, True
        return tags


def _decoded(label: bytes) -> str:
    return label.decode("utf-8", "surrogateescape")

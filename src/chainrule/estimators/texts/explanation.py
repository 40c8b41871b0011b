"""What each word of a text adds to the score of each class: sums of products, taken apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.inputs import Texts
from chainrule.inputs.texts.occurrences import occurrences
from chainrule.tables import cut, text_table
from chainrule.targets import Classes
from chainrule.types import Array

__all__ = ["TextExplanation", "TextExplanations", "explained_texts"]

MOST_WORDS = 12
"""Words that a table of an explanation shows."""


@dataclass(frozen=True, eq=False, repr=False)
class TextExplanation:
    """The scores of a text's classes as sums: over its features, or over its words, and a bias.

    Parameters
    ----------
    text : str
        The text.
    labels : ndarray of shape (n_scores,)
        What each score is for: all classes; of two the second.
    words : tuple of str
        The words of the text, in order, known or not.
    word_shares : ndarray of shape (n_words, n_scores)
        What each word adds to each score: its own weight, and its part of each run and of each of
        its pieces.
    features : tuple of str
        The words, runs and pieces that the text has and the network knows.
    feature_shares : ndarray of shape (n_features, n_scores)
        What each of these adds to each score.
    bias : ndarray of shape (n_scores,)
        The scores of a text without a known word.
    """

    text: str
    labels: Array
    words: tuple[str, ...]
    word_shares: Array
    features: tuple[str, ...]
    feature_shares: Array
    bias: Array

    @property
    def scores(self) -> Array:
        """The scores, (n_scores,), as ``decision_function`` has them."""
        return np.asarray(self.bias + self.word_shares.sum(axis=0))

    @property
    def best(self) -> int:
        """The place of the largest score."""
        return int(np.argmax(self.scores))

    def __repr__(self) -> str:
        best, shares = self.best, self.word_shares[:, self.best]
        order = np.argsort(-abs(shares), kind="stable")[:MOST_WORDS]
        rows = [(cut(self.words[place]), f"{shares[place]:+.3f}") for place in order]
        if rest := len(self.words) - len(order):
            others = shares.sum() - shares[order].sum()
            rows.append((f"{rest} more words", f"{others:+.3f}"))
        rows.append(("bias", f"{self.bias[best]:+.3f}"))
        heading = ("word", f"score of {self.labels[best]}")
        total = ("", f"{self.scores[best]:+.3f}")
        return text_table([heading, *rows, total], (1,))

    def _repr_html_(self) -> str:
        best, shares = self.best, self.word_shares[:, self.best]
        largest = max(abs(shares).max(initial=0), 1e-30)
        words = " ".join(
            f'<span style="background:rgba({_color(share)},{abs(share) / largest:.2f})" '
            f'title="{share:+.3f}">{escape(word)}</span>'
            for word, share in zip(self.words, shares, strict=True)
        )
        return (
            f"<p>{words}</p><p>score of {escape(str(self.labels[best]))}: "
            f"{self.scores[best]:+.3f}, bias {self.bias[best]:+.3f}</p>"
        )


class TextExplanations(tuple[TextExplanation, ...]):
    """Explanations of texts, which show themselves one after the other."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self))

    def _repr_html_(self) -> str:
        return "".join(each._repr_html_() for each in self)


def explained_texts(
    chain: Chain, inputs: Texts, targets: Classes, texts: list[str]
) -> TextExplanations:
    """Return what each word and each feature of texts adds to each score, in float64.

    Parameters
    ----------
    chain : Chain
        Embeddings A, a Linear layer W and b, and a last function.
    inputs : Texts
        The features.
    targets : Classes
        What the scores are for.
    texts : list of str
        Raw ones.
    """
    A, W, b = (
        chain.parameters[chain.layers[layer].names[name]]
        for layer, name in ((0, "A"), (1, "W"), (1, "b"))
    )
    W, b = _of_scores(W.astype(np.float64), targets), _of_scores(b.astype(np.float64), targets)
    one = W.shape[1] == 1 and not targets.several
    labels = targets.labels[-1:] if one else targets.labels
    X = inputs.encode_texts(texts)
    return TextExplanations(
        _explained(text, row, A, W, b, labels, inputs)
        for text, row in zip(texts, _rows(X), strict=True)
    )


def _of_scores(numbers: Array, targets: Classes) -> Array:
    """Return weights (…, outputs) as those of decision_function: of two classes a difference."""
    if targets.exclusive and len(targets.labels) == 2:
        return np.asarray(numbers[..., 1:] - numbers[..., :1])
    return numbers


def _rows(X: Any) -> Iterator[tuple[Array, Array]]:
    """Yield the columns and the values of each row of a CSR matrix."""
    for begin, end in zip(X.indptr[:-1], X.indptr[1:], strict=True):
        yield X.indices[begin:end], X.data[begin:end].astype(np.float64)


def _explained(
    text: str,
    row: tuple[Array, Array],
    A: Array,
    W: Array,
    bias: Array,
    labels: Array,
    inputs: Texts,
) -> TextExplanation:
    columns, weights = row
    shares = weights[:, None] * (A[columns].astype(np.float64) @ W)
    words, found = occurrences(inputs, text)
    of_words = found.shares(len(words), columns) @ shares
    told = tuple(found.names[column] for column in columns.tolist())
    return TextExplanation(text, labels, words, of_words, told, shares, bias)


def _color(share: float) -> str:
    return "60,150,60" if share > 0 else "200,60,60"

"""TextClassifier: classes of texts, by the fastText model."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import KW_ONLY, dataclass, field
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from chainrule.added import added
from chainrule.data.streams import DataStream
from chainrule.estimators.fasttext_classifier import FastTextClassifier
from chainrule.estimators.parameters import Whole, with_shared_docs
from chainrule.estimators.streams.texts import by_few
from chainrule.estimators.texts.explanation import explained_texts
from chainrule.estimators.texts.network import TextNetwork
from chainrule.inputs import Texts
from chainrule.inputs.texts import WEIGHTINGS
from chainrule.inputs.texts.raw import NO_SAMPLES, listed
from chainrule.inputs.texts.settings import COUNTS
from chainrule.types import Array


@with_shared_docs
@dataclass(eq=False, repr=False)
class TextClassifier(ClassNamePrefixFeaturesOutMixin, TransformerMixin, TextNetwork):  # type: ignore[misc]
    """Classes of texts: softmax(B A x), the fastText model, from raw strings.

    x has what each word and each run of words of a text weighs; A has a vector for each, and B
    makes scores of classes of their sum. Texts are a list, an array, a column of pandas, polars
    or pyarrow, a table with one column of texts, or the name of a file that has such a table.

    Parameters
    ----------
    dimensions : int, default=100
        The length of the vectors in A.
    word_ngrams : int, default=2
        How many words in sequence make a feature, at most: 2 takes words and pairs of neighbours.
    char_ngrams : (int, int) or None, default=None
        The least and most characters of the pieces of words that are features, too, such as
        (3, 5); a word's begin and end count as characters. They help with endings, typing errors,
        and languages of long words.
    lowercase : bool, default=True
        Whether capital letters are read as small ones.
    min_count : int, default=1
        How often a word stands in the training texts, at least; rarer ones are unknown.
    min_ngram_count : int, default=1
        The same of runs of words, and of pieces of words.
    max_ngrams : int or None, default=200_000
        How many runs of words are features, at most, and how many pieces of words: the most
        frequent ones. None takes all.
    buckets : int or None, default=None
        The number of features that all runs and pieces share, by a hash; None gives each its own.
    weighting : {"tfidf", "mean", "count"}, default="tfidf"
        What features weigh in a text: as ``TfidfVectorizer(sublinear_tf=True)`` has it, their
        share of all of the text, or how often they stand in it.
    sign_ngrams : bool, default=False
        Whether runs of words have signs such as ! and , in them. Without, a sign is a feature by
        itself, and separates the words around it.
    loss : {"softmax", "ova"}, default="softmax"
        "softmax": cross-entropy of exclusive classes; "ova": a sigmoid for each, one against all.
        Labels of which any may hold always have sigmoids.
    text : str or None, default=None
        The column of a table that has the texts; None takes its only one.
    class_weight : dict, list of dicts or "balanced", default=None
        What a text of each class weighs, 1 if it is not named; "balanced" gives all classes the
        same share. A list has a dict for each label of an indicator matrix.
    label_smoothing : float or "auto", default="auto"
        The share of certainty that is taken from each label and given to all classes alike. "auto"
        takes 0.2 divided by the number of classes, up to 100, with softmax, and else nothing.
    {training parameters}

    Attributes
    ----------
    classes_ : ndarray
        All classes, sorted; of lists of labels, the labels.
    {fitted attributes}

    Examples
    --------
    >>> from chainrule import TextClassifier
    >>> texts = ["a fine film", "what a bad film", "fine, really fine", "bad, so bad"] * 10
    >>> model = TextClassifier(random_state=0).fit(texts, ["+", "-", "+", "-"] * 10)
    >>> model.predict(["so bad", "a fine day"]).tolist()
    ['-', '+']
    """

    _kinds_of_inputs: ClassVar[Collection[str]] = (Texts.kind,)
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **TextNetwork._parameter_constraints,
        **{name: [Whole(Integral, *bounds, closed="both")] for name, bounds in COUNTS.items()},
        "max_ngrams": [Whole(Integral, *COUNTS["max_ngrams"], closed="both"), None],
        "buckets": [Whole(Integral, *COUNTS["buckets"], closed="both"), None],
        "char_ngrams": ["array-like", None],
        "weighting": [StrOptions(set(WEIGHTINGS))],
        "lowercase": ["boolean"],
        "sign_ngrams": ["boolean"],
        "dimensions": [Whole(Integral, 1, None, closed="left")],
        "loss": [StrOptions({"softmax", "ova"})],
        "label_smoothing": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
        "text": [str, None],
    }

    _usual_batch_size: ClassVar[int] = 32

    dimensions: Any = 100
    _: KW_ONLY
    word_ngrams: Any = 2
    char_ngrams: Any = None
    lowercase: Any = True
    min_count: Any = 1
    min_ngram_count: Any = 1
    max_ngrams: Any = 200_000
    buckets: Any = None
    weighting: Any = "tfidf"
    sign_ngrams: Any = field(default=False, metadata=added(before=True))
    loss: Any = "softmax"
    text: Any = None
    class_weight: Any = None
    label_smoothing: Any = "auto"
    solver: Any = "adagrad"
    alpha: Any = 0.0
    learning_rate: Any = "linear"
    learning_rate_init: Any = 0.2
    epsilon: Any = 0.01
    max_iter: Any = 8

    def transform(self, X: Any) -> Array:
        """Return the vector of each text, A x.

        Parameters
        ----------
        X : array-like of str, Series, table, or a file's name
            The texts.

        Returns
        -------
        vectors : ndarray of shape (n_samples, dimensions)
            Zeros of a text without a known word.
        """
        check_is_fitted(self)
        if isinstance(X, DataStream):
            return np.concatenate(list(by_few(self.transform, X)))
        A = self._network().parameters[self._network().layers[0].names["A"]]
        return np.asarray(self._encoded(X) @ A)

    @property
    def _n_features_out(self) -> int:
        """The length of texts' vectors, of which scikit-learn names the numbers."""
        return int(self.chain_.functions[0].dimensions)

    def explain(
        self, X: Any = None, y: Any = None, path: str | os.PathLike[str] | None = None
    ) -> Any:
        """Return what each word and each feature of texts adds to the score of each class.

        The scores are those of ``decision_function``, sums over features of x[p] (B A)[c, p], and
        a bias. The share of a run is divided evenly among its words.

        Parameters
        ----------
        X : array-like of str, Series, table, or a file's name, default=None
            The texts; None only where there is a path.
        y : array-like, default=None
            Their classes, for a page.
        path : str or path, default=None
            If given, a page is written there instead, on which a text can be typed: one file of
            HTML, as other estimators' ``explain`` writes it.

        Returns
        -------
        explanations : tuple of TextExplanation, or Page
            One for each text; they show themselves as tables, and in colours in notebooks.
        """
        check_is_fitted(self)
        if path is not None:
            return super().explain(X, y, path)
        if X is None or y is not None:
            given = "none" if X is None else "answers y, which are for a page"
            name = type(self).__name__
            raise ValueError(f"{name}: explain expects texts, or the path of a page; got {given}")
        texts = listed("X", X, self.inputs_.column)
        if not texts:
            raise ValueError(f"{NO_SAMPLES} {type(self).__name__}.")
        return explained_texts(self._network(), self.inputs_, self.targets_, texts)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = True
        tags.input_tags.sparse = tags.input_tags.two_d_array = False
        return tags

    @staticmethod
    def fasttext(**parameters: Any) -> FastTextClassifier:
        """Return a classifier with fastText's own training, bit for bit, and its files.

        Parameters
        ----------
        **parameters : dict
            By fastText's names: ``lr``, ``dim``, ``epoch``, ``wordNgrams`` and so on, those of
            `FastTextClassifier`.

        Returns
        -------
        classifier : FastTextClassifier
            To be fitted.
        """
        return FastTextClassifier(**parameters)

"""TextClassifier: classes of texts, by the fastText model."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import KW_ONLY, dataclass, field, replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from chainrule.added import added
from chainrule.chain import Chain
from chainrule.estimators import resolve
from chainrule.estimators.fasttext_classifier import FastTextClassifier
from chainrule.estimators.fitting import FitJob
from chainrule.estimators.network_classifier import NetworkClassifier
from chainrule.estimators.parameters import Whole, with_shared_docs
from chainrule.estimators.stopping import OptimizerState
from chainrule.estimators.texts.explanation import TextExplanations, explained_texts
from chainrule.estimators.texts.growth import grown_chain, grown_state
from chainrule.estimators.texts.shares import begun_with_shares, usual_smoothing
from chainrule.functions import EmbeddingBag, Function, Linear
from chainrule.inputs import Inputs, Options, TextFeatures, Texts
from chainrule.inputs.texts import WEIGHTINGS
from chainrule.inputs.texts.raw import NO_SAMPLES, listed
from chainrule.inputs.texts.settings import COUNTS
from chainrule.memory import rows_in_memory
from chainrule.targets import Classes, Targets
from chainrule.targets.label_lists import as_label_lists, check_label_lists, is_listed
from chainrule.training.samples import Samples
from chainrule.types import Array

FEATURES = tuple(TextFeatures.__dataclass_fields__)
"""The parameters that say what of a text counts."""


@with_shared_docs
@dataclass(eq=False, repr=False)
class TextClassifier(NetworkClassifier):
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
        **NetworkClassifier._parameter_constraints,
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

    def _validate_params(self) -> None:
        super()._validate_params()
        self._features()

    def _features(self) -> TextFeatures:
        """Return what of a text counts; ValueError for what makes no sense."""
        chosen = {name: getattr(self, name) for name in FEATURES}
        return TextFeatures.checked(type(self).__name__, **chosen)

    # What the network is made of.

    def _new_inputs(self, X: Any) -> Inputs:
        column = () if self.text is None else (self.text,)
        options = Options(type(self).__name__, text=column, text_features=self._features())
        inputs = Texts.learn(X, options)
        if self.verbose:
            print(f"{type(self).__name__}: {inputs.describe()}")
        return inputs

    def _functions(self, targets: Targets) -> list[Function]:
        last = self._objective(targets).last
        assert last is not None
        return [EmbeddingBag(int(self.dimensions), "sum"), Linear(targets.outputs), last]

    def _new_chain(
        self, shape: tuple[int, ...], targets: Targets, random_state: np.random.RandomState
    ) -> Chain:
        """Return the chain in the type that it is kept in: A can be large."""
        seed = int(random_state.randint(2**31 - 1))
        with self._memory(shape[0], targets):
            return Chain(*self._functions(targets)).initialize(shape, seed=seed, dtype=np.float32)

    def _memory(self, features: int, targets: Targets) -> AbstractContextManager[None]:
        """Return a context in which memory for A and B is taken: of it, and of sums of squares."""
        name, rows = type(self).__name__, features + targets.outputs
        return rows_in_memory(name, "dimensions", rows, int(self.dimensions), 8)

    def _begun(self, chain: Chain, data: Samples, targets: Any) -> Chain:
        return begun_with_shares(chain, data, targets)

    def _check_chain(self, chain: Any, inputs: Inputs, targets: Targets) -> None:
        functions = list(chain.functions)
        first = functions[0]
        if (
            not isinstance(first, EmbeddingBag)
            or functions[1:] != self._functions(targets)[1:]
            or first.mode != "sum"
            or chain.input_shape != inputs.sample_shape
        ):
            raise ValueError("expected a chain of embeddings for its features and classes")

    def _new_targets(self, y: Any, name: str, *, cells: bool) -> Targets:
        found = Classes.fit(y, name=name, chosen=cells)
        return replace(found, pair=self.loss == "softmax", apart=self.loss == "ova")

    def _training_targets(self, targets: Any, t: Array) -> Array:
        chosen = self.label_smoothing
        smoothing = usual_smoothing(targets) if chosen == "auto" else float(chosen)
        return np.asarray(targets.soften(t, smoothing))

    @property
    def _ends_by_plan(self) -> bool:
        return resolve.schedule(self.learning_rate) is not None

    # Going on.

    def _check_going_on(self) -> None:
        before: dict[str, Any] = vars(self.inputs_.features)
        now: dict[str, Any] = vars(self._features())
        before = {**before, "dimensions": self.chain_.functions[0].dimensions}
        now = {**now, "dimensions": int(self.dimensions)}
        if self.targets_.apart != (self.loss == "ova"):
            before["loss"], now["loss"] = ("ova", "softmax")[self.loss == "ova"], self.loss
        for name, value in now.items():
            if before.get(name) != value:
                raise ValueError(
                    f"{type(self).__name__}: expected {name}={before.get(name)!r} of the fit "
                    f"before to go on with, got {value!r}; warm_start=False and fit begin a new "
                    "network"
                )

    def _inputs_going_on(self, X: Any, *, incremental: bool) -> Inputs:
        inputs: Texts = self.inputs_
        return inputs.grown(X) if incremental else inputs

    def _grown(self, chain: Chain, inputs: Any, random_state: np.random.RandomState) -> Chain:
        with self._memory(inputs.count, self.targets_):
            return grown_chain(chain, self.inputs_, inputs, random_state)

    def _optimizer_going_on(self, job: FitJob) -> OptimizerState | None:
        before, inputs = super()._optimizer_going_on(job), job.inputs
        if before is None or not isinstance(inputs, Texts):
            return before
        return grown_state(before, self.chain_, job.chain, self.inputs_, inputs)

    # Answers that are lists of labels.

    def _answers(self, y: Any) -> Any:
        found = as_label_lists(super()._answers(y))
        if is_listed(found):
            check_label_lists(type(self).__name__, found)
        return found

    def _check_answers(self, y: Any, targets: Any, *, warm: bool) -> None:
        if not (targets.listed or is_listed(y)):
            super()._check_answers(y, targets, warm=warm)
        elif not targets.listed:
            raise ValueError(
                f"{type(self).__name__}: expected y of classes as training had, got lists of labels"
            )
        else:
            targets.encode(y)

    def _sample_weights(
        self, y: Any, targets: Any, weights: Array | None, *, incremental: bool
    ) -> Array | None:
        if not is_listed(y):
            return super()._sample_weights(y, targets, weights, incremental=incremental)
        if not isinstance(self.class_weight, dict):
            held = targets.encode(y).astype(np.int64)
            return super()._sample_weights(held, targets, weights, incremental=incremental)
        known = targets.labels.tolist()
        if unknown := [label for label in self.class_weight if label not in known]:
            raise ValueError(f"class_weight: expected labels of y, got {unknown[0]!r}")
        own = [np.prod([float(self.class_weight.get(label, 1.0)) for label in row]) for row in y]
        return np.asarray(own if weights is None else np.asarray(own) * weights)

    # Using the fitted network.

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
        A = self._network().parameters[self._network().layers[0].names["A"]]
        return np.asarray(self._encoded(X) @ A)

    def explain(self, X: Any) -> TextExplanations:
        """Return what each word and each feature of texts adds to the score of each class.

        The scores are those of ``decision_function``, sums over features of x[p] (B A)[c, p], and
        a bias. The share of a run is divided evenly among its words.

        Parameters
        ----------
        X : array-like of str, Series, table, or a file's name
            The texts.

        Returns
        -------
        explanations : tuple of TextExplanation
            One for each text; they show themselves as tables, and in colours in notebooks.
        """
        check_is_fitted(self)
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

"""TextClassifier: the fastText model from raw strings, with scikit-learn's manners."""

import copy
import inspect
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

import chainrule
from chainrule import EmbeddingBag, Linear, Sigmoid, Softmax, TextClassifier

TOPICS = {
    "tea": ["kettle", "leaf", "cup", "steep", "green"],
    "bread": ["oven", "dough", "flour", "crust", "yeast"],
    "wine": ["grape", "cork", "cellar", "red", "bottle"],
}
COMMON = ["the", "a", "of", "with", "and", "!", "my"]


def drawn(count, seed=0, topics=tuple(TOPICS)):
    """Return texts of a few words each, and their topics."""
    rng = np.random.default_rng(seed)
    y = [topics[k] for k in rng.integers(len(topics), size=count)]
    texts = [
        " ".join([*rng.choice(TOPICS[topic], 2), *rng.choice(COMMON, 4)]) for topic in y
    ]
    return texts, y


TEXTS, LABELS = drawn(120)
OTHERS, TRUTH = drawn(60, seed=1)
LISTS = [sorted({label, *(["hot"] if label != "wine" else [])}) for label in LABELS]
FEW = {"max_iter": 3, "random_state": 0}


def fitted(**options):
    return TextClassifier(**{"random_state": 0, **options}).fit(TEXTS, LABELS)


@pytest.fixture(scope="module")
def model():
    return fitted()


def test_it_learns_and_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fitted()
    assert model.score(OTHERS, TRUTH) > 0.95
    assert model.classes_.tolist() == ["bread", "tea", "wine"]
    assert model.n_iter_ == 8


def test_its_network_is_the_fasttext_model(model):
    assert model.chain_.functions == (EmbeddingBag(100, "sum"), Linear(3), Softmax())
    X = model.inputs_.encode(OTHERS)
    np.testing.assert_allclose(model.predict_proba(OTHERS), model.chain_.forward(X), rtol=1e-5)
    A = model.chain_.parameters["A0"]
    np.testing.assert_allclose(model.transform(OTHERS), X.toarray() @ A, rtol=1e-4, atol=1e-6)
    assert model.transform(["", "unheard"]).tolist() == [[0.0] * 100] * 2


@pytest.mark.parametrize("loss", ["softmax", "ova"])
def test_two_classes(loss):
    texts, labels = drawn(80, topics=("tea", "wine"))
    model = TextClassifier(20, loss=loss, random_state=0).fit(texts, labels)
    outputs = 2 if loss == "softmax" else 1
    assert model.n_outputs_ == outputs
    P, odds = model.predict_proba(OTHERS), model.decision_function(OTHERS)
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(P[:, 1], 1 / (1 + np.exp(-odds)), rtol=1e-5)
    assert model.score(*drawn(40, 5, ("tea", "wine"))) > 0.95


def test_one_against_all():
    model = fitted(loss="ova", max_iter=20)
    assert model.chain_.functions[-1] == Sigmoid()
    Z = model.decision_function(OTHERS)
    held = 1 / (1 + np.exp(-Z))
    shares = held / held.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(OTHERS), shares, rtol=1e-5)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(OTHERS)), shares, rtol=1e-5)
    assert (model.predict(OTHERS) == model.classes_[Z.argmax(axis=1)]).all()
    assert model.score(OTHERS, TRUTH) > 0.95


def test_unknown_words_only_are_answered_by_the_biases(model):
    b = model.chain_.parameters["b1"]
    np.testing.assert_array_equal(model.decision_function(["unheard", ""]), [b, b])
    assert (model.predict(["unheard"]) == model.classes_[b.argmax()]).all()


def test_one_label_only():
    model = TextClassifier(random_state=0).fit(TEXTS, ["all"] * len(TEXTS))
    assert set(model.predict(OTHERS)) == {"all"}
    assert (model.predict_proba(OTHERS) == 1).all()


@pytest.mark.parametrize("engine", ["machine", "reference"])
def test_engines_agree(engine):
    model = fitted(engine=engine, dtype="float64", dimensions=7)
    assert model.engine_ == engine
    expected = fitted(engine="reference", dtype="float64", dimensions=7)
    np.testing.assert_allclose(
        model.chain_.parameters.flat, expected.chain_.parameters.flat, rtol=1e-5, atol=1e-6
    )


def test_backprop_agrees_with_finite_differences():
    model = TextClassifier(3, random_state=0).fit(TEXTS[:12], LABELS[:12])
    assert model.check_gradients(TEXTS[:12], LABELS[:12]).passed


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_no_bit(threads, model):
    again = fitted(n_jobs=threads)
    np.testing.assert_array_equal(again.chain_.parameters.flat, model.chain_.parameters.flat)
    np.testing.assert_array_equal(again.predict_proba(OTHERS), model.predict_proba(OTHERS))


# Files and copies.


@pytest.mark.parametrize(
    ("options", "y"),
    [
        ({}, LABELS),
        ({"char_ngrams": (2, 4), "buckets": 50, "weighting": "mean"}, LABELS),
        ({"loss": "ova"}, LABELS),
        ({}, [label == "tea" for label in LABELS]),
        ({}, LISTS),
        ({}, [[len(label), 7] for label in LABELS[:1]] + [[7]] * (len(LABELS) - 1)),
        ({}, np.array([[label == "tea", label != "wine"] for label in LABELS])),
    ],
    ids=["words", "pieces", "ova", "flags", "lists", "lists of numbers", "indicators"],
)
def test_a_file_has_all(options, y, tmp_path):
    model = TextClassifier(**FEW, **options).fit(TEXTS, y)
    model.save(tmp_path / "texts.safetensors")
    for again in (
        chainrule.load(tmp_path / "texts.safetensors"),
        TextClassifier.load(tmp_path / "texts.safetensors"),
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
    ):
        assert type(again) is TextClassifier
        np.testing.assert_array_equal(again.predict_proba(OTHERS), model.predict_proba(OTHERS))
        np.testing.assert_array_equal(again.predict(OTHERS), model.predict(OTHERS))
        assert again.get_params() == model.get_params()
        assert again.classes_.tolist() == model.classes_.tolist()
        assert repr(again.inputs_) == repr(model.inputs_)


# Searches and pipelines.


def test_searches_and_pipelines():
    parameters = {"word_ngrams": [1, 2], "dimensions": [5, 10]}
    search = GridSearchCV(TextClassifier(**FEW), parameters, cv=3).fit(TEXTS, LABELS)
    assert search.best_score_ > 0.8
    assert search.best_estimator_.dimensions == search.best_params_["dimensions"]
    scores = cross_val_score(TextClassifier(**FEW), TEXTS, LABELS, cv=3)
    assert scores.shape == (3,)
    assert np.isfinite(scores).all()
    pipeline = make_pipeline(TextClassifier(**FEW)).fit(TEXTS, LABELS)
    assert pipeline.transform(OTHERS).shape == (60, 100)
    assert clone(TextClassifier(char_ngrams=(3, 5))).char_ngrams == (3, 5)


def test_lists_of_labels_in_a_cross_validation():
    y = np.empty(len(LISTS), object)
    y[:] = LISTS
    scores = cross_val_score(TextClassifier(random_state=0), np.array(TEXTS), y, cv=KFold(3))
    assert np.isfinite(scores).all()


def test_tags():
    tags = TextClassifier().__sklearn_tags__()
    assert tags.input_tags.string
    assert tags.input_tags.one_d_array
    assert not tags.input_tags.two_d_array
    assert tags.classifier_tags.multi_label


CHECKS = [
    name
    for name in dir(estimator_checks)
    if name.startswith("check_")
    and any(part in name for part in ("_param", "_tag", "cloneable", "repr", "_in_init"))
    and not any(part in name for part in ("overwrite", "positive_only"))
    and list(inspect.signature(getattr(estimator_checks, name)).parameters)
    in (["name", "estimator_orig"], ["name", "Estimator"], ["name", "estimator"])
]
"""Checks of scikit-learn that need no data of numbers."""


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_conventions_of_scikit_learn(check):
    getattr(estimator_checks, check)("TextClassifier", TextClassifier())


def test_vectors_have_names_and_a_container(model):
    names = [f"textclassifier{place}" for place in range(100)]
    assert model.get_feature_names_out().tolist() == names
    own = copy.copy(model).set_output(transform="pandas")
    found = own.transform(pd.Series(OTHERS[:2], index=[5, 9]))
    assert found.columns.tolist() == names
    assert found.index.tolist() == [5, 9]
    np.testing.assert_array_equal(found, model.transform(OTHERS[:2]))
    again = TextClassifier(random_state=0).fit_transform(TEXTS, LABELS)
    np.testing.assert_array_equal(again, model.transform(TEXTS))
    with pytest.raises(NotFittedError):
        TextClassifier().get_feature_names_out()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1] * 59 + [-1], "expected sample weights >= 0, got -1.0 for sample 59"),
        ([1, -1] * 30, "expected sample weights >= 0, got -1.0 for sample 1"),
        ([np.nan] * 60, "contains NaN"),
        ([np.inf] * 60, "contains infinity"),
        ([0] * 60, "at least one non-zero number"),
        ([1] * 59, r"\(59,\), expected \(60,\)"),
    ],
)
def test_a_score_refuses_weights_that_a_fit_refuses(weights, message, model):
    lists = TextClassifier(**FEW).fit(TEXTS, LISTS)
    for use in (
        TextClassifier(**FEW).fit,
        model.score,
        lambda X, y, weights: lists.score(X, [[label] for label in y], weights),
    ):
        with pytest.raises(ValueError, match=message):
            use(OTHERS, TRUTH, weights)


# Training.


def test_early_stopping_keeps_the_best_of_texts_set_aside():
    model = fitted(early_stopping=True, max_iter=8)
    assert len(model.validation_scores_) == model.n_iter_
    model = TextClassifier(**FEW).fit(TEXTS, LABELS, X_val=OTHERS, y_val=TRUTH)
    assert model.validation_scores_[-1] == pytest.approx(model.score(OTHERS, TRUTH))


def test_weights_of_texts_and_of_classes():
    doubled = fitted(class_weight={"tea": 2.0})
    by_hand = TextClassifier(random_state=0).fit(
        TEXTS, LABELS, sample_weight=[1.0 + (label == "tea") for label in LABELS]
    )
    np.testing.assert_array_equal(
        doubled.chain_.parameters.flat, by_hand.chain_.parameters.flat
    )
    left_out = np.array([label != "tea" for label in LABELS], float)
    model = TextClassifier(random_state=0).fit(TEXTS, LABELS, sample_weight=left_out)
    assert model.score(TEXTS, LABELS, sample_weight=left_out) > 0.95
    assert model.score(TEXTS, LABELS, sample_weight=1 - left_out) < 0.5


def test_warm_starts_go_on_with_the_vocabulary_as_it_is():
    model = TextClassifier(random_state=0, warm_start=True).fit(TEXTS, LABELS)
    inputs, before = model.inputs_, model.loss_
    model.fit(TEXTS, LABELS)
    assert model.inputs_ is inputs
    assert model.loss_ < before
    for change in ({"dimensions": 5}, {"word_ngrams": 1}, {"loss": "ova"}):
        other = copy.deepcopy(model).set_params(**change)
        name = next(iter(change))
        with pytest.raises(ValueError, match=f"expected {name}=.* of the fit before to go on"):
            other.fit(TEXTS, LABELS)


def test_what_makes_no_sense_is_refused_before_a_fit():
    for options, message in (
        ({"dimensions": 0}, "dimensions"),
        ({"word_ngrams": 0}, "word_ngrams"),
        ({"char_ngrams": (3, 1)}, "TextClassifier: expected char_ngrams"),
        ({"weighting": "bm25"}, "weighting"),
        ({"loss": "hs"}, "loss"),
        ({"text": 3}, "text"),
        ({"lowercase": "yes"}, "lowercase"),
        ({"max_ngrams": 0}, "max_ngrams"),
    ):
        with pytest.raises(ValueError, match=message):
            TextClassifier(**options).fit(TEXTS, LABELS)


def test_a_schedule_that_does_not_end_is_warned_of():
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        fitted(learning_rate="constant")


# Going on with more texts.


def test_the_first_call_of_partial_fit_is_a_fit_of_one_epoch():
    model = TextClassifier(random_state=0).partial_fit(TEXTS, LABELS, classes=[*TOPICS])
    expected = TextClassifier(random_state=0, max_iter=1).fit(TEXTS, LABELS)
    np.testing.assert_array_equal(
        model.chain_.parameters.flat, expected.chain_.parameters.flat
    )


def test_later_words_get_rows_and_others_keep_theirs():
    first = [text for text, label in zip(TEXTS, LABELS, strict=True) if label != "wine"]
    labels = [label for label in LABELS if label != "wine"]
    model = TextClassifier(random_state=0).partial_fit(first, labels, classes=[*TOPICS])
    before, chain, state = model.inputs_, model.chain_, model._optimizer.state
    with pytest.raises(ValueError, match="classes"):
        model.partial_fit(OTHERS, TRUTH, classes=["tea"])
    assert model.inputs_ is before
    model.set_params(learning_rate_init=1e-12).partial_fit(OTHERS, TRUTH)
    places = model.inputs_.places_of(before)
    assert model.inputs_.count > before.count
    A, b = model.chain_.parameters["A0"], model.chain_.parameters["b1"]
    np.testing.assert_allclose(A[places], chain.parameters["A0"], atol=1e-7)
    np.testing.assert_allclose(b, chain.parameters["b1"], atol=1e-7)
    squares = model._optimizer.state.slots[0][: A.size].reshape(A.shape)
    old = state.slots[0][: chain.parameters["A0"].size].reshape(-1, 100)
    again = model.inputs_.encode(OTHERS).sum(axis=0)[places] > 0
    assert (squares[places][again] > old[again]).mean() > 0.9
    np.testing.assert_array_equal(squares[places][~again], old[~again])
    new = np.setdiff1d(np.arange(len(A)), places)
    assert (abs(A[new]) <= 1 / 100).all()
    assert A[new].std() > 1e-3
    for _ in range(5):
        model.set_params(learning_rate_init=0.1).partial_fit(OTHERS, TRUTH)
    assert model.score(TEXTS, LABELS) > 0.95


def test_partial_fit_without_new_words_draws_nothing():
    model = TextClassifier(random_state=0).partial_fit(TEXTS, LABELS, classes=[*TOPICS])
    count = model.inputs_.count
    model.partial_fit(TEXTS, LABELS)
    assert model.inputs_.count == count
    assert model.inputs_.training_texts == 2 * len(TEXTS)


# Several labels.


@pytest.mark.parametrize("kind", [list, tuple, set, np.array])
def test_lists_of_labels(kind):
    y = [kind(labels) for labels in LISTS]
    model = TextClassifier(random_state=0, max_iter=20).fit(TEXTS, y)
    assert model.classes_.tolist() == ["bread", "hot", "tea", "wine"]
    found = model.predict(TEXTS[:20])
    assert found.dtype == object
    assert [list(labels) for labels in found] == LISTS[:20]
    assert model.score(TEXTS, y) > 0.95
    held = np.array([[name in labels for name in model.classes_] for labels in LISTS])
    same = TextClassifier(random_state=0, max_iter=20).fit(TEXTS, held.astype(int))
    np.testing.assert_array_equal(same.predict_proba(OTHERS), model.predict_proba(OTHERS))
    np.testing.assert_array_equal(same.predict(TEXTS), held)


def test_texts_without_a_label_and_labels_nobody_knows():
    model = TextClassifier(**FEW).fit(TEXTS[:3], [["a", "b"], ["c"], []])
    assert model.classes_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match=r"got 'x' in row 1 of y, expected labels of 'a', 'b'"):
        model.score(TEXTS[:2], [["a"], ["x"]])
    with pytest.raises(ValueError, match="with a label, got empty ones only"):
        TextClassifier().fit(TEXTS[:2], [[], []])
    with pytest.raises(ValueError, match=r"expected labels that are all texts, .* got 1"):
        TextClassifier().fit(TEXTS[:2], [["a", 1], []])
    with pytest.raises(TypeError, match=r"texts or numbers, got \[.a.\], of type list, in row 0"):
        TextClassifier().fit(TEXTS[:2], [[["a"]], [["b", "c"]]])
    for other, name in ((None, "NoneType"), ("a", "str")):
        with pytest.raises(ValueError, match=f"y: .* labels in each row, got {name} in row 1"):
            TextClassifier().fit(TEXTS[:3], [["a"], other, []])
    one_each = r"lists of labels, or an indicator matrix of 3 labels, got y of shape \(2,\)"
    with pytest.raises(ValueError, match=one_each):
        model.score(TEXTS[:2], ["a", "b"])
    with pytest.raises(ValueError, match=one_each):
        model.partial_fit(TEXTS[:2], ["a", "b"])
    with pytest.raises(ValueError, match="got lists of labels"):
        fitted().partial_fit(TEXTS[:2], [["tea"], []])


def test_numbers_that_are_no_labels_are_said_to_be_for_a_regressor():
    told = r"^Unknown label type: continuous\. Expected labels as y, .* as 0\.25; a regressor, such"
    with pytest.raises(ValueError, match=told):
        TextClassifier(**FEW).fit(TEXTS[:5], np.linspace(0, 1, 5))


def test_weights_of_lists_of_labels():
    model = TextClassifier(class_weight={"hot": 3.0}, **FEW).fit(TEXTS, LISTS)
    weights = [1.0 + 2 * ("hot" in labels) for labels in LISTS]
    by_hand = TextClassifier(**FEW).fit(TEXTS, LISTS, sample_weight=weights)
    np.testing.assert_array_equal(model.chain_.parameters.flat, by_hand.chain_.parameters.flat)
    with pytest.raises(ValueError, match="got 'cold', expected labels of y: '"):
        TextClassifier(class_weight={"cold": 3.0}, **FEW).fit(TEXTS, LISTS)


def test_partial_fit_of_lists_of_labels():
    model = TextClassifier(random_state=0)
    model.partial_fit(TEXTS[:50], LISTS[:50], classes=["bread", "hot", "tea", "wine", "cold"])
    model.partial_fit(TEXTS[50:], LISTS[50:])
    assert model.classes_.tolist() == ["bread", "cold", "hot", "tea", "wine"]


# Explanations.


@pytest.mark.parametrize(
    ("options", "y"),
    [
        ({}, LABELS),
        ({"word_ngrams": 3, "char_ngrams": (1, 4)}, LABELS),
        ({"char_ngrams": (2, 3), "buckets": 20}, LABELS),
        ({"loss": "ova"}, LABELS),
        ({}, [label == "tea" for label in LABELS]),
        ({"loss": "ova"}, [label == "tea" for label in LABELS]),
        ({}, LISTS),
        ({}, ["all"] * len(LABELS)),
    ],
    ids=["words", "pieces", "buckets", "ova", "two", "two ova", "lists", "one"],
)
def test_shares_add_up_to_scores(options, y):
    model = TextClassifier(**FEW, **options).fit(TEXTS, y)
    texts = [*OTHERS[:8], "", "unheard", "cup unheard cup cup the cup the"]
    Z = model.decision_function(texts).reshape(len(texts), -1)
    for text, z, found in zip(texts, Z, model.explain(texts), strict=True):
        assert found.text == text
        np.testing.assert_allclose(found.scores, z, rtol=1e-4, atol=1e-5)
        of_features = found.feature_shares.sum(axis=0) + found.bias
        np.testing.assert_allclose(found.scores, of_features, rtol=1e-9, atol=1e-12)
        assert len(found.words) == len(found.word_shares)
        assert len(found.labels) == len(found.bias) == found.word_shares.shape[1]


def test_shares_are_what_leaving_out_takes_away():
    model = fitted(weighting="count", dtype="float64", word_ngrams=2)
    (found,) = model.explain(["cup steep oven"])
    assert found.words == ("cup", "steep", "oven")
    A, W = (model.chain_.parameters[name].astype(np.float64) for name in ("A0", "W1"))
    row = {word.decode(): number for number, word in enumerate(model.inputs_.words)}
    alone = {word: A[row[word]] @ W for word in found.words}
    shares = dict(zip(found.features, found.feature_shares, strict=True))
    expected = {word: alone[word].copy() for word in found.words}
    for name, share in shares.items():
        if " " in name:
            for word in name.split():
                expected[word] += share / 2
        else:
            np.testing.assert_allclose(share, alone[name], rtol=1e-12)
    np.testing.assert_allclose(
        found.word_shares, [expected[word] for word in found.words], rtol=1e-12
    )


def test_a_long_word_and_a_long_text_are_explained():
    word = "".join(np.random.default_rng(0).choice(list("abcdefgh"), 10_000))
    long = " ".join(f"w{number}" for number in range(3000))
    model = TextClassifier(**FEW, char_ngrams=(3, 5)).fit([word, long, "tea"], ["a", "b", "c"])
    found = model.explain([f"{word} tea", long])
    for each, scores in zip(found, model.decision_function([f"{word} tea", long]), strict=True):
        np.testing.assert_allclose(each.scores, scores, rtol=1e-4, atol=1e-4)
    pieces = {f"<{word}>"[at : at + n] for n in (3, 4, 5) for at in range(len(word) + 3 - n)}
    assert {f"…{piece}…" for piece in pieces} <= {*found[0].features}
    assert max(map(len, repr(found).split("\n"))) < 80


def test_explanations_show_themselves():
    model = fitted()
    found = model.explain(["a cup <b> of tea", "the oven"])
    shown = repr(found)
    assert "score of tea" in shown
    assert "score of bread" in shown
    assert shown.count("bias") == 2
    html = found._repr_html_()
    assert "&lt;" in html
    assert "<b>" not in html
    assert repr(model.explain([" ".join(["cup"] * 30)])[0]).count("cup") == 12
    assert "18 more words" in repr(model.explain([" ".join(["cup"] * 30)])[0])

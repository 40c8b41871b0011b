"""Texts as users have them: lists, arrays, columns and tables of all libraries, and files."""

import csv

import numpy as np
import pandas
import pytest

from chainrule import FastTextClassifier, TextClassifier

TEXTS = ["a fine film", "what a bad film", "fine, really fine", "bad, so bad"] * 5
LABELS = ["+", "-", "+", "-"] * 5
GAP = [*TEXTS[:-1], None]


def polars(values, **options):
    return pytest.importorskip("polars").Series(values, **options)


def arrow(values):
    return pytest.importorskip("pyarrow").array(values)


FORMS = {
    "list": lambda: TEXTS,
    "tuple": lambda: tuple(TEXTS),
    "array": lambda: np.array(TEXTS),
    "objects": lambda: np.array(TEXTS, object),
    "column": lambda: np.array(TEXTS)[:, None],
    "column of objects": lambda: np.array(TEXTS, object)[:, None],
    "Series": lambda: pandas.Series(TEXTS, index=range(3, 23)),
    "string": lambda: pandas.Series(TEXTS, dtype="string"),
    "category": lambda: pandas.Series(TEXTS, dtype="category"),
    "DataFrame": lambda: pandas.DataFrame({"review": TEXTS}),
    "column with a number": lambda: pandas.Series(TEXTS).to_frame(),
    "dict": lambda: {"review": TEXTS},
    "polars": lambda: polars(TEXTS),
    "polars frame": lambda: polars(TEXTS).to_frame("review"),
    "arrow": lambda: arrow(TEXTS),
    "arrow dictionary": lambda: arrow(TEXTS).dictionary_encode(),
    "texts of NumPy": lambda: [np.str_(text) for text in TEXTS],
    "texts of any length": lambda: np.array(TEXTS, np.dtypes.StringDType()),
    "pandas of arrow": lambda: arrow(TEXTS).to_pandas(types_mapper=pandas.ArrowDtype),
    "Index": lambda: pandas.Index(TEXTS),
    "arrow table": lambda: pytest.importorskip("pyarrow").table({"review": TEXTS}),
    "values": lambda: dict(enumerate(TEXTS)).values(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_network(form):
    model = TextClassifier(10, random_state=0).fit(FORMS[form](), LABELS)
    expected = TextClassifier(10, random_state=0).fit(TEXTS, LABELS)
    np.testing.assert_array_equal(model.predict_proba(FORMS[form]()), expected.predict_proba(TEXTS))


@pytest.mark.parametrize("form", sorted({*FORMS} - {"dict"}))
def test_every_form_gives_fasttext_the_same_model(form):
    model = FastTextClassifier(dim=4).fit(FORMS[form](), LABELS)
    expected = FastTextClassifier(dim=4).fit(TEXTS, LABELS)
    np.testing.assert_array_equal(model.predict_proba(FORMS[form]()), expected.predict_proba(TEXTS))


def test_what_passes_once():
    with pytest.raises(TypeError, match=r"can be seen again, got a generator; list\(…\) makes"):
        TextClassifier().fit((text for text in TEXTS), LABELS)
    model = FastTextClassifier(dim=4).fit(iter(TEXTS), LABELS)
    assert model.predict(map(str, TEXTS)).tolist() == model.predict(TEXTS).tolist()


def test_a_table_that_has_no_rows_yet():
    lazy = polars(TEXTS).to_frame("review").lazy()
    for model in (TextClassifier(), FastTextClassifier()):
        with pytest.raises(ValueError, match=r"got a LazyFrame; .collect\(\) makes a DataFrame"):
            model.fit(lazy, LABELS)


MISSING = {
    "None": lambda: GAP,
    "NaN": lambda: [*TEXTS[:-1], float("nan")],
    "Series": lambda: pandas.Series(GAP),
    "string": lambda: pandas.Series(GAP, dtype="string"),
    "category": lambda: pandas.Series(GAP, dtype="category"),
    "DataFrame": lambda: pandas.DataFrame({"review": GAP}),
    "polars": lambda: polars(GAP),
    "polars frame": lambda: polars(GAP).to_frame("review"),
    "arrow": lambda: arrow(GAP),
}


@pytest.mark.parametrize("form", MISSING)
def test_a_missing_text_is_an_error_that_names_its_row(form):
    data = MISSING[form]()
    with pytest.raises(TypeError, match=r"TextClassifier: expected texts, got .* missing.* row 19"):
        TextClassifier().fit(data, LABELS)
    model = TextClassifier(5, random_state=0).fit(TEXTS, LABELS)
    with pytest.raises(TypeError, match=r"X: expected texts, got .*missing.* row 19"):
        model.predict(data)


WRONG = {
    "one text": ("a fine film", r"got 'a fine film', which is no file; .* \[text\]"),
    "a built-in set": ("wine", r"got 'wine', which is no file"),
    "bytes": ([b"a"] * 20, r"got bytes, which value.decode\(\) makes a text, in row 0"),
    "numbers": (list(range(20)), "got 0, of type int in row 0"),
    "rows of numbers": (np.ones((20, 3)), r"got \[1.0, 1.0, 1.0\], of type list in row 0"),
    "two columns": (np.array([TEXTS, TEXTS]).T, "of type list in row 0"),
    "two columns of a table": (pandas.DataFrame({"a": TEXTS, "b": TEXTS}), "one column of texts"),
    "lists of words": ([text.split() for text in TEXTS], r"'film'\], of type list in row 0"),
    "a long row": (np.array([TEXTS * 9]), "^[^\\n]{,120}…, of type list in row 0$"),
    "an array of one text": (np.array("a fine film"), "got array.* of type ndarray$"),
    "a set": (set(map(str, range(20))), "expected texts in an order, got a set"),
    "bytes alone": (b"abc", r"expected texts, got bytes, which value.decode\(\) makes a text$"),
    "a number": (5, "expected texts, got 5, of type int$"),
    "nothing": (None, "expected texts, got None"),
}


@pytest.mark.parametrize("form", WRONG)
def test_what_is_no_text_is_refused(form):
    data, message = WRONG[form]
    with pytest.raises((TypeError, ValueError), match=message):
        TextClassifier().fit(data, LABELS)


NO_SAMPLES = r"Found array with 0 sample\(s\).* while a minimum of 1 is required by {}\."
NOTHING = ([], np.array([]), pandas.Series([], dtype=object), pandas.DataFrame({"t": []}))
USES = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform")


@pytest.mark.parametrize("nothing", NOTHING, ids=lambda each: type(each).__name__)
def test_no_texts(nothing):
    model = TextClassifier(5, max_iter=1, random_state=0).fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match=NO_SAMPLES.format("TextClassifier")):
        TextClassifier().fit(nothing, [])
    with pytest.raises(ValueError, match=NO_SAMPLES.format("TextClassifier")):
        model.partial_fit(nothing, [])
    for use in (*USES, "explain"):
        with pytest.raises(ValueError, match=NO_SAMPLES.format("TextClassifier")):
            getattr(model, use)(nothing)
    fasttext = FastTextClassifier(dim=2).fit(TEXTS, LABELS)
    for use in ("predict", "predict_proba", "predict_labels", "transform"):
        with pytest.raises(ValueError, match=NO_SAMPLES.format("FastTextClassifier")):
            getattr(fasttext, use)(nothing)
    for each in (model, fasttext):
        with pytest.raises(ValueError, match=NO_SAMPLES.format(type(each).__name__)):
            each.score(nothing, [])


def test_no_answers():
    with pytest.raises(ValueError, match="requires y"):
        TextClassifier().fit(TEXTS)


def test_a_column_of_a_table(tmp_path):
    frame = pandas.DataFrame({"number": range(20), "review": TEXTS, "stars": LABELS})
    model = TextClassifier(10, text="review", random_state=0).fit(frame, "stars")
    expected = TextClassifier(10, random_state=0).fit(TEXTS, LABELS)
    P = expected.predict_proba(TEXTS)
    for data in (frame, frame[["review"]], TEXTS, frame[["stars", "review"]]):
        np.testing.assert_array_equal(model.predict_proba(data), P)
    assert model.score(frame) == model.score(TEXTS, LABELS)
    with pytest.raises(ValueError, match="expected a column 'review' of texts, got 'stars'"):
        model.predict(frame[["stars"]])
    numbered = pandas.DataFrame({0: range(20), 1: TEXTS})
    by_number = TextClassifier(10, text="1", random_state=0).fit(numbered, LABELS)
    np.testing.assert_array_equal(by_number.predict_proba(numbered), P)
    with pytest.raises(ValueError, match="expected a column 'opinion' of texts"):
        TextClassifier(text="opinion").fit(frame, "stars")


def test_a_file(tmp_path):
    path = tmp_path / "reviews.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("review", "stars"), *zip(TEXTS, LABELS, strict=True)])
    expected = TextClassifier(10, random_state=0).fit(TEXTS, LABELS)
    for name in (path, str(path)):
        model = TextClassifier(10, random_state=0).fit(name, "stars")
        np.testing.assert_array_equal(model.predict_proba(name), expected.predict_proba(TEXTS))
        assert model.score(name) == expected.score(TEXTS, LABELS)
    model.save(tmp_path / "model.safetensors")
    again = TextClassifier.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(path), expected.predict(TEXTS))
    assert model.explain(str(path))[0].text == TEXTS[0]

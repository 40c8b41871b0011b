"""Texts from the command line: a column of a table, lines with labels, and models of them."""

import csv
import gzip
import io
import random
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest

from chainrule import TextClassifier, load
from chainrule.cli.options import CommandLineOptions
from chainrule.cli.text_contestants import text_contestants
from chainrule.data import split
from chainrule.targets.columns import Purpose
from cli.runs import chainrule, train

KIND = {"good": ["good", "fine", "lovely"], "bad": ["bad", "awful", "poor"]}
OTHERS = ["the", "a", "film", "plot", "actor", "it", "was", "this", "really", "so", "music", "of"]


def reviews(n=90, seed=3):
    """Return (text, kind, number) of n reviews, each with two words that tell its kind."""
    numbers = random.Random(seed)
    found = []
    for _ in range(n):
        kind = numbers.choice(["good", "bad"])
        words = [*numbers.choices(OTHERS, k=7), *numbers.choices(KIND[kind], k=2)]
        numbers.shuffle(words)
        found.append((" ".join(words), kind, f"{numbers.random():.3f}"))
    return found


def table(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture
def csv_file(tmp_path):
    rows = [(text, 5 if kind == "good" else 1, number) for text, kind, number in reviews()]
    return table(tmp_path / "reviews.csv", ["review", "stars", "price"], rows)


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "train.txt"
    path.write_text("".join(f"__label__{kind} {text}\n" for text, kind, _ in reviews()))
    return path


@pytest.fixture
def tags(tmp_path):
    """Lines with two labels, one before and one behind the words, which both tell."""
    path = tmp_path / "tags.train"
    rows = enumerate(reviews())
    path.write_text(
        "".join(
            f"__label__{kind} {text} {'odd' if row % 2 else 'even'} "
            f"__label__{'odd' if row % 2 else 'even'}\n"
            for row, (text, kind, _) in rows
        )
    )
    return path


def piped_in(content):
    """Let standard input be a pipe with a content."""
    return mock.patch("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(content))))


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_column_is_learned_from_alone(csv_file, tmp_path):
    path = tmp_path / "m.safetensors"
    run = chainrule("train", csv_file, "-t", "stars", "--text", "review", "-o", path)
    assert run.code == 0, run.err
    assert "left out: 'price'" in run.err
    told = chainrule("evaluate", path, csv_file, "--json").json
    assert told["scores"]["all"]["accuracy"] > 0.95
    model = load(path)
    assert isinstance(model, TextClassifier)
    assert model.classes_.tolist() == [1, 5]
    assert model.predict([reviews()[0][0]]).tolist() == [5 if reviews()[0][1] == "good" else 1]


def test_the_same_as_in_python(csv_file, tmp_path):
    path = train(csv_file, tmp_path / "m.safetensors", "-t", "stars", "--text", "review",
                 "-e", 3, "--test", 0, "--ngrams", 1, "--chars", "3-4", "--no-lowercase",
                 "--min-count", 2, "--dimensions", 7, "--learning-rate", 0.2, "--seed", 5,
                 "--class-weight", "5=2,1=1", "--threads", 1)  # fmt: skip
    texts = [text for text, _, _ in reviews()]
    stars = np.array([5 if kind == "good" else 1 for _, kind, _ in reviews()])
    model = load(path)
    (rows,) = split(len(texts), (1.0,), 5, stars.astype(str).tolist())
    own = TextClassifier(7, word_ngrams=1, char_ngrams=(3, 4), lowercase=False, min_count=2,
                         learning_rate_init=0.2, random_state=5, max_iter=3,
                         class_weight={5: 2, 1: 1})  # fmt: skip
    own.fit([texts[row] for row in rows], stars[rows])
    assert model.inputs_.features == own.inputs_.features
    assert np.array_equal(model.chain_.parameters.flat, own.chain_.parameters.flat)


def test_seeds_and_threads(csv_file, tmp_path):
    options = ("-t", "stars", "--text", "review", "-e", 2)
    found = [
        train(csv_file, tmp_path / f"{number}.safetensors", *options, *more)
        for number, more in enumerate((("--threads", 1), ("--threads", 2), ("--seed", 9)))
    ]
    one, two, other = (load(path).chain_.parameters.flat for path in found)
    assert np.array_equal(one, two)
    assert len(one) != len(other) or not np.array_equal(one, other)


def test_the_only_text_is_found(tmp_path):
    rows = [(number, text, kind) for number, (text, kind, _) in enumerate(reviews())]
    path = table(tmp_path / "few.csv", ["id", "review", "kind"], rows)
    told = chainrule("train", path, "-t", "kind", "-o", tmp_path / "m.safetensors", "--json").json
    assert any("'review' has free text, which is learned from" in note for note in told["notes"])
    assert told["network"] == "text"
    assert told["scores"]["test"]["accuracy"] > 0.8


def test_beside_other_columns_texts_are_learned_from_with_them(csv_file, tmp_path):
    model = tmp_path / "m.safetensors"
    told = chainrule("train", csv_file, "-t", "stars", "-o", model, "--json").json
    assert told["network"] == "ensemble"
    note = "texts are learned from beside other columns: 'review'; --text review learns from them"
    assert any(each.startswith(note) for each in told["notes"])
    assert [(each["name"], each["kind"]) for each in told["columns"]] == [
        ("review", "texts"),
        ("price", "numbers"),
    ]
    assert told["scores"]["test"]["accuracy"] > 0.8
    said = chainrule("predict", model, csv_file, "--json").json["predictions"]
    assert said == [str(label) for label in load(model).predict(str(csv_file))]
    shown = chainrule("show", model, "--json").json["columns"][0]
    assert "scores of" in shown["became"]


def test_numbers_are_learned_from_texts(tmp_path):
    rows = [(text, len(text) + 9 * (kind == "good")) for text, kind, _ in reviews(120)]
    path = table(tmp_path / "few.csv", ["review", "length"], rows)
    model = tmp_path / "m.safetensors"
    told = chainrule("train", path, "-t", "length", "-e", 30, "-o", model, "--json").json
    assert "texts are learned from beside other columns: 'review'" in told["notes"]
    assert told["scores"]["training"]["R²"] > 0.2


def test_an_ensemble_has_texts_that_are_named_beside_others(tmp_path):
    marks = ["good one", "bad one", "fine", "poor one"]
    rows = [(marks[row % 4], row % 5, ("no", "yes")[row % 2 == 0]) for row in range(120)]
    path = table(tmp_path / "few.csv", ["mark", "price", "liked"], rows)
    model = tmp_path / "m.safetensors"
    options = ("-t", "liked", "--model", "ensemble", "-e", 2, "-o", model)
    told = chainrule("train", path, *options, "--text", "mark", "--json").json
    assert {each["name"]: each["kind"] for each in told["columns"]}["mark"] == "texts"
    for more, message in (
        (("--text", "marks"), "--text: no column 'marks'"),
        (("--text", "liked"), "--text: 'liked' is the column to be predicted"),
        (("--text", "mark", "--drop", "mark"), "--text: expected it without --drop, got both"),
        (("--text", "mark", "--id", "mark"), "--text: 'mark' is a column that another option"),
        (("--text", "mark", "--categorical", "mark"), "--text: expected it without --categorical"),
    ):
        assert chainrule("train", path, *options, "-f", *more).error.startswith(message)


def test_empty_cells_are_counted(tmp_path):
    rows = [(text, kind) for text, kind, _ in reviews(40)]
    rows[3:5] = [("", "good"), (" ", "bad")]
    path = table(tmp_path / "few.csv", ["review", "kind"], rows)
    model = tmp_path / "m.safetensors"
    run = chainrule("train", path, "-t", "kind", "--text", "review", "-o", model)
    assert "2 empty cells of 'review' are texts without words" in run.err
    run = chainrule("predict", model, path)
    assert len(rows_of(run.out)) == 40


def test_validation_and_another_table(csv_file, tmp_path):
    rows = [(text, 5 if kind == "good" else 1) for text, kind, _ in reviews(30, seed=8)]
    test = table(tmp_path / "test.csv", ["review", "stars"], rows)
    told = chainrule("train", csv_file, "-t", "stars", "--text", "review", "--validation", 0.2,
                     "--test", test, "-o", tmp_path / "m.safetensors", "--json").json  # fmt: skip
    assert told["rows"] == {"training": 72, "validation": 18, "test": 30}
    assert told["history"]["kept"]
    other = table(tmp_path / "other.csv", ["words", "stars"], rows)
    run = chainrule("train", csv_file, "-t", "stars", "--text", "review", "--test", other)
    assert run.error == "--test: expected a column 'review' of texts, got 'words'"


def test_columns_cut_the_parts(csv_file, tmp_path):
    rows = [(text, kind, number % 9) for number, (text, kind, _) in enumerate(reviews())]
    path = table(tmp_path / "g.csv", ["review", "kind", "who"], rows)
    told = chainrule("train", path, "-t", "kind", "--text", "review", "--group", "who",
                     "-o", tmp_path / "m.safetensors", "--json").json  # fmt: skip
    assert told["rows"] == {"training": 70, "test": 20}
    assert told["split"] == {"group": "who"}


def test_lines_of_one_label(lines, tmp_path):
    with lines.open("a") as file:
        file.write("no label\n\n")
    path = tmp_path / "m.safetensors"
    told = chainrule("train", lines, "-o", path, "--json").json
    assert told["notes"][0] == "1 line has no label and is left out"
    assert told["classes"] == ["bad", "good"]
    assert told["target"] == "label"
    assert told["rows"] == {"training": 72, "test": 18}
    assert chainrule("evaluate", path, lines, "--json").json["scores"]["all"]["accuracy"] > 0.95


def test_labels_may_be_words_that_mark_missing_cells(tmp_path):
    path = tmp_path / "train.txt"
    kinds = {"good": "none", "bad": "7"}
    path.write_text("".join(f"{text} __label__{kinds[kind]}\n" for text, kind, _ in reviews()))
    model = train(path, tmp_path / "m.safetensors", "-e", 5, "--class-weight", "7=2")
    assert load(model).class_weight == {"7": 2}
    assert load(model).classes_.tolist() == ["7", "none"]
    assert chainrule("evaluate", model, path, "--json").json["scores"]["all"]["accuracy"] > 0.95


def test_lines_of_several_labels(tags, tmp_path):
    path = train(tags, tmp_path / "m.safetensors", "-e", 40)
    assert load(path).classes_.tolist() == ["bad", "even", "good", "odd"]
    new = tmp_path / "new.txt"
    new.write_text("a good film odd\nawful even\n")
    run = chainrule("predict", path, new)
    assert run.out == "labels\ngood odd\nbad even\n"
    told = chainrule("predict", path, new, "--json").json
    assert told["predictions"] == [["good", "odd"], ["bad", "even"]]
    scores = chainrule("evaluate", path, tags, "--json").json["scores"]["all"]
    given = [line.split() for line in tags.read_text().splitlines()]
    texts = [" ".join(word for word in words if "__" not in word) for words in given]
    first = load(path).classes_[load(path).predict_proba(texts).argmax(axis=1)]
    right = [f"__label__{label}" in words for label, words in zip(first, given, strict=True)]
    assert scores["precision at 1"] == pytest.approx(np.mean(right))
    assert chainrule("evaluate", path, tags, "--json").json["scores"]["all"]["label accuracy"] > 0.9
    assert chainrule("check", path, tags, "--entries", 3).code == 0


def test_labels_that_training_has_not(tags, lines, tmp_path):
    path = train(tags, tmp_path / "m.safetensors")
    other = tmp_path / "other.txt"
    other.write_text("__label__new __label__good fine film\n__label__new it was\n")
    told = chainrule("evaluate", path, other, "--json").json
    assert told["rows"] == {"all": 1}
    assert told["notes"][0].endswith("'new'; 1 line with no other is left out")
    other.write_text("__label__new it was\n")
    error = (
        "other.txt: got labels 'new' only, expected those of training: 'bad', 'even', 'good', 'odd'"
    )
    assert chainrule("evaluate", path, other).error == error
    other.write_text("__label__new it was\n__label__good fine film\n")
    told = chainrule("train", lines, "--test", other, "-o", tmp_path / "n.safetensors", "--json")
    assert told.json["rows"]["test"] == 1
    assert any(note.startswith("test part: labels that") for note in told.json["notes"])


def test_compressed_lines_and_standard_input(lines, tmp_path):
    packed = tmp_path / "packed.txt.gz"
    packed.write_bytes(gzip.compress(lines.read_bytes()))
    plain = train(lines, tmp_path / "plain.safetensors")
    same = train(packed, tmp_path / "packed.safetensors")
    with piped_in(lines.read_bytes()):
        piped = train("-", tmp_path / "piped.safetensors")
    flat = [load(path).chain_.parameters.flat for path in (plain, same, piped)]
    assert np.array_equal(flat[0], flat[1])
    assert np.array_equal(flat[0], flat[2])
    with piped_in(b"good\nbad\n"):
        run = chainrule("predict", plain, "-")
    assert len(run.out.splitlines()) == 3


def test_predictions_of_lines_and_tables(csv_file, tmp_path):
    path = train(csv_file, tmp_path / "m.safetensors", "-t", "stars", "--text", "review", "-e", 5,
                 "--id", "price")  # fmt: skip
    new = tmp_path / "new.txt"
    new.write_text("a lovely film\n\n__label__x awful plot\n")
    tabbed = tmp_path / "tabbed.txt"
    tabbed.write_text("n\treview\n1\tlovely\n2\tawful\n")
    run = chainrule("predict", path, tabbed, "--keep", "n")
    assert [(row["n"], row["stars"]) for row in rows_of(run.out)] == [("1", "5"), ("2", "1")]
    tabbed.write_text("a review that is awful\n")
    assert [row["stars"] for row in rows_of(chainrule("predict", path, tabbed).out)] == ["1"]
    answers = rows_of(chainrule("predict", path, new, "--top", 2).out)
    assert [row["stars"] for row in answers][::2] == ["5", "1"]
    assert list(answers[0]) == ["stars", "probability", "stars_2", "probability_2"]
    for row in answers:
        assert float(row["probability"]) + float(row["probability_2"]) == pytest.approx(1, abs=1e-4)
    beside = rows_of(chainrule("predict", path, csv_file).out)
    assert [row["price"] for row in beside] == [number for _, _, number in reviews()]
    lines = [b"a lovely film\n", b"lovely, so"]
    tables = [b"review\nlovely\n", b"n,review\n1,lovely"]
    for piped in lines + tables:
        with piped_in(piped):
            assert [row["stars"] for row in rows_of(chainrule("predict", path, "-").out)] == ["5"]
    with piped_in(gzip.compress(b"review\nlovely\n")):
        assert [row["stars"] for row in rows_of(chainrule("predict", path, "-").out)] == ["5"]
    other = table(tmp_path / "other.csv", ["words", "n"], [("lovely", 1), ("awful", 2)])
    run = chainrule("predict", path, other)
    assert "expected a column 'review' of texts, got 'words', 'n'; --text names it" in run.error
    run = chainrule("predict", path, other, "--text", "words")
    assert [row["stars"] for row in rows_of(run.out)] == ["5", "1"]


def test_models_of_lists_from_python(csv_file, tmp_path):
    texts, kinds = [text for text, _, _ in reviews()], [kind for _, kind, _ in reviews()]
    path = tmp_path / "m.safetensors"
    TextClassifier(max_iter=3, random_state=0).fit(texts, kinds).save(path)
    only = table(tmp_path / "one.csv", ["review"], [(text,) for text in texts])
    found = rows_of(chainrule("predict", path, only).out)
    assert [row["prediction"] for row in found] == load(path).predict(texts).tolist()


def test_one_class_against_the_rest(tmp_path):
    texts = [text for text, _, _ in reviews()]
    kinds = [kind if row % 3 else "other" for row, (_, kind, _) in enumerate(reviews())]
    data = table(tmp_path / "d.csv", ["text", "kind"], zip(texts, kinds, strict=True))
    model = TextClassifier(loss="ova", max_iter=3, random_state=0).fit(texts, kinds)
    model.save(path := tmp_path / "m.safetensors")
    told = chainrule("evaluate", path, data, "-t", "kind", "--json").json["scores"]["all"]
    assert told["accuracy"] == pytest.approx(model.score(texts, kinds))
    shares = model.predict_proba(texts)
    places = [model.classes_.tolist().index(kind) for kind in kinds]
    losses = -np.log(shares[range(len(texts)), places])
    assert told["log loss"] == pytest.approx(losses.mean(), rel=1e-5)
    found = rows_of(chainrule("predict", path, data, "--text", "text", "--top", 1).out)
    assert [row["prediction"] for row in found] == model.predict(texts).tolist()
    best = [float(row["probability"]) for row in found]
    np.testing.assert_allclose(best, shares.max(axis=1), rtol=1e-5)


def test_show_check_plot_and_explain(csv_file, tmp_path):
    path = train(csv_file, tmp_path / "m.safetensors", "-t", "stars", "--text", "review", "-e", 5)
    shown = chainrule("show", path)
    assert "texts with 18 words" in shown.out
    assert "word_ngrams=2, char_ngrams=None, lowercase=True" in shown.out
    assert chainrule("show", path, "--json").json["texts"]["words"] == 18
    assert "all gradients are right" in chainrule("check", path, "--entries", 3).err
    assert "all gradients are right" in chainrule("check", path, csv_file, "--entries", 3).err
    explained = chainrule("explain", path, "an awful film")
    assert explained.out.splitlines()[:2] == ["predicted: 1", "word   score of 5"]
    told = chainrule("explain", path, "an awful film", "--json").json
    assert [each["word"] for each in told["words"]] == ["an", "awful", "film"]
    total = told["bias"][0] + sum(each["shares"][0] for each in told["words"])
    assert total == pytest.approx(told["scores"][0])
    assert total == pytest.approx(load(path).decision_function(["an awful film"])[0], rel=1e-5)


def test_the_curve_is_drawn(csv_file, tmp_path):
    pytest.importorskip("matplotlib")
    path = train(csv_file, tmp_path / "m.safetensors", "-t", "stars", "--text", "review", "-e", 2)
    run = chainrule("plot", path, "-o", tmp_path / "m.png", "--part", "curve")
    assert run.code == 0
    assert (tmp_path / "m.png").stat().st_size > 1000


def test_comparison(csv_file, lines, tags):
    told = chainrule("compare", csv_file, "-t", "stars", "--text", "review", "--folds", 3,
                     "--json").json  # fmt: skip
    assert told["models"] == ["chainrule", "TF-IDF + LinearSVC", "TF-IDF + logistic regression"]
    assert {fit["fold"] for fit in told["fits"]} == {1, 2, 3}
    assert all(means["mean"] > 0.9 for means in told["summary"]["accuracy"].values())
    assert set(told["summary"]["log loss"]) == {"chainrule", "TF-IDF + logistic regression"}
    run = chainrule("compare", lines, "--folds", 2, "--ngrams", 1)
    assert run.code == 0, run.err
    assert "TextClassifier has word_ngrams=1; TfidfVectorizer has sublinear_tf=True" in run.err


def test_comparison_of_several_labels(tags):
    told = chainrule("compare", tags, "--folds", 2, "--json").json
    assert told["task"] == "multilabel"
    assert told["verdict"]["score"] == "precision at 1"
    names = {"precision at 1", "subset accuracy", "label accuracy", "F1 of labels"}
    for fit in told["fits"]:
        assert set(fit["scores"]) == names
        assert fit["scores"]["precision at 1"] > 0.7
    assert len(told["fits"]) == 6


def test_no_lines_to_predict(lines, tmp_path):
    path = train(lines, tmp_path / "m.safetensors", "-e", 1)
    (tmp_path / "empty.txt").write_text("")
    error = chainrule("predict", path, tmp_path / "empty.txt").error
    assert "empty.txt: expected lines of texts, got an empty file" in error


def test_comparison_with_pieces_of_words(lines):
    told = chainrule("compare", lines, "--folds", 2, "--chars", "2-3", "--json").json
    assert told["parameters"]["TfidfVectorizer of pieces"]["ngram_range"] == [2, 3]
    assert told["parameters"]["TfidfVectorizer of pieces"]["analyzer"] == "char_wb"
    assert told["parameters"]["TextClassifier"]["char_ngrams"] == [2, 3]
    fold = SimpleNamespace(seed=0, purpose=Purpose("binary", ("a", "b"), ""))
    options = CommandLineOptions("", chars="2-3")
    model = text_contestants(options, "text")[1].estimator(fold).fit(["tea", "milk"], [0, 1])
    assert {"tea", " t", "te", "ea "} <= {
        name.partition("__")[2] for name in model[0].get_feature_names_out()
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-t", "stars", "--text", "reviw"), "did you mean 'review'?"),
        (("-t", "stars", "--text", "stars"), "--text: 'stars' is the column to be predicted"),
        (("-t", "stars", "--text", "price"), "--text: expected a column of texts, 'price' has"),
        (("-t", "price", "--text", "review"), "--text: texts predict classes; 'price' has"),
        (("-t", "stars", "--text", "review", "--drop", "review"), "another option leaves out"),
        (("-t", "stars", "--text", "review", "--layers", "8"), "--layers: texts get TextClass"),
        (("-t", "stars", "--ngrams", "2"), "--ngrams: expected texts to learn from"),
        (("-t", "stars", "--text", "review", "--chars", "5-3"), "--chars: expected the least"),
        (("-t", "stars", "--text", "review", "--ngrams", "0"), "--ngrams: expected a number"),
    ],
)
def test_mistakes(csv_file, options, message):
    assert message in chainrule("train", csv_file, *options).error


def test_mistakes_of_lines(lines, tags, tmp_path):
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("__label__a x\n__label__ y\n")
    assert chainrule("train", wrong).error.startswith("wrong.txt, line 2: expected a label after")
    wrong.write_text("__label__a x\n__label__a y\n")
    assert "expected two different labels or more, got 'a' only" in chainrule("train", wrong).error
    wrong.write_bytes(b"__label__a x\n__label__b \xff\n")
    assert "wrong.txt, line 2: expected utf-8, got other bytes" in chainrule("train", wrong).error
    run = chainrule("train", lines, "--test", tags)
    assert run.error == "--test: tags.train, line 1: expected one label, as in training, got " + (
        "'good', 'even'" if reviews()[0][1] == "good" else "'bad', 'even'"
    )


def test_other_models_take_no_texts(csv_file, tmp_path):
    path = train(csv_file, tmp_path / "m.safetensors", "-t", "stars")
    assert "--text: this model was trained on" in chainrule(
        "predict", path, csv_file, "--text", "review"
    ).error
    assert "no file or folder is named 'x'" in chainrule("explain", path, "x").error
    houses = train("diabetes", tmp_path / "d.safetensors")
    assert "--top: expected a model that predicts" in chainrule(
        "predict", houses, "diabetes", "--top", 2
    ).error

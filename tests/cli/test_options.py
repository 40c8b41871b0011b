"""The options of training: what they do, and what they do not take."""

import pytest

from chainrule import load
from cli.runs import chainrule, house_rows, train, written

ROWS = house_rows()


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    return written(tmp_path_factory.mktemp("houses") / "houses.csv", ROWS)


def told(houses, tmp_path, *options):
    arguments = ("-t", "price", "-o", tmp_path / "m", "--force", "-e", 2, "--json", *options)
    return chainrule("train", houses, *arguments).json


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--activation foo", "--activation: expected one of relu, leakyrelu, elu, gelu, silu, "),
        ("--optimizer adm", "--optimizer: expected one of adam, adamw, sgd, momentum, nesterov, "),
        ("--schedule foo", "--schedule: expected one of constant, inverse-scaling, step, cosine, "),
        ("--loss foo", "--loss: expected one of squared, absolute, huber, poisson, got 'foo'"),
        ("--task foo", "--task: expected one of regression, binary, multiclass, got 'foo'"),
        ("--layers 64,x", "--layers: expected sizes such as 256,128, got '64,x'"),
        ("--layers 64,-3", "--layers: expected sizes such as 256,128, got '64,-3'"),
        ("--layers ,", "--layers: expected sizes such as 256,128, got ','"),
        ("--layers ²", "--layers: expected sizes such as 256,128, got '²'"),
        ("--layers 64,0", "--layers: expected sizes from 1 to 1,000,000, got '64,0'"),
        ("--layers 1000001", "--layers: expected sizes from 1 to 1,000,000, got '1000001'"),
        ("--dropout 1", "--dropout: expected a share from 0 to below 1, got 1.0"),
        ("--dropout nan", "--dropout: expected a share from 0 to below 1, got nan"),
        ("-l -1", "--learning-rate: expected a number >= 0, got -1.0"),
        ("-l nan", "--learning-rate: expected a number >= 0, got nan"),
        ("--warm-up inf", "--warm-up: expected a number >= 0, got inf"),
        ("--batch -1", "--batch: expected a number >= 0, got -1"),
        ("--epochs 0", "--epochs: expected a number >= 1, got 0"),
        ("--patience -1", "--patience: expected a number >= 0, got -1"),
        ("--l2 -1", "--l2: expected a number >= 0, got -1.0"),
        ("--seed -1", "--seed: expected a number from 0 to 2**32 - 1, got -1"),
        ("--seed 4294967296", "--seed: expected a number from 0 to 2**32 - 1, got 4294967296"),
        ("--augment spin", "--augment: expected changes such as shift=2,flip; there are shift, "),
        ("--augment shift=x", "--augment: could not convert string to float: 'x', got 'shift=x'"),
        ("--augment shift=-1", "--augment: Shift: expected pixels to be a whole number >= 0"),
        ("--augment shift=1", "--augment: all but noise are for images, and /"),
        ("--augment noise --optimizer lbfgs", "--augment: lbfgs finds its own steps, on all"),
        ("-l 0.1 --optimizer lbfgs", "--learning-rate: lbfgs finds its own steps, on all"),
        ("--clip-norm 1 --optimizer lbfgs", "--clip-norm: lbfgs finds its own steps, on all"),
        ("--class-weight 3", "--class-weight: expected balanced, or weights such as yes=3,no=1"),
        ("--class-weight a=-1", "--class-weight: expected balanced, or weights such as yes=3,no"),
        ("--class-weight balanced", "--class-weight: expected classes to predict; 'price' has 57"),
        ("--precision half", "--precision: expected one of float32, bfloat16, bfloat16_blo"),
        ("--precision bfloat16 --double", "--precision: bfloat16 does not go with --double"),
        ("--precision bfloat16_blocks --double", "bfloat16_blocks does not go with --double"),
        ("--precision bfloat16 --optimizer lbfgs", "does not go with --optimizer lbfgs"),
        ("--precision bfloat16 --engine reference", "does not go with --engine reference"),
        ("--label-smoothing 1", "--label-smoothing: expected a share from 0 to below 1, got 1.0"),
        ("--label-smoothing 0.1", "--label-smoothing: expected classes to predict; 'price' has"),
        ("--validation 1", "--validation: expected a share from 0 to below 1, got 1.0"),
        ("--test nan", "--test: expected a share from 0 to below 1, got nan"),
        ("--validation 0.5 --test 0.5", "must leave something to train on"),
        ("--task binary", "expected 2 classes for binary, got 57"),
        ("--loss huber --task binary", "--loss: huber is for regression, got --task binary"),
    ],
)
def test_an_option_without_sense_is_named(houses, tmp_path, options, message):
    run = chainrule("train", houses, "-t", "price", "-o", tmp_path / "m", *options.split())
    assert message in run.error
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--epochs", "x"), "'--epochs'"),
        (("--no-such",), "--no-such"),
        (("one", "two"), "two"),
    ],
)
def test_misuse_has_exit_code_2(options, message):
    run = chainrule("train", "digits", *options)
    assert (run.code, run.out) == (2, "")
    assert "chainrule train --help" in run.err
    assert message in run.err


def test_the_largest_seed_is_taken(houses, tmp_path):
    assert told(houses, tmp_path, "-s", 2**32 - 1)["seed"] == 2**32 - 1


@pytest.mark.parametrize(
    ("options", "formula"),
    [
        (("--layers", "0"), "Identity(Linear(W0, b0; x))"),
        (("--layers", " 7, 3,"), "Identity(Linear(W2, b2; ReLU(Linear(W1, b1; ReLU(Linear(W0, b"),
        (("--layers", "7", "--activation", "gelu"), "Identity(Linear(W1, b1; GELU(Linear(W0, b0;"),
        (("--layers", "7", "--no-bias"), "Identity(Linear(W1; ReLU(Linear(W0; x))))"),
        (("--layers", "7", "--dropout", "0.3"), "Dropout"),
    ],
)
def test_a_network_is_as_asked(houses, tmp_path, options, formula):
    model = load(train(houses, tmp_path / "m", "-t", "price", *options))
    text = model.chain_.formula()
    assert formula in text


@pytest.mark.parametrize(
    ("options", "key", "value"),
    [
        (("--batch", 0), "batch_size", None),
        (("--batch", 7), "batch_size", 7),
        (("--optimizer", "gd"), "batch_size", None),
        (("--schedule", "cosine"), "schedule", "Cosine"),
        (("--warm-up", 1.5), "schedule", "WarmUp"),
        (("--l2", 0.25), "l2", 0.25),
        (("--seed", 11), "seed", 11),
        (("--precision", "bfloat16"), "precision", "bfloat16"),
        (("--epochs", 3), "epochs", 3),
        (("--test", 0), "rows", {"training": 46, "validation": 11}),
        (("--test", 0, "--model", "mlp"), "rows", {"training": 51, "validation": 6}),
        (("--validation", 0), "rows", {"training": 46, "test": 11}),
        (("--validation", 0, "--test", 0), "rows", {"training": 57}),
    ],
)
def test_a_training_is_as_asked(houses, tmp_path, options, key, value):
    assert told(houses, tmp_path, *options)[key] == value


def test_products_in_bfloat16_are_told_of(houses, tmp_path):
    model = tmp_path / "m"
    assert "products in" not in chainrule("show", train(houses, model, "-t", "price")).out
    train(houses, model, "-t", "price", "--precision", "bfloat16")
    assert ", seed 0, products in bfloat16" in chainrule("show", model).out
    assert load(model).precision == "bfloat16"


def test_an_optimizer_takes_the_learning_rate(houses, tmp_path):
    options = ("--optimizer", "nesterov", "-l", 0.007)
    optimizer = told(houses, tmp_path, *options)["optimizer"]
    assert optimizer == {"name": "SGD", "learning_rate": 0.007, "momentum": 0.9, "nesterov": True}


def test_digits_is_trained_as_the_notes_do_unless_told_otherwise(tmp_path):
    arguments = ("train", "digits", "-e", 1, "--json", "-fo", tmp_path / "m")
    assert chainrule(*arguments).json["l2"] == 0.003
    assert load(tmp_path / "m").chain_.formula() == (
        "Softmax(Linear(W2; ReLU(Linear(W1; ReLU(Linear(W0; x))))))"
    )
    assert chainrule(*arguments, "--l2", 0, "--bias", "--layers", 9).json["l2"] == 0
    assert load(tmp_path / "m").chain_.formula() == (
        "Softmax(Linear(W1, b1; ReLU(Linear(W0, b0; x))))"
    )


def test_patience_stops_and_its_absence_does_not(houses, tmp_path):
    still = ("-l", 0, "-e", 9)  # nothing is learned, so nothing improves
    assert told(houses, tmp_path, *still, "--patience", 4)["end"].startswith("stopped after 6 ")
    assert told(houses, tmp_path, *still, "--patience", 0)["epochs"] == 9


def test_double_precision_is_kept_in_the_file(houses, tmp_path):
    assert load(train(houses, tmp_path / "m", "-t", "price")).chain_.dtype == "float32"
    model = load(train(houses, tmp_path / "m", "-t", "price", "--double"))
    assert model.chain_.dtype == "float64"


def test_whole_numbers_are_classes_unless_the_task_or_a_loss_says_otherwise(houses, tmp_path):
    arguments = ("train", houses, "-t", "rooms", "-e", 1, "--json", "-fo", tmp_path / "m")
    found = chainrule(*arguments).json
    assert (found["task"], found["classes"]) == ("multiclass", ["1", "2", "3", "4", "5", "6"])
    for options in (("--task", "regression"), ("--loss", "absolute"), ("--loss", "squared")):
        found = chainrule(*arguments, *options).json
        assert (found["task"], found["classes"]) == ("regression", [])


def test_a_loss_of_regression_needs_numbers(houses, tmp_path):
    run = chainrule("train", houses, "-t", "kind", "--loss", "huber", "-o", tmp_path / "m")
    assert "target 'kind', line 2: expected a number, for regression, got" in run.error


def test_counts_are_not_negative(tmp_path):
    rows = [[*row[:3], str(i - 3)] for i, row in enumerate(ROWS)]
    path = written(tmp_path / "counts.csv", rows)
    run = chainrule("train", path, "-t", "price", "--loss", "poisson", "-o", tmp_path / "m")
    assert run.error == "the Poisson loss needs counts, but 'price' has negative values"


def test_the_same_seed_gives_the_same_file(houses, tmp_path):
    first = train(houses, tmp_path / "a", "-t", "price", "--dropout", 0.2).read_bytes()
    assert train(houses, tmp_path / "b", "-t", "price", "--dropout", 0.2).read_bytes() == first
    other = train(houses, tmp_path / "c", "-t", "price", "--dropout", 0.2, "-s", 1).read_bytes()
    assert other != first


def test_counts_are_predicted_as_rates(tmp_path):
    rows = [[*row[:3], str(i % 5)] for i, row in enumerate(ROWS)]
    path = written(tmp_path / "counts.csv", rows)
    run = chainrule(
        "train", path, "-t", "price", "--loss", "poisson", "-e", 3, "-o", tmp_path / "m"
    )
    assert run.code == 0
    assert "Softplus" in chainrule("show", tmp_path / "m").out


def test_either_engine_trains_the_same_network(houses, tmp_path):
    model = tmp_path / "m"
    options = ("-t", "price", "-e", 3, "--double", "--json", "-fo", model)
    arguments = ("train", houses, *options)
    scores = {}
    for engine in ("machine", "reference"):
        scores[engine] = chainrule(*arguments, "--engine", engine, "--threads", 2).json["scores"]
        shown = chainrule("show", model, "--json").json
        assert shown["training"]["engine"] == engine
    for part, figures in scores["machine"].items():
        assert figures == pytest.approx(scores["reference"][part], rel=1e-9)


def test_classes_weigh_what_is_asked(houses, tmp_path):
    arguments = ("train", houses, "-t", "kind", "-fo", tmp_path / "m", "-e", 3, "--json")
    equal = chainrule(*arguments).json["history"]["loss"]
    same = chainrule(*arguments, "--class-weight", "villa=2,barn=2, flat=2").json["history"]["loss"]
    assert same == pytest.approx(equal, rel=1e-5)
    balanced = chainrule(*arguments, "--class-weight", "balanced").json["history"]["loss"]
    assert balanced != pytest.approx(equal, rel=1e-5)
    run = chainrule(*arguments, "--class-weight", "villa=2,castle=1")
    assert run.error.endswith("got 'castle', expected labels of training: 'barn', 'flat', 'villa'")


def test_smoothed_labels_keep_the_loss_from_zero(tmp_path):
    model = ("--model", "mlp", "-fo", tmp_path / "m")
    arguments = ("train", "iris", *model, "-e", 60, "--json", "--patience", 0)
    certain, smooth = (
        chainrule(*arguments, "--label-smoothing", share).json["history"]["loss"][-1]
        for share in (0.0, 0.3)
    )
    assert smooth > 0.5 > certain


def test_noise_on_a_table_changes_training_alone(houses, tmp_path):
    plain = told(houses, tmp_path, "--model", "mlp")
    noisy = told(houses, tmp_path, "--augment", "noise=0.5")
    assert noisy["augmentation"] == ["Noise(deviation=0.5)"]
    assert noisy["history"]["loss"] != plain["history"]["loss"]


def test_lbfgs_takes_iterations(tmp_path):
    arguments = ("train", "diabetes", "--optimizer", "lbfgs", "-e", 30, "-fo", tmp_path / "m")
    facts = chainrule(*arguments, "--layers", 4, "--json").json
    assert facts["optimizer"] == {"name": "lbfgs"}
    assert len(facts["history"]["validation_loss"]) == facts["epochs"] <= 30
    assert facts["scores"]["test"]["R²"] > 0.3
    assert load(tmp_path / "m").chain_.dtype == "float32"


@pytest.mark.parametrize("kinds", ["aaaaabbc", "abccccc", "aaabcbbaaa"])
def test_a_class_of_one_row_is_learned(tmp_path, kinds):
    rows = [[*row[:2], kind, row[3]] for row, kind in zip(ROWS, kinds, strict=False)]
    path = written(tmp_path / "houses.csv", rows)
    for seed in range(3):  # whoever would be held out
        run = chainrule("train", path, "-t", "kind", "-e", 1, "-s", seed, "-fo", tmp_path / "m")
        assert run.code == 0, run.err


def test_numbers_with_a_point_can_be_classes_with_weights(tmp_path):
    rows = [[*row[:3], ("1.5", "2.5", "4")[i % 3]] for i, row in enumerate(ROWS)]
    path = written(tmp_path / "grades.csv", rows)
    arguments = ("train", path, "-t", "price", "--task", "multiclass", "-fo", tmp_path / "m")
    facts = chainrule(*arguments, "-e", 3, "--class-weight", "1.5=2,4=3", "--json").json
    assert facts["classes"] == ["1.5", "2.5", "4"]
    equal = chainrule(*arguments, "-e", 3, "--json").json
    assert facts["history"]["loss"] != equal["history"]["loss"]
    assert set(chainrule("predict", tmp_path / "m", path).out.split()[1:]) <= {"1.5", "2.5", "4"}

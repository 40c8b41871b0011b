"""What is shown of a derivation: text, numbers, LaTeX, pages; and what is refused."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError

from chainrule import (
    GELU,
    Chain,
    CrossEntropy,
    EmbeddingBag,
    LayerNorm,
    Linear,
    MaxPool2d,
    MeanSquaredError,
    MLPClassifier,
    ReLU,
    Residual,
    Sigmoid,
    Softmax,
    Tanh,
    derivation,
)
from chainrule.functions import Conv2d, Flatten
from chainrule.losses import BinaryCrossEntropy
from explain.networks import initialized
from typeset import parsed

SCORES = [[-2.85, 0.86, 0.28]]
PRINTED = (0.0154493156751271, 0.631163353697413, 0.353387330637003)
"""What the note on multi-class cross-entropy prints, computed with ten digits."""


@pytest.fixture(scope="module")
def three_layers():
    """The network of the note on neural networks, f = softmax(W2 ReLU(W1 ReLU(W0 x)))."""
    W0, W1, W2 = (Linear(size, bias=False) for size in (5, 4, 3))
    chain = Chain(W0, ReLU(), W1, ReLU(), W2, Softmax())
    return derivation(initialized(chain, (6,)), CrossEntropy())


@pytest.fixture(scope="module")
def example():
    return derivation(Chain(Softmax()), CrossEntropy(), SCORES, [2], digits=10)


# ---- the notes


def test_the_three_layer_network_of_the_notes(three_layers):
    shown = repr(three_layers)
    for line in (
        "X1[n,o] = Σ_i X[n,i]·W0[i,o]",
        "X2[n,i] = max(X1[n,i], 0)",
        "X5[n,o] = Σ_i X4[n,i]·W2[i,o]",
        "Y[n,i] = exp(X5[n,i])/(Σ_k exp(X5[n,k]))",
        "∂X3[n,o]/∂W1[i,o'] = (X2[n,i] if o' = o else 0)",
        "∂L/∂W2 = X4ᵀ · ∂L/∂X5",
        "(∂L/∂W0)ᵀ = (∂L/∂X1)ᵀ · X",
        "∂L/∂X4 = ∂L/∂X5 · W2ᵀ",
    ):
        assert line in shown, line
    assert three_layers.steps[-1].lines == (
        "dX5[n,j] = 1/N·(Y[n,j] − T[n,j])",
        "dW2[i,o] = X4[n,i] dX5[n,o]",
        "dX4[n,i] = dX5[n,o] W2[i,o]",
        "dX3[n,i] = dX4[n,i]·(1 if X3[n,i] > 0 else 0)",
        "dW1[i,o] = X2[n,i] dX3[n,o]",
        "dX2[n,i] = dX3[n,o] W1[i,o]",
        "dX1[n,i] = dX2[n,i]·(1 if X1[n,i] > 0 else 0)",
        "dW0[i,o] = X[n,i] dX1[n,o]",
    )


def test_the_lines_of_the_program_are_backprop(three_layers):
    """Run the last step's lines by hand, and compare with ``chain.gradient``."""
    chain, rng = three_layers.chain, np.random.default_rng(0)
    X, t = rng.normal(size=(4, 6)), np.array([0, 2, 1, 1])
    _, W1, W2 = chain.parameters.values()
    _, X1, X2, X3, X4, _, Y = chain.trace(X)
    dX5 = 1 / 4 * (Y - np.eye(3)[t])
    dX3 = np.einsum("no,io->ni", dX5, W2) * np.where(X3 > 0, 1, 0)
    dX1 = np.einsum("no,io->ni", dX3, W1) * np.where(X1 > 0, 1, 0)
    pairs = {"W2": (X4, dX5), "W1": (X2, dX3), "W0": (X, dX1)}
    _, gradient = chain.gradient(CrossEntropy(), X, t)
    for name, (x, d) in pairs.items():
        np.testing.assert_allclose(np.einsum("ni,no->io", x, d), gradient[name], rtol=1e-12)


def test_the_example_in_numbers_as_the_note_has_it(example):
    shown = repr(example)
    numbers = re.search(r"Y = \[\[(.*)\]\]", shown)[1].split()
    assert numbers == ["0.01544931568", "0.6311633536", "0.3533873307"]
    for number, printed in zip(numbers, PRINTED, strict=True):
        assert abs(float(number) - printed) < 4e-10  # the note has ten digits in all it computes
    assert "Y[0,1] = exp(0.86)/(exp(−2.85) + exp(0.86) + exp(0.28)) = 0.6311633536" in shown
    assert "1·log(0.3533873307)) = 1.040190569" in shown
    assert "∂L/∂Y[0,2] = −1/1·1/0.3533873307 = −2.829756228" in shown
    assert "∂L/∂X[0,2] = 1/1·(0.3533873307 − 1) = −0.6466126693" in shown
    assert "∂L/∂X = [[0.01544931568 0.6311633536 −0.6466126693]]" in shown
    assert example.check().passed


def test_sigmoid_and_binary_cross_entropy_cancel():
    derived = derivation(initialized(Chain(Linear(1), Sigmoid()), (2,)), BinaryCrossEntropy())
    lines = [line.strip() for line in repr(derived).split("\n")]
    start = lines.index("∂L/∂X1[n,i] = Σ_{i'} ∂L/∂Y[n,i']·∂Y[n,i']/∂X1[n,i]    (the chain rule)")
    forms = [line for line in lines[start + 1 :] if line.startswith("= ")]
    assert forms[1].endswith("·Y[n,i]·(1 − Y[n,i])")
    assert forms[2] == (
        "= 1/(N·K)·(Y[n,i] − T[n,i] if T[n,i] > 0 and T[n,i] < 1 else "
        "Y[n,i] − 1 if T[n,i] > 0 else Y[n,i])"
    )
    assert forms[3].startswith("= 1/(N·K)·(Y[n,i] − T[n,i])    (the same in all cases; ")


# ---- numbers


def test_numbers_are_those_that_the_chain_computes():
    chain = initialized(Chain(Linear(4), Tanh(), Linear(2)), (3,))
    X, t = np.array([[0.5, -1.0, 2.0]]), np.array([[1.0, -1.0]])
    derived = derivation(chain, MeanSquaredError(), X, t, digits=17)
    shown = repr(derived)
    _, gradient = chain.gradient(MeanSquaredError(), X, t)
    for name in chain.parameters:
        found = re.findall(rf"∂L/∂{name} = \[([^=a-z]*?)\]\n\s*(?:program|\n|$)", shown)
        numbers = np.array(re.sub(r"[\[\]]", "", found[0].replace("−", "-")).split(), dtype=float)
        assert np.array_equal(numbers, gradient[name].ravel())


def test_numbers_below_zero_are_subtracted_and_one_is_told_once():
    chain = initialized(Chain(Linear(1)), (2,))
    chain.parameters["W0"][...] = [[1], [-1]]
    chain.parameters["b0"][...] = 0
    one = repr(chain.derivation(MeanSquaredError(), [[2.0, 3.0]], [[1.0]]))
    assert "     ∂L/∂b0[0] = −4\n" in one
    two = repr(chain.derivation(MeanSquaredError(), [[2.0, 3.0], [0.0, 0.0]], [[1.0], [2.0]]))
    assert "     ∂L/∂b0[0] = −2 − 2 = −4\n" in two


def test_of_many_numbers_some_are_shown():
    chain = initialized(Chain(Linear(30)), (20,))
    shown = repr(derivation(chain, MeanSquaredError(), np.ones((2, 20)), np.ones((2, 30))))
    assert "W0 = [[" in shown
    assert "..." in shown
    assert max(map(len, shown.split("\n"))) < 200
    image = initialized(Chain(Conv2d(8, size=3), Flatten()), (1, 5, 5))
    t = np.zeros((1, 72))
    shown = repr(derivation(image, MeanSquaredError(), np.ones((1, 1, 5, 5)), t))
    assert "W0 has 72 numbers, 8 × 1 × 3 × 3" in shown
    assert "∂L/∂W0 has 72 numbers" in shown


def test_sparse_samples_and_chains_without_shapes_are_taken():
    chain = Chain(EmbeddingBag(2), Linear(3), Softmax())
    X = sparse.csr_array([[1.0, 0, 2, 0], [0, 1, 0, 0]])
    derived = derivation(chain, CrossEntropy(), X, [0, 2])
    assert not chain.initialized
    assert "X = [[1 0 2 0]\n          [0 1 0 0]]" in repr(derived)
    assert derived.check().passed


def test_an_estimator_is_derived_with_its_own_loss():
    X = np.random.default_rng(0).normal(size=(30, 2))
    y = np.where(X[:, 0] > 0, "yes", "no")
    model = MLPClassifier((3,), activation="tanh", max_iter=2, random_state=0)
    with pytest.warns(UserWarning, match="max_iter|iterations"):
        model.fit(X, y)
    derived = derivation(model, X=X[:1], t=y[:1])
    assert "with BinaryCrossEntropy" in derived.title
    assert derived.check().passed
    assert "dW0[i,o] = X[n,i] dX1[n,o]" in derived.steps[-1].lines
    assert derivation(model).numbers() is None
    assert repr(model.derivation(X[:1], y[:1])) == repr(derived)
    assert repr(model.derivation(digits=3)) == repr(derivation(model, digits=3))
    with pytest.raises(NotFittedError):
        MLPClassifier().derivation()


def test_a_chain_derives_itself(three_layers, example):
    assert repr(three_layers.chain.derivation(CrossEntropy())) == repr(three_layers)
    own = Chain(Softmax()).derivation(CrossEntropy(), SCORES, [2], digits=10)
    assert repr(own) == repr(example)
    gradient = three_layers.chain.derivation(CrossEntropy(), input_gradient=True)
    assert gradient.steps[-1].lines[-1] == "dX[n,i] = dX1[n,o] W0[i,o]"
    with pytest.raises(TypeError, match=r"expected a loss such as CrossEntropy\(\), got None"):
        three_layers.chain.derivation(None)


# ---- documents

ALL_KINDS = Chain(
    Conv2d(2, size=2),
    ReLU(),
    MaxPool2d(2),
    Flatten(),
    LayerNorm(),
    Residual(Chain(Linear(3), Tanh(), Linear(4))),
    Linear(2),
    Sigmoid(),
)


@pytest.fixture(scope="module")
def all_kinds():
    chain = initialized(ALL_KINDS, (1, 4, 5))
    X = np.random.default_rng(0).normal(size=(2, 1, 4, 5))
    return derivation(chain, BinaryCrossEntropy(), X, [[0, 1], [0.5, 1]])


def test_a_page_is_well_formed_and_needs_nothing_else(all_kinds):
    page = all_kinds.html()
    body = re.search(r"<body>(.*)</body>", page, re.DOTALL)[1]
    tree = ET.fromstring(f"<body>{body.replace('=>', '=&gt;')}</body>")
    titles = [element.text for element in tree.iter("h2")]
    assert titles == [f"{step.number}. {step.title}" for step in all_kinds.steps]
    assert len(list(tree.iter("math"))) > 40
    assert not re.search(r"https?://|src=|@import|url\(", page)
    assert "<details>" not in page


def test_an_exercise_hides_each_line_until_it_is_asked_for(all_kinds, example):
    page = all_kinds.exercise().html()
    body = re.search(r"<body>(.*)</body>", page, re.DOTALL)[1]
    tree = ET.fromstring(f"<body>{body.replace('=>', '=&gt;')}</body>")
    hidden = [part for details in tree.iter("details") for part in details.iter("math")]
    shown = [m for m in tree.iter("math") if m not in hidden]
    questions = ["".join(element.itertext()) for element in shown]
    assert questions
    assert all(question.endswith("=?") for question in questions)
    assert not all_kinds.hidden

    asked = list(example.questions())
    text = "\n".join(line for line, _ in asked)
    assert text.replace("\n", "").count("∂L/∂X[n,j] = ?") == 1
    first = next(at for at, (line, _) in enumerate(asked) if "∂L/∂X[n,j] = ?" in line)
    assert [waits for _, waits in asked[first : first + 4]] == [False, True, True, True]
    every = [line.strip() for line in repr(example).split("\n") if line.strip()]
    told = [line.strip() for line in text.split("\n") if line.strip() and "= ?" not in line]
    assert told == every


def test_latex_is_a_body_whose_formulas_are_read(all_kinds, three_layers):
    curved = derivation(initialized(Chain(Linear(2), GELU()), (2,)), MeanSquaredError())
    for derived in (all_kinds, three_layers, curved):
        body = derived.latex()
        assert body.count(r"\begin{align*}") == body.count(r"\end{align*}") > 10
        assert all(letter.isascii() or letter in "²³½" for letter in body)
        for step in derived.steps:
            for equation in step.equations:
                assert all(parsed(line) for line, _ in equation.latex_lines() if line)


def test_a_notebook_gets_html(example):
    shown = example._repr_html_()
    assert shown.startswith('<div class="derivation">')
    assert "<html" not in shown
    assert ET.fromstring(shown).tag == "div"
    assert example._repr_latex_() == example.latex()
    assert "<details>" in example.exercise()._repr_html_()


def test_an_equation_is_found_by_name(three_layers):
    assert str(three_layers.find("W1")).split("\n")[-1] == "  = Σ_n ∂L/∂X3[n,o]·X2[n,i]"
    with pytest.raises(ValueError, match="expected the name of a parameter or value, got 'W7'"):
        three_layers.find("W7")


def test_a_residual_block_goes_both_ways(all_kinds):
    lines = all_kinds.steps[-1].lines
    assert "dX6.3 = dX6" in lines
    assert "dX5 = dX6 + dX6.0" in lines
    assert "d2.W0[i,o] = X6.0[n,i] dX6.1[n,o]" in lines
    assert all_kinds.check().passed


# ---- what is refused


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((None, CrossEntropy()), TypeError, "expected a chain or a fitted estimator, got None"),
        ((Chain(Linear(2)),), TypeError, r"expected a loss such as CrossEntropy\(\), got None"),
        ((Chain(Linear(2)), CrossEntropy()), ValueError, r"call initialize\(X\) first"),
        ((Chain(Linear(2)), CrossEntropy(), [[1.0]]), ValueError, "expected t, too, as X is given"),
        (
            (Chain(Linear(2)), MeanSquaredError(), [[1.0]], [[1.0]]),
            ValueError,
            r"expected targets of shape \(1, 2\), got shape \(1, 1\)",
        ),
        (
            (Chain(Linear(2), Softmax()), CrossEntropy(), [[1.0]], [2]),
            ValueError,
            "expected class numbers from 0 to 1, got 2",
        ),
    ],
)
def test_what_cannot_be_derived_is_an_error(arguments, error, message):
    with pytest.raises(error, match=message):
        derivation(*arguments)


def test_a_network_of_millions_of_parameters_has_formulas_and_no_numbers(monkeypatch):
    monkeypatch.setattr("chainrule.explain.document.MOST_PARAMETERS", 10)
    chain = Chain(Linear(4)).initialize((3,))
    derived = derivation(chain, MeanSquaredError())
    assert "dW0[i,o] = X[n,i] dY[n,o]" in repr(derived)
    message = "expected at most 10 parameters where numbers are computed, got 16"
    with pytest.raises(ValueError, match=message):
        derived.check()
    with pytest.raises(ValueError, match=message):
        derivation(chain, MeanSquaredError(), np.ones((1, 3)), np.ones((1, 4)))


def test_the_chain_is_left_as_it_is():
    chain = Chain(Linear(4), Tanh()).initialize((3,), seed=1)
    before = chain.parameters.flat.copy()
    X = np.ones((2, 3))
    assert derivation(chain, MeanSquaredError(), X, np.ones((2, 4))).check().passed
    assert derivation(chain, MeanSquaredError()).check().passed
    assert np.array_equal(X, np.ones((2, 3)))
    assert np.array_equal(chain.parameters.flat, before)
    assert chain.dtype == np.float32


@pytest.mark.parametrize("digits", [0, 18, 2.5])
def test_digits_are_from_1_to_17(digits):
    with pytest.raises(ValueError, match=f"expected digits from 1 to 17, got {digits}"):
        derivation(Chain(Softmax()), CrossEntropy(), SCORES, [2], digits=digits)

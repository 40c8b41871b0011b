"""Numbers in a line: fractions, roots, and sizes of letters, read, computed, differentiated."""

import numpy as np
import pytest

from chainrule.notation import NotationError, dense_jacobian, evaluate, gradient, latex, parse


def operands(rng):
    return {"X": rng.normal(size=(5, 4)), "W": rng.normal(size=(4, 3)), "b": rng.normal(size=3)}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1/√i", 1 / 2),
        ("1/i", 1 / 4),
        ("√i", 2),
        ("2/√i", 1),
        ("√o 1/√i", np.sqrt(3) / 2),
        ("1/√2", 1 / np.sqrt(2)),
        ("-0.5", -0.5),
        ("3/4", 0.75),
        ("1/i 1/√i", 1 / 8),
        ("1/√i 1/√i", 1 / 4),
    ],
)
def test_a_product_is_multiplied_by_its_number(text, number):
    given = operands(np.random.default_rng(0))
    line = parse(f"Y[n,o] = {text} X[n,i] W[i,o] + b[o]")
    expected = number * given["X"] @ given["W"] + given["b"]
    np.testing.assert_allclose(evaluate(line, given), expected, rtol=0, atol=1e-14)
    assert parse(str(line)) == line


def test_a_number_may_stand_behind_and_divide():
    assert parse("y[n] = x[n,i] w[i] / √i") == parse("y[n] = 1/√i x[n,i] w[i]")
    assert parse("y[n] = x[n] / 2") == parse("y[n] = 0.5 x[n]")


def test_gradients_have_the_number():
    line = parse("Y[n,o] = 1/√i X[n,i] W[i,o] - 0.5 b[o]")
    assert str(gradient(line, "X")) == "dX[n,i] = 1/√i dY[n,o] W[i,o]"
    assert str(gradient(line, "W")) == "dW[i,o] = 1/√i X[n,i] dY[n,o]"
    assert str(gradient(line, "b")) == "db[o] = -1/2 dY[n,o]"


def test_a_size_keeps_its_letter_where_letters_are_renamed():
    line = parse("z = 1/√i w[i] x[j] + w[j] x[j]")
    for by, sizes in (("w", {"i": 4, "j": 4}), ("x", {"i": 4, "j": 4})):
        given = {"w": np.arange(4.0), "x": np.array([1.0, -2.0, 3.0, 0.5]), "dz": np.array(1.0)}
        whole = evaluate(gradient(line, by), given, sizes=sizes)
        np.testing.assert_allclose(whole, dense_jacobian(line, given, by=by), atol=1e-14)


def test_integers_with_a_root_become_floats():
    assert evaluate(parse("y[i] = 1/√2 x[i]"), {"x": [2, 4]}).dtype == np.float64
    x = np.ones(3, dtype=np.float32)
    assert evaluate(parse("y[i] = 1/√i x[i]"), {"x": x}).dtype == np.float32


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Y[n,o] = 1/√i X[n,i]", r"Y_{n,o} = \frac{1}{\sqrt{i}} \sum_{i} X_{n,i}"),
        ("y[i] = √3/i x[i]", r"y_{i} = \frac{\sqrt{3}}{i} x_{i}"),
        ("y[i] = 2/3 √i x[i]", r"y_{i} = \frac{2 \sqrt{i}}{3} x_{i}"),
        ("y[i] = √i x[i]", r"y_{i} = \sqrt{i} x_{i}"),
    ],
)
def test_numbers_are_typeset(text, expected):
    assert latex(parse(text)) == expected


def test_a_constant_divides_by_its_value():
    line = parse("y[i] = 1/√s x[i]", {"s": 4})
    assert evaluate(line, {"x": np.ones(2)}).tolist() == [0.5, 0.5]
    with pytest.raises(NotationError, match="the constant s is not above zero"):
        parse("y[i] = 1/√s x[i]", {"s": 0})

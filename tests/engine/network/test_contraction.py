"""Lines taken apart: which products they are made of, and what has no kernel."""

import numpy as np
import pytest

from chainrule import notation
from chainrule.engine.network.contraction import Contraction, NoContractionError

ENSEMBLE = "Y[n,k,o] = X[n,k,i] r[k,i] W[i,o] s[k,o] + b[k,o]"
OF_ENSEMBLE = {"r": (3, 50), "W": (50, 40), "s": (3, 40), "b": (3, 40)}


def contraction(text, inputs, outputs, **parameters):
    return Contraction.of(notation.parse(text), inputs, outputs, parameters, {})


def letters(steps):
    """Return the letters of each step's target and factors."""
    return [" ".join("".join(t.letters) for t in (s.target, *s.factors)) for s in steps]


def test_an_ensemble_has_one_large_product_forward():
    steps = contraction(ENSEMBLE, (3, 50), (3, 40), **OF_ENSEMBLE).forward()
    assert letters(steps) == ["nki nki ki", "nko nki io", "nko nko ko"]
    assert [step.operands is not None for step in steps] == [False, True, False]
    assert str(steps[-1].plus) == "b[k,o]"


def test_gradients_share_their_products_with_forward_and_each_other():
    steps = contraction(ENSEMBLE, (3, 50), (3, 40), **OF_ENSEMBLE).backward(input_gradient=True)
    assert sum(step.operands is not None for step in steps) == 2  # by U and by W
    by_s = next(step for step in steps if step.target.name == "ds")
    assert by_s.operands is None
    assert letters([by_s]) == ["ko nko nko"]


def test_the_steps_give_the_lines_value_and_gradients():
    rng = np.random.default_rng(0)
    made = contraction(ENSEMBLE, (3, 50), (3, 40), **OF_ENSEMBLE)
    arrays = {name: rng.normal(size=shape) for name, shape in OF_ENSEMBLE.items()}
    arrays |= {"X": rng.normal(size=(6, 3, 50)), "dY": rng.normal(size=(6, 3, 40))}
    given = {name: arrays[name] for name in ("X", *OF_ENSEMBLE)}
    for step in (*made.forward(), *made.backward(input_gradient=True)):
        spelled = ",".join("".join(t.letters) for t in step.factors)
        result = step.number * np.einsum(
            f"{spelled}->{''.join(step.target.letters)}", *(arrays[t.name] for t in step.factors)
        )
        if step.plus:
            result = result + arrays[step.plus.name]
        arrays[step.target.name] = result + (arrays[step.target.name] if step.adds else 0)
    np.testing.assert_allclose(arrays["Y"], notation.evaluate(made.line, given), atol=1e-12)
    for by in given:
        expected = notation.backprop(made.line, given, arrays["dY"], by=by)
        np.testing.assert_allclose(arrays[f"d{by}"], expected, rtol=0, atol=1e-11)


def test_a_product_of_matrices_goes_from_the_samples_on():
    made = contraction("Y[n,o] = X[n,i] V[i,j] V[j,o]", (30,), (30,), V=(30, 30))
    assert letters(made.forward()) == ["nj ni ij", "no nj jo"]


def test_what_repeats_is_computed_once():
    made = contraction("Y[n,o] = X[n,k,i] W[i,o]", (3, 5), (7,), W=(5, 7))
    assert letters(made.forward()) == ["ni nki", "no ni io"]
    back = made.backward(input_gradient=True)
    assert letters(back)[:2] == ["ni no io", "nki ni"]


def test_gradients_run_along_the_last_axis_that_one_factor_alone_has():
    assert contraction("Y[n,o] = X[n,i] W[i,o]", (5,), (7,), W=(5, 7)).axis("W") == 1
    batched = contraction("Y[n,o,k] = X[n,i,k] W[i,o,k]", (5, 3), (7, 3), W=(5, 7, 3))
    assert batched.axis("W") == 1
    scale = contraction("Y[n,i] = X[n,i] s[i] a", (5,), (5,), s=(5,), a=())
    assert (scale.axis("s"), scale.axis("a")) == (0, 0)


def test_operations_are_those_of_the_products():
    assert contraction("Y[n,o] = X[n,i] W[i,o]", (5,), (7,), W=(5, 7)).products == 35


@pytest.mark.parametrize(
    ("text", "inputs", "outputs", "parameters", "reason"),
    [
        ("Y[n,i] = X[n,i+u] w[u]", (5,), (3,), {"w": (3,)}, r"i\+u of X\[n,i\+u\] is not one"),
        ("Y[n,2*i] = X[n,i]", (5,), (9,), {}, r"the index 2\*i of Y\[n,2\*i\] is not one letter"),
        ("Y[n,i] = X[n,0] w[i]", (1,), (3,), {"w": (3,)}, r"the index 0 of X\[n,0\] is not"),
        ("Y[n,i] = X[n,i,i]", (3, 3), (3,), {}, r"a letter stands twice in X\[n,i,i\]"),
        ("Y[n,i] = X[m,i]", (3,), (3,), {}, r"X\[m,i\] does not begin with n, the sample"),
        ("Y[n,i] = X[n,i] w[n]", (3,), (3,), {"w": (64,)}, r"w\[n\] has the samples' letter n"),
        ("Y[n,i] = w[i]", (3,), (3,), {"w": (3,)}, "X does not stand in it"),
        ("Y[n,i] = X[n,i]", (3,), (3,), {"w": (3,)}, "w does not stand in it"),
        ("Y[n,i] = X[n,i] w[i]", (3,), (3,), {}, "w is no parameter"),
        ("Y[n,i] = X[n,i]", (3,), (4,), {}, r"Y\[n,i\] of shape \(64, 4\) is walked as \(64, 3\)"),
        ("Y = X[n,i]", (3,), (), {}, "Y does not begin with the letter of the samples"),
        ("Y[n,i] = X[n,i] + 1/2", (3,), (3,), {}, "the term 1/2 has no factor"),
        ("Y[n,i] = 1/√n X[n,i]", (3,), (3,), {}, "X.n,i. depends on how many samples there are"),
        ("Y[n,i] = X[n,i] s[i] ds[i]", (3,), (3,), {"s": (3,), "ds": (3,)}, "ds is the name"),
        ("Y[n,i] = X[n,i] + dY[i]", (3,), (3,), {"dY": (3,)}, "dY is the name of a gradient"),
        ("Y[n,i] = " + "X[n,i] " * 9, (3,), (3,), {}, "has more than 8 factors"),
    ],
)
def test_what_does_not_fit_is_named(text, inputs, outputs, parameters, reason):
    with pytest.raises(NoContractionError, match=reason):
        contraction(text, inputs, outputs, **parameters)

"""Formulas as people type them, as LaTeX."""

import pytest
from hypothesis import given, strategies as st

from chainrule.notation.text_typesetting import text_latex
from typeset import parsed

TYPESET = {
    "1/N Σ_n (Y[n] − t[n])²/2": r"\frac{1}{N} \sum_{n} \frac{\left(Y_{n} - t_{n}\right)^{2}}{2}",
    "a/(b + 1)": r"\frac{a}{b + 1}",
    "a/b/c": r"\frac{\frac{a}{b}}{c}",
    "(a + b)·c": r"\left(a + b\right) c",
    "−x + 2": "- x + 2",
    "log Σ_k exp(z[k]) − z[i]": r"\log \sum_{k} \exp\left(z_{k}\right) - z_{i}",
    "y = σ(x) = 1/(1 + exp(−|x|))": (
        r"y = \sigma\left(x\right) = \frac{1}{1 + \exp\left(- \left|x\right|\right)}"
    ),
    "√(2π) x/√2": r"\sqrt{2 \pi} \frac{x}{\sqrt{2}}",
    "db[o] = dY[n,o]": r"\frac{\partial L}{\partial b_{o}} = \frac{\partial L}{\partial Y_{n,o}}",
    "dy/dx = 1 if x ≤ 0 else 0": (
        r"\frac{\mathrm{d} y}{\mathrm{d} x} = \begin{cases} 1 & \text{if } x \leq 0 \\ "
        r"0 & \text{otherwise} \end{cases}"
    ),
    "∂Y[n,o]/∂W[i,o'] = 1": r"\frac{\partial Y_{n,o}}{\partial W_{i,o^{\prime}}} = 1",
    "x[s*i+u-p]": "x_{s i + u - p}",
    "1/n Σ x·1[i=j] + f_m(x)": r"\frac{1}{n} \sum x 1_{i = j} + f_{m} \left(x\right)",
    "dg = Σ dY·Z": r"\frac{\partial L}{\partial g} = \sum \frac{\partial L}{\partial Y} Z",
    "W1² x": "{W^{(1)}}^{2} x",
    "slope·x, where x < 0": r"\mathrm{slope} x \text{, where } x < 0",
    "slopes, or a slope of x": r"\text{slopes, or a } \mathrm{slope} \text{ of } x",
    "m ← m + ½·(x − m)": r"m \leftarrow m + \frac{1}{2} \left(x - m\right)",
    "with ε = 1e-5": r"\text{with } \varepsilon = 1 \cdot 10^{-5}",
    "mean(x) and their mean": r"\mathrm{mean}\left(x\right) \text{ and their mean}",
    "the identity matrix": r"\text{the identity matrix}",
    "a window's 50 % & more": r"\text{a window's } 50 \text{ \% \& more}",
    "f(x, y)": r"f\left(x, y\right)",
    "": "",
}


@pytest.mark.parametrize(("text", "latex"), TYPESET.items())
def test_formulas_are_typeset_like_this(text, latex):
    assert text_latex(text, ["slope"]) == latex
    assert not latex or parsed(latex)


TYPED = "dX[n,i] x y1 σ exp log max( ) ( | Σ_k √ ∂ ² ' = ≤ if else − + · / , the a 0.5 [ ] {"
PIECES = TYPED.split()


@given(st.lists(st.sampled_from(PIECES), max_size=9), st.booleans())
def test_whatever_is_typed_becomes_latex(pieces, spaced):
    assert parsed("x " + text_latex(" ".join(pieces) if spaced else "".join(pieces)))

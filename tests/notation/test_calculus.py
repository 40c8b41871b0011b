"""The gradients and Jacobians of lines as people read them: as text and as LaTeX."""

import pytest

from chainrule.notation import NotationError, gradient, jacobian, latex, parse

CONV = "Y[n,o,i,j] = W[o,c,u,v] X[n,c,s*i+d*u-p,s*j+v-1] + b[o]"
GROUPED = "Y[n,2*g+o,i] = W[2*g+o,c,u] X[n,3*g+c,i+u]"
CONSTANTS = {"s": 2, "d": 2, "p": 1}

GRADIENTS = [
    ("Y[n,o] = X[n,i] W[i,o] + b[o]", "X", "dX[n,i] = dY[n,o] W[i,o]"),
    ("Y[n,o] = X[n,i] W[i,o] + b[o]", "W", "dW[i,o] = X[n,i] dY[n,o]"),
    ("Y[n,o] = X[n,i] W[i,o] + b[o]", "b", "db[o] = dY[n,o]"),
    (CONV, "X", "dX[n,c,s*i+d*u-p,s*j+v-1] = W[o,c,u,v] dY[n,o,i,j]"),
    (CONV, "W", "dW[o,c,u,v] = dY[n,o,i,j] X[n,c,s*i+d*u-p,s*j+v-1]"),
    (CONV, "b", "db[o] = dY[n,o,i,j]"),
    (GROUPED, "X", "dX[n,3*g+c,i+u] = W[2*g+o,c,u] dY[n,2*g+o,i]"),
    (GROUPED, "W", "dW[2*g+o,c,u] = dY[n,2*g+o,i] X[n,3*g+c,i+u]"),
    ("z = x[i] A[i,j] x[j]", "x", "dx[i] = dz A[i,j] x[j] + x[k] A[k,i] dz"),
    ("z = x[i] A[i,j] x[j]", "A", "dA[i,j] = x[i] dz x[j]"),
    ("z = 1/3 x[i] x[i]", "x", "dx[i] = 2/3 dz x[i]"),
    ("z = x[i] x[i] x[i]", "x", "dx[i] = 3 dz x[i] x[i]"),
    ("z = A[i,i]", "A", "dA[i,i] = dz"),
    ("y[i] = x[i] x[i+1]", "x", "dx[i] = dy[i] x[i+1]; dx[i+1] = x[i] dy[i]"),
    ("y[i] = w[u] x[i-u]", "x", "dx[i-u] = w[u] dy[i]"),
    ("y[i] = w[u] x[i-u]", "w", "dw[u] = dy[i] x[i-u]"),
    ("y[i] = x[i]; y[j] = -w[j,k] x[k]", "x", "dx[i] = dy[i] - w[j,i] dy[j]"),
    ("z = x[i] y[i] - y[i] x[i] + 2 x[i]", "x", "dx[i] = 0 dz y[i] + 2 dz"),
]

JACOBIANS = [
    ("Y[n,o] = X[n,i] W[i,o] + b[o]", "X", None, "dY_dX[n,o,n,i] = W[i,o]"),
    ("Y[n,o] = X[n,i] W[i,o] + b[o]", "X", "n", "dY_dX[n,o,i] = W[i,o]"),
    ("Y[n,o] = X[n,i] W[i,o] + b[o]", "W", "n", "dY_dW[n,o,i,o] = X[n,i]"),
    ("Y[n,o] = X[n,i] W[i,o] + b[o]", "b", "n", "dY_db[n,o,o] = 1"),
    (CONV, "X", "n", "dY_dX[n,o,i,j,c,s*i+d*u-p,s*j+v-1] = W[o,c,u,v]"),
    (CONV, "W", None, "dY_dW[n,o,i,j,o,c,u,v] = X[n,c,s*i+d*u-p,s*j+v-1]"),
    (GROUPED, "X", "n", "dY_dX[n,2*g+o,i,3*g+c,i+u] = W[2*g+o,c,u]"),
    (GROUPED, "W", None, "dY_dW[n,2*g+o,i,2*g+o,c,u] = X[n,3*g+c,i+u]"),
    ("z = x[i] A[i,j] x[j]", "x", None, "dz_dx[i] = A[i,j] x[j] + x[k] A[k,i]"),
    ("z = x[i] A[i,j] x[j]", "A", None, "dz_dA[i,j] = x[i] x[j]"),
    ("z = 1/3 x[i] x[i]", "x", None, "dz_dx[i] = 2/3 x[i]"),
    ("z = A[i,i]", "A", None, "dz_dA[i,i] = 1"),
    ("y[i] = x[i] x[i+1]", "x", None, "dy_dx[i,i] = x[i+1]; dy_dx[i,i+1] = x[i]"),
    ("y[i] = w[u] x[i-u]", "x", None, "dy_dx[i,i-u] = w[u]"),
]

LATEX = [
    ("Y[n,o] = X[n,i] W[i,o] + b[o]", r"Y_{n,o} = \sum_{i} X_{n,i} W_{i,o} + b_{o}"),
    (
        CONV,
        r"Y_{n,o,i,j} = \sum_{c,u,v} W_{o,c,u,v} X_{n,c,s i+d u-p,s j+v-1} + b_{o}",
    ),
    ("z = 1/3 x[i] x[i]", r"z = \frac{1}{3} \sum_{i} x_{i} x_{i}"),
    ("z = -A[i,i] - 2", r"z = -\sum_{i} A_{i,i} - 2"),
    (
        "y[i] = 2 a1[i] - 0.5 long_name[i] + 3",
        r"y_{i} = 2 a^{(1)}_{i} - \frac{1}{2} \mathrm{long\_name}_{i} + 3",
    ),
    ("y[i] = x[i]; y[2*i] = x[i]", r"y_{i} = x_{i} \\ y_{2 i} = x_{i}"),
]


@pytest.mark.parametrize(("text", "by", "expected"), GRADIENTS)
def test_gradients_read_like_this(text, by, expected):
    assert str(gradient(parse(text, CONSTANTS), by)) == expected


@pytest.mark.parametrize(("text", "by", "batch", "expected"), JACOBIANS)
def test_jacobians_read_like_this(text, by, batch, expected):
    assert str(jacobian(parse(text, CONSTANTS), by, batch)) == expected


@pytest.mark.parametrize(("text", "expected"), LATEX)
def test_lines_are_typeset_like_this(text, expected):
    assert latex(parse(text, CONSTANTS)) == expected


def test_derivatives_are_typeset_as_derivatives():
    line = parse("Y[n,o] = X[n,i] W[i,o] + b[o]")
    assert latex(gradient(line, "W")) == (
        r"\frac{\partial L}{\partial W_{i,o}} = "
        r"\sum_{n} X_{n,i} \frac{\partial L}{\partial Y_{n,o}}"
    )
    assert latex(jacobian(line, "b", "n")) == (
        r"\left(\frac{\partial Y}{\partial b}\right)_{n,o,o} = 1"
    )


def test_an_underscore_in_a_name_is_part_of_it():
    line = parse("L_d[n] = W_down[n]")
    assert latex(gradient(line, "W_down")) == (
        r"\frac{\partial L}{\partial \mathrm{W\_down}_{n}} = "
        r"\frac{\partial L}{\partial \mathrm{L\_d}_{n}}"
    )
    assert latex(jacobian(line, "W_down")) == (
        r"\left(\frac{\partial \mathrm{L\_d}}{\partial \mathrm{W\_down}}\right)_{n,n} = 1"
    )


def test_a_gradient_has_gradients_too():
    by_weights = gradient(parse("Y[n,o] = X[n,i] W[i,o]"), "W")
    assert str(gradient(by_weights, "X")) == "dX[n,i] = ddW[i,o] dY[n,o]"


def test_a_new_letter_is_none_of_the_constants():
    constants = {"k": 2, "l": 3}
    line = gradient(parse("z = x[i] A[i,j] x[j] + w[k]", constants), "x")
    assert str(line) == "dx[i] = dz A[i,j] x[j] + x[m] A[m,i] dz"


def test_letters_never_run_out():
    letters = "abcdefghijklmnopqrstuvwxyz"
    text = f"z = x[i] A[i,j] x[j] W[{','.join(letters)}]"
    assert "x[i1]" in str(gradient(parse(text), "x"))


@pytest.mark.parametrize("differentiate", [gradient, jacobian])
def test_only_an_operand_has_a_derivative(differentiate):
    with pytest.raises(NotationError, match=r"no factor is named V; there are \('X', 'W'\)"):
        differentiate(parse("Y[n,o] = X[n,i] W[i,o]"), "V")

"""What a person reads of a function: its name and its formulas."""

import pytest

from chainrule import functions as f
from chainrule.formulas import formula, sections
from functions.cases import CASES
from typeset import parsed

NAMES = {
    "Linear(2)": f.Linear(2),
    "Linear(2, bias=False)": f.Linear(2, bias=False),
    "Conv2d(4)": f.Conv2d(4, size=3, stride=1),
    "Conv2d(4, size=(2, 3), padding='same', groups=2)": f.Conv2d(
        4, (2, 3), padding="same", groups=2
    ),
    "EmbeddingBag(3, mode='mean')": f.EmbeddingBag(3, mode="mean"),
    "MaxPool2d()": f.MaxPool2d(),
    "MaxPool2d(size=3, stride=1)": f.MaxPool2d(3, 1),
    "Dropout()": f.Dropout(),
    "Dropout(rate=0.25)": f.Dropout(0.25),
    "LeakyReLU(slope=0.2)": f.LeakyReLU(0.2),
    "ReLU()": f.ReLU(),
}

FORMULAS = [
    (
        f.Linear(2),
        ["Y[n,o] = X[n,i] W[i,o] + b[o]"],
        ["dY_dX[n,o,i] = W[i,o]", "dY_dW[n,o,i,o] = X[n,i]", "dY_db[n,o,o] = 1"],
        ["dX[n,i] = dY[n,o] W[i,o]", "dW[i,o] = X[n,i] dY[n,o]", "db[o] = dY[n,o]"],
    ),
    (
        f.Conv2d(4, stride=(1, 2), dilation=2, padding=(0, 1)),
        ["Y[n,o,i,j] = W[o,c,u,v] X[n,c,i+2*u,2*j+2*v-1] + b[o]"],
        [
            "dY_dW[n,o,i,j,o,c,u,v] = X[n,c,i+2*u,2*j+2*v-1]",
            "dY_dX[n,o,i,j,c,i+2*u,2*j+2*v-1] = W[o,c,u,v]",
            "dY_db[n,o,i,j,o] = 1",
        ],
        [
            "dW[o,c,u,v] = dY[n,o,i,j] X[n,c,i+2*u,2*j+2*v-1]",
            "dX[n,c,i+2*u,2*j+2*v-1] = W[o,c,u,v] dY[n,o,i,j]",
            "db[o] = dY[n,o,i,j]",
        ],
    ),
    (
        f.Conv2d(4, padding="same", groups=2, bias=False),
        ["Y[n,2*g+o,i,j] = W[2*g+o,c,u,v] X[n,C*g+c,i+u-p,j+v-q]"],
        [
            "dY_dW[n,2*g+o,i,j,2*g+o,c,u,v] = X[n,C*g+c,i+u-p,j+v-q]",
            "dY_dX[n,2*g+o,i,j,C*g+c,i+u-p,j+v-q] = W[2*g+o,c,u,v]",
        ],
        [
            "dW[2*g+o,c,u,v] = dY[n,2*g+o,i,j] X[n,C*g+c,i+u-p,j+v-q]",
            "dX[n,C*g+c,i+u-p,j+v-q] = W[2*g+o,c,u,v] dY[n,2*g+o,i,j]",
        ],
    ),
    (
        f.AvgPool2d((2, 3)),
        ["Y[n,c,i,j] = 1/6 X[n,c,2*i+u,3*j+v]"],
        ["dY_dX[n,c,i,j,c,2*i+u,3*j+v] = 1/6"],
        ["dX[n,c,2*i+u,3*j+v] = 1/6 dY[n,c,i,j]"],
    ),
    (f.ReLU(), ["y = max(x, 0)"], ["dy/dx = 1 if x > 0 else 0"], ["dX = dY · dy/dx"]),
    (
        f.LeakyReLU(),
        ["y = x if x > 0 else 0.01*x"],
        ["dy/dx = 1 if x > 0 else 0.01"],
        ["dX = dY · dy/dx"],
    ),
    (
        f.ELU(),
        ["y = x if x > 0 else -1 + exp(x)"],
        ["dy/dx = 1 if x > 0 else 1 + y"],
        ["dX = dY · dy/dx"],
    ),
    (f.Sigmoid(), ["y = 1/(exp(-x) + 1)"], ["dy/dx = y*(1 - y)"], ["dX = dY · dy/dx"]),
    (
        f.Softplus(),
        ["y = max(x, 0) + log(exp(-|x|) + 1)"],
        ["dy/dx = 1/(exp(-x) + 1)"],
        ["dX = dY · dy/dx"],
    ),
    (
        f.Softmax(),
        ["Y[n,i] = exp(X[n,i]) / Σ_k exp(X[n,k])"],
        ["∂Y[n,i]/∂X[n,j] = Y[n,i]·(1 − Y[n,i]) if i = j else −Y[n,i]·Y[n,j]"],
        ["dX[n,i] = Y[n,i]·(dY[n,i] − Σ_k dY[n,k] Y[n,k])"],
    ),
]


@pytest.mark.parametrize(("name", "function"), NAMES.items())
def test_a_function_is_called_what_it_is(name, function):
    assert str(function) == name


@pytest.mark.parametrize(("function", "definition", "derivative", "backprop"), FORMULAS)
def test_formulas_read_like_this(function, definition, derivative, backprop):
    formulas = function.formulas()
    assert list(formulas.definition) == definition
    assert list(formulas.derivative) == derivative
    assert list(formulas.backprop) == backprop


def test_formulas_are_typeset_like_this():
    assert f.Linear(2).formulas().latex[0] == r"Y_{n,o} = \sum_{i} X_{n,i} W_{i,o} + b_{o}"
    assert f.ReLU().formulas().latex == (
        r"y = \max\left(0, x\right)",
        r"\frac{d y}{d x} = "
        r"\begin{cases} 1 & \text{for}\: x > 0 \\0 & \text{otherwise} \end{cases}",
        r"\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} \frac{d y}{d x}",
    )
    assert r"e^{x} - 1 &" in f.ELU().formulas().latex[0]


def test_the_mean_of_a_bag_does_not_pretend_to_be_its_sum():
    formulas = f.EmbeddingBag(2, mode="mean").formulas()
    assert "for the mean (A[p,d] − Y[n,d]) / Σ_q X[n,q]" in formulas.derivative[0]


@pytest.mark.parametrize("kind", f.FUNCTIONS)
def test_every_formula_is_typeset(kind):
    for case in CASES[kind]:
        formulas = case.function.formulas()
        assert formulas.latex
        for line in formulas.latex:
            assert parsed(line)
            assert not set("[]Σ·√∂−²") & set(line)


def test_formulas_of_docstrings_are_typeset_like_this():
    definition, jacobian, backprop = f.Softmax().formulas().latex
    assert definition == (
        r"Y_{n,i} = \frac{\exp\left(X_{n,i}\right)}{\sum_{k} \exp\left(X_{n,k}\right)}"
    )
    assert jacobian == (
        r"\frac{\partial Y_{n,i}}{\partial X_{n,j}} = \begin{cases} "
        r"Y_{n,i} \left(1 - Y_{n,i}\right) & \text{if } i = j \\ "
        r"- Y_{n,i} Y_{n,j} & \text{otherwise} \end{cases}"
    )
    assert backprop == (
        r"\frac{\partial L}{\partial X_{n,i}} = "
        r"Y_{n,i} \left(\frac{\partial L}{\partial Y_{n,i}} - "
        r"\sum_{k} \frac{\partial L}{\partial Y_{n,k}} Y_{n,k}\right)"
    )
    assert f.Dropout(0.2).formulas().latex[0] == (
        r"Y_{n,\ldots} = M_{n,\ldots} X_{n,\ldots} \text{, with } M = 0 \text{ with probability } "
        r"\mathrm{rate} \text{, else } \frac{1}{1 - \mathrm{rate}}"
    )
    assert f.MaxPool2d().formulas().latex[0].startswith(r"Y_{n,c,i,j} = \max \text{ over } \left(u")


def test_formulas_print_as_lines():
    assert repr(f.ReLU().formulas()).splitlines() == [
        "definition  y = max(x, 0)",
        "derivative  dy/dx = 1 if x > 0 else 0",
        "backprop    dX = dY · dy/dx",
    ]
    lines = str(f.Linear(2).formulas()).splitlines()
    assert lines[2] == "            dY_dW[n,o,i,o] = X[n,i]"
    typeset = f.Identity().formulas()._repr_latex_()
    assert typeset.startswith(r"$$\begin{aligned} & y = x \\ & \frac{d y}{d x} = 1 \\ & ")
    assert typeset.endswith(r"\frac{d y}{d x} \end{aligned}$$")


def test_numbers_and_cases_are_written_as_people_do():
    sympy = pytest.importorskip("sympy")
    x, y = sympy.symbols("x y", real=True)
    assert formula(sympy.Float(0.1) * x) == "0.1*x"
    assert formula(2.0 * x + 1.0) == "1 + 2*x"
    assert formula(3) == "3"
    assert formula(abs(y - x)) == formula(abs(x - y))
    assert formula(sympy.Min(x, 2) ** 2) == "min(x, 2)^2"
    assert formula(1 + sympy.Piecewise((x, x > 0), (0, True))) == "1 + (x if x > 0 else 0)"


def test_sections_end_where_the_text_does():
    parts = sections(f.Conv2d)
    assert parts["Shapes"] == "X (n, c, h, w), W (o, c/groups, u, v), b (o) -> Y (n, o, i, j)"
    assert parts["Source"].endswith("filter is not flipped.")
    assert "channels : number of filters" not in "".join(parts.values())

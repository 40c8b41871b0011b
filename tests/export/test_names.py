"""Names of a user's own in exported programs: reserved, of any letters, and those of loops."""

from dataclasses import dataclass

import numpy as np

from chainrule import CrossEntropy, Elementwise, Linear, Softmax
from chainrule.export.language.printing import identifier, in_comment
from export.networks import case
from export.programs import by_node, compiled, needs_compiler, needs_node
from export.test_compiled import Textbook
from lines import line


@dataclass(frozen=True)
class Hostile(Elementwise):
    """A function whose text would end a comment, or a line."""

    note: str = "*/ #error /* ??/ \\"

    def value(self, x):
        return x + x

    def derivative(self, x, y):
        return 2

    def __str__(self):
        return f"Hostile({self.note}\n*/ x"


NAMED = [
    line("Y[n,s] = X[n,i] s[i,s] + x[s]", s=(5, 4), x=(4,)),
    line("Y[n,for] = 1/√int X[n,int] while[int,for]", **{"while": (5, 4)}),
    line("Y[n,o] = X[n,e] W[e,o] e[o] double[o]", W=(5, 4), e=(4,), double=(4,)),
    line("Y[n,i] = X[n,i] γ[i] L[i] + d[i]", γ=(5,), L=(5,), d=(5,)),
    line("Y[n,Y1] = X[n,real] memory[real,Y1] larger[Y1]", memory=(5, 4), larger=(4,)),
]
CASES = [
    case(f"named{place}", (5,), (own, Hostile(), Linear(3), Softmax()), CrossEntropy())
    for place, own in enumerate(NAMED)
]


@needs_compiler
def test_c(tmp_path):
    for network, own in zip(compiled(tmp_path, CASES, "double"), CASES, strict=True):
        textbook = Textbook(own, 1, "double")
        textbook.check("y", network.predict(own.X[1])[0])
        loss, dX, gradients = network.gradient(own.X[1], own.targets()[1])
        for name, numbers in {"loss": loss, "dX": dX, **gradients}.items():
            textbook.check(name, numbers)


@needs_node
def test_javascript(tmp_path):
    for found, own in zip(by_node(tmp_path, CASES, "double"), CASES, strict=True):
        textbook = Textbook(own, 1, "double")
        for name in ("y", "loss", "dX"):
            textbook.check(name, found[1][name])
        for name in own.chain.parameters:
            textbook.check(name, found[1]["parameters"][identifier(name)])


def test_identifiers_are_those_of_both_languages():
    names = ["W0", "2.W0", "2.1.b0", "γ0", "int", "7up", "", "a-b"]
    assert [identifier(name) for name in names] == [
        "W0",
        "block2_W0",
        "block2_block1_b0",
        "u3b30",
        "int_",
        "n7up",
        "n",
        "au2db",
    ]


def test_comments_stay_comments():
    text = in_comment("a */ b /* c \\\n ??/ d")
    assert not any(sign in text for sign in ("*/", "/*", "\\", "\n", "??"))
    assert np.unique(list(text)).size > 3

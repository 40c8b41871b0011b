r"""The LaTeX of this library's formulas as MathML, which browsers typeset by themselves.

What is read is what :mod:`~chainrule.explain.typesetting` and
:mod:`chainrule.notation.text_typesetting` write: fractions, roots, sums, indices, cases, matrices,
words.
"""

from __future__ import annotations

import re
from html import escape

TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)
LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "theta": "θ", "sigma": "σ", "mu": "μ",
    "pi": "π", "varepsilon": "ε", "varphi": "φ", "Phi": "Φ", "partial": "∂", "infty": "∞",
    "top": "⊤", "backslash": "\\",
}  # fmt: skip
OPERATORS = {
    "leq": "≤", "geq": "≥", "neq": "≠", "approx": "≈", "leftarrow": "←", "cdot": "·",
    "ldots": "…", "prime": "′", "sim": "∼",
}  # fmt: skip
NAMES = {"exp", "log", "max", "min", "tanh", "sin", "cos"}
SPACES = {"\\,": "0.17em", "\\quad": "1em"}
TABLES = {"cases": ("{", ""), "pmatrix": ("(", ")")}


def mathml(latex: str, *, display: bool = True) -> str:
    """Return a formula as a ``<math>`` element.

    Parameters
    ----------
    latex : str
        The formula.
    display : bool, default=True
        Whether it stands on a line of its own.

    Raises
    ------
    ValueError
        There is a command in it that is not read.
    """
    inside = _Reader(latex).row("")
    kind = ' display="block"' if display else ""
    return f"<math{kind}>{inside}</math>"


class _Reader:
    def __init__(self, latex: str) -> None:
        self.latex = latex
        self.tokens = TOKEN.findall(latex)
        self.at = 0

    @property
    def next(self) -> str:
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.next
        self.at += 1
        return token

    def row(self, *ends: str) -> str:
        """Return what comes before one of the ends, which is left."""
        parts: list[str] = []
        while self.next not in (*ends, ""):
            parts.append(self.scripted())
        if len(parts) == 1:
            return parts[0]
        return f"<mrow>{''.join(parts)}</mrow>"

    def scripted(self) -> str:
        """Return an atom with what is above and below it."""
        total = self.next == r"\sum"
        base = self.atom()
        while self.next == "'":
            self.take()
            base = f'<mrow>{base}<mo lspace="0" rspace="0">′</mo></mrow>'
        below = above = ""
        while self.next in ("_", "^"):
            if self.take() == "_":
                below = self.atom()
            else:
                above += self.atom()
        if total and below:
            return f"<munder>{base}{below}</munder>"
        if below and above:
            return f"<msubsup>{base}{below}{above}</msubsup>"
        if below:
            return f"<msub>{base}{below}</msub>"
        return f"<msup>{base}{above}</msup>" if above else base

    def atom(self) -> str:
        token = self.take()
        if token == "{":
            inside = self.row("}")
            self.take()
            return inside
        if token.startswith("\\"):
            return self.command(token)
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        if token.isalpha():
            return f"<mi>{token}</mi>"
        if token in ("(", ")", "|", "[", "]"):
            return f'<mo stretchy="false">{token}</mo>'
        return f"<mo>{escape(token.replace('-', '−'))}</mo>"

    def command(self, token: str) -> str:
        name = token[1:]
        if name == "frac":
            return f"<mfrac>{self.atom()}{self.atom()}</mfrac>"
        if name == "sqrt":
            return f"<msqrt>{self.atom()}</msqrt>"
        if name == "sum":
            return '<mo largeop="true" movablelimits="false">∑</mo>'
        if name in ("text", "mathrm", "operatorname"):
            words = self.braced()
            tag = "mtext" if name == "text" else "mi"
            return f"<{tag}>{escape(words).replace(' ', '&#160;')}</{tag}>"
        if name == "left":
            return self.fenced()
        if name == "begin":
            return self.table()
        if name in NAMES:
            return f'<mo form="prefix" lspace="0.17em" rspace="0">{name}</mo>'
        if name in LETTERS:
            return f"<mi>{escape(LETTERS[name])}</mi>"
        if name in OPERATORS:
            return f"<mo>{OPERATORS[name]}</mo>"
        if token in SPACES:
            return f'<mspace width="{SPACES[token]}"></mspace>'
        if not name.isalpha() and name != "\\":
            return f"<mo>{escape(name)}</mo>"
        raise ValueError(f"mathml: expected LaTeX of this library, got {token} in {self.latex!r}")

    def braced(self) -> str:
        """Return the text in braces, in which a backslash stands before a sign."""
        self.take()
        words, depth = "", 1
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            depth += {"{": 1, "}": -1}.get(token, 0)
            if depth == 0:
                break
            if token.startswith("\\"):
                words += LETTERS.get(token[1:], OPERATORS.get(token[1:], token[1:]))
            elif token not in "{}":
                words += token
        return words

    def fenced(self) -> str:
        left = self.take()
        inside = self.row(r"\right")
        self.take()
        right = self.take()
        return f"<mrow><mo>{left}</mo>{inside}<mo>{right}</mo></mrow>"

    def table(self) -> str:
        kind = self.braced()
        rows: list[list[str]] = [[]]
        while True:
            rows[-1].append(self.row("&", r"\\", r"\end"))
            end = self.take()
            if end == r"\\":
                rows.append([])
            elif end != "&":
                break
        self.braced()
        left, right = TABLES[kind]
        align = ' columnalign="left"' if kind == "cases" else ""
        body = "".join(
            f"<mtr>{''.join(f'<mtd{align}>{cell}</mtd>' for cell in row)}</mtr>" for row in rows
        )
        after = f"<mo>{right}</mo>" if right else ""
        return f"<mrow><mo>{left}</mo><mtable{align}>{body}</mtable>{after}</mrow>"

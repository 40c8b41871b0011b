"""The formulas of docstrings as LaTeX.

Functions that are neither elementwise nor a line state their rules in their docstring, as people
type them: ``Y[n,i] = exp(X[n,i]) / Σ_k exp(X[n,k])``. They are read here by the usual precedence;
words that are no mathematics stand between formulas as text.

    statement    choice (= choice)…
    choice       sum [if statement else choice]
    sum          [−] product (± product)…
    product      quotient (· quotient)…
    quotient     factor (/ factor)…, so 1/N Σ_n x is (1/N) Σ_n x
    factor       number, name, f(x), log x, Σ_k product, ∂x, √x, |x|, (x, …); then [i,…], _1, ², '
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

RELATIONS = {
    "=": "=", "<": "<", ">": ">", "≤": r"\leq", "≥": r"\geq", "≈": r"\approx", "≠": r"\neq",
    "←": r"\leftarrow",
}  # fmt: skip
OPERATORS = {"exp", "log", "max", "min", "tanh"}
"""Functions that LaTeX has commands for; their argument needs no parentheses."""

UPRIGHT = {"erf", "sign", "softmax", "mean", "var", "std", "diag"}
"""Functions without a command; without a bracket they are words of a sentence."""

SYMBOLS = {
    "σ": r"\sigma", "Φ": r"\Phi", "φ": r"\varphi", "π": r"\pi", "μ": r"\mu", "ε": r"\varepsilon",
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "θ": r"\theta",
    "alpha": r"\alpha", "beta": r"\beta", "gamma": r"\gamma", "delta": r"\delta",
    "epsilon": r"\varepsilon", "∞": r"\infty", "…": r"\ldots", "err": r"\mathrm{err}",
    "½": r"\frac{1}{2}",
}  # fmt: skip
POSTFIX = {"²": "^{2}", "³": "^{3}", "ᵀ": r"^{\top}", "'": r"^{\prime}"}
TOKEN = re.compile(
    r"(?P<number>\d+(?:\.\d+)?(?:e-?\d+)?)"
    r"|(?P<word>(?:[^\W\d_²³ᵀΣ])(?:[^\W_²³ᵀΣ])*(?:['’]s\b|(?:-[a-z]{2,})+)?)"
    r"|(?P<sign>\S)"
)
ESCAPES = {c: "\\" + c for c in "#$%&_{}"} | {"\\": r"\backslash{}", "^": r"\^{}", "~": r"\sim{}"}


def text_latex(text: str, names: Iterable[str] = ()) -> str:
    r"""Return a typed formula as LaTeX: ``\frac{1}{N} \sum_{n} \left(Y_{n} - t_{n}\right)^{2}``.

    Parameters
    ----------
    text : str
        Formulas, and words between them.
    names : iterable of str, optional
        Words that are names of numbers, such as hyperparameters.
    """
    return _Reader(text, frozenset(names)).everything()


class _NoFormulaError(Exception):
    """What comes next is no mathematics."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    spaced: bool
    """Whether a space stands before it."""


END = _Token("end", "", True)


class _Reader:
    """A text, read from left to right."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self.names = names
        self.tokens = [
            _Token(m.lastgroup or "", m[0], m.start() > 0 and text[m.start() - 1].isspace())
            for m in TOKEN.finditer(text)
        ]
        self.position = 0
        self.in_bars = False

    @property
    def next(self) -> _Token:
        return self.at(self.position)

    def at(self, position: int) -> _Token:
        """Return the token at a place, one of no text after the last."""
        return self.tokens[position] if position < len(self.tokens) else END

    def take(self) -> str:
        """Return the next token and go on."""
        token = self.next
        self.position += 1
        return token.text

    def require(self, *texts: str) -> str:
        """Return the next token, which must be one of these."""
        if self.next.text not in texts:
            raise _NoFormulaError
        return self.take()

    def everything(self) -> str:
        """Return formulas, and the words between them as text."""
        parts: list[str] = []
        words: list[_Token] = []
        while self.next is not END:
            start = self.position
            try:
                formula = self.statement()
            except _NoFormulaError:
                self.position, self.in_bars = start, False
                words.append(self.next)
                self.take()
                continue
            parts += [*_words(words, bool(parts), True), formula]
            words = []
        return " ".join(parts + _words(words, bool(parts), False))

    def statement(self) -> str:
        """Return sides that are compared."""
        sides = [self.choice()]
        while self.next.text in RELATIONS:
            sides += [RELATIONS[self.take()], self.choice()]
        return " ".join(sides)

    def choice(self) -> str:
        """Return a sum, or cases of which one holds under a condition."""
        value = self.sum()
        if self.next.text != "if":
            return value
        self.take()
        condition = self.statement()
        self.require("else")
        other = self.choice()
        inside = rf"{value} & \text{{if }} {condition} \\ {other} & \text{{otherwise}}"
        return rf"\begin{{cases}} {inside} \end{{cases}}"

    def sum(self) -> str:
        """Return products, added and subtracted."""
        parts = ["-"] if self.next.text in ("−", "-") and self.take() else []
        parts.append(self.product())
        while self.next.text in ("+", "−", "-"):
            parts += ["+" if self.take() == "+" else "-", self.product()]
        return " ".join(parts)

    def product(self) -> str:
        """Return quotients that stand beside each other, or have a dot between them."""
        parts = [self.quotient()]
        while True:
            if self.next.text in ("·", "*"):
                self.take()
            elif not self.starts_factor():
                return " ".join(parts)
            parts.append(self.quotient())

    def starts_factor(self) -> bool:
        """Whether a factor comes next, and not a word or the end of bars."""
        token = self.next
        if token.kind == "word":
            return self.is_name(self.position)
        if token.text == "(":
            inside = self.position + 1
            return self.at(inside).kind != "word" or self.is_name(inside)
        bars = token.text == "|" and not self.in_bars
        return token.kind == "number" or bars or token.text in ("Σ", "√", "∂", "∞", "…")

    def is_name(self, position: int) -> bool:
        """Whether a word is mathematics: a letter, dX, W1, the name of a function or a number."""
        text, after = self.at(position).text, self.at(position + 1)
        if text in OPERATORS or text in SYMBOLS or text in self.names:
            return True
        if text in UPRIGHT or (len(text) > 1 and after.text == "["):
            return after.text in ("(", "[") and not after.spaced
        if text in ("a", "I") and after.spaced and after.kind == "word":
            return len(after.text) == 1 or after.text in OPERATORS  # else an article
        return bool(re.fullmatch(r"d?[^\W\d_]\d*", text))

    def quotient(self) -> str:
        """Return a factor, or one over another."""
        value, inside = self.factor()
        while self.next.text == "/":
            self.take()
            below, inside_below = self.factor()
            value = rf"\frac{{{inside or value}}}{{{inside_below or below}}}"
            inside = None
        return value

    def factor(self) -> tuple[str, str | None]:
        """Return a factor, and what is in it if it is in parentheses."""
        token = self.next
        if not self.starts_factor():
            raise _NoFormulaError
        if token.text in ("(", "|"):
            return self.bracketed()
        self.take()
        if token.kind == "number":
            return self.followed(_number(token.text)), None
        if token.text == "Σ":
            below = self.followed("")
            return rf"\sum{below} {self.product()}", None
        if token.text == "√":
            value, inside = self.factor()
            return rf"\sqrt{{{inside or value}}}", None
        if token.text == "∂":
            return rf"\partial {self.factor()[0]}", None
        return self.named(token), None

    def named(self, token: _Token) -> str:
        """Return a name with what belongs to it: its indices, its argument."""
        text, gradient = token.text, re.fullmatch(r"d([^\W\d_]\d*)", token.text)
        quotient = "/" in (self.next.text, self.at(self.position - 2).text)
        if text in OPERATORS:
            name = rf"\{text}"
        elif gradient and (text[1].isupper() or not quotient):
            indexed = self.followed(_name(gradient[1]))
            return rf"\frac{{\partial L}}{{\partial {indexed}}}"
        else:
            name = _name(text)
        if text in OPERATORS and self.next.text != "(" and self.starts_factor():
            return f"{name} {self.factor()[0]}"
        if self.next.text == "(" and not self.next.spaced:
            return f"{name}{self.bracketed()[0]}"
        return self.followed(name)

    def bracketed(self) -> tuple[str, str | None]:
        """Return what is in parentheses or bars, with them and without."""
        outer, left = self.in_bars, self.take()
        self.in_bars, right = left == "|", {"(": ")", "|": "|"}[left]
        inside = self.several(right, self.statement)
        self.in_bars = outer
        whole = self.followed(rf"\left{left}{inside}\right{right}")
        plain = left == "(" and whole.endswith(r"\right)")
        return whole, inside if plain else None

    def several(self, end: str, read: Callable[[], str]) -> str:
        """Return what stands between commas until the end."""
        parts = [read()]
        while self.require(",", end) == ",":
            parts.append(read())
        return ",".join(parts) if end == "]" else ", ".join(parts)

    def followed(self, value: str) -> str:
        """Return a value with the indices, powers and primes that follow it."""
        while True:
            if self.next.text == "[" and not self.next.spaced:
                self.take()
                added = f"_{{{self.several(']', self.statement)}}}"
            elif self.next.text == "_":
                self.take()
                added = f"_{{{self.take()}}}"
            elif self.next.text in POSTFIX and not self.next.spaced:
                added = POSTFIX[self.take()]
            else:
                return value
            value = (f"{{{value}}}" if added[0] in value else value) + added  # one of a kind each


def _name(text: str) -> str:
    """Return one letter as it is, with its number above; what is longer upright."""
    if text in SYMBOLS:
        return SYMBOLS[text]
    numbered = re.fullmatch(r"(d?[^\W\d_])(\d+)", text)
    if numbered:
        return f"{_name(numbered[1])}^{{({numbered[2]})}}"
    if len(text) == 2 and text[0] == "d":
        return rf"\mathrm{{d}} {text[1]}"
    return text if len(text) == 1 else rf"\mathrm{{{_escaped(text)}}}"


def _number(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{exponent}}}" if exponent else mantissa


def _words(words: list[_Token], before: bool, after: bool) -> list[str]:
    """Return words as text, with the spaces around it; nothing for none."""
    if not words:
        return []
    said = "".join(" " * token.spaced + _escaped(token.text) for token in words).strip()
    first = " " if before and words[0].spaced else ""
    return [rf"\text{{{first}{said}{' ' * after}}}"]


def _escaped(text: str) -> str:
    return "".join(ESCAPES.get(character, character) for character in text)

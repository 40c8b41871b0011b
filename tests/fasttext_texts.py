"""Texts that tests train on, drawn by a generator that no library changes."""

from chainrule.fasttext.randomness import MinstdRand

OTHERS = "the a of naïve café 日本 日本語 über x y zebra kilometre </s> < > __label__x x__label__a"
WORDS = [
    *OTHERS.split(),
    *(f"w{number}" for number in range(60)),
    *(f"a-longer-word-of-{number}" for number in range(20)),
]
LABELS = ["__label__" + name for name in ("red", "green", "blue", "日", "rare1", "rare2")]


def drawn_text(lines: int, seed: int = 7) -> bytes:
    """Return lines with labels and words, rare ones, white space of all kinds, odd lines."""
    below = MinstdRand(seed).below
    text = []
    for number in range(lines):
        tokens = [LABELS[min(below(9), 5)] for _ in range(1 + (below(5) == 0))]
        kind = (len(tokens[0]) * 7) % len(WORDS)
        for _ in range(below(12)):
            place = kind + below(10) if below(3) else below(len(WORDS))
            tokens.append(WORDS[place % len(WORDS)])
        if number % 37 == 5:
            tokens = tokens[1:]  # maybe without a label
        if number % 41 == 6:
            tokens = []
        text.append((" \t\r\v\f"[number % 5]).join(tokens) + " " * (number % 2))
    return "\n".join(text).encode() + b"\n"

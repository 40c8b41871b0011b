"""A text with labels, and small models of it."""

import random
from dataclasses import replace
from functools import cache, partial

from chainrule.engine.running import single
from chainrule.fasttext import steps
from chainrule.fasttext.quantising import quantise
from chainrule.fasttext.reference import train, train_further
from chainrule.fasttext.settings import Settings

ODD_LINES = (
    "\n",
    " \t \n",
    "__label__none\n",
    "unknown words only\n",
    "é\u00a0è 日本語 \u2028 x__label__a __label__ __label__one\n",
    "before </s> after __label__two\n",
)
BAD_BYTES = b"\xff\xfe w\x80\x81 \x00\x01\x0b__label__one \xc3\n"

COMMON = {"dim": 5, "epoch": 2, "minn": 0, "maxn": 0, "bucket": 0}
SETTINGS = {
    "softmax": {"lr": 0.5},
    "one-vs-all": {"loss": "ova", "wordNgrams": 2, "bucket": 90},
    "tree": {"loss": "hs", "minn": 2, "maxn": 3, "bucket": 120, "lr": 0.3},
    "negative": {"loss": "ns", "wordNgrams": 3, "minn": 1, "maxn": 2, "bucket": 70, "neg": 3},
    "rare": {"minCount": 3, "minCountLabel": 4, "wordNgrams": 2, "bucket": 33, "seed": 7},
    "many labels": {"loss": "hs", "lrUpdateRate": 7, "dim": 4},
}


@cache
def text(lines: int = 180, labels: int = 11, seed: int = 1) -> bytes:
    """Return lines of words, frequent and rare, with one or two labels each."""
    draw = random.Random(seed).random
    made = []
    for number in range(lines):
        names = [f"__label__{number % labels if labels > 99 else int(labels * draw() ** 2)}"]
        if draw() < 0.2:
            names.append(f"__label__{int(labels * draw())}")
        words = [_word(int(450 * draw() ** 2)) for _ in range(1 + int(9 * draw()))]
        place = int(len(words) * draw())
        made.append(" ".join([*words[:place], *names, *words[place:]]) + "\n")
    odd = "".join(ODD_LINES).encode() + BAD_BYTES
    return "".join(made).encode() + odd + b"__label__two last line without feed"


def _word(number: int) -> str:
    stems = ("", "naïve", "日本", "Ω", "word")
    return f"{stems[number % 5]}{number:x}"


def text_of(name: str) -> bytes:
    """Return the text of a model of this name."""
    return text(300, 270, 2) if name.startswith("many labels") else text()


def settings_of(name: str) -> Settings:
    """Return the settings of a model of this name."""
    return Settings(**{**COMMON, **SETTINGS[name]})


@cache
def model_of(name: str):
    """Return a model, trained in NumPy."""
    return train(text_of(name), settings_of(name))


QUANTISED = {
    "softmax, plain": {},
    "softmax, norms": {"qnorm": True, "dsub": 3},
    "one-vs-all, cutoff": {"cutoff": 280, "qnorm": True},
    "tree, cutoff": {"cutoff": 400},
    "negative, retrained": {"cutoff": 300},
    "many labels, output": {"qout": True, "qnorm": True},
    "many labels, all": {"qout": True, "qnorm": True, "cutoff": 300, "dsub": 1},
}


@cache
def quantised_of(name: str):
    """Return a quantised model, and for any other name one that is not."""
    if name not in QUANTISED:
        return model_of(name)
    whole = name.partition(",")[0]
    further = partial(_retrained, name=whole) if name.endswith("retrained") else None
    return quantise(model_of(whole), **QUANTISED[name], retrain=further)


def _retrained(model, name):
    settings = replace(model.settings, epoch=1, lr=0.25, seed=0)
    return train_further(replace(model, settings=settings), text_of(name))


def interrupt_after(monkeypatch, calls):
    """Let Ctrl-C come once, after so many calls of the kernel that trains, each of a few lines."""
    call, left = single.invoke, iter([*[False] * calls, True])

    def invoke(*given, **named):
        if next(left, False):
            raise KeyboardInterrupt
        call(*given, **named)

    monkeypatch.setattr(steps, "TURNS", 500)
    monkeypatch.setattr(steps, "invoke", invoke)

"""The commands of fastText that need no reader of command lines, called as fastText's are."""

import pytest

from chainrule.cli import fasttext_answers
from chainrule.cli.application import app
from chainrule.cli.fasttext_plain import plain_call

PLAIN = [
    ("predict m t", "print_predictions", ("m", "t", 1, 0.0, None, False)),
    ("predict-prob m - -1 0.5", "print_predictions", ("m", "-", -1, 0.5, None, True)),
    ("predict -thread 2 m t 3", "print_predictions", ("m", "t", 3, 0.0, 2, False)),
    ("test m t 5 1e-3 -thread 1", "print_scores", ("m", "t", 5, 0.001, 1, False)),
    ("test-label m t", "print_scores", ("m", "t", 1, 0.0, None, True)),
    ("print-sentence-vectors m", "print_sentence_vectors", ("m", None)),
]


@pytest.fixture
def called(monkeypatch):
    """Let what does the work remember how it was called, and do nothing."""
    calls = []
    for name in {name for _, name, _ in PLAIN}:
        monkeypatch.setattr(
            fasttext_answers,
            name,
            lambda *given, name=name, **named: calls.append((name, (*given, *named.values()))),
        )
    return calls


@pytest.mark.parametrize(("line", "name", "given"), PLAIN)
def test_both_ways_call_the_same_with_the_same(called, line, name, given):
    plain_call(["fasttext", *line.split()])()
    app(["fasttext", *line.split()], standalone_mode=False)
    assert called == [(name, given)] * 2


@pytest.mark.parametrize(
    "line",
    [
        "",
        "predict",
        "predict m",
        "predict m t 1 0 more",
        "predict m t k",
        "predict m t 1 half",
        "predict m t -k",
        "predict m t -thread",
        "predict m t -thread two",
        "predict --help",
        "print-sentence-vectors m t",
        "supervised -input a -output b",
        "dump m args",
    ],
)
def test_whatever_is_not_plain_is_left_to_the_commands(line):
    assert plain_call(["fasttext", *line.split()]) is None
    assert plain_call(["predict", "m", "t"]) is None

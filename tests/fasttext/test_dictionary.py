import numpy as np
import pytest

from chainrule.fasttext import dictionary as module
from chainrule.fasttext.dictionary import Dictionary, PruneMap, check_pruned, lines, tokens
from chainrule.fasttext.settings import Settings


def test_white_space_is_seven_bytes():
    text = b"a\x20b\x09c\x0bd\x0ce\x0df\x00g\x85h\x1ci\x1fj\xc2\xa0k\xe2\x80\xa8l"
    last = b"g\x85h\x1ci\x1fj\xc2\xa0k\xe2\x80\xa8l"
    assert list(tokens(text)) == [b"a", b"b", b"c", b"d", b"e", b"f", last]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", []),
        (b" ", [[]]),
        (b"\n", [["</s>"]]),
        (b"x y", [["x", "y"]]),
        (b"x y\n", [["x", "y", "</s>"]]),
        (b"x\n\ny", [["x", "</s>"], ["</s>"], ["y"]]),
        (b"x\n ", [["x", "</s>"], []]),
        (b"x </s> y\n", [["x", "</s>"], ["y", "</s>"]]),
        (b"x </s>\n", [["x", "</s>"], ["</s>"]]),
        (b"x </s> ", [["x", "</s>"]]),
        (b"x </s>  ", [["x", "</s>"], []]),
        (b"x </s>", [["x", "</s>"]]),
        (b"x</s> y", [["x</s>", "y"]]),
    ],
)
def test_lines_end_with_line_feeds_literal_ends_and_the_text(text, expected):
    assert [[token.decode() for token in line] for line in lines(text)] == expected


TEXT = b"__label__a the cat\n__label__b the dog the cat\nx__label__c __label__a __label__ cow\n"


def test_words_then_labels_by_falling_count():
    made = Dictionary.of_text(TEXT, Settings())
    assert made.ntokens == 15
    word_counts = made.counts[: made.nwords].tolist()
    words = dict(zip(made.words, word_counts, strict=True))
    assert words == {b"the": 3, b"</s>": 3, b"cat": 2, b"dog": 1, b"x__label__c": 1, b"cow": 1}
    assert word_counts == [3, 3, 2, 1, 1, 1]
    assert made.labels[0] == b"__label__a"
    assert made.label_counts.tolist() == [2, 1, 1]
    assert made.word_id(b"the") in (0, 1)
    assert made.word_id(b"__label__a") == made.word_id(b"no") == -1
    assert (made.size, made.nwords, made.nlabels) == (9, 6, 3)


def test_rare_words_and_labels_are_dropped():
    made = Dictionary.of_text(TEXT, Settings(minCount=3, minCountLabel=2))
    assert (sorted(made.words), made.labels) == ([b"</s>", b"the"], [b"__label__a"])
    assert made.ntokens == 15
    with pytest.raises(ValueError, match=r"seen 9 times \(minCount\), got none among 15 tokens"):
        Dictionary.of_text(TEXT, Settings(minCount=9, minCountLabel=9))


def test_the_prefix_is_a_setting():
    made = Dictionary.of_text(b"#a __label__b # x#", Settings(label="#"))
    assert (made.labels, made.words) == ([b"#a", b"#"], [b"__label__b", b"x#"])


def test_of_too_many_entries_the_rare_ones_go_while_the_text_is_read(monkeypatch):
    monkeypatch.setattr(module, "MOST_ENTRIES", 3)
    made = Dictionary.of_text(b"a a b b c c d a e", Settings())
    # d makes four: entries below 2 go, d itself; e makes four again: those below 3 go
    assert (made.words, made.counts.tolist(), made.ntokens) == ([b"a"], [3], 9)


def prune_map(buckets, rows):
    return PruneMap(np.array(buckets, np.int32), np.array(rows, np.int32))


def test_pruned_ngrams_are_different_and_in_range():
    check_pruned(prune_map([4, 0], [1, 0]), 5)
    check_pruned(prune_map([], []), 0)
    for buckets, rows, expected in (
        ([5], [0], "a bucket from 0 to 4, got 5 to 5"),
        ([-1], [0], "a bucket from 0 to 4"),
        ([1, 2], [0, 2], "a row from 0 to 1, got 0 to 2"),
        ([1, 1], [0, 1], "in different buckets, got one twice"),
    ):
        with pytest.raises(ValueError, match=expected):
            check_pruned(prune_map(buckets, rows), 5)

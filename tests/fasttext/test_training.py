"""The machine's training beside fastText's own files, and beside the textbook."""

import hashlib
import io

import numpy as np
import pytest

from chainrule.fasttext import reference
from chainrule.fasttext.dictionary import Dictionary
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.training import train_model
from chainrule.fasttext.writer import model_bytes
from fasttext_cases import interrupt_after
from fasttext_texts import drawn_text

TEXT = drawn_text(400)
WORDS = {}
TRIGRAMS = {"wordNgrams": 3, "bucket": 300}
CHARACTERS = {"minn": 2, "maxn": 4, "bucket": 300}
ALL = {
    **{"wordNgrams": 2, "minn": 1, "maxn": 3, "bucket": 97, "minCount": 3, "minCountLabel": 20},
    **{"seed": 5, "lr": 0.3, "lrUpdateRate": 10, "epoch": 3},
}
FILES = [
    ("softmax", WORDS, "0dc6421a6521dfacc1c69b6c5a061b6446176ea57b6266f48bbe922be270ebb7"),
    ("softmax", TRIGRAMS, "46e416861db2d51eabd2791fd6f46549cd7ea2cb6e0adb497d8bbca6eea94510"),
    ("softmax", CHARACTERS, "a98b17ae991175833e33f7763211c3ba171fd0ac17c5b9816473adcb6b8008fa"),
    ("softmax", ALL, "e044e823ce5d328e80be7672fc20ede5125c5007c2335638c2fbcf7ff3eebf11"),
    ("ova", WORDS, "f8fc007d74522aa2777c385059acd9a8a45be1f5c8818d4caf59b1ae6538c850"),
    ("ova", TRIGRAMS, "5dd672f1af65e3efb4be71fb0daf14852eaac2413cf2ef2fe20616d5c6de3840"),
    ("ova", CHARACTERS, "a0f1ff71fe586a1e9d6d2b088a5f07f747e76e15324f23ff2dd3cd61f75bdbe0"),
    ("ova", ALL, "fa621115f15c26357aa8bc537ab8bb130d14770b6e656a2b3b362e722fea2aaf"),
    ("hs", WORDS, "a5071f0f2c66322f453908c2bf88450bbbf6e04addedf91a1cf8055b0df2781d"),
    ("hs", TRIGRAMS, "053a798faee943f7aea4775dc13fd2d7554079ce47efdf61c2ff59feb858c7d4"),
    ("hs", CHARACTERS, "80862eb3e811332058417e9b4ab679a273f20efc8175ae5e8831adf6ef7a08a2"),
    ("hs", ALL, "3aacf2ae2b12a8a85bc2f5a15b6cf2903f6b0a538b359b9eda0721c671ce0cdc"),
    ("ns", WORDS, "3280f0334977ae96403751d5a8d8594d60d873852dc50a3ed00642f5e246569b"),
    ("ns", TRIGRAMS, "bece8168789db8a3c884511dc48e3ccc1e4100cdb514d20a9ab6f055a52d1287"),
    ("ns", CHARACTERS, "b4fe5d43ec2038c3675ad8b67484d1d6bd39fdffebd677ae01f5074657cb1156"),
    ("ns", ALL, "ec9d15e5eccc255a89d1537165d6987fd9ed759486dcce33586de75b6f01bcae"),
]
"""SHA-256 of the files that fasttext-community 0.11.9 makes of the text, with one thread."""


def file_of(model):
    return b"".join(model_bytes(model))


def digest(model):
    return hashlib.sha256(file_of(model)).hexdigest()


@pytest.mark.parametrize(("loss", "features", "expected"), FILES)
def test_a_model_file_is_fasttexts_to_the_last_bit(loss, features, expected):
    assert digest(train_model(TEXT, Settings(dim=19, loss=loss, **features))) == expected


@pytest.mark.parametrize(("loss", "features", "expected"), FILES[::5])
def test_other_processors_have_the_same_bits(loss, features, expected, other_processor):
    assert digest(train_model(TEXT, Settings(dim=19, loss=loss, **features))) == expected


@pytest.mark.parametrize("loss", ["softmax", "ova", "hs", "ns"])
@pytest.mark.parametrize("dim", [1, 16, 150])
def test_rows_of_any_length_are_the_textbooks(loss, dim):
    text, settings = drawn_text(60, seed=dim), Settings(dim=dim, loss=loss, epoch=2, lr=0.5)
    assert file_of(train_model(text, settings)) == file_of(reference.train(text, settings))


def test_many_classes_are_the_textbooks():
    lines = "".join(f"__label__{n % 150} w{n % 7} v{n % 11}\n" for n in range(450))
    for loss in ("softmax", "ova"):
        settings = Settings(dim=5, loss=loss, epoch=2, lr=0.5)
        text = lines.encode()
        assert file_of(train_model(text, settings)) == file_of(reference.train(text, settings))


@pytest.mark.parametrize(
    "text",
    [
        b"__label__a x y\n__label__b z",
        b"__label__a x </s> __label__b y </s>  ",
        b"\n\n__label__a x\n \n__label__b y\n\t\n",
        b"__label__a __label__b\n__label__a x\n__label__b\n",
        b"x y z\n__label__a x\n",
    ],
)
def test_odd_texts_are_trained_on_as_the_textbook_does(text):
    for features in ({}, {"wordNgrams": 2, "bucket": 10}, {"minn": 1, "maxn": 2, "bucket": 10}):
        settings = Settings(dim=3, **features)
        ours = train_model(io.BytesIO(text), settings)
        assert file_of(ours) == file_of(reference.train(text, settings))


def test_the_dictionary_is_the_textbooks():
    text = drawn_text(300, seed=3)
    for least in (1, 2, 5):
        settings = Settings(minCount=least, minCountLabel=30, dim=2, epoch=1)
        found, expected = train_model(text, settings).dictionary, Dictionary.of_text(text, settings)
        assert found.names == expected.names
        assert found.counts.tolist() == expected.counts.tolist()
        assert (found.nwords, found.ntokens) == (expected.nwords, expected.ntokens)


def test_words_seen_once_come_in_the_order_that_fasttext_gives_them():
    text = b"__label__x " + b" ".join(b"%c" % letter for letter in b"zyxwvutsrqponmlkjihgfedcba")
    found = train_model(text + b"\n", Settings(dim=2, epoch=1)).dictionary.words
    expected = "m </s> a b c d e f g h i j k l n o p q r s t u v w x y z"  # 0.11.9's get_words()
    assert b" ".join(found).decode() == expected


def test_only_rows_that_occur_are_kept():
    model = train_model(b"__label__a x y z\n__label__b y z\n", Settings(dim=4, wordNgrams=2))
    assert model.input.shape == (4 + 2_000_000, 4)
    assert len(model.input.kept) == 4 + 3  # x y, y z, z </s>


def test_training_ends_where_it_is_told_to():
    shares = []

    def goes_on(share):
        shares.append(share)
        return len(shares) < 2

    text = drawn_text(40_000 // 5)
    train_model(text, Settings(dim=2, epoch=50), goes_on)
    assert len(shares) == 2
    assert 0 < shares[0] < shares[1] < 1


@pytest.mark.parametrize("loss", ["softmax", "ova", "hs", "ns"])
def test_ctrl_c_between_steps_leaves_what_these_have_learned(loss, monkeypatch):
    text = drawn_text(200)
    settings = Settings(dim=3, epoch=5, loss=loss, minn=2, maxn=2, bucket=50)
    interrupt_after(monkeypatch, 3)
    shares, asked = [], []
    kept = train_model(text, settings, interrupted=shares.append)
    expected = train_model(text, settings, lambda share: asked.append(share) or len(asked) < 3)
    assert b"".join(model_bytes(kept)) == b"".join(model_bytes(expected))
    assert shares == asked[2:]
    assert 0 < shares[0] < 1


def test_ctrl_c_is_raised_where_nothing_was_learned_or_nobody_is_called(monkeypatch):
    interrupt_after(monkeypatch, 0)
    with pytest.raises(KeyboardInterrupt):
        train_model(drawn_text(200), Settings(dim=3), interrupted=pytest.fail)
    interrupt_after(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        train_model(drawn_text(200), Settings(dim=3))


def test_a_score_that_is_no_number_is_an_error():
    text = b"__label__a x y\n__label__b y z\n" * 50
    with pytest.raises(ValueError, match=r"a score is not finite after \d+ of \d+ tokens"):
        train_model(text, Settings(dim=2, lr=1e30, epoch=50))


def test_words_that_are_all_too_rare_are_an_error():
    with pytest.raises(ValueError, match="expected words that are seen 5 times"):
        train_model(b"x y\n", Settings(minCount=5, minCountLabel=5))


def test_negatives_need_a_second_label():
    with pytest.raises(ValueError, match="expected two labels or more"):
        train_model(b"__label__a x\n", Settings(loss="ns", dim=2))


def test_a_seed_decides_all():
    found = [
        train_model(TEXT, Settings(dim=3, seed=seed, epoch=1)).output.values for seed in (1, 1, 2)
    ]
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])

import math

import pytest

from chainrule.fasttext.settings import Settings, float32_of


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"dim": 0}, "dim to be an integer from 1"),
        ({"dim": 2.0}, "dim to be an integer from 1"),
        ({"epoch": True}, "epoch to be an integer"),
        ({"bucket": -1}, "bucket to be an integer from 0"),
        ({"wordNgrams": -1}, "wordNgrams to be an integer from 0"),
        ({"maxn": -1}, "maxn to be an integer from 0"),
        ({"seed": 2**31}, "seed to be an integer from -2,147,483,648 to 2,147,483,647"),
        ({"loss": "hinge"}, r"loss to be one of \['hs', 'ns', 'ova', 'softmax'\], got 'hinge'"),
        ({"model": "sup"}, "model to be one of .*'supervised'"),
        ({"lr": math.nan}, "lr to be a finite number, got nan"),
        ({"t": "1e-4"}, "t to be a number, got '1e-4'"),
        ({"label": b"__label__"}, "label to be a text"),
        ({"bucket": 0, "wordNgrams": 2}, "bucket to be 1 or more, as wordNgrams or maxn ask"),
    ],
)
def test_what_is_wrong_is_named(settings, expected):
    with pytest.raises(ValueError, match=f"Settings: expected {expected}"):
        Settings(**settings)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"epoch": 0}, "epoch to be an integer from 1"),
        ({"minCount": -1}, "minCount to be an integer from 0"),
        ({"lr": -0.1}, "lr to be 0 or more"),
        ({"model": "cbow"}, "model to be 'supervised'"),
    ],
)
def test_what_a_file_may_have_and_training_may_not(settings, expected):
    with pytest.raises(ValueError, match=f"Settings: expected {expected}"):
        Settings(**settings).for_training()


@pytest.mark.parametrize(
    ("settings", "bucket"),
    [({}, 0), ({"wordNgrams": 2}, 2_000_000), ({"maxn": 3}, 2_000_000), ({"minn": 3}, 0)],
)
def test_there_are_buckets_only_for_ngrams(settings, bucket):
    assert Settings(**settings).for_training().bucket == bucket


def test_the_command_line_reads_numbers_in_float32():
    assert float32_of("0.1") == 0.10000000149011612
    assert float32_of("0.5") == 0.5


def test_a_prefix_is_any_bytes():
    assert Settings(label=b"\xff#".decode("utf-8", "surrogateescape")).prefix == b"\xff#"

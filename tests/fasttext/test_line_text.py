"""Numbers and lines as text: what Python's own formatting, which is C's, makes of each number."""

import numpy as np
import pytest

from chainrule.fasttext.line_text import Names, prediction_lines, vector_lines

EDGES = [0, -0.0, 1, -1, 1e-7, 9.99999e-8, 1e-12, 9.99995e-5, 9.9999e-5, 1e-4, 0.1, 0.25, 0.5]
EDGES += [12345, 12344.5, 12345.5, 1234.55, 99999.4, 99999.5, 100000, 123456, 999999.5, 1e10]
EDGES += [2**-12, 2**-13, 2**-20, 3e38, 1e-45, -7.5e-6]


def numbers():
    draw = np.random.default_rng(3)
    any_bits = draw.integers(0, 2**32, 20000, dtype=np.uint32).view(np.float32)
    usual = draw.normal(size=20000) * 10.0 ** draw.integers(-9, 6, 20000)
    ties = draw.integers(0, 2**24, 20000) / 2 ** draw.integers(4, 24, 20000)
    finite = any_bits[np.isfinite(any_bits)]
    return np.concatenate([EDGES, finite, usual, ties]).astype(np.float32)


@pytest.mark.parametrize("digits", [5, 6])
def test_numbers_are_rounded_as_c_rounds_them(digits):
    values = numbers()
    lines = vector_lines(values[:, None], digits=digits).split(b"\n")
    expected = [b"%.*g " % (digits, value) for value in values.tolist()]
    assert lines == [*expected, b""]


@pytest.mark.usefixtures("other_processor")
def test_other_processors_round_the_same():
    values = numbers()[:3000]
    expected = b"".join(b"%.5g \n" % value for value in values.tolist())
    assert vector_lines(values[:, None]) == expected


def test_rows_have_names_and_may_lie_apart():
    rows = np.arange(24, dtype=np.float32).reshape(4, 6)[::2, 1:4] / 8
    names = Names([b"a", "naïve-and-long-word".encode()])
    assert vector_lines(rows, names).decode() == (
        "a 0.125 0.25 0.375 \nnaïve-and-long-word 1.625 1.75 1.875 \n"
    )
    bare = vector_lines(rows, digits=2, ends_with_space=False)
    assert bare == b"0.12 0.25 0.38\n1.6 1.8 1.9\n"
    assert vector_lines(np.empty((0, 3), np.float32)) == b""


def test_lines_of_predictions_have_no_space_at_their_end():
    names, scores = Names([b"__label__a", b"__label__b"]), np.log([0.5, 0.25, 1e-5])
    arrays = np.array([0, 2, 2, 3]), np.array([1, 0, 1], np.int32), scores.astype(np.float32)
    assert prediction_lines(names, *arrays) == (
        b"__label__b 0.5 __label__a 0.25\n\n__label__b 1e-05\n"
    )
    assert prediction_lines(names, *arrays, probabilities=False) == (
        b"__label__b __label__a\n\n__label__b\n"
    )


def test_probabilities_that_are_too_small_are_printed_all_the_same():
    scores = np.array([-5.0, -60.0, -1.0], np.float32)
    arrays = np.array([0, 1, 2, 3]), np.zeros(3, np.int32), scores
    lines = prediction_lines(Names([b"a"]), *arrays).split(b"\n")
    assert lines == [b"a 0.00673795", b"a 8.75651e-27", b"a 0.367879", b""]

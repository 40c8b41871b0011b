"""Quantisation: what is decoded, how centroids are found, what a cutoff keeps."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from chainrule.fasttext import clustering
from chainrule.fasttext.clustering import encode, learn_quantiser, shuffled
from chainrule.fasttext.dictionary import END_OF_LINE
from chainrule.fasttext.hash_order import order_in_hash_map
from chainrule.fasttext.quantisation import ProductQuantiser, Quantised
from chainrule.fasttext.quantising import quantise
from chainrule.fasttext.randomness import MinstdRand
from fasttext_cases import model_of, quantised_of


def by_hand():
    """Return two rows of three numbers, in parts of two and of one, times lengths 2 and 10."""
    centroids = np.zeros(3 * 256, np.float32)
    centroids[2 * 7 : 2 * 7 + 2] = [1, 2]
    centroids[2 * 9 : 2 * 9 + 2] = [3, 4]
    centroids[512 + 5], centroids[512 + 200] = 0.5, -0.5
    lengths = np.zeros(256, np.float32)
    lengths[[1, 3]] = [2, 10]
    codes = np.array([[7, 5], [9, 200]], np.uint8)
    norms = ProductQuantiser(1, 1, lengths)
    return Quantised(codes, ProductQuantiser(3, 2, centroids), np.array([1, 3], np.uint8), norms)


def test_rows_are_centroids_times_lengths():
    matrix = by_hand()
    assert matrix.shape == (2, 3)
    assert matrix.take([1, 0, 1]).tolist() == [[30, 40, -5], [2, 4, 1], [30, 40, -5]]
    assert matrix.scores(np.float32([1, 10, 100])).tolist() == [2 * 71, 10 * -7]
    plain = replace(matrix, norm_codes=None, norms=None)
    assert plain.take([0]).tolist() == [[1, 2, 0.5]]
    assert plain.scores(np.float32([1, 10, 100])).tolist() == [71, -7]


def test_centroids_are_where_the_rows_are():
    random = np.random.default_rng(2)
    places = np.arange(256) * 1.0
    rows = (random.permutation(np.repeat(places, 6))[:, None] + [0, 1000, 7]).astype(np.float32)
    rows += random.normal(0, 1e-3, rows.shape).astype(np.float32)
    quantiser = learn_quantiser(rows, 2)
    assert (quantiser.parts, quantiser.part(1).shape) == (2, (256, 1))
    found = quantiser.decode(encode(rows, quantiser))
    assert np.abs(found - rows).mean() < 0.2  # nearly all find a centroid of their own
    nearest = np.abs(rows[:, 2:] - quantiser.part(1)[:, 0]).argmin(axis=1)
    assert np.array_equal(encode(rows, quantiser)[:, 1], nearest)


def test_equal_rows_share_one_centroid_and_all_are_filled():
    rows = np.full((300, 2), 0.25, np.float32)
    rows[:5] = 1
    quantiser = learn_quantiser(rows, 2)
    assert np.isfinite(quantiser.centroids).all()
    assert quantiser.decode(encode(rows, quantiser)) == pytest.approx(rows, abs=1e-5)


def test_more_rows_than_are_looked_at(monkeypatch):
    monkeypatch.setattr(clustering, "MOST_POINTS", 300)
    rows = np.random.default_rng(3).normal(size=(900, 2)).astype(np.float32)
    seen = []
    cluster = clustering._cluster
    spy = lambda *args: seen.append(args[0]) or cluster(*args)  # noqa: E731
    monkeypatch.setattr(clustering, "_cluster", spy)
    learn_quantiser(rows, 1)
    assert [points.shape for points in seen] == [(300, 1), (300, 1)]
    first = shuffled(np.arange(900), MinstdRand(1234))[:300]
    assert np.array_equal(seen[0], rows[first, :1])


@pytest.mark.parametrize(
    ("count", "digest"),
    [
        (1000, "d0afffa27f9ee835"),
        (1001, "5f6ce60798f161a3"),
        (50_000, "37c60d37cf26a477"),
        (46_340, "58bb1c106760c52e"),
    ],
)
def test_shuffles_are_those_of_the_c_library(count, digest):
    """Two places with one draw up to 46,340 items, then one by one; digests from std::shuffle."""
    order = shuffled(np.arange(count), MinstdRand(1234)).tolist()
    assert sorted(order) == list(range(count))
    assert hashlib.sha256(" ".join(map(str, order)).encode()).hexdigest()[:16] == digest


def test_the_order_of_a_hash_map_is_that_of_the_c_library():
    keys = [number * 7919 % 20011 for number in range(3000)]
    order = [keys[place] for place in order_in_hash_map(keys)]
    assert hashlib.sha256(" ".join(map(str, order)).encode()).hexdigest()[:16] == "5e3d1d73fad4e5af"
    assert order_in_hash_map([]) == []


def test_a_cutoff_keeps_the_longest_rows_and_the_end_of_line():
    model = model_of("tree")
    small = quantise(model, cutoff=300)
    dictionary, pruned = small.dictionary, small.dictionary.pruned
    kept = [model.dictionary.word_id(word) for word in dictionary.words]
    assert kept == sorted(kept)
    buckets = pruned.buckets[np.argsort(pruned.rows)]
    rows = [*kept, *(model.dictionary.nwords + buckets)]
    assert len(rows) == 300
    lengths = np.linalg.norm(model.input.values, axis=1)
    others = np.delete(lengths, rows)
    end = dictionary.word_id(END_OF_LINE)
    assert end >= 0
    assert np.delete(lengths[rows], end).min() >= others.max()
    assert dictionary.labels == model.dictionary.labels
    assert sorted(pruned.rows.tolist()) == list(range(len(buckets)))


def test_a_cutoff_without_ngrams_drops_them_all():
    small = quantise(model_of("softmax"), cutoff=290)
    assert small.dictionary.nwords == 290
    assert len(small.dictionary.pruned.buckets) == 0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"cutoff": -1}, "cutoff of 0 or more and dsub of 1 or more, got -1, 2"),
        ({"dsub": 0}, "dsub of 1 or more, got 0, 0"),
        ({"cutoff": 200}, "at least 256 rows, as many as there are centroids, got 200"),
        ({"qout": True}, "at least 256 rows, as many as there are centroids, got 15"),
    ],
)
def test_what_cannot_be_quantised_is_said(options, expected):
    with pytest.raises(ValueError, match=expected):
        quantise(model_of("softmax"), **options)


def test_models_that_are_not_quantised_again():
    with pytest.raises(ValueError, match="a model that is not quantised, got one that is"):
        quantise(quantised_of("softmax, plain"))
    model = model_of("softmax")
    vectors = replace(model, settings=replace(model.settings, model="cbow"))
    with pytest.raises(ValueError, match="quantise: expected a supervised model, got 'cbow'"):
        quantise(vectors)

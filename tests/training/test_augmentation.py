"""Augmentation: each change is exactly what it says, drawn by seed, epoch and sample."""

import numpy as np
import pytest
from scipy import sparse

from chainrule import (
    SGD,
    Chain,
    Conv2d,
    Crop,
    CrossEntropy,
    Dropout,
    Flatten,
    Flip,
    Linear,
    Noise,
    Plan,
    ReLU,
    Shift,
    Softmax,
    train,
)
from chainrule.training.augmentation import BLOCK, augment

RNG = np.random.default_rng(0)
X = RNG.normal(size=(700, 2, 5, 4))


def changed(*augmentations, X=X, seed=3, epoch=1):
    out = np.full(X.shape, np.nan)
    augment(augmentations, X, out, seed=seed, epoch=epoch)
    return out


def cut(image, mode, ways, row, column, **options):
    """Return the window at a place of an image (c, h, w), padded, pixel by pixel."""
    h, w = image.shape[1:]
    result = np.empty_like(image)
    for i in range(h):
        for j in range(w):
            at, to = i + row - ways[0], j + column - ways[1]
            if mode == "constant" and not (0 <= at < h and 0 <= to < w):
                result[:, i, j] = options["fill"]
                continue
            if mode == "reflect":
                at, to = abs(at), abs(to)
                at, to = min(at, 2 * (h - 1) - at), min(to, 2 * (w - 1) - to)
            result[:, i, j] = image[:, min(max(at, 0), h - 1), min(max(to, 0), w - 1)]
    return result


@pytest.mark.parametrize(
    ("augmentation", "mode", "ways", "options"),
    [
        (Shift(1), "constant", (1, 1), {"fill": 0.0}),
        (Shift((2, 0), fill=-1.5), "constant", (2, 0), {"fill": -1.5}),
        (Crop(2), "reflect", (2, 2), {}),
        (Crop((1, 3), mode="edge"), "edge", (1, 3), {}),
        (Crop(1, mode="constant"), "constant", (1, 1), {"fill": 0.0}),
    ],
)
def test_images_are_windows_of_padded_ones_each_as_often_as_another(
    augmentation, mode, ways, options
):
    result = changed(augmentation)
    places = [(row, column) for row in range(2 * ways[0] + 1) for column in range(2 * ways[1] + 1)]
    seen = dict.fromkeys(places, 0)
    for image, got in zip(X, result, strict=True):
        windows = {place: cut(image, mode, ways, *place, **options) for place in places}
        (place,) = (place for place, window in windows.items() if np.array_equal(window, got))
        seen[place] += 1
    expected = len(X) / len(places)
    deviations = (np.array(list(seen.values())) - expected) / np.sqrt(expected)
    assert np.abs(deviations).max() < 4


@pytest.mark.parametrize("probability", [0.0, 0.25, 1.0])
def test_left_and_right_change_places_in_a_share_of_images(probability):
    result = changed(Flip(probability))
    flipped = np.array([np.array_equal(a, b[..., ::-1]) for a, b in zip(result, X, strict=True)])
    np.testing.assert_array_equal(result[~flipped], X[~flipped])
    deviation = np.sqrt(probability * (1 - probability) / len(X))
    assert abs(flipped.mean() - probability) <= 4 * deviation


@pytest.mark.parametrize("shape", [(2, 5, 4), (7,), (3, 3, 3)])
def test_noise_is_normal(shape):
    zeros = np.zeros((4000, *shape))
    noise = changed(Noise(0.5), X=zeros) / 0.5
    assert len(np.unique(noise)) > 10_000
    n = noise.size
    assert abs(noise.mean()) < 4 / np.sqrt(n)
    assert abs(noise.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs((noise**4).mean() - 3) < 4 * np.sqrt(96 / n)
    flat = noise.reshape(len(noise), -1)
    correlation = np.corrcoef(flat.T) - np.eye(flat.shape[1])
    assert np.abs(correlation).max() < 5 / np.sqrt(len(noise))
    np.testing.assert_array_equal(changed(Noise(0.0), X=X), X)


def test_changes_depend_on_seed_epoch_place_and_sample():
    plain = changed(Noise(1.0))
    np.testing.assert_array_equal(changed(Noise(1.0)), plain)
    others = [changed(Noise(1.0), seed=4), changed(Noise(1.0), epoch=2)]
    twice = changed(Noise(1.0), Noise(1.0)) - plain + X
    for other in [*others, twice]:
        assert np.mean(other == plain) < 0.01
    noise = plain - X
    assert np.mean(noise[:100] == noise[100:200]) < 0.01
    assert np.mean(noise[:100] == noise[BLOCK : BLOCK + 100]) < 0.01
    first = changed(Noise(1.0), X=X[:5])
    np.testing.assert_array_equal(first, plain[:5])


def test_the_originals_stay_as_they_are():
    before = X.copy()
    changed(Shift(1), Flip(), Crop(1), Noise())
    np.testing.assert_array_equal(X, before)


def test_whole_numbers_are_changed_as_numbers():
    pixels = RNG.integers(0, 256, (6, 1, 5, 5), dtype=np.uint8)
    noisy = changed(Noise(0.3), X=pixels)
    assert 0 < np.abs(noisy - pixels).max() < 3


@pytest.mark.parametrize("make", [lambda: Shift(-1), lambda: Crop(1.5), lambda: Shift((1, 2, 3))])
def test_pixels_are_whole_numbers(make):
    with pytest.raises(ValueError, match=r"(Shift|Crop): expected (pixels|padding) to be a whole"):
        make()


def test_wrong_numbers_are_named():
    with pytest.raises(ValueError, match="Flip: expected a number 0 <= probability <= 1, got 2"):
        Flip(2)
    with pytest.raises(ValueError, match="Noise: expected a number 0 <= deviation"):
        Noise(-1)
    with pytest.raises(ValueError, match="Crop: expected mode to be one of reflect, edge, const"):
        Crop(1, mode="wrap")


def network(*first):
    return Chain(*first, Flatten(), Linear(3), Softmax())


T = np.arange(len(X)) % 3


@pytest.mark.parametrize(
    ("augmentation", "data", "error", "message"),
    [
        (Flip(), X.reshape(700, -1), ValueError, r"Flip.*expected images .* got \(40,\)"),
        (Crop(4), X, ValueError, r"Crop.*expected images larger than the padding, got \(2, 5, 4\)"),
        (Flip, X, TypeError, "augmentation: expected such as Shift"),
        (Noise(), sparse.csr_array(X.reshape(700, -1)), ValueError, "dense array X for augment"),
    ],
)
def test_samples_that_cannot_be_changed_are_named(augmentation, data, error, message):
    plan = Plan(epochs=1, augmentation=(augmentation,))
    chain = network() if data.ndim == 4 else Chain(Linear(3), Softmax())
    with pytest.raises(error, match=message):
        train(chain, CrossEntropy(), data, T, plan)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_epoch_is_one_on_the_changed_samples(dtype):
    changes, data = (Shift(1), Flip(), Noise(0.2)), X.astype(dtype)
    common = {"optimizer": SGD(0.1), "batch_size": 64, "shuffle": False, "patience": None}
    for engine in ("machine", "reference"):
        chain = network(Conv2d(3, 3), ReLU(), Dropout(0.2)).initialize(data, dtype=dtype)
        by_hand = chain.astype(dtype)
        plan = Plan(epochs=2, augmentation=changes, seed=5, **common)
        losses = train(chain, CrossEntropy(), data, T, plan, engine=engine).losses
        state, expected = plan.optimizer.begin(by_hand.parameters.flat), []
        for epoch in (1, 2):
            out = np.empty_like(data)
            augment(changes, data, out, seed=5, epoch=epoch)
            own = Plan(epochs=1, seed=5, **common)
            history = train(by_hand, CrossEntropy(), out, T, own, state=state, engine=engine)
            expected += history.losses
        assert losses == expected
        np.testing.assert_array_equal(chain.parameters.flat, by_hand.parameters.flat)


def test_the_same_bits_on_any_number_of_threads():
    flats = []
    for threads in (1, 2, 3):
        chain = network(Conv2d(3, 3), ReLU()).initialize(X, seed=1)
        plan = Plan(epochs=2, batch_size=50, augmentation=(Crop(1), Noise()), patience=None)
        train(chain, CrossEntropy(), X, T, plan, threads=threads)
        flats.append(chain.parameters.flat)
    np.testing.assert_array_equal(flats[0], flats[1])
    np.testing.assert_array_equal(flats[0], flats[2])

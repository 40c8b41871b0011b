"""Images of any number type as standardised float32, channel by channel."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import strict_json
from chainrule.data.errors import DataError

__all__ = ["ImageScaling"]

BLOCK = 1024
MOST_CHANNELS = 64
LARGEST_SIDE = 65_536


@dataclass(frozen=True)
class ImageScaling:
    """Mean and deviation of each channel, for images of one shape (c, h, w)."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    shape: tuple[int, int, int]

    @classmethod
    def fit(cls, X: NDArray[Any]) -> "ImageScaling":
        """Learn from the training part, X (n, c, h, w) or grey (n, h, w); constants keep scale 1.

        Raises
        ------
        DataError
            X has another shape, no images or pixels, or is not finite.
        """
        if X.ndim not in (3, 4) or X.size == 0 or X.dtype.kind not in "uif":
            raise DataError(
                f"ImageScaling: expected numbers X (n, c, h, w) or (n, h, w), "
                f"got {X.dtype} {X.shape}"
            )
        c, h, w = X.shape[1:] if X.ndim == 4 else (1, *X.shape[1:])
        if c > MOST_CHANNELS or max(h, w) > LARGEST_SIDE:
            raise DataError(
                f"ImageScaling: expected at most {MOST_CHANNELS} channels and sides of "
                f"{LARGEST_SIDE:,}, got {X.shape}"
            )
        images = X.reshape(len(X), c, h, w)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = images.mean(axis=(0, 2, 3), dtype=np.float64)
            scale = np.sqrt(_squares(images, mean) / (images.size // c))
        if not (np.isfinite(mean).all() and np.isfinite(scale).all()):
            raise DataError("ImageScaling: expected finite pixels, got NaN, infinity or huge ones")
        constant = scale <= 1e-12 * np.abs(mean)
        scale[constant] = 1.0
        return cls(tuple(mean.tolist()), tuple(scale.tolist()), (c, h, w))

    @classmethod
    def of_parts(cls, parts: Iterable[NDArray[Any]]) -> "ImageScaling":
        """Learn from images that are given in parts, each as `fit` takes them, of one shape.

        Means and squares of parts are joined as Chan, Golub and LeVeque do (1983), part by part.
        """
        count, joined = 0, None
        mean, squares = np.zeros(0), np.zeros(0)
        for X in parts:
            own = cls.fit(X)
            joined = own if joined is None else joined
            if own.shape != joined.shape:
                raise DataError(
                    f"ImageScaling: expected images {joined.shape} in all parts, got {own.shape}"
                )
            images = X.reshape(len(X), *own.shape)
            centre = np.array(own.mean)
            inner, n = _squares(images, centre), images.size // len(centre)
            if not count:
                mean, squares, count = centre, inner, n
                continue
            apart = centre - mean
            squares = squares + inner + apart**2 * (count * n / (count + n))
            mean = mean + apart * (n / (count + n))
            count += n
        if joined is None:
            raise DataError("ImageScaling: expected images to learn from, got none")
        scale = np.sqrt(squares / count)
        scale[scale <= 1e-12 * np.abs(mean)] = 1.0
        return cls(tuple(mean.tolist()), tuple(scale.tolist()), joined.shape)

    def encode(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """(X - mean) / scale, for X (n, c, h, w) or grey (n, h, w); gives (n, c, h, w).

        Raises
        ------
        DataError
            X has another shape or is not finite.
        """
        grey = X.ndim == 3 and self.shape[0] == 1
        if (X.shape[1:] != self.shape[1:]) if grey else (X.shape[1:] != self.shape):
            expected = ", ".join(map(str, self.shape))
            raise DataError(f"ImageScaling: expected X (n, {expected}), got {X.shape}")
        if X.dtype.kind not in "uif":
            raise DataError(f"ImageScaling: expected numbers, got {X.dtype}")
        images = X.reshape(len(X), *self.shape)
        out = np.empty(images.shape, np.float32)
        mean = np.array(self.mean)[:, None, None]
        scale = np.array(self.scale, np.float32)[:, None, None]
        with np.errstate(over="ignore", invalid="ignore"):
            np.subtract(images, mean, out=out, dtype=np.float64, casting="same_kind")
            out /= scale
        if X.dtype.kind == "f" and not np.isfinite(out).all():
            raise DataError("ImageScaling: expected finite pixels, got NaN, infinity or huge ones")
        return out

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back."""
        return {"mean": list(self.mean), "scale": list(self.scale), "shape": list(self.shape)}

    @classmethod
    def from_json(cls, data: object) -> "ImageScaling":
        """Check and take back what `to_json` gave.

        Raises
        ------
        ValueError
            Any key, type or value is not as `to_json` would write it.
        """
        fields = strict_json.record(data, "scaling", ("mean", "scale", "shape"))
        c, h, w = strict_json.items(fields["shape"], "scaling.shape", most=3, least=3)
        c = strict_json.whole(c, "scaling.shape[0]", 1, MOST_CHANNELS)
        h = strict_json.whole(h, "scaling.shape[1]", 1, LARGEST_SIDE)
        w = strict_json.whole(w, "scaling.shape[2]", 1, LARGEST_SIDE)
        means = strict_json.items(fields["mean"], "scaling.mean", most=c, least=c)
        scales = strict_json.items(fields["scale"], "scaling.scale", most=c, least=c)
        return cls(
            mean=tuple(strict_json.number(m, "scaling.mean") for m in means),
            scale=tuple(strict_json.number(s, "scaling.scale", positive=True) for s in scales),
            shape=(c, h, w),
        )


def _squares(images: NDArray[Any], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of squared deviations of each channel (c), a block of images at a time."""
    total = np.zeros(len(mean))
    for start in range(0, len(images), BLOCK):
        deviation = images[start : start + BLOCK] - mean[:, None, None]
        total += np.einsum("nchw,nchw->c", deviation, deviation)
    return total

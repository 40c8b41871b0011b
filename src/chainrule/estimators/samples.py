"""Images as samples of estimators: validated as rows, they go into the chain as images."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from chainrule.estimators.base import NetworkEstimator
from chainrule.estimators.images import Reading, reading

Array = NDArray[Any]


class ImageSamples(NetworkEstimator):
    """Networks whose samples may be images, by the parameters image_format and image_shape."""

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        rows = self._as_rows(X, reset=reset)
        X, y = super()._checked(rows, y, reset=reset)  # type: ignore[safe-super]
        return self._as_samples(X), y

    def _validated(self, X: Any) -> Any:
        if not self._has_network():
            return super()._validated(X)  # which says so
        return self._as_samples(super()._validated(self._as_rows(X, reset=False)))

    def _as_rows(self, X: Any, *, reset: bool) -> Any:
        """Return images as rows (n, c·h·w); learn, with reset, how they are read, or compare."""
        if isinstance(X, list | tuple) and X and np.ndim(X[0]) > 1:
            X = np.asarray(X)
        shape = tuple(getattr(X, "shape", ()))
        if len(shape) not in (2, 3, 4) or min(shape) == 0:
            if reset:
                self._reading, self.image_format_ = None, None
            return X
        before = None if reset else self._reading
        said = self.image_format
        if said is None and before is not None and len(before.given) == len(shape) - 1:
            said = before.format
        read = reading(self._name, shape, said, self.image_shape)
        if reset:
            self._reading, self.image_format_ = read, None if read is None else read.format
            if read is not None and read.inferred and self.verbose:
                print(f"{self._name}: X {shape} is read as {read.describe()}, {read.format}")
        elif (read and read.shape) != (before and before.shape):
            got, fitted = (_described(each) for each in (read, before))
            raise ValueError(f"X has {got}, but {self._name} is expecting {fitted} as input")
        if read is None or sparse.issparse(X):
            return X
        if len(shape) == 2 and read.format != "nhwc" and not isinstance(X, np.ndarray):
            return X  # a table keeps the names of its columns
        X = np.asarray(X)
        if X.dtype.kind in "biu" and X.dtype.itemsize <= 2:  # exact in float32
            X = X.astype(np.float32)
        return read.rows(X)

    def _as_samples(self, X: Any) -> Any:
        """Return validated rows as the chain takes them."""
        if self._reading is None:
            return X
        X = X.toarray() if sparse.issparse(X) else X
        return X.reshape(len(X), *self._reading.shape)

    def input_gradient(self, X: Any, y: Any, sample_weight: Any = None) -> Array:
        """Return the gradient of the mean loss by X: how much each number in it matters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        gradient : ndarray of the shape of X
        """
        gradient = super().input_gradient(X, y, sample_weight)
        return gradient if self._reading is None else self._like(gradient, X)

    def jacobian(self, X: Any) -> Array:
        """Return the derivative of each output by each feature or pixel, at each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images

        Returns
        -------
        jacobian : ndarray of shape (n_samples, n_outputs, …), the last axes as a sample's
        """
        jacobian = super().jacobian(X)
        return jacobian if self._reading is None else self._like(jacobian, X)

    def _like(self, values: Array, X: Any) -> Array:
        """Return values (…, c, h, w) with their last axes as the samples in X have them."""
        shape = np.shape(X)[1:]
        back = cast("Reading", self._reading).back(values)
        return back.reshape(*values.shape[:-3], *shape)

    def _restore_reading(self, shape: tuple[int, ...]) -> None:
        """Take back how images were read, for a chain that takes samples of a shape."""
        if not hasattr(self, "image_format_"):
            raise ValueError("expected a record that tells image_format_, got none")
        found = self.image_format_
        self._reading = None if found is None else Reading.of(found, shape)
        if found is None and len(shape) > 1:
            raise ValueError(f"expected a format of images for a chain for {shape}, got none")


def _described(read: Reading | None) -> str:
    return "rows of numbers" if read is None else read.describe()

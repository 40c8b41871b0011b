"""What features weigh in texts, from how often they stand there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["weights_of"]


def _logarithms(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 + ln c of counts c, of which most are 1."""
    found, several = np.ones(len(values)), values > 1
    found[several] += np.log(values[several])
    return found


def weights_of(
    counts: sparse.csr_array, weighting: str, idf: NDArray[np.float64]
) -> sparse.csr_array:
    """Return what features weigh, (n, features) of float32.

    Parameters
    ----------
    counts : sparse array of shape (n, features)
        How often each stands in each text.
    weighting : {"tfidf", "mean", "count"}
        As TextFeatures have it.
    idf : array of float64, (features,)
        The inverse document frequencies.
    """
    values, starts = counts.data, counts.indptr
    texts = np.repeat(np.arange(counts.shape[0]), np.diff(starts))
    if weighting == "tfidf":
        values = _logarithms(values) * idf[counts.indices]
        sums = np.sqrt(np.bincount(texts, values * values, counts.shape[0]))
    elif weighting == "mean":
        sums = np.bincount(texts, values, counts.shape[0])
    else:
        sums = np.ones(counts.shape[0])
    weights = (values / sums[texts]).astype(np.float32)
    return sparse.csr_array((weights, counts.indices, starts), counts.shape)

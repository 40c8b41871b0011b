"""Products of bfloat16 as they are defined, one multiply-add after another, in NumPy's float64."""

import numpy as np

SMALLEST = np.float32(2.0**-126)
"""The smallest number of float32 that is normal; below, there is zero."""


def flushed(numbers):
    """Return float32 numbers with zeros for those below the normal ones, signs kept."""
    numbers = np.asarray(numbers, np.float32)
    return np.where(np.abs(numbers) < SMALLEST, np.copysign(np.float32(0), numbers), numbers)


def rounded(numbers):
    """Return finite numbers with eight digits of two, to nearest, to even where two are as near."""
    digits, power = np.frexp(flushed(numbers).astype(np.float64))
    return np.ldexp(np.rint(np.ldexp(digits, 8)), power - 8).astype(np.float32)


def multiply_add(a, b, total):
    """Return a·b + total rounded once to float32; a·b has at most 16 digits of two.

    The sum in float64 is rounded to odd: where it is not exact, its last digit says so.
    """
    with np.errstate(all="ignore"):
        product, total = np.float64(a) * np.float64(b), np.float64(total)
        near = product + total
        back = near - product
        error = (product - (near - back)) + (total - back)
        even = np.isfinite(near) & ((near.view(np.int64) & 1) == 0)
        odd = np.nextafter(near, np.copysign(np.inf, error))
        return flushed(np.where((error != 0) & even, odd, near).astype(np.float32))


def matrix_product(A, X):
    """Return A X of rounded A (m, k) and X (k, n): of each pair of k the odd one first."""
    (m, k), n = A.shape, X.shape[1]
    left, right = np.zeros((m, k + k % 2), np.float32), np.zeros((k + k % 2, n), np.float32)
    left[:, :k], right[:k] = rounded(A), rounded(X)
    total = np.zeros((m, n), np.float32)
    for place in np.arange(k + k % 2).reshape(-1, 2)[:, ::-1].reshape(-1):
        total = multiply_add(left[:, place, None], right[place], total)
    return total


def block_product(A, X):
    """Return A X of rounded A (m, k) and X (k, n) in blocks of 32 along k.

    Of each block the even k are summed, and the odd ones; both sums are added up, and the result
    is added to the blocks before.
    """
    (m, k), n = A.shape, X.shape[1]
    whole = -(-k // 32) * 32
    left, right = np.zeros((m, whole), np.float32), np.zeros((whole, n), np.float32)
    left[:, :k], right[:k] = rounded(A), rounded(X)
    total, one = np.zeros((m, n), np.float32), np.float32(1)
    for block in range(0, whole, 32):
        sums = [np.zeros((m, n), np.float32) for _ in range(2)]
        for place in range(block, block + 32):
            own = place % 2
            sums[own] = multiply_add(left[:, place, None], right[place], sums[own])
        total = multiply_add(one, multiply_add(one, *sums), total)
    return total

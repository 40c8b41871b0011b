"""Lines of every kind, sizes of their letters, and operands for them."""

import numpy as np

rng = np.random.default_rng(0)

LINES = [
    "Y[n,o] = X[n,i] W[i,o] + b[o]",
    "z = x[i] A[i,j] x[j]",
    "z = 1/4 x[i] x[i] - 2 x[j]",
    "z = B[i,i]",
    "y[i] = x[i] x[i+1]",
    "y[i] = w[u] x[i-u]",
    "y[i+j] = x[i] w[j]",
    "y[2*i-j+1] = x[i] w[j]",
    "Y[i+j,j+k,k+i] = x[i] w[j] v[k]",
    "Y[i,i] = x[i] + 3",
    "y[i] = 1/2 x[i]; y[j] = -A[j,i] x[i]",
    "Y[j,i] = A[i,j] w[j] + x[i] - 0.5",
    "y[0] = x[i]; y[3] = x[1]",
    "Y[n,2*g+o,i] = W[2*g+o,c,u] X[n,3*g+c,i+u]",
]
SIZES = {"i": 4, "j": 3, "k": 2, "u": 2, "n": 5, "o": 2, "g": 2, "c": 3, "v": 3}


def numbers(shape, dtype=np.float64):
    return rng.integers(-4, 5, shape).astype(dtype)


def operands_for(line, dtype=np.float64, sizes=SIZES):
    """Return small whole numbers, so that sums and differences are exact."""
    factors = {factor.name: factor for term in line.terms for factor in term.factors}
    shapes = {
        name: tuple(sizes[index.letter] if index.letter else 5 for index in factor.indices)
        for name, factor in factors.items()
    }
    return {name: numbers(shape, dtype) for name, shape in shapes.items()}

"""Functions of a user's own that are lines of index notation, and chains of them."""

from dataclasses import dataclass

import numpy as np

from chainrule import Chain, Flatten, Linear, Multilinear, Softmax, Tanh


@dataclass(frozen=True)
class Line(Multilinear):
    """Any line, with the shapes of its parameters."""

    line_text: str
    shapes: tuple

    def text(self):
        return self.line_text

    def parameter_shapes(self, input_shape):
        return dict(self.shapes)


def line(text, **shapes):
    return Line(text, tuple(shapes.items()))


LISTED = [
    ((5,), line("Y[n,i] = X[n,i] s[i]", s=(5,))),
    ((3,), line("Y[n,f,e] = X[n,f] w[f,e] + c[f,e]", w=(3, 4), c=(3, 4))),
    ((3, 19), line("Y[n,f,d] = X[n,f,e] W[f,e,d] + b[f,d]", W=(3, 19, 6), b=(3, 6))),
    ((3, 5), line("Y[n,k,o] = X[n,k,i] W[k,i,o] + b[k,o]", W=(3, 5, 17), b=(3, 17))),
    (
        (3, 5),
        line(
            "Y[n,k,o] = X[n,k,i] r[k,i] W[i,o] s[k,o] + b[k,o]",
            r=(3, 5),
            W=(5, 7),
            s=(3, 7),
            b=(3, 7),
        ),
    ),
    ((5,), line("Y[n,k,i] = X[n,i] r[k,i]", r=(3, 5))),
]
"""A sample's shape and a function: a scale, features apart, members of an ensemble."""

OTHERS = [
    ((5,), line("Y[n,o] = 1/√i X[n,i] W[o,i] - 0.5 b[o]", W=(18, 5), b=(18,))),
    ((4, 5, 6), line("Y[n,c,i,j] = X[n,c,i,j] s[c] + b[c]", s=(4,), b=(4,))),
    ((4, 5, 6), line("Y[n,d,i,j] = X[n,c,i,j] W[c,d]", W=(4, 3))),
    ((5,), line("Y[b,a] = 2/3 √a X[b,a] g h[a]", g=(), h=(5,))),
    ((5,), line("Y[n,o] = X[n,i] V[i,j] V[j,o]", V=(5, 5))),
    ((5,), line("Y[n,i] = X[n,i] X[n,i] s[i] + g[i] h[i]", s=(5,), g=(5,), h=(5,))),
    ((3, 5), line("Y[n,i] = X[n,k,i]")),
    ((3, 5), line("Y[n,o] = X[n,k,i] W[i,o] + c", W=(5, 7), c=())),
    ((3, 5), line("Y[n,i,k] = X[n,k,i] m[k]", m=(3,))),
    ((5, 3), line("Y[n,o,k] = X[n,i,k] W[i,o,k]", W=(5, 7, 3))),
    ((5,), line("Y[n,j,k] = X[n,i] W[k,i,j]", W=(3, 5, 4))),
    ((3, 5), line("Y[n,k,l] = X[n,k,i] X[n,l,i]")),
    ((1, 5), line("Y[n,q,k] = X[n,k,i] W[i,q] + c[k] d[q]", W=(5, 1), c=(1,), d=(1,))),
    ((5,), line("Y[n,i] = -X[n,i] - b[i]; Y[n,j] = 2 X[n,j]", b=(5,))),
    ((3, 4), line("Y[n,p,q] = A[p,k] X[n,k,l] B[l,q]", A=(2, 3), B=(4, 5))),
    ((5,), line("Y[n,i] = X[n,i] + a[i] b[i] c[i]", a=(5,), b=(5,), c=(5,))),
    ((5,), line("Y[n,i] = X[n,i] s[i] + a A[i,j] b[j] A[i,j]", s=(5,), a=(), A=(5, 4), b=(4,))),
]


def chain_of(shape, *functions, dtype=np.float64, outputs=3, before=()):
    """Return a chain of functions between others, its parameters drawn anew."""
    chain = Chain(*before, *functions, Tanh(), Flatten(), Linear(outputs), Softmax())
    chain.initialize(shape, dtype=dtype)
    rng = np.random.default_rng(3)
    chain.parameters.flat[...] = rng.normal(size=chain.parameters.flat.size) / 2
    return chain

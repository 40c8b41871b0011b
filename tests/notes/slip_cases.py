"""What slips are shown with: the scores of one sample, and their derivatives by differences."""

import numpy as np
import pytest

from chainrule.checking import finite_difference, jacobian
from chainrule.functions import Softmax

N, P, D, C = 5, 7, 3, 4


def softmax(z):
    return Softmax().forward(z[None], {})[0]


class Case:
    """Scores of one sample, their softmax and loss, and the derivatives by finite differences."""

    def __init__(self, seed):
        self.z = np.random.default_rng(seed).normal(size=C)
        self.e, self.S, self.p = np.exp(self.z), np.exp(self.z).sum(), softmax(self.z)
        self.c = seed % C
        self.t = np.eye(C)[self.c]
        self.J = jacobian(softmax, self.z)
        self.dL_dp = finite_difference(lambda p: -self.t @ np.log(p), self.p)
        self.dL_dz = finite_difference(lambda z: -self.t @ np.log(softmax(z)), self.z)


@pytest.fixture(params=[1, 2, 7])
def case(request):
    return Case(request.param)

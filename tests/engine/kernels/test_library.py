"""Kernels are emitted while Python does not look for garbage, and only then."""

import gc

import numpy as np
import pytest

from chainrule import ReLU
from chainrule.engine.kernels import library
from chainrule.engine.kernels.epilogues import activation
from chainrule.engine.network.errors import CannotLowerError


class Unreadable(ReLU):
    """Computes with what the vocabulary lacks."""

    def value(self, x):
        return np.linalg.norm(x)


@pytest.fixture(params=[True, False])
def enabled(request):
    """Let garbage be collected, or not, as a user may have set it."""
    (gc.enable if request.param else gc.disable)()
    yield request.param
    gc.enable()


def test_no_garbage_is_looked_for_while_kernels_are_emitted(monkeypatch, enabled):
    monkeypatch.setattr(library, "compiled", lambda *_: 0)
    emit, seen = library.emitted, []

    def watched(*given, **options):
        seen.append(gc.isenabled())
        return emit(*given, **options)

    monkeypatch.setattr(library, "emitted", watched)
    kernels = library.Library(np.float32)
    kernels.get(activation, ReLU())
    with pytest.raises(CannotLowerError):
        kernels.get(activation, Unreadable())
    assert seen == [False, False]
    assert gc.isenabled() == enabled

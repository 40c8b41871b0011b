"""Kernels for processors that this one can stand for."""

import numpy as np
import pytest

from chainrule.engine.kernels.library import Library
from chainrule.engine.running import single
from engine.calls import OTHERS


@pytest.fixture(params=OTHERS, ids=lambda name: name.replace(" ", "_"))
def other_processor(request, monkeypatch):
    """Let kernels be compiled for another processor."""
    kernels = Library(np.float32, OTHERS[request.param])
    monkeypatch.setattr(single, "library", lambda dtype: kernels)

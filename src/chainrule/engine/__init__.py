"""A chain as machine code: kernels, the plan of a step, and the loop that runs it."""

from chainrule.engine.language import (
    vector_mathematics as vector_mathematics,  # teaches vectors exp & co.
)
from chainrule.engine.running.prediction import Predictor

__all__ = ["Predictor"]

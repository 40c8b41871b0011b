"""A chain as machine code: kernels, the plan of a step, and the loop that runs it."""

from chainrule.engine.language import (
    vector_mathematics as vector_mathematics,  # teaches vectors exp & co.
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from chainrule.engine.running.prediction import Predictor

__all__ = ["Predictor"]


def __getattr__(name: str) -> object:
    """Load `Predictor`, and with it all that plans and runs chains, when it is first used."""
    if name != "Predictor":
        raise AttributeError(f"module 'chainrule.engine' has no attribute {name!r}")
    from chainrule.engine.running.prediction import Predictor

    return Predictor

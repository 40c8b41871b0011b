"""chainrule: neural networks on CPUs, with backpropagation in closed form.

A chain of functions, a loss, and a plan are all it takes::

    from chainrule import Chain, CrossEntropy, Linear, Plan, ReLU, Softmax, train

    chain = Chain(Linear(32), ReLU(), Linear(10), Softmax())
    history = train(chain, CrossEntropy(), X, t, Plan(epochs=20))

The modules ``chainrule.notation`` (index notation) and ``chainrule.mathematics`` (one vocabulary
for numbers and formulas) are useful alone. A name is loaded when it is first used, so that
``import chainrule`` costs nothing; what the rooms below list as theirs is public here.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule import mathematics as mathematics, notation as notation
    from chainrule.chain import *
    from chainrule.checking import *
    from chainrule.differences import *
    from chainrule.engine import *
    from chainrule.estimators import *
    from chainrule.functions import *
    from chainrule.loading import *
    from chainrule.losses import *
    from chainrule.models import *
    from chainrule.parameters import *
    from chainrule.pictures import *
    from chainrule.training import *

__version__ = "0.1.0"

_MODULES = ("mathematics", "notation")
_ROOMS = (
    *("functions", "losses", "parameters", "chain"),
    *("differences", "checking", "training", "models", "loading"),
    *("estimators", "pictures", "engine"),
)


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name in _MODULES:
        return import_module(f"chainrule.{name}")
    if name == "__all__":
        return [*_MODULES, *(public for room in _ROOMS for public in _room(room).__all__)]
    if not name.startswith("_"):
        for room in _ROOMS:
            if name in _room(room).__all__:
                value = globals()[name] = getattr(_room(room), name)
                return value
    raise AttributeError(f"module 'chainrule' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__getattr__("__all__")})


def _room(name: str) -> Any:
    return import_module(f"chainrule.{name}")

"""chainrule: neural networks on CPUs, with backpropagation in closed form.

A chain of functions, a loss, and a plan are all it takes::

    from chainrule import Chain, CrossEntropy, Linear, Plan, ReLU, Softmax, train

    chain = Chain(Linear(32), ReLU(), Linear(10), Softmax())
    history = train(chain, CrossEntropy(), X, t, Plan(epochs=20))

The modules ``chainrule.notation`` (index notation) and ``chainrule.mathematics`` (one vocabulary
for numbers and formulas) are useful alone. Each name is loaded when it is first used, so that
``import chainrule`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule import mathematics as mathematics, notation as notation
    from chainrule.chain import Chain as Chain
    from chainrule.checking import (
        Report as Report,
        check_function as check_function,
        check_gradients as check_gradients,
        check_loss as check_loss,
    )
    from chainrule.differences import (
        ascend as ascend,
        descend as descend,
        finite_difference as finite_difference,
        jacobian as jacobian,
    )
    from chainrule.functions import (
        ELU as ELU,
        FUNCTIONS as FUNCTIONS,
        GELU as GELU,
        AvgPool2d as AvgPool2d,
        Conv2d as Conv2d,
        Dropout as Dropout,
        Elementwise as Elementwise,
        EmbeddingBag as EmbeddingBag,
        Flatten as Flatten,
        Function as Function,
        Identity as Identity,
        LeakyReLU as LeakyReLU,
        Linear as Linear,
        LogSoftmax as LogSoftmax,
        MaxPool2d as MaxPool2d,
        Moment as Moment,
        Multilinear as Multilinear,
        ReLU as ReLU,
        Sigmoid as Sigmoid,
        SiLU as SiLU,
        Softmax as Softmax,
        Softplus as Softplus,
        Tanh as Tanh,
        Written as Written,
    )
    from chainrule.losses import (
        LOSSES as LOSSES,
        BinaryCrossEntropy as BinaryCrossEntropy,
        CrossEntropy as CrossEntropy,
        Huber as Huber,
        Loss as Loss,
        MeanAbsoluteError as MeanAbsoluteError,
        MeanSquaredError as MeanSquaredError,
        Poisson as Poisson,
        SigmoidBinaryCrossEntropy as SigmoidBinaryCrossEntropy,
        SoftmaxCrossEntropy as SoftmaxCrossEntropy,
        fused as fused,
    )
    from chainrule.models import (
        Model as Model,
        ModelFileError as ModelFileError,
        Predictions as Predictions,
    )
    from chainrule.parameters import Parameters as Parameters
    from chainrule.training import (
        SGD as SGD,
        Adam as Adam,
        AdamW as AdamW,
        Constant as Constant,
        Cosine as Cosine,
        Epoch as Epoch,
        History as History,
        InverseScaling as InverseScaling,
        LinearToZero as LinearToZero,
        Patience as Patience,
        Plan as Plan,
        ProgressBar as ProgressBar,
        RMSProp as RMSProp,
        StepDecay as StepDecay,
        TrainingDivergedError as TrainingDivergedError,
        WarmUp as WarmUp,
        accuracy as accuracy,
        r_squared as r_squared,
        train as train,
    )

__version__ = "0.1.0"

_ROOMS = {
    "chain": ("Chain",),
    "checking": ("Report", "check_function", "check_gradients", "check_loss"),
    "differences": ("ascend", "descend", "finite_difference", "jacobian"),
    "functions": (
        *("ELU", "FUNCTIONS", "GELU", "AvgPool2d", "Conv2d", "Dropout", "Elementwise"),
        *("EmbeddingBag", "Flatten", "Function", "Identity", "LeakyReLU", "Linear", "LogSoftmax"),
        *("MaxPool2d", "Moment", "Multilinear", "ReLU", "Sigmoid", "SiLU", "Softmax", "Softplus"),
        *("Tanh", "Written"),
    ),
    "losses": (
        *("LOSSES", "BinaryCrossEntropy", "CrossEntropy", "Huber", "Loss", "MeanAbsoluteError"),
        *(
            "MeanSquaredError",
            "Poisson",
            "SigmoidBinaryCrossEntropy",
            "SoftmaxCrossEntropy",
            "fused",
        ),
    ),
    "models": ("Model", "ModelFileError", "Predictions"),
    "parameters": ("Parameters",),
    "training": (
        *("SGD", "Adam", "AdamW", "Constant", "Cosine", "Epoch", "History", "InverseScaling"),
        *("LinearToZero", "Patience", "Plan", "ProgressBar", "RMSProp", "StepDecay"),
        *("TrainingDivergedError", "WarmUp", "accuracy", "r_squared", "train"),
    ),
}
_MODULES = ("mathematics", "notation")

__all__ = [*_MODULES, *(name for names in _ROOMS.values() for name in names)]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name in _MODULES:
        return import_module(f"chainrule.{name}")
    for room, names in _ROOMS.items():
        if name in names:
            value = getattr(import_module(f"chainrule.{room}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'chainrule' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

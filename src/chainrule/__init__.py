"""chainrule: neural networks on CPUs, with backpropagation in closed form.

A chain of functions, a loss, and a plan are all it takes::

    from chainrule import Chain, CrossEntropy, Linear, Plan, ReLU, Softmax, train

    chain = Chain(Linear(32), ReLU(), Linear(10), Softmax())
    history = train(chain, CrossEntropy(), X, t, Plan(epochs=20))

The modules ``chainrule.notation`` (index notation) and ``chainrule.mathematics`` (one vocabulary
for numbers and formulas) are useful alone. A name is loaded, with the one room that has it, when
it is first used, so that ``import chainrule`` costs nothing.
"""

from importlib import import_module

TYPE_CHECKING = False  # for readers of types; typing itself takes as long to load as Python does
if TYPE_CHECKING:
    from chainrule import mathematics as mathematics, notation as notation
    from chainrule.chain import *
    from chainrule.checking import *
    from chainrule.engine import *
    from chainrule.estimators import *
    from chainrule.explain import *
    from chainrule.export import *
    from chainrule.files import *
    from chainrule.functions import *
    from chainrule.losses import *
    from chainrule.parameters import *
    from chainrule.pictures import *
    from chainrule.training import *

    Moment = RandomKey
    Written = ExplicitFunction
    Place = TrainingPosition

__version__ = "0.1.0"

_PUBLIC = {
    "functions": """
        FUNCTIONS Function Elementwise Multilinear ExplicitFunction RandomKey
        Linear MemberLinear BatchEnsembleLinear Conv2d EmbeddingBag AvgPool2d MaxPool2d
        Flatten Dropout BatchNorm LayerNorm Scale Residual Parametric
        Cos ELU Exp GELU Identity LeakyReLU LogSoftmax Mish ReLU SELU SiLU Sigmoid Softmax Softplus
        Tanh
        """,
    "losses": """
        LOSSES FUSED fused Loss ElementwiseLoss
        BinaryCrossEntropy CrossEntropy HalfSquaredError Huber MeanAbsoluteError MeanSquaredError
        MeanOverMembers Poisson QuantileLoss ExpPoisson SigmoidBinaryCrossEntropy
        SoftmaxCrossEntropy
        """,
    "parameters": "Parameters",
    "chain": "Chain",
    "checking": """
        Report check_function check_gradients check_loss
        ascend descend finite_difference jacobian
        """,
    "training": """
        train Plan Epoch History Reporter ProgressBar Patience TrainingDivergedError
        Checkpoint GradientNorms accuracy r_squared ranks_of RankError
        OPTIMIZERS Optimizer SGD AdaGrad Adam AdamW RMSProp
        SCHEDULES Schedule TrainingPosition
        Constant CosLog Cosine FlatCosine InverseScaling LinearToZero StepDecay WarmUp
        AUGMENTATIONS Augmentation Crop Flip Noise Shift
        """,
    "files": "ModelFileError",
    "estimators": """
        Classifier DataStream FastTextClassifier MLPClassifier MLPRegressor Regressor
        TableClassifier TableRegressor TextClassifier TextExplanation load load_fasttext
        """,
    "export": "Exported export_network",
    "explain": "Derivation Page derivation explain_network",
    "pictures": """
        ConfusionDisplay DescentDisplay FunctionsDisplay GradientNormsDisplay LearningCurveDisplay
        LossesDisplay MistakesDisplay SaliencyDisplay WeightsDisplay
        """,
    "engine": "Predictor",
}
"""The public names of each room, all that are in its ``__all__``."""

_FORMER = {"Moment": "RandomKey", "Written": "ExplicitFunction", "Place": "TrainingPosition"}
"""Names that have been public, and the present names."""

_MODULES = ("mathematics", "notation")
_ROOM_OF = {name: room for room, names in _PUBLIC.items() for name in names.split()}

__all__ = [*_MODULES, *_ROOM_OF, *_FORMER]


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    if name in _MODULES:
        return import_module(f"chainrule.{name}")
    present = _FORMER.get(name, name)
    if present not in _ROOM_OF:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"chainrule.{_ROOM_OF[present]}"), present)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

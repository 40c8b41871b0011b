"""Training: optimizers, schedules, stopping, progress, and the one loop."""

from chainrule.training.augmentation import Augmentation, Crop, Flip, Noise, Shift
from chainrule.training.gradient_norms import GradientNorms
from chainrule.training.history import (
    Epoch,
    History,
    Reporter,
    TrainingDivergedError,
    accuracy,
    r_squared,
)
from chainrule.training.loop import Plan, train
from chainrule.training.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Optimizer, RMSProp
from chainrule.training.progress import ProgressBar
from chainrule.training.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    InverseScaling,
    LinearToZero,
    Place,
    Schedule,
    StepDecay,
    WarmUp,
)
from chainrule.training.stopping import Patience

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adam",
    "AdamW",
    "Augmentation",
    "Constant",
    "Cosine",
    "Crop",
    "Epoch",
    "Flip",
    "GradientNorms",
    "History",
    "InverseScaling",
    "LinearToZero",
    "Noise",
    "Optimizer",
    "Patience",
    "Place",
    "Plan",
    "ProgressBar",
    "RMSProp",
    "Reporter",
    "Schedule",
    "Shift",
    "StepDecay",
    "TrainingDivergedError",
    "WarmUp",
    "accuracy",
    "r_squared",
    "train",
]

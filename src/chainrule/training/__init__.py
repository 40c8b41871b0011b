"""Training: optimizers, schedules, stopping, progress, and the one loop."""

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
    "Constant",
    "Cosine",
    "Epoch",
    "History",
    "InverseScaling",
    "LinearToZero",
    "Optimizer",
    "Patience",
    "Place",
    "Plan",
    "ProgressBar",
    "RMSProp",
    "Reporter",
    "Schedule",
    "StepDecay",
    "TrainingDivergedError",
    "WarmUp",
    "accuracy",
    "r_squared",
    "train",
]

"""Training: optimizers, schedules, stopping, progress, and the one loop."""

from chainrule.training.augmentation import AUGMENTATIONS, Augmentation, Crop, Flip, Noise, Shift
from chainrule.training.checkpoint import Checkpoint
from chainrule.training.errors import RankError, TrainingDivergedError
from chainrule.training.gradient_norms import GradientNorms
from chainrule.training.history import Epoch, History
from chainrule.training.loop import train
from chainrule.training.optimizers import (
    OPTIMIZERS,
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    Optimizer,
    RMSProp,
)
from chainrule.training.plan import Plan
from chainrule.training.progress import ProgressBar
from chainrule.training.reporter import Reporter
from chainrule.training.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    CosLog,
    FlatCosine,
    InverseScaling,
    LinearToZero,
    Schedule,
    StepDecay,
    TrainingPosition,
    WarmUp,
)
from chainrule.training.scores import accuracy, r_squared
from chainrule.training.session import ranks_of
from chainrule.training.stopping import Patience

__all__ = [
    "AUGMENTATIONS",
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Augmentation",
    "Checkpoint",
    "Constant",
    "CosLog",
    "Cosine",
    "Crop",
    "Epoch",
    "FlatCosine",
    "Flip",
    "GradientNorms",
    "History",
    "InverseScaling",
    "LinearToZero",
    "Noise",
    "Optimizer",
    "Patience",
    "Plan",
    "ProgressBar",
    "RMSProp",
    "RankError",
    "Reporter",
    "Schedule",
    "Shift",
    "StepDecay",
    "TrainingDivergedError",
    "TrainingPosition",
    "WarmUp",
    "accuracy",
    "r_squared",
    "ranks_of",
    "train",
]

"""Pictures of rules, networks and their training, by matplotlib, which is an extra: ``plots``.

Each follows scikit-learn's convention for displays: ``from_estimator(…)`` makes one and draws it,
``plot(ax=…)`` draws it again, ``ax_`` and ``figure_`` are what it was drawn on.
"""

from chainrule.pictures.confusion import ConfusionDisplay
from chainrule.pictures.descent import DescentDisplay
from chainrule.pictures.functions import FunctionsDisplay
from chainrule.pictures.gradients import GradientNormsDisplay
from chainrule.pictures.learning_curve import LearningCurveDisplay
from chainrule.pictures.losses import LossesDisplay
from chainrule.pictures.mistakes import MistakesDisplay
from chainrule.pictures.saliency import SaliencyDisplay
from chainrule.pictures.weights import WeightsDisplay

__all__ = [
    "ConfusionDisplay",
    "DescentDisplay",
    "FunctionsDisplay",
    "GradientNormsDisplay",
    "LearningCurveDisplay",
    "LossesDisplay",
    "MistakesDisplay",
    "SaliencyDisplay",
    "WeightsDisplay",
]

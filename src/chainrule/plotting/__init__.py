"""Pictures of training and of weights, drawn with matplotlib's axes; matplotlib is an extra."""

from chainrule.plotting.curves import learning_curve, score_curve
from chainrule.plotting.figures import new_figure, save_figure
from chainrule.plotting.weights import image_grid, weight_table

__all__ = [
    "image_grid",
    "learning_curve",
    "new_figure",
    "save_figure",
    "score_curve",
    "weight_table",
]

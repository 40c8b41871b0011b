"""Index notation: sums of products as lines of text, read, differentiated, computed, typeset.

>>> line = parse("z = 1/3 x[i] x[i]")
>>> print(gradient(line, "x"))
dx[i] = 2/3 dz x[i]
>>> evaluate(line, {"x": [1.0, 2.0, 3.0]})
array(4.66666667)
"""

from chainrule.notation.calculus import gradient, jacobian
from chainrule.notation.evaluation import backprop, dense_jacobian, evaluate, target_shape
from chainrule.notation.line import Line, NotationError
from chainrule.notation.parser import parse
from chainrule.notation.sizes import infer_sizes
from chainrule.notation.typesetting import latex

__all__ = [
    "Line",
    "NotationError",
    "backprop",
    "dense_jacobian",
    "evaluate",
    "gradient",
    "infer_sizes",
    "jacobian",
    "latex",
    "parse",
    "target_shape",
]

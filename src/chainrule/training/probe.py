"""A trial of functions, losses and optimizers of one's own, before any work is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.functions import FUNCTIONS, RandomKey
from chainrule.functions.contract import checked_gradients, checked_output
from chainrule.functions.sequence import Step, every
from chainrule.losses import LOSSES, Loss
from chainrule.training.optimizers import OPTIMIZERS, Optimizer
from chainrule.training.samples import Samples

SAMPLES = 2
"""How many samples a trial takes."""


def probe_optimizer(optimizer: Optimizer) -> None:
    """Let an optimizer with a rule that is not the library's own move three numbers.

    Raises
    ------
    ValueError
        Names the optimizer, and what its rule has returned.
    """
    if type(optimizer) not in OPTIMIZERS and type(optimizer).update is Optimizer.update:
        w = np.ones(3)
        with np.errstate(all="ignore"):
            optimizer.update(w, w / 2, optimizer.start(w), factor=1.0, step=1)


def probe(chain: Chain, loss: Loss, data: Samples) -> None:
    """Let functions and losses that are not the library's own go forward and back once.

    They are handed arrays that cannot be written to, as all share these.

    Raises
    ------
    ValueError, TypeError
        Names the function or the loss, what it failed in, and why.
    """
    own = [each for each in every(chain.functions) if type(each) not in FUNCTIONS]
    if not own and type(loss) in LOSSES:
        return
    few = data.at(np.arange(min(SAMPLES, len(data))))
    for key in (None, RandomKey(0, 0)):
        values = [_frozen(few.X.astype(chain.dtype))]
        steps = chain.steps(key)
        with np.errstate(all="ignore"):
            for step in steps:
                values.append(_frozen(_forward(step, values[-1])))
            dY = _loss_gradient(chain, loss, values, few)
            for position in reversed(range(len(chain.functions))):
                if position < chain.fuse(loss)[1]:
                    dY = _backprop(steps[position], values, position, dY)


def _forward(step: Step, x: Any) -> Any:
    layer, own, key = step
    function = layer.function
    Y = _named(str(function), "forward", lambda: function.forward(x, own, key))
    return checked_output(function, Y, x.shape[0], layer.output_shape, x.dtype)


def _backprop(step: Step, values: list[Any], position: int, dY: Any) -> Any:
    (layer, own, key), x = step, values[position]
    function, dense = layer.function, position > 0
    returned = _named(
        str(function),
        "backprop",
        lambda: function.backprop(dY, x, values[position + 1], own, key, input_gradient=dense),
    )
    shapes = {name: array.shape for name, array in own.items()}
    dX, _ = checked_gradients(function, returned, shapes, x.shape, input_gradient=dense)
    return None if dX is None else _frozen(np.asarray(dX))


def _loss_gradient(chain: Chain, loss: Loss, values: list[Any], few: Samples) -> Any:
    last, count = chain.fuse(loss)
    Y = values[count]
    T = _named(str(loss), "targets", lambda: _frozen(last.targets(few.t, Y)))
    return _frozen(_named(str(loss), "gradient", lambda: last.checked(Y, T)[1] / len(Y)))


def _named(name: str, method: str, call: Callable[[], Any]) -> Any:
    """Return what a call makes; where it fails, the error begins with a name."""
    try:
        return call()
    except Exception as error:
        text = str(error)
        if text.startswith(name.partition("(")[0]):
            raise
        if "read-only" in text:
            text = "expected arrays to stay as they are, got one that is written to; copy it first"
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name}: its {method} fails: {text or repr(error)}") from error


def _frozen(array: Any) -> Any:
    """Return a view of an array that cannot be written to; sparse matrices as they are."""
    if not isinstance(array, np.ndarray):
        return array
    view = array.view()
    view.flags.writeable = False
    return view

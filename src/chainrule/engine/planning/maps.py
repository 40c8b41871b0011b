"""The functions without parameters after a Linear, where no product takes them along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels.library import Kernel, Library
from chainrule.engine.machine.memory import VECTOR, Panels
from chainrule.engine.network.lowering import Inputs, Stage
from chainrule.engine.planning.masks import drawn
from chainrule.engine.planning.program import Instructions
from chainrule.functions import Dropout, LogSoftmax, Softmax

Array = NDArray[Any]
Range = tuple[int, int]


@dataclass(frozen=True)
class Values:
    """What a stage makes: z, kept only where something reads it, y after each map, and dz.

    Where the loss alone reads z, dz takes its place. ``masks`` are those of the maps that draw one.
    """

    z: Panels | None
    y: tuple[Panels, ...]
    gradient: Panels
    masks: dict[int, Panels]

    @property
    def output(self) -> Panels:
        """What the next stage reads."""
        output = self.y[-1] if self.y else self.z
        assert output is not None
        return output


class Maps:
    """Plans maps and their slopes; each method adds instructions for one thread.

    ``dropouts`` are the arguments of masks, where a run sets its step.
    """

    def __init__(
        self, code: Instructions, library: Library, dtype: np.dtype[Any], seed: int
    ) -> None:
        self.code, self.library, self.dtype, self.seed = code, library, dtype, seed
        self.dropouts: list[Array] = []

    def forward(
        self, thread: int, stage: Stage | Inputs, values: Values, k: int, rows: Range, panels: Range
    ) -> None:
        """Add Y = f(X) of map k, for some samples and some panels: of softmax, for all panels."""
        function, x, y = stage.maps[k], values.y[k - 1] if k else values.z, values.y[k]
        assert x is not None
        if isinstance(function, Dropout):
            self._draw(thread, stage, values, k, x, rows, panels)
        elif isinstance(function, Softmax | LogSoftmax):
            kernel = self.library.softmax(logarithm=isinstance(function, LogSoftmax))
            self._whole(thread, kernel, stage, y, rows, x=x.address)
        else:
            for panel in range(*panels):
                at = rows[0] * VECTOR + panel * y.stride
                where = {"x": x.address + at, "y": y.address + at}
                kernel = self.library.value_map(function)
                self.code.add(thread, kernel, count=rows[1] - rows[0], **where)

    def backward(
        self, thread: int, stage: Stage | Inputs, values: Values, k: int, rows: Range, panels: Range
    ) -> None:
        """Add dX of map k in the place of dY, likewise."""
        function, x, y = stage.maps[k], values.y[k - 1] if k else values.z, values.y[k]
        if isinstance(function, Softmax | LogSoftmax):
            kernel = self.library.softmax_slope(logarithm=isinstance(function, LogSoftmax))
            self._whole(thread, kernel, stage, y, rows, gradient=values.gradient.address)
            return
        for panel in range(*panels):
            at = rows[0] * VECTOR + panel * y.stride
            common = {"count": rows[1] - rows[0], "gradient": values.gradient.address + at}
            if isinstance(function, Dropout):
                mask = values.masks[k].address + at
                self.code.add(thread, self.library.masked, **common, mask=mask)
            else:
                where = {"x": x.address + at if x else 0, "y": y.address + at}
                self.code.add(thread, self.library.slope_map(function), **common, **where)

    def _whole(
        self,
        thread: int,
        kernel: Kernel,
        stage: Stage | Inputs,
        y: Panels,
        rows: Range,
        **where: int,
    ) -> None:
        """Add a kernel that takes all numbers of a sample."""
        self.code.add(
            thread,
            kernel,
            first=rows[0],
            last=rows[1],
            outputs=stage.outputs,
            vector_stride=y.stride,
            y=y.address,
            **where,
        )

    def _draw(
        self,
        thread: int,
        stage: Stage | Inputs,
        values: Values,
        k: int,
        x: Panels,
        rows: Range,
        panels: Range,
    ) -> None:
        """Add a mask that is drawn, and X times it."""
        function, y = stage.maps[k], values.y[k]
        assert isinstance(function, Dropout)
        own = panels[0] * y.stride
        self.dropouts.append(
            self.code.add(
                thread,
                self.library.dropout,
                first=rows[0],
                last=rows[1],
                panel=panels[0],
                panels=panels[1] - panels[0],
                features=stage.outputs,
                vector_stride=y.stride,
                x=x.address + own,
                y=y.address + own,
                mask=values.masks[k].address + own,
                **drawn(self.code, function, self.seed, stage.layers[k], self.dtype),
            )
        )

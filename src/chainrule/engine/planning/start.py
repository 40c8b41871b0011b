"""Functions of the samples themselves, before the first Linear: dropout of inputs and the like."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels.library import Library
from chainrule.engine.machine.memory import VECTOR, Panels, address
from chainrule.engine.network.lowering import Inputs
from chainrule.engine.planning.maps import Maps, Values
from chainrule.engine.planning.program import Instructions
from chainrule.functions import Dropout

Array = NDArray[Any]
Range = tuple[int, int]


class Start:
    """Plans the way of samples X (n, …) into panels, and the maps of them there."""

    def __init__(
        self,
        inputs: Inputs,
        rows: int,
        code: Instructions,
        library: Library,
        maps: Maps,
        dtype: np.dtype[Any],
    ) -> None:
        def panels() -> Panels:
            return Panels.zeros(rows, inputs.outputs, dtype)

        self.inputs, self.code, self.library, self.maps = inputs, code, library, maps
        y = tuple(panels() for _ in inputs.maps)
        masks = {k: panels() for k, f in enumerate(inputs.maps) if isinstance(f, Dropout)}
        x = panels()
        self.values = Values(x, y, x, masks)

    @property
    def rows(self) -> Panels:
        """What the first stage reads."""
        return self.values.output

    def forward(self, thread: int, samples: Array, rows: Range) -> None:
        """Add X and its maps, for some samples of the batch."""
        if rows[0] == rows[1]:
            return
        x = self.values.gradient
        self.code.add(
            thread,
            self.library.into_panels,
            rows=rows[1] - rows[0],
            features=self.inputs.outputs,
            vectors=x.count,
            samples=address(samples[rows[0] :]),
            panels=x.address + rows[0] * VECTOR,
            vector_stride=x.stride,
        )
        for k in range(len(self.inputs.maps)):
            self.maps.forward(thread, self.inputs, self.values, k, rows, (0, x.count))

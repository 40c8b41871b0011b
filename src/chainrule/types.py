"""The types that stand in every room: an array of numbers, the shape of one, places of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]
Rows = NDArray[np.intp]

"""Synthetic columns to time: one call of the library, prepared once and repeated.

What:    calcareous soils under mean European weather; views are made beforehand, so that what is timed is ``calcisol_step``
         as a compiled host calls it, not Python.
Units:   seconds of thread CPU time. Arrays in Fortran order (column fastest), as land models keep them.
Use:     ``call = Call(model, columns=100, layers=11); seconds = call.time(repeats)``
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ..library import capi
from ..library.columns import Columns, set_view, table
from ..library.model import Model
from ..library.sample import soil, weather


class Call:
    """``calcisol_step`` on these columns, all outputs and the flag written."""

    def __init__(self, model: Model, columns: int, layers: int, dt: float) -> None:
        self.lib, ffi = capi.library()
        self.columns: Columns = model.columns(soil(columns, layers))
        self.dt = dt
        forcing = weather(columns, layers)
        rows, outputs = table().select("forcing"), table().select("output")
        self.views, self.targets = ffi.new("calcisol_view[]", len(rows)), ffi.new("calcisol_target[]", len(outputs))
        self.flag = ffi.new("calcisol_target *")
        self.sizes = len(rows), len(outputs)
        self.kept: list[Any] = []  # arrays the views point to
        for i, variable in enumerate(rows):
            if variable.name in forcing:
                self.show(self.views[i], forcing[variable.name], ffi)
        for i, variable in enumerate(outputs):
            shape = (columns, layers) if variable.dims == "layer" else (columns,)
            self.show(self.targets[i], np.zeros(shape, order="F"), ffi)
        self.show(self.flag[0], np.zeros((columns, layers), dtype=np.int32, order="F"), ffi)
        self.null = ffi.NULL

    def show(self, view: Any, array: Any, ffi: Any) -> None:
        self.kept.append(array)
        set_view(view, array, ffi)

    def step(self) -> None:
        """One step."""
        n_in, n_out = self.sizes
        status = self.lib.calcisol_step(self.columns.handle, self.dt, self.views, n_in, self.targets, n_out, self.flag, self.null)
        capi.check(status)

    def time(self, repeats: int) -> float:
        """Mean CPU seconds of a step over ``repeats``."""
        start = time.thread_time()
        for _ in range(repeats):
            self.step()
        return (time.thread_time() - start) / repeats

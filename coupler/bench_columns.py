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

from . import capi
from .capi import Model
from .columns import Columns, _set_view, table

YEAR = 365.0 * 86400.0  # s


def soil(columns: int, layers: int) -> dict[str, Any]:
    """Soil properties: 1.5 m, 2-30 % CaCO3."""
    caco3 = np.random.default_rng(1).uniform(0.02, 0.3, columns)
    dz = np.asfortranarray(np.full((columns, layers), 1.5 / layers))
    return {"dz": dz, "caco3": np.asfortranarray(np.broadcast_to(caco3[:, None], dz.shape))}


def weather(columns: int, layers: int) -> dict[str, Any]:
    """Forcing of every step: 300 mm a-1 of drainage, respiration, deposition, nitrification."""
    shape = (columns, layers)
    rng = np.random.default_rng(2)
    return {
        "w_liq": np.full(shape, 280.0 * 1.5 / layers, order="F"),
        "t_soil": np.full(shape, 283.15, order="F"),
        "q_bot": np.full(columns, 300.0 / YEAR),
        "co2_src_total": rng.uniform(0.4, 0.8, columns) / YEAR,
        "dep_nh4": np.full(columns, 0.3 / YEAR),
        "n_nit": np.full(shape, 1e-3 / YEAR, order="F"),
    }


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
        _set_view(view, array, ffi)

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

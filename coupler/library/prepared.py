"""Steps that read and write the same arrays each time: what they are and where they lie is looked at once.

What:    ``PreparedStep`` holds arrays for the forcing and the outputs of some columns. A caller writes the forcing in place and
         calls; of columns with active = 0 neither the forcing is read nor an output written.
Shapes:  (column, soil_layer) and (column,), float64; units: emulator/contract/variables.toml.
Source:  fortran_bridge/include/calcisol.h; the same call as ``Columns.step``.
Use:     ``step = PreparedStep(columns, {"w_liq": (n, m), ...}, ("ph",))``;
         ``step.forcing["w_liq"][:] = w; step(1800.0); step.out["ph"]``
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from . import capi
from .columns import Columns, check_names, set_view, variables_of


class PreparedStep:
    """``forcing`` and ``out`` are the arrays, by name; ``out["flag"]`` is int32."""

    def __init__(self, columns: Columns, forcing: Mapping[str, tuple[int, ...]], outputs: Iterable[str]) -> None:
        """``forcing``: shape of each variable. Raises ArgumentError for a name that is none."""
        _, ffi = capi.library()
        self.columns = columns
        wanted = dict.fromkeys(outputs)
        check_names(forcing, "forcing")
        check_names(wanted, "output")
        self.forcing = {name: np.zeros(shape) for name, shape in forcing.items()}
        rows = variables_of("forcing")
        self._views = ffi.new("calcisol_view[]", len(rows))
        for i, variable in enumerate(rows):
            if variable.name in self.forcing:
                set_view(self._views[i], self.forcing[variable.name], ffi)
        rows = variables_of("output")
        self._targets = ffi.new("calcisol_target[]", len(rows))
        self.out: dict[str, NDArray[np.float64] | NDArray[np.int32]] = {}
        self.out.update(columns.room([v for v in rows if v.name in wanted]))
        for i, variable in enumerate(rows):
            if variable.name in wanted:
                set_view(self._targets[i], self.out[variable.name], ffi)
        self.out["flag"] = np.zeros((columns.ncol, columns.nlay), dtype=np.int32)
        self._flag = ffi.new("calcisol_target *")
        set_view(self._flag, self.out["flag"], ffi)

    def __call__(self, dt: float) -> None:
        """One step of ``dt`` seconds. Raises ArgumentError, MissingError, StateError, ModelError."""
        self.columns.call_step(dt, self._views, self._targets, self._flag)

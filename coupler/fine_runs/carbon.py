"""Dissolved carbon that water carries through the faces of the cells of a fine run in a day, as the step moves it.

What:    upwind advection and dispersion at the concentrations of the end of the day, the formula of processes/gas.py.
Units:   water kg m-2, carbon mol m-2. Shapes (cell, column).
Use:     ``carried = CarriedCarbon(static)(state, liquid_before, liquid, sink, drained, t_soil)``
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from ...emulator.contract.rows import static_rows
from ...emulator.processes.gas import gas_capacity
from ...emulator.processes.soil import air_fraction, reactive_water
from ...emulator.processes.transport import dispersion_conductance
from ...emulator.processes.water import face_fluxes
from ..library.columns import table
from ..units import SECONDS_PER_DAY
from .climates import Floats


def _tensor(x: Floats) -> Tensor:
    return torch.tensor(x, dtype=torch.float64)


class CarriedCarbon:
    """Of one set of columns, whose soil is ``static`` (cell, column) by name."""

    def __init__(self, static: Mapping[str, Floats]) -> None:
        rows = [_tensor(np.broadcast_to(static.get(v.name, v.fill), static["clay"].shape)) for v in table().select("static")]
        self.soil = static_rows(torch.stack(rows))

    def __call__(
        self, state: Mapping[str, Floats], before: Floats, liquid: Floats, sink: Floats, drained: Floats, t_soil: Floats
    ) -> Floats:
        """Through the lower face of each cell, downward; ``state`` (column, cell) by name, the others (cell, column)."""
        s, now, dt = self.soil, _tensor(liquid), torch.tensor(SECONDS_PER_DAY, dtype=torch.float64)
        none, water = torch.zeros_like(now), reactive_water(now, s.dz)
        per_second = 1.0 / SECONDS_PER_DAY
        taken, through_bottom = _tensor(sink) * per_second, _tensor(drained) * per_second
        q, _ = face_fluxes(now, _tensor(before), taken, none, through_bottom, torch.full_like(now, torch.nan), dt)
        capacity = gas_capacity(air_fraction(s.porosity, now, none, s.dz), s.dz, _tensor(t_soil).clamp(273.15, 313.15))
        dissolved = (_tensor(state["dic"].T) - capacity * _tensor(state["pco2"].T)) / water
        below = torch.cat([dissolved[1:], dissolved[-1:]])
        exchanged = dispersion_conductance(s, water, q) * (dissolved - below)
        return np.asarray(dt * (q * torch.where(q >= 0.0, dissolved, below) + exchanged))

"""Soil temperature by the day: heat conduction below a surface that follows the air.

What:    ``SoilHeat`` advances the temperature of all layers by days, one implicit step a day; below the profile lie layers of
         growing thickness down to some 7 m, where no heat passes.
Units:   degC, m, m2 s-1. Shapes: air (day, column), temperature (layer, column), mean of a day (day, column, layer).
Source:  Fourier's law with one diffusivity (Hillel 1998), backward Euler; freezing takes no latent heat and snow does not
         insulate [assumptions], so frost reaches deeper here than below snow.
Use:     ``heat = SoilHeat(dz, diffusivity, start); days = heat.run(air)``; a column's bits do not depend on its neighbours.
"""

from __future__ import annotations

from importlib import import_module

import numpy as np

from ..units import SECONDS_PER_DAY

BELOW = (0.3, 0.6, 1.2, 2.4)  # m; a yearly wave is damped to a tenth at about 5 m
FREEZING_RANGE = 1.0  # K below 0 over which flow ceases [assumption]; clay holds liquid water to lower temperatures
LEAST_FLOW = 1e-3  # share of the conductivity that frozen soil keeps [assumption]


class SoilHeat:
    """Temperature of the layers of some columns; ``temperature`` (layer with those below, column) is the state of a restart."""

    def __init__(self, dz: np.ndarray, diffusivity: float, start: np.ndarray) -> None:
        """``start`` (column,): temperature of all layers, degC."""
        thick = np.concatenate([np.asarray(dz, float), BELOW])
        self.layers = len(dz)
        distance = np.concatenate([[thick[0] / 2], (thick[1:] + thick[:-1]) / 2])
        above = diffusivity * SECONDS_PER_DAY / (distance * thick)  # per day, through the upper face
        below = np.append(diffusivity * SECONDS_PER_DAY / (distance[1:] * thick[:-1]), 0.0)
        # elimination from the top once: the same numbers serve every day and column
        self.above, self.ratio, self.inverse = above, np.zeros(len(thick)), np.zeros(len(thick))
        for i in range(len(thick)):
            diagonal = 1.0 + above[i] + below[i] - (above[i] * self.ratio[i - 1] if i else 0.0)
            self.inverse[i] = 1.0 / diagonal
            self.ratio[i] = below[i] * self.inverse[i]
        self.temperature = np.tile(np.asarray(start, float), (len(thick), 1))

    def run(self, air: np.ndarray) -> np.ndarray:
        """Advance by the days of ``air`` (day, column); returns the temperature at the end of each, (day, column, layer)."""
        # late, so that `calcisol --help` needs no compiled code
        extension = import_module(".soil_water._soil_water", __package__)
        ffi = extension.ffi
        made = np.empty((len(air), self.layers, air.shape[1]))
        self.temperature = np.ascontiguousarray(self.temperature, np.float64)
        kept = {"above": self.above, "ratio": self.ratio, "inverse": self.inverse, "air": np.ascontiguousarray(air, np.float64)}
        kept |= {"temperature": self.temperature, "ends": made}
        job = ffi.new("calcisol_soil_heat *")
        job.columns, job.layers, job.below, job.days = air.shape[1], self.layers, len(BELOW), len(air)
        for name, array in kept.items():
            setattr(job, name, ffi.cast("double *", array.ctypes.data))
        extension.lib.calcisol_soil_heat_run(job)
        return np.moveaxis(made, 1, 2)


def conducting(temperature: np.ndarray) -> np.ndarray:
    """Share of the hydraulic conductivity that frost leaves: 1 from 0 degC up, falling to LEAST_FLOW over FREEZING_RANGE."""
    return np.clip(1.0 + temperature / FREEZING_RANGE, LEAST_FLOW, 1.0)

"""Organic matter of the topsoil as the history prescribes it: its charge, and the nitrogen its change sets free.

What:    ``OrganicMatter``: capacity of each treatment's layers in a year, and nitrogen of that year.
Units:   organic carbon kg kg-1; mol_c kg-1; kg N ha-1 year-1. Shapes (column,) and (column, layer).
Charge:  sites come and go with organic matter, empty: those that go leave their bases to the sites that stay, in place of protons
         (carbonate of organic anions, ash alkalinity); those that come take protons off. Both as in carbon cycle budgets of acid
         (Helyar & Porter 1989, in: Soil Acidity and Plant Growth).
Source:  sites: the relation of land/exchanger.py. C:N of arable topsoils 10 [assumption; 9 to 12].
Use:     ``humus = OrganicMatter(site); humus.capacity(ground, 1962)``
"""

from __future__ import annotations

import numpy as np

from ...emulator.contract.constants import CEC_PER_CARBON
from ..land import exchanger
from ..units import HA_M2
from .profile import CLOSE, Ground
from .site import Site

C_TO_N = 10.0  # kg kg-1
DECAY = float(np.log(2.0)) / 41.0
"""year-1 of the organic nitrogen of bare soil: half-life of 41 years in the drain gauges of Rothamsted, whose uncropped soil
leached 45 kg ha-1 of nitrate N a year (Addiscott 1988, doi:10.1111/j.1475-2743.1988.tb00742.x)."""


class OrganicMatter:
    """Organic carbon of the first surveyed layer: linear between the readings of the history, from the survey on."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.first = float(site.soil.carbon[0])
        self.known: list[dict[int, float]] = []
        for name in site.treatments:
            lines = [x for x in site.lines if name in x.treatments and not np.isnan(x.carbon)]
            self.known.append({site.years[0] - 1: self.first, **{x.years[0]: x.carbon for x in lines}})

    @property
    def changes(self) -> bool:
        """Whether the history says anything of it."""
        return any(len(x) > 1 for x in self.known)

    def carbon(self, year: int) -> np.ndarray:
        """At the end of a year (column,)."""
        return np.array([np.interp(year, sorted(x), [x[y] for y in sorted(x)]) for x in self.known])

    def capacity(self, ground: Ground, year: int) -> np.ndarray:
        """mol_c kg-1 (column, layer) at the end of a year."""
        more = CEC_PER_CARBON * self.site.parameters.cec_factor * (self.carbon(year) - self.first)
        made = ground.capacity + more[:, None] * (ground.edges <= self.site.soil.edges[0] + CLOSE)
        return np.maximum(made, exchanger.LEAST)

    def bare(self) -> float:
        """Set free in a year in which nothing grows, kg ha-1."""
        return DECAY * self.first * self._mass() * HA_M2 / C_TO_N

    def _mass(self) -> float:
        """Fine earth of the first surveyed layer, kg m-2."""
        soil = self.site.soil
        return float(soil.density[0] * (1 - soil.stones[0]) * soil.edges[0])

    def nitrogen(self, year: int) -> np.ndarray:
        """Set free in a year as it is lost; negative as it grows. kg ha-1 (column,)."""
        return (self.carbon(year - 1) - self.carbon(year)) * self._mass() * HA_M2 / C_TO_N

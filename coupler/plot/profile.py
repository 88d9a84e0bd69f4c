"""From surveyed layers to those of the model, and back to the depths of samples.

What:    ``grid`` of the model's layers, ``Ground`` (their properties by contract name), ``Sampler`` (means over a depth).
Units:   m, SI; shapes (layer,) and (sample, layer).
Source:  layers of at most 8 cm in the upper quarter metre, where pH has its gradients under grass [assumption]; capacity:
         land/exchanger.py.
Use:     ``ground = Ground.of(site); sampler = Sampler.of(ground, site.depths)``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...emulator.contract.constants import PARTICLE_DENSITY
from ..land import exchanger, weathering
from .site import CATIONS, Site

THICKEST = ((0.25, 0.08), (0.5, 0.12), (np.inf, 0.2))  # (down to, m): layers are at most so thick
CLOSE = 0.01  # m; edges closer than this are one


def grid(breaks: list[float]) -> np.ndarray:
    """Lower edges of layers that have every one of ``breaks`` among them, (layer,)."""
    kept: list[float] = []
    for edge in sorted(set(breaks)):
        if edge > CLOSE and (not kept or edge - kept[-1] > CLOSE):
            kept.append(edge)
    edges, top = [], 0.0
    for bottom in kept:
        most = next(thick for limit, thick in THICKEST if top < limit - CLOSE)
        parts = int(np.ceil((bottom - top) / most - 1e-9))
        edges += (top + (bottom - top) * np.arange(1, parts + 1) / parts).tolist()
        top = bottom
    return np.array(edges)


@dataclass(frozen=True)
class Ground:
    """Layers of the model, (layer,)."""

    dz: np.ndarray
    clay: np.ndarray
    sand: np.ndarray
    carbon: np.ndarray
    density: np.ndarray  # fine earth per volume of soil with its stones
    porosity: np.ndarray
    capacity: np.ndarray
    variable: np.ndarray
    caco3: np.ndarray
    ph: np.ndarray  # as surveyed
    bases: dict[str, np.ndarray]  # NaN where not surveyed
    measured: np.ndarray  # whether the capacity was
    weathering: np.ndarray  # mol_c m-2 year-1
    aluminium: np.ndarray  # saturation index of gibbsite

    @classmethod
    def of(cls, site: Site) -> Ground:
        """The layers of a site."""
        s, p = site.soil, site.parameters
        edges = grid([*s.edges.tolist(), *(x for pair in site.depths for x in pair), site.plough, *site.ploughed()])
        edges = edges[edges <= s.edges[-1] + CLOSE]
        dz = np.diff(edges, prepend=0.0)
        at = np.searchsorted(s.edges, edges - dz / 2)
        warm = float(site.weather.temperature.mean())
        own = exchanger.capacity(s.clay, s.carbon)[at] * p.cec_factor
        given = s.capacity[at]
        if not np.isnan(given).all():  # the clay of a profile is much the same
            own = own * np.nanmean(s.capacity / exchanger.capacity(s.clay, s.carbon))
        fine = s.density * (1 - s.stones)
        released = weathering.rate(s.clay, s.sand, warm, s.parent) * (1 - s.stones) * p.weathering_factor
        return cls(
            dz, s.clay[at], s.sand[at], s.carbon[at], fine[at], ((1 - s.density / PARTICLE_DENSITY) * (1 - s.stones))[at],
            np.where(np.isnan(given), own, given * p.cec_factor), np.full(len(dz), p.cec_variable), s.caco3[at], s.ph[at],
            {ion: s.bases[ion][at] for ion in CATIONS}, ~np.isnan(given), released[at] * dz, s.aluminium[at],
        )  # fmt: skip

    @property
    def edges(self) -> np.ndarray:
        """Lower edges, m."""
        return np.cumsum(self.dz)

    @property
    def mass(self) -> np.ndarray:
        """Fine earth, kg m-2."""
        return self.density * self.dz

    def static(self, columns: int, capacity: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Soil properties by contract name, (column, layer); ``capacity`` (column, layer) where that of columns differs."""
        rows = {
            "dz": self.dz, "clay": self.clay, "sand": self.sand, "soc": self.carbon, "bulk_density": self.density,
            "porosity": self.porosity, "cec": self.capacity if capacity is None else capacity, "cec_variable": self.variable,
            "caco3": self.caco3, "ph0": np.clip(self.ph, 4.0, 8.2), "si_gibbsite": self.aluminium,
        }  # fmt: skip
        return {k: np.broadcast_to(v, (columns, len(self.dz))).copy() for k, v in rows.items()}


@dataclass(frozen=True)
class Sampler:
    """Means over the depths of samples: ``share`` (sample, layer) of each layer that a sample holds."""

    share: np.ndarray
    mass: np.ndarray  # kg m-2 (sample,)
    capacity: np.ndarray  # mol_c kg-1
    variable: np.ndarray
    aluminium: np.ndarray  # saturation index of gibbsite
    calcareous: np.ndarray  # whether the survey found carbonate: a reading dissolves it

    @classmethod
    def of(cls, ground: Ground, depths: tuple[tuple[float, float], ...]) -> Sampler:
        """For the depths of a site, m."""
        bottom = ground.edges
        top = bottom - ground.dz
        share = np.array([np.clip(np.minimum(bottom, b) - np.maximum(top, a), 0, None) / ground.dz for a, b in depths])
        mass = share @ ground.mass
        held = share @ (ground.mass * ground.capacity)
        variable = share @ (ground.mass * ground.capacity * ground.variable) / held
        aluminium = share @ (ground.mass * ground.aluminium) / mass
        return cls(share, mass, held / mass, variable, aluminium, share @ (ground.mass * ground.caco3) > 0)

    def per_kg(self, pool: np.ndarray) -> np.ndarray:
        """mol m-2 (column, layer) as mol per kg of the sample (column, sample)."""
        return pool @ self.share.T / self.mass

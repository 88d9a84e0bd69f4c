"""Lime as it is spread: its neutralising value, its grains, and how fast they go.

What:    ``KINDS`` of liming materials; ``Spread``, one dressing on its way into the soil.
Units:   diameters mm; amounts mol CaCO3 m-2, or t ha-1 of material where said; shapes (column,).
Source:  grains lose DIAMETER_PER_YEAR of their diameter in acid soil: the one number that gives what state rules count as reacted
         in a first year, 80 % of 0.15-0.25 mm, 40 % of 0.25-0.85 mm, all below 0.15 mm (Cornell; 0.083 and 0.086 mm by the
         two classes, 10 % of 1-5 mm), and most of it within six months (Scott et al. 1992, doi:10.1071/AR9921175) with grains of
         2-5 mm lagging behind for years (Conyers et al. 2020, doi:10.1071/CP20045). It slows as calcite nears saturation, by
         the rate law 1 - Omega. Sieves: the British Fertilisers Regulations 1990 (ground limestone: all below 5 mm, 95 % below
         3.35 mm, 40 % below 0.15 mm). Neutralising values: 44 to 57 % CaO of British limestones (Agricultural Lime Association).
Use:     ``heap = Spread.of(KINDS["ground_limestone"], mol, share); released = heap.dissolve(dt, saturation)``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..units import CACO3_KG_PER_MOL, HA_M2, SECONDS_PER_YEAR

DIAMETER_PER_YEAR = 0.085  # mm, in acid soil
ARRIVES = 1.0 / 1.2
"""Of what was spread: the rest is blown away, lies on headlands, in heaps and clods. Advisers ask for 1.2 to 1.5 times what a
laboratory's titration asks for [from memory; why such field factors are needed: Johnston & Whinham 1980, Proceedings of the
Fertiliser Society 189, abstract]. The least of them: theirs also pays for lime that is still grains, or leached meanwhile, which
are simulated here."""
FINEST = 0.02  # mm: what passes the finest sieve lies between this and it, evenly in the logarithm
CLASSES = 16


@dataclass(frozen=True)
class Kind:
    """A liming material: kg CaCO3 that neutralise as much as a kg of it, its sieves, and how fast its grains go."""

    value: float
    passing: tuple[tuple[float, float], ...] = ((FINEST, 1.0),)  # (sieve in mm, share that passes), coarsest first
    softness: float = 1.0  # against hard limestone


_GROUND = ((5.0, 1.0), (3.35, 0.95), (0.15, 0.40))
KINDS = {
    "calcium_carbonate": Kind(1.0),  # precipitated, all fine
    "ground_limestone": Kind(0.94, _GROUND),
    # chalk is soft and porous, frost and water break it: three times as fast [assumption]
    "ground_chalk": Kind(0.94, ((6.3, 1.0), (0.15, 0.40)), 3.0),
    "dug_chalk": Kind(0.90, ((50.0, 1.0), (5.0, 0.3), (0.5, 0.1)), 3.0),  # lumps from a pit, as spread before 1914 [assumption]
    "marl": Kind(0.40, ((20.0, 1.0), (0.15, 0.6)), 5.0),  # 20-60 % CaCO3; lumps that slake [assumption]
    "burnt_lime": Kind(1.50),  # 80-90 % CaO; slakes to powder and takes up carbon dioxide
    "hydrated_lime": Kind(1.25),
    "sugar_beet_lime": Kind(0.45),
    "dolomite": Kind(1.00, _GROUND, 0.3),  # counted as CaCO3; some three times slower than calcite [assumption]
    "basic_slag": Kind(0.55, ((2.0, 1.0), (0.15, 0.7))),
}


def grains(kind: Kind) -> tuple[np.ndarray, np.ndarray]:
    """Diameters [mm] and their shares of the mass, (class,), even in the logarithm between the sieves."""
    sieves = [*kind.passing, (min(FINEST, kind.passing[-1][0]), 0.0)]
    edges, passed = np.array(sieves[::-1]).T
    if len(edges) == 2 and edges[0] == edges[1]:
        return np.array([FINEST]), np.array([1.0])
    fine = np.exp(np.linspace(np.log(edges[0]), np.log(edges[-1]), CLASSES + 1))
    share = np.diff(np.interp(np.log(fine), np.log(edges), passed))
    return np.sqrt(fine[1:] * fine[:-1]), share / share.sum()


def moles(kind: Kind, tonnes: np.ndarray | float) -> np.ndarray:
    """mol CaCO3 m-2 that t ha-1 of a material bring into the soil."""
    return np.asarray(tonnes, float) * 1e3 * kind.value * ARRIVES / HA_M2 / CACO3_KG_PER_MOL


@dataclass
class Spread:
    """One dressing: what was spread (column,) [mol m-2], its share by layer (layer,), and what its grains have lost [mm]."""

    kind: Kind
    amount: np.ndarray
    depth: np.ndarray
    lost: np.ndarray

    @classmethod
    def of(cls, kind: Kind, amount: np.ndarray, depth: np.ndarray) -> Spread:
        """A fresh dressing."""
        return cls(kind, amount, depth, np.zeros_like(amount))

    def left(self) -> np.ndarray:
        """Share that is still grains (column,): spheres, (1 - lost / diameter)^3 of each class."""
        diameter, share = grains(self.kind)
        return (np.maximum(1.0 - self.lost[:, None] / diameter, 0.0) ** 3) @ share

    def dissolve(self, dt: float, saturation: np.ndarray) -> np.ndarray:
        """mol CaCO3 m-2 (column, layer) set free in ``dt`` seconds; ``saturation`` = Omega of calcite (column, layer)."""
        before = self.left()
        free = np.clip(1.0 - saturation, 0.0, 1.0) @ self.depth
        self.lost = self.lost + DIAMETER_PER_YEAR * self.kind.softness * free * dt / SECONDS_PER_YEAR
        return (self.amount * (before - self.left()))[:, None] * self.depth

"""One soil column of the ensemble, in the emulator's own terms: static soil, forcing by interval, sources. Knows no MIN3P.

What:    frozen record of everything a simulation is made of, plus the laws that fill gaps (texture -> hydraulics, CEC).
Units:   SI as in ``variables.toml`` (kg kg-1, kg m-3, mol kg-1, m); monthly amounts are mol or m per m2 and month.
Shapes:  [layer] from the surface down, [month]; a model month is 365/12 days, or ``interval_days`` where a column says so.
Source:  van Genuchten (1980) and Mualem (1976); the pedotransfer rules are rough class functions, sampled over, not fitted.
Use:     ``Column(thickness=..., sources={"resp": Source(profile, monthly)}, ...)``
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ..contract.constants import DAYS_PER_YEAR, PARTICLE_DENSITY

MONTH_DAYS = DAYS_PER_YEAR / 12.0


@dataclass(frozen=True)
class Source:
    """A source or sink: ``monthly`` [month] mol of reaction per m2 and month, spread over layers by ``profile`` (sums to 1)."""

    profile: np.ndarray
    monthly: np.ndarray

    def __post_init__(self) -> None:
        if not math.isclose(float(np.sum(self.profile)), 1.0, rel_tol=1e-9):
            raise ValueError(f"source profile sums to {float(np.sum(self.profile)):.6g}; it must sum to 1")
        if np.any(np.asarray(self.monthly) < 0.0):
            raise ValueError(
                f"monthly source amount {float(np.min(self.monthly)):.3g} is negative; sinks have their own reactions"
            )


@dataclass(frozen=True)
class VanGenuchten:
    """Retention and conductivity: residual saturation [-], alpha [m-1], n [-], saturated conductivity [m s-1]."""

    residual: float
    alpha: float
    n: float
    k_sat: float

    def conductivity(self, effective: float) -> float:
        """K [m s-1] at effective saturation (Mualem, l = 0.5)."""
        m = 1.0 - 1.0 / self.n
        return self.k_sat * math.sqrt(effective) * (1.0 - (1.0 - effective ** (1.0 / m)) ** m) ** 2

    def head_at_flux(self, flux: float) -> float:
        """Pressure head [m] at which the conductivity equals ``flux`` [m s-1]: unit-gradient drainage."""
        low, high = 1e-6, 1.0 - 1e-9
        for _ in range(200):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self.conductivity(middle) < flux else (low, middle)
        m = 1.0 - 1.0 / self.n
        return -((low ** (-1.0 / m) - 1.0) ** (1.0 / self.n)) / self.alpha


def hydraulics(clay: float, sand: float) -> VanGenuchten:
    """Rough class function of texture [kg kg-1], close to Carsel & Parrish (1988) for structured topsoil."""
    return VanGenuchten(
        residual=0.05 + 0.25 * clay / 0.6, alpha=1.0 + 4.0 * sand, n=1.22 + 0.55 * sand, k_sat=10.0 ** (-4.6 - 2.0 * clay)
    )


@dataclass(frozen=True)
class Column:
    """Everything one simulation is made of."""

    thickness: np.ndarray  # [layer] m
    clay: float  # kg kg-1
    sand: float  # kg kg-1
    soc: float  # kg kg-1, topsoil
    bulk_density: float  # kg m-3
    cec: np.ndarray  # [layer] mol kg-1
    cec_variable: np.ndarray  # [layer] share on variable-charge sites
    caco3: np.ndarray  # [layer] kg kg-1
    calcite_rate: float  # mol m-3 s-1 at a volume fraction of 0.05
    dispersivity: float  # m
    co2_atm: float  # mol mol-1
    rain: dict[str, float]  # component -> mol/L in the infiltrating water; chloride closes the charge
    drainage: np.ndarray  # [month] m per month through the surface
    temperature: np.ndarray  # [month, layer] degC
    sources: dict[str, Source]
    ph0: float = 6.2  # start of layers without calcite
    pco2_start: float = 0.01  # atm
    start: dict[str, float] = field(
        default_factory=dict
    )  # component -> mol/L of the first pore water, where it differs from the deck's
    van_genuchten: VanGenuchten | None = None
    interval_days: float = MONTH_DAYS  # d; what "month" means for this column
    labels: dict[str, float | str] = field(default_factory=dict)  # how it was drawn; stored with the run

    @property
    def months(self) -> int:
        """Number of simulated months."""
        return len(self.drainage)

    @property
    def layers(self) -> int:
        """Number of layers."""
        return len(self.thickness)

    @property
    def porosity(self) -> float:
        """Pore volume per soil volume."""
        return 1.0 - self.bulk_density / PARTICLE_DENSITY

    @property
    def mean_temperature(self) -> float:
        """Mean temperature of the first layer over the run [degC]."""
        return float(self.temperature[:, 0].mean())

    @property
    def bottom(self) -> np.ndarray:
        """Depth of each lower face [m]."""
        return np.cumsum(self.thickness)

    @property
    def top(self) -> np.ndarray:
        """Depth of each upper face [m]."""
        return self.bottom - self.thickness

    @property
    def centre(self) -> np.ndarray:
        """Depth of each layer centre [m]."""
        return self.bottom - 0.5 * self.thickness

    @property
    def retention(self) -> VanGenuchten:
        """Hydraulic functions: the given ones, or those of the texture."""
        return self.van_genuchten or hydraulics(self.clay, self.sand)

    def exponential(self, depth: float) -> np.ndarray:
        """Share of each layer in exp(-z / depth)."""
        weight = np.exp(-self.top / depth) - np.exp(-self.bottom / depth)
        return weight / weight.sum()

    def uniform_to(self, depth: float) -> np.ndarray:
        """Share of each layer in a uniform distribution from the surface to ``depth`` [m]."""
        weight = np.clip(np.minimum(self.bottom, depth) - self.top, 0.0, None)
        return weight / weight.sum()

    @property
    def surface(self) -> np.ndarray:
        """Everything in the first layer: what reaches the surface is mixed into it."""
        profile = np.zeros(self.layers)
        profile[0] = 1.0
        return profile


def soil_temperature(mean: np.ndarray, amplitude: np.ndarray, depth: np.ndarray, damping: float = 2.0) -> np.ndarray:
    """Damped annual wave [month, layer] degC; ``mean`` and ``amplitude`` are [month]. Coldest in mid January, never below 0.2.

    Freezing is left out (no frozen-soil chemistry in the reference model).
    """
    month = np.arange(len(mean))[:, None]
    phase = 2.0 * np.pi * (month % 12) / 12.0 - depth[None, :] / damping
    wave = mean[:, None] - amplitude[:, None] * np.exp(-depth[None, :] / damping) * np.cos(phase)
    return np.maximum(wave, 0.2)

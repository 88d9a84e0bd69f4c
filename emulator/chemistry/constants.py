"""Equilibrium constants of the soil solution, each with its source; molar masses and the like are in contract/constants.py.

What:    log10 K of the reactions below as rows of one coefficient table,
         log10 K(T) = a + b T + c / T + d log10(T) + e / T^2 + f T^2, T in kelvin (the analytic form of PHREEQC).
Sets:    "phreeqc": phreeqc.dat (Parkhurst & Appelo 2013, USGS Tech. Methods 6-A43), 0-50 degC;
         "min3p": MIN3P 2.6.2 default database (Mayer 2002, MINTEQA2 values) with its CO2 enthalpies repaired
         (CO2(aq) -5.738, CO2(g) -0.96 kcal/mol, after phreeqc.dat), constant enthalpy; the reference model of the v0 ensemble.
Units:   mol per kg of water; CO2 pressure in atm.
Use:     ``coefficients("min3p")`` -> tensor [reaction, 6]; ``REACTIONS.index("calcite")``.
"""

from __future__ import annotations

import math
import warnings

import torch

from ..contract import constants as shared
from ..contract.constants import CALCITE_DENSITY, MOLAR_MASS_CACO3

LN10 = math.log(10.0)
MOLAR_VOLUME_CALCITE = MOLAR_MASS_CACO3 / CALCITE_DENSITY
"""m3 mol-1."""
_MOVED = {"GAS_CONSTANT": "GAS_CONSTANT_ATM", "T_ZERO": "ZERO_CELSIUS"} | {
    name: name for name in ("MOLAR_MASS_C", "MOLAR_MASS_N", "PARTICLE_DENSITY", "PA_PER_ATM")
}


def __getattr__(name: str) -> float:
    """Names that were here until 0.1 are in ``contract.constants``; they answer for one release."""
    if name not in _MOVED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(f"{name} is now {_MOVED[name]} in calcisol.emulator.contract.constants", DeprecationWarning, stacklevel=2)
    return float(getattr(shared, _MOVED[name]))


REACTIONS = (
    "water",  # H2O = H + OH
    "co2_solubility",  # CO2(g) = CO2(aq)
    "carbonic_1",  # CO2(aq) + H2O = HCO3 + H
    "carbonic_2",  # HCO3 = CO3 + H
    "calcite",  # CaCO3 = Ca + CO3
    "cahco3",  # Ca + HCO3 = CaHCO3+
    "caco3_aq",  # Ca + CO3 = CaCO3(aq)
    "mghco3",  # Mg + HCO3 = MgHCO3+
    "mgco3_aq",  # Mg + CO3 = MgCO3(aq)
    "caso4_aq",  # Ca + SO4 = CaSO4(aq)
    "mgso4_aq",  # Mg + SO4 = MgSO4(aq)
    "gibbsite",  # Al(OH)3 + 3 H = Al + 3 H2O
    "aloh",  # Al + H2O = AlOH + H
    "aloh2",  # Al + 2 H2O = Al(OH)2 + 2 H
)


def _van_t_hoff(log_k25: float, dh_kcal: float) -> list[float]:
    """Row for a constant enthalpy [kcal/mol] from log10 K at 25 degC."""
    slope = dh_kcal / (1.987204e-3 * LN10)  # gas constant in kcal mol-1 K-1
    return [log_k25 + slope / 298.15, 0.0, -slope, 0.0, 0.0, 0.0]


def _add(*rows: list[float]) -> list[float]:
    return [sum(values) for values in zip(*rows, strict=True)]


def _minus(row: list[float]) -> list[float]:
    return [-value for value in row]


def _phreeqc() -> dict[str, list[float]]:
    hco3 = [107.8871, 0.03252849, -5151.79, -38.92561, 563713.9, 0.0]  # CO3 + H = HCO3 (Plummer & Busenberg 1982)
    co2aq = [464.1965, 0.09344813, -26986.16, -165.75951, 2248628.9, 0.0]  # CO3 + 2 H = CO2(aq) (ibid.)
    mghco3 = [48.6721, 0.03252849, -2614.335, -18.00263, 563713.9, 0.0]
    cahco3 = [1317.0071, 0.34546894, -39916.84, -517.70761, 563713.9, 0.0]
    return {
        "water": [293.29227, 0.1360833, -10576.913, -123.73158, 0.0, -6.996455e-5],
        "co2_solubility": [10.5624, -2.3547e-2, -3972.8, 0.0, 5.8746e5, 1.9194e-5],
        "carbonic_1": _add(hco3, _minus(co2aq)),
        "carbonic_2": _minus(hco3),
        "calcite": [-171.9065, -0.077993, 2839.319, 71.595, 0.0, 0.0],  # Plummer & Busenberg 1982
        "cahco3": _add(cahco3, _minus(hco3)),
        "caco3_aq": [-1228.732, -0.299440, 35512.75, 485.818, 0.0, 0.0],
        "mghco3": _add(mghco3, _minus(hco3)),
        "mgco3_aq": [0.9910, 0.00667, 0.0, 0.0, 0.0, 0.0],
        "caso4_aq": _van_t_hoff(2.25, 1.325),
        "mgso4_aq": _van_t_hoff(2.37, 4.550),
        "gibbsite": _van_t_hoff(8.11, -22.8),
        "aloh": [-38.253, 0.0, -656.27, 14.327, 0.0, 0.0],
        "aloh2": [88.50, 0.0, -9391.6, -27.121, 0.0, 0.0],
    }


def _min3p() -> dict[str, list[float]]:
    hco3 = _van_t_hoff(10.3393, -3.617)
    co2aq = _van_t_hoff(16.681, -5.738)  # enthalpy repaired, stock -2.247
    co2g = _van_t_hoff(18.16, -0.96)  # enthalpy repaired, stock -0.53
    return {
        "water": _van_t_hoff(-13.998, 13.362),
        "co2_solubility": _add(co2aq, _minus(co2g)),
        "carbonic_1": _add(hco3, _minus(co2aq)),
        "carbonic_2": _minus(hco3),
        "calcite": _van_t_hoff(-8.48, -2.585),
        "cahco3": _add(_van_t_hoff(11.435, 5.41), _minus(hco3)),
        "caco3_aq": _van_t_hoff(3.151, 4.03),
        "mghco3": _add(_van_t_hoff(11.399, -2.43), _minus(hco3)),
        "mgco3_aq": _van_t_hoff(2.928, 2.022),
        "caso4_aq": _van_t_hoff(2.30, 1.47),
        "mgso4_aq": _van_t_hoff(2.37, 4.55),
        "gibbsite": _van_t_hoff(8.11, -22.8),
        "aloh": _van_t_hoff(-4.99, 11.49),
        "aloh2": _van_t_hoff(-10.1, 26.9),
    }


SETS = {"phreeqc": _phreeqc, "min3p": _min3p}


def coefficients(name: str) -> torch.Tensor:
    """Coefficient table of one set, float64 [reaction, 6]. Raises ValueError for an unknown set."""
    if name not in SETS:
        raise ValueError(f"thermodynamic set {name!r} is unknown; choose one of {', '.join(SETS)}")
    rows = SETS[name]()
    return torch.tensor([rows[reaction] for reaction in REACTIONS], dtype=torch.float64)


def temperature_basis(t: torch.Tensor) -> torch.Tensor:
    """Basis [6, ...] of the analytic form for temperature ``t`` [K]."""
    return torch.stack([torch.ones_like(t), t, 1.0 / t, torch.log10(t), 1.0 / (t * t), t * t])


# Exchangeable and dissolved cations, in the order of the state slots
CATIONS = ("ca", "mg", "k", "na", "nh4")
CHARGE = (2.0, 2.0, 1.0, 1.0, 1.0)
POOLS = (*CATIONS, "no3", "cl", "so4")
"""Mobile pools, in the order of the state slots; ``ions.py`` has a function for each."""

# Gaines-Thomas log10 K of  (1/z) M + Na-X = (1/z) M-X + Na, raised to z; sites differ only in their affinity for protons.
# Ca, Mg, K, NH4: MIN3P default database, as Appelo & Postma (2005, table 6.4). Protons on site 1: MIN3P default;
# on sites 2 and 3: 3.2 and 4.6, chosen in the v0 ensemble to give half points near pH 4.7 and 6 in a Ca-saturated soil.
EXCHANGE_LOG_K = {
    "site_1": {"ca": 0.7959, "mg": 0.6021, "k": 0.6990, "na": 0.0, "nh4": 0.6021, "h": 1.0},
    "site_2": {"ca": 0.7959, "mg": 0.6021, "na": 0.0, "h": 3.2},
    "site_3": {"ca": 0.7959, "mg": 0.6021, "na": 0.0, "h": 4.6},
}

# How aluminium sits on site 1: (log10 K, power of the exchange potential u, power of the Na activity, charge it takes from H:
# the power of h in its solution species at gibbsite equilibrium). Equivalent fraction = K a u^n / a_Na^m.
ALUMINIUM_LAWS = {
    "AlX3": (0.41, 3.0, 0.0, 3.0),  # Gaines-Thomas; log K of phreeqc.dat
    "AlX3-linear": (0.41, 1.0, 2.0, 3.0),  # as MIN3P 2.6.2 solves trivalent ions (sorbspc.F90); for archives made with it
    "AlOHX2": (2.7, 2.0, 0.0, 2.0),  # divalent, effective K of the second MIN3P ensemble (min3p/database.py)
}

# Ion-size parameter a [angstrom] and b of the extended Debye-Hueckel law (Truesdell & Jones 1974; MIN3P default database)
ION_SIZE = {
    "ca": (6.0, 0.17), "mg": (6.5, 0.20), "k": (3.0, 0.01), "na": (4.0, 0.07), "nh4": (2.5, 0.0),
    "h": (9.0, 0.0), "oh": (3.5, 0.0), "hco3": (5.4, 0.0), "co3": (5.4, 0.0), "so4": (4.0, -0.04),
    "cahco3": (6.0, 0.0), "al": (9.0, 0.0), "aloh": (5.4, 0.0),
}  # fmt: skip
ION_CHARGE = {
    "ca": 2, "mg": 2, "k": 1, "na": 1, "nh4": 1, "h": 1, "oh": -1, "hco3": -1, "co3": -2, "so4": -2,
    "cahco3": 1, "al": 3, "aloh": 2,
}  # fmt: skip

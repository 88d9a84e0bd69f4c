"""Nitrogen and its accompanying ions: inputs to the soil, plant uptake and transformations.

What:    one year's plan per column (rates that do not depend on the state) and, each month, the rates that do
         (nitrification, uptake, denitrification: limited by the pools the library carries).
Units:   inputs kg N ha-1 year-1; plan in the contract's units (mol m-2 s-1, kg m-2 s-1); shapes (column, 12), (column, layer).
Source:  constants in parameters.NitrogenParameters; the proton balance (van Breemen et al. 1983) is the library's.
Use:     ``plan = year_plan(inputs, lat, soil_air, parameters)``; ``rates = month_rates(plan, month, nh4, no3, ...)``.
Urea arrives hydrolysed: NH4+ and HCO3-, i.e. one dep_nh4 and half a dep_dic per N (CO(NH2)2 gives one carbon to two N).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..units import HA_M2, MONTH_SECONDS, N_KG_PER_MOL, S_KG_PER_MOL, SECONDS_PER_YEAR
from .fertiliser import Forms, Inputs, forms
from .parameters import NitrogenParameters

# share of the year's amount per month [assumption]: spring dressings; slurry in spring and early autumn
MINERAL_MONTHS = np.array([0, 0.05, 0.40, 0.35, 0.20, 0, 0, 0, 0, 0, 0, 0])
MANURE_MONTHS = np.array([0, 0.10, 0.30, 0.20, 0, 0, 0, 0.10, 0.30, 0, 0, 0])
UPTAKE_NORTH = np.array([0, 0, 0.05, 0.20, 0.35, 0.25, 0.10, 0.05, 0, 0, 0, 0])
UPTAKE_SOUTH = np.array([0.05, 0.10, 0.20, 0.30, 0.20, 0.10, 0.05, 0, 0, 0, 0, 0])
SOUTH_LATITUDE = (40.0, 46.0)  # between these latitudes the two uptake calendars are blended
ROOT_DEPTH = 0.3  # m, e-folding of roots and of mineralisation
MOST_HARVESTED = 0.95  # of what is supplied; soils always lose some [assumption]
POOL_LIMIT = 0.9  # the largest share of a pool plants or denitrifiers take in one month
BASE_SHARES = {"ca": 0.5, "mg": 0.2, "k": 0.1, "na": 0.2}  # of the charge of deposited bases [assumption]
BASE_CHARGE = {"ca": 2.0, "mg": 2.0, "k": 1.0, "na": 1.0}


@dataclass(frozen=True)
class YearPlan:
    """Rates of one year that do not depend on the soil's state, and the demands that do."""

    column: dict[str, np.ndarray]  # contract name -> (column, 12)
    mineralisation: np.ndarray  # kg N m-2 s-1 (column, 12)
    uptake: np.ndarray  # demand, kg N m-2 per month (column, 12)
    denitrification: np.ndarray  # demand, kg N m-2 per month (column, 12)
    bases: np.ndarray  # mol_c m-2 s-1 exported with the harvest (column, 12)
    harvested: np.ndarray  # kg N ha-1 year-1 (column,)
    supplied: np.ndarray  # kg N ha-1 year-1 after ammonia losses (column,)


def harvest(supply: np.ndarray, y_max: np.ndarray) -> np.ndarray:
    """Harvested nitrogen, same unit as supply: Y = Ymax F / (Ymax + F) (Lassaletta et al. 2014)."""
    return y_max * supply / (y_max + supply)


@dataclass(frozen=True)
class _Arriving:
    """Nitrogen that reaches the soil in a year by pathway, kg N ha-1 (column,), after losses of ammonia."""

    form: Forms
    ammonium_nitrate: np.ndarray  # the ammonium half of it
    urea: np.ndarray
    sulphate: np.ndarray
    slurry: np.ndarray
    organic: np.ndarray
    supply: np.ndarray


def _arriving(n: Inputs, p: NitrogenParameters) -> _Arriving:
    """What is left of a year's inputs after ammonia losses."""
    form = forms(n.mineral, n.no3_share, n.nitrate_alone, n.sodium_share)
    ammonium_nitrate = form.with_nitrate * (1 - p.nh3_loss_other)
    urea = form.rest * n.urea_share * (1 - p.nh3_loss_urea)
    sulphate = form.rest * (1 - n.urea_share) * (1 - p.nh3_loss_other)
    slurry = n.manure * p.manure_nh4_share * (1 - p.nh3_loss_manure)
    organic = n.manure * (1 - p.manure_nh4_share) + n.fixed
    supply = form.nitrate + ammonium_nitrate + urea + sulphate + slurry + organic + n.deposition
    return _Arriving(form, ammonium_nitrate, urea, sulphate, slurry, organic, supply)


def _monthly(annual: np.ndarray, months: np.ndarray) -> np.ndarray:
    """kg N ha-1 year-1 (column,) as mol m-2 s-1 (column, 12)."""
    mol = 1.0 / HA_M2 / N_KG_PER_MOL
    return annual[:, None] * (months / months.sum()) * mol / MONTH_SECONDS


def _deposited(
    a: _Arriving, deposition: np.ndarray, sulphur: np.ndarray | float, bases: np.ndarray, p: NitrogenParameters
) -> dict[str, np.ndarray]:
    """What reaches the surface, by contract name, (column, 12); ``bases``: mol_c m-2 s-1 that the harvest takes (column,)."""
    even = np.ones(12)
    column = {
        "dep_nh4": _monthly(a.ammonium_nitrate + a.urea + a.sulphate, MINERAL_MONTHS)
        + _monthly(a.slurry, MANURE_MONTHS)
        + _monthly(0.5 * deposition, even),
        "dep_no3": _monthly(a.form.nitrate, MINERAL_MONTHS) + _monthly(0.5 * deposition, even),
        "dep_dic": 0.5 * _monthly(a.urea, MINERAL_MONTHS) + _monthly(a.slurry, MANURE_MONTHS),
        "dep_so4": 0.5 * _monthly(a.sulphate, MINERAL_MONTHS),
    }
    flat = np.ones((len(deposition), 12)) / SECONDS_PER_YEAR
    column["dep_so4"] = column["dep_so4"] + flat * np.reshape(sulphur * p.sulphur_deposition, (-1, 1)) / HA_M2 / S_KG_PER_MOL
    for ion, share in BASE_SHARES.items():
        column[f"dep_{ion}"] = flat * p.base_deposition * share / BASE_CHARGE[ion]
    column["dep_na"] = column["dep_na"] + flat * p.sea_salt + _monthly(a.form.sodium_nitrate, MINERAL_MONTHS)
    column["dep_ca"] = column["dep_ca"] + 0.5 * _monthly(a.form.calcium_nitrate, MINERAL_MONTHS)
    # potassium fertiliser (KCl) replaces what the harvest takes; the contract exports half the bases as K
    column["dep_k"] = column["dep_k"] + 0.5 * bases[:, None] * np.ones(12)
    column["dep_cl"] = flat * p.sea_salt + 0.5 * bases[:, None] * np.ones(12)
    return column


def year_plan(
    inputs: Inputs,
    lat: np.ndarray,
    soil_air: np.ndarray,
    parameters: NitrogenParameters,
    *,
    sulphur: np.ndarray | float = 1.0,
    surplus_limit: np.ndarray | None = None,
) -> YearPlan:
    """Plan of one year; lat in degrees (column,), soil_air = topsoil temperature [degC] (column, 12).

    ``sulphur`` multiplies its deposition; where ``surplus_limit`` is given the harvest rises until what is supplied and not
    harvested is at most that (better use of nitrogen, as far as 95 %).
    """
    n, p = inputs, parameters
    a = _arriving(n, p)
    gross = n.mineral + n.manure + n.deposition + n.fixed  # before NH3 loss: y_max was solved with gross inputs
    harvested = harvest(gross, n.y_max)
    if surplus_limit is not None:
        harvested = np.maximum(harvested, a.supply - surplus_limit)
    harvested = np.minimum(harvested, MOST_HARVESTED * a.supply)
    bases = harvested * 1e3 / HA_M2 * p.bases_per_n / SECONDS_PER_YEAR  # mol_c m-2 s-1, mean of the year

    mix = np.clip((SOUTH_LATITUDE[1] - lat) / (SOUTH_LATITUDE[1] - SOUTH_LATITUDE[0]), 0, 1)[:, None]
    season = mix * UPTAKE_SOUTH + (1 - mix) * UPTAKE_NORTH
    season = season / season.sum(1, keepdims=True)
    warm = p.nitrification_q10 ** ((soil_air - 10) / 10)
    warm = warm / warm.mean(1, keepdims=True)
    area = harvested[:, None] / HA_M2
    surplus = np.maximum(a.supply - harvested, 0.0)
    return YearPlan(
        column=_deposited(a, n.deposition, sulphur, bases, p),
        mineralisation=a.organic[:, None] / HA_M2 / SECONDS_PER_YEAR * warm,
        uptake=area * season,
        denitrification=(p.denitrified_surplus * surplus)[:, None] / HA_M2 * warm / 12,
        bases=bases[:, None] * 12 * season,
        harvested=harvested,
        supplied=a.supply,
    )


def root_weight(dz: np.ndarray) -> np.ndarray:
    """Share of roots per layer, (layer,), sums to 1."""
    edge = np.concatenate([[0.0], np.cumsum(dz)])
    share = np.exp(-edge[:-1] / ROOT_DEPTH) - np.exp(-edge[1:] / ROOT_DEPTH)
    return share / share.sum()


def take(demand: np.ndarray, pool: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Share a demand (column,) over layers by pool times weight, (column, layer); at most POOL_LIMIT of each pool."""
    attraction = pool * weight
    total = attraction.sum(1, keepdims=True)
    wanted = demand[:, None] * attraction / np.maximum(total, 1e-30)
    return np.minimum(wanted, POOL_LIMIT * pool)


def month_rates(
    plan: YearPlan,
    month: int,
    nh4: np.ndarray,
    no3: np.ndarray,
    t_soil: np.ndarray,
    dz: np.ndarray,
    parameters: NitrogenParameters,
) -> dict[str, np.ndarray]:
    """Layer rates [kg N m-2 s-1; bc_up, weath mol_c m-2 s-1], (column, layer), of one month.

    nh4, no3: the library's pools at the start of the month [mol m-2]; t_soil [degC]. What arrives during the month
    counts as available in the top layer.
    """
    p, root = parameters, root_weight(dz)
    mineral = plan.mineralisation[:, month, None] * root
    have = nh4 * N_KG_PER_MOL + mineral * MONTH_SECONDS
    have[:, 0] += plan.column["dep_nh4"][:, month] * N_KG_PER_MOL * MONTH_SECONDS
    have = np.maximum(have, 0.0)
    rate = p.nitrification_per_day * p.nitrification_q10 ** ((t_soil - 10) / 10)
    nitrified = have * (1 - np.exp(-rate * MONTH_SECONDS / 86400.0)) * POOL_LIMIT
    demand = plan.uptake[:, month]
    as_nh4 = take(p.nh4_uptake_share * demand, have - nitrified, root)
    nitrate = np.maximum(no3 * N_KG_PER_MOL, 0.0) + nitrified
    nitrate[:, 0] += plan.column["dep_no3"][:, month] * N_KG_PER_MOL * MONTH_SECONDS
    as_no3 = take(demand - as_nh4.sum(1), nitrate, root)
    lost = take(plan.denitrification[:, month], nitrate - as_no3, root)
    one_metre = np.clip(1.0 - (np.cumsum(dz) - dz), 0.0, dz)
    return {
        "n_min": mineral,
        "n_nit": nitrified / MONTH_SECONDS,
        "n_up_nh4": as_nh4 / MONTH_SECONDS,
        "n_up_no3": as_no3 / MONTH_SECONDS,
        "n_den": lost / MONTH_SECONDS,
        "bc_up": plan.bases[:, month, None] * root,
        "weath": np.broadcast_to(p.weathering / SECONDS_PER_YEAR * one_metre, nh4.shape),
    }

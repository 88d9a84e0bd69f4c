"""Nitrogen and its accompanying ions: inputs to the soil, plant uptake and transformations.

What:    a year's amounts per column, a plan of them over parts of the year (rates that do not depend on the state) and, for each
         part, the rates that do (nitrification, uptake, denitrification: limited by the pools the library carries).
Units:   inputs kg N ha-1 year-1; plan in the contract's units (mol m-2 s-1, kg m-2 s-1), (column, period); rates (column, layer).
Source:  constants in parameters.NitrogenParameters; the proton balance (van Breemen et al. 1983) is the library's.
Use:     months: ``plan = year_plan(inputs, lat, soil_air, parameters)``; ``month_rates(plan, month, nh4, no3, ...)``;
         any step: ``plan = plan_over(year_amounts(inputs, p), season.over(60, 67), p)``; ``step_rates(plan, nh4, no3, ...)``.
Urea arrives hydrolysed: NH4+ and HCO3-, i.e. one dep_nh4 and half a dep_dic per N (CO(NH2)2 gives one carbon to two N).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from ...emulator.contract.bases import CHARGE
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
POOL_LIMIT = 0.9  # the largest share of a pool plants or denitrifiers take in one step
BASE_SHARES = {"ca": 0.5, "mg": 0.2, "k": 0.1, "na": 0.2}  # of the charge of deposited bases [assumption]


@dataclass(frozen=True)
class Periods:
    """Equal parts of a year, or one of them: which share of a year's amount falls into each. (period,) or (column, period)."""

    mineral: np.ndarray  # of mineral nitrogen
    manure: np.ndarray
    uptake: np.ndarray  # of what the harvest takes
    warm: np.ndarray  # rate of mineralisation against its mean of the year
    seconds: float | np.ndarray = MONTH_SECONDS  # of each; (period,) where they differ
    per_year: float | np.ndarray = 12.0  # how many make a year

    def part(self, index: int) -> Periods:
        """One of them alone."""
        one = slice(index, index + 1)
        mineral, manure, uptake, warm = (x[..., one] for x in (self.mineral, self.manure, self.uptake, self.warm))
        return Periods(mineral, manure, uptake, warm, self.seconds, self.per_year)


@dataclass(frozen=True)
class YearPlan:
    """Rates of the parts of a year that do not depend on the soil's state, and the demands that do."""

    column: dict[str, np.ndarray]  # contract name -> (column, period)
    mineralisation: np.ndarray  # kg N m-2 s-1 (column, period)
    uptake: np.ndarray  # demand, kg N m-2 in each period (column, period)
    denitrification: np.ndarray  # demand, kg N m-2 in each period (column, period)
    bases: np.ndarray  # mol_c m-2 s-1 exported with the harvest (column, period)
    harvested: np.ndarray  # kg N ha-1 year-1 (column,)
    supplied: np.ndarray  # kg N ha-1 year-1 after ammonia losses (column,)
    seconds: float | np.ndarray = MONTH_SECONDS  # of a period; (period,) where they differ


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


@dataclass(frozen=True)
class YearAmounts:
    """What one year brings to a column and takes from it, whenever that is; made by ``year_amounts``."""

    arriving: _Arriving
    deposition: np.ndarray  # kg N ha-1 (column,)
    sulphur: np.ndarray | float  # against parameters.sulphur_deposition
    harvested: np.ndarray  # kg N ha-1 (column,)
    bases: np.ndarray  # mol_c m-2 s-1 that the harvest takes, mean of the year (column,)

    @property
    def supplied(self) -> np.ndarray:
        """Nitrogen after ammonia losses, kg N ha-1 (column,)."""
        return self.arriving.supply


def months(lat: np.ndarray, soil_air: np.ndarray, parameters: NitrogenParameters) -> Periods:
    """Twelve months; lat in degrees (column,), soil_air = topsoil temperature [degC] (column, 12)."""
    mix = np.clip((SOUTH_LATITUDE[1] - lat) / (SOUTH_LATITUDE[1] - SOUTH_LATITUDE[0]), 0, 1)[:, None]
    season = mix * UPTAKE_SOUTH + (1 - mix) * UPTAKE_NORTH
    warm = relative_rate(soil_air, parameters)
    return Periods(
        mineral=MINERAL_MONTHS / MINERAL_MONTHS.sum(),
        manure=MANURE_MONTHS / MANURE_MONTHS.sum(),
        uptake=season / season.sum(1, keepdims=True),
        warm=warm / warm.mean(1, keepdims=True),
    )


def relative_rate(soil: np.ndarray, parameters: NitrogenParameters) -> np.ndarray:
    """Rate of nitrification against 10 degC."""
    return parameters.nitrification_q10 ** ((soil - 10) / 10)


def _deposited(year: YearAmounts, when: Periods, p: NitrogenParameters) -> dict[str, np.ndarray]:
    """What reaches the surface, by contract name, (column, period)."""
    a, mol = year.arriving, 1.0 / HA_M2 / N_KG_PER_MOL
    count = when.warm.shape[-1]
    even = np.ones(count) / when.per_year

    def rate(annual: np.ndarray, share: np.ndarray) -> np.ndarray:
        """kg N ha-1 year-1 (column,) as mol m-2 s-1 (column, period)."""
        return annual[:, None] * share * mol / when.seconds

    column = {
        "dep_nh4": rate(a.ammonium_nitrate + a.urea + a.sulphate, when.mineral)
        + rate(a.slurry, when.manure)
        + rate(0.5 * year.deposition, even),
        "dep_no3": rate(a.form.nitrate, when.mineral) + rate(0.5 * year.deposition, even),
        "dep_dic": 0.5 * rate(a.urea, when.mineral) + rate(a.slurry, when.manure),
        "dep_so4": 0.5 * rate(a.sulphate, when.mineral),
    }
    flat = np.ones((len(year.deposition), count)) / SECONDS_PER_YEAR
    deposited_s = flat * np.reshape(year.sulphur * p.sulphur_deposition, (-1, 1)) / HA_M2 / S_KG_PER_MOL
    column["dep_so4"] = column["dep_so4"] + deposited_s
    for ion, share in BASE_SHARES.items():
        column[f"dep_{ion}"] = flat * p.base_deposition * share / CHARGE[ion]
    column["dep_na"] = column["dep_na"] + flat * p.sea_salt + rate(a.form.sodium_nitrate, when.mineral)
    column["dep_ca"] = column["dep_ca"] + 0.5 * rate(a.form.calcium_nitrate, when.mineral)
    # potassium fertiliser (KCl) replaces what the harvest takes; the contract exports half the bases as K
    column["dep_k"] = column["dep_k"] + 0.5 * year.bases[:, None] * np.ones(count)
    column["dep_cl"] = flat * p.sea_salt + 0.5 * year.bases[:, None] * np.ones(count)
    return column


def year_amounts(
    inputs: Inputs,
    parameters: NitrogenParameters,
    *,
    sulphur: np.ndarray | float = 1.0,
    surplus_limit: np.ndarray | None = None,
) -> YearAmounts:
    """What one year brings and takes.

    ``sulphur`` multiplies its deposition; where ``surplus_limit`` is given the harvest rises until what is supplied and not
    harvested is at most that (better use of nitrogen, as far as 95 %).
    """
    n, a = inputs, _arriving(inputs, parameters)
    gross = n.mineral + n.manure + n.deposition + n.fixed  # before NH3 loss: y_max was solved with gross inputs
    harvested = harvest(gross, n.y_max)
    if surplus_limit is not None:
        harvested = np.maximum(harvested, a.supply - surplus_limit)
    harvested = np.minimum(harvested, MOST_HARVESTED * a.supply)
    bases = harvested * 1e3 / HA_M2 * parameters.bases_per_n / SECONDS_PER_YEAR
    return YearAmounts(a, n.deposition, sulphur, harvested, bases)


def plan_over(year: YearAmounts, when: Periods, parameters: NitrogenParameters) -> YearPlan:
    """The amounts of a year spread over its parts."""
    p = parameters
    area = year.harvested[:, None] / HA_M2
    surplus = np.maximum(year.supplied - year.harvested, 0.0)
    return YearPlan(
        column=_deposited(year, when, p),
        mineralisation=year.arriving.organic[:, None] / HA_M2 / SECONDS_PER_YEAR * when.warm,
        uptake=area * when.uptake,
        denitrification=(p.denitrified_surplus * surplus)[:, None] / HA_M2 * when.warm / when.per_year,
        bases=year.bases[:, None] * when.per_year * when.uptake,
        harvested=year.harvested,
        supplied=year.supplied,
        seconds=when.seconds,
    )


def year_plan(
    inputs: Inputs,
    lat: np.ndarray,
    soil_air: np.ndarray,
    parameters: NitrogenParameters,
    *,
    sulphur: np.ndarray | float = 1.0,
    surplus_limit: np.ndarray | None = None,
) -> YearPlan:
    """Plan of the twelve months of one year; arguments as those of ``months`` and ``year_amounts``."""
    amounts = year_amounts(inputs, parameters, sulphur=sulphur, surplus_limit=surplus_limit)
    return plan_over(amounts, months(lat, soil_air, parameters), parameters)


def root_weight(dz: np.ndarray) -> np.ndarray:
    """Share of roots per layer, (layer,), sums to 1."""
    return _root_weight(np.asarray(dz, np.float64).tobytes())


@cache
def _root_weight(layers: bytes) -> np.ndarray:
    edge = np.concatenate([[0.0], np.cumsum(np.frombuffer(layers))])
    share = np.exp(-edge[:-1] / ROOT_DEPTH) - np.exp(-edge[1:] / ROOT_DEPTH)
    return share / share.sum()


@cache
def _weathered(layers: bytes, per_year: float) -> np.ndarray:
    """Bases that weather in each layer, mol_c m-2 s-1 (layer,); ``per_year`` mol_c m-2 year-1 in the uppermost metre."""
    dz = np.frombuffer(layers)
    return per_year / SECONDS_PER_YEAR * np.clip(1.0 - (np.cumsum(dz) - dz), 0.0, dz)


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
    """Layer rates [kg N m-2 s-1; bc_up, weath mol_c m-2 s-1], (column, layer), of one period.

    nh4, no3: the library's pools at its start [mol m-2]; t_soil [degC]. What arrives during it
    counts as available in the top layer.
    """
    p, root = parameters, root_weight(dz)
    mineral = plan.mineralisation[:, month, None] * root
    have = nh4 * N_KG_PER_MOL + mineral * plan.seconds
    have[:, 0] += plan.column["dep_nh4"][:, month] * N_KG_PER_MOL * plan.seconds
    have = np.maximum(have, 0.0)
    rate = relative_rate(t_soil, p)
    rate *= -p.nitrification_per_day
    rate *= plan.seconds
    rate /= 86400.0
    nitrified = have * np.subtract(1.0, np.exp(rate, out=rate), out=rate)
    nitrified *= POOL_LIMIT
    demand = plan.uptake[:, month]
    as_nh4 = take(p.nh4_uptake_share * demand, have - nitrified, root)
    nitrate = np.maximum(no3 * N_KG_PER_MOL, 0.0) + nitrified
    nitrate[:, 0] += plan.column["dep_no3"][:, month] * N_KG_PER_MOL * plan.seconds
    as_no3 = take(demand - as_nh4.sum(1), nitrate, root)
    lost = take(plan.denitrification[:, month], nitrate - as_no3, root)
    return {
        "n_min": mineral,
        "n_nit": nitrified / plan.seconds,
        "n_up_nh4": as_nh4 / plan.seconds,
        "n_up_no3": as_no3 / plan.seconds,
        "n_den": lost / plan.seconds,
        "bc_up": plan.bases[:, month, None] * root,
        "weath": np.broadcast_to(_weathered(np.asarray(dz, np.float64).tobytes(), p.weathering), nh4.shape),
    }


def step_rates(
    plan: YearPlan, nh4: np.ndarray, no3: np.ndarray, t_soil: np.ndarray, dz: np.ndarray, parameters: NitrogenParameters
) -> dict[str, np.ndarray]:
    """Forcing of one step, by contract name: what reaches the surface (column,) and the layer rates of ``month_rates``.

    ``plan``: of one period, the step; pools and temperature as in ``month_rates``.
    """
    layers = month_rates(plan, 0, nh4, no3, t_soil, dz, parameters)
    return {**layers, **{name: rate[:, 0] for name, rate in plan.column.items()}}

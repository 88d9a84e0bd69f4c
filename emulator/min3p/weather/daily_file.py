"""One column as a daily file: what ``calcisol evaluate --daily`` and the training of a closure read.

What:    ``daily_file``: forcing, states and leaching by the day in the contract's names; ``balances``: what is missing from each
         budget, which decides whether the column is kept.
Units:   as in ``variables.toml``; the page on daily columns (coupler/docs/daily_columns.md) lists all. Also written, where there
         is passive uptake: ``passive_<ion>`` mol m-2 s-1, what roots take with their water (its N is in n_up_nh4, n_up_no3 too).
Shapes:  (day, layer), (day,), (layer,).
Source:  extents are differences of volume fractions, fluxes of MIN3P's balance files (see ``learning``). MIN3P 2.6.2.880 prints
         the exchanger of every step with the site fractions of the last zone, the lowest cell: each cell's own are put back.
Use:     ``data = daily_file(column, book.finish(days), book.start)``
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...contract.constants import MOLAR_MASS_C, MOLAR_MASS_N, SECONDS_PER_DAY, ZERO_CELSIUS
from ..database import PEDOGENIC, PREFIX, sorbed_amounts
from ..deck import CALCITE_FLOOR
from ..learning import GAS_CONSTANT, MINERAL_MOLAR_VOLUME, POOLS, PSEUDO_MOLAR_VOLUME
from . import deck
from .design import WeatherColumn
from .tail import Floats

ION_POOLS = {pool: component for pool, component in POOLS.items() if pool not in ("al", "h")}
SITES = {"site_1": "x", "site_2": "ya", "site_3": "yb"}
CARRIED = {  # salts given at the surface, mol per mol of reaction
    "irr": {"ca": 1.0, "dic": 2.0}, "kcl": {"k": 1.0, "cl": 1.0},
}  # fmt: skip
PER_WEATHERED = {"ca": 0.15, "mg": 0.15, "k": 0.2, "na": 0.2}  # mol per mol_c
PER_HARVESTED = {"ca": 0.3 / 1.6, "mg": 0.1 / 1.6, "k": 0.8 / 1.6}
WIDE = "pool_calcite"  # changes of a large pool: kept in float64
LEAST = 1e-12
START_DAY = 365
Values = dict[str, Floats]


class Days:
    """What the days of a run say of its column, as amounts and pools."""

    def __init__(self, column: WeatherColumn, days: Values, start: Values) -> None:
        self.column, self.days, self.start = column, days, start
        soil = column.soil
        self.water = days["gbp theta_a"] * soil.thickness * 1e3  # kg m-2
        self.sorbed = self._exchanger()

    def __getitem__(self, name: str) -> Floats:
        return self.days[name]

    def _exchanger(self) -> Values:
        """meq/100 g by species (day, layer), each cell with its own share of sites."""
        share = self.column.soil.cec_variable
        own = {"x": (1.0 - share) / (1.0 - share[-1]), "ya": share / share[-1], "yb": share / share[-1]}
        names = [name.removeprefix("gbb ") for name in self.days if name.startswith("gbb ")]
        return {n: self.days[f"gbb {n}"] * own[n.split("-")[1].split("(")[0]] for n in names}

    def extent(self, mineral: str) -> Floats:
        """Released by the reaction (day, layer), mol m-2; zero where the deck does not have it."""
        name = f"gbv {mineral}"
        if name not in self.days:
            return np.zeros_like(self.water)
        volume = MINERAL_MOLAR_VOLUME["calcite" if mineral == PEDOGENIC else mineral] if mineral in KNOWN else PSEUDO_MOLAR_VOLUME
        change = np.diff(self.days[name], axis=0, prepend=self.start[name][None])
        return -change * self.column.soil.thickness / volume

    def source(self, reaction: str) -> Floats:
        """Extent of one of our own reactions."""
        return self.extent(PREFIX + reaction)

    def pool(self, pool: str) -> Floats:
        """Dissolved, exchangeable and gas (day, layer), mol m-2."""
        soil, component = self.column.soil, ION_POOLS[pool]
        total = self.days[f"gbt {component}"] * self.water
        for species, amount in self.sorbed.items():
            charge = sorbed_amounts(species.split("-")[0]).get(component, 0.0)
            total = total + amount * soil.bulk_density * soil.thickness * 1e-2 * charge
        if pool == "dic":
            air = np.maximum(soil.porosity - self.days["gbp theta_a"], 0.0) * soil.thickness
            total = total + self.days["gbg co2(g)"] / (GAS_CONSTANT * (self.days["gbp temp"] + ZERO_CELSIUS)) * air
        return total

    def calcite(self) -> Floats:
        """Pool (day, layer), mol m-2, of both kinds."""
        fraction = self.days["gbv calcite"] - CALCITE_FLOOR + self.days.get(f"gbv {PEDOGENIC}", 0.0)
        return fraction * self.column.soil.thickness / MINERAL_MOLAR_VOLUME["calcite"]

    def risen(self) -> Floats:
        """Water that entered through the bottom (day,), m."""
        return np.maximum(self["water in"] - self.column.soil.drainage, 0.0)

    def rained(self, component: str) -> Floats:
        """Brought by what enters the surface (day,), mol m-2: where water also rises, by the rain of days on which none does."""
        entering = self[f"in {component}"]
        if self.column.bottom_head is None:
            return entering
        dry = (self.risen() < 1e-9) & (self.column.soil.drainage > 1e-3)
        if not dry.any():
            raise ValueError("water rises on every rainy day, so that rain and groundwater cannot be told apart; lower its table")
        return self.column.soil.drainage * (entering[dry].sum() / self.column.soil.drainage[dry].sum())

    def passive(self, component: str) -> Floats:
        """Taken by roots with their water (day, layer), mol m-2."""
        return self.days.get(f"passive {component}", np.zeros_like(self.water))


KNOWN = {*MINERAL_MOLAR_VOLUME, PEDOGENIC}


def daily_file(column: WeatherColumn, days: Values, start: Values) -> xr.Dataset:
    """The data set. Raises ValueError where it cannot be made."""
    told = Days(column, days, start)
    layered = _forcing(told) | _states(told)
    daily = _surface(told)
    soil = column.soil
    data = xr.Dataset({name: (("day", "layer"), values, {"units": unit}) for name, (values, unit) in layered.items()})
    data = data.assign({name: ("day", values, {"units": unit}) for name, (values, unit) in daily.items()})
    by_layer = {"dz": (soil.thickness, "m"), "cec": (soil.cec, "mol kg-1"), "cec_variable": (soil.cec_variable, "1"),
                "caco3": (soil.caco3, "kg kg-1")}  # fmt: skip
    whole = {"clay": (soil.clay, "kg kg-1"), "sand": (soil.sand, "kg kg-1"), "soc": (soil.soc, "kg kg-1"),
             "bulk_density": (soil.bulk_density, "kg m-3"), "porosity": (soil.porosity, "1"),
             "dispersivity": (soil.dispersivity, "m"), "calcite_rate": (soil.calcite_rate, "mol m-3 s-1"),
             "si_pedogenic": (column.si_pedogenic, "1")}  # fmt: skip
    data = data.assign({name: ("layer", values, {"units": unit}) for name, (values, unit) in by_layer.items()})
    data = data.assign({name: ((), value, {"units": unit}) for name, (value, unit) in whole.items()})
    return data.assign_attrs(_attributes(column))


def _forcing(d: Days) -> dict[str, tuple[Floats, str]]:
    """What drives the layers, as rates over the day."""
    water, charge = "kg m-2 s-1", "mol m-2 s-1"
    carbon, nitrogen, day = MOLAR_MASS_C, MOLAR_MASS_N, SECONDS_PER_DAY
    nitrate, urea = d.source("an"), d.source("urea")
    leaving = d["transpiration"] + d["evaporation"]  # m a day
    stored = np.diff(d["gbp theta_a"], axis=0, prepend=d.start["gbp theta_a"][None]) * d.column.soil.thickness
    below = np.cumsum((stored + leaving)[:, ::-1], axis=1)[:, ::-1] - (stored + leaving)
    rates = {
        "transpiration": (d["transpiration"] * 1e3, water), "evaporation": (d["evaporation"] * 1e3, water),
        "q_if": ((_drained(d)[:, None] + below) * 1e3, water),
        "co2_src": ((d.source("resp") + urea) * carbon, water),
        # ammonium nitrate in a layer is two mineralised and one nitrified; urea is two mineralised and one respired
        "n_nit": ((d.source("nitr") + nitrate) * nitrogen, water),
        "n_min": ((d.source("min") + 2.0 * nitrate + 2.0 * urea) * nitrogen, water),
        "n_up_nh4": ((d.source("unh4") + d.passive("nh4+1")) * nitrogen, water),
        "n_up_no3": ((d.source("uno3") + d.passive("no3-1")) * nitrogen, water),
        "bc_up": (d.source("ubc") * 1.6, charge), "weath": (d.source("weath") * 2.0, charge),
    }  # fmt: skip
    if d.column.passive > 0.0:
        rates |= {f"passive_{pool}": (d.passive(c), charge) for pool, c in ION_POOLS.items()}
    found = {name: (values / day, unit) for name, (values, unit) in rates.items()}
    return found | {"w_liq": (d.water, "kg m-2"), "t_soil": (d["temperature"] + ZERO_CELSIUS, "K")}


def _states(d: Days) -> dict[str, tuple[Floats, str]]:
    """The soil at the end of each day."""
    found = {"ph": (d["gbm pH"], "1"), "pco2": (d["gbg co2(g)"], "atm"), "ionic_strength": (d["gbm ionic strength"], "mol kg-1")}
    found |= {f"pool_{pool}": (d.pool(pool), "mol m-2") for pool in ION_POOLS} | {WIDE: (d.calcite(), "mol m-2")}
    sodium = d["gbt na+1"]
    for slot, site in SITES.items():
        on_site = sum(amount for name, amount in d.sorbed.items() if name.endswith(f"-{site}(na)"))
        held = np.maximum(d.sorbed[f"na-{site}(na)"], LEAST)
        found[slot] = (np.log(held / np.maximum(on_site * sodium, LEAST)), "1")
    return found


def _drained(d: Days) -> Floats:
    """Through the bottom, downward (day,), m."""
    return np.asarray(d["water out"] - d.risen())


def _surface(d: Days) -> dict[str, tuple[Floats, str]]:
    """What enters and leaves the column."""
    soil, weather = d.column.soil, d.column.weather
    # MIN3P holds the concentration of the air above, which was set at the mean temperature, not its pressure
    air = soil.co2_atm * (d["temperature"][:, 0] + ZERO_CELSIUS) / (soil.mean_temperature + ZERO_CELSIUS)
    found = {
        "q_bot": (_drained(d) * 1e3 / SECONDS_PER_DAY, "kg m-2 s-1"),
        "infiltration": (soil.drainage * 1e3 / SECONDS_PER_DAY, "kg m-2 s-1"),
        "rain": (weather.rain, "mm"), "irrigation": (d.column.irrigation, "mm"), "pet": (weather.pet, "mm"),
        "lai": (d.column.leaves, "1"), "co2_atm": (air, "mol mol-1"),
        "co2_efflux": (d["gasout co3-2"] - d["gasin co3-2"], "mol m-2"),
    }  # fmt: skip
    for pool, component in ION_POOLS.items():
        rained = d.rained(component)
        salts = sum(d.source(name).sum(1) * per_mol[pool] for name, per_mol in CARRIED.items() if pool in per_mol)
        found[f"dep_{pool}"] = ((rained + salts) / SECONDS_PER_DAY, "mol m-2 s-1")
        found[f"leached_{pool}"] = (d[f"out {component}"] - (d[f"in {component}"] - rained), "mol m-2")
    return found


def _attributes(column: WeatherColumn) -> dict[str, float | str]:
    """Numbers that the soil water of a driver needs, and what the file is."""
    vg = column.soil.retention
    found: dict[str, float | str] = {
        "title": "MIN3P column with roots, evaporation and daily weather", "calendar": "365 days a year", "start_day": START_DAY,
        "vg_residual_saturation": vg.residual, "vg_alpha_per_m": vg.alpha, "vg_n": vg.n, "vg_k_sat_m_per_s": vg.k_sat,
        "root_scale_m": column.root_scale, "root_depth_m": column.root_depth, "field_suction_m": deck.FIELD_SUCTION,
        "wilting_suction_m": deck.WILTING_SUCTION, "evaporation_depth_m": deck.EVAPORATION_DEPTH,
        "air_dry_suction_m": deck.AIR_DRY_SUCTION, "canopy_extinction": deck.CANOPY_EXTINCTION,
        "start_suction_m": deck.START_SUCTION, "pond_limit_m": np.inf, "passive_uptake": column.passive,
    }  # fmt: skip
    return found if column.bottom_head is None else found | {"bottom_head_m": column.bottom_head}


def balances(data: xr.Dataset) -> dict[str, float]:
    """Share of each budget's turnover that is missing from ``start_day`` on."""
    over = slice(int(data.attrs["start_day"]), None)

    def series(name: str) -> Floats:
        values = np.asarray(data[name].values, dtype=float)
        return values.sum(1) if values.ndim == 2 else values

    def missing(stored: Floats, entering: list[Floats], leaving: list[Floats]) -> float:
        gained = sum(x[over].sum() for x in entering) - sum(x[over].sum() for x in leaving)
        turned = sum(np.abs(x[over]).sum() for x in (*entering, *leaving))
        return float((stored[-1] - stored[over.start - 1] - gained) / max(turned, 1e-3))

    day = SECONDS_PER_DAY
    found = {"water": missing(series("w_liq"), [series("infiltration") * day],
                              [series("transpiration") * day, series("evaporation") * day, series("q_bot") * day])}  # fmt: skip
    for pool in ION_POOLS:
        stored = series(f"pool_{pool}") + (series("pool_calcite") if pool in ("ca", "dic") else 0.0)
        entering, leaving = [series(f"dep_{pool}") * day], [series(f"leached_{pool}")]
        entering += [series("weath") * day * PER_WEATHERED[pool]] if pool in PER_WEATHERED else []
        leaving += [series("bc_up") * day * PER_HARVESTED[pool]] if pool in PER_HARVESTED else []
        if pool in ("nh4", "no3"):  # bookings among them are larger than what passes through: counted as turnover
            per_n = day / MOLAR_MASS_N
            leaving += [series(f"n_up_{pool}") * per_n]
            made, used = ([series("n_min")], [series("n_nit")]) if pool == "nh4" else ([series("n_nit")], [])
            entering, leaving = entering + [x * per_n for x in made], leaving + [x * per_n for x in used]
        elif f"passive_{pool}" in data:
            leaving += [series(f"passive_{pool}") * day]
        if pool == "dic":
            entering += [series("co2_src") * day / MOLAR_MASS_C]
            leaving += [series("co2_efflux")]
        found[pool] = missing(stored, entering, leaving)
    return found

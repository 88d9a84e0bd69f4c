"""A virtual Europe to explain: a sample of the run's cells as a world file, and the surveyed sites as a table of points.

What:    static soil; a natural yearly cycle of forcing; what each driver adds to it (husbandry, nitrogen's acid, nitrogen's CO2,
         drainage, temperature, deposition, lime). Rates of nitrogen are those of a periodic year in the compiled step.
Units:   the contract's; covariates mineral_n kg N ha-1 yr-1, drainage mm yr-1, mat degC, aridity = P/PET, caco3 %.
Source:  domain.py and its fields; the climate of the end of the century and liming are assumptions, stated at the constants.
Use:     ``write_world(path, config, columns=160)``; ``write_points(path, config)``; read by emulator/explain.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ...emulator.contract.variables import load_table
from ..config import RunConfig
from ..europe import observed
from ..europe.domain import Domain
from ..europe.load import data_folder, load_domain
from ..europe.monthly import Europe
from ..europe.scenario import Part, Scenario
from ..land import water
from ..offline.chunks import open_model
from ..units import MONTH_SECONDS, SECONDS_PER_YEAR

# what "on" means [assumptions: sizes to compare drivers at, not projections]
RAIN_CHANGE = ((40.0, -0.15), (60.0, 0.10))  # relative change of rain at two latitudes, linear between and held beyond
WARMING = 2.0  # K
DEPOSITION_CUT = 0.5  # share of nitrogen deposition that remains
LIME = 0.03  # kg CaCO3 m-2 yr-1 (0.3 t ha-1): a light maintenance dressing; nobody limes calcareous soil, it is a what-if
NATURAL = {"mineral_n": 0.0, "manure_n": 0.0, "deposition_n": 0.3}
WITHOUT = {"mineral_n": 0.0}
CYCLE_YEARS = 5  # until the pools of ammonium and nitrate are periodic
NEAREST_KM = 40.0  # a site farther away does not represent a cell
GROUPS = ("husbandry", "n_acid", "n_co2", "drainage", "temperature", "deposition", "lime")


def sample(domain: Domain, columns: int, seed: int = 0) -> Domain:
    """``columns`` cells of the domain, drawn with probability proportional to the square root of arable area."""
    if columns >= len(domain):
        return domain
    chance = np.sqrt(domain["arable_area"])
    pick = np.random.default_rng(seed).choice(len(domain), columns, replace=False, p=chance / chance.sum())
    return domain.subset(np.sort(pick))


def _scenario(name: str, change: dict[str, float]) -> Scenario:
    return Scenario(name, name, "", (Part(change, {}, (0, 0)),))


def cycle(model: Any, europe: Europe, scenario: Scenario | None) -> list[dict[str, np.ndarray]]:
    """Twelve months of forcing once the nitrogen pools are periodic."""
    columns = model.columns(europe.static())
    nh4 = no3 = np.zeros(europe.clay.shape)
    months: list[dict[str, np.ndarray]] = []
    for _ in range(CYCLE_YEARS):
        months = []
        for month in range(12):
            forcing = europe.forcing(scenario, 1, month, nh4, no3)
            months.append(forcing)
            columns.step(MONTH_SECONDS, forcing)
            state = columns.state()
            nh4, no3 = state["nh4"], state["no3"]
    return months


def _with(domain: Domain, **change: np.ndarray) -> Domain:
    return domain.with_fields(**{k: replace(domain.fields[k], values=v) for k, v in change.items()})


def _arrays(months: list[dict[str, np.ndarray]], dims: str) -> np.ndarray:
    """[month, row, layer, column] or [month, row, column] in the order of the contract; absent names take their default."""
    shape = months[0]["w_liq"].T.shape if dims == "layer" else months[0]["q_bot"].shape
    rows = load_table().select("forcing", dims)
    return np.stack(
        [np.stack([np.broadcast_to(np.asarray(m.get(v.name, v.fill), float).T, shape) for v in rows]) for m in months]
    )


def _difference(new: np.ndarray, old: np.ndarray) -> np.ndarray:
    return np.nan_to_num(new - old)  # absent in both: NaN - NaN


def drivers(domain: Domain, config: RunConfig, model: Any) -> tuple[Europe, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Present-day Europe: the tensors of the world and the covariates that go with them."""
    rows = {dims: load_table().names("forcing", dims) for dims in ("layer", "column")}
    config = replace(config, history=False)  # nitrogen inputs of 2019 throughout
    today = Europe(domain, config)
    runs = {
        "natural": cycle(model, today, _scenario("natural", NATURAL)),
        "without": cycle(model, today, _scenario("without", WITHOUT)),
        "with": cycle(model, today, None),
        "clean": cycle(model, today, _scenario("clean", {"deposition_n": DEPOSITION_CUT})),
    }
    at = {name: {dims: _arrays(months, dims) for dims in rows} for name, months in runs.items()}
    (south, dry), (north, wet) = RAIN_CHANGE
    rain = domain["rain"] * (1.0 + np.interp(domain.lat, (south, north), (dry, wet)))
    other = Europe(_with(domain, rain=rain), config)
    warm = Europe(_with(domain, mat=domain["mat"] + WARMING), config)

    delta = {dims: {g: np.zeros_like(at["with"][dims]) for g in GROUPS} for dims in rows}
    carbon = rows["column"].index("co2_src_total")
    for dims in rows:
        d = delta[dims]
        d["husbandry"] = _difference(at["without"][dims], at["natural"][dims])
        d["n_acid"] = _difference(at["with"][dims], at["without"][dims])
        d["deposition"] = _difference(at["clean"][dims], at["with"][dims])
    for group in ("n_acid", "deposition"):
        moved = delta["column"][group][:, carbon].copy()
        delta["column"][group][:, carbon] = 0.0
        if group == "n_acid":
            delta["column"]["n_co2"][:, carbon] = moved
    wetter, water_now = other.base.water, today.base.water
    for month in range(12):
        put = delta["layer"]["drainage"][month]
        put[rows["layer"].index("w_liq")] = (wetter.w_liq - water_now.w_liq)[:, :, month].T
        put[rows["layer"].index("w_sink")] = (wetter.w_sink - water_now.w_sink)[:, :, month].T
        delta["column"]["drainage"][month, rows["column"].index("q_bot")] = (wetter.q_bot - water_now.q_bot)[:, month]
        delta["layer"]["temperature"][month, rows["layer"].index("t_soil")] = (warm.base.soil - today.base.soil)[:, :, month].T
        source = warm.year(None, 1).source - today.year(None, 1).source
        delta["column"]["temperature"][month, carbon] = source[:, month]
        delta["column"]["lime"][month, rows["column"].index("lime")] = LIME / SECONDS_PER_YEAR
    tensors = {
        "layer_forcing": at["natural"]["layer"],
        "column_forcing": at["natural"]["column"],
        "layer_delta": np.stack([delta["layer"][g] for g in GROUPS]),
        "column_delta": np.stack([delta["column"][g] for g in GROUPS]),
    }
    drained = water_now.q_bot.mean(1) * SECONDS_PER_YEAR
    extra = {"drainage": drained, "drainage_change": wetter.q_bot.mean(1) * SECONDS_PER_YEAR - drained}
    return today, tensors, extra


def covariates(domain: Domain) -> dict[str, np.ndarray]:
    """Covariates that may explain a map of carbonate, per cell."""
    return {
        "mineral_n": domain["mineral_n"],
        "husbandry_n": domain["manure_n"] + domain["deposition_n"] + domain["fixed_n"],
        "mat": domain["mat"],
        "aridity": domain["rain"] / domain["pet"],
        "clay": domain["clay"],
        "soc": domain["soc"],
        "ph_survey": domain["ph_survey"],
        "warming": np.full(len(domain), WARMING),
    }


def _sites(config: RunConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Latitude, longitude and CaCO3 (%) of the surveyed arable sites; None without a data folder."""
    folder = data_folder(config)
    if folder is None:
        return None
    sites = observed.read_table(folder / "gemas" / "gemas_caco3.csv")
    ok = np.isfinite(sites["caco3"])
    return sites["latitude"][ok], sites["longitude"][ok], sites["caco3"][ok]


def _nearest(lat: np.ndarray, lon: np.ndarray, lat_s: np.ndarray, lon_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index of the nearest second place to each of the first, and its distance in km."""
    north = 111.2 * (lat[:, None] - lat_s[None, :])
    east = 111.2 * np.cos(np.radians(lat))[:, None] * (lon[:, None] - lon_s[None, :])
    distance = np.hypot(north, east)
    index = distance.argmin(1)
    return index, distance[np.arange(len(lat)), index]


def _write(data: xr.Dataset, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    data.to_netcdf(part, engine="netcdf4", encoding={str(n): {"zlib": True, "complevel": 1} for n in data.data_vars})
    os.replace(part, path)


def write_world(path: Path, config: RunConfig, columns: int = 160, seed: int = 0) -> Path:
    """Write the world file of a sample of arable cells (calcareous or not)."""
    table = load_table()
    domain = sample(load_domain(replace(config, domain="all")), columns, seed)
    model = open_model(config)
    try:
        today, tensors, extra = drivers(domain, config, model)
    finally:
        model.close()
    static = today.static()
    shape = static["dz"].T.shape
    soil = np.stack([np.broadcast_to(np.asarray(static.get(v.name, v.fill), float).T, shape) for v in table.select("static")])
    known = {**covariates(domain), **extra, "lat": domain.lat, "lon": domain.lon}
    sites = _sites(config)
    surveyed = np.full(len(domain), np.nan)
    if sites is not None:
        index, distance = _nearest(domain.lat, domain.lon, sites[0], sites[1])
        surveyed = np.where(distance <= NEAREST_KM, sites[2][index], np.nan)
    known["caco3_survey"] = surveyed
    layered = ("layer", "column_id")
    data = xr.Dataset(
        {
            "soil": (("static", *layered), soil),
            "layer_forcing": (("month", "layer_row", *layered), tensors["layer_forcing"]),
            "column_forcing": (("month", "column_row", "column_id"), tensors["column_forcing"]),
            "layer_delta": (("group", "month", "layer_row", *layered), tensors["layer_delta"]),
            "column_delta": (("group", "month", "column_row", "column_id"), tensors["column_delta"]),
            **{name: (("column_id",), np.asarray(values, float)) for name, values in known.items()},
        },
        coords={
            "static": table.names("static"),
            "layer_row": table.names("forcing", "layer"),
            "column_row": table.names("forcing", "column"),
            "group": list(GROUPS),
        },
        attrs={"format": "calcisol-world-1", "about": about(domain)},
    )
    _write(data, path)
    return path


def about(domain: Domain) -> str:
    """One sentence on where the columns come from."""
    kind = (
        "real soil, climate and nitrogen fields (Tier B)"
        if domain.tier == "B"
        else "the embedded default (Tier A: synthetic soils and climate, nitrogen by country)"
    )
    return f"{len(domain)} arable cells of 0.5 degree drawn from {kind}"


def write_points(path: Path, config: RunConfig) -> Path | None:
    """Write the surveyed sites with the covariates of their cells; None where there is no data folder."""
    sites = _sites(config)
    if sites is None:
        return None
    domain = load_domain(replace(config, domain="all"))
    index, distance = _nearest(sites[0], sites[1], domain.lat, domain.lon)
    near = distance <= NEAREST_KM
    excess = domain["rain"] - water.fu_evaporation(domain["rain"], domain["pet"], config.water.omega)
    known = {**covariates(domain), "drainage": (1.0 - config.water.runoff_share) * excess}
    data = xr.Dataset(
        {
            "caco3": (("site",), sites[2][near]),
            "lat": (("site",), sites[0][near]),
            "lon": (("site",), sites[1][near]),
            "bulk_density": (("site",), domain["bulk_density"][index[near]]),
            **{k: (("site",), v[index[near]]) for k, v in known.items()},
        },
        attrs={
            "format": "calcisol-points-1",
            "about": f"{int(near.sum())} GEMAS arable sites, covariates of their 0.5 degree cells",
        },
    )
    _write(data, path)
    return path

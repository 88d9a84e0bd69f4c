"""Tier B: the real fields, read in place from a data folder (--data or CALCISOL_DATA).

What:    SoilGrids and CRU per 0.5 degree cell, GEMAS carbonate interpolated with its uncertainty, gridded fertiliser and manure.
Units:   the files' own (data folder's README), converted here once; fields in SI or as tagged.
Source:  each Field's citation; carbonate: inverse-distance mean of the 6 nearest sites on the residual of the pH regression.
Use:     ``domain = build(Path("my_data"))``. Nothing of these files is copied into the package.
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import netCDF4
import numpy as np

from ..errors import CalcisolError
from ..input_maps.raster import values_at
from . import embedded
from .cells import EARTH_RADIUS_M, FUBC, GEMAS, read_cells, read_countries
from .domain import Domain, Field

SOILGRIDS = "SoilGrids 2.0 on INTEGRATOR units; Poggio et al. 2021, doi:10.5194/soil-7-217-2021"
CRU = "CRU TS 4.04, 1991-2019; Harris et al. 2020, doi:10.1038/s41597-020-0453-3"
NISHINA = "Nishina et al. 2017, doi:10.5194/essd-9-149-2017 (2010)"
ZHANG = "Zhang et al. 2017, doi:10.5194/essd-9-667-2017 (2010), scaled to the EuropeAgriDB mean"
SPAM = "Yu et al. 2020 (SPAM2010), as weights within the national area of " + FUBC
NEIGHBOURS = 6
POINTS = 200  # whose distances are held at once
MIN_DISTANCE_KM = 5.0
ARABLE_SOC = (0.6, 0.5, 3.0)  # arable / all-land organic carbon of a cell [assumption], lower and upper limit in %
RATE_LIMITS = (0.4, 2.0)  # a cell's nitrogen rate against its country's mean: ratios of two rough grids are cut there


def read_table(path: Path) -> dict[str, np.ndarray]:
    """Columns of a (gzipped) CSV of numbers; text columns stay text, empty cells become NaN."""
    if not path.is_file():
        raise CalcisolError(f'data file {path} is missing; complete the folder or use data = "none"')
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns: dict[str, np.ndarray] = {}
    for name in rows[0]:
        text = [r[name] for r in rows]
        try:
            columns[name] = np.array([float(t) if t not in ("", "NA") else np.nan for t in text])
        except ValueError:
            columns[name] = np.array(text)
    return columns


def amounts(path: Path, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Amounts at points, (band, point); where the file holds none there is none (no crop, no fertiliser)."""
    found = values_at(path, lat, lon)
    return np.where(np.isfinite(found) & (found > 0), found, 0.0)


def nearest(distance: np.ndarray, count: int) -> np.ndarray:
    """The ``count`` least of each row, (row, count), least first, of equal ones the first: a fifth of the time of sorting all."""
    farthest = np.partition(distance, count - 1, axis=1)[:, count - 1 : count]
    row, site = np.nonzero(distance <= farthest)
    order = np.lexsort((site, distance[row, site], row))
    first = np.searchsorted(row, np.arange(len(distance)))  # equal distances: more than were asked for
    return np.asarray(site[order][first[:, None] + np.arange(count)])


def neighbours(
    lat: np.ndarray, lon: np.ndarray, lat_s: np.ndarray, lon_s: np.ndarray, skip_self: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Indices and inverse-distance weights (point, 6) of the nearest sites; ``skip_self``: the points are the sites."""
    count = min(NEIGHBOURS, len(lat_s))
    index, weight = np.empty((len(lat), count), np.int64), np.empty((len(lat), count))
    for begin in range(0, len(lat), POINTS):  # distances to all sites of some points at a time
        some = slice(begin, begin + POINTS)
        a, b = np.radians(lat[some])[:, None], np.radians(lat_s)[None, :]
        h = np.sin((a - b) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(lon[some, None] - lon_s[None, :]) / 2) ** 2
        distance = 2e-3 * EARTH_RADIUS_M * np.arcsin(np.sqrt(h))
        if skip_self:
            distance[np.arange(len(distance)), begin + np.arange(len(distance))] = np.inf
        index[some] = nearest(distance, count)
        near = 1.0 / np.maximum(np.take_along_axis(distance, index[some], 1), MIN_DISTANCE_KM)
        weight[some] = near / near.sum(1, keepdims=True)
    return index, weight


def carbonate(folder: Path, lat: np.ndarray, lon: np.ndarray, ph: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Share of sites above 2 % CaCO3, their CaCO3 (%), the sd of its logarithm, and the leave-one-out rmse of ln CaCO3.

    The share is the mean of the pH-class share and of the 6 nearest sites; the amount is the pH regression plus the
    interpolated residual of the 6 nearest calcareous sites.
    """
    sites = read_table(folder / "gemas" / "gemas_caco3.csv")
    ok = np.isfinite(sites["caco3"])
    lat_s, lon_s, content = sites["latitude"][ok], sites["longitude"][ok], sites["caco3"][ok]
    index, weight = neighbours(lat, lon, lat_s, lon_s)
    local = ((content > embedded.MIN_CALCAREOUS)[index] * weight).sum(1)
    share = 0.5 * (np.interp(ph, embedded.PH_CLASS, embedded.PH_SHARE) + local)
    rich = content > embedded.MIN_CALCAREOUS
    lat_c, lon_c, log = lat_s[rich], lon_s[rich], np.log(content[rich])
    # a site's own pH is that of the nearest cell
    cell = np.array([(np.abs(y - lat) + np.abs(x - lon)).argmin() for y, x in zip(lat_c, lon_c, strict=True)])
    a, b, _ = embedded.LN_CACO3
    residual = log - (a + b * ph[cell])
    index, weight = neighbours(lat_c, lon_c, lat_c, lon_c, skip_self=True)
    loo = float(np.sqrt(np.mean((residual - (residual[index] * weight).sum(1)) ** 2)))
    index, weight = neighbours(lat, lon, lat_c, lon_c)
    mean = (residual[index] * weight).sum(1)
    spread = np.sqrt(((residual[index] - mean[:, None]) ** 2 * weight).sum(1))
    amount = np.clip(np.exp(a + b * ph + mean), embedded.MIN_CALCAREOUS, 80.0)
    return np.clip(share, 0.0, 0.98), amount, np.maximum(spread, loo), loo


def monthly_rain_shape(folder: Path, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Share of rain per month from the BIOME4 input file; the regression where it has none."""
    with netCDF4.Dataset(folder / "climate" / "BIOME4_inputdata.nc") as data:
        south, west = np.asarray(data["lat"][:]), np.asarray(data["lon"][:])  # labels are cell corners
        j = np.abs(south[None, :] - (lat - 0.25)[:, None]).argmin(1)
        i = np.abs(west[None, :] - (lon - 0.25)[:, None]).argmin(1)
        south_most, west_most = j.min(), i.min()
        europe = data["prec"][:, south_most : j.max() + 1, west_most : i.max() + 1]
        rain = np.ma.filled(europe.astype(float), np.nan)[:, j - south_most, i - west_most].T
    shape = embedded.precipitation_shape(lat, lon)
    good = np.isfinite(rain).all(1) & (rain > 0).any(1)
    shape[good] = np.maximum(rain[good], 0.1) / np.maximum(rain[good], 0.1).sum(1, keepdims=True)
    return shape


def spread_area(weight: np.ndarray, country: np.ndarray, land: np.ndarray) -> np.ndarray:
    """National arable area [m2] spread over cells by a weight, at most 85 % of a cell's land."""
    area = np.zeros(len(weight))
    for iso, facts in read_countries().items():
        here = country == iso
        if weight[here].sum() > 0:
            area[here] = np.minimum(facts["arable_mha"] * 1e10 * weight[here] / weight[here].sum(), 0.85 * land[here])
    return area


def relative_rate(amount: np.ndarray, crop: np.ndarray, country: np.ndarray) -> np.ndarray:
    """Amount per crop area against the country's mean, cut to RATE_LIMITS and with a weighted mean of 1."""
    ratio = np.ones(len(amount))
    for iso in np.unique(country):
        here = np.flatnonzero((country == iso) & (crop > 0))
        if here.size and amount[here].sum() > 0:
            local = np.clip(amount[here] / crop[here] / (amount[here].sum() / crop[here].sum()), *RATE_LIMITS)
            ratio[here] = local / np.average(local, weights=crop[here])
    return ratio


def cells_of_table(folder: Path) -> tuple[Domain, dict[str, np.ndarray]]:
    """Cells both in the soil table and in the embedded grid, of countries with a nitrogen rate; and their rows of the table."""
    table = read_table(folder / "soil_climate" / "eu_soil_climate_05deg.csv.gz")
    cells = read_cells()
    known = np.isin(cells.country, list(read_countries()))
    position = {(a, o): i for i, (a, o) in enumerate(zip(cells.lat.tolist(), cells.lon.tolist(), strict=True)) if known[i]}
    needed = np.stack(
        [table[c] for c in ("phw_mean_5_15", "clay_mean_5_15", "soc_mean_5_15", "pre_mean", "tmp_mean", "pet_mean")]
    )
    pairs = zip(table["lat"].tolist(), table["lon"].tolist(), strict=True)
    rows = [(k, position[p]) for k, p in enumerate(pairs) if p in position and np.isfinite(needed[:, k]).all()]
    take, where = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    domain = cells.subset(where)
    return Domain("B", domain.lat, domain.lon, domain.country, domain.fields), {k: v[take] for k, v in table.items()}


def soil(t: dict[str, np.ndarray]) -> dict[str, Field]:
    """Soil of arable topsoils from the rows ``t`` of the soil table (pH and texture in tenths, carbon in hundredths of a %)."""
    ph, soc = t["phw_mean_5_15"] / 10, np.clip(t["soc_mean_5_15"] / 100 * ARABLE_SOC[0], *ARABLE_SOC[1:])
    fields = embedded.soil_fields(ph, t["clay_mean_5_15"] / 10, t["sand_mean_5_15"] / 10, soc, "real", SOILGRIDS, "CC BY 4.0")
    source = f"{ARABLE_SOC[0]} of the all-land value of {SOILGRIDS}"
    fields["soc"] = Field(soc / 100, "kg kg-1", "organic carbon of arable topsoil", "estimated", source, "CC BY 4.0")
    return fields


def climate(t: dict[str, np.ndarray], shape: np.ndarray) -> dict[str, Field]:
    """Climate from the rows ``t`` of the soil table (per month or day there) and the ``shape`` of the year's rain."""
    licence, harmonic = "ODbL / OGL", CRU + " (harmonic with the same sd)"
    amplitude = np.sqrt(2.0 * np.maximum(t["tmp_sd"] ** 2 - 1.2**2, 1.0))
    biome4 = "BIOME4 input data, monthly shape only (Kaplan)"
    return {
        "mat": Field(t["tmp_mean"], "degC", "mean annual air temperature", "real", CRU, licence),
        "t_amplitude": Field(amplitude, "degC", "amplitude of the seasonal air temperature", "estimated", harmonic, licence),
        "rain": Field(t["pre_mean"] * 12, "mm year-1", "annual precipitation", "real", CRU, licence),
        "pet": Field(t["pet_mean"] * 365.25, "mm year-1", "annual potential evapotranspiration", "real", CRU, licence),
        "rain_shape": Field(shape, "1", "share of annual rain per month", "estimated", biome4, "GPL-3.0"),
    }


def gridded_nitrogen(folder: Path, domain: Domain, national: dict[str, Field], crop: np.ndarray) -> dict[str, Field]:
    """National rates with the pattern of the grids inside a country; ``crop`` is the crop area of each cell."""
    lat, lon, country = domain.lat, domain.lon, domain.country
    fertiliser = amounts(folder / "nitrogen" / "nifert.tif", lat, lon)  # ammonium, nitrate; kg N per ha of cell
    manure = amounts(folder / "nitrogen" / "nofert.tif", lat, lon)[0]
    total = fertiliser.sum(0)
    rate = national["mineral_n"].values * relative_rate(total * domain["cell_area"], crop, country)
    manure_rate = national["manure_n"].values * relative_rate(manure * domain["cell_area"], crop, country)
    no3 = np.where(total > 0, np.clip(fertiliser[1] / np.maximum(total, 1e-9), 0.05, 0.45), 0.2)
    unit, licence, pattern = "kg ha-1 year-1", "CC BY 3.0", FUBC + " by country, pattern of " + NISHINA
    return {
        "mineral_n": Field(rate, unit, "mineral nitrogen on arable land", "estimated", pattern, licence),
        "manure_n": Field(manure_rate, unit, "manure nitrogen on cropland", "estimated", ZHANG, licence),
        "no3_share": Field(no3, "1", "nitrate share of mineral nitrogen", "real", NISHINA, licence),
    }


def calcareous(folder: Path, domain: Domain, ph: np.ndarray, arable: np.ndarray) -> dict[str, Field]:
    """Where arable land [m2] is calcareous, and how much carbonate it holds, with its uncertainty."""
    share, amount, ln_sd, loo = carbonate(folder, domain.lat, domain.lon, ph)
    licence, nearest = "GPL >= 2 (R package robCompositions)", GEMAS + ", mean of pH class and 6 nearest sites"
    regression = f"pH regression and 6 nearest calcareous sites (leave-one-out rmse of ln {loo:.2f}); " + GEMAS
    product = "arable area times calcareous share"
    return {
        "calcareous_share": Field(share, "1", "share of arable soils above 2 % CaCO3", "estimated", nearest, licence),
        "area": Field(arable * share, "m2", "calcareous arable area", "estimated", product, "calcisol"),
        "caco3": Field(amount / 100, "kg kg-1", "calcium carbonate of the calcareous topsoils", "estimated", regression, licence),
        "caco3_ln_sd": Field(ln_sd, "1", "standard deviation of ln CaCO3", "estimated", GEMAS, licence),
    }


def build(folder: Path) -> Domain:
    """The domain on real fields: cells both in the soil table and in the embedded grid, of countries with a nitrogen rate."""
    domain, table = cells_of_table(folder)
    lat, lon = domain.lat, domain.lon
    crop = amounts(folder / "nitrogen" / "ma_crops.tif", lat, lon).sum(0)
    arable = spread_area(crop, domain.country, domain["cell_area"] * domain["land"])
    national = embedded.nitrogen_fields(domain.country)
    return domain.with_fields(
        **soil(table),
        **{k: v for k, v in national.items() if k in ("fixed_n", "deposition_n", "y_max")},
        **climate(table, monthly_rain_shape(folder, lat, lon)),
        **gridded_nitrogen(folder, domain, national, crop),
        arable_area=Field(arable, "m2", "arable area", "estimated", SPAM, "CC BY 4.0"),
        **calcareous(folder, domain, table["phw_mean_5_15"] / 10, arable),
    )

"""Tier A, the embedded default: real grid, real country nitrogen, regression-calibrated climate and soil.

What:    builds every field of a Domain from the package alone; no file is fetched.
Units:   in each Field; temperatures degC, water mm, shares 1.
Source:  regressions fitted to 2,468 cells of SoilGrids 2.0 and CRU TS 1991-2019 (coupler/docs/data_sources.md); seasonality
         of rain fitted here to BIOME4 input data (R2 0.64 and 0.69); carbonate on pH fitted to GEMAS (residual sd 0.89).
Use:     ``domain = build()``. Climate and soil are synthetic: right on average over regions, wrong at a place.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..land.climate import precipitation_shape
from .cells import FUBC, GEMAS, read_cells, read_countries
from .domain import Domain, Field

REGRESSION = "regression on latitude, longitude, altitude and coast, fitted to SoilGrids 2.0 and CRU TS 4.04 (1991-2019)"
OWN = "calcisol"
VALID = {"lat": (35.0, 71.0), "lon": (-11.0, 32.0)}  # where the regressions were fitted
# share of GEMAS arable sites with more than 2 % CaCO3 by SoilGrids pH class (n = 44-413 per class)
PH_CLASS = np.array([4.75, 5.25, 5.75, 6.25, 6.75, 7.12, 7.37, 7.62, 7.90])
PH_SHARE = np.array([0.047, 0.087, 0.080, 0.154, 0.303, 0.540, 0.720, 0.707, 0.955])
# ln CaCO3 (%) of sites above 2 % = a + b pH, with its residual standard deviation
LN_CACO3 = (-1.532, 0.597, 0.89)
MIN_CALCAREOUS = 2.0  # % CaCO3: below it GEMAS cannot tell carbonate from silicate Ca
# kg N per ha of cropland and year: EuropeAgriDB v1.0 (Einarsson et al. 2021), cropland 2019
MANURE, FIXATION, DEPOSITION = (
    ({"FRA": 43, "ESP": 34, "EST": 23}, 43.9),
    ({"FRA": 25, "ESP": 11, "EST": 11}, 15.0),
    ({"FRA": 12, "ESP": 6, "EST": 3}, 10.6),
)
# upper limit of harvested N, from Y = Ymax F / (Ymax + F) (Lassaletta et al. 2014, doi:10.1088/1748-9326/9/10/105011)
# solved with the same table's inputs and harvests (FR 182 -> 138, ES 122 -> 48, EE 130 -> 93, EU28 159 -> 96)
Y_MAX = ({"FRA": 570.0, "ESP": 79.0, "EST": 327.0, "PRT": 79.0, "GRC": 79.0}, 243.0)


def by_country(country: np.ndarray, table: tuple[Mapping[str, float], float]) -> np.ndarray:
    """Value of each cell's country, or the European one."""
    return np.array([float(table[0].get(c, table[1])) for c in country])


def climate_fields(domain: Domain) -> dict[str, Field]:
    """Mean temperature, its seasonal amplitude, annual rain and PET, monthly share of rain (coupler/docs/data_sources.md)."""
    lat, lon = domain.lat, domain.lon
    alt, coast = domain["altitude"] / 1000.0, np.minimum(domain["coast"], 800.0) / 100.0
    mat = 40.0545 - 0.618013 * lat + 0.00106524 * lat**2 - 0.0568489 * lon - 5.80024 * alt - 0.0952128 * coast
    pet = 4672.77 - 126.553 * lat + 0.951633 * lat**2 - 0.702055 * lon - 78.6882 * alt + 5.8638 * coast
    rain = np.exp(2.39078 + 0.161915 * lat - 0.00145847 * lat**2 - 0.0089792 * lon + 0.288314 * alt - 0.0713796 * coast)
    sd = 14.1888 - 0.392385 * lat + 0.00410955 * lat**2 + 0.0926007 * lon + 0.636459 * alt + 0.295668 * coast
    make = lambda v, u, n: Field(v, u, n, "synthetic", REGRESSION, OWN)  # noqa: E731
    return {
        "mat": make(mat, "degC", "mean annual air temperature (R2 0.95, rmse 1.05)"),
        "t_amplitude": make(
            np.sqrt(2.0 * np.maximum(sd**2 - 1.2**2, 1.0)),
            "degC",
            "amplitude of the seasonal air temperature (R2 0.82 for its sd)",
        ),
        "rain": make(rain, "mm year-1", "annual precipitation (R2 only 0.28)"),
        "pet": make(np.maximum(pet, 250.0), "mm year-1", "annual potential evapotranspiration (R2 0.92)"),
        "rain_shape": Field(
            precipitation_shape(lat, lon),
            "1",
            "share of annual rain per month",
            "synthetic",
            "first harmonic regressed on latitude and longitude, fitted to BIOME4 input data (Kaplan)",
            OWN,
        ),
    }


def arable_area(domain: Domain, mat: np.ndarray) -> np.ndarray:
    """Arable area per cell [m2]: the national area spread over land below ~1500 m and warmer than ~2 degC [assumption]."""
    land = domain["cell_area"] * domain["land"]
    weight = land * np.clip(1 - (domain["altitude"] - 300) / 1200, 0.02, 1) * np.clip((mat - 2) / 4, 0, 1)
    area = np.zeros(len(domain))
    for iso, facts in read_countries().items():
        here = domain.country == iso
        if here.any() and weight[here].sum() > 0:
            area[here] = np.minimum(facts["arable_mha"] * 1e10 * weight[here] / weight[here].sum(), 0.85 * land[here])
    return area


def calcareous_share(ph: np.ndarray, country: np.ndarray, arable: np.ndarray) -> np.ndarray:
    """Share of arable soils above 2 % CaCO3: by pH class, shifted in logit so that the country's GEMAS share is met."""
    share = np.interp(ph, PH_CLASS, PH_SHARE)
    logit = np.log(share / (1 - share))
    for iso, facts in read_countries().items():
        here = (country == iso) & (arable > 0)
        if not here.any() or not np.isfinite(facts["calcareous_share"]):
            continue
        target, low, high = max(facts["calcareous_share"], 0.005), -8.0, 8.0
        for _ in range(50):
            shift = 0.5 * (low + high)
            mean = np.average(1 / (1 + np.exp(-logit[here] - shift)), weights=arable[here])
            low, high = (shift, high) if mean < target else (low, shift)
        logit[here] += shift
    return 1 / (1 + np.exp(-logit))


def draw(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """A fixed, nearly standard-normal number per cell, within +-1.5.

    It depends on the cell's place alone (SplitMix64, Steele et al. 2014, doi:10.1145/2660193.2660195), so that a subset
    of the domain sees the same soils on every machine.
    """
    z = (np.rint((lat + 90) * 4).astype(np.uint64) << np.uint64(32)) + np.rint((lon + 180) * 4).astype(np.uint64)
    with np.errstate(over="ignore"):  # arithmetic modulo 2^64 is the method
        z = z * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    u = (z >> np.uint64(11)).astype(float) / 2.0**53
    u = np.clip(u, 1e-9, 1 - 1e-9)
    return np.clip(np.sqrt(3.0) / np.pi * np.log(u / (1 - u)), -1.5, 1.5)  # logistic, near enough to a normal


def soil_fields(
    ph: np.ndarray, clay: np.ndarray, sand: np.ndarray, soc: np.ndarray, tag: str, source: str, licence: str
) -> dict[str, Field]:
    """The soil fields both tiers share; bulk density by pedotransfer."""
    density = np.clip(1464.8 + 1.343 * clay - 66.16 * soc, 1100.0, 1600.0)
    return {
        "ph_survey": Field(ph, "1", "laboratory pH in water of the topsoil", tag, source, licence),
        "clay": Field(clay / 100, "kg kg-1", "clay", tag, source, licence),
        "sand": Field(sand / 100, "kg kg-1", "sand", tag, source, licence),
        "soc": Field(soc / 100, "kg kg-1", "organic carbon of arable topsoil", tag, source, licence),
        "bulk_density": Field(
            density,
            "kg m-3",
            "dry bulk density",
            "synthetic" if tag == "synthetic" else "estimated",
            "regression on clay and organic carbon fitted to SoilGrids 2.0 where pH > 6.5 (R2 0.53)",
            OWN,
        ),
    }


def nitrogen_fields(country: np.ndarray) -> dict[str, Field]:
    """Country nitrogen rates, kg N per ha of cropland and year."""
    facts = read_countries()
    db, licence = (
        "EuropeAgriDB v1.0, Einarsson et al. 2021, cropland 2019; EU28 mean where no country value was read",
        "CC BY 4.0",
    )
    unit = "kg ha-1 year-1"
    return {
        "mineral_n": Field(
            np.array([facts[c]["mineral_n"] if c in facts else 0.0 for c in country]),
            unit,
            "mineral nitrogen on arable land",
            "real",
            FUBC + "; flat within a country",
            "CC0 1.0",
        ),
        "manure_n": Field(by_country(country, MANURE), unit, "manure nitrogen on cropland", "estimated", db, licence),
        "fixed_n": Field(
            by_country(country, FIXATION), unit, "nitrogen fixed by crops (15 where unknown)", "estimated", db, licence
        ),
        "deposition_n": Field(
            by_country(country, DEPOSITION), unit, "nitrogen deposition, half ammonium", "estimated", db, licence
        ),
        "y_max": Field(
            by_country(country, Y_MAX),
            unit,
            "upper limit of harvested nitrogen",
            "estimated",
            "Lassaletta et al. 2014, doi:10.1088/1748-9326/9/10/105011, solved with EuropeAgriDB v1.0",
            licence,
        ),
        "no3_share": Field(
            np.full(len(country), 0.2),
            "1",
            "nitrate share of mineral nitrogen",
            "estimated",
            "Nishina et al. 2017, doi:10.5194/essd-9-149-2017, European range 0.07-0.33",
            "CC BY 3.0",
        ),
    }


def build() -> Domain:
    """The embedded domain: all arable cells of the 26 countries with a nitrogen rate, inside the regressions' range."""
    domain = read_cells()
    known = np.isin(domain.country, list(read_countries()))
    for axis, values in (("lat", domain.lat), ("lon", domain.lon)):
        known &= (values >= VALID[axis][0]) & (values <= VALID[axis][1])
    domain = domain.subset(known)
    domain = domain.with_fields(**climate_fields(domain))
    mat, wet = domain["mat"], np.log(domain["rain"] / domain["pet"])
    ph = np.clip(5.14458 - 0.603723 * wet + 0.155066 * wet**2 + 0.0953366 * mat, 4.5, 8.2)
    clay = np.clip(-21.5142 + 1.55499 * wet + 0.538189 * mat + 6.11992 * ph, 6.0, 50.0)
    sand = np.clip(69.906 - 1.5789 * clay + 0.48086 * mat, 5.0, 90.0 - clay)
    soc = np.full(len(domain), 1.4)
    arable = arable_area(domain, mat)
    share = calcareous_share(ph, domain.country, arable)
    a, b, sd = LN_CACO3
    caco3 = np.clip(np.exp(a + b * ph + sd * draw(domain.lat, domain.lon)), MIN_CALCAREOUS, 80.0)
    gemas_licence = "GPL >= 2 (R package robCompositions)"
    return domain.with_fields(
        **soil_fields(ph, clay, sand, soc, "synthetic", REGRESSION + "; organic carbon a flat 1.4 %", OWN),
        **nitrogen_fields(domain.country),
        arable_area=Field(
            arable, "m2", "arable area", "estimated", FUBC + " by country, spread over low and warm land", "CC0 1.0"
        ),
        calcareous_share=Field(
            share,
            "1",
            "share of arable soils above 2 % CaCO3",
            "estimated",
            GEMAS + ", shares by country and pH class",
            gemas_licence,
        ),
        area=Field(arable * share, "m2", "calcareous arable area", "estimated", "arable area times calcareous share", OWN),
        caco3=Field(
            caco3 / 100,
            "kg kg-1",
            "calcium carbonate of the calcareous topsoils",
            "synthetic",
            "a fixed draw from the distribution by pH class; " + GEMAS,
            gemas_licence,
        ),
        caco3_ln_sd=Field(np.full(len(domain), sd), "1", "standard deviation of ln CaCO3", "estimated", GEMAS, gemas_licence),
    )

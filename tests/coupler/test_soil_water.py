"""Daily soil water: balance, closed forms, bits, a Newton solution of Richards' equation, MIN3P columns with roots."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.errors import ArgumentError
from calcisol.coupler.land import soil_water
from calcisol.coupler.land.soil_water import _soil_water
from calcisol.coupler.land.soil_water.run import DAY, Retention, SoilWater
from helpers.daily_column import COLUMNS
from helpers.richards import Loam, newton
from helpers.sources import ROOT

DZ = np.array([0.05] * 4 + [0.1] * 4 + [0.2, 0.2, 0.3, 0.3])
CENTRE = np.cumsum(DZ) - DZ / 2
ROOTS = np.where(CENTRE < 0.8, np.exp(-CENTRE / 0.25), 0.0)
SOIL = Loam()
BALANCE = 1e-9
"""mm: round-off of thousands of sums of metres."""
GROUPS = [2, 2, 1, 1, 2, 1, 1, 1, 2, 2, 2, 2]  # of the 19 cells of those columns, 5 cm to 30 cm


def retention(soil: Loam = SOIL, columns: int = 1) -> Retention:
    rows = np.ones((columns, len(DZ)))
    return Retention(soil.residual * rows, soil.alpha * rows, soil.n * rows, soil.k_sat / DAY * rows)


def weather(days: int, columns: int = 1, seed: int = 1) -> list[np.ndarray]:
    """Rain, transpiration, evaporation in mm: dry days and storms."""
    rng = np.random.default_rng(seed)
    rain = np.where(rng.random((days, columns)) < 0.4, rng.gamma(0.8, 12.0, (days, columns)), 0.0)
    return [rain, rng.uniform(0.0, 4.0, (days, columns)), rng.uniform(0.0, 2.0, (days, columns))]


def stored(soil: SoilWater) -> np.ndarray:
    return 1000.0 * ((soil.saturation * soil.soil["porosity"] * soil.dz[:, None]).sum(0) + soil.pond)


def test_every_millimetre_is_booked() -> None:
    soil = SoilWater(DZ, 0.46, retention(columns=11), ROOTS, pond_limit=0.002)
    before = stored(soil)
    rain, transpiration, evaporation = weather(400, 11)
    days = soil.run(rain * 3, transpiration, evaporation)  # storms that run off
    gone = days.runoff.sum(0) + (days.uptake + days.evaporated).sum((0, 2)) + days.percolation[:, :, -1].sum(0)
    assert days.runoff.sum() > 10.0
    np.testing.assert_allclose(stored(soil) - before, 3 * rain.sum(0) - gone, atol=BALANCE)
    flow = days.infiltrated - (days.uptake + days.evaporated).sum(-1) - days.percolation[:, :, -1]
    np.testing.assert_allclose(np.diff(days.water.sum(-1), axis=0), flow[1:], atol=BALANCE)  # of the soil, day by day


def test_steady_rain_flows_through_at_the_saturation_that_conducts_it() -> None:
    soil = SoilWater(DZ, 0.46, retention(), ROOTS)
    days = soil.run(np.full((900, 1), 2.0), np.zeros((900, 1)), np.zeros((900, 1)))
    low, high = -50.0, -1e-3  # head at which K = 2 mm a day, by bisection of the equation itself
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if SOIL.conductivity(np.array(middle)) < 0.002 else (low, middle)
    np.testing.assert_allclose(days.percolation[-1, 0], 2.0, rtol=1e-6)
    np.testing.assert_allclose(soil.saturation[:, 0], SOIL.saturation(np.array(low)), rtol=1e-5)


def test_water_above_a_table_comes_to_rest_at_its_height() -> None:
    soil = SoilWater(DZ, 0.46, retention(), ROOTS, table_depth=[1.35])
    none = np.zeros((4000, 1))
    days = soil.run(none, none, none)
    centre = np.cumsum(soil.dz) - soil.dz / 2
    clear = centre < 1.35 - 0.02  # the 2 cm at saturation are linear in the model
    np.testing.assert_allclose(soil.saturation[clear, 0], SOIL.saturation(centre - 1.35)[clear], atol=2e-4)
    assert np.abs(days.percolation[-1]).max() < 1e-3  # mm a day: nothing moves any more
    assert days.percolation.shape == (4000, 1, len(DZ))  # cut layers come back as those that were asked for


def test_storms_and_drought_follow_a_newton_solution() -> None:
    rain, transpiration, evaporation = weather(45, seed=5)
    reference, drained = newton(DZ, SOIL, ROOTS, np.concatenate([rain, transpiration, evaporation], 1) / 1000.0)
    soil = SoilWater(DZ, SOIL.porosity, retention(), ROOTS)
    days = soil.run(rain, transpiration, evaporation)
    error = (days.water[:, 0] / 1000.0 - reference) / DZ
    assert np.sqrt((error**2).mean()) < 0.004  # of volume: what half-day steps of the linearised form cost
    assert days.percolation[:, 0, -1].sum() == pytest.approx(1000.0 * drained.sum(), rel=0.03)


def test_bits_depend_on_no_neighbour_and_no_cut_in_time() -> None:
    forcing = weather(60, 13)
    whole = SoilWater(DZ, 0.46, retention(columns=13), ROOTS)
    days = whole.run(*forcing)
    alone = SoilWater(DZ, 0.46, retention(), ROOTS)
    for cut in (slice(0, 17), slice(17, 60)):
        part = alone.run(*(f[cut, 10:11] for f in forcing))
        for name in ("water", "uptake", "evaporated", "percolation", "infiltrated", "runoff"):
            assert getattr(part, name).tobytes() == getattr(days, name)[cut, 10:11].tobytes(), name


def test_frozen_soil_lets_nothing_through() -> None:
    soil = SoilWater(DZ, 0.46, retention(), ROOTS, pond_limit=0.005)
    frozen = np.full((30, 1, len(DZ)), 1e-9)
    days = soil.run(np.full((30, 1), 10.0), np.zeros((30, 1)), np.zeros((30, 1)), frozen)
    assert np.abs(days.percolation).max() < 1e-5 and days.infiltrated.max() < 1e-3
    assert days.runoff.sum() == pytest.approx(30 * 10.0 - 5.0, abs=0.1)


def test_what_runs_off_is_what_a_flooded_surface_does_not_take() -> None:
    """Saturated soil takes its conductivity: 0.2 m a day through a profile that drains freely."""
    soil = SoilWater(DZ, 0.46, retention(), ROOTS, pond_limit=0.0)
    days = soil.run(np.full((40, 1), 500.0), np.zeros((40, 1)), np.zeros((40, 1)))
    assert days.infiltrated[-1, 0] == pytest.approx(200.0, rel=0.01)
    assert days.runoff[-1, 0] == pytest.approx(300.0, rel=0.01)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dz": [0.1, -0.1]}, "dz = [0.1, -0.1]"),
        ({"porosity": 47.0}, "porosity = 47 must lie between"),
        ({"retention": Retention(0.1, 2.0, 0.9, 1e-6)}, "n = 0.9"),
        ({"roots": np.full(len(DZ), -1.0)}, "roots = -1"),
        ({"retention": Retention(0.1, [2.0, 3.0], 1.5, 1e-6)}, "alpha has shape (2,)"),
    ],
)
def test_soils_that_cannot_be_are_refused_by_name(change: dict, words: str) -> None:
    given = {"dz": DZ, "porosity": 0.46, "retention": retention(), "roots": ROOTS} | change
    with pytest.raises(ArgumentError, match=re.escape(words)):
        SoilWater(**given)


def test_weather_that_cannot_be_is_refused_by_name() -> None:
    soil = SoilWater(DZ, 0.46, retention(), ROOTS)
    with pytest.raises(ArgumentError, match="rain holds a value that is negative"):
        soil.run([-1.0], [0.0], [0.0])
    with pytest.raises(ArgumentError, match=r"evaporation has shape \(3, 1\)"):
        soil.run([1.0, 1.0], [0.0, 0.0], [0.0, 0.0, 0.0])


@pytest.mark.data
@pytest.mark.parametrize("name", ["seville_15", "paris_15", "budapest_15", "table_15"])
def test_drainage_is_that_of_min3p(name: str) -> None:
    """Same rain, demand and curves: 3 % or 3 mm a year of drainage (or rise), 0.004 of volume."""
    file = COLUMNS / f"{name}.nc"
    if not file.is_file():
        pytest.skip(f"{file} is not there; CALCISOL_DAILY names the folder of these columns")
    with xr.open_dataset(file) as data:
        d = {k: data[k].values.astype(float) for k in ("dz", "porosity", "rain", "pet", "lai", "w_liq", "q_bot")}
        soil = data.attrs
    group = np.repeat(np.arange(len(GROUPS)), GROUPS)
    dz = np.bincount(group, d["dz"])
    centre = np.cumsum(d["dz"]) - d["dz"] / 2
    roots = np.bincount(group, np.where(centre < 0.8, np.exp(-centre / 0.25), 0.0) * d["dz"]) / dz
    curve = Retention(*(soil[f"vg_{k}"] for k in ("residual_saturation", "alpha_per_m", "n", "k_sat_m_per_s")))
    table = [centre[-1]] if "water table" in soil["bottom"] else None
    model = SoilWater(dz, float(d["porosity"]), curve, roots, table_depth=table, pond_limit=np.inf)
    bare = np.exp(-0.6 * d["lai"])
    days = model.run(d["rain"], d["pet"] * (1 - bare), d["pet"] * bare)
    years = len(d["rain"]) / 365 - 1
    ours, theirs = days.percolation[365:, 0, -1].sum() / years, DAY * d["q_bot"][365:].sum() / years
    assert ours == pytest.approx(theirs, rel=0.03, abs=3.0)
    water = np.stack([np.bincount(group, row) for row in d["w_liq"]])
    error = (days.water[365:, 0] - water[365:]) / (1000.0 * dz)
    assert np.sqrt((error**2).mean(0) @ dz / dz.sum()) < 0.004


@pytest.mark.skipif(platform.machine() != "x86_64" or not shutil.which("g++"), reason="compiles for AVX2 and AVX-512")
def test_instruction_sets_give_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split() if os.path.exists("/proc/cpuinfo") else []
    if "avx512vl" not in flags or "avx512dq" not in flags:
        pytest.skip("this processor has no AVX-512")
    source = ROOT / "coupler" / "land" / "soil_water" / "tile.cpp"
    common = ["g++", "-std=c++20", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-w", "-shared", "-fPIC"]
    results = []
    for target in ("x86-64-v3", "x86-64-v4"):
        library = tmp_path / f"{target}.so"
        name = "-DSOIL_WATER_NAME=calcisol_soil_water_run"
        include = f"-I{ROOT / 'fortran_bridge' / 'src'}"
        subprocess.run([*common, f"-march={target}", name, include, str(source), "-o", str(library)], check=True)
        # by address: the extension's own ffi.dlopen goes on calling what the extension was linked with
        address = ctypes.cast(ctypes.CDLL(str(library)).calcisol_soil_water_run, ctypes.c_void_p).value
        run = _soil_water.ffi.cast("int64_t (*)(const calcisol_soil_water *)", address)
        loaded = SimpleNamespace(ffi=_soil_water.ffi, lib=SimpleNamespace(calcisol_soil_water_run=run))
        monkeypatch.setattr(soil_water, "_soil_water", loaded)
        monkeypatch.setitem(sys.modules, _soil_water.__name__, loaded)
        soil = SoilWater(DZ, 0.46, retention(columns=5), ROOTS, table_depth=[np.nan, 1.4, 2.0, np.nan, 1.0])
        results.append(soil.run(*weather(90, 5)))
    for name in ("water", "uptake", "evaporated", "percolation", "infiltrated", "runoff"):
        assert getattr(results[0], name).tobytes() == getattr(results[1], name).tobytes(), name


@pytest.mark.parametrize("seed", [2, 3, 4, 7])
def test_any_soil_survives_storms_drought_and_frost(seed):
    """Layers at odds with each other by four orders of magnitude: no column is lost, bounds and balance hold.

    Each seed once ended without an answer, with 10,000 steps a day or with water from nowhere.
    """
    rng = np.random.default_rng(seed)
    columns, days = 64, 200
    dz = np.array([0.05] * 4 + [0.1] * 4 + [0.2, 0.2, 0.3, 0.3])

    def uniform(a, b):
        return rng.uniform(a, b, (columns, len(dz)))

    porosity = uniform(0.3, 0.6)
    curves = Retention(uniform(0.0, 0.2), 10 ** uniform(-1, 1.47), 1 + 10 ** uniform(-1.3, 0.18), 10 ** uniform(-8, -4))
    table = np.where(rng.random(columns) < 0.3, rng.uniform(0.3, 3, columns), np.nan)
    limit = rng.choice([0.0, 0.01, np.inf], columns)
    soil = SoilWater(dz, porosity, curves, np.exp(-np.cumsum(dz) / 0.3), table_depth=table, pond_limit=limit)
    soil.start(rng.uniform(0.01, 20))
    rain = rng.gamma(0.5, 30, (days, columns)) * (rng.random((days, columns)) < 0.3)
    transpiration, evaporation = rng.uniform(0, 8, (days, columns)), rng.uniform(0, 6, (days, columns))
    frost = np.where(rng.random((days, columns, 1)) < 0.1, 1e-3, 1.0) * np.ones(len(dz))

    def stored():
        return 1e3 * ((soil.saturation * soil.soil["porosity"] * soil.dz[:, None]).sum(0) + soil.pond)

    before = stored()
    r = soil.run(rain, transpiration, evaporation, frost)
    left = rain.sum(0) - r.runoff.sum(0) - (r.uptake + r.evaporated).sum((0, 2)) - r.percolation[:, :, -1].sum(0)
    assert np.abs(stored() - before - left).max() < 1e-8  # mm; what crosses the column is some 1e4 mm
    assert soil.steps.max() < 410 * days and (soil.saturation >= soil.soil["residual"]).all() and soil.saturation.max() < 1.03

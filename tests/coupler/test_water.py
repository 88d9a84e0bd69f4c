"""Water and temperature: closure to round-off, fluxes that point downward, known limits."""

import numpy as np
import pytest
from calcisol.coupler.config import PLOUGH_LAYERS, RunConfig
from calcisol.coupler.europe.load import load_domain
from calcisol.coupler.europe.monthly import Europe
from calcisol.coupler.land import climate, water
from calcisol.coupler.land.parameters import WaterParameters
from calcisol.coupler.units import MONTH_SECONDS

CLOSURE_MM = 1e-9  # sums of 12 numbers of the order of 100 mm in float64
FU_MM = 1.0  # what the bisection on the crop coefficient leaves, a bucket being no smooth function


@pytest.fixture(scope="module")
def europe():
    domain = load_domain(RunConfig(data="none", layers=PLOUGH_LAYERS))
    return Europe(domain.subset(slice(0, None, 12)), RunConfig(data="none", layers=PLOUGH_LAYERS))


def test_year_closes(europe):
    w = europe.base.water
    assert np.abs((w.rain - w.runoff - w.evapotranspiration - w.drainage).sum(1)).max() < CLOSURE_MM


def test_every_layer_and_month_closes_and_flows_down(europe):
    w = europe.base.water
    before = np.roll(w.w_liq, 1, axis=2)
    leaving = (w.w_liq - before) / MONTH_SECONDS + w.w_sink
    face = w.q_bot[:, None, :] + np.cumsum(leaving[:, ::-1], axis=1)[:, ::-1]  # flux through the upper face of each layer
    assert face.min() > -1e-12 and w.w_sink.min() > -1e-12 and w.q_bot.min() >= 0
    assert np.abs(face[:, 0] * MONTH_SECONDS - (w.rain - w.runoff)).max() < CLOSURE_MM


def test_drainage_is_fus():
    """Rain as much as potential evapotranspiration, 800 mm: Fu leaves 2^(1/2.6) - 1 = 0.3055 of it, of which 15 % run off."""
    months = np.arange(12)
    summer = (1 - np.cos(2 * np.pi * (months + 0.5) / 12)) / 12
    climate_ = water.Climate(np.array([800.0]), np.full((1, 12), 1 / 12), np.array([800.0]), summer[None, :])
    layers = np.ones((1, 5))
    loam = water.Profile(0.2 * layers, 0.4 * layers, 0.0145 * layers, 0.45 * layers, np.full(5, 0.3))
    year = water.water_year(climate_, loam, WaterParameters(omega=2.6, runoff_share=0.15))
    assert year.drainage.sum() == pytest.approx(207.75, abs=FU_MM)
    assert year.runoff.sum() == pytest.approx(36.66, abs=0.01)
    assert year.evapotranspiration.sum() == pytest.approx(555.59, abs=FU_MM)


def test_fu_limits_and_value():
    rain = np.array([500.0])
    assert water.fu_evaporation(rain, np.array([1e-9]), 2.6) == pytest.approx(0.0, abs=1e-6)
    assert water.fu_evaporation(rain, np.array([5e5]), 2.6) == pytest.approx(500.0, rel=1e-3)
    # x = 1: E/P = 2 - 2^(1/2.6)
    assert water.fu_evaporation(rain, rain, 2.6) == pytest.approx(500.0 * (2 - 2 ** (1 / 2.6)), rel=1e-12)


def test_water_stays_between_wilting_and_porosity(europe):
    theta = europe.base.water.w_liq / (1000 * europe.dz)[None, :, None]
    assert theta.min() > 0.01
    assert (europe.porosity[:, :, None] - theta).min() >= 0.06 - 1e-12


def test_saxton_rawls_order_of_textures():
    clay, sand = np.array([0.05, 0.20, 0.45]), np.array([0.85, 0.40, 0.20])
    wet, dry = water.texture_water(clay, sand, np.full(3, 0.014))
    assert (np.diff(wet) > 0).all() and (np.diff(dry) > 0).all()
    # loam of Saxton & Rawls 2006, table 3: 28 % and 14 % by volume (2.5 % organic matter)
    loam = water.texture_water(np.array([0.20]), np.array([0.40]), np.array([0.0145]))
    assert loam[0][0] == pytest.approx(0.28, abs=0.02) and loam[1][0] == pytest.approx(0.14, abs=0.02)


def test_soil_temperature_is_damped_and_delayed():
    mat, amplitude = np.array([12.0]), np.array([8.0])
    t = climate.soil_temperature(mat, amplitude, np.array([0.05, 1.0]), 5e-7)[0]
    assert np.ptp(t[1]) < 0.75 * np.ptp(t[0])
    assert t[1].argmax() > t[0].argmax() and t[0].argmin() == 0
    assert t.mean(1) == pytest.approx([12.0, 12.0], abs=1e-9)


def test_radiation_of_fao56():
    # FAO-56 example 8: 20 degrees south on 3 September, 32.2 MJ m-2 day-1 (mid-September here, a little more)
    assert climate.radiation(np.array([-20.0]))[0, 8] == pytest.approx(33.5, abs=1.0)
    assert climate.radiation(np.array([70.0]))[0, 11] == pytest.approx(0.0, abs=0.1)  # polar night

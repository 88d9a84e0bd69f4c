"""Soil hydraulic parameters: published values, the whole texture triangle, water against Saxton & Rawls, what a user knows."""

import numpy as np
import pytest
from calcisol.coupler.config import ConfigError, RunConfig, load_config
from calcisol.coupler.errors import CalcisolError
from calcisol.coupler.europe import own_maps
from calcisol.coupler.europe.load import load_domain
from calcisol.coupler.land import pedotransfer as ptf
from calcisol.coupler.land.parameters import WaterParameters
from calcisol.coupler.land.soil_water.run import LIMITS, SoilWater
from calcisol.coupler.land.water import texture_water

# Okehampton, FOCUS (2014), Generic guidance for tier 1 ground water assessments, whose parameters come from HYPRES: ploughed;
# clay, silt, organic matter % (to one decimal), g cm-3; saturated volume, alpha m-1, n, k_sat 1e-6 m s-1, connectivity
# (the transcription that was read has -0.400 in the last row)
OKEHAMPTON = [
    (1, 18, 43, 3.8, 1.28, 0.4664, 3.550, 1.1891, 3.484, -2.581),
    (0, 17, 41, 1.2, 1.34, 0.4602, 3.640, 1.2148, 4.887, -2.060),
    (0, 14, 31, 0.7, 1.42, 0.4320, 4.560, 1.2526, 4.838, -1.527),
    (0, 9, 22, 0.2, 1.47, 0.4110, 5.620, 1.3384, 4.449, 0.400),
]


@pytest.mark.parametrize("row", OKEHAMPTON)
def test_published_parameters_of_a_soil(row):
    top, clay, silt, matter, density, *expected = row
    made = ptf.hypres(clay, silt, matter, density, top)
    got = (made.saturated, made.alpha, made.n, made.k_sat * 1e6, made.connectivity)
    assert got == pytest.approx(expected, rel=0.002)  # three digits of alpha are printed


def test_saturated_water_by_hand():
    # 0.7919 + 0.001691 20 - 0.29619 1.4 - 1.491e-6 1600 + 8.21e-5 4 + 0.02427/20 + 0.01113/40 + 0.01472 ln 40 - 7.33e-5 40
    # - 6.19e-4 28 - 1.183e-3 2.8 - 1.664e-4 40
    by_hand = 0.7919 + 0.03382 - 0.414666 - 0.0023856 + 0.0003284 + 0.0012135 + 0.00027825 + 0.0543002 - 0.002932
    by_hand += -0.017332 - 0.0033124 - 0.006656
    assert ptf.hypres(20, 40, 2, 1.4, 1).saturated == pytest.approx(by_hand, abs=1e-6)


def triangle():
    """Every 2 % of clay and sand, with little and much organic carbon, loose and dense, ploughed or not."""
    clay, sand = np.meshgrid(np.linspace(0, 1, 51), np.linspace(0, 1, 51))
    inside = clay + sand <= 1.0 + 1e-12
    clay, sand = clay[inside], sand[inside]
    for soc in (0.0, 0.002, 0.02, 0.06, 0.4):
        for density in (400.0, 1000.0, 1300.0, 1600.0, 1900.0):
            for top in (0.0, 1.0):
                yield clay, sand, np.full_like(clay, soc), np.full_like(clay, density), top


def test_the_whole_texture_triangle_can_be_run():
    for case in triangle():
        soil = ptf.hydraulics(*case)
        values = {**vars(soil.retention), "porosity": soil.filled}
        for name, (low, high) in LIMITS.items():
            assert np.isfinite(values[name]).all() and (values[name] >= low).all() and (values[name] <= high).all(), name
        assert (soil.filled <= ptf.MOST_FILLED * soil.porosity + 1e-12).all()


def test_soil_water_of_extreme_soils_keeps_its_balance():
    clay, sand = np.array([[0.0], [0.9], [0.02], [0.4], [0.1]]), np.array([[1.0], [0.05], [0.02], [0.2], [0.4]])
    dz = np.full(6, 0.2)
    soil = ptf.hydraulics(clay * np.ones(6), sand * np.ones(6), np.full((5, 6), 0.01), np.full((5, 6), 1400.0), np.zeros(6))
    water = SoilWater(dz, soil.filled, soil.retention, np.ones(6))
    before = (water.saturation * soil.filled.T * 200.0).sum(0)
    rain = np.zeros((200, 5))
    rain[::4] = 12.0
    days = water.run(rain, np.full((200, 5), 1.5), np.full((200, 5), 0.5))
    out = days.uptake.sum((0, 2)) + days.evaporated.sum((0, 2)) + days.percolation[:, :, -1].sum(0) + days.runoff.sum(0)
    after = days.water[-1].sum(1) + water.pond * 1000.0
    assert before + rain.sum(0) - out - after == pytest.approx(0.0, abs=1e-9)


def test_water_held_agrees_with_saxton_and_rawls():
    # the two were fitted on different continents, one to whole curves, the other to water at 33 and 1500 kPa; measured: root mean
    # square 0.028 and 0.016 over textures from sand to clay
    clay, sand = np.array([0.05, 0.1, 0.18, 0.25, 0.35, 0.45]), np.array([0.8, 0.6, 0.4, 0.3, 0.2, 0.15])
    soc, density = np.full(6, 0.012), np.full(6, 1400.0)
    soil = ptf.hydraulics(clay, sand, soc, density, 1.0)
    wet, dry = texture_water(clay, sand, soc)
    field, wilted = ptf.water_at(soil, 3.3), ptf.water_at(soil, 150.0)
    assert np.sqrt(np.mean((field - wet) ** 2)) < 0.04 and np.sqrt(np.mean((wilted - dry) ** 2)) < 0.03
    assert (np.diff(field) > 0).all() and (np.diff(wilted) > 0).all() and (field - wilted > 0.05).all()


def test_conductivity_meets_the_published_curve_at_one_metre():
    made = ptf.hypres(20.0, 40.0, 2.0, 1.4, 0)
    share = ptf.saturation(1.0, made.alpha, made.n)
    m = 1.0 - 1.0 / made.n
    mualem = (1.0 - (1.0 - share ** (1 / m)) ** m) ** 2
    soil = ptf.hydraulics(0.2, 0.4, 0.02 / ptf.CARBON_TO_MATTER, 1400.0, 0)
    assert soil.retention.k_sat * share**0.5 * mualem == pytest.approx(made.k_sat * share**made.connectivity * mualem, rel=1e-12)
    assert 1e-9 < soil.retention.k_sat * share**0.5 * mualem < 1e-7  # 0.1 to 10 mm a day drain at field capacity


def estimated():
    ones = np.ones((2, 3))
    return ptf.hydraulics(0.2 * ones, 0.4 * ones, 0.01 * ones, 1400.0 * ones, np.array([1.0, 0.0, 0.0]))


def test_what_a_user_knows_replaces_the_estimate():
    soil, p = estimated(), WaterParameters(vg_alpha=(2.0,), vg_n=(1.3, 1.4, 1.5))
    fields = {"vg_k_sat": np.array([np.nan, 1e-6]), "vg_alpha": np.array([3.0, np.nan])}
    known = ptf.with_known(soil, ptf.known_values(p, fields, (2, 3)))
    r = known.retention
    assert r.alpha.tolist() == [[3.0] * 3, [2.0] * 3]  # a map comes before the configuration
    assert r.n.tolist() == [[1.3, 1.4, 1.5]] * 2
    assert (r.k_sat[0] == soil.retention.k_sat[0]).all() and (r.k_sat[1] == 1e-6).all()
    assert (known.filled == soil.filled).all() and (r.residual == soil.retention.residual).all()
    nothing = ptf.with_known(soil, ptf.known_values(WaterParameters(), {}, (2, 3)))
    assert all((np.asarray(getattr(nothing.retention, n)) == getattr(soil.retention, n)).all() for n in vars(r))


def test_more_water_than_pores_makes_more_pores():
    known = ptf.with_known(estimated(), {"filled": np.full((2, 3), 0.6)})
    assert known.porosity == pytest.approx(0.6 / 0.97) and known.retention.residual == pytest.approx(0.01 / 0.6)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("vg_n = [0.9]", "vg_n = 0.9 must lie between 1.01 and 12"),
        ("vg_k_sat = [864]", "vg_k_sat = 864 must lie between 1e-12 and 0.01"),
        ("vg_alpha = [2.0, 3.0]", "vg_alpha has 2 values for 12 layers; give one, or one for each layer"),
        ('vg_alpha = ["wet"]', "vg_alpha = ['wet'] must be a list of numbers"),
        ("vg_alpha = 2.0", "vg_alpha = 2.0 must be a list of numbers"),
    ],
)
def test_what_no_soil_can_have_is_refused(tmp_path, line, message):
    path = tmp_path / "run.toml"
    path.write_text(f"[water]\n{line}\n")
    with pytest.raises(ConfigError, match=message.replace("[", r"\[").replace("]", r"\]")):
        load_config(path)


def test_a_map_of_soil_hydraulics_is_taken_where_it_reaches(tmp_path):
    france, told = load_domain(RunConfig(data="none", domain="all")), []
    france = france.subset(france.country == "FRA")
    path = tmp_path / "soil.csv"
    path.write_text("lat,lon,vg_k_sat [cm day-1],vg_alpha [cm-1],vg_n\n46.25,2.75,8.64,0.02,1.3\n")
    made = own_maps.replace_fields(france, {name: str(path) for name in ("vg_k_sat", "vg_alpha", "vg_n")}, told.append)
    there = (made.lat == 46.25) & (made.lon == 2.75)
    assert made["vg_k_sat"][there] == pytest.approx([1e-6]) and made["vg_alpha"][there] == pytest.approx([2.0])
    assert made["vg_n"][there] == pytest.approx([1.3]) and np.isnan(made["vg_n"][~there]).all()
    assert made.fields["vg_n"].provenance == "estimated" and "elsewhere vg_n is estimated" in told[-1]
    path.write_text("lat,lon,vg_n\n46.25,2.75,0.9\n")
    with pytest.raises(CalcisolError, match=r"vg_n = 0.9 in soil.csv .* must lie between 1.01 and 12"):
        own_maps.replace_fields(france, {"vg_n": str(path)})

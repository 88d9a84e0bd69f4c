"""Snow, heat and the weeks of soil chemistry: closed forms, balances, and bits that do not depend on the company."""

import numpy as np
import pytest
from calcisol.coupler.land.field import Demand, Field, Profile
from calcisol.coupler.land.snow import melt
from calcisol.coupler.land.soil_temperature import SoilHeat, conducting
from calcisol.coupler.land.soil_water.run import Retention
from calcisol.coupler.land.week import by_the_day, week_ends
from calcisol.coupler.land.year_parts import by_part, equal_parts, over_parts

DZ = np.array([0.05] * 4 + [0.1] * 4 + [0.2, 0.2, 0.3, 0.3])
DIFFUSIVITY = 5e-7
ROUND = 1e-12


def test_a_yearly_wave_is_damped_and_delayed_with_depth():
    """The exact solution below a surface of T = cos(w t): exp(-z / d) cos(w t - z / d), d = sqrt(2 D / w) (Hillel 1998)."""
    days = np.arange(365 * 6)
    omega = 2 * np.pi / 365
    heat = SoilHeat(DZ, DIFFUSIVITY, np.zeros(1))
    found = heat.run(np.cos(omega * (days + 1))[:, None])[-365:, 0]
    damping = np.sqrt(2 * DIFFUSIVITY * 86400 / omega)
    depth = np.cumsum(DZ) - DZ / 2
    exact = np.exp(-depth / damping) * np.cos(omega * (days[-365:, None] + 1) - depth / damping)
    assert np.abs(found - exact).max() < 0.02  # of an amplitude of 1: layers of 30 cm and steps of a day


def test_a_constant_surface_is_taken_on_by_all_layers():
    heat = SoilHeat(DZ, DIFFUSIVITY, np.array([3.0]))
    assert heat.run(np.full((365 * 60, 1), 10.0))[-1] == pytest.approx(np.full((1, len(DZ)), 10.0))


def test_frost_stops_flow_by_degrees():
    assert conducting(np.array([5.0, 0.0, -0.5, -4.0])) == pytest.approx([1.0, 1.0, 0.5, 1e-3])


def test_snow_waits_for_warmth_and_nothing_is_lost():
    """10 mm fall at -5 degC; at 2 degC 8 mm melt a day, so that the rest follows on the second warm day."""
    reaching, left = melt(np.array([[10.0], [0.0], [1.0], [0.0]]), np.array([[-5.0], [-1.0], [2.0], [2.0]]), np.array([0.0]))
    assert reaching[:, 0].tolist() == [0.0, 0.0, 9.0, 2.0] and left[0] == 0.0
    rng = np.random.default_rng(4)
    fallen, air, before = rng.gamma(0.5, 4.0, (365, 20)), rng.normal(0, 5, (365, 20)), rng.gamma(1.0, 5.0, 20)
    reaching, left = melt(fallen, air, before)
    assert before + fallen.sum(0) == pytest.approx(left + reaching.sum(0), rel=ROUND)


def test_weeks_cover_the_year():
    for days in (365, 366, 360, 30, 5):
        ends = week_ends(days)
        lengths = np.diff([0, *ends])
        assert ends[-1] == days and (days < 7 or set(lengths) <= {7, 8})


def test_a_day_with_little_air_makes_its_week_one_of_days():
    air = np.full((16, 2, 3), 0.2)
    air[9, 1, 2] = 0.01
    assert by_the_day(air, np.array([8, 16])).tolist() == [[False, False], [False, True]]


def test_steps_add_up_to_the_year_of_parts():
    rate = np.random.default_rng(1).random((3, 12))
    ends = week_ends(365)
    total = sum(over_parts(rate, equal_parts(a, b, 365)) * (b - a) for a, b in zip([0, *ends[:-1]], ends.tolist(), strict=True))
    assert total == pytest.approx(rate.mean(1) * 365, rel=ROUND)
    assert by_part(np.ones((365, 2)), "sum").sum(1) == pytest.approx([365, 365])


def soils(n):
    """Loam and clay in turn, as the class means of Woesten et al. 1999 have them."""
    clay = (np.arange(n) % 2 == 1)[:, None] & np.ones(len(DZ), bool)
    curves = Retention(0.02, np.where(clay, 3.67, 3.14), np.where(clay, 1.10, 1.18), np.where(clay, 2.9e-6, 1.4e-6))
    return np.where(clay, 0.52, 0.44), curves


def weather(n, seed=2):
    rng = np.random.default_rng(seed)
    day = np.arange(365)[:, None]
    air = 9 - 11 * np.cos(2 * np.pi * (day - 15) / 365) + rng.normal(0, 3, (365, n))
    rain = rng.gamma(0.7, 6.0, (365, n)) * (rng.random((365, n)) < 0.4)
    pet = np.maximum(0.1, 2.2 - 2 * np.cos(2 * np.pi * (day - 15) / 365)) * np.ones((1, n))
    return Demand(rain, air, 0.7 * pet, 0.3 * pet)


def profile(full, curves):
    return Profile(DZ, full + 0.02, full, curves, np.exp(-np.cumsum(DZ) / 0.3), DIFFUSIVITY)


def field(columns, demand=None):
    porosity, curves = soils(8)
    pick = lambda x: x[columns] if np.ndim(x) == 2 else x  # noqa: E731
    some = Retention(*(pick(v) for v in vars(curves).values()))
    made = Field(profile(porosity[columns], some), np.full(len(columns), 9.0))
    w = weather(8) if demand is None else demand
    cut = Demand(*(v[:, columns] for v in vars(w).values()))
    return made, made.year(cut)


def test_water_of_a_year_adds_up():
    made, weeks = field(np.arange(8))
    before = Field(profile(*soils(8)), np.full(8, 9.0))

    def stored(f):
        held = (f.soil.saturation * f.soil.soil["porosity"] * f.soil.dz[:, None]).sum(0)
        return 1e3 * (held + f.soil.pond) + f.snow

    length = np.diff([0, *weeks.ends])[:, None]
    drained = (weeks.faces[:, :, -1] * length).sum(0) * 86400
    left = weather(8).precipitation.sum(0) - weeks.runoff - weeks.evapotranspired - drained
    assert stored(made) - stored(before) == pytest.approx(left, abs=1e-9)  # mm


def test_days_and_week_of_a_column_agree():
    """Means over a week are those of its days, where both are kept."""
    _, weeks = field(np.arange(8))
    assert 0 < weeks.by_day.mean() < 1
    begin = 0
    for week, end in enumerate(weeks.ends):
        days = weeks.days[week]
        assert len(days.water) == end - begin
        for name in ("water", "sink", "faces", "temperature"):
            assert getattr(days, name).mean(0) == pytest.approx(getattr(weeks, name)[week][days.columns], rel=1e-9, abs=1e-15)
        begin = end


def test_columns_do_not_see_each_other():
    _, together = field(np.arange(8))
    _, alone = field(np.array([5]))
    assert (together.water[:, 5:6] == alone.water).all() and (together.faces[:, 5:6] == alone.faces).all()
    assert (together.by_day[:, 5:6] == alone.by_day).all() and (together.temperature[:, 5:6] == alone.temperature).all()


def test_a_year_recalled_goes_on_with_the_same_bits():
    made, _ = field(np.arange(8))
    kept = made.memory()
    following = made.year(weather(8, seed=3))
    other = Field(profile(*soils(8)), np.zeros(8))
    other.recall(kept)
    again = other.year(weather(8, seed=3))
    assert all((getattr(following, n) == getattr(again, n)).all() for n in ("water", "sink", "faces", "temperature"))

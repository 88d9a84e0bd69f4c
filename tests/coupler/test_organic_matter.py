"""Organic matter of a plot as its history prescribes it, aluminium and weathering by soil, against hand arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from calcisol.coupler.land import aluminium, exchanger, weathering
from calcisol.coupler.land.parameters import NitrogenParameters
from calcisol.coupler.library.model import Model
from calcisol.coupler.plot.organic_matter import OrganicMatter
from calcisol.coupler.plot.plan import Plans, taken
from calcisol.coupler.plot.profile import Ground
from calcisol.coupler.plot.read_toml import SiteError
from calcisol.coupler.plot.simulate import simulate
from calcisol.coupler.plot.site import Line
from helpers.plots import SITE, written

HISTORY = """
[[history]]
year = 1969
treatment = "AN"
organic_carbon_percent = 0.8
"""


@pytest.fixture(scope="module")
def model():
    with Model() as opened:
        yield opened


def test_sites_and_nitrogen_follow_the_carbon(tmp_path):
    site = written(tmp_path, SITE + HISTORY)
    ground, humus, row = Ground.of(site), OrganicMatter(site), site.treatments.index("AN")
    start = float(site.soil.carbon[0])
    assert humus.carbon(1959) == pytest.approx(np.full(5, start)) and humus.carbon(2000)[row] == pytest.approx(0.008)
    assert humus.carbon(1964)[row] == pytest.approx((start + 0.008) / 2)
    top = ground.edges <= site.soil.edges[0] + 1e-9
    less = exchanger.capacity(np.zeros(1), np.array([start]))[0] - exchanger.capacity(np.zeros(1), np.array([0.008]))[0]
    change = humus.capacity(ground, 1969) - ground.capacity
    assert change[row, top] == pytest.approx(-less) and not change[row, ~top].any() and not np.delete(change, row, 0).any()
    freed = sum(humus.nitrogen(year)[row] for year in range(1960, 1975))
    mass = site.soil.density[0] * site.soil.edges[0] * 1e4
    assert freed == pytest.approx((start - 0.008) * mass / 10)


def test_carbon_that_cannot_be_is_refused(tmp_path):
    with pytest.raises(SiteError, match="organic_carbon_percent = 80 must lie between 0 and 60"):
        written(tmp_path, SITE + HISTORY.replace("0.8", "80"))


def test_charge_of_lost_organic_matter_neutralises_and_its_nitrate_acidifies(tmp_path, model):
    """Sites that go leave their bases: more of the exchanger is filled. The same with its nitrogen lets more nitrate drain."""
    plain, lost = written(tmp_path, SITE), written(tmp_path, SITE + HISTORY)
    row = plain.treatments.index("AN")
    before, after = simulate(plain, model), simulate(lost, model)
    sites_alone = simulate(replace(lost, lines=tuple(replace(x, humus=1e-9) for x in lost.lines)), model)
    end = lambda r: r.values["ph_h2o"][-1, row, 0]  # noqa: E731
    assert end(sites_alone) > end(before) + 0.03
    assert after.leaching["no3_leach"][:, row].sum() > before.leaching["no3_leach"][:, row].sum() * 1.02
    assert end(after) < end(sites_alone)
    others = [i for i in range(5) if i != row]
    assert after.values["ph_h2o"][:, others] == pytest.approx(before.values["ph_h2o"][:, others], abs=1e-9)


def test_new_columns_of_the_same_capacity_change_nothing(tmp_path, model):
    """A reading of what the survey found renews the columns every year: their results are those of columns that stay."""
    same = HISTORY.replace("0.8", f"{100 * float(written(tmp_path, SITE).soil.carbon[0]):g}")
    kept, renewed = (simulate(written(tmp_path, text), model) for text in (SITE, SITE + same))
    assert np.array_equal(kept.values["ph_h2o"], renewed.values["ph_h2o"])


def test_aluminium_is_held_by_organic_matter_or_as_the_file_says(tmp_path):
    """log K 9.0 in mineral soil against 8.11 of gibbsite, -0.7 from 3 % of carbon on, half-way at 2.5 %."""
    assert aluminium.saturation(np.array([0.0, 0.02, 0.025, 0.03, 0.4])) == pytest.approx([0.89, 0.89, 0.095, -0.7, -0.7])
    given = written(tmp_path, SITE.replace("ph_h2o", "si_gibbsite = -0.9\nph_h2o", 1))
    assert (Ground.of(given).static(2)["si_gibbsite"] == -0.9).all()


def test_weathering_lies_in_the_ranges_of_critical_loads(tmp_path):
    """Half a metre at 8 degC, eq ha-1 year-1: WHO (2000), Air Quality Guidelines for Europe, table 34."""
    ranges = {("acidic", 0.1, 0.8): (0, 250), ("acidic", 0.2, 0.4): (500, 1000), ("intermediate", 0.1, 0.8): (250, 500),
              ("intermediate", 0.25, 0.3): (500, 1000), ("basic", 0.25, 0.3): (1000, 1500)}  # fmt: skip
    for (parent, clay, sand), (low, high) in ranges.items():
        rate = 0.5 * 1e4 * float(weathering.rate(np.array(clay), np.array(sand), 8.0, parent))
        assert low <= rate <= high * 1.001, parent
    silt = weathering.weathering_class(np.array([0.2, 0.2]), np.array([0.2, 0.4]))
    assert silt.tolist() == [4.0, 3.0]
    with pytest.raises(SiteError, match="the nearest is 'acidic'"):
        written(tmp_path, SITE.replace("ph_h2o", 'parent_material = "acid"\nph_h2o', 1))


BARE = """
[[history]]
year = 1965
treatment = "AN"
crop = "fallow"

[[history]]
year = 1966
treatment = "AN"
crop = "beans"
dry_matter_t_ha = 2.0
"""


def test_bare_soil_sets_nitrogen_free_and_beans_fix_what_they_hold(tmp_path):
    """A year without a crop frees a part in 59 (half-life 41 years) of the organic nitrogen; a half-grown crop half of that."""
    site = written(tmp_path, SITE + BARE)
    row, humus = site.treatments.index("AN"), OrganicMatter(site)
    stock = site.soil.carbon[0] * site.soil.density[0] * (1 - site.soil.stones[0]) * site.soil.edges[0] * 1e4 / 10
    assert humus.bare() == pytest.approx(stock * np.log(2) / 41)
    plans = Plans(site, np.full(12, 10.0), NitrogenParameters())
    grown = np.where(np.arange(5) == row, 0.5, 1.0)
    assert plans._humus(1963, False, grown) == pytest.approx(np.where(np.arange(5) == row, humus.bare() / 2, 0.0))
    fallow, beans = plans.of("AN", 1965, False)[1], plans.of("AN", 1966, False)[1]
    assert fallow.grown == 0.0 and fallow.nitrogen == pytest.approx(0.0, abs=1e-6)
    assert beans.fixed == beans.nitrogen == pytest.approx(90.0)
    assert plans.of("AN", 1964, False)[1].grown == 1.0  # a harvest that nobody weighed grew as its nitrogen let it
    wheat = Line(("AN",), (1965, 1965), 3, crop="cereal_grain")
    assert taken([wheat], 0.0, 0.0, 1965).grown == 1.0  # no nitrogen lets nothing be expected

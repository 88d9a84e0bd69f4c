"""What scenarios do to the forcing, how intervals are put together, and the field experiments, by hand-made numbers."""

import dataclasses

import numpy as np
import pytest
from calcisol.coupler.config import PLOUGH_LAYERS, RunConfig
from calcisol.coupler.europe.domain import stacked
from calcisol.coupler.europe.load import load_domain, refined
from calcisol.coupler.europe.monthly import Europe
from calcisol.coupler.europe.scenario import Part, Scenario, load_scenario
from calcisol.coupler.evaluation import field_trials
from calcisol.coupler.report import summary, uncertainty
from calcisol.coupler.units import MONTH_SECONDS

CONFIG = RunConfig(data="none", history=False, layers=PLOUGH_LAYERS)


@pytest.fixture(scope="module")
def europe():
    return Europe(load_domain(CONFIG).subset(slice(0, None, 60)), CONFIG)


def scenario(**parts):
    return Scenario(
        "mine", "mine", "", (Part({}, {}, (2020, 2020)), Part(parts.get("change", {}), parts.get("set", {}), (2020, 2020)))
    )


def test_losses_are_halved_and_the_harvest_stays_possible(europe):
    base, half = europe.year(None, 2040), europe.year(load_scenario("n_minus_20_losses_minus_50"), 2040)
    before, now = (y.plan.supplied - y.plan.harvested for y in (base, half))
    assert (now <= np.maximum(0.5 * before, 0.05 * half.plan.supplied) + 1e-9).all()
    assert (half.plan.harvested <= 0.95 * half.plan.supplied + 1e-9).all()


def test_form_of_nitrogen_orders_the_acid(europe):
    # per mol N, all of it leached: sulphate 2, urea and ammonium nitrate 1 (van Breemen et al. 1983)
    def acid(name):
        c = europe.year(load_scenario(name), 2040).plan.column
        # charge brought, NO3 + 2 SO4 - NH4, and two protons for each NH4 that is nitrified
        return (c["dep_no3"] + 2 * c["dep_so4"] - c["dep_nh4"] + 2 * c["dep_nh4"]).sum()

    assert acid("form_ammonium_sulphate") > acid("form_nitrate") and acid("form_ammonium_sulphate") > acid("form_urea")
    sulphate = {n: europe.year(load_scenario(n), 2040).plan.column["dep_so4"].sum() for n in ("form_urea", "form_nitrate")}
    assert sulphate["form_urea"] == pytest.approx(sulphate["form_nitrate"], rel=1e-12)  # neither brings any


def test_lime_comes_once_a_year_and_in_full(europe):
    year = load_scenario("lime_400")
    n, nlay = europe.clay.shape
    zero = np.zeros((n, nlay))
    spread = [europe.forcing(year, 2030, m, zero, zero)["lime"] for m in range(12)]
    assert sum(s.max() > 0 for s in spread) == 1
    assert sum(spread) * MONTH_SECONDS * 1e4 == pytest.approx(np.full(n, 400.0))


def test_warming_dries_and_breathes(europe):
    base, warm = europe.year(None, 2100), europe.year(load_scenario("climate_2k"), 2100)
    assert warm.weather.air - base.weather.air == pytest.approx(np.full(base.weather.air.shape, 2.0))
    assert (warm.weather.water.drainage.sum(1) < base.weather.water.drainage.sum(1)).all()
    # Raich et al.: exp(0.05452 x 2) where temperature is inside its limits
    assert warm.source.sum() / base.source.sum() == pytest.approx(np.exp(0.05452 * 2), rel=0.02)
    assert warm.co2_atm == pytest.approx(np.full(len(europe.domain), 5.5e-4))
    early = europe.year(load_scenario("climate_2k"), 2019)
    assert (early.weather.air == base.weather.air).all()


def test_drainage_factor_moves_the_bucket(europe):
    wet = europe.year(scenario(change={"drainage": 1.3}), 2030).weather.water.drainage.sum(1)
    base = europe.base.water.drainage.sum(1)
    some = base > 50
    assert wet[some] / base[some] == pytest.approx(np.full(some.sum(), 1.3), rel=0.03)


def test_interval_adds_sources_in_quadrature():
    # value 2, central of the part 1: a source that moves it to 0.7 or 1.4 moves the value by -0.6 or +0.8
    i = uncertainty.combine(2.0, 1.0, {"caco3": [0.7, 1.4], "per_n_uptake": [1.6, 1.1]}, emulator=0.3)
    assert i.parts["caco3"] == pytest.approx((-0.6, 0.8)) and i.parts["per_n_uptake"] == pytest.approx((0.0, 1.2))
    assert i.low == pytest.approx(2.0 - np.sqrt(0.6**2 + 0.6**2)) and i.high == pytest.approx(
        2.0 + np.sqrt(0.8**2 + 1.2**2 + 0.6**2)
    )
    # members 0.9, 1.0, 1.1: standard deviation 0.1 of the central one, 5 and 95 % points of a normal distribution
    given = uncertainty.combine(2.0, 1.0, {"emulator": [0.9, 1.1], "caco3": [0.7]}, emulator=0.01)
    assert given.parts["emulator"] == pytest.approx((-0.329, 0.329)) and given.high == pytest.approx(2.329)
    assert given.low == pytest.approx(2.0 - np.hypot(0.329, 0.6))
    wider = uncertainty.combine(2.0, 1.0, {"emulator": [0.9, 1.1]}, emulator=0.3)  # what the bundle says of itself
    assert (wider.low, wider.high) == pytest.approx((1.4, 2.6))
    assert uncertainty.emulator_error({}) is None


def test_members_change_one_thing_each():
    domain = load_domain(CONFIG).subset(slice(0, 5))
    listed = uncertainty.members(CONFIG)
    cells = stacked([uncertainty.varied(domain, m, CONFIG) for m in listed])
    assert len(cells) == 5 * len(listed) and len(listed) == 12
    low, high = cells["caco3"][5:10], cells["caco3"][10:15]
    assert (low < domain["caco3"]).all() and (high > domain["caco3"]).all() and low.min() >= 0.02 and high.max() <= 0.8
    assert cells["per_n_uptake"][:15] == pytest.approx(20.0) and cells["per_n_uptake"][15:25].tolist() == [0.0] * 5 + [40.0] * 5
    assert cells["pet"][35:45] == pytest.approx(np.repeat((0.9, 1.1), 5) * np.tile(domain["pet"], 2))
    assert cells["weather_member"].tolist() == [0.0] * 45 + [1.0] * 5 + [2.0] * 5 + [3.0] * 5
    assert len(uncertainty.members(dataclasses.replace(CONFIG, weather="monthly"))) == 9  # every year has the same weather
    # a constant as a field is the constant
    one = dataclasses.replace(CONFIG.carbon, per_n_uptake=40.0)
    year = load_scenario("no_mineral_n")
    asked = Europe(domain, dataclasses.replace(CONFIG, carbon=one)).year(year, 2040).source
    assert (Europe(cells.subset(slice(20, 25)), CONFIG).year(year, 2040).source == asked).all()


def test_refined_cells_keep_areas_and_places():
    domain = load_domain(CONFIG).subset(slice(0, 7))
    fine = refined(domain, 5)
    assert len(fine) == 175 and fine.degrees == pytest.approx(0.1)
    assert fine["area"].sum() == pytest.approx(domain["area"].sum(), rel=1e-12)
    assert fine.lat.mean() == pytest.approx(domain.lat.mean()) and fine.lon.min() == pytest.approx(domain.lon.min() - 0.2)
    assert len({(round(a, 3), round(b, 3)) for a, b in zip(fine.lat, fine.lon, strict=True)}) == 175
    assert fine.fields["caco3"].provenance == "synthetic" and len(np.unique(fine["caco3"])) > 100


def test_weighted_median():
    assert summary.weighted_median(np.array([3.0, 1.0, np.inf]), np.array([1.0, 1.0, 5.0])) == np.inf
    assert summary.weighted_median(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 1.0])) == 2.0


def test_chalk_of_broadbalk_by_nitrogen(tmp_path):
    chalk = tmp_path / "rothamsted" / "rbk1_CHALK_rbk1-chalk-01"
    chalk.mkdir(parents=True)
    (chalk / "chalk_data.csv").write_text(
        "fertilizer_code,plot_(strip_and_section),chalk_amount\nPKMg,05/0,1.3\nN2PKMg,07/0,6.5\nN2PKMg,07/1,0\nFYM,02/0,5\nN2P,10/0,5\n",
        encoding="utf-8",
    )
    found = field_trials.chalk_by_nitrogen(tmp_path)
    assert found[0.0] == pytest.approx((20.0, 1)) and found[96.0] == pytest.approx((50.0, 2)) and len(found) == 2

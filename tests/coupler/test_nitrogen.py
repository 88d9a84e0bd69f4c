"""Nitrogen: the year's sums by hand, charge of what is applied, limits of what is taken."""

import numpy as np
import pytest
from calcisol.coupler.land import fertiliser, nitrogen, respiration
from calcisol.coupler.land.parameters import CarbonParameters, NitrogenParameters
from calcisol.coupler.units import MONTH_SECONDS, N_KG_PER_MOL, SECONDS_PER_YEAR

P = NitrogenParameters()
ROUND = 1e-12  # sums of 12 terms
MOL = 1 / 1e4 / N_KG_PER_MOL  # kg N ha-1 -> mol m-2


def plan(mineral=100.0, manure=40.0, deposition=10.0, fixed=20.0, y_max=250.0, no3=0.2, lat=50.0):
    one = lambda x: np.array([x])  # noqa: E731
    air = np.array([[2.0, 3, 6, 9, 14, 17, 19, 19, 15, 11, 6, 3]])
    inputs = fertiliser.Inputs(*map(one, (mineral, manure, deposition, fixed, y_max, no3)), urea_share=P.urea_share)
    return nitrogen.year_plan(inputs, one(lat), air, P)


def year(rate):
    return float(rate.sum()) * MONTH_SECONDS


def test_what_arrives_is_what_was_applied_less_ammonia():
    p = plan()
    urea, sulphate, slurry = (
        60 * 0.75 * (1 - P.nh3_loss_urea),
        60 * 0.25 * (1 - P.nh3_loss_other),
        40 * 0.5 * (1 - P.nh3_loss_manure),
    )
    nh4 = 20 * (1 - P.nh3_loss_other) + urea + sulphate + slurry + 5
    assert year(p.column["dep_nh4"]) == pytest.approx(nh4 * MOL, rel=ROUND)
    assert year(p.column["dep_no3"]) == pytest.approx((20 + 5) * MOL, rel=ROUND)
    assert year(p.column["dep_dic"]) == pytest.approx((0.5 * urea + slurry) * MOL, rel=ROUND)
    assert year(p.mineralisation) == pytest.approx((20 + 20) / 1e4, rel=ROUND)
    assert float(p.supplied[0]) == pytest.approx(nh4 + 25 + 40, rel=ROUND)


def test_sulphate_balances_its_ammonium():
    with_s, without = plan(), plan(mineral=0.0)
    extra_s = year(with_s.column["dep_so4"]) - year(without.column["dep_so4"])
    assert 2 * extra_s == pytest.approx(60 * 0.25 * (1 - P.nh3_loss_other) * MOL, rel=1e-9)


BASES = {"dep_ca": 2, "dep_na": 1}


@pytest.mark.parametrize(
    ("no3", "alone", "sodium", "expected"),
    [  # kg N of 100 that reach the soil: nitrate; ammonium nitrate's ammonium; urea and sulphate; calcium and sodium nitrate
        (0.2, 0.0, 0.0, (20, 20, 60, 0, 0)),
        (0.5, 0.0, 0.0, (50, 50, 0, 0, 0)),
        (0.75, 0.0, 0.0, (75, 25, 0, 50, 0)),
        (0.99, 0.0, 0.0, (99, 1, 0, 98, 0)),  # 198 kg up to version 0.1
        (1.0, 0.0, 1.0, (100, 0, 0, 0, 100)),
        (0.2, 0.2, 0.5, (20, 0, 80, 10, 10)),
        (0.0, 1.0, 1.0, (100, 0, 0, 0, 100)),
    ],
)
def test_forms_of_mineral_nitrogen_add_up_and_balance_charge(no3, alone, sodium, expected):
    one, lossless = np.array([1.0]), NitrogenParameters(nh3_loss_urea=0, nh3_loss_other=0, nh3_loss_manure=0)
    form = fertiliser.forms(100 * one, no3 * one, alone, sodium)
    got = (form.nitrate, form.with_nitrate, form.rest, form.calcium_nitrate, form.sodium_nitrate)
    assert np.ravel(got) == pytest.approx(expected, abs=1e-12)
    assert form.nitrate + form.with_nitrate + form.rest == pytest.approx(100, rel=1e-14)
    air = np.full((1, 12), 10.0)
    made = {}
    for kg in (0.0, 100.0):
        zero = 0 * one
        inputs = fertiliser.Inputs(kg * one, zero, zero, zero, 250 * one, no3 * one, 0.0, alone, sodium)
        made[kg] = nitrogen.year_plan(inputs, 50 * one, air, lossless).column
    more = {k: year(made[100.0][k]) - year(made[0.0][k]) for k in made[0.0]}
    assert more["dep_no3"] + more["dep_nh4"] == pytest.approx(100 * MOL, rel=1e-12)
    assert more["dep_na"] == pytest.approx(expected[4] * MOL, abs=1e-12)
    # an uncharged fertiliser: what the harvest's potassium brings comes with its chloride
    cations = more["dep_nh4"] + sum(z * more[k] for k, z in BASES.items()) + more["dep_k"] + 2 * more["dep_mg"]
    assert cations == pytest.approx(more["dep_no3"] + 2 * more["dep_so4"] + more["dep_cl"], rel=1e-9)


def test_harvest_follows_lassaletta_and_never_exceeds_supply():
    assert nitrogen.harvest(np.array([250.0]), np.array([250.0])) == pytest.approx([125.0])
    p = plan(mineral=0, manure=0, deposition=3, fixed=0, y_max=5000)
    assert p.harvested[0] <= 0.95 * p.supplied[0]
    assert year(p.uptake / MONTH_SECONDS) == pytest.approx(float(p.harvested[0]) / 1e4, rel=ROUND)


def test_take_never_empties_a_layer():
    rng = np.random.default_rng(0)
    pool, weight = rng.uniform(0, 1, (5, 4)), np.array([0.5, 0.3, 0.2, 0.0])
    taken = nitrogen.take(np.array([0.0, 0.1, 1.0, 10.0, 1e6]), pool, weight)
    assert (taken <= nitrogen.POOL_LIMIT * pool + 1e-15).all() and (taken[:, 3] == 0).all()
    assert taken[1].sum() == pytest.approx(0.1) and taken[0].sum() == 0


def test_month_rates_respect_the_pools():
    p, dz = plan(), np.full(5, 0.2)
    nh4 = no3 = np.full((1, 5), 0.01)
    r = nitrogen.month_rates(p, 4, nh4, no3, np.full((1, 5), 14.0), dz, P)
    have_nh4 = nh4 + (r["n_min"] * MONTH_SECONDS) / N_KG_PER_MOL
    have_nh4[:, 0] += p.column["dep_nh4"][:, 4] * MONTH_SECONDS
    used = (r["n_nit"] + r["n_up_nh4"]) * MONTH_SECONDS / N_KG_PER_MOL
    assert (used < have_nh4).all()
    have_no3 = no3 + r["n_nit"] * MONTH_SECONDS / N_KG_PER_MOL
    have_no3[:, 0] += p.column["dep_no3"][:, 4] * MONTH_SECONDS
    assert ((r["n_up_no3"] + r["n_den"]) * MONTH_SECONDS / N_KG_PER_MOL < have_no3).all()
    assert all((v >= 0).all() for v in r.values())
    assert float(r["weath"].sum()) * SECONDS_PER_YEAR == pytest.approx(P.weathering, rel=ROUND)


def test_respiration_by_hand_and_its_answer_to_nitrogen():
    air, rain = np.full((1, 12), 10.0), np.full((1, 12), 60.0)
    c = CarbonParameters()
    base = respiration.production(air, rain, np.array([100.0]), np.array([100.0]), c)
    by_hand = 1.250 * np.exp(0.05452 * 10) * 6 / (4.259 + 6) * 365e-3  # kg C m-2 yr-1
    assert respiration.annual_sum(base)[0] == pytest.approx(by_hand, rel=1e-9)
    less = respiration.production(air, rain, np.array([60.0]), np.array([100.0]), c)
    assert respiration.annual_sum(base)[0] - respiration.annual_sum(less)[0] == pytest.approx(20 * 40 / 1e4, rel=1e-9)

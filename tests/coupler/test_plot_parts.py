"""What a field plot is made of, against hand arithmetic: lime, exchanger, salts, worms, suspension, skill."""

from __future__ import annotations

import numpy as np
import pytest
from calcisol.coupler.land import bioturbation, exchanger, lime
from calcisol.coupler.land.nitrogen_forms import FORMS, SALTS, mixture, salts
from calcisol.coupler.library.model import Model
from calcisol.coupler.plot import skill, suspension
from calcisol.coupler.plot.site import Reading
from calcisol.emulator.chemistry.constants import EXCHANGE_LOG_K

CLASSES = {(0.15, 0.25): 0.80, (0.25, 0.85): 0.40}  # sieves in mm, share that rules of states count as reacted in a year
RULE = 0.1  # such rules are steps of a tenth or two


@pytest.fixture(scope="module")
def model():
    with Model() as opened:
        yield opened


@pytest.mark.parametrize(("sieves", "share"), CLASSES.items())
def test_grains_of_lime_go_as_fast_as_rules_say(sieves, share):
    coarse, fine = max(sieves), min(sieves)
    kind = lime.Kind(1.0, ((coarse, 1.0), (fine, 0.0)))
    heap = lime.Spread.of(kind, np.array([10.0]), np.array([1.0]))
    released = sum(heap.dissolve(lime.SECONDS_PER_YEAR / 12, np.zeros((1, 1))) for _ in range(12))
    assert released[0, 0] / 10.0 == pytest.approx(share, abs=RULE)
    assert released[0, 0] + 10.0 * heap.left()[0] == pytest.approx(10.0, rel=1e-12)


def test_grains_rest_in_saturated_water_and_powder_is_free_within_a_year():
    for name, kind in lime.KINDS.items():
        diameter, share = lime.grains(kind)
        assert share.sum() == pytest.approx(1.0) and (share > 0).all() and (np.diff(diameter) > 0).all(), name
    heap = lime.Spread.of(lime.KINDS["ground_limestone"], np.array([1.0]), np.array([1.0]))
    assert heap.dissolve(lime.SECONDS_PER_YEAR, np.ones((1, 1))) == 0.0
    powder = lime.Spread.of(lime.KINDS["burnt_lime"], np.array([1.0]), np.array([1.0]))
    powder.dissolve(lime.SECONDS_PER_YEAR, np.zeros((1, 1)))
    assert powder.left() == 0.0


def test_lime_that_arrives_by_hand():
    """6 t ha-1 of a material worth its weight in CaCO3, of which 5 arrive: 500 g m-2 of 100.0869 g mol-1."""
    assert lime.moles(lime.KINDS["calcium_carbonate"], 6.0) == pytest.approx(500.0 / 100.0869)


def test_sites_are_full_of_calcium_at_the_ph_of_the_capacity():
    """Protons hold a fiftieth of the sites at pH 7, in the salt of a sample (1 mM Ca): Gaines-Thomas by hand."""
    k_ca, calcium = 10.0 ** EXCHANGE_LOG_K["site_1"]["ca"], 0.82e-3

    def free(ph):
        """Share of a site that calcium holds: k Ca u2 + k_h h u = 1, nine tenths on the two sites that bind protons."""
        total = 0.0
        for weight, site in zip((0.1, 0.45, 0.45), EXCHANGE_LOG_K.values(), strict=True):
            b = 10.0 ** (site["h"] - ph)
            u = (-b + np.sqrt(b**2 + 4 * k_ca * calcium)) / (2 * k_ca * calcium)
            total += weight * k_ca * calcium * u * u
        return total

    assert free(7.0) == pytest.approx(0.98, abs=0.01) and free(8.2) > 0.99


def test_capacity_is_that_of_helling():
    by_hand = (0.44 * 7 + 3.0) * 10 + (5.1 * 7 - 5.9) * 1  # 10 % clay, 1 % carbon, pH 7: mmol_c kg-1
    assert exchanger.capacity(np.array(0.10), np.array(0.01)) == pytest.approx(1e-3 * by_hand)
    assert exchanger.capacity(np.array(0.0), np.array(0.0)) == exchanger.LEAST
    assert sum(exchanger.BASES.values()) == pytest.approx(1.0)


def test_salts_are_neutral_and_shares_add_up():
    charge = {"nh4": 1, "no3": -1, "so4": -2, "cl": -1, "ca": 2, "na": 1, "k": 1, "mg": 2}
    for name in (
        "ammonium_nitrate",
        "ammonium_sulphate",
        "ammonium_chloride",
        "ammonium_salts",
        "calcium_nitrate",
        "sodium_nitrate",
    ):
        assert sum(charge[ion] * n for ion, n in FORMS[name].items()) == 0, name
        assert FORMS[name].get("nh4", 0) + FORMS[name].get("no3", 0) == 1, name
    half = mixture({"urea": 0.5, "ammonium_nitrate": 0.5})
    assert half == {"nh4": 0.75, "no3": 0.25, "dic": 0.25} == mixture({"uan": 1.0})
    with pytest.raises(Exception, match=r"add up to 0\.9"):
        mixture({"urea": 0.5, "can": 0.4})
    with pytest.raises(Exception, match="nearest is 'urea'"):
        mixture({"ureas": 1.0})
    for name, ions in SALTS.items():
        assert sum(charge[ion] * n for ion, n in ions.items()) == pytest.approx(-62.38 if name == "sulphur" else 0.0), name
    assert salts({"gypsum": 172.17})["ca"] == pytest.approx(1000.0, rel=1e-3)


def test_worms_move_soil_and_lose_nothing():
    dz, density = np.array([0.1, 0.1, 0.2, 0.4]), np.array([1200.0, 1300.0, 1400.0, 1500.0])
    matrix = bioturbation.mixing(dz, dz * density, years=30.0)
    assert matrix.sum(0) == pytest.approx(np.ones(4))
    assert matrix @ (dz * density) == pytest.approx(dz * density)
    assert (matrix >= 0).all() and matrix[0, 1] > matrix[0, 2] > 0


def test_suspension_is_the_library_s_laboratory_at_its_ratio(model):
    """At 1:5 a sample reads bit by bit what the library reads of a column; less water reads a little lower."""
    columns = model.columns({"dz": [[0.2]], "bulk_density": [[1300.0]], "cec": [[0.15]], "cec_variable": [[0.9]], "ph0": [[5.5]]})
    columns.step(3600.0, {"w_liq": [[50.0]], "t_soil": [[283.0]], "q_bot": [1e-6]}, ())
    state = {k: v[0] for k, v in columns.state().items()}
    pools = {k: state[k] / 260.0 for k in suspension.POOLS}
    guess = {k: state[k] for k in suspension.GUESSES}
    water, cacl2 = (x[0, 0] for x in columns.laboratory_ph())
    found = suspension.read(model, pools, np.array([0.15]), np.array([0.9]), guess)
    assert (found[0][0], found[1][0]) == pytest.approx((water, cacl2), abs=1e-6)
    less = suspension.read(model, pools, np.array([0.15]), np.array([0.9]), guess, ratio=2.5)
    assert water - 0.15 < less[0][0] < water
    august, february = (
        suspension.read(model, pools, np.array([0.15]), np.array([0.9]), guess, ratio=2.5, salt=suspension.season(month, 52.0))
        for month in (7, 1)
    )
    assert less[0][0] - august[0][0] == pytest.approx(0.15, abs=0.06) == february[0][0] - less[0][0]
    assert august[1] == february[1] == less[1]  # 0.01 M CaCl2 hides it


def test_salt_of_a_sample_by_month():
    """10^(0.15 / 0.57) = 1.83 times the mean in August, as much less in February, the mean in May and November."""
    assert [suspension.season(m, 52.0) for m in (7, 1, 4, 10)] == pytest.approx([1.833, 1 / 1.833, 1.0, 1.0], rel=1e-3)
    assert suspension.season(1, -35.0) == pytest.approx(suspension.season(7, 52.0))


def test_skill_is_hand_arithmetic():
    readings = [
        Reading(n, y, 0.0, 0.23, "ph_h2o", v)
        for n, y, v in (("a", 1960, 5.0), ("a", 1970, 5.2), ("b", 1960, 6.0), ("b", 1970, 6.4))
    ]
    p = skill.Pairs(readings, np.array([5.0, 5.2, 6.0, 6.4]), np.array([5.1, 5.2, 6.0, 6.1]), np.array([5.1, 5.1, 6.0, 6.0]))
    found = skill.scores(p)["all"]
    assert (found.count, found.bias) == (4, pytest.approx(-0.05))
    assert found.rmse == pytest.approx(np.sqrt(0.1 / 4)) and found.start_stays == pytest.approx(np.sqrt(0.18 / 4))
    assert found.level_mean == pytest.approx(np.sqrt(0.1 / 4)) and found.skill == pytest.approx(0.0)
    assert found.verdict == "agrees" and np.isnan(found.noise)

"""Liming trials: what stands between the state and a laboratory's pH, against closed form and published relations."""

from __future__ import annotations

import numpy as np
import pytest
from calcisol.coupler.config import RunConfig
from calcisol.coupler.europe.load import load_domain
from calcisol.coupler.europe.monthly import Europe
from calcisol.coupler.evaluation import field_trials, liming, totals
from calcisol.coupler.land.parameters import SoilParameters
from calcisol.emulator.chemistry.constants import EXCHANGE_LOG_K

APPELO_ERROR = 0.15  # of the CEC: two proton sites are a coarse stand-in for a constant that slides with the share of H
PH = np.arange(4.0, 7.6, 0.1)
CALCIUM = 0.005  # activity of Ca, mol kg-1: 0.01 M CaCl2


def bases_share(ph: float, share: float) -> float:
    """Part of the CEC that holds Ca, sites of EXCHANGE_LOG_K with ``share`` on the variable ones, no aluminium."""
    total = 0.0
    k_ca = 10.0 ** EXCHANGE_LOG_K["site_1"]["ca"]
    for weight, site in zip((1.0 - share, share / 2, share / 2), EXCHANGE_LOG_K.values(), strict=True):
        proton = 10.0 ** (site["h"] - ph)
        u = (-proton + np.sqrt(proton**2 + 4 * k_ca * CALCIUM)) / (2 * k_ca * CALCIUM)  # Gaines-Thomas: k Ca u2 + k_h h u = 1
        total += weight * k_ca * CALCIUM * u * u
    return total


def appelo(ph: float) -> float:
    """The same for one site whose proton constant is 5.9 - 3.4 x its share of H."""
    k_ca = 10.0 ** EXCHANGE_LOG_K["site_1"]["ca"]
    low, high = 0.0, 1.0
    for _ in range(60):
        share = 0.5 * (low + high)
        u = np.sqrt((1.0 - share) / (k_ca * CALCIUM))
        low, high = (share, high) if 10.0 ** (5.9 - 3.4 * share - ph) * u > share else (low, share)
    return 1.0 - share


def misfit(share: float) -> float:
    return float(np.sqrt(np.mean([(bases_share(p, share) - appelo(p)) ** 2 for p in PH])))


def test_share_of_proton_sites_follows_appelo():
    """Appelo's exchanger is the oracle: the misfit falls with the share, and ours is within what two sites can do of it."""
    apart = [misfit(share) for share in np.arange(0.3, 1.01, 0.1)]
    assert apart == sorted(apart, reverse=True)
    ours = misfit(SoilParameters().cec_variable)
    assert ours < APPELO_ERROR
    assert apart[0] > 2 * ours  # 0.3 is the contract's default, for hosts that give none


def test_runs_hand_that_share_to_the_library():
    config = RunConfig(data="none", soil=SoilParameters(cec_variable=0.8))
    europe = Europe(load_domain(config).subset(slice(0, 3)), config)
    assert (europe.static()["cec_variable"] == 0.8).all()


def series(**given):
    years = np.arange(field_trials.FIRST, field_trials.LAST + 1)
    flat = {level: np.full(len(years), 6.0) for level in field_trials.LEVELS}
    means = {level: (np.array([1964, 1974]), np.array([0.05, 0.04])) for level in field_trials.LEVELS}
    ph = {level: (np.array([1964, 1974]), np.array([6.0, 6.4])) for level in field_trials.LEVELS}
    stock = dict.fromkeys(field_trials.LEVELS, 1000.0 - 400.0 * (years - field_trials.FIRST))
    held = {level: np.full(len(years), 0.05) for level in field_trials.LEVELS}
    lime = {level: {} for level in field_trials.LEVELS}
    known = {"baseline": 5.0, "measured": ph, "bases": means, "capacity": 0.1, "lime": lime, "ph": flat, "ph_lime": flat}
    return field_trials.Series(**{**known, "held": held, "stock": stock, **given})


def test_loss_and_bases_are_what_was_put_in():
    made = series()
    assert field_trials.loss(made) == pytest.approx(dict.fromkeys(field_trials.LEVELS, 400.0))
    assert liming.bases_error(made) == pytest.approx(np.sqrt(0.01**2 / 2) / 0.1)  # one year right, one off by a tenth of the CEC
    agrees = {v.what.split(":")[1].split(",")[0].strip(): v.agrees for v in liming.verdicts("Rothamsted", made)}
    assert list(agrees.values()) == ["yes", "yes", "yes"]
    lost = series(stock={k: v * 10 for k, v in made.stock.items()})
    assert [v.agrees for v in liming.verdicts("Rothamsted", lost)][2] == "no"
    assert totals.judge(400.0, *field_trials.SITES["Rothamsted"].loss) == "yes"


def test_bases_are_read_in_moles_of_charge(tmp_path):
    folder = tmp_path / "rothamsted" / field_trials.SITES["Rothamsted"].folder
    folder.mkdir(parents=True)
    head = "sample_year,soil_depth,lime_date,lime_factor_level,annual_lime,soil_pH,exch_ca,exch_k,exch_mg"
    rows = ["1964,0-18,*,H,*,7.4,2004.0,39.1,12.15", "1967,0-18,*,H,*,7.5,1002.0,39.1,12.15", "1968,0-18,*,H,*,7.6,*,*,*"]
    rows += ["baseline,0-18,*,*,*,5.0,*,*,*"]
    (folder / "soil_data.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
    made = field_trials.measured(tmp_path, field_trials.SITES["Rothamsted"])
    assert made.bases["H"][0].tolist() == [1964, 1967] and made.bases["H"][1] == pytest.approx([0.102, 0.052])
    assert made.capacity == pytest.approx(0.077)

"""Spin-up: laboratory pH hits the survey, and the accelerator ends where inputs equal losses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from calcisol.coupler.errors import ArgumentError
from calcisol.coupler.hosts.spinup import CATIONS, LABORATORY, accelerate, match_survey, survey_bases
from calcisol.coupler.land.exchanger import BASES, CHARGE
from calcisol.coupler.library.model import Model

REGRESSION_ERROR = 0.15  # of their line for a single soil; pure water would be 0.6 off
DZ = np.array([0.1, 0.2])
MONTH = 30 * 86400.0
# soils whose bases turn over in decades: 10 mmol_c kg-1, 600 mm of drainage a year
SAND = {"dz": DZ, "cec": 0.01, "ph0": np.array([[4.5, 4.5], [6.5, 6.5]])}
WEATHERED = np.array([3e-9, 6e-9])  # mol_c m-2 s-1
DEPOSITED = 3e-10  # mol Ca m-2 s-1
INPUT = DEPOSITED + 0.15 * WEATHERED.sum()  # mol Ca m-2 s-1; 0.15 mol per mol_c weathered (variables.toml)
# of the input: the accelerator stops at a drift of 1e-4 of the pool a cycle, which here is a few per cent of the flux
STEADY = 0.05


def forcing(ncol: int) -> dict[str, np.ndarray]:
    column = lambda x: np.full(ncol, x)  # noqa: E731
    return {
        "w_liq": np.tile(250.0 * DZ, (ncol, 1)),
        "t_soil": np.full((ncol, 2), 283.0),
        "q_bot": column(600.0 / 3.15e7),
        "co2_src_total": column(0.4 / 3.15e7),
        "weath": np.tile(WEATHERED, (ncol, 1)),
        "dep_ca": column(DEPOSITED),
        "dep_mg": column(2e-10),
        "dep_k": column(2e-10),
        "dep_na": column(5e-10),
        "dep_cl": column(6e-10),
        "dep_so4": column(4e-10),
        "dep_no3": column(8e-10),
    }


@pytest.fixture
def model(shipped: Path) -> Iterator[Model]:
    with Model(shipped, tile_columns=8) as opened:
        yield opened


def loss(soil, ncol: int) -> np.ndarray:
    """Calcium leached in the next step."""
    return soil.step(MONTH, forcing(ncol), outputs=["ca_leach"])["ca_leach"]


def test_accelerator_ends_where_inputs_equal_losses(model: Model) -> None:
    cycle = [(MONTH, forcing(2))]
    with model.columns(SAND) as soil:
        report = accelerate(soil, cycle, most_cycles=400)
        assert report.steady
        assert report.jumps > 0
        assert np.allclose(loss(soil, 2), INPUT, rtol=STEADY)
        ph = soil.state()["ph"]
        assert np.allclose(ph[0], ph[1], atol=0.05)  # two starts, one end
    with model.columns(SAND) as plain:
        for _ in range(report.cycles):
            plain.step(MONTH, forcing(2), outputs=())
        assert np.all(np.abs(loss(plain, 2) / INPUT - 1.0) > STEADY)  # without the jumps it is still under way


def test_an_empty_cycle_is_refused(model: Model) -> None:
    with model.columns(SAND) as soil, pytest.raises(ArgumentError, match="cycle"):
        accelerate(soil, [])


@pytest.mark.parametrize("kind", ["ph_h2o", "ph_cacl2"])
def test_laboratory_ph_of_the_first_state_is_the_survey(model: Model, kind: str) -> None:
    soil = {"dz": DZ, "caco3": np.array([[0.0, 0.0], [0.0, 0.1]])}
    survey = np.array([[4.6, 5.5], [6.2, 7.9]])
    ph0 = match_survey(model, soil, survey, forcing(2), kind)
    with model.columns({**soil, "ph0": ph0}) as columns:
        columns.step(60.0, forcing(2))
        laboratory = columns.laboratory_ph()[LABORATORY.index(kind)]
    without = np.array([[True, True], [True, False]])
    assert np.allclose(laboratory[without], survey[without], atol=0.01)  # the tolerance asked for
    assert ph0[1, 1] == survey[1, 1]  # calcite sets the pH there
    with pytest.raises(ArgumentError, match="ph_kcl"):
        match_survey(model, soil, survey, forcing(2), "ph_kcl")


def test_laboratory_ph_in_water_keeps_its_published_distance_to_cacl2(model: Model) -> None:
    """Conyers & Davey (1988, Soil Sci. 145, 29-36), soils without carbonate: pH(CaCl2) = 1.05 pH(water) - 0.9."""
    ph0 = np.repeat(np.linspace(5.3, 7.2, 6)[:, None], 2, axis=1)
    with model.columns({"dz": DZ, "ph0": ph0}) as columns:
        columns.step(60.0, forcing(6))
        water, cacl2 = columns.laboratory_ph()
    assert water.min() < 5.2 and water.max() > 6.9
    assert np.abs(water - (cacl2 + 0.9) / 1.05).max() < REGRESSION_ERROR


def test_bases_are_shared_out_and_their_charge_stays() -> None:
    """Without calcite Ca is what surveys find; laboratory pH moves by less than a tenth; calcareous layers stay."""
    soil = {"dz": DZ, "ph0": 5.5, "caco3": np.array([[0.0, 0.02]])}
    with Model() as model, model.columns(soil) as columns:
        columns.step(MONTH, forcing(1), outputs=())
        before, ph = columns.state(), columns.laboratory_ph()[0]
        survey_bases(columns)
        after = columns.state()
        charge = {name: CHARGE[name] * after[name][0, 0] for name in CATIONS}
        total = sum(CHARGE[name] * before[name][0, 0] for name in CATIONS)
        assert sum(charge.values()) == pytest.approx(total, rel=1e-12)
        assert {name: x / total for name, x in charge.items()} == pytest.approx(BASES)
        assert all(after[name][0, 1] == before[name][0, 1] for name in CATIONS)
        columns.step(60.0, forcing(1), outputs=())
        assert columns.laboratory_ph()[0] == pytest.approx(ph, abs=0.1)
        with pytest.raises(ArgumentError, match="add up to"):
            survey_bases(columns, {"ca": 0.9, "mg": 0.2, "k": 0.0, "na": 0.0})

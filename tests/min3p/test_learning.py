"""The learning member of a real run against hand arithmetic, and what the acceptance checks refuse."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from calcisol.emulator.min3p.acceptance import BALANCE_LIMIT, accept, proton_identity, residuals
from calcisol.emulator.min3p.learning import RunError, learning_member
from helpers.small_column import KG_N, small_column

EXTENT = 1e-6  # relative; extents are differences of numbers with 17 digits, rates in the deck have 10
MONTHS = 2  # intervals in the member: three months less the first, which is the start


def total(member: xr.Dataset, name: str) -> float:
    return float(member[name][1:].sum())


def test_sources_are_what_was_asked(member: xr.Dataset) -> None:
    assert total(member, "src_x-resp") == pytest.approx(700.0 / 12.011 / 12.0 * MONTHS, rel=EXTENT)
    assert total(member, "src_x-an") == pytest.approx(150.0 * KG_N / 2.0 / 12.0 * MONTHS, rel=EXTENT)
    assert total(member, "src_x-weath") == pytest.approx(0.025 / 12.0 * MONTHS, rel=EXTENT)
    surface = member["lsrc_x-an"][1:].sum("time")
    assert float(surface[0]) == pytest.approx(float(surface.sum()), rel=1e-12)  # all in the first layer
    # uptake follows demand while there is more nitrate than the half-saturation of 0.1 mmol/L
    assert 0.5 < total(member, "src_x-uno3") / (0.9 * 60.0 * KG_N / 12.0 * MONTHS) <= 1.0


def test_nitrogen_by_hand(member: xr.Dataset) -> None:
    """N in (fertiliser, rain) - N out (uptake, leaching) = change of ammonium and nitrate."""
    added = 2.0 * total(member, "src_x-an") + total(member, "flux_in_nh4+1") + total(member, "flux_in_no3-1")
    taken = total(member, "src_x-uno3") + total(member, "src_x-unh4")
    leached = total(member, "flux_out_nh4+1") + total(member, "flux_out_no3-1")
    pool = member["pool_nh4"].sum("layer") + member["pool_no3"].sum("layer")
    assert float(pool[-1] - pool[0]) == pytest.approx(added - taken - leached, abs=1e-6 * added)


def test_carbon_dioxide_by_hand(member: xr.Dataset) -> None:
    """CO2 efflux = respiration + dissolved calcite + rain - leached - change of dissolved and gaseous carbon."""
    pool = member["pool_dic"].sum("layer")
    expected = total(member, "src_x-resp") + total(member, "src_calcite") + total(member, "flux_in_co3-2")
    expected -= total(member, "flux_out_co3-2") + float(pool[-1] - pool[0])
    efflux = total(member, "flux_gasout_co3-2")
    assert efflux == pytest.approx(expected, rel=BALANCE_LIMIT)
    assert efflux > 0.9 * total(member, "src_x-resp")


def test_water_by_hand(member: xr.Dataset) -> None:
    assert total(member, "water_in") == pytest.approx(0.3 / 12.0 * MONTHS, rel=1e-6)
    faces = member["q_face"]
    np.testing.assert_allclose(faces[1:, -1], member["water_out"][1:], rtol=1e-9)  # the lowest face is the bottom
    change = (member["theta"].diff("time") * member["thickness"]).values
    above = np.concatenate([member["water_in"].values[1:, None], faces.values[1:, :-1]], axis=1)
    np.testing.assert_allclose(above - faces.values[1:], change, atol=1e-8)  # m; MIN3P's own water error


def test_calcite_pool_is_the_soil(member: xr.Dataset) -> None:
    start = 0.02 * 1400.0 * member["thickness"] / 100.0894e-3
    np.testing.assert_allclose(member["pool_calcite"][0], start, rtol=5e-3)  # a month old
    np.testing.assert_allclose(member["pool_calcite"].diff("time"), -member["lsrc_calcite"][1:], atol=1e-9)


def test_accepted(member: xr.Dataset) -> None:
    verdict = accept(member)
    assert verdict.ok, verdict.reasons
    assert all(abs(r) <= BALANCE_LIMIT * t for pool, (r, t) in residuals(member).items() if pool not in ("al", "h"))
    measured, table = proton_identity(member)
    assert measured == pytest.approx(table, rel=1e-3)
    assert abs(table) > 0.01  # the identity is about something


@pytest.mark.parametrize(
    ("name", "factor", "reason"),
    [
        ("flux_out_ca+2", 1.001, "balance_ca"),
        ("src_x-nitr", 1.001, "balance_nh4"),
        ("flux_out_no3-1", 0.999, "balance_no3"),
        ("flux_gasout_co3-2", 1.001, "balance_dic"),
        ("water_out", 1.001, "water"),
        ("phi_calcite", -1.0, "phi_calcite falls to"),
        ("pH", 2.0, "pH runs from"),
        ("p_co2(g)", 100.0, "pco2_max"),
        ("tot_na+1", np.nan, "tot_na\\+1 holds values that are not finite"),
    ],
)
def test_refused(member: xr.Dataset, name: str, factor: float, reason: str) -> None:
    member[name] = member[name] * factor
    verdict = accept(member)
    assert not verdict.ok
    assert any(np.char.startswith(r, reason.replace("\\", "")) for r in verdict.reasons), verdict.reasons


def test_wrong_protons_are_refused(member: xr.Dataset) -> None:
    """Nitrification that set free one proton instead of two would leave alkalinity behind."""
    for name in ("pool_na", "pool_h"):  # move base cations in, protons out: every single budget is spoilt, charge is not
        sign = 1.0 if name == "pool_na" else -1.0
        member[name] = member[name] + sign * 0.05 * member["time"] / member["time"][-1] / 3.0
    reasons = accept(member).reasons
    assert any(r.startswith("protons") for r in reasons)
    assert not any(r.startswith("charge") for r in reasons)


def test_missing_output(good: Path, tmp_path: Path) -> None:
    shutil.copytree(good, tmp_path / "run")
    (tmp_path / "run" / "soil_2.gsv").unlink()
    with pytest.raises(RunError, match=r"soil_2\.gsv is missing; the run stopped early"):
        learning_member(tmp_path / "run", small_column())

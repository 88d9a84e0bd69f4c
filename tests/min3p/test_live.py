"""With the user's MIN3P: a small run end to end, acid against calcite, and the acid soils that used to be lost."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from calcisol.emulator.min3p import acceptance, runner
from calcisol.emulator.min3p.column import Column
from calcisol.emulator.min3p.learning import learning_member
from calcisol.emulator.min3p.member import Task, run_member
from calcisol.emulator.min3p.sampling import draw
from calcisol.emulator.min3p.store import member_path
from calcisol.emulator.min3p.twins import build_twin, nitrogen_start
from calcisol.emulator.min3p.write_run import write_run
from helpers.small_column import small_column

TWIN_MEMBER = 5
SAME_PH = 2e-3  # MIN3P chooses its steps itself, and the decks differ in the digits of rate factors: 6e-4 seen

pytestmark = pytest.mark.usefixtures("min3p")


def simulate(folder: Path, column: Column) -> xr.Dataset:
    write_run(folder, column, runner.stock_database())
    result = runner.run(folder, runner.executable(), 300.0)
    assert result.status.ok, result.status.reason
    member = learning_member(folder, column)
    verdict = acceptance.accept(member)
    assert verdict.ok, verdict.reasons
    return member


def test_calcite_per_mole_of_acid(tmp_path: Path) -> None:
    """Nitrate leached beyond the run without fertiliser brought one proton each; 1/3 to 1/2 mol of calcite answers it."""
    years = slice(24, None)  # two years until the exchanger has followed
    dissolved, nitrate = [], []
    for nitrogen in (0.0, 200.0):
        column = small_column(months=72, nitrogen=nitrogen, uptake=0.0, caco3=0.1)
        member = simulate(tmp_path / f"n{nitrogen:.0f}", column)
        dissolved.append(float(member["src_calcite"][years].sum()))
        nitrate.append(float(member["flux_out_no3-1"][years].sum()))
    ratio = (dissolved[1] - dissolved[0]) / (nitrate[1] - nitrate[0])
    assert 0.33 < ratio < 0.50


def test_acid_ammonium_sulphate_runs(tmp_path: Path) -> None:
    """250 kg ammonium-sulphate N on 0.1 % calcite: pH falls below 5 onto the aluminium plateau, and the run lives."""
    member = simulate(tmp_path / "acid", small_column(months=180, nitrogen=250.0, form="as", caco3=0.001, drainage=0.4))
    assert 3.8 < float(member["pH"][-1, 0]) < 5.0
    exchanger = member["sorb_ca-x(na)"][-1, 0] + member["sorb_aloh-x(na)"][-1, 0]
    assert float(member["sorb_ca-x(na)"][-1, 0] / exchanger) > 0.05  # aluminium does not swallow the site
    assert float(member["lsrc_calcite"].sum("time")[0]) == pytest.approx(0.001 * 1400.0 * 0.25 / 100.0894e-3, rel=0.05)


def test_same_design_point_same_bits(tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        (tmp_path / name / "members").mkdir(parents=True)
        record = run_member(Task(tmp_path / name, 3, seed=1, years=2, wall_limit=120.0))
        assert record["state"] == "accepted", record["reason"]
        with xr.open_dataset(tmp_path / name / "members" / "m00003.nc", decode_times=False) as data:
            found.append(data.load())
    xr.testing.assert_equal(*found)
    assert not list((tmp_path / "a" / "scratch").iterdir())


def test_twin_without_nitrogen(tmp_path: Path) -> None:
    """The same column until the nitrogen starts; then less nitrate leaves and less calcite dissolves."""
    point = draw(1, 1, start=TWIN_MEMBER)[0]
    start = nitrogen_start(build_twin(point, 6), build_twin(point, 6, "no_nitrogen"))
    assert start == 24
    found = {}
    for twin in (None, "no_nitrogen"):
        folder = tmp_path / str(twin)
        (folder / "members").mkdir(parents=True)
        record = run_member(Task(folder, TWIN_MEMBER, seed=1, years=6, wall_limit=120.0, twin=twin))
        assert record["state"] == "accepted" and record["twin"] == twin, record["reason"]
        with xr.open_dataset(member_path(folder, TWIN_MEMBER), decode_times=False) as data:
            found[twin] = data.load()
    own, twin = found[None], found["no_nitrogen"]
    assert (own.attrs["twin"], twin.attrs["twin"]) == ("", "no_nitrogen")
    before = slice(0, start)  # months 1 to ``start``
    np.testing.assert_allclose(twin["pH"][before], own["pH"][before], atol=SAME_PH)
    assert float(abs(twin["pH"][-1] - own["pH"][-1]).max()) > 10.0 * SAME_PH
    after = slice(start, None)
    nitrate, calcite = (float((own[n][after] - twin[n][after]).sum()) for n in ("flux_out_no3-1", "src_calcite"))
    assert nitrate > 0.0 and calcite > 0.0


@pytest.mark.parametrize("celsius", [3.0, 15.0, 28.0])
def test_repaired_database_against_phreeqc(tmp_path: Path, celsius: float) -> None:
    """Pore water of a MIN3P column against PHREEQC with the same solutes, soil air and saturation: 0.03 pH and 3 % Ca."""
    PhreeqPython = pytest.importorskip("phreeqpython").PhreeqPython
    column = small_column(months=6)
    column = replace(column, temperature=np.full_like(column.temperature, celsius))
    member = simulate(tmp_path / "run", column).isel(time=-1)
    last = runner.find_log(tmp_path / "run")
    assert last is not None
    from calcisol.emulator.min3p.tables import read_table

    zone, rows = read_table(tmp_path / "run" / "soil_6.gss")
    saturation = rows[::-1, zone.names.index("calcite")]
    chemistry = PhreeqPython(database="phreeqc.dat")
    for layer in range(3):
        tot = {c: float(member[f"tot_{c}"][layer]) for c in ("mg+2", "k+1", "na+1", "nh4+1", "no3-1", "cl-1", "so4-2", "ca+2")}
        water = chemistry.add_solution({
            "temp": celsius, "units": "mol/l", "pH": "7.0 charge", "Mg": tot["mg+2"], "K": tot["k+1"], "Na": tot["na+1"],
            "N(5)": tot["no3-1"], "N(-3)": tot["nh4+1"], "Cl": tot["cl-1"], "S(6)": tot["so4-2"],
        })  # fmt: skip
        water.equalize(["Calcite", "CO2(g)"], [float(saturation[layer]), float(np.log10(member["p_co2(g)"][layer]))])
        assert float(member["pH"][layer]) == pytest.approx(water.pH, abs=0.03)
        assert tot["ca+2"] == pytest.approx(water.total("Ca", units="mol"), rel=0.03)


def test_environment_names_a_known_version(tmp_path: Path) -> None:
    assert Path(os.environ["MIN3P_EXE"]).is_file()
    member = simulate(tmp_path / "run", small_column(months=1 + 1))
    assert member.sizes["time"] == 2
    assert runner.status(tmp_path / "run").version.startswith(runner.KNOWN_VERSIONS)

"""Somebody else's archive as a learning file: budgets, extents, units, constants; other ways to write numbers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from calcisol.emulator.contract.errors import InputError
from calcisol.emulator.min3p.archive.inventory import describe
from calcisol.emulator.min3p.archive.learn import learn
from calcisol.emulator.min3p.archive.scan import one_run
from helpers.foreign_archive import mapped, silent

PRINTED = 2e-5
"""Share of the throughput: profiles print seven digits, and the column's calcite is their difference."""


# ------------------------------------------------------------------------------------------------ other ways to write numbers
def rewritten(runs: Path, change: Callable[[str], str], endings: tuple[str, ...]) -> None:
    """Rewrite the rows of all tables; decimal commas stand in the times of their headers, too."""
    for path in (p for e in endings for p in runs.rglob(f"*.{e}")):
        lines = path.read_text().splitlines()
        head = 2 if change is comma else 3
        path.write_bytes(("\n".join([*lines[:head], *map(change, lines[head:])]) + "\n").encode())


def comma(line: str) -> str:
    return line.replace(".", ",")


def letter_d(line: str) -> str:
    return line.replace("E", "D")


def no_letter(line: str) -> str:
    return line.replace("E-", "-").replace("E+", "+")


def carriage_return(line: str) -> str:
    return line + "\r"


@pytest.mark.parametrize("change", [comma, letter_d, no_letter, carriage_return])
def test_numbers_of_other_compilers_and_languages_are_the_same(
    change: Callable[[str], str], runs: Path, pristine: Path, proposal: str, tmp_path: Path
) -> None:
    rewritten(runs, change, ("gst", "gsm", "gsv", "mac", "mmc", "mvc"))
    mapping = mapped(tmp_path, proposal)
    learn(runs, mapping, tmp_path / "theirs.nc", silent)
    learn(pristine, mapping, tmp_path / "plain.nc", silent)
    with xr.open_dataset(tmp_path / "theirs.nc") as a, xr.open_dataset(tmp_path / "plain.nc") as b:
        assert set(a.data_vars) == set(b.data_vars)
        for name in a.data_vars:
            np.testing.assert_array_equal(a[name].values, b[name].values, err_msg=str(name))


# ------------------------------------------------------------------------------------------------ learning file
def test_budgets_close_and_the_file_says_what_is_in_it(pristine: Path, proposal: str, tmp_path: Path) -> None:
    summary = learn(pristine, mapped(tmp_path, proposal), tmp_path / "learning.nc", silent)
    assert len(summary.taken) == 3
    for row in summary.taken:
        assert max(abs(v) for v in (*row.closure.pools.values(), row.closure.water)) < PRINTED
    with xr.open_dataset(tmp_path / "learning.nc", decode_times=False) as made:
        np.testing.assert_allclose(np.diff(made.time), 182.5)
        assert made.sizes == {"member": 3, "layer": 4, "time": 16}
        rain = made["flux_in_cl-1"].values[:, 1:].sum(1)
        np.testing.assert_allclose(
            rain, 9e-5 * 1e3 * made["water_in"].values[:, 1:].sum(1), rtol=0.3
        )  # Cl closes the rain's charge
        # two mol of N a mole of ammonium nitrate; the deck says how much
        stated = describe(one_run(pristine / "lys_01", "lys")).setup
        assert stated is not None
        rate = stated.initial[0]["npk"].rate * 150.0 * 365.0 * 86400.0  # mol m-2 a-1 in 150 L of the first layer
        supplied = made["flux_in_nh4+1"].values[0, 1:].sum() - 2e-5 * 0.0
        assert supplied == pytest.approx(rate * 7.5, rel=0.05)  # half-years from the second on, and some rain
    lines = (tmp_path / "learning.closure.csv").read_text().splitlines()
    assert lines[0] == "run,taken,component,layer,what,value" and len(lines) > 3 * 9


def test_an_open_budget_is_refused_with_its_name(runs: Path, proposal: str, tmp_path: Path) -> None:
    """Twice the leached nitrate: as if a face had been left out of the balance."""
    path = runs / "lys_02" / "lys_7.mac"
    lines = path.read_text().splitlines()
    names = lines[1].split('"')[1::2]
    column = names.index("total mass outflux [mol/elapsed time]")
    for i in range(3, len(lines)):
        values = lines[i].split()
        values[column] = f"{2.0 * float(values[column]):.6E}"
        lines[i] = " ".join(values)
    path.write_text("\n".join(lines) + "\n")
    summary = learn(runs, mapped(tmp_path, proposal), tmp_path / "learning.nc", silent)
    refused = {row.name: row.reason for row in summary.rows if not row.taken}
    assert list(refused) == ["lys_02/lys"]
    assert refused["lys_02/lys"].startswith("the budget of no3 is open by")


def test_extents_from_the_budgets_of_the_components_alone(runs: Path, pristine: Path, proposal: str, tmp_path: Path) -> None:
    """Without .mmc what each reaction did follows from what the components gained: the same within the digits."""
    for path in runs.rglob("*.mmc"):
        path.unlink()
    mapping = mapped(tmp_path, proposal)
    learn(runs, mapping, tmp_path / "solved.nc", silent)
    learn(pristine, mapping, tmp_path / "known.nc", silent)
    with xr.open_dataset(tmp_path / "solved.nc") as a, xr.open_dataset(tmp_path / "known.nc") as b:
        for name in ("lsrc_x-resp", "lsrc_x-nitr", "lsrc_x-uno3"):
            known = b[name].values.sum((1, 2))
            np.testing.assert_allclose(a[name].values.sum((1, 2)), known, rtol=1e-3)


def test_an_unknown_unit_is_refused(runs: Path, proposal: str, tmp_path: Path) -> None:
    path = runs / "lys_02" / "lys_o.fls"
    path.write_text(path.read_text().replace("moles/l h2o", "mg/l       "))
    summary = learn(runs, mapped(tmp_path, proposal), tmp_path / "learning.nc", silent)
    assert {r.name: r.reason for r in summary.rows if not r.taken} == {
        "lys_02/lys": ".gst is in 'mg/l' by lys_o.fls; 'moles/l h2o' can be read"
    }


def swapped(run: Path) -> None:
    shutil.copy(run / "lys_3.gst", run / "lys_7.gst")


def negative(run: Path) -> None:
    edit(run / "lys_5.gst", 4, lambda words: [*words[:4], "-1.0E-002", *words[5:]])


def stars(run: Path) -> None:
    edit(run / "lys_5.gst", 4, lambda words: ["*" * 15] * len(words))


def factors(run: Path) -> None:
    path = run / "lys.dat"
    path.write_text(path.read_text().replace("0.0000 0.7 1.6", "zero 0.7 1.6", 1))


def edit(path: Path, number: int, change: Callable[[list[str]], list[str]]) -> None:
    """Change the words of a line."""
    lines = path.read_text().splitlines()
    lines[number] = " ".join(change(lines[number].split()))
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (swapped, "lys_7.gst is of 547.5 days; by the deck that is 1277.5"),
        (negative, "the dissolved total of mg+2 is -0.01 mol/L"), (stars, "no numbers"),
        (factors, "'intermittent reactions' of zone 'horizon 1' do not have 16 rows of 3 numbers"),
    ],
)  # fmt: skip
def test_what_only_reading_shows_is_refused(
    damage: Callable[[Path], None], words: str, runs: Path, proposal: str, tmp_path: Path
) -> None:
    damage(runs / "lys_02")
    summary = learn(runs, mapped(tmp_path, proposal), tmp_path / "learning.nc", silent)
    (row,) = [row for row in summary.rows if not row.taken]
    assert row.name == "lys_02/lys" and words in row.reason


def test_other_constants_are_refused_by_name(runs: Path, proposal: str, tmp_path: Path) -> None:
    path = runs / "lys_02" / "lys_o.dbs"
    path.write_text(path.read_text().replace("18.1600", "18.1400"))
    summary = learn(runs, mapped(tmp_path, proposal), tmp_path / "learning.nc", silent)
    (reason,) = [row.reason for row in summary.rows if not row.taken]
    assert "its constants are others than the first run's: log K co2_solubility" in reason


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("'sorbed species of ion-exchange'", "'define sorption type of ion-exchange'\n'gapon'\n'sorbed species of ion-exchange'",
         "exchange law 'gapon'"),
        ("'components'", "'use pitzer model'\n'components'", "pitzer activity law"),
    ],
)  # fmt: skip
def test_a_law_the_step_does_not_have_is_refused_by_name(
    old: str, new: str, words: str, runs: Path, proposal: str, tmp_path: Path
) -> None:
    for path in runs.rglob("lys.dat"):
        path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=words):
        learn(runs, mapped(tmp_path, proposal), tmp_path / "learning.nc", silent)
    assert not list(tmp_path.glob("learning*"))


def test_snapshots_alone_are_taken_with_what_their_spacing_leaves(
    runs: Path, pristine: Path, proposal: str, tmp_path: Path
) -> None:
    """States, water and rates at the outputs: fluxes within some per cent of what the budgets say, and told as such."""
    for path in (p for e in ("mac", "mmc") for p in runs.rglob(f"*.{e}")):
        path.unlink()
    assert "uncertainty" in describe(one_run(runs / "lys_01", "lys")).teaches
    mapping = mapped(tmp_path, proposal)
    summary = learn(runs, mapping, tmp_path / "snapshots.nc", silent)
    assert len(summary.taken) == 3
    assert any("no budgets (.mac)" in note for row in summary.taken for note in row.notes)
    learn(pristine, mapping, tmp_path / "known.nc", silent)
    with xr.open_dataset(tmp_path / "snapshots.nc") as a, xr.open_dataset(tmp_path / "known.nc") as b:
        for name, within in {"lsrc_x-resp": 1e-3, "flux_out_ca+2": 0.1, "flux_in_cl-1": 0.05, "flux_gasout_co3-2": 0.01}.items():
            known = b[name].values[:, 1:].reshape(3, -1).sum(1)
            np.testing.assert_allclose(a[name].values[:, 1:].reshape(3, -1).sum(1), known, rtol=within, err_msg=name)


def test_without_water_there_is_nothing_to_learn(runs: Path, proposal: str, tmp_path: Path) -> None:
    for path in (p for e in ("mac", "mmc", "mvc") for p in runs.rglob(f"*.{e}")):
        path.unlink()
    with pytest.raises(InputError, match=r"neither \.mvc nor \.vel was written"):
        learn(runs, mapped(tmp_path, proposal), tmp_path / "learning.nc", silent)

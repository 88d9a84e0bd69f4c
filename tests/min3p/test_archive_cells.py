"""A run that prints its cells at every step instead of profiles gives the same learning member."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from calcisol.emulator.min3p.archive import member
from calcisol.emulator.min3p.archive.inventory import describe
from calcisol.emulator.min3p.archive.learn import learn
from calcisol.emulator.min3p.archive.outputs import fast_table
from calcisol.emulator.min3p.archive.scan import one_run
from helpers.foreign_archive import mapped, silent

FAMILIES = ("gst", "gsm", "gsg", "gsv", "gsb", "gsp", "gsd")


def as_cells(run: Path) -> None:
    """Rewrite profiles as tables of cells; exchangeable ions with the last zone's site fractions, as MIN3P does."""
    setup = describe(one_run(run, "lys")).setup
    assert setup is not None
    for family in FAMILIES:
        tables = [fast_table(run / f"lys_{i}.{family}") for i in range(17)]
        names = tables[0][0]
        for cell in range(4):  # from the bottom up
            rows = np.stack([rows[cell, 3:] for _, rows in tables])
            if family == "gsb":
                own, last = setup.fractions[3 - cell], setup.fractions[-1]
                sites = [0 if "-clay(" in n else 1 for n in names[3:]]
                rows *= np.array([last[s] / own[s] for s in sites])
            place = "".join(f", {axis} = {tables[0][1][cell, k]:15.6E}" for k, axis in enumerate("xyz"))
            head = 'title = "dataset lys"\nvariables = "time", ' + ", ".join(f'"{n}"' for n in names[3:])
            lines = [" ".join(f"{v:.17E}" for v in (0.5 * i, *row)) for i, row in enumerate(rows)]
            target = run / f"lys_{cell + 1}.gb{family[2:]}"
            target.write_text("\n".join([head, f'zone t = "volume = {cell + 1}{place}", f=point', *lines]) + "\n")
        for i in range(1, 17):
            (run / f"lys_{i}.{family}").unlink()


def test_cells_at_every_step_are_profiles(runs: Path, pristine: Path, proposal: str, tmp_path: Path) -> None:
    for run in runs.iterdir():
        as_cells(run)
    found = describe(one_run(runs / "lys_01", "lys"))
    assert found.by_cell and found.learnable
    every = proposal.replace("[learn]", "[learn]\nevery = 182.5")
    summary = learn(runs, mapped(tmp_path, every), tmp_path / "cells.nc", silent)
    assert len(summary.taken) == 3
    assert any("site fractions of the last zone" in note for row in summary.taken for note in row.notes)
    learn(pristine, mapped(tmp_path, proposal), tmp_path / "profiles.nc", silent)
    with xr.open_dataset(tmp_path / "cells.nc") as a, xr.open_dataset(tmp_path / "profiles.nc") as b:
        assert set(a.data_vars) == set(b.data_vars)
        for name in a.data_vars:
            if a[name].dtype.kind == "f":
                np.testing.assert_allclose(a[name].values, b[name].values, rtol=1e-5, atol=1e-12, err_msg=str(name))


def test_intervals_that_no_step_ends_are_told(runs: Path, proposal: str, tmp_path: Path) -> None:
    for run in runs.iterdir():
        as_cells(run)
    every = proposal.replace("[learn]", "[learn]\nevery = 100.0")
    with pytest.raises(ValueError, match="no step that ends at 100 days; choose `every`"):
        learn(runs, mapped(tmp_path, every), tmp_path / "cells.nc", silent)


def test_sites_of_variable_charge_that_differ_are_told() -> None:
    ranks = ["permanent", "variable", "second variable"]
    uneven = SimpleNamespace(setup=SimpleNamespace(fractions=np.array([[0.4, 0.5, 0.1]])), notes=[])
    member._tell_uneven(uneven, ranks)
    assert uneven.notes == ["the sites of variable charge hold 0.5 and 0.1 of the capacity; the step halves their sum"]
    even = SimpleNamespace(setup=SimpleNamespace(fractions=np.array([[0.4, 0.3, 0.3]])), notes=[])
    member._tell_uneven(even, ranks)
    assert even.notes == []

"""Shares and consequences in a proposed map; archives that nothing can be learned from, told by keyword, mineral and species."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from calcisol.coupler.cli import main
from calcisol.emulator.contract.errors import InputError
from calcisol.emulator.min3p.archive.budget_ends import charge_of, read_ends
from calcisol.emulator.min3p.archive.inventory import constants_of, describe
from calcisol.emulator.min3p.archive.proposal import consequence, propose
from calcisol.emulator.min3p.archive.scan import one_run
from calcisol.emulator.min3p.tables import iter_zones

COLUMN = "total contribution [mol/elapsed time]"
PRINTED = 1e-5
"""Relative: budgets are printed with seven digits, and the shares are sums of ten of them."""


def test_charges_by_name() -> None:
    names = ("fe+3", "so4-2", "cr(oh)2+", "k+1", "hs-1", "h4sio4", "o2(aq)", "cis-1,2-dce", "h+1", "co3-2")
    assert [charge_of(name) for name in names] == [3, 2, 1, 1, 1, 0, 0, 0, 0, 0]


def last(path: Path) -> dict[str, float]:
    """Last row of a table by column."""
    zones = list(iter_zones(path))
    return dict(zip(zones[-1][0].names, np.asarray(zones[-1][1])[-1], strict=True))


def test_shares_are_of_what_entered_left_and_reacted(pristine: Path) -> None:
    """By hand from the tables of one run; whatever stays inside the column (soil air, exchanger, storage) is not counted."""
    folder = pristine / "lys_01"
    run = describe(one_run(folder, "lys"))
    database = constants_of(run)
    assert run.setup is not None and database is not None
    ends = read_ends(run, database)
    assert ends is not None
    carbon = last(folder / f"lys_{run.setup.components.index('co3-2') + 1}.mac")
    through = ("mass influx", "mass outflux", "mass influx (gas phase)", "mass outflux (gas phase)", "mass loss - degassing")
    amounts = {
        name: last(folder / f"lys_{i}.mmc")[COLUMN] * database.minerals[name].releases.get("co3-2", 0)
        for i, name in enumerate(run.setup.minerals, 1)
    }
    moved = sum(abs(carbon[f"total {name} [mol/elapsed time]"]) for name in through) + sum(map(abs, amounts.values()))
    share = ends.share("root-co2", database.minerals["root-co2"].releases, "co3-2")
    assert share == pytest.approx(abs(amounts["root-co2"]) / moved, rel=PRINTED)
    assert sum(abs(a) for a in amounts.values()) / moved < 1.0


@pytest.mark.parametrize(
    ("name", "releases", "words"),
    [
        ("albite", {"na+1": 1, "al+3": 1, "h4sio4": 3, "h+1": -4}, "what it gives or takes of na and aluminium is missing"),
        ("k-feldspar", {"k+1": 1, "al+3": 1}, "what it gives or takes of k and aluminium"),
        ("pyrolusite", {"mn+2": 1}, "manganese"), ("pyrite", {"fe+2": 1}, "iron"), ("gypsum", {"ca+2": 1, "so4-2": 1}, "gypsum"),
        ("c6h6-no3", {"no3-1": -6, "co3-2": 6, "h+1": 6}, "what it gives or takes of no3 and dic"), ("tce", {}, "nothing of it"),
    ],
)  # fmt: skip
def test_what_follows_from_leaving_out(name: str, releases: dict[str, float], words: str) -> None:
    assert words in consequence(name, releases)


def spoiled(pristine: Path, target: Path, old: str, new: str) -> Path:
    """A copy of one run with a changed deck; returns the folder of the archive."""
    shutil.copytree(pristine / "lys_01", target / "lys_01")
    deck = target / "lys_01" / "lys.dat"
    assert old in deck.read_text()
    deck.write_text(deck.read_text().replace(old, new))
    return target


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("'ca-clay(na)'", "'ca-clay(na)v'", "exchange species 'ca-clay(na)v': of the Vanselow convention"),
        ("'ca-clay(na)'", "'ca-clay(k)'", "exchange species 'ca-clay(k)': stated against k"),
        ("'ca-clay(na)'", "'=feoh2+(s)'", "exchange species '=feoh2+(s)': surface complexes"),
        ("'components'", "'use sit model'\n'components'", "the decks use the sit activity law"),
        ("'co3-2'", "'hco3-1'", "no component co3-2"),
    ],
)  # fmt: skip
def test_why_nothing_can_be_learned_stands_in_inventory_map_and_refusal(
    old: str, new: str, words: str, pristine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, map_file = spoiled(pristine, tmp_path / "runs", old, new), tmp_path / "map.toml"
    assert main(["archive", str(runs), "--propose", str(map_file)]) == 0
    told = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert words in told and "none of the runs can be learned from" in told and "calcisol learn" not in told
    assert words in map_file.read_text()
    assert main(["learn", str(runs), "--map", str(map_file), "--out", str(tmp_path / "learning.nc")]) == 2
    refusal = capsys.readouterr().err
    assert words in refusal and refusal.count("\n") == 1 and "1 run:" in refusal
    assert not list(tmp_path.glob("learning*"))


def test_an_archive_without_constants_has_no_map(pristine: Path, tmp_path: Path) -> None:
    shutil.copytree(pristine / "lys_01", tmp_path / "lys_01")
    (tmp_path / "lys_01" / "lys_o.dbs").unlink()
    with pytest.raises(InputError, match="has a deck and its constants"):
        propose([describe(one_run(tmp_path / "lys_01", "lys"))], str(tmp_path))

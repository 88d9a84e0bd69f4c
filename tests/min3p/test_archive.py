"""Somebody else's archive: what the inventory says of it, whole and damaged, and the map that is proposed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.cli import main
from calcisol.emulator.contract.errors import InputError
from calcisol.emulator.min3p.archive.inventory import Run, describe, inventory
from calcisol.emulator.min3p.archive.learn import learn
from calcisol.emulator.min3p.archive.scan import one_run, scan
from calcisol.emulator.min3p.archive.show import Inventory
from helpers.foreign_archive import mapped, silent


# ------------------------------------------------------------------------------------------------ inventory
def test_what_a_run_is(pristine: Path) -> None:
    run = describe(one_run(pristine / "lys_01", "lys"))
    assert (run.state, run.version, run.layers, run.learnable) == ("whole", "2.6.2.880", 4, True)
    assert run.setup is not None
    np.testing.assert_allclose(run.setup.thickness, [0.15, 0.20, 0.30, 0.35])
    np.testing.assert_allclose(run.setup.fractions.sum(1), 1.0, atol=1e-5)
    assert run.setup.sites == ["-clay", "-humus"]
    assert run.setup.minerals == ["calcite", "root-co2", "npk", "nitrify", "crop-no3"]
    assert run.times == (0.0, 8 * 365.0, 17)  # the deck counts in years, MIN3P's have 365 days
    assert run.spacing == pytest.approx((182.5, 182.5))
    assert run.database.endswith("lys_o.dbs")
    assert "exact extents" in run.teaches
    assert {".bcvs" in d or "intermittent" in d for d in run.setup.drives} == {True}


def test_the_page_is_one_kind(pristine: Path) -> None:
    text = "\n".join(Inventory(pristine).lines())
    assert "3 runs below" in text and "3 whole" in text and "3 can be learned from" in text
    assert text.count("kind ") == 1
    assert "4 of 0.15 to 0.35 m" in text and "every 182.5 days" in text


def cut_profile(runs: Path) -> None:
    path = runs / "lys_02" / "lys_9.gst"
    path.write_text(path.read_text()[:-150])


def lost_profile(runs: Path) -> None:
    (runs / "lys_02" / "lys_9.gst").unlink()


def cut_budget(runs: Path) -> None:
    path = runs / "lys_02" / "lys_1.mac"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:8]))


def stopped(runs: Path) -> None:
    path = runs / "lys_02" / "lys.log"
    path.write_text(path.read_text().replace("normal exit", "timestep: 99"))


def failed(runs: Path) -> None:
    path = runs / "lys_02" / "lys.log"
    path.write_text(path.read_text().replace("normal exit", "SIMULATION TERMINATED"))


def no_deck(runs: Path) -> None:
    (runs / "lys_02" / "lys.dat").unlink()


def no_constants(runs: Path) -> None:
    (runs / "lys_02" / "lys_o.dbs").unlink()


def a_copy(runs: Path) -> None:
    shutil.rmtree(runs / "lys_02")
    shutil.copytree(runs / "lys_01", runs / "lys_02")


def no_water(runs: Path) -> None:
    for path in (runs / "lys_02").glob("*.gsp"):
        path.unlink()


def another_deck(runs: Path) -> None:
    path = runs / "lys_02" / "lys.dat"
    path.write_text(path.read_text().replace("4\n1\n0.0000 0.3500\n", "3\n", 1))


def empty_profiles(runs: Path) -> None:
    for path in (runs / "lys_02").glob("*.gs?"):
        path.write_text("")


def deck_of(old: str, new: str) -> Callable[[Path], None]:
    """Damage to the deck of the second run."""

    def damage(runs: Path) -> None:
        path = runs / "lys_02" / "lys.dat"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    damage.__name__ = new.strip("'\n")[:20]
    return damage


DAMAGE: dict[Callable[[Path], None], str] = {
    cut_profile: "lys_9.gst is shorter than its sisters", lost_profile: "profiles 9 are missing",
    cut_budget: "the budget .mac does not reach the end", stopped: "the log stops", failed: "SIMULATION TERMINATED",
    no_deck: "there is no deck", no_constants: "its constants are unknown", a_copy: "the same as lys_01/lys",
    no_water: "no .gsp (water)", another_deck: "deck and outputs are of different runs",
    empty_profiles: "lys_0.gsb is shorter than its sisters",
    deck_of("4\n1\n0.0000 0.3500", "4\n1000000000\n0.0000 0.3500"): "'spatial discretization' has 1000000003 cells",
    deck_of("4\n1\n0.0000 0.3500", "4\n1e400\n0.0000 0.3500"): "its deck cannot be read",
    deck_of("'years'", "'fortnights'"): "the end of the run, 8 in 'fortnights', is no time",
    deck_of("'sorption parameter input of ion-exchange'", "'sorption'"): "no exchange capacity or bulk density",
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda f: f.__name__)
def test_a_damaged_run_is_told_and_not_learned(damage: Callable[[Path], None], runs: Path, proposal: str, tmp_path: Path) -> None:
    damage(runs)
    found = {run.name: run for run in inventory(runs)}
    assert not found["lys_02/lys"].learnable
    assert DAMAGE[damage] in re.sub(r"\s+", " ", "\n".join(Inventory(runs).lines()))
    summary = learn(runs, mapped(tmp_path, proposal), tmp_path / "learning.nc", silent)
    assert [row.name for row in summary.taken] == ["lys_01/lys", "lys_03/lys"]
    with xr.open_dataset(tmp_path / "learning.nc") as made:
        assert "lys_02/lys" in json.loads(made.attrs["refused"])
        assert made.sizes["member"] == 2


def capitals(run: Path) -> None:
    for path in list(run.iterdir()):
        path.rename(path.with_name(path.name.upper()))


def link_to_nothing(run: Path) -> None:
    (run / "lys_99.gst").symlink_to("nowhere")


def link_upwards(run: Path) -> None:
    (run / "up").symlink_to("..")


def line_end_in_its_name(run: Path) -> None:
    run.rename(run.with_name("lys\n02"))


def name_that_is_no_text(run: Path) -> None:
    os.rename(run, os.fsencode(run)[:-2] + b"\xff")


@pytest.mark.parametrize("change", [capitals, link_to_nothing, link_upwards, line_end_in_its_name, name_that_is_no_text])
def test_odd_names_and_links_cost_no_run(change: Callable[[Path], None], runs: Path, proposal: str, tmp_path: Path) -> None:
    """As archives come from other systems and discs."""
    change(runs / "lys_02")
    text = "\n".join(Inventory(runs).lines())
    assert "3 runs below" in text and "3 can be learned from" in text
    text.encode("utf-8")
    assert len(learn(runs, mapped(tmp_path, proposal), tmp_path / "learning.nc", silent).taken) == 3


def test_names_alone_do_not_make_a_run(tmp_path: Path) -> None:
    (tmp_path / "notes.dat").write_text("see the wiki\n")
    assert list(scan(tmp_path)) == []
    assert "holds no MIN3P run" in Inventory(tmp_path).lines()[0]
    with pytest.raises(InputError, match="is no folder"):
        list(scan(tmp_path / "nowhere"))


# ------------------------------------------------------------------------------------------------ map
def test_the_proposal_is_in_words_of_the_field(proposal: str, tmp_path: Path) -> None:
    mapping = mapped(tmp_path, proposal)
    assert mapping.sources == {
        "root-co2": "respiration", "npk": "surface", "nitrify": "nitrification", "crop-no3": "nitrate uptake",
    }  # fmt: skip
    assert mapping.sites == {"clay": "permanent", "humus": "variable"}
    assert mapping.calcite == ["calcite"]
    assert mapping.pools["co3-2"] == "dic" and mapping.pools["h+1"] == "charge balance"
    assert "of the calcium" in proposal


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"humus" = "variable"', '"humus" = "varible"', "'varible' is unknown.*did you mean 'variable'"),
        ('"humus" = "variable"', '"humus" = "permanent"', "'humus' and 'clay' are both 'permanent'"),
        ('"ca+2"  = "ca"', '"ca+2"  = "calcium"', "'calcium' is unknown"),
        ("[learn]", "[lern]", "part 'lern' is unknown; known are .*learn"),
        ("largest_residual = 0.005", 'largest_residual = "small"', "largest_residual = 'small' must be a number"),
        ('"npk"      = "surface"', '"npc"      = "surface"', "says nothing of 'npk'"),
        ('"calcite" = "calcite"', '"calcite" = "left out"', "maps no mineral to calcite"),
        ("format =", "formt =", "does not open with format"),
        ("largest_residual = 0.005", "largest_residual = 2", "largest_residual = 2 is no share"),
        ("largest_residual = 0.005", "largest_residual = nan", "largest_residual = nan is no share"),
        ("largest_residual = 0.005", "every = -3", "every = -3 is no interval"),
        ("largest_residual = 0.005", "every = true", "every = True must be a number"),
        ("largest_residual = 0.005", 'units = "SI"', "units = 'SI' is unknown"),
        ('"root-co2" = "respiration"', '"root-co2" = "nitrification"', r"'root-co2' cannot be 'nitrification'.*moves \+1 dic"),
        ('"npk"      = "surface"', '"npk"      = "weathering"', r"'npk' cannot be 'weathering'.*\+1 nh4, \+1 no3"),
        ('"npk"      = "surface"', '"npk"      = "left out"', r"leaves out \(npk\) moves 4.*% of the nh4"),
        ('= "no3"', '= "left out"', "'nitrify' cannot be 'nitrification'.*moves -1 nh4"),
        ('= "dic"', '= ["dic"]', "is unknown"),
        ('"ca+2"', "ca+2", "cannot be read .*stand in quotes"),
    ],
)
def test_a_wrong_map_is_one_sentence(old: str, new: str, words: str, proposal: str, pristine: Path, tmp_path: Path) -> None:
    assert old in proposal
    with pytest.raises(InputError, match=words) as caught:
        learn(pristine, mapped(tmp_path, proposal.replace(old, new)), tmp_path / "learning.nc", silent)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("learning*"))


def test_a_learning_file_is_no_folder_and_not_the_map(runs: Path, proposal: str, tmp_path: Path) -> None:
    mapping = mapped(tmp_path, proposal)
    with pytest.raises(InputError, match="is a folder"):
        learn(runs, mapping, tmp_path, silent)
    with pytest.raises(InputError, match="is the map"):
        learn(runs, mapping, Path(mapping.path), silent)
    assert Path(mapping.path).read_text() == proposal


def test_the_commands(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    map_file, target = tmp_path / "map.toml", tmp_path / "learning.nc"
    assert main(["archive", str(runs), "--propose", str(map_file)]) == 0
    assert "3 can be learned from" in capsys.readouterr().out
    assert main(["archive", str(runs), "--propose", str(map_file)]) == 2
    assert "may have been edited" in capsys.readouterr().err
    assert main(["learn", str(runs), "--map", str(map_file), "--out", str(target)]) == 0
    told = capsys.readouterr().out
    assert "3 of 3 runs are in" in told and "no3" in told
    assert "CaCO3 lost" in (tmp_path / "learning.card.md").read_text()


def test_the_inventory_and_the_map_need_no_torch() -> None:
    program = "import sys; from calcisol.emulator.min3p.archive import proposal, show; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_run_without_exchanger_or_air_says_why(pristine: Path, tmp_path: Path) -> None:
    run = tmp_path / "plume"
    shutil.copytree(pristine / "lys_01", run)
    deck = (run / "lys.dat").read_text().replace("'gases'\n1\n'co2(g)'\n", "").replace("'sorbed species of ion-exchange'", "'x'")
    (run / "lys.dat").write_text(deck)
    found: Run = describe(one_run(run, "lys"))
    assert found.why_not == ["no gas co2(g): CO2 cannot leave the soil", "no cation exchanger"]

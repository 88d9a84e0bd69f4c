"""The closure: what it is asked for by fine runs, and that it learns it."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from calcisol.coupler.evaluation.daily_grid import Grid
from calcisol.coupler.fine_runs.grouped import grouped, layerings, write
from calcisol.coupler.fine_runs.run import FineRun, fine_run
from calcisol.coupler.fine_runs.soils import CELLS
from calcisol.coupler.library.model import Model
from calcisol.coupler.units import N_KG_PER_MOL, SECONDS_PER_DAY
from calcisol.emulator.commands import physical_bundle
from calcisol.emulator.contract.bundle import default_bundle, read_contract
from calcisol.emulator.contract.errors import InputError
from calcisol.emulator.contract.variables import load_table
from calcisol.emulator.step.chosen import chosen_step
from calcisol.emulator.step.correction import FACTORS
from calcisol.emulator.training.closure import Closure, ClosureConfig
from calcisol.emulator.training.closure_bundle import write_closure
from calcisol.emulator.training.closure_fluxes import IONS, fluxes
from calcisol.emulator.training.closure_loss import flux_loss
from calcisol.emulator.training.closure_sets import CoarseSet, read_sets

COLUMNS, YEARS, FIRST, STEPS = 6, 2, 364, 26
SLOTS = load_table().names("state")


@pytest.fixture(scope="module")
def run() -> FineRun:
    """Two years of six drawn columns."""
    return fine_run(physical_bundle(default_bundle()), 4, COLUMNS, YEARS)


def coarse(run: FineRun, layers: int, days: int) -> CoarseSet:
    """Of a run, half a year by weeks or 26 days."""
    arrays = grouped(run, Grid.of(CELLS, layers), FIRST, days, STEPS)
    dt = arrays.pop("dt")
    return CoarseSet(**{name: torch.as_tensor(a) for name, a in arrays.items()}, dt=dt)


def physical() -> torch.nn.Module:
    """B0 with the chemistry of the default bundle."""
    return chosen_step(None, read_contract(default_bundle())["parameters"])


def test_a_fine_run_closes_its_nitrate(run: FineRun) -> None:
    """What the columns hold at the end is what came, less what roots took and what was leached."""
    held = run.state[:, SLOTS.index("no3")].sum(1)
    over = slice(1, None)
    came = run.deposited["no3"][over].sum(0) * SECONDS_PER_DAY
    made = (run.layered["n_nit"] - run.layered["n_up_no3"])[over].sum((0, 1)) * SECONDS_PER_DAY / N_KG_PER_MOL
    np.testing.assert_allclose(held[-1] - held[0], came + made - run.leached[over, 2].sum(0), rtol=1e-6, atol=1e-9)


def test_groups_keep_amounts(run: FineRun) -> None:
    """Pools, water and sources of a column are the same on any layers; leaching is the same over any steps."""
    thick, thin = coarse(run, 4, 7), coarse(run, 19, 7)
    for name in ("calcite", "ca", "dic", "water"):
        slot = SLOTS.index(name)
        torch.testing.assert_close(thick.state[:, slot].sum(1), thin.state[:, slot].sum(1), rtol=1e-12, atol=0)
    daily = coarse(run, 4, 1)
    torch.testing.assert_close(thick.leached[:3].sum(0), daily.leached[:21].sum(0), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(("layers", "days"), [(4, 7), (19, 1)])
def test_fluxes_follow_from_budgets(run: FineRun, layers: int, days: int) -> None:
    """What crosses the bottom by the budget of all layers above is what the run says it leached; no ion is made or lost."""
    data = coarse(run, layers, days)
    with torch.no_grad():
        for n in (0, 10, 20):
            flux = fluxes(physical(), data, n)
            for ion, row in (("ca", 0), ("no3", 2)):
                true = flux.true[IONS.index(ion), -1]
                torch.testing.assert_close(true, data.leached[n, row], rtol=1e-5, atol=2e-6)


def test_where_layers_are_the_reference_nothing_is_asked_for(run: FineRun) -> None:
    """On the cells of the fine run by the day the coarse formula makes the true fluxes: factors of 1."""
    thin, thick = coarse(run, 19, 1), coarse(run, 4, 7)

    def misfit(data: CoarseSet) -> float:
        with torch.no_grad():
            found = [fluxes(physical(), data, n) for n in range(0, STEPS, 5)]
        made = torch.stack([f.advected + f.dispersed for f in found])
        true = torch.stack([f.true for f in found])
        ions = [IONS.index(i) for i in ("ca", "no3", "cl", "na")]
        scale = true[:, ions].abs().mean(0) + 1e-6
        return float(((made - true)[:, ions].abs().mean(0) / scale).median())

    assert misfit(thin) < 0.02
    assert misfit(thick) > 5.0 * misfit(thin)


def test_the_loss_is_least_at_the_factors_that_are_asked_for() -> None:
    """By hand: an advected flux that must be halved, a gas that must double; no flux asks for a rate of calcite."""
    n, ions = 50, len(IONS)
    rows = torch.cat([
        2.0 * torch.ones(ions, n), 0.5 * torch.ones(ions, n), 1.5 * torch.ones(ions, n),  # 2 m + 0.5 = 1.5
        torch.ones(1, n), 2.0 * torch.ones(1, n), torch.ones(ions + 1, n),  # 1 m = 2
    ])  # fmt: skip
    asked = torch.zeros(len(FACTORS), n)
    asked[1], asked[2:] = np.log(2.0), np.log(0.5)
    assert float(flux_loss(asked, rows)) == pytest.approx(0.0, abs=1e-10)
    for row in range(len(FACTORS)):
        for change in (-0.3, 0.3):
            moved = asked.clone()
            moved[row] += change
            assert float(flux_loss(moved, rows)) > 1e-3


def test_training_learns_and_goes_on_where_it_stopped(run: FineRun, tmp_path: Path) -> None:
    """Thirty iterations in one go and in two give the same bits, and take misfit away."""
    data, chemistry = coarse(run, 4, 7), read_contract(default_bundle())["parameters"]
    config = ClosureConfig(width=8, iterations=30, samples=256, every=((data.dt, 2),))
    told = []
    whole = Closure(config, [data], [], chemistry)
    with torch.no_grad():
        before = float(flux_loss(torch.zeros(len(FACTORS), len(whole.samples.rows)), whole.samples.rows.t()))
    whole.train(tmp_path / "whole.checkpoint", told.append, report=10)
    with torch.no_grad():
        after = float(flux_loss(whole.factors(whole.samples.features), whole.samples.rows.t()))
    assert after < 0.95 * before
    checkpoint = tmp_path / "parts.checkpoint"

    def stop(text: str) -> None:
        raise KeyboardInterrupt(text)

    with pytest.raises(KeyboardInterrupt):  # after the first ten, which are saved
        Closure(config, [data], [], chemistry).train(checkpoint, stop, report=10)
    again = Closure(config, [data], [], chemistry)
    again.train(checkpoint, told.append, report=10)
    assert again.done == 30
    for name, value in whole.core.state_dict().items():
        assert torch.equal(value, again.core.state_dict()[name]), name
    with pytest.raises(InputError, match="another training"):
        Closure(replace(config, iterations=31), [data], [], chemistry).train(checkpoint)


def test_sets_are_written_whole_and_read_back(run: FineRun, tmp_path: Path) -> None:
    """Held-out sets are kept apart; a folder without sets, and a damaged one, are told so."""
    with pytest.raises(InputError, match="fine_runs"):
        read_sets(tmp_path)
    for grid in layerings(np.random.default_rng(1))[:2]:
        write(tmp_path / f"run_{len(grid.member)}.npz", grouped(run, grid, FIRST, 7, 3))
    write(tmp_path / "held_out_1.npz", grouped(run, Grid.of(CELLS, 11), FIRST, 30, 3))
    assert [s.layers for s in read_sets(tmp_path)] == [4, 7]
    assert [(s.layers, s.parts) for s in read_sets(tmp_path, held_out=True)] == [(11, 4)]
    (tmp_path / "run_4.npz").write_bytes(b"no")
    with pytest.raises(InputError, match="damaged"):
        read_sets(tmp_path)


@pytest.mark.slow
def test_a_core_becomes_a_bundle_that_the_library_runs(run: FineRun, tmp_path: Path) -> None:
    """With the graph of the default bundle, so that its kernel answers; it says what it learned from."""
    data, contract = coarse(run, 4, 7), read_contract(default_bundle())
    training = Closure(
        ClosureConfig(width=32, iterations=1, samples=64, every=((data.dt, 5),)), [data], [], contract["parameters"]
    )
    path = tmp_path / "new.calcisol"
    graph = write_closure(default_bundle(), path, training.core, asdict(training.config), [data], [])
    new = read_contract(path)
    assert graph == new["step_graph"] == contract["step_graph"]
    assert (new["closure"]["layers"], new["closure"]["columns_on_grids"]) == ([4], data.columns)
    assert "scores" not in new and "training" not in new
    with Model(path) as model, model.columns({"dz": np.full(4, 0.3)}, ncol=1, nlay=4) as soil:
        out = soil.step(86400.0, {"w_liq": np.full(4, 80.0), "t_soil": np.full(4, 283.0), "q_bot": np.zeros(1)}, ("ph",))
    assert np.isfinite(out["ph"]).all()

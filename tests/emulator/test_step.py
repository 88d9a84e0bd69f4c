"""Laws of the step that need no MIN3P: closure, positivity, steady state, acid response, independence of columns."""

import math

import pytest
import torch
from calcisol.emulator.processes.sources import alkalinity
from calcisol.emulator.step.correction import Core
from calcisol.emulator.step.step import Step
from calcisol.emulator.training.export import script
from helpers.tensors import MONTH, TABLE, YEAR, pack, random_forcing, soil
from torch import Tensor

# the budgets are sums of float64 differences; 1e-10 of the throughput is the contract (docs/science.md 12), round-off 1e-14
CLOSURE = 1e-10


def wild_core() -> Core:
    """A network with random weights: it may be wrong in every cell, and must still conserve everything."""
    core = Core(32, seed=5)
    with torch.no_grad():
        core.output.weight.normal_(0.0, 2.0, generator=torch.Generator().manual_seed(1))
    return core


def start(step: Step, columns: int = 24, caco3: Tensor | float | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    static, layer, column = soil(columns, caco3)
    static = step.prepare(static)
    return static, layer, column, step.initial_state(static, layer, column)


@pytest.mark.parametrize("seconds", [60.0, 1800.0, 86400.0, MONTH])
@torch.no_grad()
def test_budgets_close_for_any_network_and_step(seconds: float) -> None:
    step = Step(wild_core())
    static, layer, column, state = start(step)
    static[TABLE.names("static").index("si_pedogenic"), :, ::3] = 0.6  # calcite rests between two saturations
    dt = torch.tensor(seconds, dtype=torch.float64)
    top, out_names = TABLE.names("forcing", "column"), TABLE.names("output", "column")
    for n in range(40):
        f, c = random_forcing(n, layer, column)
        new, _, out, _ = step(state, static, f, c, dt)
        o = {name: out[i] * dt for i, name in enumerate(out_names)}
        dep = {name: c[top.index(name)] * dt for name in top}
        weathered = f[TABLE.names("forcing", "layer").index("weath")].sum(0) * dt
        mineralised = f[TABLE.names("forcing", "layer").index("n_min")].sum(0) * dt / 14.007e-3
        lime = dep["lime"] / 100.0869e-3
        change = (new - state).sum(1)
        c_mol, n_mol = 12.011e-3, 14.007e-3
        carbon_out = (o["co2_adj"] + o["dic_leach"]) / c_mol
        calcium_out = o["ca_leach"] + o["ca_sink"]
        nitrogen_out = (o["no3_leach"] + o["nh4_leach"] + o["n_sink"]) / n_mol
        nitrogen_in = dep["dep_nh4"] + dep["dep_no3"] + mineralised
        ions = (alkalinity(new[1:9]) - alkalinity(state[1:9])).sum(0)
        calcium_in = lime + dep["dep_ca"] + 0.15 * weathered
        checks = {
            "carbon": (change[0] + change[9] - lime - dep["dep_dic"] + carbon_out, (state[0] + state[9]).sum(0)),
            "calcium": (change[0] + change[1] - calcium_in + calcium_out, (state[0] + state[1]).sum(0)),
            "nitrogen": (change[5] + change[6] - nitrogen_in + nitrogen_out, (state[5] + state[6]).sum(0) + nitrogen_in),
            "charge": (ions + 2 * change[0] - 2 * lime + o["acid_load"] + o["alk_leach"], alkalinity(state[1:9]).sum(0)),
        }
        for name, (residual, scale) in checks.items():
            assert (residual.abs() / scale).max() < CLOSURE, f"{name} at step {n}"
        assert new[:10].min() >= -1e-15, "negative pool"
        assert torch.isfinite(new).all() and torch.isfinite(out).all()
        state = new


@torch.no_grad()
def test_no_acid_no_water_and_air_of_the_atmosphere_is_steady() -> None:
    step = Step()
    static, layer, _ = soil(4, 0.05)
    column = pack("forcing", "column", 10, 4, q_bot=0.0)
    static = step.prepare(static)
    state = step.initial_state(static, layer, column)
    dt = torch.tensor(MONTH, dtype=torch.float64)
    for _ in range(12):  # the first year settles ionic strength and activity, which the first state only estimates
        state = step(state, static, layer, column, dt)[0]
    settled = state
    for _ in range(120):
        state, _, out, _ = step(state, static, layer, column, dt)
    # diffusion evens out what the first state left uneven: 1e-6 of some 1,000 mol m-2 in ten years
    assert (state[0] - settled[0]).abs().max() < 1e-5
    assert (state[12] - settled[12]).abs().max() < 1e-4
    assert out[1].abs().max() < 1e-15


@torch.no_grad()
@pytest.mark.parametrize(("caco3", "gone"), [(0.05, False), (0.004, True)])
def test_more_acid_leaves_less_alkalinity_and_lower_ph(caco3: float, gone: bool) -> None:
    """Calcite + exchangeable bases fall with acid. (Calcite alone need not: acid that an empty plough layer exchanges for Ca
    arrives below as dissolved Ca, which slows dissolution there.)"""
    step = Step()
    static, layer, column, state = start(step, 12, caco3)
    column[TABLE.names("forcing", "column").index("dep_no3")] = torch.linspace(0.0, 2.0, 12, dtype=torch.float64) / YEAR
    dt = torch.tensor(MONTH, dtype=torch.float64)
    for _ in range(240):
        state = step(state, static, layer, column, dt)[0]
    reserve = (2.0 * state[0] + alkalinity(state[1:9])).sum(0)
    assert (reserve[1:] < reserve[:-1]).all()
    assert (state[12, 0, 1:] < state[12, 0, :-1]).all()
    if gone:
        assert state[0, 0, -1] == 0.0 < state[0, 0, 0]
    else:
        calcite = state[0].sum(0)
        assert (calcite[1:] < calcite[:-1]).all()


@torch.no_grad()
def test_one_mole_of_acid_dissolves_a_third_to_a_half_of_calcite() -> None:
    """docs/science.md 9: the limit law of an open system at calcite equilibrium and given drainage."""
    step = Step()
    static, layer, column, state = start(step, 2, 0.2)
    extra = 0.3
    column[TABLE.names("forcing", "column").index("dep_no3"), 1] += extra / YEAR
    dt = torch.tensor(MONTH, dtype=torch.float64)
    loss = []
    for n in range(12 * 15):
        state, _, out, _ = step(state, static, layer, column, dt)
        if n >= 12 * 10:  # after the acid has reached the bottom
            loss.append(out[-1] * dt)
    per_year = torch.stack(loss).sum(0) / 5.0
    assert 0.33 < float((per_year[1] - per_year[0]) / extra) < 0.50


@torch.no_grad()
def test_columns_do_not_see_each_other() -> None:
    """Any order, any company: the same bits."""
    step = script(Step(wild_core()))
    static, layer, column = soil(24)
    static = step.prepare(static)
    state = step.initial_state(static, layer, column)
    dt = torch.tensor(86400.0, dtype=torch.float64)
    order = torch.randperm(24, generator=torch.Generator().manual_seed(0))
    whole, shuffled, alone = state, state[..., order], state[..., 8:16]
    for n in range(6):
        f, c = random_forcing(n, layer, column)
        whole = step(whole, static, f, c, dt)[0]
        shuffled = step(shuffled, static[..., order], f[..., order], c[..., order], dt)[0]
        part = (static[..., 8:16], f[..., 8:16], c[..., 8:16])
        alone = step(alone, *(x.contiguous() for x in part), dt)[0]
    assert torch.equal(whole[..., order], shuffled)
    assert torch.equal(whole[..., 8:16], alone)


@torch.no_grad()
def test_the_host_s_own_nitrogen_pools_take_over() -> None:
    step = Step()
    static, layer, column, state = start(step, 3, 0.01)
    names = TABLE.names("forcing", "layer")
    layer[names.index("no3")] = 2.0e-3
    dt = torch.tensor(1800.0, dtype=torch.float64)
    new, _, out, _ = step(state, static, layer, column, dt)
    moved = out[TABLE.names("output", "column").index("no3_leach")] * dt
    held = 10 * 2.0e-3 + column[TABLE.names("forcing", "column").index("dep_no3")] * 14.007e-3 * dt
    torch.testing.assert_close(new[6].sum(0) * 14.007e-3 + moved, held, rtol=1e-12, atol=0.0)


@torch.no_grad()
def test_smaller_steps_converge() -> None:
    """One year in 12 or 365 steps: the loss of calcite agrees within 3 % (backward Euler at monthly steps)."""
    step = Step()
    static, layer, column, state = start(step, 6, 0.05)
    losses = []
    for count in (12, 365):
        now, dt = state, torch.tensor(YEAR / count, dtype=torch.float64)
        for _ in range(count):
            now = step(now, static, layer, column, dt)[0]
        losses.append((state[0] - now[0]).sum(0))
    assert (losses[0] / losses[1] - 1.0).abs().max() < 0.03


def test_laboratory_ph_of_calcareous_soil_is_that_of_its_suspension() -> None:
    """docs/science.md 8: 8.20 in pure water, 7.67 in 0.01 M CaCl2, whatever the pore water; +-0.1 for the exchanger's share.

    The salt of a sample takes 0.12 off: calcite keeps Ca HCO3^2 at 0.5 mM (1 mM)^2, and with 1 mM Cl beside it
    2 Ca = HCO3 + 1 mM, so that HCO3 falls to 0.755 mM, and pH with it at the same CO2.
    """
    step = Step(None, "phreeqc")
    static, _, _, state = start(step, 3, torch.tensor([0.02, 0.1, 0.3], dtype=torch.float64))
    h2o, cacl2 = step.laboratory_ph(static, state)
    assert (h2o - (8.20 + math.log10(0.755))).abs().max() < 0.1
    assert (cacl2 - 7.67).abs().max() < 0.1
    assert (state[12] < 7.6).all()

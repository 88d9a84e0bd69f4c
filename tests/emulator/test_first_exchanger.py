"""The exchanger of a first state: what the bases are, that the pH asked for comes out, and that calcareous layers keep theirs."""

import pytest
import torch
from calcisol.emulator.chemistry.constants import CATIONS, CHARGE
from calcisol.emulator.contract.bases import BASES
from calcisol.emulator.step.step import Step
from helpers.tensors import TABLE, soil
from torch import Tensor

PH = torch.linspace(4.0, 7.5, 8, dtype=torch.float64)
SURVEYED = 0.02  # of the charge of the bases: Na and NH4 follow the water, and the exchanger fills at an estimated ionic strength
CLOSE = 0.04  # pH: the pore water settles at its own ionic strength, the exchanger was filled at 0.006 (0.07 at pH 8)
STATE, STATIC = TABLE.names("state"), TABLE.names("static")


def first(step: Step, caco3: float = 0.0, **given: float) -> Tensor:
    """First state [slot, layer, column] of columns that begin at PH."""
    static, layer, column = soil(len(PH), caco3)
    static[STATIC.index("ph0")] = PH
    for name, value in given.items():
        static[STATIC.index(name)] = value
    return step.initial_state(step.prepare(static), layer, column)


def share(state: Tensor, ion: str) -> Tensor:
    """Of the charge of the cations in water and on the exchanger [layer, column]."""
    pools = {name: z * state[STATE.index(name)] for name, z in zip(CATIONS, CHARGE, strict=False)}
    return pools[ion] / torch.stack(list(pools.values())).sum(0)


@torch.no_grad()
@pytest.mark.parametrize("aluminium", ["AlX3", "AlX3-linear", "AlOHX2"])
def test_bases_are_those_of_arable_soils_at_any_ph(aluminium: str) -> None:
    """Ca, Mg and K as surveys find them; by Mg of a fixed concentration, Mg had 44 % where 1 to 12 are measured."""
    state = first(Step(aluminium=aluminium), cec_variable=0.0)
    acid = (PH < 5.75) if aluminium == "AlX3-linear" else torch.zeros_like(PH, dtype=torch.bool)
    for ion in ("ca", "mg", "k"):  # where linear Al holds the whole exchanger, the water is what counts
        assert share(state, ion)[:, ~acid].sub(BASES[ion]).abs().max() < SURVEYED, ion
    assert share(state, "ca").min() > 0.7


@torch.no_grad()
@pytest.mark.parametrize("variable", [0.0, 0.3, 0.9, 0.95])
def test_ca_rules_and_ph_comes_out_however_much_charge_is_variable(variable: float) -> None:
    """K sits on the permanent charge alone: the less there is of it, the less K, and the pH stays the one asked for."""
    state = first(Step(), cec_variable=variable)
    assert (state[STATE.index("ph")] - PH).abs().max() < CLOSE
    assert share(state, "ca").min() > 0.84
    assert share(state, "mg").sub(0.09).abs().max() < SURVEYED
    assert share(state, "k").max() < BASES["k"] + 0.005


@torch.no_grad()
def test_a_given_base_saturation_keeps_the_shares() -> None:
    full, half = first(Step()), first(Step(), base_saturation=0.4)
    for ion in ("ca", "mg"):
        assert share(half, ion) == pytest.approx(share(full, ion), abs=SURVEYED)


@torch.no_grad()
def test_calcite_rules_the_bases_of_its_layers() -> None:
    """Where there is calcite the pH asked for changes nothing, and its water, 0.25 mM of Mg, fills the exchanger with Ca."""
    state = first(Step(), caco3=0.05)
    assert torch.equal(state, state[:, :, :1].expand_as(state))
    assert share(state, "ca").min() > 0.8
    assert (state[STATE.index("calcite")] > 0.0).all()

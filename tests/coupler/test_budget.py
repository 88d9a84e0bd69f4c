"""Budget arithmetic by hand, and that a missing term is noticed."""

import numpy as np
import pytest
from calcisol.coupler.offline import budget
from calcisol.coupler.units import C_KG_PER_MOL, CACO3_KG_PER_MOL, N_KG_PER_MOL

DT = 2.628e6
SLOTS = ("calcite", "ca", "mg", "k", "na", "nh4", "no3", "cl", "so4", "dic")


def outputs(**values):
    names = ("co2_adj", "dic_leach", "alk_leach", "ca_leach", "no3_leach", "nh4_leach", "n_sink", "ca_sink", "acid_load")
    return {**{n: np.zeros(1) for n in names}, **{n: np.array([v]) for n, v in values.items()}}


def soil(**values):
    state = {n: np.array([[values.get(n, 1.0), 2.0]]) for n in SLOTS}
    carbon = {"sic": state["calcite"] * C_KG_PER_MOL, "dic": state["dic"] * C_KG_PER_MOL}
    return carbon, state


def one_step(forcing, out, change):
    """Budget of one step in which the first layer changes by ``change`` (slot -> mol m-2)."""
    b = budget.Budget()
    b.open(budget.stocks(*soil()))
    b.add(DT, forcing, out)
    b.close(budget.stocks(*soil(**{k: 1.0 + v for k, v in change.items()})))
    return b


def test_lime_dissolving_into_leachate_closes():
    # 3 mol lime, 1 mol stays solid, 2 mol dissolve: 2 Ca and 3 HCO3 leave, 1 mol C takes up from the air to make that
    lime, forcing = 3.0 / DT * CACO3_KG_PER_MOL, {}
    forcing["lime"] = np.array([lime])
    out = outputs(ca_leach=2.0 / DT, alk_leach=4.0 / DT, dic_leach=4.0 / DT * C_KG_PER_MOL, co2_adj=-2.0 / DT * C_KG_PER_MOL)
    b = one_step(forcing, out, {"calcite": 1.0})
    budget.check(b, "lime")
    for quantity in budget.QUANTITIES[:2]:
        assert b.residual(quantity)[0] < 1e-14


def test_nitrate_fertiliser_half_leached_closes():
    forcing = {"dep_no3": np.array([0.4 / DT])}
    out = outputs(no3_leach=0.2 / DT * N_KG_PER_MOL, acid_load=0.4 / DT, alk_leach=-0.2 / DT)
    budget.check(one_step(forcing, out, {"no3": 0.2}), "nitrate")


def test_weathering_enters_calcium_by_its_share():
    forcing = {"weath": np.array([[1.0 / DT, 1.0 / DT]])}
    out = outputs(acid_load=-2.0 / DT)
    change = {"ca": 0.15 * 2, "mg": 0.15 * 2, "k": 0.2 * 2, "na": 0.2 * 2}
    budget.check(one_step(forcing, out, change), "weathering")


@pytest.mark.parametrize(("slot", "word"), [("calcite", "carbon"), ("ca", "calcium"), ("nh4", "nitrogen"), ("k", "charge")])
def test_a_leak_is_noticed(slot, word):
    out = outputs(co2_adj=1e-9, ca_leach=1e-9, n_sink=1e-9, acid_load=1e-9)
    with pytest.raises(budget.BudgetError, match=word):
        exact = {"calcite": 0.0}
        b = one_step({}, out, exact)
        # close all four by hand, then leak a millionth of the throughput
        for quantity in budget.QUANTITIES:
            b.last[quantity] = b.first[quantity] + sum(v for k, v in b.sums.items() if k.startswith(quantity + "/"))
        budget.check(b, "before the leak")
        b.last[word] = b.last[word] * (1 + 1e-6)
        budget.check(b, slot)


def test_nan_never_passes():
    b = one_step({}, outputs(co2_adj=np.nan), {"calcite": 0.0})
    with pytest.raises(budget.BudgetError):
        budget.check(b, "nan")


def test_restart_and_merge_keep_the_numbers():
    b = one_step({}, outputs(co2_adj=1e-9, ca_leach=2e-9), {"calcite": 0.3})
    again = budget.Budget.restore(b.arrays())
    both = budget.merge([b, again])
    for quantity in budget.QUANTITIES:
        assert again.residual(quantity).tobytes() == b.residual(quantity).tobytes()
        assert both.residual(quantity).shape == (2,)

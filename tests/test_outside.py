"""The installed library from the outside: chemistry and budgets through the C ABI, with the default bundle.

Oracles: PHREEQC tables, the limit law of calcite in acid, and identities that a host can assert from what it gave and got.
"""

import numpy as np
import pytest
from calcisol.coupler.library.model import Model

from .reference.phreeqc_calcite import CALCITE_OPEN

YEAR = 365.0 * 86400.0
MONTH = YEAR / 12.0
# MIN3P's constant enthalpies cost up to 0.026 pH at 5 degC, the rest is the little salt left in the water
PH_TOLERANCE = 0.05
# what is left is round-off in sums over 40 years
CLOSURE = 1e-10


def test_ph_of_calcite_saturated_water() -> None:
    """One thin layer of calcite sand, next to no exchanger, soil air held at pco2 by the air above: docs/science.md 2."""
    cases = [(p, t, ph) for p, rows in CALCITE_OPEN.items() if p <= 1e-2 for t, ph, _, _ in rows]
    n = len(cases)
    pco2, celsius, expected = (np.array(x) for x in zip(*cases, strict=True))
    shape = (n, 1)
    with Model() as model:
        columns = model.columns(
            {"dz": np.full(shape, 0.1), "caco3": 0.3, "cec": 0.002, "cec_variable": 0.0, "calcite_rate": 1e-2, "porosity": 0.45}
        )
        forcing = {
            "w_liq": np.full(shape, 20.0), "t_soil": celsius[:, None] + 273.15, "q_bot": np.zeros(n), "co2_atm": pco2,
        }  # fmt: skip
        columns.step(MONTH, forcing)
        state = columns.state()
        for name in ("mg", "k", "na", "nh4", "no3", "cl", "so4"):
            state[name] = np.full(shape, 1e-9)
        columns.set_state(state)
        for _ in range(60):
            out = columns.step(MONTH, forcing)
        assert (out["flag"] & 24 == 0).all()
        np.testing.assert_allclose(out["pco2"][:, 0], pco2 * 101325.0, rtol=1e-3)
        assert np.abs(out["ph"][:, 0] - expected).max() < PH_TOLERANCE
        assert np.abs(out["si_calcite"]).max() < 0.01


def test_a_mole_of_acid_dissolves_a_third_to_a_half_of_calcite() -> None:
    """Calcite equilibrium, given drainage and CO2: two columns that differ by 0.3 mol of nitric acid a year."""
    dz = np.array([0.25, 0.1, 0.1, 0.1, 0.1, 0.1, 0.15, 0.15, 0.15, 0.15])
    acid = np.array([0.2, 0.5])
    with Model() as model:
        columns = model.columns({"dz": np.tile(dz, (2, 1)), "caco3": 0.15, "clay": 0.2})
        forcing = {
            "w_liq": np.tile(300.0 * dz, (2, 1)), "t_soil": np.full((2, 10), 283.15), "q_bot": np.full(2, 300.0 / YEAR),
            "co2_src_total": np.full(2, 0.6 / YEAR), "dep_no3": acid / YEAR,
        }  # fmt: skip
        total = np.zeros(2)
        for month in range(12 * 15):
            out = columns.step(MONTH, forcing)
            if month >= 120:
                total += out["calcite_loss"] * MONTH
    ratio = (total[1] - total[0]) / 5.0 / (acid[1] - acid[0])
    assert 0.33 < ratio < 0.50


@pytest.mark.parametrize("seconds", [1800.0, 86400.0, MONTH])
def test_a_host_can_assert_the_budgets(seconds: float) -> None:
    """Carbon, calcium, nitrogen and charge from what was given and what came back, over 120 shaken steps."""
    rng = np.random.default_rng(7)
    n, layers = 30, 8
    dz = np.tile(np.linspace(0.05, 0.3, layers), (n, 1))
    amounts = ("calcite", "ca", "mg", "k", "na", "nh4", "no3", "cl", "so4", "dic")
    with Model() as model:
        caco3 = rng.choice([0.0, 0.001, 0.02, 0.2], n)
        soil = {"dz": dz, "caco3": np.repeat(caco3[:, None], layers, 1), "clay": rng.uniform(0.05, 0.5, (n, layers))}
        columns = model.columns(soil)
        gained = {k: np.zeros(n) for k in ("carbon", "calcium", "nitrogen", "charge")}
        turned = {k: np.zeros(n) for k in gained}
        first = None
        for step in range(121):
            forcing = {
                "w_liq": dz * rng.uniform(100.0, 350.0, (n, layers)), "t_soil": rng.uniform(270.0, 300.0, (n, layers)),
                "q_bot": rng.uniform(-50.0, 900.0, n) / YEAR, "q_lat": rng.uniform(0.0, 20.0, (n, layers)) / YEAR,
                "co2_src": rng.uniform(0.0, 0.2, (n, layers)) / YEAR, "n_nit": rng.uniform(0.0, 4e-3, (n, layers)) / YEAR,
                "n_up_no3": rng.uniform(0.0, 4e-3, (n, layers)) / YEAR, "weath": rng.uniform(0.0, 0.01, (n, layers)) / YEAR,
                "bc_up": rng.uniform(0.0, 0.02, (n, layers)) / YEAR, "dep_nh4": rng.uniform(0.0, 1.0, n) / YEAR,
                "dep_no3": rng.uniform(0.0, 1.0, n) / YEAR, "dep_ca": rng.uniform(0.0, 0.1, n) / YEAR,
                "dep_dic": rng.uniform(0.0, 0.1, n) / YEAR, "lime": rng.uniform(0.0, 0.05, n) / YEAR,
            }  # fmt: skip
            out = columns.step(seconds, forcing)
            state = columns.state()
            for name in amounts:
                assert np.isfinite(state[name]).all() and state[name].min() >= 0.0, name
            if step == 0:  # the first step makes the state; budgets count from here
                first = state
                continue
            lime = forcing["lime"] / 0.1000869
            nitrogen_out = (out["no3_leach"] + out["nh4_leach"] + out["n_sink"]) / 14.007e-3
            terms = {
                "carbon": (lime + forcing["dep_dic"], (out["co2_adj"] + out["dic_leach"]) / 12.011e-3),
                "calcium": (lime + forcing["dep_ca"] + 0.15 * forcing["weath"].sum(1), out["ca_leach"] + out["ca_sink"]),
                "nitrogen": (forcing["dep_nh4"] + forcing["dep_no3"], nitrogen_out),
                "charge": (2.0 * lime, out["acid_load"] + out["alk_leach"]),
            }
            for name, (gain, loss) in terms.items():
                gained[name] += (gain - loss) * seconds
                turned[name] += (np.abs(gain) + np.abs(loss)) * seconds

    def held(s: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        charge = 2 * (s["calcite"] + s["ca"] + s["mg"] - s["so4"]) + s["k"] + s["na"] + s["nh4"] - s["no3"] - s["cl"]
        return {
            "carbon": (s["calcite"] + s["dic"]).sum(1), "calcium": (s["calcite"] + s["ca"]).sum(1),
            "nitrogen": (s["nh4"] + s["no3"]).sum(1), "charge": charge.sum(1),
        }  # fmt: skip

    assert first is not None
    before, after = held(first), held(state)
    for name in gained:
        residual = np.abs(after[name] - before[name] - gained[name]) / (np.abs(before[name]) + turned[name])
        assert residual.max() < CLOSURE, name

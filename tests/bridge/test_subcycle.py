"""A step longer than the bundle's longest is cut into equal parts: the same as a host that calls more often."""

from pathlib import Path

import numpy as np
import pytest
from calcisol.coupler.library.model import Model
from calcisol.emulator.contract.bundle import read_contract
from helpers.toy_bundle import write_toy

DAY = 86400.0
NCOL, NLAY = 5, 3


SOIL = {"dz": np.full((NCOL, NLAY), 0.2), "caco3": np.full((NCOL, NLAY), 0.05)}


def weather(water: float, seed: int = 2) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "w_liq": np.full((NCOL, NLAY), water), "t_soil": np.full((NCOL, NLAY), 285.0), "w_ice": np.full((NCOL, NLAY), 2.0),
        "co2_src": rng.uniform(1e-9, 1e-7, (NCOL, NLAY)), "q_bot": rng.uniform(0.0, 1e-5, NCOL),
    }  # fmt: skip


@pytest.mark.parametrize(("days", "parts"), [(30.0, 4), (16.0, 2), (8.0, 1), (8.1, 2)])
def test_a_long_step_is_its_parts(tmp_path: Path, days: float, parts: int) -> None:
    """Same state to the bit; water linear between the two contents; ph_top at the end, rates as means."""
    cut = write_toy(tmp_path / "cut.calcisol", parameters={"longest_step_s": 8.0 * DAY})
    free = write_toy(tmp_path / "free.calcisol")
    with Model(cut) as a, Model(free) as b:
        one, many = a.columns(SOIL), b.columns(SOIL)
        for columns in (one, many):  # a first step of a day, which neither cuts, sets the water before
            columns.step(DAY, weather(40.0))
        whole = one.step(days * DAY, weather(60.0))
        for part in range(1, parts + 1):
            outputs = many.step(days * DAY / parts, weather(40.0 + (60.0 - 40.0) * part / parts))
        for name, values in one.state().items():
            np.testing.assert_array_equal(values, many.state()[name], err_msg=name)
        np.testing.assert_array_equal(whole["ph"], outputs["ph"])
        np.testing.assert_array_equal(whole["ph_top"], outputs["ph_top"])


def test_the_shipped_bundle_names_its_longest_step(shipped: Path) -> None:
    """A month in one call and in four: the same soil, outputs as means of the four."""
    dz = np.broadcast_to([0.05, 0.1, 0.2, 0.3], (3, 4)).copy()
    soil = {"dz": dz, "caco3": np.full((3, 4), 0.1)}

    def forcing(share: float) -> dict[str, np.ndarray]:
        return {
            "w_liq": dz * (230.0 + 20.0 * share), "t_soil": np.full(dz.shape, 284.0), "q_bot": np.full(3, 1e-5),
            "co2_src_total": np.full(3, 1e-8), "dep_no3": np.full(3, 3e-8),
        }  # fmt: skip

    month = 30.0 * DAY
    with Model(shipped) as model:
        assert read_contract(shipped)["parameters"]["longest_step_s"] < month
        one, many = model.columns(soil), model.columns(soil)
        for columns in (one, many):
            columns.step(DAY, forcing(0.0))
        whole = one.step(month, forcing(1.0))
        rates = [many.step(month / 4, forcing(part / 4)) for part in range(1, 5)]
        for name, values in one.state().items():
            # 250 = 230 + 20: the linear water of the parts differs from the host's by round-off
            np.testing.assert_allclose(values, many.state()[name], rtol=1e-9, atol=1e-12, err_msg=name)
        for name in ("co2_adj", "dic_leach", "alk_leach", "ca_leach"):
            np.testing.assert_allclose(whole[name], np.mean([r[name] for r in rates], 0), rtol=1e-7, atol=1e-18, err_msg=name)


@pytest.mark.parametrize(("days", "parts"), [(2.0, 1), (3.0, 2), (7.0, 4)])
def test_split_columns_cut_steps_of_more_than_two_days(tmp_path: Path, days: float, parts: int) -> None:
    """The same as a host that calls more often, to round-off: shares of a mean of water, or the mean of the shares."""
    toy = write_toy(tmp_path / "toy.calcisol", parameters={"longest_step_s": 8.0 * DAY})
    with Model(toy) as model:
        one, many = (model.columns(SOIL, pieces=[2, 3, 1]) for _ in range(2))
        for columns in (one, many):
            columns.step(DAY, weather(40.0))
        whole = one.step(days * DAY, weather(60.0))
        called = [many.step(days * DAY / parts, weather(40.0 + 20.0 * part / parts)) for part in range(1, parts + 1)]
        for name, values in one.state().items():
            np.testing.assert_allclose(values, many.state()[name], rtol=1e-12, atol=1e-15, err_msg=name)
        np.testing.assert_allclose(whole["ph"], called[-1]["ph"], rtol=1e-12)
        np.testing.assert_allclose(whole["dic_leach"], np.mean([c["dic_leach"] for c in called], axis=0), rtol=1e-12)

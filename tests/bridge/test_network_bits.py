"""The bit laws once more where the network of the shipped bundle answers: monthly steps, ten layers, calcareous soils.

Why:     at other steps the shipped bundle switches its network off, and the float32 matrix products, whose rounding may
         depend on where a row stands, are multiplied by zero. The laws of test_columns.py would then prove nothing about them.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from calcisol.coupler.library.columns import Columns
from calcisol.coupler.library.model import Model
from helpers.bits import assert_same_bits
from helpers.sample_columns import Fields, take
from numpy.typing import NDArray

NCOL, STEPS = 300, 6
YEAR = 365.0 * 86400.0  # s
MONTH = YEAR / 12.0
DZ = [0.25, 0.1, 0.1, 0.1, 0.1, 0.1, 0.15, 0.15, 0.15, 0.15]  # m, the layering the bundle was trained on
FALLBACK = 4  # CALCISOL_FLAG_FALLBACK
MOSTLY = 0.9  # share of cells in which the network must answer; all of them did when this was written


def soil() -> Fields:
    """Calcareous arable soils, CaCO3 from 1 to 20 %."""
    rng = np.random.default_rng(11)
    shape = (NCOL, len(DZ))
    caco3 = np.broadcast_to(10.0 ** rng.uniform(-2.0, -0.7, (NCOL, 1)), shape)
    return {"dz": np.broadcast_to(DZ, shape), "clay": np.broadcast_to(rng.uniform(0.15, 0.35, (NCOL, 1)), shape), "caco3": caco3}


def forcing(month: int) -> Fields:
    """A month of fertilised, draining, respiring soil."""
    rng = np.random.default_rng(200 + month)
    nitrified = np.zeros((NCOL, len(DZ)))
    nitrified[:, :3] = 0.1 * 0.014 / YEAR
    deposited = {"dep_nh4": 0.3, "dep_no3": 0.3, "dep_ca": 0.01, "dep_na": 0.02, "dep_cl": 0.02}  # mol m-2 a-1
    return {
        "w_liq": np.asarray(DZ) * rng.uniform(285.0, 295.0, (NCOL, 1)),
        "t_soil": np.broadcast_to(rng.uniform(281.0, 286.0, (NCOL, 1)), nitrified.shape),
        "q_bot": rng.uniform(200.0, 400.0, NCOL) / YEAR,
        "co2_src_total": rng.uniform(0.4, 0.8, NCOL) / YEAR,
        "n_nit": nitrified,
        **{name: np.full(NCOL, amount / YEAR) for name, amount in deposited.items()},
    }


def rollout(columns: Columns, which: NDArray[np.intp] | slice, first: int = 0, last: int = STEPS) -> Fields:
    """Outputs of the last step; the network must have answered in all of them."""
    out: Fields = {}
    for month in range(first, last):
        out = columns.step(MONTH, take(forcing(month), which))
        answered = (out["flag"] & FALLBACK == 0).mean()
        assert answered >= MOSTLY, f"the network answered in {answered:.0%} of the cells; this test needs it on"
    return out


@pytest.fixture(scope="module", params=[None, 8])
def model(shipped: Path, request: pytest.FixtureRequest) -> Model:
    """Default tiles, and the small ones that few columns use."""
    return Model(shipped, tile_columns=request.param)


@pytest.fixture(scope="module")
def whole(model: Model) -> tuple[Fields, Fields]:
    """Outputs and state of all columns in one call."""
    columns = model.columns(soil())
    return rollout(columns, slice(0, NCOL)), columns.state()


def test_network_changes_the_answer(shipped: Path, whole: tuple[Fields, Fields], tmp_path: Path) -> None:
    """Without its last layer the same step gives other numbers: what is compared here does go through the network."""
    torch = pytest.importorskip("torch")
    from calcisol.emulator.contract.bundle import write_bundle

    module = torch.jit.load(str(shipped))
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if "output" in name:
                parameter.zero_()
    write_bundle(tmp_path / "off.calcisol", module, {})
    off = rollout(Model(tmp_path / "off.calcisol").columns(soil()), slice(0, NCOL))
    assert np.abs(off["ph"] - whole[0]["ph"]).max() > 1e-4


def test_bits_do_not_depend_on_decomposition(model: Model, whole: tuple[Fields, Fields]) -> None:
    parts = []
    for low, high in pairwise([0, 1, 4, 130, 131, NCOL]):
        rank = slice(low, high)
        parts.append(rollout(model.columns(take(soil(), rank)), rank))
    assert_same_bits({name: np.concatenate([p[name] for p in parts]) for name in whole[0]}, whole[0])


def test_bits_do_not_depend_on_order(model: Model, whole: tuple[Fields, Fields]) -> None:
    order = np.random.default_rng(7).permutation(NCOL)
    assert_same_bits(rollout(model.columns(take(soil(), order)), order), take(whole[0], order))


def test_restart_gives_the_same_bits(model: Model, whole: tuple[Fields, Fields]) -> None:
    everything = slice(0, NCOL)
    before = model.columns(soil())
    rollout(before, everything, 0, 3)
    after = model.columns(soil())
    after.set_state(before.state())
    assert_same_bits(rollout(after, everything, 3, STEPS), whole[0])
    assert_same_bits(after.state(), whole[1])

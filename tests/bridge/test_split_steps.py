"""Steps of split columns are cut where water flushes a piece more than once: closed form, bits, and nothing half done."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from calcisol.coupler import errors
from calcisol.coupler.library.model import Model
from calcisol.emulator.commands import physical_bundle
from helpers.bits import assert_same_bits
from helpers.sample_columns import Fields, take
from helpers.toy_bundle import WET, write_toy

DAY = 86400.0
PIECES = [2, 2]
SOIL = {"dz": np.full((1, 2), 0.1), "caco3": np.zeros((1, 2)), "dispersivity": np.full((1, 2), 1e-6)}
HELD = 10.0  # kg m-2 of water in a piece


def flow(through: float, water: float = 2.0 * HELD) -> Fields:
    """A day in which each piece is flushed ``through`` times, with as much water in the end as ``water`` in each layer."""
    return {"w_liq": np.full((1, 2), water), "t_soil": 285.0, "q_bot": through * HELD / DAY, "co2_src": 0.0}


@pytest.mark.parametrize(("through", "parts"), [(0.5, 1), (1.0, 1), (1.5, 2), (3.0, 3), (5.0, 6), (12.0, 12), (100.0, 24)])
def test_a_flushed_tracer_follows_the_closed_form(shipped: Path, through: float, parts: int) -> None:
    """Chloride in the uppermost of four stirred pieces, implicit steps of Courant number r: n of them leave C(n+k-1, k) r^k /
    (1 + r)^(n + k) in piece k (negative binomial). Exactly, a share of exp(-through) would stay in the first."""
    with Model(physical_bundle(shipped)) as model:
        columns = model.columns(SOIL, pieces=PIECES)
        columns.step(DAY, flow(0.0))
        chloride = np.array([[1e-3, 0.0, 0.0, 0.0]])
        columns.set_state({"cl": chloride})
        columns.step(DAY, flow(through))
        left = columns.state(["cl"])["cl"][0] / chloride[0, 0]
    r = through / parts
    expected = [(1.0 + r) ** -parts]
    for k in range(1, 4):
        expected.append(expected[-1] * (parts + k - 1) / k * r / (1.0 + r))
    np.testing.assert_allclose(left, expected, rtol=0.015)  # what diffusion adds to the little that gets so far


def many(through: np.ndarray, water: np.ndarray) -> Fields:
    n = len(through)
    return {
        "w_liq": np.broadcast_to(water[:, None], (n, 2)).copy(), "t_soil": np.full((n, 2), 285.0),
        "q_bot": through * HELD / DAY, "co2_src": np.full((n, 2), 1e-9), "dep_no3": np.full(n, 1e-9),
    }  # fmt: skip


def test_parts_are_a_columns_own(shipped: Path) -> None:
    """Columns of 1, 2 and 4 parts in the second day (0.4 more enters at the surface, as layers store 2 kg m-2): each as alone,
    as a host that calls as often, and from a restart."""
    through, water = np.array([0.3, 1.5, 3.4, 0.5]), np.full(4, 20.0)
    soil = {"dz": np.full((4, 2), 0.1), "caco3": np.full((4, 2), 0.02)}
    with Model(shipped) as model:
        together, kept = model.columns(soil, pieces=PIECES), model.columns(soil, pieces=PIECES)
        alone = [model.columns(take(soil, slice(c, c + 1)), pieces=PIECES) for c in range(4)]
        called = model.columns(take(soil, slice(2, 3)), pieces=PIECES)
        for n, wet in enumerate((20.0, 22.0, 18.0)):
            given = many(through if n else 0.0 * through, np.full(4, wet))
            out = together.step(DAY, given)
            for c, one in enumerate(alone):
                assert_same_bits(one.step(DAY, take(given, slice(c, c + 1))), take(out, slice(c, c + 1)))
            if n == 1:
                kept.set_state(together.state())
            if n == 2:
                assert_same_bits(kept.step(DAY, given), out)
                assert_same_bits(kept.state(), together.state())
        called.step(DAY, many(np.zeros(1), water[:1]))
        rates = [called.step(DAY / 4, many(through[2:3], np.array([20.0 + part / 2]))) for part in range(1, 5)]
        again = model.columns(take(soil, slice(2, 3)), pieces=PIECES)
        again.step(DAY, many(np.zeros(1), water[:1]))
        whole = again.step(DAY, many(through[2:3], np.array([22.0])))
        np.testing.assert_allclose(whole["ph"], rates[-1]["ph"], atol=2e-4)  # where searches stop
        for name in ("dic_leach", "no3_leach"):
            np.testing.assert_allclose(whole[name], np.mean([r[name] for r in rates], axis=0), rtol=2e-4)


def test_a_device_cuts_as_the_host(shipped: Path) -> None:
    pytest.importorskip("torch")
    soil = {"dz": np.full((3, 2), 0.1), "caco3": np.full((3, 2), 0.02)}
    with Model(shipped) as host, Model(shipped, device="emulated") as device:
        a, b = (m.columns(soil, pieces=PIECES) for m in (host, device))
        for through in (0.0, 1.0, 1.0):
            given = many(np.array([0.5, 1.5, 4.0]) * through, np.full(3, 20.0))
            x, y = a.step(DAY, given), b.step(DAY, given)
            assert a.report == b.report
            for name in x:
                np.testing.assert_allclose(y[name], x[name], rtol=1e-3, atol=1e-3 * np.abs(x[name]).max(), err_msg=name)


@pytest.mark.parametrize("variant", ["nan_wet", "throws_wet"])
def test_nothing_is_half_done(tmp_path: Path, variant: str) -> None:
    """A column without an answer in its last parts, too wet by then, and a module that fails there: states as before."""
    with Model(write_toy(tmp_path / "toy.calcisol", variant)) as model:
        columns = model.columns({"dz": np.full((3, 2), 0.4), "caco3": np.full((3, 2), 0.05)}, pieces=PIECES)
        columns.step(DAY, many(np.zeros(3), np.full(3, 100.0)))
        before = columns.state()
        given = many(np.array([1.0, 15.0, 15.0]), np.array([100.0, 100.0, 2.0 * WET + 10.0]))
        if variant == "throws_wet":
            with pytest.raises(errors.CalcisolError, match="toy trouble"):
                columns.step(DAY, given)
            assert_same_bits(columns.state(), before)
            return
        out = columns.step(DAY, given)
        assert columns.report["columns_invalid"] == 1 and np.isnan(out["ph"][2]).all() and (out["flag"][2] == 16).all()
        assert_same_bits(take(columns.state(), slice(2, 3)), take(before, slice(2, 3)))
        assert (columns.state(["dic"])["dic"][:2] > before["dic"][:2]).all()
        assert np.isfinite(columns.step(DAY, many(np.zeros(3), np.full(3, 100.0)))["ph"]).all()

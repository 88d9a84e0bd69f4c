"""The Python face: shapes, defaults, bits under decomposition and order, restart. What is refused: test_refusals.py.

The laws hold for any bundle, so they run on the toy and, where it is there, on the shipped bundle.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from calcisol.coupler.library.columns import Columns
from calcisol.coupler.library.model import Model
from helpers.bits import assert_same_bits
from helpers.sample_columns import NCOL, NLAY, STEP, Fields, forcing, soil, take
from numpy.typing import NDArray

STEPS = 4


@pytest.fixture(scope="module", params=["toy", "shipped"])
def model(request: pytest.FixtureRequest) -> Iterator[Model]:
    with Model(request.getfixturevalue(request.param)) as opened:
        yield opened


@pytest.fixture(scope="module")
def toy_model(toy: Path) -> Iterator[Model]:
    with Model(toy) as opened:
        yield opened


def rollout(columns: Columns, which: NDArray[np.intp] | slice, first: int = 0, last: int = STEPS) -> Fields:
    """Outputs of the last step."""
    out: Fields = {}
    for step in range(first, last):
        out = columns.step(STEP, take(forcing(step), which))
    return out


def test_bits_do_not_depend_on_decomposition(model: Model) -> None:
    everything = slice(0, NCOL)
    whole = rollout(model.columns(soil()), everything)
    assert np.isfinite(whole["ph"]).all()
    bounds = [0, 1, 4, 130, 131, NCOL]  # ranks of 1, 3, 126, 1 and 169 columns
    parts = []
    for low, high in pairwise(bounds):
        rank = slice(low, high)
        parts.append(rollout(model.columns(take(soil(), rank)), rank))
    joined = {name: np.concatenate([p[name] for p in parts]) for name in whole}
    assert_same_bits(joined, whole)


def test_bits_do_not_depend_on_order(model: Model) -> None:
    order = np.random.default_rng(7).permutation(NCOL)
    whole = rollout(model.columns(soil()), slice(0, NCOL))
    shuffled = rollout(model.columns(take(soil(), order)), order)
    assert_same_bits(shuffled, take(whole, order))


def test_bits_do_not_depend_on_bad_neighbours(model: Model) -> None:
    sick = np.arange(0, NCOL, 7)
    well = np.setdiff1d(np.arange(NCOL), sick)
    clean, dirty = model.columns(soil()), model.columns(soil())
    for step in range(STEPS):
        expected = clean.step(STEP, forcing(step))
        bad = {name: values.copy() for name, values in forcing(step).items()}
        bad["t_soil"][sick, step % NLAY] = [np.nan, -9999.0, 1e20, np.inf][step % 4]
        out = dirty.step(STEP, bad)
        assert dirty.report["columns_invalid"] == sick.size
        assert np.isnan(out["ph"][sick]).all()
        assert (out["flag"][sick] == 16).all()
    assert_same_bits(take(out, well), take(expected, well))
    assert (dirty.state()["ph"][sick] == -9999.0).all()  # never had a good step: no state yet


def test_restart_gives_the_same_bits(model: Model) -> None:
    everything = slice(0, NCOL)
    through = model.columns(soil())
    expected = rollout(through, everything)
    before = model.columns(soil())
    rollout(before, everything, 0, 2)
    after = model.columns(soil())
    after.set_state(before.state())
    assert_same_bits(after.state(), before.state())
    assert_same_bits(rollout(after, everything, 2, STEPS), expected)
    assert_same_bits(after.state(), through.state())


def test_restart_keeps_columns_without_a_state(toy_model: Model) -> None:
    """A column that never was active starts from its first forcing also after a restart."""
    active = np.ones(NCOL)
    active[5] = 0
    before, after, fresh = (toy_model.columns(soil()) for _ in range(3))
    before.step(STEP, {**forcing(0), "active": active})
    saved = before.state()
    assert (saved["ph"][5] == -9999.0).all()
    assert np.isfinite(saved["ph"][4]).all()
    after.set_state(saved)
    out = after.step(STEP, forcing(1))
    assert_same_bits({"ph": out["ph"][5]}, {"ph": fresh.step(STEP, forcing(1))["ph"][5]})


def test_inactive_columns_are_left_alone(toy_model: Model) -> None:
    columns = toy_model.columns(soil())
    columns.step(STEP, forcing(0))
    before = columns.state()
    active = np.arange(NCOL) % 2
    weather = {name: values.copy() for name, values in forcing(1).items()}
    weather["t_soil"][active == 0] = -9999.0  # what hosts keep over ocean
    out = columns.step(STEP, {**weather, "active": active})
    after = columns.state()
    assert columns.report == {**columns.report, "columns_inactive": 150, "columns_invalid": 0, "columns_stepped": 150}
    assert np.isnan(out["ph"][active == 0]).all()
    assert (out["flag"] == 0).all()
    for name in before:
        assert np.array_equal(before[name][active == 0], after[name][active == 0])
    assert (before["ph"] != after["ph"])[active == 1].all()


def test_few_active_columns_have_the_bits_of_all(model: Model) -> None:
    """Whichever columns take a step, few of them or most, each has what it has alone; one of them is bad."""
    random = np.random.default_rng(3)
    mixed, alone = model.columns(soil()), [model.columns(take(soil(), slice(c, c + 1))) for c in range(9)]
    for step in range(6):
        active = (random.random(NCOL) < [1.0, 0.02, 0.4, 0.45, 0.9, 0.0][step]).astype(float)
        active[2 * step] = 1.0
        weather = {name: values.copy() for name, values in forcing(step).items()}
        weather["t_soil"][active == 0] = np.nan
        weather["w_liq"][8, 1] = -9999.0 if step % 2 else weather["w_liq"][8, 1]
        out = mixed.step(STEP, {**weather, "active": active})
        bad = int(active[8] and step % 2)
        wanted = {"columns_inactive": NCOL - active.sum(), "columns_invalid": bad, "columns_stepped": active.sum() - bad}
        assert mixed.report == {**mixed.report, **wanted}
        assert np.isnan(out["ph"][active == 0]).all()
        assert ("column 9" in mixed.note) == bool(bad)
        for c in np.flatnonzero(active[:9]):
            expected = alone[c].step(STEP, take(weather, slice(c, c + 1)))
            assert_same_bits(take(out, slice(c, c + 1)), expected)
    for c, one in enumerate(alone):
        assert_same_bits(take(mixed.state(), slice(c, c + 1)), one.state())


def test_layout_and_type_do_not_matter(toy_model: Model) -> None:
    """C order, Fortran order, negative strides, slices, float32, big-endian: the same numbers."""
    single = {name: values.astype(np.float32) for name, values in forcing(0).items()}
    double = {name: values.astype(np.float64) for name, values in single.items()}
    doubled = {name: np.repeat(values, 2, axis=-1)[..., ::2] for name, values in double.items()}
    flipped = {name: np.ascontiguousarray(values[::-1])[::-1] for name, values in double.items()}
    variants = [single, {n: np.asfortranarray(v) for n, v in double.items()}, doubled, flipped]
    variants.append({n: v.astype(">f8") for n, v in double.items()})
    expected = toy_model.columns(soil()).step(STEP, double)
    for variant in variants:
        assert_same_bits(toy_model.columns(soil()).step(STEP, variant), expected)


def test_defaults_and_broadcast(toy_model: Model) -> None:
    one = toy_model.columns({"dz": [0.1, 0.2, 0.3]}, ncol=2)
    assert (one.ncol, one.nlay) == (2, 3)
    out = one.step(STEP, {"w_liq": 20.0, "t_soil": np.float32(280.0), "q_bot": 0.0, "co2_src": [0.0, 1e-8, 2e-8]})
    # the law of the toy: co2_src * dt / 0.012011 mol m-2, as carbon
    assert np.allclose(out["dic"], np.array([0.0, 1e-8, 2e-8]) * STEP, rtol=1e-12)
    assert np.allclose(one.laboratory_ph()[0] - one.laboratory_ph()[1], 0.5)
    assert set(one.step(STEP, {"w_liq": 20, "t_soil": 280, "q_bot": 0}, outputs=["ph"])) == {"ph", "flag"}
    none = toy_model.columns({"dz": [0.1, 0.2]}, ncol=0)
    assert none.step(STEP, {"w_liq": np.empty((0, 2)), "t_soil": np.empty((0, 2)), "q_bot": np.empty(0)})["ph"].shape == (0, 2)


def test_limits_in_float32_are_not_flagged(toy_model: Model) -> None:
    """0.6 as float32 lies 2e-8 above 0.6."""
    columns = toy_model.columns({"dz": [0.1, 0.1], "soc": np.full((1, 2), 0.6, dtype=np.float32)})
    assert columns.report["cells_clipped"] == 0
    assert toy_model.columns({"dz": [0.1, 0.1], "soc": 0.7}).report["cells_clipped"] == 2


def test_torch_is_never_imported_and_its_threads_are_left_alone(toy: Path) -> None:
    """In a fresh Python: stepping does not import torch; a later training run keeps its threads."""
    script = f"""
import sys
import calcisol
columns = calcisol.Model({str(toy)!r}).columns({{"dz": [0.1, 0.1]}})
columns.step(3600.0, {{"w_liq": 20.0, "t_soil": 280.0, "q_bot": 0.0}})
assert "torch" not in sys.modules, "torch was imported"
import torch
torch.set_num_threads(2)
columns.step(3600.0, {{"w_liq": 20.0, "t_soil": 280.0, "q_bot": 0.0}})
assert torch.get_num_threads() == 2, torch.get_num_threads()
assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_fortran_facade_gives_the_same_bits(toy_model: Model, toy: Path) -> None:
    fhost = pytest.importorskip("calcisol.coupler.fhost", reason="built without f90wrap")
    rng = np.random.default_rng(3)
    shape = (5, 4)
    fields = {name: np.asfortranarray(rng.uniform(0.1, 0.3, shape)) for name in ("dz", "caco3", "w_liq")}
    t_soil = np.asfortranarray(rng.uniform(275.0, 290.0, shape))
    q_bot, co2_src = np.zeros(5), np.asfortranarray(rng.uniform(0.0, 1e-8, shape))
    ph, sic, adjustment = np.zeros(shape, order="F"), np.zeros(shape, order="F"), np.zeros(5)
    stat, message = fhost.calcisol_host.run_constant(
        str(toy), 3, STEP, fields["dz"], fields["caco3"], fields["w_liq"], t_soil, q_bot, co2_src, ph, sic, adjustment
    )
    assert (stat, message.strip()) == (0, b"")
    columns = toy_model.columns({"dz": fields["dz"], "caco3": fields["caco3"]})
    for _ in range(3):
        out = columns.step(STEP, {"w_liq": fields["w_liq"], "t_soil": t_soil, "q_bot": q_bot, "co2_src": co2_src})
    assert np.array_equal(out["ph"], ph)
    stat, message = fhost.calcisol_host.run_constant(
        "nowhere", 3, STEP, fields["dz"], fields["caco3"], fields["w_liq"], t_soil, q_bot, co2_src, ph, sic, adjustment
    )
    assert stat == 3
    assert b"nowhere does not exist" in message

"""Columns split within their layers: a host sees its own layers, budgets close, bits hold. Shares: test_split_shares.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from calcisol.coupler import errors
from calcisol.coupler.library import capi
from calcisol.coupler.library.arrays import set_view
from calcisol.coupler.library.columns import Columns, table
from calcisol.coupler.library.model import Model
from helpers.bits import assert_same_bits
from helpers.sample_columns import NCOL, NLAY, STEP, Fields, soil, take
from helpers.split_columns import PIECES, ROUNDING, layers_of, weather
from helpers.toy_bundle import CARBON


@pytest.fixture(scope="module")
def model(shipped: Path) -> Iterator[Model]:
    with Model(shipped) as opened:
        yield opened


def test_all_in_one_piece_is_no_split(model: Model) -> None:
    plain, one = model.columns(soil()), model.columns(soil(), pieces=[1] * NLAY)
    for n in range(2):
        assert_same_bits(one.step(STEP, weather(n)), plain.step(STEP, weather(n)))
    assert_same_bits(one.state(), plain.state())


def test_budgets_close_on_the_layers_of_the_host(model: Model) -> None:
    columns = model.columns(soil(), pieces=PIECES)
    assert (columns.nlay, columns.state_layers) == (NLAY, sum(PIECES))
    columns.step(STEP, weather(0))
    before = columns.state()
    out = columns.step(STEP, weather(1))
    after, given = columns.state(), weather(1)
    assert np.isfinite(out["ph"]).all()
    np.testing.assert_allclose(layers_of(after["water"]), given["w_liq"], rtol=ROUNDING)
    np.testing.assert_allclose(out["sic"] + out["dic"], CARBON * layers_of(after["calcite"] + after["dic"]), rtol=ROUNDING)
    carbon = (after["calcite"] + after["dic"] - before["calcite"] - before["dic"]).sum(axis=1)
    total = (before["calcite"] + before["dic"]).sum(axis=1)
    lost = (out["co2_adj"] + out["dic_leach"]) * STEP / CARBON
    assert np.abs(carbon + lost).max() < ROUNDING * total.max()
    n_per_mol = 0.014007
    nitrogen = (after["nh4"] + after["no3"] - before["nh4"] - before["no3"]).sum(axis=1)
    brought = given["dep_nh4"] + given["dep_no3"] + given["n_min"].sum(axis=1) / n_per_mol
    taken = (out["n_sink"] + out["no3_leach"] + out["nh4_leach"]) / n_per_mol
    pools = (before["nh4"] + before["no3"]).sum(axis=1)
    assert np.abs(nitrogen - STEP * (brought - taken)).max() < ROUNDING * pools.max()
    plain = model.columns(soil())
    plain.step(STEP, weather(0))
    same = plain.step(STEP, weather(1))["acid_load"]  # the sum of all sources
    np.testing.assert_allclose(out["acid_load"], same, rtol=1e-9, atol=1e-20)


def test_nitrogen_is_taken_where_it_is(model: Model) -> None:
    """Ammonium reaches the uppermost of two pieces and stays there; nitrification of the layer is met from it all the same."""
    properties, pieces = {"dz": [[0.1, 0.3]], "caco3": 0.02}, [2, 3]
    given = {"w_liq": [[28.0, 84.0]], "t_soil": 283.0, "q_bot": 1e-5, "co2_src_total": 1e-8, "dep_nh4": 2e-6}
    plain, split = model.columns(properties), model.columns(properties, pieces=pieces)
    for columns in (plain, split):
        columns.step(STEP, given)
    # half of what reaches the surface in a step, nearly all of it nitrified in the uppermost layer; then more than there is
    for rate, met in ((1e-6, True), (1e-5, False)):
        asked = {**given, "n_nit": np.array([[0.8, 0.2 if not met else 0.0]]) * rate * 0.014007}
        a, b = plain.step(STEP, asked), split.step(STEP, asked)
        assert (a["flag"][0, 0] & 1, b["flag"][0, 0] & 1) == ((0, 0) if met else (1, 1))
        np.testing.assert_allclose(
            b["acid_load"], a["acid_load"], rtol=1e-9 if met else 0.05
        )  # what the step before left differs
    left = split.state(["nh4"])["nh4"][0]
    assert (left > 0.0).all()
    # a restart that holds a little less than nothing is stepped as it is without pieces
    for columns in (plain, split):
        short = columns.state(["nh4"])
        short["nh4"][0, 0] = -1e-12
        columns.set_state(short)
        assert np.isfinite(columns.step(STEP, {**given, "dep_nh4": 0.0, "n_nit": np.array([[0.0, 1e-12]])})["ph"]).all()
    # taken up: nitrate lies below, demand everywhere
    wanted = {**given, "n_up_no3": np.array([[1e-9, 1e-9]]), "dep_nh4": 0.0}
    a, b = plain.step(STEP, wanted), split.step(STEP, wanted)
    np.testing.assert_allclose(b["n_sink"], a["n_sink"], rtol=1e-12)


def test_fluxes_between_pieces_follow_the_water(model: Model) -> None:
    """Rebuilt fluxes, given by the host through the faces of its layers, change nothing."""
    rebuilt, told = model.columns(soil(), pieces=PIECES), model.columns(soil(), pieces=PIECES)
    old = None
    for n in range(3):
        given = weather(n)
        water = given["w_liq"]
        leaving = (0.0 if old is None else (water - old) / STEP) + given["w_sink"] + given["q_lat"]
        below = np.cumsum(leaving[:, ::-1], axis=1)[:, ::-1] - leaving
        a = rebuilt.step(STEP, given)
        b = told.step(STEP, {**given, "q_if": given["q_bot"][:, None] + below})
        old = water
        for name in ("ph", "dic", "no3_leach", "ca_leach"):  # searches for pH are in float32 and stop at 1e-4
            np.testing.assert_allclose(b[name], a[name], rtol=2e-4, atol=1e-9, err_msg=name)


def test_bits_depend_on_no_neighbour(model: Model) -> None:
    """Alone, in another order, beside bad ones, with few of all active: the same bits."""
    whole, mixed = model.columns(soil(), pieces=PIECES), model.columns(soil(), pieces=PIECES)
    order = np.random.default_rng(7).permutation(NCOL)
    shuffled = model.columns(take(soil(), order), pieces=PIECES)
    alone = model.columns(take(soil(), slice(5, 6)), pieces=PIECES)
    for n in range(3):
        out = whole.step(STEP, weather(n))
        assert_same_bits(shuffled.step(STEP, take(weather(n), order)), take(out, order))
        assert_same_bits(alone.step(STEP, take(weather(n), slice(5, 6))), take(out, slice(5, 6)))
        bad = {name: values.copy() for name, values in weather(n).items()}
        bad["t_soil"][::7, n] = [np.nan, -9999.0, 1e20][n]
        bad["active"] = np.where(np.arange(NCOL) % 7 < [7, 2, 6][n], 1.0, 0.0)
        well = np.flatnonzero((np.arange(NCOL) % 7 > 0) & (np.arange(NCOL) % 7 < 2))
        found = mixed.step(STEP, bad)
        assert_same_bits(take(found, well), take(out, well))
        assert mixed.report["columns_invalid"] == 43 and np.isnan(found["ph"][::7]).all() and (found["flag"][::7] == 16).all()
        assert mixed.report["columns_inactive"] == (bad["active"] == 0).sum()
        assert np.isnan(found["ph"][bad["active"] == 0]).all() and (found["flag"][bad["active"] == 0] == 0).all()
        assert mixed.note.startswith("t_soil = ") and f"at column 1, layer {n + 1} is missing" in mixed.note
    assert_same_bits(take(mixed.state(), well), take(whole.state(), well))
    assert (mixed.state(["ph"])["ph"][::7] == -9999.0).all()


def test_messages_flags_and_counts_are_of_the_layers(model: Model) -> None:
    properties = {name: values.copy() for name, values in soil().items()}
    properties["clay"][2, 4] = np.nan
    columns = model.columns(properties, pieces=PIECES)
    assert (columns.report["columns_stepped"], columns.report["columns_invalid"]) == (NCOL - 1, 1)
    assert columns.note.startswith("clay = nan kg kg-1 at column 3, layer 5 is missing")
    given = weather(0)
    given["n_nit"][9, 5] = 1.0
    out = columns.step(STEP, given)
    assert columns.note.startswith("column 3 was created with a missing soil property")
    assert out["flag"][9, 5] & 1 and (out["flag"][2] == 16).all() and np.isnan(out["ph_top"][2])
    counts = {bit: int((np.delete(out["flag"], 2, axis=0) & bit > 0).sum()) for bit in (1, 2, 4, 8)}
    names = ("cells_clipped", "cells_outside_envelope", "cells_fallback", "cells_residual")
    assert columns.report == {**columns.report, "columns_invalid": 1, **dict(zip(names, counts.values(), strict=True))}
    given["t_soil"] = given["t_soil"] + 100.0
    columns.step(STEP, {**given, "active": np.arange(NCOL) == 9})
    assert columns.note.startswith("t_soil = ") and "at column 10, layer 1 lies outside" in columns.note


def test_restart_gives_the_same_bits(model: Model) -> None:
    through, before, after = (model.columns(soil(), pieces=PIECES) for _ in range(3))
    for n in range(2):
        through.step(STEP, weather(n)), before.step(STEP, weather(n))
    after.set_state(before.state())
    assert_same_bits(after.step(STEP, weather(2)), through.step(STEP, weather(2)))
    assert_same_bits(after.state(), through.state())
    with pytest.raises(errors.ArgumentError, match=r"ca has shape \(300, 6\), not \(column, soil_layer\) = \(300, 17\)"):
        after.set_state({"ca": np.ones((NCOL, NLAY))})


def test_state_of_the_layers_is_spread(model: Model) -> None:
    """Pools by thickness, the rest repeated; laboratory pH of the layers is then that of columns without pieces."""
    plain, split = model.columns(soil()), model.columns(soil(), pieces=PIECES)
    with pytest.raises(errors.ArgumentError, match="shape"):
        split.spread_state({"ca": np.ones((NCOL, sum(PIECES)))})
    plain.step(STEP, weather(0))
    kept = plain.state()
    kept["ca"][4] = -9999.0
    split.spread_state(kept)
    spread = split.state()
    assert (spread["ca"][4] == -9999.0).all()
    some = np.delete(np.arange(NCOL), 4)
    for name in ("calcite", "ca", "water"):
        np.testing.assert_allclose(layers_of(spread[name])[some], kept[name][some], rtol=ROUNDING)
        assert np.ptp(spread[name][some, 3:6], axis=1).max() < ROUNDING * spread[name][some].max()
    assert_same_bits({"ph": spread["ph"]}, {"ph": np.repeat(kept["ph"], PIECES, axis=1)})
    split.spread_state({"ca": plain.state(["ca"])["ca"]})
    for mine, theirs in zip(split.laboratory_ph(), plain.laboratory_ph(), strict=True):
        # cec_variable falls with depth piece by piece: its mean is not that of the middle; where given 1e-4, as searches stop
        np.testing.assert_allclose(mine, theirs, atol=0.02)
    uniform = {**soil(), "cec_variable": 0.2}
    plain, split = model.columns(uniform), model.columns(uniform, pieces=PIECES)
    plain.step(STEP, weather(0))
    split.spread_state(plain.state())
    for mine, theirs in zip(split.laboratory_ph(), plain.laboratory_ph(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-4)
    assert np.isnan(model.columns(soil(), pieces=PIECES).laboratory_ph()[0]).all()


def test_a_sample_of_a_layer_is_mixed(model: Model) -> None:
    """Half of a layer has lost its calcite: its sample still fizzes, where a mean of the pieces' pH would lie between."""
    properties = {"dz": [[0.15, 0.15]], "caco3": [[0.0, 0.05]], "ph0": 5.0, "bulk_density": [[1200.0, 1500.0]]}
    step = {"w_liq": [[60.0]], "t_soil": 283.0, "q_bot": 0.0, "co2_src_total": 1e-8}
    layer = model.columns(properties, pieces=[2])
    parts = model.columns(properties)
    layer.step(STEP, step), parts.step(STEP, {**step, "w_liq": [[30.0, 30.0]]})
    (low, high), mixed = parts.laboratory_ph()[1][0], layer.laboratory_ph()[1][0, 0]
    assert high - low > 1.5
    assert high - 0.2 < mixed < high + 0.1


def test_a_device_answers_as_the_host(toy: Path, shipped: Path) -> None:
    """Emulated. The searches for pH of the shipped bundle are in float32 (test_device.py)."""
    pytest.importorskip("torch")
    few = slice(0, 37)
    for path, near in ((toy, ROUNDING), (shipped, 1e-3)):
        with Model(path) as host, Model(path, device="emulated") as device:
            a, b = (m.columns(take(soil(), few), pieces=PIECES) for m in (host, device))
            for n in range(2):
                given = take(weather(n), few)
                given["t_soil"][3, 2] = np.nan
                x, y = a.step(STEP, given), b.step(STEP, given)
                assert a.report == b.report and a.note == b.note
                for name in x:
                    assert np.array_equal(np.isnan(x[name]), np.isnan(y[name]))
                    np.testing.assert_allclose(y[name], x[name], rtol=near, atol=near * np.nanmax(np.abs(x[name])))
            np.testing.assert_allclose(b.laboratory_ph()[0], a.laboratory_ph()[0], rtol=1e-3)
            assert "UNSUPPORTED" == device_memory(b, take(weather(0), few))


def device_memory(columns: Columns, given: Fields) -> str:
    """What becomes of a view of device memory."""
    lib, ffi = capi.library()
    names = table().names("forcing")
    views = ffi.new("calcisol_view[]", len(names))
    for name, values in given.items():
        set_view(views[names.index(name)], values, ffi)
    views[names.index("t_soil")].memory = lib.CALCISOL_DEVICE
    status = lib.calcisol_step(columns.handle, STEP, views, len(names), ffi.NULL, lib.CALCISOL_N_OUTPUT, ffi.NULL, ffi.NULL)
    assert "t_soil lies in device memory, which columns split within their layers do not reach" in capi.last_error()
    return "UNSUPPORTED" if status == lib.CALCISOL_ERROR_UNSUPPORTED else str(status)

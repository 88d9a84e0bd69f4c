"""What the pieces of a layer are given, and which pieces there may be.

The toy bundle stores what a piece is given (its law: helpers/toy_bundle.py), so shares are read off its state.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from calcisol.coupler import errors
from calcisol.coupler.library import capi
from calcisol.coupler.library.arrays import set_view
from calcisol.coupler.library.columns import table
from calcisol.coupler.library.model import Model
from calcisol.coupler.library.pieces import pieces_of
from helpers.sample_columns import STEP
from helpers.split_columns import ROUNDING
from helpers.toy_bundle import CARBON


@pytest.fixture(scope="module")
def toy_model(toy: Path) -> Iterator[Model]:
    with Model(toy) as opened:
        yield opened


def shares(toy_model: Model, dz: list[float], pieces: list[int], given: list[float], what: str = "w_sink") -> np.ndarray:
    """What each piece gets of a sink of water, or a source of carbon."""
    columns = toy_model.columns({"dz": [dz]}, pieces=pieces)
    columns.step(STEP, {"w_liq": 20.0, "t_soil": 280.0, "q_bot": 0.0, what: np.array([given]) * 1e-8})
    if what == "w_sink":
        return columns.state(["k"])["k"][0] / STEP / 1e-8
    return columns.state(["dic"])["dic"][0] * CARBON / STEP / 1e-8


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # slopes at the faces of three equal layers, per layer: (3*3-1)/2 = 4, 2*3*1/(3+1) = 3/2, 2*1*2/(1+2) = 4/3 and
        # (3*2-1)/2 = 5/2; half way through a layer the cubic has half of it and an eighth of how its slopes at both ends differ
        ([3.0, 1.0, 2.0], [1.5 + 2.5 / 8, 1.5 - 2.5 / 8, 1.0, 1.0 - 7 / 48, 1.0 + 7 / 48]),
        # an extreme in the middle and a change of sign: flat there, and no piece with another sign than its layer
        ([1.0, 3.0, 0.0], [0.5 - 1.5 / 8, 0.5 + 1.5 / 8, 3.0, 0.0, 0.0]),
        ([0.0, 0.0, 0.0], [0.0] * 5),
    ],
)
def test_a_cubic_by_hand(toy_model: Model, source: list[float], expected: list[float]) -> None:
    found = shares(toy_model, [0.2, 0.2, 0.2], [2, 1, 2], source)
    np.testing.assert_allclose(found, expected, rtol=ROUNDING, atol=1e-15)


def test_shares_of_one_layer_and_of_unlike_layers(toy_model: Model) -> None:
    np.testing.assert_allclose(shares(toy_model, [0.4], [4], [2.0]), [0.5] * 4, rtol=ROUNDING)
    interpolate = pytest.importorskip("scipy.interpolate")  # another code of the same method
    dz, pieces, source = [0.05, 0.25, 0.7, 1.0], [1, 3, 7, 10], [2.0, 5.0, 4.0, 0.5]
    faces = np.cumsum([0.0, *np.repeat(np.divide(dz, pieces), pieces)])
    cubic = interpolate.PchipInterpolator(np.cumsum([0.0, *dz]), np.cumsum([0.0, *source]))
    np.testing.assert_allclose(shares(toy_model, dz, pieces, source), np.diff(cubic(faces)), rtol=1e-11)


def test_sources_fall_as_an_exponential_does(toy_model: Model) -> None:
    """Carbon of exp(-depth / 0.2 m) in unlike layers comes to the pieces as it was; what cannot be one is even or bounded."""
    dz, pieces = np.array([0.1, 0.3, 0.6]), [2, 5, 6]
    layers, faces = np.cumsum([0.0, *dz]), np.cumsum([0.0, *np.repeat(dz / pieces, pieces)])
    amount, true = -np.diff(np.exp(-layers / 0.2)), -np.diff(np.exp(-faces / 0.2))
    np.testing.assert_allclose(shares(toy_model, list(dz), pieces, list(amount), "co2_src"), true, rtol=0.03)  # excess_of_mean
    rising = shares(toy_model, list(dz[::-1]), pieces[::-1], list(amount[::-1]), "co2_src")
    np.testing.assert_allclose(rising, true[::-1], rtol=0.03)
    np.testing.assert_allclose(shares(toy_model, [0.4], [4], [2.0], "co2_src"), [0.5] * 4, rtol=ROUNDING)
    extreme = shares(toy_model, [0.2, 0.2, 0.2], [2, 2, 2], [1.0, 3.0, 0.0], "co2_src")
    np.testing.assert_allclose(extreme[2:], [1.5, 1.5, 0.0, 0.0], rtol=ROUNDING)
    # nothing below: as steep as 30 m-1 asks for; the other neighbour as log 4 over 0.2 m does
    fall = 2.0 / (1.0 / 30.0 + 0.2 / np.log(4.0))
    ended = shares(toy_model, [0.2, 0.2, 0.2], [1, 2, 1], [4.0, 1.0, 0.0], "co2_src")
    np.testing.assert_allclose(ended, [4.0, 1.0 / (1.0 + np.exp(-0.1 * fall)), 1.0 / (1.0 + np.exp(0.1 * fall)), 0.0], rtol=1e-12)


def test_temperature_has_no_steps_between_layers(toy_model: Model) -> None:
    """Three equal layers at 290, 286 and 285 K; at their faces 292, 2 / (1/290 + 1/286), 2 / (1/286 + 1/285) and 284.5 K, of
    which half a layer has 1/8 of the difference more or less than the mean. One piece has its layer's own."""
    columns = toy_model.columns({"dz": [[0.2, 0.2, 0.2]]}, pieces=[2, 1, 2])
    columns.step(STEP, {"w_liq": 20.0, "t_soil": [[290.0, 286.0, 285.0]], "q_bot": 0.0})
    upper, lower = 2.0 / (1 / 290 + 1 / 286), 2.0 / (1 / 286 + 1 / 285)
    expected = [
        290 + (292 - upper) / 8 * 2,
        290 - (292 - upper) / 8 * 2,
        286,
        285 + (lower - 284.5) / 8 * 2,
        285 - (lower - 284.5) / 8 * 2,
    ]
    np.testing.assert_allclose(columns.state(["t_past"])["t_past"][0], expected, rtol=ROUNDING)
    even = toy_model.columns({"dz": [[0.1, 0.3, 0.7]]}, pieces=[2, 3, 7])
    even.step(STEP, {"w_liq": 20.0, "t_soil": 281.3, "q_bot": 0.0})
    np.testing.assert_allclose(even.state(["t_past"])["t_past"][0], 281.3, rtol=ROUNDING)


def test_water_is_even_but_in_pores(toy_model: Model) -> None:
    """0.08 m in two pieces with pores of 0.06 and 0.03 m: 0.05 and 0.03, the lower one just full; ice goes with it."""
    step = {"w_liq": [[80.0]], "t_soil": 280.0, "q_bot": 0.0}
    unlike = toy_model.columns({"dz": [[0.1, 0.1]], "porosity": [[0.6, 0.3]]}, pieces=[2])
    unlike.step(STEP, step)
    np.testing.assert_allclose(unlike.state(["water"])["water"], [[50.0, 30.0]], rtol=ROUNDING)
    unlike.step(STEP, {**step, "w_liq": [[60.0]], "w_ice": [[20.0]]})
    np.testing.assert_allclose(unlike.state(["water"])["water"], [[50.0, 30.0]], rtol=ROUNDING)
    unlike.step(STEP, {**step, "w_liq": [[50.0]]})  # room for even shares
    np.testing.assert_allclose(unlike.state(["water"])["water"], [[25.0, 25.0]], rtol=ROUNDING)
    thick = toy_model.columns({"dz": [[0.1, 0.3]], "porosity": 0.5}, pieces=[2])
    thick.step(STEP, step)
    np.testing.assert_allclose(thick.state(["water"])["water"], [[20.0, 60.0]], rtol=ROUNDING)


def test_pieces_that_cannot_be_are_refused(toy_model: Model) -> None:
    lib, ffi = capi.library()
    names = table().names("static")
    views = ffi.new("calcisol_view[]", len(names))
    dz = np.full((2, 61), 0.1)
    set_view(views[names.index("dz")], dz, ffi)

    def refused(pieces: list[int] | None) -> str:
        handle = ffi.new("calcisol_columns **")
        numbers = ffi.NULL if pieces is None else ffi.new("int32_t[]", pieces)
        how = ffi.NULL if pieces == [] else ffi.new("calcisol_split *", {"pieces": numbers, "soil_by_piece": 1})
        status = lib.calcisol_columns_create_split(toy_model.handle, 2, 2, how, views, len(names), ffi.NULL, handle)
        assert status == lib.CALCISOL_ERROR_ARGUMENT and handle[0] == ffi.NULL
        return capi.last_error()

    assert "layer 2 is to be split into 0 pieces; give 1" in refused([3, 0])
    assert "split into 61 pieces; give at most 60 in all" in refused([60, 1])
    assert "array of pieces is NULL" in refused(None)
    assert "the split of the layers is NULL" in refused([])
    for wrong in ([1], [0, 1], [1.5, 2], [2**40, 1], [[1, 2]], []):
        with pytest.raises(errors.ArgumentError, match="pieces = "):
            toy_model.columns({"dz": [0.1, 0.2]}, nlay=2, pieces=wrong)
    with pytest.raises(errors.ArgumentError, match="clay has 4 layers; give 2 layers or 5 pieces"):
        toy_model.columns({"dz": [0.1, 0.2], "clay": [0.1] * 4}, pieces=[2, 3])
    thin = toy_model.columns({"dz": [0.1, 0.02]}, pieces=[1, 5])
    assert "dz = 0.004 m at column 1, layer 2 lies outside 0.005" in thin.note


def test_pieces_are_proposed() -> None:
    assert pieces_of([0.1, 0.3, 0.6, 1.0]) == [2, 5, 7, 7]  # 5 cm, 6 cm, 9 cm and 15 cm at most
    assert pieces_of(np.array([[0.05, 0.1], [0.1, 0.05]], dtype=np.float32)) == [2, 2]
    assert pieces_of([0.05, 0.1], thickest=1.0) == pieces_of([5.0, 5.0], thickest=0.0) == [1, 1]
    with pytest.raises(errors.ArgumentError, match=r"the layers have 310, more than the 60 .* give 0\.\d+ m or more"):
        pieces_of([0.3, 0.3], thickest=0.001)
    assert sum(pieces_of([0.3, 0.3], thickest=0.006)) <= 60
    for wrong in (-1.0, np.nan, np.inf):
        with pytest.raises(errors.ArgumentError, match="thickest is "):
            pieces_of([0.3], thickest=wrong)
    with pytest.raises(errors.ArgumentError, match="dz = -9999 of layer 2; give its thickness in m"):
        pieces_of([0.3, -9999.0])
    with pytest.raises(errors.ArgumentError, match="more than the 60"):  # no search in millimetres
        pieces_of([1e12, 1e12])


def test_columns_without_thickness_and_what_is_none() -> None:
    masked = np.ma.masked_greater([[0.1, 0.3], [0.1, 99.0]], 10.0)
    for dz in ([[0.1, 0.3], [0.1, np.nan]], [[0.1, 0.3], [0.1, 1e20]], [[0.1, 0.3], [-9999.0, 0.6]], masked):
        assert pieces_of(dz) == [2, 5]
    assert pieces_of([[0.1, np.nan]]) == pieces_of(np.empty((0, 2))) == [1, 1]  # no column is complete: none is split
    for wrong in ("thick", [[0.1], [0.1, 0.2]], np.full((1, 2, 2), 0.1), None, 0.3):
        with pytest.raises(errors.ArgumentError, match="dz has "):
            pieces_of(wrong)
    for thickest in ("thin", None, True):
        with pytest.raises(errors.ArgumentError, match="must be a number, in m"):
            pieces_of([0.3], thickest)


def test_no_column_and_no_output(toy_model: Model) -> None:
    none = toy_model.columns({"dz": [0.1, 0.2]}, ncol=0, pieces=[2, 2])
    empty = {"w_liq": np.empty((0, 2)), "t_soil": np.empty((0, 2)), "q_bot": np.empty(0)}
    assert none.step(STEP, empty)["ph"].shape == (0, 2)
    assert none.laboratory_ph()[0].shape == (0, 2) and none.state(["ca"])["ca"].shape == (0, 4)
    columns = toy_model.columns({"dz": [0.1, 0.2]}, ncol=2, pieces=[2, 2])
    columns.warmup()
    assert set(columns.step(STEP, {"w_liq": 20.0, "t_soil": 280.0, "q_bot": 0.0}, outputs=[])) == {"flag"}

"""Twins without nitrogen: the same column until its nitrogen starts, none of it after; and the choice of members to run again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from calcisol.emulator.min3p.column import Column
from calcisol.emulator.min3p.sampling import draw
from calcisol.emulator.min3p.selection import own_twins, parse_list, select
from calcisol.emulator.min3p.store import EnsembleError
from calcisol.emulator.min3p.twins import build_twin, nitrogen_start
from calcisol.emulator.training.learning_set import load_learning_file, part_members

from ..emulator.test_learning_set import learning_file

SEED, YEARS = 1, 12
NITROGEN = ("an", "urea", "as", "cn", "man")
AGREE = 1e-12  # relative; the same sums in another order


@pytest.fixture(scope="module", params=range(8))
def pair(request: pytest.FixtureRequest) -> tuple[dict, Column, Column]:
    """A fertilised design point, its column and that column's twin."""
    point = [p for p in draw(16, SEED) if p.values["nitrogen"] > 0.0][request.param]
    return point.values, build_twin(point, YEARS), build_twin(point, YEARS, "no_nitrogen")


def monthly(column: Column, name: str) -> np.ndarray:
    return column.sources[name].monthly if name in column.sources else np.zeros(column.months)


def test_no_fertiliser_is_left(pair: tuple) -> None:
    _, own, twin = pair
    assert any(name in own.sources for name in (*NITROGEN, "min"))
    assert not any(name in twin.sources for name in NITROGEN)


def test_what_is_the_same(pair: tuple) -> None:
    """Soil, weather, rain, lime, potash, harvest of bases, weathering; and everything before the nitrogen starts."""
    _, own, twin = pair
    for name in ("thickness", "cec", "cec_variable", "caco3", "drainage", "temperature"):
        np.testing.assert_array_equal(getattr(own, name), getattr(twin, name))
    assert own.rain == twin.rain and own.retention == twin.retention and own.labels == twin.labels
    for name in ("lime", "irr", "kcl", "ubc", "weath", "nitr"):
        np.testing.assert_array_equal(monthly(own, name), monthly(twin, name))
    start = nitrogen_start(own, twin)
    assert start is not None and start % 12 == 0 and start <= 36
    for name in own.sources:
        np.testing.assert_array_equal(monthly(own, name)[:start], monthly(twin, name)[:start])
        if name in twin.sources:
            np.testing.assert_array_equal(own.sources[name].profile, twin.sources[name].profile)


def test_uptake_and_respiration_by_hand(pair: tuple) -> None:
    """From the start on: uptake is the use efficiency times mineralisation and deposition; crops respire 0.4 gC per mg N."""
    p, own, twin = pair
    start = nitrogen_start(own, twin)
    assert start is not None
    supply = (p["mineralisation"] + p["deposition_n"]) * 1e3 / 14.007 / 1e4  # mol N m-2 yr-1
    yearly = (monthly(twin, "uno3") + monthly(twin, "unh4"))[start:].reshape(-1, 12).sum(1)
    np.testing.assert_allclose(yearly, p["nue"] * supply, rtol=AGREE)
    assert (monthly(twin, "uno3") <= monthly(own, "uno3")).all()
    thermal = p["q10"] ** ((own.temperature[:, 0] - p["temperature"]) / 10.0)
    ratio = monthly(twin, "resp")[start:] / thermal[start:]
    np.testing.assert_allclose(ratio, ratio[0], rtol=AGREE)  # nothing but temperature is left in it
    crop = 0.4 * p["nue"] * (p["mineralisation"] + p["deposition_n"])
    assert ratio[0] <= (p["respiration"] + crop) / 12.011 / 12.0 * (1.0 + AGREE)  # below it where soil CO2 is capped


def test_without_nitrogen_there_is_no_twin() -> None:
    points = draw(32, SEED)
    none = [p.index for p in points if p.values["nitrogen"] == 0.0]
    assert none and own_twins([p.index for p in points], SEED) == none
    own, twin = (build_twin(points[none[0]], YEARS, t) for t in (None, "no_nitrogen"))
    assert nitrogen_start(own, twin) is None
    for name, source in own.sources.items():
        np.testing.assert_array_equal(source.monthly, twin.sources[name].monthly)


def test_unknown_twin() -> None:
    with pytest.raises(ValueError, match="twin is 'no_lime'; known are no_nitrogen"):
        build_twin(draw(1, SEED)[0], YEARS, "no_lime")


def test_list_of_members() -> None:
    assert parse_list("3,17, 20-22,3") == [3, 17, 20, 21, 22]
    for wrong in ("", "3;4", "a", "5-2", "-1"):
        with pytest.raises(EnsembleError, match=r"write it as 3,17,20-25"):
            parse_list(wrong)


def test_part_of_a_learning_file(tmp_path: Path) -> None:
    """The members of a part are those that training sees there, over all numbers of layers."""
    path = learning_file(tmp_path / "learning.nc")
    parts = {name: part_members(path, name) for name in ("train", "validation", "test")}
    for name, found in parts.items():
        assert found == sorted(int(m) for e in load_learning_file(path) for m in e.part(name).members)
        assert select(99, part=name, of=path) == found
    assert sorted(m for found in parts.values() for m in found) == [0, 1, 2]


def test_choices_that_do_not_go_together(tmp_path: Path) -> None:
    assert select(3) == [0, 1, 2] and select(3, only="7") == [7]
    with pytest.raises(EnsembleError, match="--only and --part both choose members"):
        select(3, only="1", part="test")
    with pytest.raises(EnsembleError, match=r"--part needs --of LEARNING\.nc"):
        select(3, part="test")
    with pytest.raises(EnsembleError, match="no part of the split; choose train, validation, test"):
        select(3, part="exam", of=tmp_path / "learning.nc")
    with pytest.raises(EnsembleError, match="does not exist"):
        select(3, part="test", of=tmp_path / "learning.nc")

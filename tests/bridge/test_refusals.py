"""What is wrong is said in one sentence, and nothing has happened then: forcing, soil, state, bundles, modules, handles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from calcisol.coupler import errors
from calcisol.coupler.library.model import Model
from helpers.bad_bundles import broken_bundles
from helpers.sample_columns import NCOL, NLAY, STEP, forcing, soil


@pytest.fixture(scope="module")
def toy_model(toy: Path) -> Iterator[Model]:
    with Model(toy) as opened:
        yield opened


def test_half_a_state_is_refused(toy_model: Model) -> None:
    columns = toy_model.columns(soil())
    columns.set_state({"calcite": 1.0})
    with pytest.raises(errors.StateError, match="column 1 was given part of a state, but no ca"):
        columns.step(STEP, forcing(0))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"w_liq": None}, errors.MissingError, "w_liq .* is required"),
        ({"moisture": 1.0}, errors.ArgumentError, "'moisture' is no forcing variable"),
        ({"w_liq": np.zeros((3, 3))}, errors.ArgumentError, r"w_liq has shape \(3, 3\), not \(column, soil_layer\) = \(300, 6\)"),
        ({"q_bot": np.zeros((NCOL, NLAY))}, errors.ArgumentError, r"q_bot has shape .* not \(column,\)"),
        ({"t_soil": "warm"}, errors.ArgumentError, "t_soil has type"),
        ({"t_soil": np.full((NCOL, NLAY), 280 + 1j)}, errors.ArgumentError, "t_soil has type complex128"),
    ],
)
def test_wrong_forcing_is_one_sentence(toy_model: Model, change: dict, error: type[Exception], words: str) -> None:
    columns = toy_model.columns(soil())
    weather = {**forcing(0), **change}
    with pytest.raises(error, match=words) as caught:
        columns.step(STEP, {name: value for name, value in weather.items() if value is not None})
    assert "\n" not in str(caught.value)
    assert (columns.state()["ph"] == -9999.0).all()  # nothing happened
    assert np.isfinite(columns.step(STEP, forcing(0))["ph"]).all()  # and nothing is lost


def test_bad_soil_is_invalid_in_every_step(toy_model: Model) -> None:
    properties = {name: values.copy() for name, values in soil().items()}
    properties["clay"][3, 1] = -9999.0
    columns = toy_model.columns(properties)
    assert columns.report["columns_invalid"] == 1
    assert columns.note.startswith("clay = -9999 kg kg-1 at column 4, layer 2")
    out = columns.step(STEP, forcing(0))
    assert columns.note.startswith("column 4 was created with a missing soil property")
    assert np.isnan(out["ph"][3]).all()
    assert np.isfinite(np.delete(out["ph"], 3, axis=0)).all()


def test_clipped_soil_is_flagged_in_every_step(toy_model: Model) -> None:
    """A host that reads flags alone hears of it too, not only the one that looked when the columns were made."""
    properties = {name: values.copy() for name, values in soil().items()}
    properties["clay"][3, 1] = 30.0  # per cent
    columns = toy_model.columns(properties)
    assert columns.note.startswith("clay = 30 kg kg-1 at column 4, layer 2 lies outside 0 to 1 and was clipped")
    for n in range(2):
        clipped = columns.step(STEP, forcing(n))["flag"] & 1 == 1
        assert clipped[3, 1] and clipped.sum() == 1
        assert columns.report["cells_clipped"] == 1


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("truncated", "cut short"),
        ("empty", "cut short"),
        ("text", "no bundle"),
        ("tampered", "changed after export"),
        ("schema", "schema version 99"),
        ("format", "format 'other'"),
        ("units", "forcing variable 1 is w_liq .m3 m-3., this calcisol has w_liq .kg m-2."),
        ("rows", "state variable 1 is ca .mol m-2., this calcisol has calcite"),
        ("older", "older calcisol"),
        ("no contract", "holds no contract"),
    ],
)
def test_broken_bundle_is_one_sentence(toy: Path, tmp_path: Path, kind: str, words: str) -> None:
    path = broken_bundles(toy, tmp_path)[kind]
    with pytest.raises(errors.BundleError, match=words) as caught:
        Model(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_any_byte_of_a_bundle_counts(toy: Path) -> None:
    """Flipping a bit anywhere in a record is noticed, or was in padding and changes nothing."""
    good = toy.read_bytes()
    contract = Model(good).contract
    unnoticed = 0
    for position in np.linspace(0, len(good) - 1, 200).astype(int):
        bad = bytearray(good)
        bad[position] ^= 0x10
        try:
            assert Model(bytes(bad)).contract == contract
            unnoticed += 1
        except errors.BundleError as error:
            assert "\n" not in str(error)
    assert unnoticed < 150  # records are padded to 64 bytes; the rest is content


def test_model_and_columns_close(toy: Path) -> None:
    model = Model(toy)
    columns = model.columns(soil())
    model.close()
    model.close()
    with pytest.raises(errors.ArgumentError, match="closed"):
        _ = model.contract
    assert np.isfinite(columns.step(STEP, forcing(0))["ph"]).all()
    columns.close()
    columns.close()
    with pytest.raises(errors.ArgumentError, match="freed"):
        columns.step(STEP, forcing(0))


def test_wrong_answers_of_a_module_are_refused(tmp_path: Path) -> None:
    from helpers.toy_bundle import write_toy

    shape = Model(write_toy(tmp_path / "shape.calcisol", "wrong_shape")).columns({"dz": [0.1, 0.1]})
    with pytest.raises(errors.ModelError, match=r"layer outputs Double \[6, 1, 128\] instead of Double \[6, 2, 128\]"):
        shape.step(STEP, {"w_liq": 1, "t_soil": 280, "q_bot": 0})
    nan = Model(write_toy(tmp_path / "nan.calcisol", "nan")).columns({"dz": [0.1, 0.1]}, ncol=3)
    source = np.zeros((3, 2))
    nan.step(STEP, {"w_liq": 1, "t_soil": 280, "q_bot": 0, "co2_src": source})
    before = nan.state()
    source[1, 0] = 9.5e-5
    out = nan.step(STEP, {"w_liq": 1, "t_soil": 280, "q_bot": 0, "co2_src": source})
    assert nan.report["columns_invalid"] == 1
    why = "gave NaN; it kept its state, check its inputs and its state or set active = 0"
    assert nan.note == f"the step of column 2 {why}"
    assert np.isnan(out["ph"][1]).all()
    assert np.array_equal(nan.state()["ph"][1], before["ph"][1])

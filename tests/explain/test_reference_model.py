"""The reference model run again: the choice of columns and the verdict here; the runs themselves where MIN3P is given."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from calcisol.emulator.explain import reference_model
from calcisol.emulator.min3p import store
from calcisol.emulator.min3p.sampling import draw
from calcisol.emulator.step.step import Step
from helpers.fake_min3p import install, told

from ..min3p.test_database import STOCK


def test_twenty_columns_with_nitrogen_and_calcite_are_chosen() -> None:
    """The issue asks for 20 or more."""
    numbers = reference_model.chosen_points(20)
    assert len(set(numbers)) == 20
    for i in numbers[::5]:
        values = draw(1, reference_model.SEED, start=i)[0].values
        assert values["nitrogen"] >= reference_model.LEAST_N and values["caco3"] > reference_model.LEAST_CACO3


def test_the_verdict_of_known_effects() -> None:
    """Effects too small to have a sign do not count."""
    found = reference_model.Agreement(np.array([-1.0, -2.0, -4.0, 0.001]), np.array([-1.1, -1.8, -4.0, -0.001]), 1).as_dict()
    assert (found["columns"], found["failed"], found["signs"]) == (4, 1, 1.0)
    assert found["median_error"] == pytest.approx(0.1) and found["ratio"] == pytest.approx(6.901 / 6.999)
    nothing = reference_model.Agreement(np.zeros(0), np.zeros(0), 3).as_dict()
    assert nothing["columns"] == 0 and np.isnan(nothing["ratio"])


def test_pairs_go_on_where_they_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in plays MIN3P: one run is missing, one was refused; the first is made up for, the second's column replaced."""
    (tmp_path / "stock").mkdir()
    for name, text in STOCK.items():
        (tmp_path / "stock" / name).write_text(text)
    install(tmp_path / "min3p", tmp_path / "log")
    monkeypatch.setenv("MIN3P_EXE", str(tmp_path / "min3p"))
    monkeypatch.setenv("MIN3P_DB", str(tmp_path / "stock"))
    folder, (a, b, c) = tmp_path / "pairs", reference_model.chosen_points(3)
    first = reference_model.run_pairs(folder, columns=2, years=1, workers=1)
    assert first.columns == [a, b] and first.failed == 0 and len(told(tmp_path / "log", "end")) == 4
    store.record_path(folder / "with", a).unlink()
    record = store.record_path(folder / "without", b)
    record.write_text(json.dumps({**json.loads(record.read_text()), "state": "refused"}))
    again = reference_model.run_pairs(folder, columns=2, years=1, workers=1)
    assert again.columns == sorted([a, c]) and again.failed == 1
    assert told(tmp_path / "log", "end")[4:] == [a, c, c]
    with pytest.raises(store.EnsembleError, match="was started with years"):
        reference_model.run_pairs(folder, columns=2, years=2)


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("MIN3P_EXE"), reason="MIN3P_EXE is not set")
def test_physical_step_and_min3p_agree_on_what_nitrogen_does(tmp_path: Path) -> None:
    """Three columns, four years: same sign, within a third in the median (B0 at monthly steps is not the reference model)."""
    found = reference_model.judge(Step(), reference_model.run_pairs(tmp_path, columns=3, years=4)).as_dict()
    assert found["columns"] >= 2 and found["signs"] == 1.0 and found["median_error"] < 0.33

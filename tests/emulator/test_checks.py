"""The checks of `calcisol evaluate` besides the scorecard: flags outside the envelope, twins; by hand and on a small ensemble."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from calcisol.coupler.explain_engine.replay import open_replay
from calcisol.emulator.evaluation import checks, outside, spread
from calcisol.emulator.evaluation.evaluate import make_roll
from calcisol.emulator.step.step import Step
from calcisol.emulator.training.curriculum import fit_core, make_step
from calcisol.emulator.training.rollout import rollout
from calcisol.emulator.training.scripted import load_scripted
from helpers.ensembles import tiny_ensemble

from .test_learning import CONFIG

ENGINES = 1e-3
"""Relative, over a year: the network's float32 sums in another order (1e-4 a call, tests/bridge/test_native.py)."""


def test_auroc_by_hand() -> None:
    """Of four pairs three are in order and one is a tie."""
    assert outside.auroc(np.array([1.0, 2.0]), np.array([0.0, 1.0])) == 0.875
    assert np.isnan(outside.auroc(np.array([]), np.array([0.0])))


def test_columns_beyond_the_training_are_flagged() -> None:
    """A depth and a salt no training column had; a step without network flags nothing, so that chance decides."""
    data = tiny_ensemble(12, 18)
    rows = {r.name: r for r in outside.outside(partial(rollout, make_step(CONFIG, fit_core(CONFIG, [data]))), [data])}
    for name in ("twice as deep", "sodium nitrate"):
        assert rows[name].columns_beyond == len(data.members)
        assert rows[name].beyond > outside.TARGET, rows[name]
    blind = outside.outside(partial(rollout, Step()), [data])
    assert {r.auroc for r in blind} == {0.5}


def test_twice_as_deep_is_twice_the_column() -> None:
    data = tiny_ensemble(4, 6)
    deep = outside.deeper(data)
    content = data.state[0, 0] / data.static[0]  # mol m-3 of calcite
    torch.testing.assert_close(deep.state[0, 0] / deep.static[0], content)
    torch.testing.assert_close(deep.state[0, 11:], data.state[0, 11:])  # pressure, pH and site fillings are intensive


def test_twin_errors_by_hand() -> None:
    """The step's own rollouts as reference leave no error; a reference whose difference is doubled leaves half."""
    data = tiny_ensemble(4, 24)
    column = data.forcing_column.clone()
    column[:, outside._COLUMN["dep_no3"]] = 0.0
    without = replace(data, forcing_column=column)
    step = Step()
    full, twin = (replace(d, state=rollout(step, d).state) for d in (data, without))
    assert max(error for _, _, error in checks.twin_errors(partial(rollout, step), [full], [twin]).values()) < 1e-12
    doubled = full.state.clone()
    doubled[-1, 0] += full.state[-1, 0] - twin.state[-1, 0]
    rows = checks.twin_errors(partial(rollout, step), [replace(full, state=doubled)], [twin])
    assert all(abs(error - 0.5) < 1e-9 for true, _, error in rows.values() if abs(true) > checks.LEAST_DIFFERENCE)
    assert any(abs(true) > checks.LEAST_DIFFERENCE for true, _, _ in rows.values())


def test_coverage_by_hand() -> None:
    """Errors three times the spread: the scale of the fit makes the test covered; twice as large errors are not."""
    name = next(iter(spread.FLOOR))
    width = np.linspace(1.0, 2.0, 101)
    fit = spread.Sample(3.0 * width * np.linspace(0.0, 1.0, 101), width)
    assert spread.coverage(name, fit, fit) == pytest.approx({level: level for level in spread.LEVELS}, abs=0.01)
    wrong = spread.Sample(2.0 * fit.error, width)
    assert spread.coverage(name, fit, wrong)[0.8] == pytest.approx(0.4, abs=0.01)


def test_the_compiled_rollout_is_that_of_the_module(shipped: Path) -> None:
    """What `calcisol evaluate` steps with, against the module itself over a year."""
    data = tiny_ensemble(4, 12)
    if open_replay(shipped.read_bytes()) is None:
        pytest.skip("the library was built without a native engine")
    module = load_scripted(shipped)
    ours, module = (make_roll(shipped.read_bytes(), module, opener)(data) for opener in (open_replay, None))
    assert torch.equal(ours.flag & 8, module.flag & 8)
    torch.testing.assert_close(ours.state[1:], module.state[1:], rtol=ENGINES, atol=1e-9)
    torch.testing.assert_close(ours.column, module.column, rtol=ENGINES, atol=1e-12)

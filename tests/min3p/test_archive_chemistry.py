"""The constants of somebody else's archive: read from the echo, in the step, in a bundle's words, and told before any score."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from calcisol.emulator.chemistry.stated import Stated, differences, from_dict, log_k_at, of_set
from calcisol.emulator.contract.bundle import read_contract
from calcisol.emulator.contract.errors import InputError
from calcisol.emulator.contract.variables import load_table
from calcisol.emulator.evaluation.constants_first import ph_errors, say_first
from calcisol.emulator.evaluation.long_intervals import cut, joined, parts_for
from calcisol.emulator.min3p.archive.learn import learn
from calcisol.emulator.step.chosen import chosen_step, parameters_of
from calcisol.emulator.step.correction import Core
from calcisol.emulator.step.step import Step
from calcisol.emulator.training.dataset import Ensemble
from calcisol.emulator.training.graph import fingerprint
from calcisol.emulator.training.learning_set import load_archive
from calcisol.emulator.training.rollout import rollout
from helpers.ensembles import tiny_ensemble
from helpers.foreign_archive import mapped, silent
from helpers.tensors import MONTH, soil

OWN_PH = 2e-3
"""MIN3P's totals through the constants read from its echo: activities of pairs and water are what is left."""
OTHER_PH = 0.02
"""The same through other constants: the stock database holds a quarter less CO2 in cold water than phreeqc.dat."""


@pytest.fixture(scope="module")
def learned(pristine: Path, proposal: str, tmp_path_factory: pytest.TempPathFactory) -> list[Ensemble]:
    """Three runs, learned."""
    folder = tmp_path_factory.mktemp("learned")
    learn(pristine, mapped(folder, proposal), folder / "learning.nc", silent)
    return load_archive(folder / "learning.nc")


@pytest.fixture(scope="module")
def stated(learned: list[Ensemble]) -> Stated:
    """Their constants."""
    found = learned[0].constants
    assert found is not None
    return found


def test_numbers_are_those_of_the_echo(stated: Stated) -> None:
    """By hand from MIN3P's stock database: h2co3aq 16.681 (-2.247), co2(g) 18.16 (-0.53), hco3- 10.3393, calcite 8.48 (2.585)."""
    at_25 = {name: log_k_at(row, 298.15) for name, row in stated.log_k.items()}
    assert at_25["co2_solubility"] == pytest.approx(16.681 - 18.16, abs=1e-9)
    assert at_25["carbonic_1"] == pytest.approx(10.3393 - 16.681, abs=1e-9)
    assert at_25["calcite"] == pytest.approx(-8.48, abs=1e-9)
    assert at_25["cahco3"] == pytest.approx(11.435 - 10.3393, abs=1e-9)
    # van 't Hoff to 5 degC: dh (1/298.15 - 1/278.15) / (R ln 10), R = 1.987e-3 kcal
    slope = (1.0 / 298.15 - 1.0 / 278.15) / (1.987e-3 * math.log(10.0))
    assert log_k_at(stated.log_k["calcite"], 278.15) == pytest.approx(-8.48 - 2.585 * slope, abs=1e-9)
    assert log_k_at(stated.log_k["co2_solubility"], 278.15) == pytest.approx(-1.479 + (-2.247 + 0.53) * slope, abs=1e-9)
    assert stated.protons == [1.0, 4.2, 4.2]
    assert stated.selectivity["ca"] == 0.7959
    assert stated.ion_size["ca"] == [6.0, 0.17]
    assert not stated.has_aluminium


def test_their_totals_give_their_ph(learned: list[Ensemble], stated: Stated) -> None:
    theirs = chosen_step(None, parameters_of("phreeqc", "AlOHX2", stated))
    assert ph_errors(theirs, learned)[0] < OWN_PH
    assert ph_errors(Step(None, "phreeqc", "AlOHX2"), learned)[0] > OTHER_PH


def test_the_kernel_of_the_default_serves_them(stated: Stated, shipped: Path) -> None:
    """Constants are buffers: the graph, by which a kernel is found, is the shipped one."""
    step = chosen_step(Core(32), parameters_of("phreeqc", "AlOHX2", stated)).eval()
    assert fingerprint(step) == read_contract(shipped)["step_graph"]


def test_what_differs_is_said_first(learned: list[Ensemble], stated: Stated, shipped: Path) -> None:
    text, differ = say_first(read_contract(shipped), learned)
    assert differ and text.startswith("THE ARCHIVE WAS MADE WITH OTHER CONSTANTS THAN THE BUNDLE'S:")
    assert "| log K exchange H/Na, site 2 | 3.2 | 4.2 |" in text
    own = {"parameters": parameters_of("phreeqc", "AlOHX2", stated)}
    text, differ = say_first(own, learned)
    assert not differ and text.startswith("constants: the archive's are the bundle's")
    silent_file = [replace(d, constants=None) for d in learned]
    text, differ = say_first(read_contract(shipped), silent_file)
    assert differ and "does not state them" in text and "No shipped set gives it its pH" in text


def acid_columns(step: Step) -> Ensemble:
    """Two months of acid soil without calcite by a step, in a file that states no constants."""
    static, layer, column = soil(6, 0.0)
    static[load_table().names("static").index("ph0")] = torch.linspace(4.2, 6.0, 6, dtype=torch.float64)
    static = step.prepare(static)
    states = [step.initial_state(static, layer, column)]
    with torch.no_grad():
        for _ in range(2):
            states.append(step(states[-1], static, layer, column, torch.tensor(MONTH, dtype=torch.float64))[0])
    history = torch.stack(states)
    return replace(
        tiny_ensemble(6, 2), static=static, state=history, forcing_layer=layer.expand(2, *layer.shape),
        forcing_column=column.expand(2, *column.shape), ph=history[:, load_table().names("state").index("ph")], constants=None,
    )  # fmt: skip


@pytest.mark.parametrize(("thermodynamics", "aluminium"), [("min3p", "AlX3-linear"), ("min3p", "AlX3"), ("phreeqc", "AlX3")])
def test_a_shipped_set_is_found_by_the_ph_it_gives(thermodynamics: str, aluminium: str, shipped: Path) -> None:
    """A file without constants, made with a set that ships, is told which."""
    data = acid_columns(Step(None, thermodynamics, aluminium))
    text, differ = say_first(read_contract(shipped), [data])
    assert differ and "does not state them" in text
    assert f'Its constants are thermodynamics = "{thermodynamics}", aluminium = "{aluminium}" (pH within 0.0' in text


def test_stated_constants_survive_a_file(stated: Stated) -> None:
    assert from_dict(stated.as_dict()) == stated
    assert differences(stated, stated) == []
    with pytest.raises(InputError, match="stated constants lack protons"):
        from_dict({k: v for k, v in stated.as_dict().items() if k != "protons"})
    with pytest.raises(InputError, match="lack calcite"):
        from_dict({**stated.as_dict(), "log_k": {k: v for k, v in stated.log_k.items() if k != "calcite"}})


def test_a_shipped_set_stated_is_that_set() -> None:
    """The same bits as the set by its name."""
    data = tiny_ensemble(4, 6)
    named = Step(None, "min3p", "AlX3-linear")
    same = chosen_step(None, parameters_of("phreeqc", "AlOHX2", of_set("min3p", "AlX3-linear")))
    a, b = rollout(named, data), rollout(same, data)
    assert torch.equal(a.state, b.state) and torch.equal(a.column, b.column)


def test_long_intervals_cut_for_the_library_are_the_same() -> None:
    data = tiny_ensemble(4, 6)
    step = Step()
    whole = rollout(step, data, substeps=6)
    parts = joined(rollout(step, cut(data, 3), substeps=2), 3)
    torch.testing.assert_close(parts.state, whole.state, rtol=1e-9, atol=1e-15)
    torch.testing.assert_close(parts.column, whole.column, rtol=1e-9, atol=1e-18)
    assert parts_for(182.5 * 86400.0) == 6 and parts_for(30.4 * 86400.0) == 1

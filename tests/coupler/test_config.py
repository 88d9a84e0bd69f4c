"""Configurations and scenarios: what is accepted, and the sentence for what is not."""

import re

import numpy as np
import pytest
from calcisol.coupler.cli import main
from calcisol.coupler.config import ConfigError, RunConfig, load_config
from calcisol.coupler.scenario import load_scenario, shipped


def write(tmp_path, text, name="run.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_default_runs_three_scenarios_to_2060():
    config = RunConfig()
    assert (config.start_year, config.end_year) == (2020, 2060)
    assert set(config.scenarios) == {"baseline", "n_minus_20", "no_mineral_n"} <= set(shipped())


def test_values_and_tables_are_read(tmp_path):
    config = load_config(write(tmp_path, 'end_year = 2030\nscenarios = ["baseline"]\n[water]\nomega = 2\n'), out="x")
    assert (config.end_year, config.scenarios, config.out, config.water.omega) == (2030, ("baseline",), "x", 2.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("spinup_year = 3", "'spinup_year' is not known; the nearest is 'spinup_years'"),
        ("[water]\nomga = 2.0", "'omga' is not known; the nearest is 'omega'"),
        ('end_year = "2060"', "end_year = '2060' must be a int"),
        ("end_year = 1990", "end_year = 1990 lies before start_year = 2020"),
        ("layers = [0.1, -0.2]", "needs thicknesses above 0"),
        ("workers = 0", "workers = 0 must be 1 or more"),
        ("workers = true", "workers = True must be a int"),
        ("scenarios = []", "scenarios is empty"),
        ('domain = "mars"', "'mars' is not known"),
        ("water = 3", "must be a table"),
        ("a = = 1", "cannot be read"),
    ],
)
def test_a_bad_configuration_is_one_sentence(tmp_path, text, words):
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        load_config(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_missing_file_and_unknown_scenario(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        load_config(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="'base' is not known; use one of baseline"):
        load_scenario("base")


def test_command_line_says_one_sentence_and_exits_with_2(tmp_path, capsys):
    path = write(tmp_path, "spinup = 3")
    assert main(["run", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "spinup" in error and "Traceback" not in error


def test_ramp_is_linear_then_held():
    scenario, country = load_scenario("n_minus_20"), np.array(["FRA", "ESP"])
    assert scenario.factor("mineral_n", 2020, country) == pytest.approx([1.0, 1.0])
    assert scenario.factor("mineral_n", 2025, country) == pytest.approx([0.9, 0.9])
    assert scenario.factor("mineral_n", 2030, country) == pytest.approx([0.8, 0.8])
    assert scenario.factor("mineral_n", 2060, country) == pytest.approx([0.8, 0.8])
    assert scenario.factor("manure_n", 2060, country) == pytest.approx([1.0, 1.0])
    assert load_scenario("no_mineral_n").factor("mineral_n", 2040, country) == pytest.approx([0.0, 0.0])
    assert load_scenario("baseline").factor("mineral_n", 2040, country) == pytest.approx([1.0, 1.0])


def test_a_scenario_of_ones_own_acts_in_its_countries(tmp_path):
    text = 'title = "x"\ncountries = ["FRA"]\n[change]\nmanure_n = 0.5\n[ramp]\nfrom = 2020\nto = 2020\n'
    scenario = load_scenario(str(write(tmp_path, text, "mine.toml")))
    assert scenario.factor("manure_n", 2021, np.array(["FRA", "ESP"])) == pytest.approx([0.5, 1.0])
    with pytest.raises(ConfigError, match="'mineral' is not known; the nearest is 'mineral_n'"):
        load_scenario(str(write(tmp_path, "[change]\nmineral = 0.5\n", "bad.toml")))
    with pytest.raises(ConfigError, match="must be a factor from 0 to 10"):
        load_scenario(str(write(tmp_path, "[change]\nmineral_n = -20\n", "bad2.toml")))

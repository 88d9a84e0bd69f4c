"""Configurations and scenarios: what is accepted, and the sentence for what is not."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from calcisol.coupler.cli import main
from calcisol.coupler.config import ConfigError, RunConfig, load_config
from calcisol.coupler.errors import CalcisolError
from calcisol.coupler.europe.scenario import crop_shares, load_scenario, load_scenarios, shipped
from calcisol.coupler.land import history


def write(tmp_path, text, name="run.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_default_runs_three_scenarios_1990_to_2100():
    config = RunConfig()
    assert (config.start_year, config.end_year) == (1990, 2100)
    assert set(config.scenarios) == {"baseline", "n_minus_20", "no_mineral_n"} <= set(shipped())


def test_values_and_tables_are_read(tmp_path):
    config = load_config(write(tmp_path, 'end_year = 2030\nscenarios = ["baseline"]\n[water]\nomega = 2\n'), out="x")
    assert (config.end_year, config.scenarios, config.out, config.water.omega) == (2030, ("baseline",), "x", 2.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("spinup_year = 3", "'spinup_year' is not known; the nearest is 'spinup_years'"),
        ("[water]\nomga = 2.0", "'omga' is not known; the nearest is 'omega'"),
        ('end_year = "2060"', "end_year = '2060' must be a whole number, like 2100"),
        ("end_year = 1980", "end_year = 1980 lies before start_year = 1990"),
        ("layers = [0.1, -0.2]", "needs thicknesses above 0"),
        ("workers = 0", "workers = 0 must be 1 or more"),
        ("workers = true", "workers = True must be a whole number"),
        ("scenarios = []", "scenarios is empty"),
        ('domain = "mars"', "'mars' is not known"),
        ("water = 3", "must be a table"),
        ("layers = [nan]", "must each lie between 0.005 and 5 m"),
        ("layers = [0.1, 1e-6]", "must each lie between 0.005 and 5 m"),
        ("layers = [0.1, true]", "must be a list of numbers"),
        ("uncertainty = -5", "uncertainty = -5 is negative"),
        ("start_year = 15", "start_year = 15 must lie between 1800 and 3000"),
        ('scenarios = ["baseline", "baseline"]', "scenarios names 'baseline' twice"),
        ("[nitrogen]\ndenitrified_surplus = 7", "denitrified_surplus = 7 must lie between 0 and 1"),
        ("[nitrogen]\ndenitrified_surplus = nan", "denitrified_surplus = nan must lie between 0 and 1"),
        ("[water]\nomega = -3", "omega = -3 must lie between 1 and 20"),
        ("[water]\nroot_full_m = 3.0", "root_end_m = 1.35 lies above root_full_m = 3"),
        ("spinup_years = 100000000", "spinup_years = 100000000 must lie between 0 and 10000"),
        ('out = ""', "out is empty"),
        ("layers = [5.0]", "layers = [5.0] begins with one centred at 2.5 m, which no root reaches"),
        ("[carbon]\nraich_f = 0.0", "raich_f = 0 must lie between 0.01 and 20"),
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
    with pytest.raises(ConfigError, match=r"scenario file base\.toml does not exist"):
        load_scenario("base.toml")


def test_what_a_forcing_file_leaves_unused_is_refused(tmp_path, capsys):
    for text, word in (("start_year = 2000\n", "start_year"), ("[water]\nomega = 2.0\n", "water")):
        with pytest.raises(ConfigError, match=rf"{word} acts on the European run, and run\.toml names the forcing file f\.nc"):
            load_config(write(tmp_path, 'forcing = "f.nc"\n' + text))
    path = str(write(tmp_path, 'forcing = "f.nc"\nout = "x"\n'))
    for option, word in ((("--scenario", "baseline"), "scenarios"), (("--all",), "domain")):
        assert main(["run", path, *option]) == 2
        assert f"{word} acts on the European run" in capsys.readouterr().err


def test_data_in_the_place_of_a_configuration_is_refused(tmp_path):
    (tmp_path / "empty.nc").touch()  # nothing is also a valid TOML file, and all of Europe would run
    with pytest.raises(ConfigError, match=r"empty\.nc is no configuration; put `forcing = "):
        load_config(tmp_path / "empty.nc")
    (tmp_path / "x").write_bytes(b"\x89\xff")
    with pytest.raises(ConfigError, match=r"cannot be read \(no text\)"):
        load_config(tmp_path / "x")


def test_command_line_says_one_sentence_and_exits_with_2(tmp_path, capsys):
    path = write(tmp_path, "spinup = 3")
    assert main(["run", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "spinup" in error and "Traceback" not in error


def place(*countries, lat=50.0, lon=5.0):
    n = len(countries)
    return SimpleNamespace(country=np.array(countries), lat=np.full(n, lat), lon=np.full(n, lon) + np.arange(n))


def test_ramp_is_linear_then_held():
    scenario, here = load_scenario("n_minus_20"), place("FRA", "ESP")
    assert scenario.factor("mineral_n", 2020, here) == pytest.approx([1.0, 1.0])
    assert scenario.factor("mineral_n", 2025, here) == pytest.approx([0.9, 0.9])
    assert scenario.factor("mineral_n", 2030, here) == pytest.approx([0.8, 0.8])
    assert scenario.factor("mineral_n", 2060, here) == pytest.approx([0.8, 0.8])
    assert scenario.factor("manure_n", 2060, here) == pytest.approx([1.0, 1.0])
    assert load_scenario("no_mineral_n").factor("mineral_n", 2040, here) == pytest.approx([0.0, 0.0])
    assert load_scenario("baseline").factor("mineral_n", 2040, here) == pytest.approx([1.0, 1.0])


def test_every_shipped_scenario_loads_states_itself_and_is_installed():
    assert len(shipped()) == 15
    for name in shipped():
        scenario = load_scenario(name)
        assert scenario.title and scenario.description
        assert bool(scenario.parts) == (name != "baseline")
        assert scenario.source or name in ("baseline", "no_mineral_n", "n_minus_20_climate_2k")
        assert scenario.against in shipped()


def test_a_scenario_of_ones_own_acts_in_its_countries(tmp_path):
    text = 'title = "x"\ncountries = ["FRA"]\n[change]\nmanure_n = 0.5\n[ramp]\nfrom = 2020\nto = 2020\n'
    scenario = load_scenario(str(write(tmp_path, text, "mine.toml")))
    assert scenario.factor("manure_n", 2021, place("FRA", "ESP")) == pytest.approx([0.5, 1.0])
    with pytest.raises(ConfigError, match="'mineral' is not known; the nearest is 'mineral_n'"):
        load_scenario(str(write(tmp_path, "[change]\nmineral = 0.5\n", "bad.toml")))
    with pytest.raises(ConfigError, match="must be a factor from 0 to 10"):
        load_scenario(str(write(tmp_path, "[change]\nmineral_n = -20\n", "bad2.toml")))
    with pytest.raises(ConfigError, match="warming = 99 must lie between -10 and 15 K"):
        load_scenario(str(write(tmp_path, "[set]\nwarming = 99\n", "bad3.toml")))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("change = 3", "change = 3 must be a table"),
        ('countries = "FRA"\n[change]\nmanure_n = 0.5', "countries = 'FRA' must be a list of names"),
        ("countries = [3]\n[change]\nmanure_n = 0.5", "countries = [3] must be a list of names"),
        ('[ramp]\nfrom = "x"\n[change]\nmineral_n = 0.5', "ramp from = 'x' must be a whole year"),
        ("[ramp]\nfrom = 2030\nto = 2020\n[change]\nmineral_n = 0.5", "ramp to = 2020 lies before from = 2030"),
        ('with = "n_minus_20"', "with = 'n_minus_20' must be a list of names"),
        ("part = 3", "part must be written as [[part]]"),
        ("part = [3]", "part = 3 must be a table"),
        ('crops = ["wheat"]\n[change]\nmanure_n = 0.5', "crops share out mineral_n alone"),
        ("title = 3", "title = 3 must be text"),
        ("mineral_n = 0.5", "mineral_n = 0.5 must stand in the table [change]"),
        ("[change]\nlime = 400", "lime = 400 must stand in the table [set]"),
        ("[ramp]\nfrom = -5\n[change]\nmineral_n = 0.5", "ramp from = -5 must lie between 1800 and 3000"),
        ("mask = 3\n[change]\nmineral_n = 0.5", "mask = 3 must be the path"),
        ('crops = ["wheat", "wheat"]\n[change]\nmineral_n = 0.5', "crops names 'wheat' twice"),  # would act on twice its share
        ('with = ["n_minus_20", "n_minus_20"]', "with names 'n_minus_20' twice"),
        ('with = ["n_minus_20", "n_minus_20_climate_2k"]', "mineral_n = 0.8 comes twice and would act twice"),
    ],
)
def test_a_bad_scenario_is_one_sentence(tmp_path, text, words):
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        load_scenario(str(write(tmp_path, text, "bad.toml")))
    assert "\n" not in str(caught.value)


def test_a_reference_that_is_no_scenario_is_refused(tmp_path):
    mine = str(write(tmp_path, 'against = "typo"\n[change]\nmineral_n = 0.5\n', "mine.toml"))
    with pytest.raises(ConfigError, match=r"scenario mine: against = 'typo' is not known; use one of baseline, .*"):
        load_scenarios((mine,))
    other = str(write(tmp_path, 'against = "mine"\n[change]\nmanure_n = 0.5\n', "other.toml"))
    write(tmp_path, "[change]\nmineral_n = 0.5\n", "mine.toml")
    assert [s.name for s in load_scenarios((mine, other))] == ["mine", "other"]  # one's own scenario is a reference, too
    with pytest.raises(ConfigError, match="against = 'mine' is not known"):
        load_scenarios(("baseline", other))


def test_two_scenarios_of_one_name_are_refused(tmp_path):
    mine = str(write(tmp_path, "[change]\nmineral_n = 0.5\n", "baseline.toml"))
    with pytest.raises(ConfigError, match=r"scenarios baseline and .*baseline\.toml would both be written to baseline\.nc"):
        load_scenarios(("baseline", mine))


def test_files_a_scenario_asks_for_lie_beside_it(tmp_path):
    write(tmp_path, "[change]\nmineral_n = 0.5\n", "half.toml")
    both = write(tmp_path, 'with = ["half.toml", "climate_2k"]\n', "both.toml")
    assert len(load_scenario(str(both)).parts) == 1 + len(load_scenario("climate_2k").parts)


def test_a_scenario_that_asks_for_itself_is_refused(tmp_path):
    path = tmp_path / "circle.toml"
    path.write_text(f'with = ["{path}"]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="asks for itself by `with`"):
        load_scenario(str(path))


def test_files_of_a_configuration_lie_beside_it(tmp_path, monkeypatch):
    for name in ("folder", "elsewhere"):
        (tmp_path / name).mkdir()
    config = write(tmp_path / "folder", 'scenarios = ["baseline", "mine.toml"]\n[fields]\ncaco3 = "lucas.csv"\n')
    monkeypatch.chdir(tmp_path / "elsewhere")
    made = load_config(config)
    assert made.fields == {"caco3": str(tmp_path / "folder" / "lucas.csv")}
    assert made.scenarios == ("baseline", str(tmp_path / "folder" / "mine.toml"))
    models = write(tmp_path / "folder", 'bundle = "a.calcisol"\nensemble = ["b.calcisol"]\ndata = "real"\n', "models.toml")
    made = load_config(models)
    assert (made.bundle, made.ensemble) == (str(tmp_path / "folder" / "a.calcisol"), (str(tmp_path / "folder" / "b.calcisol"),))
    assert made.data == str(tmp_path / "folder" / "real") and load_config(models, data="none").data == "none"
    (tmp_path / "elsewhere" / "lucas.csv").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"caco3 = 'lucas.csv' counts from the folder of .*run.toml"):
        load_config(config)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("lat,lon,shar\n50,5,1\n", "has no column share"),
        ("lat,lon,share\n50,x,1\n", "in row 2 is no longitude"),
        ("lat,lon,share\n50,5,50\n", "holds shares from 50 to 50"),
        ("lat,lon,share\n-50,5,1\n", "holds none of the 1 columns of this run"),
    ],
)
def test_a_mask_that_masks_nothing_or_cannot_be_read_is_refused(tmp_path, rows, words):
    (tmp_path / "zone.csv").write_text(rows, encoding="utf-8")
    scenario = load_scenario(str(write(tmp_path, 'mask = "zone.csv"\n[change]\nmineral_n = 0.5\n', "mine.toml")))
    with pytest.raises(CalcisolError, match=re.escape(words)):
        scenario.check_reach(place("FRA"))


def test_a_country_that_is_not_there_is_no_silent_baseline(tmp_path):
    scenario = load_scenario(str(write(tmp_path, 'countries = ["France"]\n[change]\nmineral_n = 0.5\n', "mine.toml")))
    with pytest.raises(ConfigError, match=r"countries = \['France'\] holds none of the 2 columns.*lie in ESP, FRA"):
        scenario.check_reach(place("FRA", "ESP"))
    load_scenario("n_minus_20").check_reach(place("FRA"))
    mixed = load_scenario(str(write(tmp_path, 'countries = ["FRA", "DE"]\n[change]\nmineral_n = 0.5\n', "mixed.toml")))
    with pytest.raises(ConfigError, match=r"country 'DE' is not known, so nothing would change there.*the nearest is D"):
        mixed.check_reach(place("FRA", "DEU"))  # two letters: Germany would stay as it is
    named = load_scenario(str(write(tmp_path, 'countries = ["FRA", "DEU"]\n[change]\nmineral_n = 0.5\n', "named.toml")))
    named.check_reach(place("FRA"))
    assert named.beyond(place("FRA")) == ["DEU"]


def test_a_mark_at_the_beginning_of_a_file_is_no_fault(tmp_path):
    """Editors of Windows write U+FEFF first."""
    (tmp_path / "mine.toml").write_text("\ufeff[change]\nmineral_n = 0.5\n", encoding="utf-8")
    assert load_scenario(str(tmp_path / "mine.toml")).parts[0].change == {"mineral_n": 0.5}
    (tmp_path / "run.toml").write_text('\ufeffscenarios = ["baseline"]\n', encoding="utf-8")
    assert load_config(tmp_path / "run.toml").scenarios == ("baseline",)


def test_parts_act_by_crop_and_mask_and_multiply(tmp_path):
    (tmp_path / "zone.csv").write_text("lat,lon,share\n50,5,1\n50,6,0.5\n50,7,0\n", encoding="utf-8")
    text = """
[[part]]
crops = ["wheat"]
change = { mineral_n = 0.5 }
ramp = { from = 2020, to = 2020 }
[[part]]
mask = "zone.csv"
change = { mineral_n = 0.0 }
ramp = { from = 2020, to = 2030 }
"""
    scenario = load_scenario(str(write(tmp_path, text, "mine.toml")))
    wheat = crop_shares()["FRA"]["wheat"]
    assert wheat == 0.469  # FUBC survey 2018: wheat takes 47 % of the nitrogen on French arable land
    expected = (1 - 0.5 * wheat) * np.array([0.0, 0.5, 1.0])
    assert scenario.factor("mineral_n", 2030, place("FRA", "FRA", "FRA")) == pytest.approx(expected)
    assert scenario.factor("mineral_n", 2025, place("FRA"))[0] == pytest.approx((1 - 0.5 * wheat) * 0.5)
    with pytest.raises(ConfigError, match="crop 'weat' is not known"):
        load_scenario(str(write(tmp_path, '[[part]]\ncrops = ["weat"]\nchange = { mineral_n = 0.5 }\n', "bad.toml")))
    with pytest.raises(ConfigError, match=r"mask none\.nc does not exist"):
        load_scenario(str(write(tmp_path, '[[part]]\nmask = "none.nc"\nchange = { mineral_n = 0.5 }\n', "bad2.toml")))


def test_settings_ramp_from_what_is_there():
    cap, manure = load_scenario("manure_cap_170"), np.array([100.0, 250.0])
    limit = lambda year: cap.blend("manure_cap", year, place("FRA", "ESP"), manure, lambda c: np.minimum(manure, c))  # noqa: E731
    assert limit(2020) == pytest.approx([100.0, 250.0]) and limit(2025) == pytest.approx([100.0, 210.0])
    assert limit(2040) == pytest.approx([100.0, 170.0])
    both = load_scenario("n_minus_20_climate_2k")
    assert both.changes_climate and both.against == "climate_2k"
    assert both.factor("mineral_n", 2030, place("FRA")) == pytest.approx([0.8])
    assert both.blend("warming", 2060, place("FRA"), np.zeros(1)) == pytest.approx([1.0])


def test_history_is_one_in_2019_and_falls_from_1990():
    for what in ("mineral_n", "manure_n", "deposition_n", "sulphur_deposition"):
        assert history.factor(what, 2019) == history.factor(what, 2080) == 1.0
    # EuropeAgriDB: 1540.85 Gg N on 120.72 Mha in 1990; 10.6 kg ha-1 in 2019
    assert history.factor("deposition_n", 1990) == pytest.approx(1540.85 / 120.72 / 10.6, abs=0.001)
    assert history.factor("mineral_n", 1992) == pytest.approx(8853.75 / 117.14 / 88.7, abs=0.001)

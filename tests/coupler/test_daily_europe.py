"""The European run by the day: water shared by scenarios, steps that fit the columns, the same bits whoever steps them."""

import dataclasses
from typing import ClassVar

import numpy as np
import pytest
from calcisol.coupler.config import ConfigError, RunConfig, load_config
from calcisol.coupler.europe.daily import DailyEurope
from calcisol.coupler.europe.domain import Field
from calcisol.coupler.europe.load import load_domain
from calcisol.coupler.europe.scenario import Part, Scenario, load_scenario
from calcisol.coupler.europe.soil_and_inputs import BASELINE
from calcisol.coupler.europe.weather_and_water import WEATHER_MEMBER
from calcisol.coupler.land.irrigation import IrrigationError, IrrigationParameters
from calcisol.coupler.library.model import Model
from calcisol.coupler.offline.flags import Reports
from calcisol.coupler.offline.records import OUTPUTS
from calcisol.coupler.offline.stepper import Stepper
from calcisol.coupler.units import HA_M2, N_KG_PER_MOL, SECONDS_PER_DAY
from helpers.small_runs import run_small, variables

CONFIG = RunConfig(data="none")
ROUND = 1e-12


@pytest.fixture(scope="module")
def domain():
    return load_domain(CONFIG).subset(slice(0, None, 90))


@pytest.fixture(scope="module")
def europe(domain):
    made = DailyEurope(domain, CONFIG)
    made.year(None, 1989, 1988)
    return made


def forcings(europe, scenario, year):
    zero = np.zeros(europe.clay.shape)
    lived = europe.year(scenario, year)
    for step in europe.steps_of(lived):
        some = slice(None) if step.columns is None else step.columns
        yield step, europe.forcing_of(lived, step, zero[some], zero[some])


def test_every_column_lives_every_day_once(europe):
    days = np.zeros((len(europe.domain), 365), int)
    for step in europe.steps_of(europe.year(None, 1990)):
        days[slice(None) if step.columns is None else step.columns, step.first : step.last] += 1
    assert (days == 1).all()


def test_water_of_every_step_adds_up(europe):
    """Where steps are weeks, water that leaves through the bottom and by sinks is that of the year; rain is what it came from."""
    year = europe.year(None, 1991)
    sums = {name: np.zeros(len(europe.domain)) for name in ("sink", "drained")}
    for step, forcing in forcings(europe, None, 1991):
        some = slice(None) if step.columns is None else step.columns
        sums["sink"][some] += forcing["w_sink"].sum(1) * step.dt
        sums["drained"][some] += forcing["q_bot"] * step.dt
    assert sums["sink"] == pytest.approx(year.weeks.evapotranspired, rel=ROUND)
    assert sums["drained"] / (365 * SECONDS_PER_DAY) == pytest.approx(year.drivers()["drainage"], rel=1e-9, abs=1e-15)


def test_a_year_of_nitrogen_and_lime_is_given_whole(europe):
    limed = load_scenario("lime_400")
    europe.year(limed, 2030)
    n = len(europe.domain)
    lime, applied = np.zeros(n), np.zeros(n)
    for step, forcing in forcings(europe, limed, 2030):
        some = slice(None) if step.columns is None else step.columns
        lime[some] += forcing["lime"] * step.dt
        applied[some] += (forcing["dep_nh4"] + forcing["dep_no3"]) * step.dt * N_KG_PER_MOL
    assert lime * HA_M2 == pytest.approx(np.full(n, 400.0))
    arriving = europe.year(limed, 2030).amounts.arriving
    whole = arriving.supply - arriving.organic  # what mineralises comes inside the soil
    assert applied * HA_M2 == pytest.approx(whole, rel=1e-9)


def test_scenarios_of_one_climate_share_their_water(europe):
    a, b = europe.year(None, 1992), europe.year(load_scenario("no_mineral_n"), 1992)
    assert a.weeks is b.weeks
    dry = europe.year(load_scenario("climate_2k"), 1992)
    assert dry.weeks is not a.weeks
    # its ramp has not begun: the same weather on the water that today's climate began with
    assert dry.weeks.runoff.shape == a.weeks.runoff.shape


def test_more_drainage_is_less_demand(domain):
    """A scenario of more drainage changes the demand so that Fu's balance drains that much more."""
    more = Scenario("more", "more", "", (Part({"drainage": 1.3}, {}, (1980, 1980)),))
    made = DailyEurope(domain, CONFIG)
    drained = {"today": 0.0, "more": 0.0}
    for year in range(1990, 1998):
        drained["today"] += made.year(None, year).drivers()["drainage"].sum()
        drained["more"] += made.year(more, year).drivers()["drainage"].sum()
    assert 1.1 < drained["more"] / drained["today"] < 1.7


def test_columns_draw_the_same_weather_in_any_chunk(domain):
    whole, alone = DailyEurope(domain, CONFIG), DailyEurope(domain.subset(slice(3, 5)), CONFIG)
    a, b = whole.year(None, 2000), alone.year(None, 2000)
    assert (a.weeks.water[:, 3:5] == b.weeks.water).all()
    assert (a.weeks.faces[:, 3:5] == b.weeks.faces).all() and (a.source[3:5] == b.source).all()


def test_members_of_weather_are_other_draws_of_the_same_climate(domain):
    field = Field(np.repeat([0.0, 1.0], [len(domain) - 2, 2]), "1", "draw", "synthetic", "test", "none")
    mixed = DailyEurope(domain.with_fields(**{WEATHER_MEMBER: field}), CONFIG).year(None, 2000)
    plain = DailyEurope(domain, CONFIG).year(None, 2000)
    assert (mixed.weeks.water[:, :-2] == plain.weeks.water[:, :-2]).all()
    assert (mixed.weeks.water[:, -2:] != plain.weeks.water[:, -2:]).any()


def test_a_seed_draws_other_weather(domain):
    some = domain.subset(slice(0, 2))
    a = DailyEurope(some, CONFIG).year(None, 2000)
    b = DailyEurope(some, dataclasses.replace(CONFIG, weather_seed=2)).year(None, 2000)
    assert (a.weeks.water != b.weeks.water).any()


def test_a_recalled_climate_goes_on_with_the_same_bits(domain):
    first = DailyEurope(domain, CONFIG)
    first.year(None, 1990)
    later = DailyEurope(domain, CONFIG)
    later.recall({name: values.copy() for name, values in first.memory().items()})
    assert (first.year(None, 1991).weeks.water == later.year(None, 1991).weeks.water).all()


@pytest.mark.parametrize("columns", [None, [4], [0, 2, 3, 5]], ids=["all", "one", "some"])
def test_stepping_some_columns_gives_the_bits_of_each_alone(domain, columns):
    """A fortnight in which columns take steps of their own, and the first week of all again alone."""
    cells = domain.subset(slice(0, 6))
    europe = DailyEurope(cells, CONFIG)
    year = europe.year(None, 1990)
    week = int(year.weeks.ends[0])
    with Model() as model:
        stepper, alone = Stepper(model, europe.static()), []
        steps = europe.steps_of(europe.year(None, 1990))[:1]
        wanted = np.arange(6) if columns is None else np.array(columns)
        taken = [dataclasses.replace(steps[0], columns=None if columns is None else wanted, first=0, last=week)]
        rest = np.setdiff1d(np.arange(6), wanted)
        taken += [dataclasses.replace(steps[0], columns=rest, group=2, first=0, last=week)] if len(rest) else []
        for step in taken:
            forcing = forcing_of_week(year, europe, step)
            stepper.step(step, forcing, OUTPUTS)
        together = stepper.state
        for c in range(6):
            single = Stepper(model, {k: v[c : c + 1] for k, v in europe.static().items()})
            one = dataclasses.replace(steps[0], columns=np.array([c]), first=0, last=week)
            whole = dataclasses.replace(one, columns=None)
            single.step(whole, forcing_of_week(year, europe, one), OUTPUTS)
            alone.append(single.state)
    for name, values in together.items():
        assert (values == np.concatenate([a[name] for a in alone])).all(), name


def forcing_of_week(year, europe, step):
    some = slice(None) if step.columns is None else step.columns
    zero = np.zeros(europe.clay.shape)[some]
    return europe.forcing_of(year, dataclasses.replace(step, group=0), zero, zero)


def test_curves_of_the_daily_water_are_refused_where_it_is_not_run(tmp_path):
    (tmp_path / "run.toml").write_text('weather = "monthly"\n[water]\nvg_n = [1.3]\n', encoding="utf-8")
    with pytest.raises(
        ConfigError, match='vg_n acts on the soil water of each day, and weather is "monthly"; leave one of them out'
    ):
        load_config(tmp_path / "run.toml")


def test_a_warmer_climate_grows_its_crops_earlier(domain):
    """Two kelvin warmer in 2100: more of the year's nitrogen is taken up by the end of May than today."""
    europe = DailyEurope(domain, CONFIG)
    today, warm = (europe.climates.live(s, 2100, 2100).periods for s in (BASELINE, load_scenario("climate_2k")))
    cool = domain["mat"] < 15.0
    spring = slice(0, 22)  # weeks
    assert warm.uptake[cool, spring].sum(1).mean() > today.uptake[cool, spring].sum(1).mean() + 0.02
    assert europe.climates.live(BASELINE, 2101, 2101).periods is today  # nothing is worked out twice


def ions_of(europe, year):
    """What a year brings in ions, mol m-2 (column,) by name, nitrogen aside."""
    sums = {}
    for step, forcing in forcings(europe, None, year):
        some = slice(None) if step.columns is None else step.columns
        for name in ("dep_ca", "dep_mg", "dep_na", "dep_k", "dep_cl", "dep_so4", "dep_dic"):
            sums.setdefault(name, np.zeros(len(europe.domain)))[some] += forcing[name] * step.dt
    return sums


def test_irrigation_by_a_map_brings_its_water_and_its_ions(domain):
    """300 mm a year in one column, none in another, a share of the need where the map has nothing; ions by hand."""
    cells = domain.subset(slice(0, 4))
    amount = Field(np.array([300.0, 0.0, np.nan, 500.0]), "mm year-1", "irrigation", "real", "test", "none")
    config = dataclasses.replace(CONFIG, irrigation=IrrigationParameters(share=0.5))
    wet, dry = DailyEurope(cells.with_fields(irrigation=amount), config), DailyEurope(cells, CONFIG)
    a, b = wet.year(None, 1990), dry.year(None, 1990)
    assert b.irrigation is None and a.irrigation is not None
    given = a.irrigation.sum(0)
    assert given[[0, 1, 3]] == pytest.approx([300.0, 0.0, 500.0], rel=ROUND, abs=ROUND)
    assert given[2] > 0
    assert (a.weeks.water[:, 1] == b.weeks.water[:, 1]).all()
    # what came stays, drains, runs off or goes to the air
    more = (a.weeks.evapotranspired + a.weeks.runoff) - (b.weeks.evapotranspired + b.weeks.runoff)
    assert (more[[0, 2, 3]] > 0).all() and (more <= given + 1e-9).all()
    brought, before = ions_of(wet, 1990), ions_of(dry, 1990)
    added = {name: brought[name] - before[name] for name in brought}
    for name, content in (("dep_ca", 0.776), ("dep_mg", 0.230), ("dep_k", 0.043), ("dep_so4", 0.250), ("dep_dic", 1.557)):
        assert added[name] == pytest.approx(given / 1000.0 * content, rel=1e-9, abs=1e-12), name
    charge = 2 * added["dep_ca"] + 2 * added["dep_mg"] + added["dep_na"] + added["dep_k"] - added["dep_cl"] - 2 * added["dep_so4"]
    assert charge == pytest.approx(given / 1000.0 * 1.557, rel=1e-9, abs=1e-12)


def test_scenarios_stepped_together_have_the_bits_of_each_alone(tmp_path):
    """Two share their water, a warmer climate has its own; the library's reports are shared out as well."""
    names = ("baseline", "no_mineral_n", "climate_2k")
    changes = {"coverage": 0.03, "start_year": 2030, "end_year": 2031}
    together = run_small(tmp_path / "all", scenarios=names, **changes)
    for name in names:
        alone = run_small(tmp_path / name, scenarios=(name,), **changes)
        assert variables(together / f"{name}.nc") == variables(alone / f"{name}.nc"), name


def test_reports_are_shared_out():
    """Three copies of two columns: counts of the flags of each, one that was invalid."""

    class Compiled:
        nlay = 3
        note = ""
        report: ClassVar = dict.fromkeys(("columns_inactive", "cells_residual"), 0) | {
            "columns_stepped": 6, "columns_invalid": 1, "cells_clipped": 1, "cells_outside_envelope": 3, "cells_fallback": 2,
        }  # fmt: skip

    flag = np.zeros((6, 3), np.int32)
    flag[0, 0], flag[1, 1:], flag[5, :] = 1, 2 | 4, 16
    flag[4, 2] = 2
    first, second, third = Reports(), Reports(), Reports()
    for report, mine in zip((first, second, third), np.split(flag, 3), strict=True):
        report.add_share(Compiled, mine, 1 / 3)
    assert first.counts == {
        "columns_stepped": 2, "columns_inactive": 0, "cells": 6, "cells_clipped": 1, "cells_outside_envelope": 2,
        "cells_fallback": 2, "columns_invalid": 0,
    }  # fmt: skip
    assert not any(v for k, v in second.counts.items() if k not in ("columns_stepped", "cells"))
    assert third.counts["columns_invalid"] == 1 and third.counts["cells_outside_envelope"] == 1


def test_water_whose_charges_do_not_balance_is_refused(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("[irrigation]\nshare = 0.5\nca = 3.0\n")
    with pytest.raises(IrrigationError, match=r"cations minus anions of its water are \+4\.49 mol_c m-3"):
        load_config(path)
    path.write_text("[irrigation]\nshare = 0.5\nca = 3.0\nalkalinity = 6.0\n")
    assert load_config(path).irrigation.balanced()["cl"] == pytest.approx(0.195 + 0.043)
    path.write_text('weather = "monthly"\n[irrigation]\nshare = 0.5\n')
    with pytest.raises(ConfigError, match="irrigation acts on the soil water of each day"):
        load_config(path)

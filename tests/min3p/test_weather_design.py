"""Columns with weather: the design, the weather, the deck, against numbers worked out by hand; MIN3P is not run."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from calcisol.emulator.min3p.column import Source
from calcisol.emulator.min3p.store import EnsembleError
from calcisol.emulator.min3p.weather import climate, deck
from calcisol.emulator.min3p.weather.design import FERTILISED, GRIDS, WeatherColumn, build
from calcisol.emulator.min3p.weather.parameters import PARAMETERS, draw

from .test_database import stock  # noqa: F401  (a fixture)

YEARS = 2


def column(index: int = 2, **changed: float) -> WeatherColumn:
    """Column of a design point of which some parameters are set."""
    point = draw(1, 1, start=index)[0]
    return build(replace(point, values=point.values | changed), YEARS)


def after(lines: list[str], title: str, count: int, which: int = 0) -> list[str]:
    at = [i for i, line in enumerate(lines) if line == f"'{title}'"][which]
    return lines[at + 1 : at + 1 + count]


# ------------------------------------------------------------------------------------------------ design
def test_points_are_nested_and_depend_on_the_seed() -> None:
    few, many = draw(3, seed=5), draw(8, seed=5)
    assert few == many[:3] and draw(2, seed=5, start=3) == many[3:5]
    assert draw(3, seed=6) != few


def test_same_point_same_column() -> None:
    one, other = column(), column()
    np.testing.assert_array_equal(one.weather.rain, other.weather.rain)
    assert deck.WeatherDeck(one).written() == deck.WeatherDeck(other).written()
    assert not np.array_equal(column(3).weather.rain, one.weather.rain)


def test_shares_of_the_design() -> None:
    """Of 512 points: a fifth with a water table, a fifth irrigated, 15 % with passive uptake, 30 % with calcite that waits."""
    values = [p.values for p in draw(512, 1)]
    share = {name: np.mean([v[name] > 0.0 for v in values]) for name in ("table", "irrigated", "passive", "si_pedogenic")}
    assert share == pytest.approx({"table": 0.20, "irrigated": 0.20, "passive": 0.15, "si_pedogenic": 0.30}, abs=0.01)
    for p in PARAMETERS:
        assert np.ptp([v[p.name] for v in values]) > 0.0, p.name


def test_cells() -> None:
    """Every grid is 1.6 m deep, has 5 cm of cells that evaporate, and faces where the layers of a land model end."""
    for cells, thickness in GRIDS.items():
        faces = np.cumsum(thickness)
        assert len(thickness) == cells and faces[-1] == pytest.approx(1.6) and faces[1] == pytest.approx(deck.EVAPORATION_DEPTH)
        for depth in (0.10, 0.30, 0.40, 0.60, 0.80, 1.00, 1.30):
            assert np.abs(faces - depth).min() < 1e-9


def test_kinds_of_columns() -> None:
    assert column(table=0.1).bottom_head == 0.1 and column(table=0.1).soil.layers == 19 and column(table=0.0).bottom_head is None
    top = column(calcite_profile=0.7, front=0.25, caco3=10.0, si_pedogenic=0.4)
    assert (top.soil.caco3[top.soil.centre < 0.25] == 0.0).all() and (top.soil.caco3[top.soil.centre > 0.25] == 0.1).all()
    assert top.si_pedogenic == 0.0  # the deck cannot say it where there is none to grow on
    assert column(calcite_profile=0.1, caco3=10.0, si_pedogenic=0.4).si_pedogenic == 0.4
    assert column(irrigated=0.0).irrigation.sum() == 0.0
    dry = column(irrigated=2.0, rain=350.0, temperature=19.0, crop=0.1)
    given = dry.irrigation[dry.irrigation > 0.0]
    assert given.size and (given == climate.GIVEN).all()
    # 2 mmol/L of alkalinity is 1 mmol/L of calcium
    assert dry.soil.sources["irr"].monthly.sum() == pytest.approx(dry.irrigation.sum() * 1e-3)


def test_amounts_of_a_year() -> None:
    c = column(nitrogen=140.07, urea=0.5, respiration=600.0, crop=0.1)
    sources = c.soil.sources
    assert sources["an"].monthly.sum() / YEARS == pytest.approx(0.5, rel=1e-3)  # 10 kmol N ha-1, two N a mole
    assert sources["resp"].monthly.sum() / YEARS == pytest.approx(600.0 / 12.011, rel=1e-4)
    spread = np.flatnonzero(sources["an"].monthly[:365])
    assert sorted(set(spread - spread % 5)) == [day for day, _ in FERTILISED["winter cereal"]]
    assert "urea" in column(nitrogen=100.0, urea=0.1).soil.sources and "an" not in column(nitrogen=0.0).soil.sources


def test_long_runs_have_rows_enough() -> None:
    """30 years are 10950 days: blocks of 5 would need 2190 rows of MIN3P's 1000, blocks of 15 need 730."""
    long = build(draw(1, 1)[0], 30)
    changes = np.flatnonzero(np.diff(long.soil.sources["resp"].monthly)) + 1
    assert (changes % 15 == 0).all() and len(changes) < 1000


# ------------------------------------------------------------------------------------------------ weather
def test_made_weather() -> None:
    p = draw(1, 1)[0].values | {"rain": 800.0, "rain_winter": 0.8, "wet_days": 0.3, "temperature": 12.0, "demand": 1.0}
    weather = climate.made_weather(p, np.random.default_rng(1), 20)
    assert weather.rain.sum() / 20 == pytest.approx(800.0, rel=0.02) and weather.rain.max() <= climate.MOST_RAIN
    assert weather.pet.sum() / 20 == pytest.approx(700.0)
    assert (weather.rain > 0).mean() == pytest.approx(0.3, abs=0.03)
    day = np.arange(weather.days) % 365
    winter, summer = (weather.rain[(day - middle) % 365 < 90].sum() for middle in (335, 150))
    assert winter > 3.0 * summer
    wet = weather.rain > 0
    assert wet[1:][wet[:-1]].mean() > wet[1:][~wet[:-1]].mean() + 0.2  # wet days come together


def write_csv(path: Path, days: int = 365, header: str = "rain,pet,tas", row: str = "2.0,1.5,{t}") -> Path:
    rows = [row.format(t=10.0 - 8.0 * math.cos(2 * math.pi * (d - 15) / 365)) for d in range(days)]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_weather_of_the_user(tmp_path: Path) -> None:
    weather = climate.read_weather(write_csv(tmp_path / "w.csv"), 3)
    assert weather.days == 1095 and (weather.rain == 2.0).all() and weather.leaves is None
    assert weather.warmth == pytest.approx(10.0, abs=1e-6) and weather.amplitude == pytest.approx(8.0, abs=1e-6)
    marked = tmp_path / "marked.csv"  # as spreadsheets write UTF-8
    marked.write_bytes(b"\xef\xbb\xbf" + (tmp_path / "w.csv").read_bytes())
    assert (climate.read_weather(marked, 1).rain == 2.0).all()
    made = build(draw(1, 1)[0], 3, weather)
    assert (made.soil.drainage >= 2e-3).all() and made.soil.temperature[:, 0].min() == pytest.approx(2.1, abs=0.1)


@pytest.mark.parametrize(
    ("header", "row", "days", "said"),
    [
        ("rain,evap", "1,1", 365, "has no column 'pet'"),
        ("rain,pet", "1,1", 366, "has 366 days; give whole years of 365 days, without 29 February"),
        ("rain,pet", "1,", 365, "column pet holds no number"),
        ("rain,pet", "-1,1", 365, "rain of day 1 is -1; it must lie from 0 to 500"),
        ("rain,pet", "nan,1", 365, "rain of day 1 is nan"),
    ],
)
def test_weather_that_cannot_be_used(header: str, row: str, days: int, said: str, tmp_path: Path) -> None:
    with pytest.raises(EnsembleError, match=said):
        climate.read_weather(write_csv(tmp_path / "w.csv", days, header, row), 2)


# ------------------------------------------------------------------------------------------------ deck
def test_roots_and_evaporation() -> None:
    c = column(table=0.0, passive=0.25, k_sat=2e-6, vg_n=1.5)
    lines = deck.WeatherDeck(c).written().splitlines()
    assert after(lines, "soil column", 5) == [".true.", ".false.", ".false.", ".true.", ".true."]  # the fifth: roots
    zones = after(lines, "physical parameters - variably saturated flow", 18)
    assert [line for line in zones if line == "1600.0"] == ["1600.0"] and zones[0] == "'top'"  # the top alone evaporates
    plants = after(lines, "plant transpiration and passive/rejective uptake", 17)
    assert plants[8:15] == ["'top'", "'root water uptake'", "150.0", "2.0", "5.0", "'passive solute uptake'", "0.250000"]
    assert "'passive solute uptake'" not in deck.WeatherDeck(column(passive=0.0)).written()
    bare = deck.WeatherDeck(c, roots=False).written().splitlines()
    assert after(bare, "soil column", 5)[4] == "" and "1600.0" not in bare and "'root water uptake'" not in bare
    assert "'free-drainage' 1.0" in lines


def test_water_table() -> None:
    c = column(table=0.125)
    lines = deck.WeatherDeck(c).written().splitlines()
    assert "'first' 0.125000" in lines and "'free-drainage' 1.0" not in lines
    assert {row.split()[2] for row in deck.companions(c)["bcvs"]} == {"0.125000"}


def test_every_cell_at_every_step() -> None:
    lines = deck.WeatherDeck(column(grid=0.1, table=0.0)).written().splitlines()
    assert after(lines, "output of transient data", 6) == ["14", "1", "1 2 3 4", "5 6 7 8", "9 10 11 12", "13 14"]
    assert after(lines, "output of spatial data", 2) == ["1", "730.000000"]


def test_calcite_that_waits(stock: Path, tmp_path: Path) -> None:  # noqa: F811
    """One mineral dissolves, another forms, 10**0.4 times as soluble, on the surface the column began with."""
    c = column(calcite_profile=0.1, caco3=2.0, bulk_density=1355.0, si_pedogenic=0.4, calcite_rate=1e-5)
    deck.write_run(tmp_path / "run", c, stock)
    lines = (tmp_path / "run" / "soil.dat").read_text().splitlines()
    assert after(lines, "minerals", 3)[1:] == ["'calcite'", "'calcite-ped'"]
    calcite, formed = after(lines, "mineral input", 4)[1::2]
    fraction = 0.02 * 1355.0 / 2710.0  # 0.01, a fifth of the reference
    rate = 1e-8 * (fraction / 0.05) ** (2.0 / 3.0)
    assert float(calcite.split()[1]) == pytest.approx(rate) and float(formed.split()[1]) == pytest.approx(rate)
    minerals = (tmp_path / "run" / "db" / "mineral.dbs").read_text()
    number = r"'{}'(?:.*\n)+?'irreversible {} - log K control' +([\d.]+)"
    dissolving = float(re.search(number.format("calcite", "dissolution"), minerals)[1])
    forming = float(re.search(number.format("calcite-ped", "precipitation"), minerals)[1])
    assert dissolving - forming == pytest.approx(0.4, abs=1e-4)
    deck.write_run(tmp_path / "plain", column(si_pedogenic=0.0), stock)
    assert "calcite-ped" not in (tmp_path / "plain" / "db" / "mineral.dbs").read_text()


def test_companions() -> None:
    """PET of 2 mm under a leaf area of 1: exp(-0.6) of it is the soil's; rows stand at noon and so do those of the rates."""
    c = column(table=0.0)
    days = c.soil.months
    c = replace(c, weather=replace(c.weather, pet=np.full(days, 2.0)), leaves=np.ones(days))
    files = deck.companions(c)
    assert len(files["soi"]) == days and files["soi"][3].split() == [
        "3.500000",
        f"{2e-3 / 86400.0:.9e}",
        "0.0",
        "0.548812",
        "1.0",
    ]
    assert float(files["bcvs"][7].split()[1]) == pytest.approx(c.soil.drainage[7] / 86400.0) and files["bcvs"][7].startswith(
        "7.0"
    )
    roots = [[float(x) for x in row.split()] for row in files["rld"][3:]]
    assert [r[2] for r in roots] == sorted(r[2] for r in roots)  # from the bottom up
    at = int(np.argmin(np.abs(c.soil.centre - 0.25)))
    assert roots[::-1][at][3] == pytest.approx(1e4 * math.exp(-c.soil.centre[at] / c.root_scale), rel=1e-6)
    assert roots[0][3] == 0.0 and files["tem"][0].split()[:2] == ["5.0", f"{c.soil.layers}"]
    assert len(files["tem"]) == 1 + days // 5


def test_rates_change_at_noon(stock: Path, tmp_path: Path) -> None:  # noqa: F811
    c = column()
    pulse = Source(c.soil.surface, np.repeat([0.0, 1.0, 0.0], [5, 5, c.soil.months - 10]))
    c = replace(c, soil=replace(c.soil, sources={"an": pulse, "weath": c.soil.sources["weath"]}))
    deck.write_run(tmp_path / "run", c, stock)
    found = after((tmp_path / "run" / "soil.dat").read_text().splitlines(), "intermittent reactions", 6)
    assert found[:3] == ["1", "'x-an'", "3"]
    assert [float(row.split()[0]) for row in found[3:]] == [0.0, 5.5, 10.5]

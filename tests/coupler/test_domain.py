"""The embedded domain: is Europe where it should be, and do its sums match known ones?"""

import csv

import numpy as np
import pytest
from calcisol.coupler.config import RunConfig
from calcisol.coupler.data import data_file
from calcisol.coupler.europe import cells as grid
from calcisol.coupler.europe import load

# land areas in 10^3 km2 (CIA World Factbook; France: metropolitan). A border cell counts whole for the country with the
# larger part of it, which moves a few percent between neighbours
AREAS = {"FRA": 545, "ESP": 499, "DEU": 349, "POL": 304, "ITA": 294, "ROU": 230}
BORDER = 0.06


@pytest.fixture(scope="module")
def cells():
    return grid.read_cells()


@pytest.fixture(scope="module")
def tier_a():
    return load.load_domain(RunConfig(data="none"))


def at(domain, lat, lon):
    (found,) = np.flatnonzero((np.floor(2 * domain.lat) == np.floor(2 * lat)) & (np.floor(2 * domain.lon) == np.floor(2 * lon)))
    return int(found)


@pytest.mark.parametrize("country", AREAS)
def test_land_area_of_countries(cells, country):
    here = cells.country == country
    assert (cells["cell_area"] * cells["land"])[here].sum() / 1e9 == pytest.approx(AREAS[country], rel=BORDER)


def test_land_area_of_europe(cells):
    # EU27 without overseas and Cyprus, UK, NO, CH and the Balkans: 4.8 million km2 (CIA World Factbook)
    west = ~np.isin(cells.country, ["UKR", "BLR", "MDA"])
    assert (cells["cell_area"] * cells["land"])[west].sum() / 1e12 == pytest.approx(4.8, rel=0.03)


@pytest.mark.parametrize(
    ("lat", "lon", "country"),
    [(48.8, 2.3, "FRA"), (40.4, -3.7, "ESP"), (52.5, 13.4, "DEU"), (41.9, 12.6, "ITA"), (47.5, 19.1, "HUN")],
)
def test_capitals_lie_in_their_country(cells, lat, lon, country):
    assert cells.country[at(cells, lat, lon)] == country


def test_altitude_and_coast(cells):
    alps, camargue = at(cells, 46.6, 8.2), at(cells, 43.6, 4.6)
    assert cells["altitude"][alps] > 1500 > 200 > cells["altitude"][camargue]
    assert cells["coast"][at(cells, 40.3, -3.8)] == pytest.approx(300, abs=40)  # Madrid to the sea
    assert cells["coast"][camargue] < 40


def test_cell_area_sums_to_the_sphere():
    lat = np.arange(-89.75, 90, 0.5)
    assert grid.cell_area(lat).sum() * 720 == pytest.approx(4 * np.pi * grid.EARTH_RADIUS_M**2, rel=1e-12)


def test_default_domain_is_honest_and_sized(tier_a):
    assert tier_a.tier == "A" and 800 <= len(tier_a) <= 2000
    for name in ("mat", "rain", "clay", "caco3", "ph_survey"):
        assert tier_a.fields[name].provenance == "synthetic"
    assert tier_a.fields["mineral_n"].provenance == "real" and "10.1038/s41597-022-01592-z" in tier_a.fields["mineral_n"].source
    for field in tier_a.fields.values():
        assert field.source and field.licence and np.isfinite(field.values).all()


def test_calcareous_shares_meet_the_survey(tier_a):
    whole = load.load_domain(RunConfig(data="none", domain="all"))
    for country in ("ESP", "FRA", "ITA"):
        here = whole.country == country
        share = whole["area"][here].sum() / whole["arable_area"][here].sum()
        assert share == pytest.approx(grid.read_countries()[country]["calcareous_share"], abs=0.005)
    assert tier_a["area"].sum() >= 0.95 * whole["area"].sum()


def test_climate_at_known_places(tier_a):
    seville, paris = at(tier_a, 37.4, -5.8), at(tier_a, 48.8, 2.3)
    assert tier_a["mat"][seville] == pytest.approx(18.5, abs=2.0)  # rmse of the regression 1.05
    assert tier_a["mat"][paris] == pytest.approx(11.5, abs=2.0)
    shape = tier_a["rain_shape"]
    assert shape.sum(1) == pytest.approx(np.ones(len(tier_a)), rel=1e-12)
    assert shape[seville, 0] > 2 * shape[seville, 6]  # Mediterranean: dry July


def test_soils_are_draws_that_belong_to_their_place(tier_a):
    from calcisol.coupler.europe.embedded import draw

    z = draw(tier_a.lat, tier_a.lon)
    assert abs(z.mean()) < 0.1 and z.std() == pytest.approx(0.85, abs=0.1)  # a logistic of sd 1, cut at 1.5
    assert (draw(tier_a.lat[5:9], tier_a.lon[5:9]) == z[5:9]).all()
    neighbours = np.corrcoef(z[:-1], z[1:])[0, 1]
    assert abs(neighbours) < 0.1


def test_country_nitrogen_is_the_cited_one():
    with data_file("nitrogen.csv").open(encoding="utf-8") as file:
        rows = {r["country"]: float(r["mineral_n"]) for r in csv.DictReader(file)}
    assert len(rows) == 26
    assert (rows["FRA"], rows["ESP"], rows["GBR"]) == (117.8, 78.6, 141.8)


def test_named_data_folder_must_exist(tmp_path):
    from calcisol.coupler.config import ConfigError

    with pytest.raises(ConfigError, match="holds no folder soil_climate"):
        load.load_domain(RunConfig(data=str(tmp_path)))

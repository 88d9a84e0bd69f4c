"""Tier B: real fields, where they are present."""

import os
from pathlib import Path

import numpy as np
import pytest
from calcisol.coupler.config import RunConfig
from calcisol.coupler.europe.load import load_domain
from calcisol.coupler.europe.observed import carbonate, nearest
from calcisol.coupler.input_maps.raster import read_raster, values_at

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("CALCISOL_DATA") or ROOT.parent / "shared" / "data")
needs_data = pytest.mark.skipif(not (FOLDER / "soil_climate").is_dir(), reason="needs CALCISOL_DATA (real fields)")


@pytest.fixture(scope="module")
def real():
    return load_domain(RunConfig(data=str(FOLDER)))


@needs_data
@pytest.mark.data
def test_national_fertiliser_sums():
    grid = read_raster(FOLDER / "nitrogen" / "nifert.tif")
    assert grid.values.shape == (2, 280, 720) and tuple(grid.transform)[:6] == (0.5, 0.0, -180.0, 0.0, -0.5, 84.0)
    from calcisol.coupler.europe.cells import read_cells

    cells = read_cells()
    found = values_at(FOLDER / "nitrogen" / "nifert.tif", cells.lat, cells.lon)
    total = np.nansum(found, 0) * cells["cell_area"] / 1e4 / 1e9
    # Nishina et al. 2017, national sums: FR 2.05, DE 1.78, PL 1.28, ES 0.93 Mt; another mask at the borders
    for country, known in {"FRA": 2.05, "DEU": 1.78, "POL": 1.28, "ESP": 0.93}.items():
        assert total[cells.country == country].sum() == pytest.approx(known, rel=0.1)


@needs_data
@pytest.mark.data
def test_fields_at_known_places(real):
    def at(lat, lon):
        return int(np.hypot(real.lat - lat, real.lon - lon).argmin())

    assert real.tier == "B"
    # pH x 10 after the repaired join: Seville 80, Champagne 75
    assert real["ph_survey"][at(37.25, -5.75)] == pytest.approx(8.0, abs=0.1)
    assert real["ph_survey"][at(48.75, 4.25)] == pytest.approx(7.5, abs=0.2)
    assert real["mat"][at(37.25, -5.75)] > 16 > 12 > real["mat"][at(48.75, 4.25)]
    for name in ("ph_survey", "rain", "clay"):
        assert real.fields[name].provenance == "real" and real.fields[name].licence
    assert real.fields["caco3"].provenance == "estimated" and (real["caco3_ln_sd"] > 0.5).all()
    assert all(np.isfinite(f.values).all() for f in real.fields.values())


@needs_data
@pytest.mark.data
def test_nitrogen_keeps_the_national_mean(real):
    whole = load_domain(RunConfig(data=str(FOLDER), domain="all"))
    from calcisol.coupler.europe.cells import read_countries

    for country in ("FRA", "ESP", "DEU"):
        here = whole.country == country
        mean = np.average(whole["mineral_n"][here], weights=whole["arable_area"][here])
        assert mean == pytest.approx(read_countries()[country]["mineral_n"], rel=0.1)  # areas are capped at 85 % of land


@needs_data
@pytest.mark.data
def test_carbonate_beats_the_regression_alone(real):
    from calcisol.coupler.europe import embedded

    share, amount, spread, loo = carbonate(FOLDER, real.lat, real.lon, real["ph_survey"])
    assert loo < embedded.LN_CACO3[2] * 1.05 and (spread >= loo - 1e-12).all()
    assert 2.0 <= amount.min() and amount.max() <= 80.0 and 0 <= share.min() and share.max() <= 0.98
    north, south = real.lat > 52, real.lat < 42
    assert amount[south].mean() > 1.5 * amount[north].mean()


@pytest.mark.parametrize("digits", [1, 15])
def test_nearest_sites_are_those_of_a_stable_sort(digits):
    """Sites at one place, of which the first come first, among them."""
    distance = np.round(np.random.default_rng(1).random((40, 60)), digits)
    assert np.array_equal(nearest(distance, 6), np.argsort(distance, axis=1, kind="stable")[:, :6])
    assert np.array_equal(nearest(distance[:, :6], 6), np.argsort(distance[:, :6], axis=1, kind="stable"))

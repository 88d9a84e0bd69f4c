"""A field plot from one file: faults in one sentence, start against the survey, runs against what must hold.

Also:    what a plot is made of: test_plot_parts.py.
"""

from __future__ import annotations

import csv
import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.cli import main
from calcisol.coupler.land import exchanger, harvest, lime
from calcisol.coupler.land.nitrogen_forms import FORMS, SALTS
from calcisol.coupler.land.parameters import NitrogenParameters
from calcisol.coupler.library.model import Model
from calcisol.coupler.plot import fit, read_history
from calcisol.coupler.plot.drivers import Drivers
from calcisol.coupler.plot.plan import Plans
from calcisol.coupler.plot.profile import Ground
from calcisol.coupler.plot.read_toml import SiteError
from calcisol.coupler.plot.simulate import simulate
from calcisol.coupler.plot.site import Parameters, Reading, Site
from calcisol.coupler.units import SECONDS_PER_YEAR
from helpers.plots import SITE, written

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def model():
    with Model() as opened:
        yield opened


@pytest.fixture
def site(tmp_path) -> Site:
    return written(tmp_path, SITE)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("clay_percent", "clay_procent"), "names no clay_percent"),
        (("[20, 25, 30]", "[20, 25]"), "clay_percent has 2 values; give 3"),
        (("[5.6, 6.2, 6.6]", "[56, 6.2, 6.6]"), "ph_h2o = 56 must lie between"),
        (('"ammonium_sulphate"', '"amonium_sulfate"'), "nearest is 'ammonium_sulphate'"),
        (('crop = "cereal_grain_and_straw"', 'crop = "corn"'), "'corn' is not known"),
        (('crop = "cereal_grain_and_straw"', "n_kg_ha = 5"), "no line says what grows on 'nil'"),
        (('n_form = "sodium_nitrate"', 'salts_kg_ha = "gypsom 5"'), "nearest is 'gypsum'"),
        (('n_form = "sodium_nitrate"', "n_form = { urea = 0.5 }"), "add up to 0.5"),
        (('treatment = "SN"', 'treatment = "XX"'), "treatment 'XX' is not in the list"),
        (('"1962-03-05"', '"5 March 1962"'), "must be like 1962-03-05"),
        (('"1962-03-05"', '"1862-03-05"'), "lies outside the run"),
        (("latitude = 51.8", "latitude = 10.0"), None),
        (("start = 1960", "start = 1960\nyear_count = 3"), "key 'year_count' is not known"),
        (("plough_cm = 23", 'observations = "no.csv"'), "no.csv does not exist"),
    ],
)
def test_faults_are_told_in_one_sentence(tmp_path, change, told):
    if told is None:
        assert written(tmp_path, SITE.replace(*change)).place.latitude == 10.0  # its climate is given
        return
    with pytest.raises(SiteError, match=told) as error:
        written(tmp_path, SITE.replace(*change))
    assert "\n" not in str(error.value)


def first(result, name: str) -> np.ndarray:
    return result.values[name][0, :, 0]


def test_the_start_reads_what_the_survey_read(site, model):
    result = simulate(replace(site, years=(1960, 1960)), model)
    assert np.abs(result.start.off).max() < 1e-9 and result.start.ph[0] == pytest.approx(5.6)
    assert first(result, "ph_h2o")[0] == pytest.approx(5.6, abs=0.1)  # nine months later
    shares = {ion: first(result, ion)[0] for ion in exchanger.BASES}
    assert shares["ca"] / sum(shares.values()) == pytest.approx(exchanger.BASES["ca"], abs=0.03)


def test_surveyed_bases_stay_and_the_capacity_follows(tmp_path, model):
    text = SITE.replace("ph_h2o", "ca_mmolc_kg = [70, nan, nan]\nmg_mmolc_kg = [3, nan, nan]\nk_mmolc_kg = [2, nan, nan]\nph_h2o")
    result = simulate(replace(written(tmp_path, text), years=(1960, 1960)), model)
    assert [1e3 * result.start.bases[ion][0] for ion in ("ca", "mg", "k")] == pytest.approx([70.0, 3.0, 2.0])
    assert 0.09 < result.start.capacity[0] < 0.2 and "capacity by pH" in result.start.rule[0]
    assert first(result, "ph_h2o")[0] == pytest.approx(5.6, abs=0.1)
    both = simulate(
        replace(written(tmp_path, text.replace("ca_mmolc", "cec_mmolc_kg = [120, nan, nan]\nca_mmolc")), years=(1960, 1960)),
        model,
    )
    assert both.start.capacity[0] == pytest.approx(0.12) and "share of proton sites" in both.start.rule[0]
    assert first(both, "ph_h2o")[0] == pytest.approx(5.6, abs=0.1)


def test_potassium_that_soils_keep_is_not_leached(site, model):
    """Without dressings the first decade moves neither potassium nor, by its loss, pH: a soil of pH 5.6 has been so for long."""
    result = simulate(replace(site, years=(1960, 1970), lines=tuple(x for x in site.lines if "nil" in x.treatments)), model)
    k, ph = result.values["k"][:, 0, 0], result.values["ph_h2o"][:, 0, 0]
    assert 0.04 * sum(result.values[ion][0, 0, 0] for ion in exchanger.BASES) < k[0] and k.min() > 0.8 * k[0]
    assert ph[0] - ph[-1] < 0.25
    assert result.values["acidity"][0, 0, 0] + sum(
        result.values[ion][0, 0, 0] - result.start.aside.get(ion, np.zeros(1))[0] for ion in exchanger.BASES
    ) == pytest.approx(result.start.capacity[0], abs=5e-4)  # ammonium has the rest


def test_soil_air_under_grass_holds_more(tmp_path, model):
    """Carbon dioxide of the soil is 24.1 / 14.6 times that under crops, year by year and plot by plot."""
    text = SITE + '\n[[history]]\nyears = [1963, 1970]\ntreatment = "AN"\ncrop = "hay"\n'
    site = written(tmp_path, text)
    drivers = Drivers(site, Ground.of(site))
    state = {k: np.zeros((len(site.treatments), len(drivers.ground.dz))) for k in ("nh4", "no3")}
    row = site.treatments.index("AN")
    for year, grown in ((1962, 1.0), (1963, 24.1 / 14.6)):
        source = drivers.forcing(year, 5, state, False)["co2_src_total"]
        assert source[row] / np.delete(source, row) == pytest.approx(np.full(len(source) - 1, grown))


def test_forms_of_nitrogen_rank_and_lime_works(site, model):
    result = simulate(site, model)
    ph = dict(zip(site.treatments, result.values["ph_h2o"][-1, :, 0], strict=True))
    assert ph["AS"] < ph["AN"] - 0.2 and ph["AN"] < ph["nil"] < ph["SN"]
    assert ph["limed"] > ph["nil"] + 0.3
    assert (result.values["ph_cacl2"] < result.values["ph_h2o"]).all()
    given = lime.moles(lime.KINDS["ground_limestone"], 5.0)
    assert 0 < result.grains[-1, 4] < 0.2 * given and result.grains[:2, 4] == pytest.approx([0.0, 0.0])
    assert result.flags["invalid"] == 0
    alone = simulate(replace(site, treatments=("AN",), lines=tuple(x for x in site.lines if "AN" in x.treatments)), model)
    assert alone.values["ph_h2o"][:, 0] == pytest.approx(result.values["ph_h2o"][:, 2], abs=1e-9)  # plots do not see each other


def test_weather_of_the_years_is_what_the_file_says(tmp_path, model):
    """A mean year from the file changes nothing; a wet year drains more, a dry one less; days and months are the same."""
    base = written(tmp_path, SITE)
    w = base.weather
    rows = [
        f"{y}-{m + 1:02d},{w.temperature[m]},{w.rain[m] * f},{w.pet[m]}"
        for y, f in ((1961, 1.0), (1963, 1.5), (1965, 0.6))
        for m in range(12)
    ]
    (tmp_path / "weather.csv").write_text("date,temperature_c,rain_mm,pet_mm\n" + "\n".join(rows), encoding="utf-8")
    site = written(tmp_path, SITE.replace("rain_mm = 704", 'rain_mm = 704\nyears = "weather.csv"'))
    assert sorted(site.years_of_weather) == [1961, 1963, 1965]
    found = simulate(replace(site, years=(1960, 1966)), model)
    mean = simulate(replace(base, years=(1960, 1966)), model)
    assert found.drainage[[0, 1, 2]] == pytest.approx(mean.drainage[[0, 1, 2]])
    assert found.drainage[3] > mean.drainage[3] + 200 and found.drainage[5] < mean.drainage[5] - 100
    assert found.values["ph_h2o"][:3] == pytest.approx(mean.values["ph_h2o"][:3], abs=1e-6)
    days = [
        f"1961-{m + 1:02d}-{d + 1:02d},{w.temperature[m]},{w.rain[m] / 28},{w.pet[m] / 28}" for m in range(12) for d in range(28)
    ]
    (tmp_path / "weather.csv").write_text("date,temperature_c,rain_mm,pet_mm\n" + "\n".join(days), encoding="utf-8")
    daily = written(tmp_path, SITE.replace("rain_mm = 704", 'rain_mm = 704\nyears = "weather.csv"')).years_of_weather[1961]
    assert daily.rain == pytest.approx(w.rain) and daily.temperature == pytest.approx(w.temperature)
    (tmp_path / "weather.csv").write_text("date,temperature_c,rain_mm\n1961-01-01,5,-3", encoding="utf-8")
    with pytest.raises(SiteError, match="rain_mm = -3 must lie between"):
        written(tmp_path, SITE.replace("rain_mm = 704", 'rain_mm = 704\nyears = "weather.csv"'))


def test_potassium_comes_from_potash_or_as_far_as_they_reach_from_micas(tmp_path):
    """KCl brings its chloride, micas bring none; 10 t of hay take more than the micas of 20 % clay give."""
    hay = SITE.replace('crop = "cereal_grain_and_straw"', 'crop = "hay"\ndry_matter_t_ha = 10')
    hay = hay.replace('treatment = "AS"', 'treatment = "AS"\npotash = true')
    plans = Plans(written(tmp_path, hay), np.full(12, 10.0), NitrogenParameters())
    plan, _ = plans.year(1965)
    chloride = plan.column["dep_cl"].mean(1) * SECONDS_PER_YEAR - NitrogenParameters().sea_salt  # mol m-2 year-1
    assert plan.bases.mean(1) * SECONDS_PER_YEAR == pytest.approx(np.full(5, 0.5))  # 1 kg of dry matter a m2, 0.5 mol_c a kg
    assert chloride == pytest.approx([0.25 - 0.08, 0.25, *[0.25 - 0.08] * 3])


def test_the_page_says_what_the_command_knows(tmp_path, model):
    """The smallest file of the page runs; crops, forms, salts and limes that it names are those there are."""
    page = (ROOT / "coupler" / "docs" / "plot.md").read_text(encoding="utf-8")
    text = page.split("```toml")[1].split("```")[0]
    result = simulate(replace(written(tmp_path, text), years=(1960, 1961)), model)
    assert np.isfinite(result.values["ph_h2o"]).all()
    named = set(re.findall(r"`([a-z0-9_]+)`", page))
    for known in (harvest.CROPS, FORMS, SALTS, lime.KINDS, {f.name for f in fields(Parameters)}, read_history.QUANTITIES):
        assert set(known) - named <= {"k_mmolc_kg", "mg_mmolc_kg", "na_mmolc_kg"}


def test_a_fit_finds_the_factor_that_made_the_readings(site, model):
    true = replace(site, parameters=replace(site.parameters, lime_factor=0.6))
    made = simulate(true, model)
    times = made.years[2::3] + (site.month + 0.5) / 12
    readings = tuple(
        Reading("limed", t, 0.0, 0.23, "ph_h2o", float(v)) for t, v in zip(times, made.values["ph_h2o"][2::3, 4, 0], strict=True)
    )
    found = fit.fit(replace(site, readings=readings), model, ("lime_factor",))
    assert found.values["lime_factor"] == pytest.approx(0.6, rel=0.03) and found.after < 0.01 < found.before
    with pytest.raises(SiteError, match="lime_faktor"):
        fit.names("lime_faktor")


def test_the_command_writes_tables_picture_and_netcdf(tmp_path, capsys):
    (tmp_path / "site.toml").write_text(SITE.replace("plough_cm", 'observations = "read.csv"\nplough_cm'), encoding="utf-8")
    (tmp_path / "read.csv").write_text(
        "treatment,date,top_cm,bottom_cm,ph_h2o,ca_mmolc_kg\nAS,1970-10-15,0,23,4.6,40\nAN,1990,0,23,5.0,\n"
    )
    assert main(["plot", str(tmp_path / "site.toml"), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "pH in water, all: 1 readings" in told and "bases by pH" in told and "note: 1 readings lie outside" in told
    with (tmp_path / "out" / "samples.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5 * 20 and {"ph_cacl2", "acidity_mmolc_kg", "caco3_percent"} < set(rows[0])
    with xr.open_dataset(tmp_path / "out" / "plot.nc") as data:
        assert data["ph_h2o"].dims == ("year", "treatment", "sample") and data.attrs["Conventions"] == "CF-1.11"
        assert float(data["ph_h2o"][-1, 0, 0]) == pytest.approx(float(rows[19]["ph_h2o"]), abs=0.01)
    assert (tmp_path / "out" / "plot.png").stat().st_size > 20000
    assert main(["plot", str(tmp_path / "none.toml"), "--out", str(tmp_path / "out")]) == 2

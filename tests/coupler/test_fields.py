"""Small made files in the layouts of public products become fields of a run, by hand-made numbers."""

import re

import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.cli import main
from calcisol.coupler.config import RunConfig
from calcisol.coupler.errors import CalcisolError
from calcisol.coupler.europe import own_maps
from calcisol.coupler.europe.load import load_domain
from calcisol.coupler.input_maps import countries, products
from calcisol.coupler.input_maps.readers import read_field
from helpers.made_files import series, write_tiff

AMOUNT = {"standard_name": "precipitation_amount"}
EXACT = 1e-9  # float64 sums over a year of days


@pytest.fixture(scope="module")
def france():
    domain = load_domain(RunConfig(data="none", domain="all"))
    return domain.subset((domain.country == "FRA") & (domain.lat > 44) & (domain.lat < 48) & (domain.lon > 1) & (domain.lon < 6))


def given(domain, field, path):
    return own_maps.replace_fields(domain, {field: str(path)})


def year(calendar):
    return {"noleap": 365, "360_day": 360}[calendar]


@pytest.mark.parametrize("calendar", ["noleap", "360_day"])
def test_isimip_daily_climate(tmp_path, france, calendar):
    days = np.arange(year(calendar)) + 0.5
    warm = 283.15 + 8 * np.sin(2 * np.pi * days / len(days))
    rain = np.where(days % 2 < 1, 4.0, 0.0) / 86400
    path = series(
        tmp_path / "tas_pr.nc",
        {
            "tas": (warm, {"standard_name": "air_temperature", "units": "K"}),
            "pr": (rain, {"standard_name": "precipitation_flux", "units": "kg m-2 s-1"}),
        },
        days,
        calendar=calendar,
    )
    made = given(given(france, "mat", path), "rain", path)
    assert made["mat"] == pytest.approx(np.full(len(france), warm.mean() - 273.15), rel=EXACT)
    assert made["rain"] == pytest.approx(np.full(len(france), rain.mean() * 365 * 86400), rel=EXACT)
    assert made["t_amplitude"] == pytest.approx(np.full(len(france), 8.0), rel=0.05)  # a sine seen as twelve means
    assert made["rain_shape"].sum(1) == pytest.approx(1.0) and made.fields["mat"].provenance == "real"


def test_e_obs_daily_sums(tmp_path, france):
    days = np.arange(365) + 0.0
    path = series(tmp_path / "rr_ens_mean_0.25deg.nc", {"rr": (np.full(365, 2.0), {"units": "mm"})}, days, calendar="standard")
    assert given(france, "rain", path)["rain"] == pytest.approx(np.full(len(france), 730.0), rel=EXACT)
    path = series(tmp_path / "tg_ens_mean.nc", {"tg": (np.full(365, 11.0), {"units": "Celsius"})}, days)
    assert given(france, "mat", path)["mat"] == pytest.approx(np.full(len(france), 11.0))


def test_era5_monthly_means_are_metres_per_day(tmp_path, france):
    days = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], float)
    path = series(
        tmp_path / "era5.nc",
        {
            "t2m": (np.full(12, 284.15), {"units": "K"}),
            "tp": (np.full(12, 0.002), {"units": "m"}),
            "pev": (np.full(12, -0.003), {"units": "m"}),
        },
        days,
        name="valid_time",
        calendar="proleptic_gregorian",
    )
    made = own_maps.replace_fields(france, {"mat": str(path), "rain": str(path), "pet": str(path)})
    assert made["mat"][0] == pytest.approx(11.0) and made["rain"][0] == pytest.approx(730.0, rel=EXACT)
    assert made["pet"][0] == pytest.approx(1095.0, rel=EXACT)
    assert made["rain_shape"] == pytest.approx(np.full((len(france), 12), 1 / 12), abs=1e-9)


def test_emep_deposition_adds_four_terms(tmp_path, france):
    terms = {n: (np.array([v]), {"units": "mgN/m2"}) for n, v in (
        ("WDEP_OXN", 200.0), ("WDEP_RDN", 300.0), ("DDEP_OXN_m2Grid", 100.0), ("DDEP_RDN_m2Grid", 400.0))}  # fmt: skip
    path = series(tmp_path / "emep.nc", terms, np.array([182.0]))
    assert given(france, "deposition_n", path)["deposition_n"] == pytest.approx(np.full(len(france), 10.0))  # 1 g m-2


@pytest.mark.parametrize(
    ("name", "value", "stated", "field"),
    [
        ("tp", 2.0, "mm", "rain"),  # taken as metres: 730 m a year
        ("tg", 284.15, "K", "mat"),
        ("rr", 60.0, "mm/month", "rain"),
    ],
)
def test_a_product_in_another_unit_than_its_own_is_refused(tmp_path, france, name, value, stated, field):
    days = np.arange(365) + 0.0 if name == "rr" else np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], float)
    path = series(tmp_path / "f.nc", {name: (np.full(len(days), value), {"units": stated})}, days)
    with pytest.raises(CalcisolError, match=rf"{name} in f\.nc is in '{stated}', but"):
        given(france, field, path)


def test_emep_in_grams_is_not_taken_as_milligrams(tmp_path, france):
    terms = {n: (np.array([0.25]), {"units": "gN/m2"}) for n in ("WDEP_OXN", "WDEP_RDN", "DDEP_OXN_m2Grid", "DDEP_RDN_m2Grid")}
    path = series(tmp_path / "emep.nc", terms, np.array([182.0]))
    with pytest.raises(
        CalcisolError, match=r"WDEP_OXN in emep\.nc is in 'gN/m2', but EMEP MSC-W deposition has it in 'g m-2' times"
    ):
        given(france, "deposition_n", path)


def test_a_field_counts_its_own_substance(tmp_path, france):
    """20 kg of nitrate hold 20 x 14.007 / 62.004 kg of nitrogen; carbon of carbonate is no CaCO3."""
    path = series(
        tmp_path / "n.nc", {"deposition_n": (np.full(12, 20.0), {"units": "kg NO3 ha-1 yr-1"})}, np.arange(12) * 30.4 + 15
    )
    assert given(france, "deposition_n", path)["deposition_n"][0] == pytest.approx(20 * 14.007 / 62.004, rel=1e-4)
    (tmp_path / "n.csv").write_text("lat,lon,mineral_n [kg NO3 ha-1 yr-1]\n46.25,2.75,200\n")
    assert read_field(tmp_path / "n.csv", "mineral_n").values[0] == pytest.approx(200 * 14.007 / 62.004, rel=1e-4)
    (tmp_path / "c.csv").write_text("lat,lon,caco3 [g C/kg]\n46.25,2.75,20\n")
    with pytest.raises(CalcisolError, match="counts C"):
        read_field(tmp_path / "c.csv", "caco3")


def test_ggcmi_soil(tmp_path, france):
    lat, lon = np.arange(47.75, 44.0, -0.5), np.arange(1.25, 6.0, 0.5)
    data = xr.Dataset(coords={"lat": ("lat", lat, {"units": "degrees_north"}), "lon": ("lon", lon, {"units": "degrees_east"})})
    for name, value in (
        ("soil_ph", 7.4),
        ("soil_caco3", 12.0),
        ("clay", 25.0),
        ("sand", 30.0),
        ("oc", 1.2),
        ("bulk_density", 1.35),
    ):
        data[name] = (("lat", "lon"), np.full((len(lat), len(lon)), value))
    data.to_netcdf(tmp_path / "hwsd_soil_data_on_cropland.nc")
    made = own_maps.replace_fields(
        france, {k: str(tmp_path / "hwsd_soil_data_on_cropland.nc") for k in ("caco3", "clay", "bulk_density")}
    )
    assert (made["caco3"][0], made["clay"][0], made["bulk_density"][0]) == pytest.approx((0.12, 0.25, 1350.0))


def test_soilgrids_geotiff_is_averaged_over_the_cell(tmp_path, france):
    values = np.full((80, 100), 74)  # 0.05 degrees
    values[::2] = 78
    path = write_tiff(tmp_path / "phh2o_5-15cm_mean.tif", values, 1.0, 48.0, 0.05)
    made = given(france, "ph_survey", path)
    assert made["ph_survey"] == pytest.approx(np.full(len(france), 7.6), abs=1e-6)
    assert "SoilGrids 2.0" in made.fields["ph_survey"].source


def test_hwsd2_takes_the_largest_share_of_the_top_layer(tmp_path, france):
    (tmp_path / "HWSD2_LAYERS.csv").write_text(
        "HWSD2_SMU_ID,SHARE,LAYER,TCARBON_EQ,PH_WATER\n7,30,D1,2,6\n7,70,D1,15,8\n7,70,D2,40,8\n9,100,D1,-9,5\n", encoding="utf-8"
    )
    ids = np.full((8, 10), 7, "<u2")
    ids[0] = 9
    ids.tofile(tmp_path / "HWSD2.bil")
    (tmp_path / "HWSD2.hdr").write_text(
        "NROWS 8\nNCOLS 10\nNBITS 16\nBYTEORDER I\nULXMAP 1.25\nULYMAP 47.75\nXDIM 0.5\nYDIM 0.5\n", encoding="utf-8"
    )
    made = given(france, "caco3", tmp_path / "HWSD2_LAYERS.csv")
    north = france.lat > 47.5
    assert made["caco3"][~north] == pytest.approx(np.full((~north).sum(), 0.15))
    assert (made["caco3"][north] == france["caco3"][north]).all() and north.any()  # -9 is no value


def test_lucas_points_are_averaged_and_below_detection_is_zero(tmp_path, france):
    (tmp_path / "lucas.csv").write_text(
        "POINTID,pH_H2O,OC,CaCO3,TH_LAT,TH_LONG\n1,8.1,14.2,120,46.2,3.2\n2,8.0,13,< LOD,46.3,3.3\n3,7,,50,60,20\n",
        encoding="utf-8",
    )
    made = given(france, "caco3", tmp_path / "lucas.csv")
    (cell,) = np.flatnonzero((made.lat == 46.25) & (made.lon == 3.25))
    assert made["caco3"][cell] == pytest.approx(0.06)
    assert made["area"][cell] == pytest.approx(made["arable_area"][cell] * made["calcareous_share"][cell])
    others = np.arange(len(france)) != cell
    assert (made["caco3"][others] == france["caco3"][others]).all() and made.fields["caco3"].provenance == "estimated"


def test_national_tables(tmp_path, france):
    (tmp_path / "eurostat.tsv").write_text(
        "freq,nutrient,indic_ag,unit,geo\\TIME_PERIOD\t2018 \t2019 \n"
        "A,N,I_MIN,KG_HA,FR\t80.5 e\t78\nA,N,I_MAN,KG_HA,FR\t44\t:\nA,N,I_MIN,T,FR\t9\t9\n",
        encoding="utf-8",
    )
    assert countries.read_countries(tmp_path / "eurostat.tsv", "mineral_n") == {"FRA": 78.0}
    assert countries.read_countries(tmp_path / "eurostat.tsv", "manure_n") == {"FRA": 44.0}
    (tmp_path / "sdmx.csv").write_text(
        "freq,nutrient,indic_ag,unit,geo,TIME_PERIOD,OBS_VALUE\nA,N,I_ATM,KG_HA,EL,2019,6.5\n", encoding="utf-8"
    )
    assert countries.read_countries(tmp_path / "sdmx.csv", "deposition_n") == {"GRC": 6.5}
    (tmp_path / "faostat.csv").write_text(
        "Area Code (M49),Area,Element,Item,Year,Unit,Value\n"
        "250,France,Use per area of cropland,Nutrient nitrogen N (total),2020,kg/ha,99.5\n"
        "250,France,Agricultural Use,Nutrient nitrogen N (total),2020,t,1900000\n", encoding="utf-8",
    )  # fmt: skip
    assert given(france, "mineral_n", tmp_path / "faostat.csv")["mineral_n"] == pytest.approx(np.full(len(france), 99.5))


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("caco3", "a,b\n1,2\n", "has no column TH_LAT"),
        ("manure_n", "Element,Item,Year,Value\nx,y,2000,1\n", "gives mineral_n, not manure_n"),
        ("caco3", "lat,lon,caco3\n60,10,0.1\n", "gives caco3 at none of the"),
        ("caco3", "lat,lon,caco3\n46.25,3.25,12\n", r"caco3 = 12 in t.csv at 46.25 N 3.25 E must .* 0 and 1 .* in kg kg-1"),
        ("mat", "lat,lon,mat\n46.25,3.25,283\n", r"mat = 283 .* between -20 and 35 \(1 of 1 cells do not\); .* degC"),
        ("no3_share", "lat,lon,no3_share\n46.25,3.25,30\n", "give it as a pure number"),
        ("mineral_n", "lat,lon,mineral_n\n46.25,3.25,-50\n", "mineral_n = -50 .* must lie between 0 and 600"),
    ],
)
def test_each_refusal_is_one_sentence(tmp_path, france, field, text, words):
    from calcisol.coupler.errors import CalcisolError

    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(CalcisolError, match=words) as caught:
        given(france, field, tmp_path / "t.csv")
    assert "\n" not in str(caught.value)


def test_every_field_says_what_it_can_be(france):
    assert set(products.VALID) == set(products.FIELD_UNITS)
    assert set(products.FIELD_UNITS) - set(france.fields) == set(products.OPTIONAL)
    for field in france.fields.keys() & products.VALID.keys():
        low, high = products.VALID[field]
        assert low <= france[field].min() and france[field].max() <= high


def test_an_unknown_unit_names_field_and_file(tmp_path, capsys):
    path = series(tmp_path / "tas.nc", {"tas": (np.full(365, 50.0), {"units": "Réaumur"})}, np.arange(365.0))
    assert main(["check", str(path)]) == 2
    error = capsys.readouterr().err
    assert error == "calcisol: mat in tas.nc: unit 'Réaumur' is not known, 'degC' is wanted; write e.g. degC, K, celsius\n"


def test_check_says_what_a_map_or_a_table_gives(tmp_path, capsys):
    (tmp_path / "lucas.csv").write_text("POINTID,CaCO3,TH_LAT,TH_LONG\n1,120,46.2,3.2\n2,2000,46.3,3.3\n", encoding="utf-8")
    assert main(["check", str(tmp_path / "lucas.csv")]) == 0
    out = capsys.readouterr().out
    assert "caco3" in out and "0.12 to 2; 1 of 2 outside 0 to 1" in out and "[fields]" in out
    path = series(tmp_path / "rr.nc", {"rr": (np.full(365, 2.0), {"units": "mm"})}, np.arange(365.0))
    assert main(["check", str(path)]) == 0
    assert "E-OBS" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("variables", "days", "time", "words"),
    [
        ({"tas": ("K", 283.0)}, np.array([0.0, 31.0, 59.0]), {}, "holds 3 steps, 90 days in all, which make up no year"),
        ({"precip": ("mm", 60.0)}, np.array([0.0]), {}, "holds an amount of one step whose length is not known"),
        ({"tas": ("K", 283.0)}, np.arange(12.0), {"units": "moons since 2001-01-01"}, "time of .* has units 'moons since"),
        ({"tas": ("K", np.nan)}, np.arange(365.0), {}, "mat holds no values"),
        ({"tas": ("K", 10.0)}, np.arange(365.0), {}, r"mat holds 80 of 80 values outside -20 to 35 \(-263.1 .*give it in degC"),
    ],
)
def test_a_series_that_cannot_be_is_refused(tmp_path, capsys, variables, days, time, words):
    name, (unit, value) = next(iter(variables.items()))
    attributes = {"units": unit, **(AMOUNT if name == "precip" else {})}
    path = series(tmp_path / f"{name}.nc", {name: (np.full(len(days), value), attributes)}, days, **time)
    assert main(["check", str(path)]) == 2
    error = capsys.readouterr().err
    assert re.search(words, error) and error.count("\n") == 1


def test_one_step_with_bounds_is_as_long_as_they_say(tmp_path, france):
    path = series(tmp_path / "p.nc", {"precip": (np.full(1, 730.0), {"units": "mm", **AMOUNT})}, np.array([0.0]))
    with xr.open_dataset(path, decode_times=False) as file:
        data = file.load()
    data["time"].attrs["bounds"] = "time_bnds"
    data["time_bnds"] = (("time", "bnds"), [[0.0, 730.0]])
    data.to_netcdf(path)
    assert given(france, "rain", path)["rain"] == pytest.approx(np.full(len(france), 365.0), rel=EXACT)


def test_damaged_maps_are_one_sentence(tmp_path, capsys):
    (tmp_path / "clay_0-5cm_mean.tif").write_bytes(b"II*\0garbage")
    assert main(["check", str(tmp_path / "clay_0-5cm_mean.tif")]) == 2
    assert re.fullmatch("calcisol: .*clay_0-5cm_mean.tif is damaged.*copy it again\n", capsys.readouterr().err)
    (tmp_path / "t.csv").write_text("a,b,caco3\n1,2,0.1\n", encoding="utf-8")
    assert main(["check", str(tmp_path / "t.csv")]) == 2
    assert "has no column TH_LAT or GPS_LAT or lat or latitude" in capsys.readouterr().err

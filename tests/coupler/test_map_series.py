"""Series and layers of the user's maps: the topsoil is the layer next to the surface, each mean belongs to its month; by hand."""

import re

import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.errors import CalcisolError
from calcisol.coupler.input_maps.readers import read_field, read_series
from helpers.made_files import series
from helpers.made_maps import VALUES, netcdf, on_cells

DEPTHS = {
    "first": ([0.05, 0.3, 1.0], {"units": "m", "positive": "down"}, 0),
    "last": ([1.0, 0.3, 0.05], {"units": "m", "positive": "down"}, 2),
    "between": ([30.0, 5.0, 100.0], {"units": "cm"}, 1),
    "heights below the surface": ([-1.0, -0.3, -0.05], {"units": "m", "positive": "up"}, 2),
    "by its standard name": ([100.0, 30.0, 5.0], {"standard_name": "depth"}, 2),
}


@pytest.mark.parametrize("kind", DEPTHS)
def test_the_topsoil_is_the_layer_next_to_the_surface(tmp_path, kind):
    z, about, top = DEPTHS[kind]
    layers = np.stack([VALUES + 0.1 * (i + 1) for i in range(3)])
    layers[top] = VALUES
    path = netcdf(tmp_path / "z.nc", layers, axes={"z": (z, about)})
    assert on_cells(path) == pytest.approx(VALUES.ravel(), abs=1e-12)


@pytest.mark.parametrize(
    ("z", "about"),
    [([1.0, 2.0, 3.0], {}), ([0.5, 1.0, 1.5], {"units": "m", "positive": "up"}), ([-0.1, 0.1, 0.3], {"units": "m"}),
     ([0.1, 0.1, 0.3], {"units": "m"}), ([np.nan, 0.1, 0.3], {"units": "m", "positive": "down"})],
)  # fmt: skip
def test_layers_of_which_nothing_says_which_is_the_topsoil_are_refused(tmp_path, z, about):
    path = netcdf(tmp_path / "z.nc", np.stack([VALUES] * 3), axes={"level": (z, about)})
    with pytest.raises(CalcisolError, match="3 layers along level; nothing says which is the topsoil"):
        read_field(path, "caco3")


def test_valid_range_and_packing_are_those_of_the_file(tmp_path):
    path = tmp_path / "v.nc"
    netcdf(path, np.where(VALUES == 0.05, 90, np.rint(VALUES * 100)).astype("i2"))
    with xr.open_dataset(path, mask_and_scale=False) as file:
        data = file.load()
    data["caco3"].attrs |= {"scale_factor": 0.01, "add_offset": 0.0, "valid_range": np.array([0, 80], "i2")}
    data.to_netcdf(path)
    expected = np.where(np.isclose(VALUES, 0.05), np.nan, VALUES)
    assert on_cells(path) == pytest.approx(expected.ravel(), abs=1e-9, nan_ok=True)


MONTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], float)
EDGES = np.concatenate([[0.0], np.cumsum(MONTHS)])
WARMTH = np.array([1.0, 2, 4, 7, 12, 17, 20, 19, 15, 10, 5, 2])  # one number a month


def months_file(path, days, values, unit="degC", name="mat", bounds=None, about=None, **time):
    full = np.broadcast_to(np.asarray(values, float)[:, None, None], (len(values), 4, 6))
    about = {"units": "days since 2001-01-01", "calendar": "noleap", "standard_name": "time", **(about or {}), **time}
    if bounds is not None:
        about["bounds"] = "time_bnds"
    netcdf(path, full, name=name, order=(), axes={"time": (days, about)}, units=unit)
    if bounds is not None:
        with xr.open_dataset(path, decode_times=False) as file:
            data = file.load()
        data["time_bnds"] = (("time", "bnds"), bounds[0], bounds[1])
        data.to_netcdf(path)
    return path


PAIRS = np.stack([EDGES[:-1], EDGES[1:]], 1)


@pytest.mark.parametrize(
    ("days", "bounds", "why"),
    [
        (EDGES[:-1], None, "dated where months begin, January first"),
        (EDGES[:-1] + 14, None, "dated in the middle"),
        (EDGES[1:] - 1, None, "dated on the last day"),
        (EDGES[1:], (PAIRS, {}), "dated at the end, bounds tell"),
        (EDGES[1:], (PAIRS[:, ::-1], {}), "bounds the other way round"),
        (EDGES[1:], (PAIRS * 24, {"units": "hours since 2001-01-01"}), "bounds with units of their own"),
        (EDGES[1:] - 1, (PAIRS - [0, 1], {}), "CDO's bounds, a day short"),
    ],
)
def test_each_mean_belongs_to_its_month(tmp_path, days, bounds, why):
    climate = read_series(months_file(tmp_path / "t.nc", days, WARMTH, bounds=bounds), "mat")
    assert climate.months[0] == pytest.approx(WARMTH), why
    assert climate.annual.values[0] == pytest.approx((WARMTH * MONTHS).sum() / 365), why


def test_months_in_any_order_where_bounds_tell(tmp_path):
    order = np.array([3, 0, 11, 7, 1, 2, 10, 4, 6, 5, 9, 8])
    climate = read_series(months_file(tmp_path / "t.nc", EDGES[1:][order], WARMTH[order], bounds=(PAIRS[order], {})), "mat")
    assert climate.months[0] == pytest.approx(WARMTH)


def test_a_climatology_of_thirty_years(tmp_path):
    about = {"climatology": "time_bnds", "units": "days since 1961-01-01"}
    pairs = np.stack([EDGES[:-1], EDGES[1:] + 29 * 365], 1)
    path = months_file(tmp_path / "c.nc", EDGES[1:], WARMTH, bounds=(pairs, {}), about=about)
    with xr.open_dataset(path, decode_times=False) as file:
        data = file.load()
    del data["time"].attrs["bounds"]
    data.to_netcdf(path)
    climate = read_series(path, "mat")
    assert climate.months[0] == pytest.approx(WARMTH)


def test_half_a_year_more_does_not_tip_the_mean(tmp_path):
    days, values = np.concatenate([EDGES[:-1], 365 + EDGES[:6]]), np.concatenate([WARMTH, WARMTH[:6]])
    assert read_series(months_file(tmp_path / "h.nc", days, values), "mat").annual.values[0] == pytest.approx(
        (WARMTH * MONTHS).sum() / 365
    )


def test_a_quantity_without_units_is_refused(tmp_path):
    path = months_file(tmp_path / "u.nc", EDGES[:-1], WARMTH)
    with xr.open_dataset(path, decode_times=False) as file:
        data = file.load()
    del data["mat"].attrs["units"]
    data.to_netcdf(path)
    with pytest.raises(CalcisolError, match=r"mat in u\.nc has no units; write them, e\.g\. units = 'degC'"):
        read_series(path, "mat")


def test_rain_by_the_month_is_that_of_its_real_length(tmp_path):
    rain = 10.0 * np.arange(1, 13)  # 780 mm a year
    path = months_file(tmp_path / "r.nc", EDGES[:-1], rain, unit="mm/month", name="rain")
    assert read_field(path, "rain").values[0] == pytest.approx(780.0)


@pytest.mark.parametrize(
    ("days", "bounds", "values", "words"),
    [
        (EDGES[1:], None, WARMTH, "dated on the first of each month from 2001-02-01, which may be the month that begins"),
        (EDGES[1:][::-1], None, WARMTH, "goes back or stands still at step 2"),
        (EDGES[1:], (np.stack([EDGES[1:], EDGES[1:]], 1), {}), WARMTH, "step 1 has length 0"),
        (EDGES[1:], (np.stack([0 * EDGES[1:], EDGES[1:]], 1), {}), WARMTH, "steps 1 and 2 overlap"),
        (np.append(EDGES[:11], 10000.0), (np.vstack([PAIRS[:11], [365.0, 396.0]]), {}), WARMTH, "has no step in December"),
    ],
)
def test_time_that_leaves_a_month_open_is_refused(tmp_path, days, bounds, values, words):
    with pytest.raises(CalcisolError, match=words):
        read_series(months_file(tmp_path / "t.nc", days, values, bounds=bounds), "mat")


@pytest.mark.parametrize(
    ("step", "methods", "unit", "value", "words"),
    [
        (1 / 24, "", "m", 1e-4, "steps of another length than this product's"),
        (1.0, "", "m", 0.002, "steps of another length than this product's"),
        (1.0, "time: sum", "m", 0.002, ""),  # 2 mm in each day: 730 mm
        (30.4, "", "m", 0.002, ""),  # monthly means of ERA5 are metres a day
    ],
)
def test_rain_of_era5_by_the_length_of_its_steps(tmp_path, step, methods, unit, value, words):
    days = EDGES[:-1] if step > 1 else np.arange(0, 365, step)
    path = months_file(tmp_path / "e.nc", days, np.full(len(days), value), unit=unit, name="tp")
    with xr.open_dataset(path, decode_times=False) as file:
        data = file.load()
    data["tp"].attrs["cell_methods"] = methods
    data.to_netcdf(path)
    if words:
        with pytest.raises(CalcisolError, match=words):
            read_field(path, "rain")
    else:
        assert read_field(path, "rain").values[0] == pytest.approx(730.0)


def test_one_impossible_pixel_is_not_averaged_away(tmp_path):
    from calcisol.coupler.config import RunConfig
    from calcisol.coupler.europe import own_maps
    from calcisol.coupler.europe.load import load_domain

    domain = load_domain(RunConfig(data="none", domain="all"))
    values = np.tile(VALUES.repeat(2, 0).repeat(2, 1), 1)
    values[3, 3] = 1.7  # its cell's mean would be in range
    lat, lon = np.arange(44.125, 46, 0.25), np.arange(-1.375, 1.5, 0.25)
    path = netcdf(tmp_path / "caco3.nc", values, lat, lon)
    with pytest.raises(CalcisolError, match=r"caco3 = 1.7 in caco3.nc at 44.875 N -0.625 E must lie between 0 and 1"):
        own_maps.replace_fields(domain, {"caco3": str(path)})
    values[3, 3] = -9999.0
    said = []
    own_maps.replace_fields(domain, {"caco3": str(netcdf(path, values, lat, lon))}, said.append)
    assert re.match(r"calcisol: caco3 of caco3.nc reaches \d+ of \d+ cells, elsewhere caco3 stays as it was; 1 places", said[0])


@pytest.mark.parametrize(("rain", "pet"), [("avg_tprate", "avg_pevr"), ("mtpr", "mper"), ("avg_tprate", "pev"), ("mtpr", "")])
def test_era5_mean_rates(tmp_path, rain, pet):
    """Mean rates hold for steps of any length: 2 mm a day."""
    days = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], float)
    content = {"t2m": (np.full(12, 284.15), {"units": "K"}), rain: (np.full(12, 2.0 / 86400), {"units": "kg m**-2 s**-1"})}
    if pet:
        demand = (-0.003, "m") if pet == "pev" else (-3.0 / 86400, "kg m**-2 s**-1")
        content[pet] = (np.full(12, demand[0]), {"units": demand[1]})
    path = series(tmp_path / "era5.nc", content, days, name="valid_time", calendar="proleptic_gregorian")
    wanted = {"mat": 11.0, "rain": 730.0} | ({"pet": 1095.0} if pet else {})
    for field, value in wanted.items():
        assert read_field(path, field).values == pytest.approx(value, rel=1e-9)


def test_monthly_sums_of_rain_by_cell_methods(tmp_path):
    days = np.array([15, 45, 74, 105, 135, 166, 196, 227, 258, 288, 319, 349], float)
    path = series(tmp_path / "pr.nc", {"pr": (np.full(12, 60.0), {"units": "mm", "cell_methods": "time: sum"})}, days)
    assert read_field(path, "rain").values == pytest.approx(720.0, rel=1e-9)  # twelve months of 60 mm

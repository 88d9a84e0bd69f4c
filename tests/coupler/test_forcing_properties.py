"""The same data in any shape a file can have gives the same numbers or an error, never another number; no file gives a traceback.

What:    hypothesis draws order of time, layers, latitude; longitudes, units, packing, codes, bounds, calendars, files.
         The truth is that of helpers/forcing_data.py, made without the reader.
"""

import warnings

import numpy as np
import pytest
from calcisol.coupler.errors import CalcisolError
from helpers.forcing_data import DAYS, LAYERED, STEPS, dataset, read_all, same, save, truth
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

STEP = DAYS * 86400.0
PACKED = 1e-3  # of the range of the values: 16 bits hold 1.5e-5 of it
UNITS = {  # variable -> (unit, factor, added) that hold the same
    "w_liq": [("kg m-2", 1.0, 0), ("mm", 1.0, 0), ("m", 1e-3, 0), ("cm", 0.1, 0), ("g m-2", 1e3, 0)],
    "t_soil": [("K", 1.0, 0), ("degC", 1.0, -273.15), ("celsius", 1.0, -273.15), ("degF", 1.8, -459.67)],
    "q_bot": [("kg m-2 s-1", 1.0, 0), ("mm/day", 86400.0, 0), ("mm month-1", STEP, 0), ("m s-1", 1e-3, 0), ("mm/hr", 3600.0, 0)],
    "co2_src_total": [("kg m-2 s-1", 1.0, 0), ("g C m-2 d-1", 86.4e6, 0), ("umol m-2 s-1", 1e6 / 0.012011, 0),
                      ("g m-2 yr-1", 365 * 86400e3, 0), ("kgC/ha/yr", 365 * 864e6, 0)],
}  # fmt: skip


@st.composite
def shapes(draw):
    """One way to write the data down."""
    return {
        "time": list(range(STEPS)) if draw(st.integers(0, 7)) else draw(st.permutations(range(STEPS))),
        "layers": draw(st.permutations(range(4))),
        "lat": draw(st.permutations(range(2))),
        "lon": draw(st.permutations(range(3))),
        "west": draw(st.sampled_from([0.0, 360.0])),
        "dims": draw(st.permutations(["time", "depth", "lat", "lon"])),
        "vertical": draw(st.sampled_from(["m down", "cm down", "m up", "plain up"])),
        "units": {name: draw(st.sampled_from(choices)) for name, choices in UNITS.items()},
        "bounds": draw(st.sampled_from(["same", "hours", "none"])),
        "since": draw(st.sampled_from(["days since 2001-01-01", "hours since 2000-12-31", "seconds since 2001-01-01 00:00:00"])),
        "type": draw(st.sampled_from(["f8", "f4", "packed"])),
        "hole": draw(st.sampled_from([-999.0, -9999.0, 1e20, np.nan, 9999.0])) if draw(st.integers(0, 7)) == 7 else None,
        "declared": draw(st.booleans()),
        "split": draw(st.integers(0, STEPS - 1)),
    }


def since(days, units):
    return (days + (1 if "2000-12-31" in units else 0)) * {"d": 1.0, "h": 24.0, "s": 86400.0}[units[0]]


def written(shape, folder):
    """The file or files; pattern of them."""
    data = dataset(bounds=shape["bounds"] != "none")
    for name, (unit, factor, added) in shape["units"].items():
        values = data[name].values * factor + added
        if shape["hole"] is not None and name == "q_bot":
            values[3, 1, 2] = shape["hole"]
        data[name] = (data[name].dims, values, {"units": unit})
        if shape["declared"] and shape["hole"] is not None and name == "q_bot":
            data[name].attrs["missing_value"] = shape["hole"]
    days = data["time"].values
    said = {**data["time"].attrs, "units": shape["since"]}
    data = data.assign_coords(time=("time", since(days, shape["since"]), said))
    if shape["bounds"] != "none":
        own = "hours since 2001-01-01" if shape["bounds"] == "hours" else shape["since"]
        pairs = np.stack([days - DAYS, days], 1)
        data["time_bnds"] = (("time", "bnds"), since(pairs, own), {"units": own} if shape["bounds"] == "hours" else {})
    depth, (unit, positive) = data["depth"].values, shape["vertical"].split()
    sign = -1.0 if positive == "up" else 1.0
    said = {"positive": positive, "axis": "Z"} | ({} if unit == "plain" else {"units": unit})
    data = data.assign_coords(depth=("depth", sign * depth * (100.0 if unit == "cm" else 1.0), said))
    data = data.assign_coords(lon=("lon", data["lon"].values + shape["west"], data["lon"].attrs))
    data = data.isel(time=shape["time"], depth=shape["layers"], lat=shape["lat"], lon=shape["lon"])
    for name in LAYERED:
        data[name] = data[name].transpose(*shape["dims"])
    encoding = {}
    if shape["type"] == "f4":
        data = data.assign({n: data[n].astype("f4") for n in UNITS})
    elif shape["type"] == "packed" and shape["hole"] is None:
        for name in UNITS:
            low, high = float(data[name].min()), float(data[name].max())
            scale, middle = (high - low) / 60000, (high + low) / 2
            encoding[name] = {"dtype": "i2", "scale_factor": scale, "add_offset": middle, "_FillValue": -32768}
    if not shape["split"]:
        return save(data, folder / "f.nc", **encoding)
    for i, piece in enumerate((slice(0, shape["split"]), slice(shape["split"], None))):
        save(data.isel(time=piece), folder / f"f_{i}.nc", **encoding)
    return folder / "f_*.nc"


def check_shape(shape, folder):
    for old in folder.glob("*.nc"):
        old.unlink()
    path = written(shape, folder)
    try:
        found = read_all(path)
    except CalcisolError as error:
        assert "\n" not in str(error) and str(error)
        return
    assert shape["hole"] is None, "a missing value went through"
    assert list(shape["time"]) == sorted(shape["time"]) or shape["split"], "steps out of order went through"
    wanted = truth()
    plain = {n: wanted[n] for n in ("dt", "dz", "caco3")}
    same(found, plain)
    rough = {"f8": 1e-9, "f4": 1e-5, "packed": 1e-2}[shape["type"]]  # of 16 bits: the smallest of a range is known to 1e-3
    same(found, {n: wanted[n] for n in UNITS}, rough)


SETTINGS = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]}


@settings(max_examples=60, **SETTINGS)
@given(shape=shapes())
def test_any_shape_gives_the_same_numbers_or_an_error(tmp_path, shape):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_shape(shape, tmp_path)


@pytest.mark.slow
@settings(max_examples=3000, **SETTINGS)
@given(shape=shapes())
def test_many_shapes(tmp_path, shape):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_shape(shape, tmp_path)


# ------------------------------------------------------------------------------------------------ files nobody meant
WORDS = "K 1 % mm/day a µm³ positive up down time depth height latitude soil_temperature time_bnds x noleap".split()
TEXTS = st.sampled_from(
    ["", "kg m-2", "days since 2001-01-01", "months since 1-1-1", "days since", "time: sum", "time: mean", "lat lon", *WORDS]
)
NUMBERS = st.sampled_from([0.0, 1.0, -1.0, np.nan, np.inf, -999.0, 1e20, 1e300, -9999.0, 32767.0, 0.5])
ATTRIBUTES = ["units", "calendar", "standard_name", "axis", "positive", "bounds", "cell_methods", "missing_value", "valid_min",
              "valid_range", "scale_factor", "coordinates", "compress", "climatology"]  # fmt: skip


@st.composite
def damages(draw):
    """A few things done to a good file."""
    kinds = ["attribute", "value", "drop", "rename", "shape", "type", "fill", "cut"]
    return [
        (
            draw(st.sampled_from(kinds)),
            draw(st.integers(0, 11)),
            draw(st.sampled_from(ATTRIBUTES)),
            draw(st.one_of(TEXTS, NUMBERS)),
            draw(st.integers(0, 3)),
        )
        for _ in range(draw(st.integers(1, 4)))
    ]


NAMES = ["lat", "mrsol", "mrsfl", "soil_layer", "x", "w_ice", "nav_lat", "dep_nh4", "rh", "active", "n_min", "tsl"]


def damage(data, kind, which, attribute, value, number):
    """The data with one thing wrong."""
    names = sorted(map(str, data.variables))
    name = names[which % len(names)]
    dims = data[name].dims
    if kind == "attribute":
        data[name].attrs[attribute] = value
    elif kind == "value" and data[name].size and data[name].dtype.kind == "f" and name not in data.indexes:
        data[name].values.flat[number % data[name].size] = value if isinstance(value, float) else -1.0
    elif kind == "drop":
        return data.drop_vars(name)
    elif kind == "rename" and NAMES[number * 3] not in data.variables and NAMES[number * 3] not in data.dims:
        return data.rename({name: NAMES[number * 3]})
    elif kind == "shape" and dims:
        return data.isel({dims[0]: slice(0, number)})
    elif kind == "type":
        return data.assign({name: data[name].astype(["U1", "f4", "i4", "i2"][number])})
    elif kind == "fill" and data[name].dtype.kind == "f" and name not in data.indexes:
        data[name].values[...] = value if isinstance(value, float) else 0.0
    elif kind == "cut" and data[name].ndim > 1:
        return data.assign({name: data[name].isel({dims[number % len(dims)]: 0}, drop=True)})
    return data


def check_damage(steps, folder):
    data = dataset(3).copy(deep=True)  # what is damaged in place is not the tests' own arrays
    for step in steps:
        try:
            data = damage(data, *step)
        except (ValueError, TypeError, LookupError, OverflowError):
            return  # xarray itself refuses
    path = folder / "f.nc"
    path.unlink(missing_ok=True)
    try:
        for variable in data.variables.values():
            variable.encoding = {}
        data.to_netcdf(path)
    except Exception:
        return  # no such file can be written
    try:
        found = read_all(path)
    except CalcisolError as error:
        assert str(error) and "\n" not in str(error)
        return
    for name, values in found.items():
        assert np.isfinite(values).all() or name == "places", name


@settings(max_examples=150, **SETTINGS)
@given(steps=damages())
def test_a_damaged_file_gives_numbers_or_one_sentence(tmp_path, steps):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_damage(steps, tmp_path)


@pytest.mark.slow
@settings(max_examples=10000, **SETTINGS)
@given(steps=damages())
def test_ten_thousand_files_without_a_traceback(tmp_path, steps):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_damage(steps, tmp_path)

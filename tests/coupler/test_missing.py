"""Values that are not there, as the field's files mark them: each is found in the file's own unit and type, before conversion."""

import netCDF4
import numpy as np
import pytest
from calcisol.coupler.forcing.fault import ForcingError
from calcisol.coupler.forcing.missing import coded, decode
from helpers.forcing_data import dataset, read_all, same, save, truth


def marked(tmp_path, name, code, unit=None, factor=1.0, **attributes):
    """The file with ``code`` at two places of one variable, written in another unit."""
    data = dataset()
    values = data[name].values * factor
    values[2, ..., 1, 2] = code
    data[name] = (data[name].dims, values, {"units": unit or data[name].attrs["units"], **attributes})
    return save(data, tmp_path / "f.nc")


@pytest.mark.parametrize(
    "code", [-99.0, -999.0, -9999.0, 9999.0, 99999.0, 999999.0, 1e20, 1e15, -1e30, 32767.0, -32768.0, 9.96921e36]
)
@pytest.mark.parametrize(
    ("name", "unit", "factor"),
    [
        ("q_bot", "mm/day", 86400.0),
        ("q_bot", "mm/month", 2.6e6),
        ("q_bot", "kg m-2 s-1", 1.0),
        ("w_liq", "m", 1e-3),
        ("co2_src_total", "g m-2 yr-1", 3e10),
        ("t_soil", "K", 1.0),
    ],
)
def test_codes_that_nobody_declared_are_named(tmp_path, name, unit, factor, code):
    with pytest.raises(
        ForcingError, match=rf"{name} holds \d times .*, a code for missing data; declare it as _FillValue"
    ) as caught:
        read_all(marked(tmp_path, name, code, unit, factor))
    assert f"{code:g}" in str(caught.value)


@pytest.mark.parametrize(
    "attributes",
    [
        {"missing_value": -999.0},
        {"missing_value": np.float32(-999.0)},  # of another float type than the data
        {"missing_value": np.array([-1e30, -999.0])},
        {"missing_value": "-999"},
        {"valid_min": -1.0},
        {"valid_range": np.array([-10.0, 1e6])},
        {"valid_min": np.float32(-1.0), "valid_max": np.float32(1e6)},
    ],
)
def test_declared_codes_are_missing(tmp_path, attributes):
    with pytest.raises(ForcingError, match=r"q_bot holds 1 missing values .* of 36, first at 50\.75 N -4\.25 E"):
        read_all(marked(tmp_path, "q_bot", -999.0, "mm/day", 86400.0, **attributes))


def test_a_float_fill_value_near_float_data_of_another_type(tmp_path):
    """1e20 in float32 is 100000002004087734272: equal to the double 1e20 as float32, not as double."""
    data = dataset()
    data["q_bot"] = data["q_bot"].astype("f4")
    data["q_bot"][1, 0, 0] = np.float32(1e20)
    data["q_bot"].attrs["missing_value"] = np.float64(1e20)
    with pytest.raises(ForcingError, match=r"q_bot holds 1 missing values"):
        read_all(save(data, tmp_path / "f.nc"))


def test_a_code_within_a_declared_range_is_a_value(tmp_path):
    path = marked(tmp_path, "w_liq", 99.0)
    same(read_all(path), {"dt": truth()["dt"]})
    data = dataset()
    data["p_surf"] = (("time", "lat", "lon"), np.full((6, 2, 3), 99999.0), {"units": "Pa"})
    assert (read_all(save(data, tmp_path / "g.nc"))["p_surf"] == 99999.0).all()
    data["p_surf"] = (("time", "lat", "lon"), np.full((6, 2, 3), 9999.0), {"units": "dPa", "valid_range": np.array([0.0, 1e7])})
    with pytest.raises(ForcingError, match="outside 30000 to 120000"):  # 999.9 Pa: not a code, and no air pressure either
        read_all(save(data, tmp_path / "h.nc"))


@pytest.mark.parametrize(
    ("kind", "attributes", "missing"),
    [
        ("i2", {"_FillValue": np.int16(-32768)}, -32768),
        ("i2", {"missing_value": np.int16(-32768)}, -32768),
        ("i2", {}, -32767),  # netCDF's own fill value, never written
        ("i2", {}, -32768),
        ("i2", {}, 32767),
        ("i2", {"valid_range": np.array([0, 30000], "i2")}, 31000),  # packed numbers: same type as the data
        ("i2", {"valid_range": np.array([0.0, 5e-5])}, 31000),  # another type: unpacked numbers (netCDF user guide)
        ("i2", {"_FillValue": np.int16(7), "missing_value": np.int16(-5)}, -5),
        ("i4", {"_FillValue": np.int32(-999)}, -999),
        ("u2", {"_FillValue": np.uint16(65535)}, 65535),
        ("i2", {"_Unsigned": "true", "_FillValue": np.int16(-1)}, -1),  # 65535 as netCDF classic can say it
    ],
)
def test_packed_numbers(tmp_path, kind, attributes, missing):
    """Scaled integers come out as written; their missing value is missing, in whatever way it is declared."""
    path = save(dataset(), tmp_path / "f.nc")
    for hole in (False, True):
        with netCDF4.Dataset(path, "a") as file:
            name = "q_bot" if not hole else "q_new"
            file.renameVariable("q_bot", f"old_{hole}")
            fill = attributes.get("_FillValue")
            packed = file.createVariable("q_bot", kind, ("time", "lat", "lon"), fill_value=fill)
            packed.setncatts({"units": "kg m-2 s-1", "scale_factor": 2e-9, "add_offset": 1e-6})
            packed.setncatts({k: v for k, v in attributes.items() if k != "_FillValue"})
            packed.set_auto_maskandscale(False)
            raw = 100 + np.arange(36).reshape(6, 2, 3)
            raw[4, 1, 0] = missing if hole else raw[4, 1, 0]
            packed[:] = raw.astype(kind)
            assert name
        if not hole:
            expected = (100 + np.arange(36.0).reshape(6, 6)) * 2e-9 + 1e-6
            same(read_all(path), {"q_bot": expected})
    with pytest.raises(ForcingError, match="q_bot holds 1 missing values"):
        read_all(path)


def test_full_range_of_packed_numbers_is_theirs_where_a_fill_is_declared():
    """ECMWF packs to -32766..32767 and declares -32767."""
    attributes = {"scale_factor": 0.5, "add_offset": 0.0, "_FillValue": np.int16(-32767)}
    raw = np.array([-32768, -32767, -32766, 32767], "i2")
    assert decode(raw, attributes) == pytest.approx([-16384.0, np.nan, -16383.0, 16383.5], nan_ok=True)


def test_letters_are_no_numbers():
    with pytest.raises(TypeError):
        decode(np.array(["a", "b"]), {})


def test_coded_leaves_ordinary_numbers():
    assert not coded(np.array([0.0, -98.0, 98.9, 1e4, -1e4, 1e14, 998.0, np.nan, np.inf])).any()
    assert coded(np.array([-99.0, np.float32(-999.9), -9999.0, 1e20, -3.4e38])).all()

"""Several forcing files as one: other reference dates are understood, other units are refused."""

import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.forcing.fault import ForcingError
from calcisol.coupler.forcing.forcing_file import ForcingFile as Forcing
from helpers.forcing_data import LAT, dataset, read_all, same, save, truth
from helpers.small_runs import forcing_file
from xarray.backends import CachingFileManager


def two(folder, action):
    """The small file and its three months more, changed by ``action``; the pattern of both."""
    first = forcing_file(folder / "part_1.nc")
    with xr.open_dataset(first, decode_times=False) as file:
        data = file.load()
    later = data.assign_coords(time=("time", data["time"].values + 90.0, dict(data["time"].attrs)))
    later = action(later.assign(q_bot=later["q_bot"] * 2))
    for variable in later.variables.values():
        variable.encoding.clear()
    later.to_netcdf(folder / "part_2.nc")
    return folder / "part_*.nc"


def since(data, units, shift):
    return data.assign_coords(time=("time", data["time"].values + shift, {**data["time"].attrs, "units": units}))


@pytest.mark.parametrize(
    "action",
    [
        lambda d: d,
        lambda d: since(d, "days since 2001-04-01", -90.0),  # every file counts from its own first day
        lambda d: since(d, "hours since 2001-01-01", 0.0).assign_coords(
            time=("time", d["time"].values * 24, {**d["time"].attrs, "units": "hours since 2001-01-01"})
        ),
    ],
)
def test_files_follow_each_other_whatever_they_count_from(tmp_path, action):
    with Forcing(two(tmp_path, action)) as forcing:
        assert forcing.times() == pytest.approx(np.full(6, 30 * 86400.0))
        flow = [forcing.step(i)["q_bot"][0] for i in range(6)]
        assert np.array(flow[3:]) == pytest.approx(2 * np.array(flow[:3]))


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (
            lambda d: d.assign(w_liq=(d["w_liq"] / 1000).assign_attrs(units="m")),  # ran as 0.05 kg m-2
            r"w_liq is in 'kg m-2' in part_1\.nc, but in 'm' in part_2\.nc",
        ),
        (lambda d: d.drop_vars("q_bot"), r"q_bot is in part_1\.nc, but not in part_2\.nc"),
        (lambda d: d.assign(n_min=d["q_bot"]), r"n_min is in part_2\.nc, but not in part_1\.nc"),
        (
            lambda d: d.assign_coords(time=("time", d["time"].values, {**d["time"].attrs, "calendar": "standard"})),
            r"time has the calendar noleap in part_1\.nc, but standard in part_2\.nc",
        ),
        (lambda d: d.isel(column=[0]), r"column has length 2 in part_1\.nc, but 1 in part_2\.nc"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path, action, words):
    with pytest.raises(ForcingError, match=rf"the 2 files of .*part_\*\.nc cannot be joined \(.*{words}") as caught:
        Forcing(two(tmp_path, action))
    assert "\n" not in str(caught.value)


# ------------------------------------------------------------------------------------------------ a file a year, as of archives
def halves(folder, change):
    """The known data in two files, the second changed; the pattern of both."""
    data = dataset().assign(lat_bnds=(("lat", "bnds"), LAT[:, None] + np.array([-0.25, 0.25])))
    data["lat"].attrs["bounds"] = "lat_bnds"
    save(data.isel(time=slice(0, 3)), folder / "a_1.nc")
    later = data.isel(time=slice(3, 6)).copy(deep=True)
    save(change(later), folder / "a_2.nc")
    return folder / "a_*.nc"


def moved(data, name, values):
    return data.assign_coords({name: (name, values, data[name].attrs)})


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d,
        lambda d: d.isel(lat=[1, 0]),
        lambda d: d.isel(lon=[2, 0, 1]),
        lambda d: d.isel(depth=[3, 2, 1, 0]),
        lambda d: moved(d, "lon", d["lon"].values + 360.0),
        lambda d: moved(d, "lat", np.float32(d["lat"].values + 1e-5).astype(float)),  # rounded to single precision
        lambda d: d.assign(w_liq=d["w_liq"].transpose("lon", "depth", "time", "lat")),
        lambda d: d.assign(q_bot=d["q_bot"].astype("f4").astype("f8")),
    ],
)
def test_places_in_another_order_are_taken_as_the_first_file_has_them(tmp_path, change):
    same(read_all(halves(tmp_path, change)), truth(), 1e-6)


def test_each_file_has_its_own_packing(tmp_path):
    """ERA5 packs every file with its own scale."""
    data = dataset()
    for i, scale in enumerate((2e-9, 5e-10)):
        encoding = {"q_bot": {"dtype": "i2", "scale_factor": scale, "add_offset": 1e-5, "_FillValue": -32767}}
        save(data.isel(time=slice(3 * i, 3 * i + 3)), tmp_path / f"a_{i}.nc", **encoding)
    found = read_all(tmp_path / "a_*.nc")
    assert np.abs(found["q_bot"] - truth()["q_bot"]).max() < 1.1e-9  # half a step of the coarser scale, and its places


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.isel(lon=[0, 1]), "lon has length 3 in a_1.nc, but 2 in a_2.nc"),
        (lambda d: moved(d, "lat", d["lat"].values + 0.5), "lat holds 50.25 in a_1.nc, but not in a_2.nc"),
        (lambda d: d.assign(caco3=d["caco3"] * 2), "caco3 differs between a_1.nc and a_2.nc"),
        (lambda d: d.assign(dz=d["dz"] * 1.01), "dz differs between a_1.nc and a_2.nc"),
        (lambda d: d.drop_vars("time_bnds"), "time has bounds in a_1.nc, but not in a_2.nc"),
        (lambda d: d.drop_vars("lat_bnds"), "lat_bnds is in a_1.nc, but not in a_2.nc"),
        (lambda d: moved(d, "time", d["time"].values * np.nan), "time of a_2.nc cannot be read: its first value is missing"),
        (lambda d: d.assign(q_bot=d["q_bot"].assign_attrs(cell_methods="time: sum")), "q_bot has the cell_methods"),
        (lambda d: moved(d, "time", d["time"].values - 30.0), "time goes back or stands still at value 4 of 6"),
        (lambda d: d.isel(time=[1, 2]), "time_bnds leave out 30 days between step 3"),
    ],
)
def test_files_that_would_change_the_numbers_are_refused(tmp_path, change, words):
    with pytest.raises(ForcingError) as caught:
        read_all(halves(tmp_path, change))
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_smaller_first_file_is_refused(tmp_path):
    data = dataset()
    save(data.isel(time=slice(0, 3), lon=[0, 1]), tmp_path / "a_1.nc")
    save(data.isel(time=slice(3, 6)), tmp_path / "a_2.nc")
    with pytest.raises(ForcingError, match=r"lon has length 2 in a_1\.nc, but 3 in a_2\.nc"):
        read_all(tmp_path / "a_*.nc")


def test_places_that_lack_something_are_counted(tmp_path):
    """A place missing in every step is sea; one that lacks a step is named, not lost."""
    data = dataset()
    data["w_liq"][:, :, 0, 1] = np.nan
    with Forcing(save(data, tmp_path / "f.nc")) as forcing:
        assert forcing.ncol == 5
        (remark,) = forcing.survey.remarks
        assert remark.startswith("1 places are left out as sea although they hold t_soil, q_bot: w_liq is missing there")
    data = dataset()
    data["w_liq"][0, :, 0, 1] = np.nan  # in the first step alone
    with pytest.raises(ForcingError, match=r"w_liq holds 4 missing values .* of 144, first at 50\.25 N -4\.75 E"):
        read_all(save(data, tmp_path / "g.nc"))


def test_every_file_of_a_series_is_opened_once(tmp_path, monkeypatch):
    """xarray keeps some files open; of a year of daily files the others were opened again at every look."""
    opened = []
    make = CachingFileManager.__init__

    def counted(self, opener, *args, **options):
        make(self, lambda *a, **o: opened.append(a) or opener(*a, **o), *args, **options)

    data = dataset()
    for i in range(6):
        save(data.isel(time=slice(i, i + 1)), tmp_path / f"a_{i}.nc")
    monkeypatch.setattr(CachingFileManager, "__init__", counted)
    with xr.set_options(file_cache_maxsize=2):
        same(read_all(tmp_path / "a_*.nc"), truth())
    assert len(opened) == 6

"""Several forcing files as one: other reference dates are understood, other units are refused."""

import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.forcing.fault import ForcingError
from calcisol.coupler.forcing.forcing_file import ForcingFile as Forcing
from helpers.small_runs import forcing_file


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

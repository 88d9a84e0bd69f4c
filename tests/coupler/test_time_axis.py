"""Steps of a file: bounds, stamps, calendars; gaps, overlaps and doubt are refused by name."""

import cftime
import numpy as np
import pytest
from calcisol.coupler.forcing.fault import ForcingError
from calcisol.coupler.forcing.forcing_file import ForcingFile
from helpers.forcing_data import dataset, read_all, same, save, truth

MONTHS = np.array([31, 28, 31, 30, 31, 30])  # of 2001
EDGES = np.concatenate([[0], np.cumsum(MONTHS)]).astype(float)


def at(data, values, bounds=None, own=None, **attributes):
    """The data with other times and bounds."""
    said = {"units": "days since 2001-01-01", "calendar": "standard", "standard_name": "time", **attributes}
    data = data.drop_vars("time_bnds", errors="ignore").assign_coords(time=("time", np.asarray(values, float), said))
    if bounds is not None:
        data["time"].attrs["bounds"] = "time_bnds"
        data["time_bnds"] = (("time", "bnds"), np.asarray(bounds, float), own or {})
    return data


def pairs(edges):
    return np.stack([edges[:-1], edges[1:]], 1)


def dt(path):
    with ForcingFile(path) as forcing:
        return forcing.axis.dt / 86400


MIDDLE = (EDGES[1:] + EDGES[:-1]) / 2
SAVED = np.arange(6) * 30.0


@pytest.mark.parametrize(
    ("values", "bounds", "own", "attributes"),
    [
        (MIDDLE, pairs(EDGES), None, {}),
        (EDGES[:-1], pairs(EDGES), None, {}),
        (EDGES[1:], pairs(EDGES), None, {}),
        (MIDDLE, 24 * pairs(EDGES), {"units": "hours since 2001-01-01"}, {}),  # bounds with a unit of their own
        (MIDDLE, pairs(EDGES) + 31, {"units": "days since 2000-12-01"}, {}),
        (EDGES[1:] - 1, None, None, {}),  # last day of each month
        (MIDDLE, None, None, {}),
        (EDGES[1:] - 1e-4, None, None, {}),  # 23:59:51 of the last day
    ],
)
def test_months_have_their_real_length(tmp_path, values, bounds, own, attributes):
    assert dt(save(at(dataset(), values, bounds, own, **attributes), tmp_path / "f.nc")) == pytest.approx(MONTHS)


@pytest.mark.parametrize("name", ["time_bnds", "time_bounds"])
def test_bounds_count_though_no_attribute_names_them(tmp_path, name):
    """Copied with xarray or NCO a file may lose time:bounds; the stamps alone would be refused, or be those of the end."""
    data = at(dataset(), EDGES[:-1], pairs(EDGES)).rename(time_bnds=name)
    del data["time"].attrs["bounds"]
    with ForcingFile(save(data, tmp_path / "f.nc")) as forcing:
        assert forcing.axis.dt / 86400 == pytest.approx(MONTHS)
        assert (forcing.axis.begin[0].month, forcing.axis.end[-1].month) == (1, 7)
    gap = pairs(EDGES)
    gap[2:] += 365
    data[name] = (("time", "bnds"), gap)
    with pytest.raises(ForcingError, match=f"{name} leave out 365 days"):
        dt(save(data.assign_coords(time=("time", gap.mean(1), data["time"].attrs)), tmp_path / "g.nc"))


@pytest.mark.parametrize(
    ("values", "calendar", "begin", "days"),
    [
        (30 * np.arange(6) + 15.0, "360_day", (1, 1), 30),  # the 16th, 0:00
        (30 * np.arange(6) + 14.5, "360_day", (1, 1), 30),
        (np.arange(6) + 0.5, "standard", (1, 1), 1),  # noon
        (np.arange(6) + 1.0, "standard", (1, 1), 1),  # the end
        (30 * np.arange(6) + 30.0, "360_day", (1, 1), 30),  # the end, counted from the beginning
        (30 * np.arange(6) + 29.5, "360_day", (1, 1), 30),  # noon of the last day
    ],
)
def test_equal_steps_stamped_in_their_middle(tmp_path, values, calendar, begin, days):
    data = at(dataset(bounds=False), values, calendar=calendar)
    with ForcingFile(save(data, tmp_path / "f.nc")) as forcing:
        first = forcing.axis.begin[0]
        assert (first.month, first.day, first.hour) == (*begin, 0)
        assert forcing.axis.dt == pytest.approx(np.full(6, days * 86400.0))


@pytest.mark.parametrize(
    ("values", "units", "calendar"),
    [
        (np.arange(6.0), "months since 1901-01-01", "360_day"),  # ISIMIP2: January is dated on its first, not December
        (30.0 * np.arange(6), "days since 2001-01-01", "360_day"),
        (3600 + 30.0 * np.arange(6), "days since 2001-01-01", "360_day"),
        (np.array([0.0, 31.0]), "days since 2001-07-01", "standard"),  # July and August: of equal length by chance
        (np.array([181.0, 212.0, 243.0]), "days since 2001-01-01", "noleap"),
    ],
)
def test_equal_months_stamped_on_their_first_are_refused(tmp_path, values, units, calendar):
    data = at(dataset(len(values), bounds=False), values, units=units, calendar=calendar)
    with pytest.raises(ForcingError, match="time stands at the first moment of each month without bounds"):
        read_all(save(data, tmp_path / "f.nc"))


def test_two_months_of_equal_length_are_calendar_months(tmp_path):
    """The 16th of July and August, 31 days apart."""
    data = at(dataset(2, bounds=False), [15.5, 46.5], units="days since 2001-07-01")
    with ForcingFile(save(data, tmp_path / "f.nc")) as forcing:
        assert [(d.month, d.day) for d in forcing.axis.begin] == [(7, 1), (8, 1)]
        assert forcing.axis.dt / 86400 == pytest.approx([31.0, 31.0])


@pytest.mark.parametrize(
    ("calendar", "lengths"),
    [
        ("standard", [31, 29, 31]),
        ("noleap", [31, 28, 31]),
        ("360_day", [30, 30, 30]),
        ("julian", [31, 29, 31]),
        ("all_leap", [31, 29, 31]),
    ],
)
def test_months_of_every_calendar(tmp_path, calendar, lengths):
    """January to March 2004, stamped in mid-month without bounds."""
    stamps = [cftime.datetime(2004, m, 15, calendar=calendar) for m in (1, 2, 3)]
    values = cftime.date2num(stamps, "days since 2004-01-01", calendar)
    data = at(dataset(3), values, units="days since 2004-01-01", calendar=calendar)
    assert dt(save(data, tmp_path / "f.nc")) == pytest.approx(lengths)


@pytest.mark.parametrize(("calendar", "days"), [("standard", 366), ("noleap", 365), ("360_day", 360)])
def test_a_rate_per_year_brings_its_amount_in_a_year(tmp_path, calendar, days):
    """500 g a year are 500 g in the year 2004 of every calendar."""
    data = at(dataset(3), [10.0, 20.0, 30.0], units="days since 2004-01-01", calendar=calendar)
    data["co2_src_total"][:] = 500.0
    data["co2_src_total"].attrs["units"] = "g m-2 yr-1"
    found = read_all(save(data, tmp_path / "f.nc"))["co2_src_total"]
    assert found * days * 86400 == pytest.approx(np.full((3, 6), 0.5))


@pytest.mark.parametrize("unit", ["mm/month", "mm month-1", "kg m-2 month-1", "mm mon-1"])
def test_a_rate_per_month_brings_its_amount_in_each_month(tmp_path, unit):
    data = at(dataset(), MIDDLE, pairs(EDGES))
    data["q_bot"][:] = 20.0
    data["q_bot"].attrs["units"] = unit
    found = read_all(save(data, tmp_path / "f.nc"))
    assert found["q_bot"] * found["dt"][:, None] == pytest.approx(np.full((6, 6), 20.0))  # February too


def test_a_rate_per_month_on_daily_steps_counts_the_days_of_the_month(tmp_path):
    data = at(dataset(), np.arange(29.0, 35.0))  # end of steps: 29 January to 4 February
    data["q_bot"][:] = 31.0 * 28.0
    data["q_bot"].attrs["units"] = "mm/month"
    found = read_all(save(data, tmp_path / "f.nc"))["q_bot"][:, 0] * 86400
    assert found == pytest.approx([28, 28, 28, 31, 31, 31])


SHORT = np.stack([EDGES[:-1], EDGES[1:] - 1], 1)  # CDO's monmean of daily means stamped at 0:00
AVERAGED = np.stack([MIDDLE - 0.5, MIDDLE + 0.5], 1)  # NCO: findings/nco_ncra_bounds_of_one_day.sh


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda d: d.isel(time=[0, 3, 1, 2, 4, 5]), "goes back or stands still at value 3 of 6 (2001-03-02 after 2001-05-01)"),
        (lambda d: d.isel(time=slice(None, None, -1)), "time goes back or stands still at value 2 of 6"),
        (lambda d: d.isel(time=[0, 1, 1, 2]), "time goes back or stands still at value 3 of 4"),
        (lambda d: d.isel(time=[0, 1, 4, 5]), "time_bnds leave out 60 days between step 2, which ends 2001-03-02, and step 3"),
        (lambda d: at(d, MIDDLE, SHORT), "leave out 1 days between step 1, which ends 2001-01-31, and step 2, which begins "
         "2001-02-01; as CDO's monmean writes them"),
        (lambda d: at(d, MIDDLE, AVERAGED), "step 2, which begins 2001-02-14 12:00:00; as "
         "NCO's ncra writes them"),
        (lambda d: at(d, MIDDLE, pairs(EDGES) + np.array([[0, 1]])), "time_bnds count twice 1 days between step 1"),
        (lambda d: at(d, MIDDLE, np.stack([0 * EDGES[1:], EDGES[1:]], 1)), "time_bnds count twice 31 days"),
        (lambda d: at(d, MIDDLE, np.stack([MIDDLE, MIDDLE], 1)), "time_bnds of step 1 have length 0 (2001-01-16 12:00:00 to"),
        (lambda d: at(d, MIDDLE, pairs(EDGES)[:, ::-1]), "time_bnds of step 1 end before they begin"),
        (lambda d: at(d, MIDDLE, 24 * pairs(EDGES)), "time of step 2 (2001-02-15) lies outside its bounds in time_bnds"),
        (lambda d: at(d, MIDDLE, pairs(EDGES) / 24), "lies outside its bounds in time_bnds"),
        (lambda d: at(d, MIDDLE, pairs(EDGES), {"calendar": "noleap"}), "time_bnds has the calendar noleap, but time standard"),
        (lambda d: at(d, MIDDLE, np.where(pairs(EDGES) == 31, np.nan, pairs(EDGES))), "time_bnds holds 2 missing values of 12"),
        (lambda d: at(d, EDGES[:-1]), "time stands at the first moment of each month without bounds (2001-01-01)"),
        (lambda d: at(d, EDGES[1:]), "time stands at the first moment of each month without bounds"),
        (lambda d: at(d, [1, 2, 3, 5, 6, 7]), "time goes on by 2 days after step 3 (2001-01-04), elsewhere by 1"),
        (lambda d: at(d.isel(time=[0]), [15.0]), "time has one value and no bounds"),
        (lambda d: d.isel(time=slice(0, 0)), "time has length 0"),
        (lambda d: at(d, SAVED, units="furlongs since 2001-01-01"), "time has units 'furlongs since 2001-01-01'"),
        (lambda d: at(d, SAVED, calendar="lunar"), "calendar 'lunar', which cannot be read"),
        (lambda d: at(d, SAVED, calendar=""), "calendar '', which cannot be read"),
        (lambda d: at(d, 360 * SAVED), "the library takes steps of 60 s to 31 days"),
        (lambda d: at(d, SAVED, climatology="climatology_bounds"), "time is a climatology"),
        (lambda d: d.drop_vars(["time", "time_bnds"]), "no variable time"),
    ],
)  # fmt: skip
def test_what_does_not_follow_is_refused(tmp_path, data, words):
    path = save(data(dataset()).assign_coords({}), tmp_path / "f.nc") if "time" in data(dataset()).coords else tmp_path / "f.nc"
    if not path.is_file():
        data(dataset()).to_netcdf(path)
    with pytest.raises(ForcingError) as caught:
        read_all(path)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_numbers_of_single_precision_are_no_gap(tmp_path):
    """Hours since 1900 in float32 jump by 4 minutes in 2001: equal steps are equal within that."""
    days = np.arange(37000.0, 37006.0)
    data = at(dataset(), days, units="days since 1900-01-01")
    path = save(data, tmp_path / "f.nc", time={"dtype": "f4"})
    same(read_all(path), {**truth(), "dt": np.full(6, 86400.0)})

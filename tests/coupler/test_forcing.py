"""Forcing files: what is found, converted, refused; calendars; and a run of one."""

import netCDF4
import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.cli import main
from calcisol.coupler.forcing.check import inspect
from calcisol.coupler.forcing.fault import ForcingError
from calcisol.coupler.forcing.forcing_file import ForcingFile as Forcing
from helpers.small_runs import forcing_file


def change(path, action):
    with netCDF4.Dataset(path, "a") as file:
        action(file)
    return path


def problem(path):
    (text,) = [f.problem for f in inspect(path) if f.problem]
    assert "\n" not in text
    return text


def test_good_file_has_no_problem_and_is_converted(tmp_path):
    path = forcing_file(tmp_path / "f.nc")
    by = {f.variable.name: f for f in inspect(path)}
    assert not [f.problem for f in by.values() if f.problem]
    assert by["t_soil"].found == "tsl" and by["t_soil"].status == "converted"  # found by its standard name
    assert (by["w_liq"].status, by["w_ice"].status, by["cec"].status) == ("given", "default", "derived")
    with Forcing(path) as forcing:
        step = forcing.step(1)
        assert step["t_soil"] == pytest.approx(np.full((2, 5), 283.15))
        assert step["q_bot"] * 30 * 86400 == pytest.approx(np.full(2, 20.0))  # mm/month: the months of this file have 30 days
        assert forcing.static()["caco3"] == pytest.approx(np.full((2, 5), 0.1))


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day", "proleptic_gregorian", "julian"])
def test_steps_of_every_calendar_last_30_days(tmp_path, calendar):
    with Forcing(forcing_file(tmp_path / "f.nc", calendar)) as forcing:
        assert forcing.times() == pytest.approx(np.full(3, 30 * 86400.0))


def test_leap_day_counts_only_where_it_exists(tmp_path):
    lengths = {}
    for calendar in ("standard", "noleap"):
        path = forcing_file(tmp_path / f"{calendar}.nc", calendar, "days since 2004-02-01", steps=2)

        def months(file):
            file.createDimension("bnds", 2)
            file["time"].bounds = "time_bnds"
            bounds = netCDF4.date2num(
                [netCDF4.num2date(0, file["time"].units, file["time"].calendar).replace(month=m) for m in (2, 3, 4)],
                file["time"].units, file["time"].calendar,
            )  # fmt: skip
            file.createVariable("time_bnds", "f8", ("time", "bnds"))[:] = np.stack([bounds[:-1], bounds[1:]], 1)

        with Forcing(change(path, months)) as forcing:
            lengths[calendar] = forcing.times()[0] / 86400
    assert lengths == {"standard": 29.0, "noleap": 28.0}


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda f: f.renameVariable("w_liq", "water"), r"w_liq \[kg m-2\] is missing"),
        (lambda f: f["w_liq"].setncattr("units", "K"), r"w_liq: unit 'K' \(temperature\) cannot become 'kg m-2'"),
        (lambda f: f["w_liq"].setncattr("units", "cubits"), "w_liq: unit 'cubits' is not known, 'kg m-2' is wanted; .* m, cm$"),
        (lambda f: f["w_liq"].__setitem__((0, 0, 0), np.nan), r"w_liq holds 1 missing values"),
        (lambda f: f["w_liq"].__setitem__((0, 0, 0), np.inf), r"w_liq holds 1 infinite values"),
        (lambda f: f["w_liq"].__setitem__((0, 0, slice(None)), -9999.0), r"w_liq holds 5 times -9999"),
        (lambda f: f["tsl"].__setitem__((0, 0, 0), 1e20), r"t_soil holds 1 times 1e\+20"),
        (lambda f: f["w_liq"].__setitem__((0, 0, 0), -1.0), r"w_liq is negative \(-1 kg m-2\)"),
    ],
)
def test_each_fault_is_one_sentence(tmp_path, action, words):
    import re

    assert re.search(words, problem(change(forcing_file(tmp_path / "f.nc"), action)))


def test_wrong_shape(tmp_path):
    def reshape(file):
        file.renameVariable("q_bot", "old")
        file.createVariable("q_bot", "f8", ("time",))[:] = 1e-5

    assert problem(change(forcing_file(tmp_path / "f.nc"), reshape)).startswith("q_bot has dims (time), not (time, column)")


def test_out_of_range_is_a_note_not_a_fault(tmp_path):
    path = change(forcing_file(tmp_path / "f.nc"), lambda f: f["dz"].__setitem__((0, 0), 6.0))
    (finding,) = [f for f in inspect(path) if f.variable.name == "dz"]
    assert not finding.problem and "1 of 10 values outside 0.005 to 5 will be clipped" in finding.note


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("dz", -0.2, "dz holds 10 of 10 values outside 0.005 to 5 m"),  # clipped, it would be another soil
        ("tsl", -200.0, "t_soil holds 30 of 30 values outside 200 to 340 K"),
        ("q_bot", 1e9, "q_bot holds 6 of 6 values outside -0.1 to 0.1 kg m-2 s-1"),
    ],
)
def test_another_unit_is_a_fault(tmp_path, name, value, words):
    path = change(forcing_file(tmp_path / "f.nc"), lambda f: f[name].__setitem__(slice(None), value))
    assert words in problem(path)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("caco3", 2.0, "caco3 holds 2 of 10 values outside 0 to 0.95 kg kg-1 (0.1 to 2)"),  # 2 %, once clipped to 95 %
        ("caco3", -0.5, "caco3 holds 2 of 10 values outside 0 to 0.95"),
        ("ph0", 0.7, "ph0 holds 2 of 10 values outside 3 to 9"),
        ("cec", 15.0, "cec holds 2 of 10 values outside 0.002 to 2 mol kg-1"),  # cmol(c) kg-1
        ("clay", 22.0, "clay holds 2 of 10 values outside 0 to 1"),
    ],
)
def test_one_layer_of_soil_in_another_unit_is_a_fault(tmp_path, name, value, words):
    """A soil property without units, in a unit of its own in one layer: clipped, it would be another soil."""

    def write(file):
        fine = {"caco3": 0.1, "ph0": 6.0, "cec": 0.2, "clay": 0.2}[name]
        if name not in file.variables:
            file.createVariable(name, "f8", ("soil_layer",))
        elif "units" in file[name].ncattrs():
            file[name].delncattr("units")
        file[name][:] = [fine, value, fine, fine, fine]

    assert words in problem(change(forcing_file(tmp_path / "f.nc"), write))


def test_one_layer_without_thickness_is_a_fault(tmp_path):
    path = change(forcing_file(tmp_path / "f.nc"), lambda f: f["dz"].__setitem__((0, 0), 0.0))
    assert "dz holds 1 of 10 values outside" in problem(path)


def test_letters_and_a_file_without_columns(tmp_path):
    def letters(file):
        file.renameVariable("q_bot", "old")
        file.createVariable("q_bot", str, ("time", "column"))[:] = np.full((3, 2), "abc", object)

    assert problem(change(forcing_file(tmp_path / "f.nc"), letters)).startswith("q_bot (q_bot) holds no numbers")
    with xr.open_dataset(forcing_file(tmp_path / "g.nc"), decode_times=False) as file:
        file.isel(column=[]).drop_encoding().to_netcdf(tmp_path / "none.nc")
    with pytest.raises(ForcingError, match="holds no column"):
        inspect(tmp_path / "none.nc")


def test_latitudes_that_are_longitudes(tmp_path):
    def place(file):
        for name, unit in (("lat", "degrees_north"), ("lon", "degrees_east")):
            file.createVariable(name, "f8", ("column",)).units = unit
        file["lat"][:], file["lon"][:] = [145.0, 146.0], [5.0, 6.0]

    with pytest.raises(ForcingError, match=r"lat = 145 in f\.nc must lie between -90 and 90; are lat and lon swapped"):
        inspect(change(forcing_file(tmp_path / "f.nc"), place))


def test_check_names_the_fault_of_the_time_axis_and_of_a_table(tmp_path, capsys):
    path = change(forcing_file(tmp_path / "f.nc"), lambda f: f["time"].__setitem__(slice(None), [3.0, 2.0, 1.0]))
    assert main(["check", str(path)]) == 2 and "time goes back or stands still" in capsys.readouterr().err
    (tmp_path / "x.csv").write_bytes(b"\x00\x01,\n,,,,\n1,2,3,4,5,6\n")
    assert main(["check", str(tmp_path / "x.csv")]) == 2 and "table x.csv: row 3 has 6 fields" in capsys.readouterr().err
    assert main(["check", str(tmp_path / "y.tif")]) == 2 and "does not exist" in capsys.readouterr().err


def test_a_run_says_what_it_clips(tmp_path, capsys, shipped):
    path = change(forcing_file(tmp_path / "f.nc"), lambda f: f["caco3"].__setitem__(0, 100.0))
    config = tmp_path / "run.toml"
    config.write_text(f'forcing = "{path}"\nout = "{tmp_path / "out"}"\n', encoding="utf-8")
    assert main(["run", str(config)]) == 0
    assert "caco3: from %; 2 of 10 values outside 0 to 0.95 will be clipped" in capsys.readouterr().err


def test_no_netcdf_no_time_and_too_long_steps(tmp_path):
    (tmp_path / "x.nc").write_text("no", encoding="utf-8")
    with pytest.raises(ForcingError, match="is no NetCDF file"):
        inspect(tmp_path / "x.nc")
    with pytest.raises(ForcingError, match=r"is a folder; name one file, or several by a pattern, e\.g\. .*/year_\*\.nc"):
        Forcing(tmp_path)
    with pytest.raises(ForcingError, match="does not exist"):
        inspect(tmp_path / "y.nc")
    path = change(forcing_file(tmp_path / "f.nc"), lambda f: f["time"].__setitem__(slice(None), [1.0, 50.0, 99.0]))
    with pytest.raises(ForcingError, match="step 1 lasts"):
        inspect(path)


def test_check_command_prints_a_table_and_its_exit_code(tmp_path, capsys):
    path = forcing_file(tmp_path / "f.nc")
    assert main(["check", str(path)]) == 0
    assert "converted" in capsys.readouterr().out
    change(path, lambda f: f["w_liq"].__setitem__((0, 0, 0), -1.0))
    assert main(["check", str(path)]) == 2
    assert "w_liq is negative" in capsys.readouterr().err


def test_run_of_a_forcing_file_closes_its_budgets(tmp_path, capsys, shipped):
    path = forcing_file(tmp_path / "f.nc", steps=12)
    config = tmp_path / "run.toml"
    config.write_text(f'forcing = "{path}"\nout = "{tmp_path / "out"}"\n', encoding="utf-8")
    assert main(["run", str(config)]) == 0
    assert "carbon" in capsys.readouterr().out
    with netCDF4.Dataset(tmp_path / "out" / "f_calcisol.nc") as file:
        assert file["ph"].dimensions == ("time", "soil_layer", "column") and np.isfinite(file["ph"][:]).all()
        assert 6.5 < float(file["ph_top"][-1, 0]) < 8.3  # calcite-saturated water between 0.1 and 0.0004 atm CO2
        assert (np.diff(file["sic"][:].sum(1), axis=0) < 0).all()  # it drains, so carbonate is lost


def test_bad_forcing_does_not_start(tmp_path, capsys):
    path = change(forcing_file(tmp_path / "f.nc"), lambda f: f["w_liq"].__setitem__((0, 0, 0), np.nan))
    config = tmp_path / "run.toml"
    config.write_text(f'forcing = "{path}"\nout = "{tmp_path / "out"}"\n', encoding="utf-8")
    assert main(["run", str(config)]) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not (tmp_path / "out").exists()


def rewritten(path, action):
    """The small file with another content, through xarray."""
    with xr.open_dataset(forcing_file(path), decode_times=False) as file:
        data = action(file.load())
    for variable in data.variables.values():
        variable.encoding.clear()  # chunks of the old file
    data.to_netcdf(path)
    return path


def test_what_stands_in_inactive_columns_is_never_looked_at(tmp_path, capsys, shipped):
    def leave_out(data):
        data["active"] = (("time", "column"), np.array([[0.0, 1.0]] * 3))
        return data.assign(w_liq=data["w_liq"].where(data["active"] != 0))

    path = rewritten(tmp_path / "f.nc", leave_out)
    assert main(["check", str(path)]) == 0
    (tmp_path / "run.toml").write_text(f'forcing = "{path}"\nout = "{tmp_path / "out"}"\n', encoding="utf-8")
    assert main(["run", str(tmp_path / "run.toml")]) == 0
    assert "budgets of 1 of 2 columns" in capsys.readouterr().out
    with xr.open_dataset(tmp_path / "out" / "f_calcisol.nc", decode_times=False) as out:
        assert np.isnan(out["ph"][:, :, 0]).all() and np.isfinite(out["ph"][:, :, 1]).all()


@pytest.mark.parametrize("active", [[[1, 1], [0, 1], [1, 1]], [[0, 1], [1, 1], [1, 1]], [[0, 0]] * 3])
def test_columns_that_pause_leave_the_budget_of_the_others(tmp_path, capsys, shipped, active):
    path = rewritten(tmp_path / "f.nc", lambda data: data.assign(active=(("time", "column"), np.array(active, float))))
    (tmp_path / "run.toml").write_text(f'forcing = "{path}"\nout = "{tmp_path / "out"}"\n', encoding="utf-8")
    assert main(["run", str(tmp_path / "run.toml")]) == 0
    assert f"budgets of {int(np.all(active, axis=0).sum())} of 2 columns" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda d: d.assign_coords(time=("time", [30.0, np.nan, 90.0], d.time.attrs)), "time holds 1 missing values of 3"),
        (lambda d: d.isel(time=slice(0, 0)), "time has length 0"),
        (lambda d: d.isel(time=[2, 1, 0]), "time goes back or stands still at value 2 of 3"),
        (lambda d: d[["dz"]].rename(dz="thickness"), "f.nc holds no variable that is known"),
        (
            lambda d: d.rename(column="x").expand_dims(y=2).assign_coords(lat=(("y", "x"), np.ones((2, 2))), lon=("x", [1, 2.0])),
            r"lat has dims \(y, x\), but lon \(x\)",
        ),
    ],
)
def test_faults_of_the_file_are_one_sentence(tmp_path, capsys, action, words):
    import re

    assert main(["check", str(rewritten(tmp_path / "f.nc", action))]) == 2
    error = capsys.readouterr().err
    assert re.search(words, error) and error.count("\n") == 1


def test_a_dimension_without_coordinates_says_what_is_understood(tmp_path):
    path = rewritten(tmp_path / "f.nc", lambda d: d.rename(column="site"))
    assert "of which site is not understood; call places column" in inspect(path)[0].problem


def test_places_on_one_meridian(tmp_path, capsys, shipped):
    def one_longitude(data):
        return data.rename(column="site").assign_coords(lat=("site", [50.0, 51.0]), lon=((), 5.0))

    path = rewritten(tmp_path / "f.nc", one_longitude)
    (tmp_path / "run.toml").write_text(f'forcing = "{path}"\nout = "{tmp_path / "out"}"\n', encoding="utf-8")
    assert main(["run", str(tmp_path / "run.toml")]) == 0
    with xr.open_dataset(tmp_path / "out" / "f_calcisol.nc", decode_times=False) as out:
        assert list(out["column_lat"].values) == [50.0, 51.0] and list(out["column_lon"].values) == [5.0, 5.0]

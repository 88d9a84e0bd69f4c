"""Forcing files in every layout give the same columns; calendars; blocks; and results back on the grid."""

import netCDF4
import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.cli import main
from calcisol.coupler.forcing import opened as forcings
from calcisol.coupler.forcing.check import inspect
from calcisol.coupler.forcing.fault import ForcingError
from calcisol.coupler.forcing.forcing_file import ForcingFile as Forcing
from helpers.forcing_data import dataset, read_all, same, truth
from helpers.made_files import LAT, LON, SEA, field, forcing_in

KINDS = {
    "regular": "regular grid", "rotated": "rotated or curvilinear grid", "cf": "land points (gathered)",
    "orchidee": "land points (gathered)", "points": "point list",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_layout_gives_the_same_columns(tmp_path, kind, capsys):
    path = forcing_in(tmp_path / "f.nc", kind)
    keep = np.delete(np.arange(6), SEA)
    with Forcing(path) as f:
        assert f.ncol == 5 and f.layers == 2
        north, east = (m.ravel()[keep] for m in np.meshgrid(LAT, LON, indexing="ij"))
        assert f.layout.lat[f.land] == pytest.approx(north) and f.layout.lon[f.land] == pytest.approx(east)
        for i in (2, 0, 1):
            step = f.step(i)
            assert step["w_liq"] == pytest.approx(field((3, 2, 6), 50.0)[i][:, keep].T)
            assert step["t_soil"] == pytest.approx(field((3, 2, 6), 50.0)[i][:, keep].T / 5 + 273.15)
            assert step["q_bot"] == pytest.approx(field((3, 6), 1e-5)[i, keep])
            assert step["co2_src_total"] == pytest.approx(field((3, 6), 1e-8)[i, keep])
        assert f.static()["dz"] == pytest.approx(np.tile([0.2, 0.8], (5, 1)))
    assert not [x.problem for x in inspect(path) if x.problem]
    assert main(["check", str(path)]) == 0
    assert KINDS[kind] in capsys.readouterr().out


def test_blocks_do_not_change_what_is_read(tmp_path, monkeypatch):
    path = forcing_in(tmp_path / "f.nc", "regular", "360_day")
    with Forcing(path) as f:
        whole = [f.step(i)["w_liq"] for i in range(3)]
    monkeypatch.setattr(forcings, "BLOCK_BYTES", 1.0)  # one step a block
    with Forcing(path) as f:
        assert all((f.step(i)["w_liq"] == whole[i]).all() for i in range(3))
        assert len(f._blocks["w_liq"][1]) == 1
    assert not [x.problem for x in inspect(path) if x.problem]


def test_several_files_are_one(tmp_path):
    path = forcing_in(tmp_path / "f.nc", "regular")
    with xr.open_dataset(path, decode_times=False) as whole:
        for year in range(3):
            whole.isel(time=slice(year, year + 1)).to_netcdf(tmp_path / f"part_{year}.nc", engine="netcdf4")
    with Forcing(path) as one, Forcing(tmp_path / "part_*.nc") as many:
        assert many.times() == pytest.approx(one.times())
        assert (many.step(2)["w_liq"] == one.step(2)["w_liq"]).all()


def test_a_run_on_a_grid_comes_back_on_the_grid(tmp_path, shipped):
    import calcisol.coupler.report.accessor  # noqa: F401

    path = forcing_in(tmp_path / "f.nc", "regular")
    config = tmp_path / "run.toml"
    config.write_text(f'forcing = "{path}"\nout = "{tmp_path}"\n', encoding="utf-8")
    assert main(["run", str(config)]) == 0
    with xr.open_dataset(tmp_path / "f_calcisol.nc") as ds:
        assert ds["column"].compress == "lat lon" and ds["ph_top"].dims == ("time", "column")
        grid = ds.calcisol.grid("ph_top")
        assert grid.dims == ("time", "lat", "lon") and grid.shape == (3, 2, 3)
        assert list(grid["lat"].values) == [46.0, 45.5] and list(grid["lon"].values) == [4.0, 4.5, 5.0]
        assert (grid["time"].values == ds["time"].values).all()
        assert float(grid.sel(lat=46.0, lon=5.0, method="nearest")[0]) == float(ds["ph_top"][0, 2])
        assert np.isnan(grid.values[:, 1, 1]).all() and np.isfinite(grid.values).sum() == 15
    with netCDF4.Dataset(tmp_path / "f_calcisol.nc") as file:
        assert file["ph"].coordinates == "column_lat column_lon"


@pytest.mark.parametrize("kind", ["regular", "rotated", "points"])
def test_results_pass_the_cf_checker(tmp_path, kind, shipped):
    pytest.importorskip("compliance_checker", reason="needs compliance-checker (pip install compliance-checker)")
    from compliance_checker.runner import CheckSuite, ComplianceChecker

    path, config = forcing_in(tmp_path / "f.nc", kind), tmp_path / "run.toml"
    config.write_text(f'forcing = "{path}"\nout = "{tmp_path}"\n', encoding="utf-8")
    assert main(["run", str(config)]) == 0
    CheckSuite.load_all_available_checkers()
    report = tmp_path / "report.txt"
    passed, failed = ComplianceChecker.run_checker(
        str(tmp_path / "f_calcisol.nc"), ["cf:1.11"], 0, "normal", output_filename=str(report), output_format="text"
    )
    assert passed and not failed, report.read_text(encoding="utf-8")


def as_wrf(data):
    """The data as WRF writes them: dates as letters, places again at every step, no coordinates."""
    north, east = np.meshgrid(data["lat"].values, data["lon"].values, indexing="ij")
    steps, dates = data.sizes["time"], xr.decode_cf(data[["time"]])["time"].dt.strftime("%Y-%m-%d_%H:%M:%S").values
    data = data.drop_vars(["time", "time_bnds", "lat", "lon", "depth"]).rename(
        time="Time", depth="soil_layers_stag", lat="south_north", lon="west_east"
    )
    for name, values in (("XLAT", north), ("XLONG", east)):
        data[name] = (("Time", "south_north", "west_east"), np.tile(values, (steps, 1, 1)).astype("f4"))
    data["Times"] = ("Time", dates.astype("S19"))
    return data


def test_dates_in_letters_of_wrf(tmp_path):
    as_wrf(dataset()).to_netcdf(tmp_path / "wrfout.nc")
    same(read_all(tmp_path / "wrfout.nc"), truth())
    bad = as_wrf(dataset())
    bad["Times"][2] = b"2001-02-30_00:00:00"
    bad.to_netcdf(tmp_path / "bad.nc")
    with pytest.raises(ForcingError, match=r"Times of bad\.nc holds '2001-02-30_00:00:00', which is no date"):
        read_all(tmp_path / "bad.nc")


@pytest.mark.parametrize(
    ("compress", "index", "words"),
    [
        ("", [0, 1], "has compress = ''"),
        ("lat lon", [0, 29], "which is no place of the 6"),
        ("lat", [0, 1], "name the two"),
    ],
)
def test_land_points_that_lie_nowhere_are_refused(tmp_path, compress, index, words):
    data = dataset().isel(lat=0, lon=[0, 1], drop=True).rename(lon="land")
    data = data.assign_coords(
        land=("land", np.array(index, "i4"), {"compress": compress}), **{n: dataset()[n] for n in ("lat", "lon")}
    )
    data.to_netcdf(tmp_path / "f.nc")
    with pytest.raises(ForcingError, match=words):
        read_all(tmp_path / "f.nc")

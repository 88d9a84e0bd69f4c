"""``calcisol hosts``: sources in the order a compiler needs them, soil maps on a host's own grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.cli import main
from calcisol.coupler.errors import CalcisolError
from calcisol.coupler.hosts.grid_map import cell_means, pore_water_ph, write_map
from calcisol.coupler.hosts.sources import host_sources
from calcisol.coupler.input_maps.tables import Points
from calcisol.coupler.land.exchanger import capacity
from calcisol.coupler.land.parameters import SoilParameters
from calcisol.coupler.library.columns import table


def soil_file(path: Path, caco3_percent: float = 2.0) -> Path:
    """A made-up map of 0.1 degrees in GGCMI's names: pH rises by 0.1 a degree eastward from 5.0 at 0 E."""
    lat, lon = np.arange(45.05, 47.0, 0.1), np.arange(0.05, 4.0, 0.1)
    ph = np.broadcast_to(5.0 + 0.1 * lon, (len(lat), len(lon)))
    data = xr.Dataset(
        {
            "soil_ph": (("lat", "lon"), ph),
            "soil_caco3": (("lat", "lon"), np.full(ph.shape, caco3_percent), {"units": "%"}),
        },
        {"lat": ("lat", lat, {"units": "degrees_north"}), "lon": ("lon", lon, {"units": "degrees_east"})},
    )
    data.to_netcdf(path)
    return path


def wrf_grid(path: Path) -> Path:
    """Four cells of one degree, as WRF and HRLDAS write them: two-dimensional, with a time of length one."""
    lat, lon = np.meshgrid([45.5, 46.5], [0.5, 2.5], indexing="ij")
    dims = ("Time", "south_north", "west_east")
    xr.Dataset({"XLAT": (dims, lat[None]), "XLONG": (dims, lon[None])}).to_netcdf(path)
    return path


def test_a_map_on_the_grid_of_a_host(tmp_path: Path) -> None:
    soil = soil_file(tmp_path / "soil.nc")
    out = tmp_path / "calcisol_soil.nc"
    said = write_map(wrf_grid(tmp_path / "wrfinput"), {"ph_survey": soil, "caco3": soil}, out)
    assert said[0].startswith("ph_survey: 4 of 4 cells")
    with xr.open_dataset(out) as made:
        assert made["ph0"].dims == ("south_north", "west_east")
        # cells reach halfway to the next centre: 0 to 1.5 E and 1.5 to 4 E, and a little beyond the rim nothing belongs to them
        assert made["ph_survey"].values[0] == pytest.approx([5.075, 5.26], abs=0.03)
        assert made["caco3"].values == pytest.approx(0.02, rel=1e-6)
        assert np.all(np.isfinite(made["ph0"].values))
        assert made["ph0"].attrs["units"] == "1"


def test_longitudes_from_zero_to_360_are_the_same_places(tmp_path: Path) -> None:
    points = Points(np.array([50.0, 50.0]), np.array([-1.0, 1.0]), np.array([5.0, 7.0]), 1.0, "x", "y")
    lat, lon = np.array([50.0, 50.0]), np.array([359.0, 1.0])
    assert cell_means(points, lat, lon) == pytest.approx([5.0, 7.0])


def test_a_place_far_from_every_pixel_has_none() -> None:
    points = Points(np.array([50.0]), np.array([0.0]), np.array([5.0]), 0.1, "x", "y")
    found = cell_means(points, np.array([50.0, 50.0, 10.0]), np.array([0.0, 1.0, 0.0]))
    assert found[0] == 5.0
    assert np.isnan(found[1:]).all()


def test_pore_water_has_the_surveys_suspension() -> None:
    """A suspension in water is less salty and less rich in carbon dioxide than pore water; with calcite the survey stands."""
    ph = pore_water_ph(np.array([5.5, np.nan, 7.5]), np.array([0.0, 0.0, 0.05]))
    assert 5.0 < ph[0] < 6.5
    assert np.isnan(ph[1])
    assert ph[2] == 7.5  # with calcite, ph0 is not read


def test_faults_are_one_sentence(tmp_path: Path) -> None:
    soil = soil_file(tmp_path / "soil.nc")
    with pytest.raises(CalcisolError, match="no latitude"):
        xr.Dataset({"a": ("x", [1.0])}).to_netcdf(tmp_path / "nothing.nc")
        write_map(tmp_path / "nothing.nc", {"ph_survey": soil, "caco3": soil}, tmp_path / "out.nc")
    with pytest.raises(CalcisolError, match="none of the 4 cells"):
        far = wrf_grid(tmp_path / "far")
        with xr.open_dataset(far) as grid:
            moved = grid.load()
        moved["XLAT"] = moved["XLAT"] - 60.0
        moved.to_netcdf(tmp_path / "moved")
        write_map(tmp_path / "moved", {"ph_survey": soil, "caco3": soil}, tmp_path / "out.nc")
    assert not (tmp_path / "out.nc").exists()
    assert main(["hosts", "sources", "nobody"]) == 2


@pytest.mark.parametrize("name", ["orchidee", "ctsm", "noahmp", "jules", "lpjml"])
def test_sources_are_installed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hosts", "sources", name]) == 0
    printed = capsys.readouterr().out.split()
    assert printed == [str(path) for path in host_sources(name)]
    assert all(Path(path).is_file() for path in printed)


def test_a_host_and_the_driver_have_one_exchanger(tmp_path: Path) -> None:
    """Capacity and variable share of the map are those of the European run; by the contract's texture where no map has any."""
    soil = soil_file(tmp_path / "soil.nc")
    out = tmp_path / "made.nc"
    number = {"clay": Path("0.10"), "soc": Path("0.01")}
    write_map(wrf_grid(tmp_path / "wrfinput"), {"ph_survey": soil, "caco3": soil, **number}, out)
    with xr.open_dataset(out) as made:
        assert made["cec"].values == pytest.approx(0.0906, rel=1e-9)  # Helling et al. 1964 by hand: 10 x 6.08 + 1 x 29.8 mmol
        assert made["cec_variable"].values == pytest.approx(SoilParameters.cec_variable)
    write_map(wrf_grid(tmp_path / "wrfinput2"), {"ph_survey": soil, "caco3": soil}, out)
    default = {v.name: v.default for v in table().select("static")}
    with xr.open_dataset(out) as made:
        assert made["cec"].values == pytest.approx(capacity(default["clay"], default["soc"]))
    with pytest.raises(CalcisolError, match=r"clay of 20 must lie between"):
        write_map(tmp_path / "wrfinput", {"ph_survey": soil, "caco3": soil, "clay": Path("20")}, out)

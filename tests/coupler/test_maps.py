"""Maps of the user: however the same pixels are stored, the cells get the same numbers or the file is refused; values by hand."""

import re

import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.errors import CalcisolError
from calcisol.coupler.input_maps import masks, raster
from calcisol.coupler.input_maps.places import east
from calcisol.coupler.input_maps.readers import read_field
from helpers.made_maps import CELLS, LAT, LON, VALUES, WGS84, geotiff, netcdf, on_cells
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

rasterio = pytest.importorskip("rasterio", reason='needs rasterio: pip install "calcisol[maps]"')
FLOAT32 = 1e-6
SHARES = np.where(np.arange(24).reshape(4, 6) % 2, 1.0, 0.25)


def north_up(step=0.5):
    return rasterio.Affine(step, 0, -1.5, 0, -step, 46.0)


def test_geotiff_of_any_kind_gives_the_same_cells(tmp_path):
    Affine = rasterio.Affine
    down = VALUES[::-1]  # row 0 in the north
    fine = down.repeat(2, 0).repeat(4, 1)  # pixels of 0.25 x 0.125 degrees
    files = {
        "plain": geotiff(tmp_path / "a.tif", down, north_up()),
        "south up": geotiff(tmp_path / "b.tif", VALUES, Affine(0.5, 0, -1.5, 0, 0.5, 44.0)),
        "columns from the east": geotiff(tmp_path / "c.tif", down[:, ::-1], Affine(-0.5, 0, 1.5, 0, -0.5, 46.0)),
        "turned by a right angle": geotiff(tmp_path / "d.tif", down.T, Affine(0, 0.5, -1.5, -0.5, 0, 46.0)),
        "not square": geotiff(tmp_path / "e.tif", fine, Affine(0.125, 0, -1.5, 0, -0.25, 46.0)),
        "nodata": geotiff(tmp_path / "f.tif", np.where(down == 0.05, -7.25, down), north_up(), nodata=-7.25),
        "integers": geotiff(
            tmp_path / "g.tif", down * 100, north_up(), dtype="int16", nodata=-32768, tags={"scales": (0.01,), "offsets": (0.0,)}
        ),
        "scale and offset": geotiff(
            tmp_path / "h.tif", down * 100 + 50, north_up(), dtype="uint8", tags={"scales": (0.01,), "offsets": (-0.5,)}
        ),
        "percent by the unit of the band": geotiff(tmp_path / "i.tif", down * 100, north_up(), tags={"units": ("%",)}),
        "tiles, deflate, predictor": geotiff(
            tmp_path / "j.tif", fine, Affine(0.125, 0, -1.5, 0, -0.25, 46.0), tiled=True, blockxsize=16, blockysize=16,
            compress="deflate", predictor=3,
        ),
        "second of two bands": geotiff(
            tmp_path / "k.tif", [down * 0 + 0.9, down], north_up(), tags={"descriptions": ("clay", "CaCO3")}
        ),
        "with a mask for transparency": geotiff(
            tmp_path / "l.tif", [down * 200, down * 0 + 255], north_up(), dtype="uint8", photometric="minisblack", alpha="yes",
            tags={"scales": (0.005, 1.0)},
        ),
        "big-endian, 64 bit": geotiff(tmp_path / "m.tif", down, north_up(), dtype="float64", endianness="BIG", bigtiff="YES"),
    }  # fmt: skip
    with rasterio.open(tmp_path / "p.tif", "w", driver="GTiff", count=1, height=4, width=6, dtype="float32", crs=WGS84,
                       transform=north_up()) as file:  # fmt: skip
        file.update_tags(AREA_OR_POINT="Point")
        file.write(down.astype("float32"), 1)
    files["pixel is point"] = tmp_path / "p.tif"
    for kind, path in files.items():
        expected = np.where(np.isclose(VALUES, 0.05), np.nan, VALUES) if kind == "nodata" else VALUES
        assert on_cells(path) == pytest.approx(expected.ravel(), abs=FLOAT32, nan_ok=True), kind


def test_geotiff_of_a_whole_globe_from_0_to_360(tmp_path):
    lon = np.arange(0.25, 360, 0.5)
    world = np.tile(np.where(lon > 180, lon - 360, lon), (20, 1))
    path = geotiff(tmp_path / "w.tif", world, rasterio.Affine(0.5, 0, 0.0, 0, -0.5, 50.0))
    assert on_cells(path, "mat") == pytest.approx(CELLS[1], abs=1e-4)  # each cell reads its own longitude
    coarse = geotiff(tmp_path / "c.tif", world[:, ::4] + 0.75, rasterio.Affine(2.0, 0, 0.0, 0, -2.0, 50.0))
    got = on_cells(coarse, "mat")  # a pixel of 2 degrees, centred at odd longitudes
    assert got == pytest.approx(2 * np.floor(CELLS[1] / 2) + 1, abs=1e-4)


def test_of_a_fine_map_of_the_globe_only_europe_is_read(tmp_path, monkeypatch):
    lon, lat = np.arange(-179.75, 180, 0.5), np.arange(89.75, -90, -0.5)
    path = geotiff(tmp_path / "g.tif", lat[:, None] + 0.0 * lon, rasterio.Affine(0.5, 0, -180.0, 0, -0.5, 90.0))
    whole = on_cells(path, "mat")
    monkeypatch.setattr(raster, "MOST_PIXELS", 20_000)
    assert len(read_field(path, "mat").values) == 160 * 100 and (on_cells(path, "mat") == whole).all()
    monkeypatch.setattr(raster, "MOST_PIXELS", 10_000)
    with pytest.raises(CalcisolError, match=r"g\.tif has 720 x 360 pixels; make it coarser"):
        read_field(path, "mat")


@pytest.mark.parametrize("crs", ["EPSG:3035", "EPSG:32630", "EPSG:3857", "EPSG:4258"])
def test_projections_are_those_of_gdal(tmp_path, crs):
    from rasterio.transform import from_bounds
    from rasterio.warp import Resampling, reproject, transform_bounds

    left, bottom, right, top = transform_bounds(WGS84, crs, -2.5, 43.5, 2.5, 46.5)
    step = 2000.0 if right - left > 1000 else 0.02
    width, height = int((right - left) / step), int((top - bottom) / step)
    affine = from_bounds(left, bottom, right, top, width, height)
    row, column = np.mgrid[0:height, 0:width]
    values = (0.2 + 0.2 * np.sin(column / 30) * np.cos(row / 40)).astype("float32")
    path = geotiff(tmp_path / "p.tif", values, affine, crs)
    fine = np.full((300, 400), np.nan, "float32")  # 0.01 degrees, by GDAL's own warp
    grid = rasterio.Affine(0.01, 0, -2.0, 0, -0.01, 46.5)
    reproject(values, fine, src_transform=affine, src_crs=crs, dst_transform=grid, dst_crs=WGS84, resampling=Resampling.nearest,
              dst_nodata=np.nan)  # fmt: skip
    rows, columns = ((46.5 - CELLS[0]) / 0.01).round().astype(int), ((CELLS[1] + 2.0) / 0.01).round().astype(int)
    expected = [np.nanmean(fine[r - 25 : r + 25, c - 25 : c + 25]) for r, c in zip(rows, columns, strict=True)]
    assert on_cells(path) == pytest.approx(expected, abs=2e-3)  # about 500 pixels a cell, some on its edge


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: geotiff(p, VALUES, rasterio.Affine(1e4, 0, 4e6, 0, -1e4, 3e6), None), "names no coordinate system"),
        (lambda p: geotiff(p, [VALUES, VALUES], north_up()), "has 2 bands and none of them is described as caco3"),
        (lambda p: geotiff(p, VALUES, None, None), "has no coordinates"),
        (lambda p: geotiff(p, VALUES, north_up(), dtype="uint8", photometric="palette"), "colours of a picture"),
        (lambda p: geotiff(p, VALUES + 1e3, north_up(), tags={"units": ("furlong",)}), "furlong"),
        (lambda p: p.write_bytes(b"II*\0garbage") and p, "damaged, cut short or no raster"),
        (lambda p: p, "does not exist"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_geotiff_that_cannot_be_placed_or_read_is_refused(tmp_path, make, words):
    path = tmp_path / "caco3.tif"
    make(path)
    with pytest.raises(CalcisolError, match=words) as caught:
        read_field(path, "caco3")
    assert "\n" not in str(caught.value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_geotiff_that_was_cut_short_gives_no_other_number(tmp_path, data):
    whole = geotiff(tmp_path / "w.tif", VALUES[::-1].repeat(8, 0).repeat(8, 1), north_up(0.0625), compress="deflate").read_bytes()
    path = tmp_path / "caco3.tif"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        read = on_cells(path)
    except CalcisolError as error:
        assert "\n" not in str(error)
    else:
        assert read == pytest.approx(VALUES.ravel(), abs=FLOAT32)


def test_rasterio_is_asked_for_by_its_extra(tmp_path, monkeypatch):
    path = geotiff(tmp_path / "caco3.tif", VALUES, north_up())
    monkeypatch.setitem(__import__("sys").modules, "rasterio", None)
    with pytest.raises(CalcisolError, match=re.escape('pip install "calcisol[maps]"')):
        read_field(path, "caco3")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_the_same_pixels_in_any_file_give_the_same_cells(tmp_path, data):
    code = data.draw(st.sampled_from([-1.0, -9.0, -99.0, -999.0, -9999.0, 9999.0, 1e20, -3.4028235e38, np.nan]))
    hole = data.draw(st.integers(0, 23))
    values = VALUES.copy()
    values.ravel()[hole] = code
    expected = VALUES.ravel().copy()
    expected[hole] = np.nan
    up, wrap, declared = data.draw(st.booleans()), data.draw(st.booleans()), data.draw(st.booleans())
    if data.draw(st.booleans()):
        rows = values if up else values[::-1]
        affine = rasterio.Affine(0.5, 0, 358.5 if wrap else -1.5, 0, 0.5 if up else -0.5, 44.0 if up else 46.0)
        nodata = {"nodata": np.float32(code)} if declared else {}
        path = geotiff(tmp_path / "x.tif", rows, affine, None if wrap else WGS84, **nodata)
    else:
        lon = LON % 360 if wrap else LON
        columns = data.draw(st.permutations(range(6))) if data.draw(st.booleans()) else list(np.argsort(lon))
        rows = slice(None) if up else slice(None, None, -1)
        order = data.draw(st.sampled_from([("lat", "lon"), ("lon", "lat")]))
        path = netcdf(tmp_path / "x.nc", values[rows][:, columns], LAT[rows], lon[columns], order=order)
        if declared:
            with xr.open_dataset(path, mask_and_scale=False) as file:
                kept = file.load()
            kept["caco3"].attrs["missing_value"] = code
            kept.to_netcdf(path, encoding={"caco3": {"_FillValue": None}})
    assert on_cells(path) == pytest.approx(expected, abs=FLOAT32, nan_ok=True)


def test_longitudes_keep_their_bits_where_they_are_right_already():
    lon = np.array([-180.0, -3.7000000000000006, 0.1, 179.99999999999997])
    assert (east(lon) == lon).all() and east(np.array([356.25, 180.25, 360.0])) == pytest.approx([-3.75, -179.75, 0.0])


def test_a_column_that_is_there_twice_counts_once(tmp_path):
    lon = np.arange(0.0, 360.1, 90.0)  # 360 is 0 again
    path = netcdf(tmp_path / "c.nc", np.tile([0.1, 0.2, 0.3, 0.4, 0.1], (4, 1)), LAT, lon)
    points = read_field(path, "caco3")
    assert len(points.values) == 16 and sorted(set(points.lon)) == [-90.0, 0.0, 90.0, 180.0]


@pytest.mark.parametrize("turn", [0.0, 360.0])
def test_masks_of_any_resolution_and_longitude(tmp_path, turn):
    lon = LON + turn * (LON < 0)
    order = np.argsort(lon)
    same = netcdf(tmp_path / "same.nc", SHARES[:, order], LAT, lon[order], name="share")
    fine = SHARES.repeat(5, 0).repeat(5, 1)  # a tenth of a degree
    fine[0, 0] = np.nan  # missing is outside
    flat, flon = np.arange(44.05, 46, 0.1), np.arange(-1.45, 1.5, 0.1) + turn
    finer = netcdf(tmp_path / "fine.nc", fine, flat, flon, name="share")
    tiff = geotiff(tmp_path / "mask.tif", fine[::-1], rasterio.Affine(0.1, 0, -1.5 + turn, 0, -0.1, 46.0), nodata=np.nan)
    expected = SHARES.ravel().copy()
    assert masks.on_points(same, *CELLS) == pytest.approx(expected)
    expected[0] *= 24 / 25
    for path in (finer, tiff):
        assert masks.on_points(path, *CELLS) == pytest.approx(expected, abs=FLOAT32)
    coarse = netcdf(tmp_path / "coarse.nc", np.array([[1.0, 0.5]]), np.array([45.0]), np.array([-1.0, 1.0]) + turn, name="share")
    got = masks.on_points(coarse, *CELLS)
    assert got == pytest.approx(np.where(CELLS[1] < 0, 1.0, 0.5))


def test_a_mask_with_several_variables_must_say_which(tmp_path):
    path = netcdf(tmp_path / "m.nc", SHARES, name="one")
    with xr.open_dataset(path) as file:
        data = file.load()
    data["two"] = data["one"] * 0
    data.to_netcdf(path)
    with pytest.raises(CalcisolError, match="has variables one, two; keep one, or call it share"):
        masks.on_points(path, *CELLS)


def test_a_mask_in_percent_is_a_hundredth(tmp_path):
    """Values up to 1 could be shares: the unit decides."""
    path = netcdf(tmp_path / "m.nc", SHARES, name="share", units="%")
    assert masks.on_points(path, *CELLS) == pytest.approx(0.01 * SHARES.ravel())
    rows = [f"{a},{o},{s}" for a, o, s in zip(*CELLS, 100 * SHARES.ravel(), strict=True)]
    (tmp_path / "m.csv").write_text("\n".join(["lat,lon,share [%]", *rows]) + "\n", encoding="utf-8")
    assert masks.on_points(tmp_path / "m.csv", *CELLS) == pytest.approx(SHARES.ravel())
    turned = netcdf(
        tmp_path / "turned.nc", SHARES, name="share", flag_values=np.array([0, 1], "i1"), flag_meanings="inside outside"
    )
    with pytest.raises(CalcisolError, match="says by flag_meanings that its first value is inside"):
        masks.on_points(turned, *CELLS)

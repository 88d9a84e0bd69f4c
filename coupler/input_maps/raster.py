"""Rasters of the user, read by GDAL: GeoTIFF and the raster of HWSD2, whatever their projection, orientation and packing.

What:    ``read_raster`` gives the bands of a file as numbers, the place of each pixel, and the pixel that covers a place.
Shapes:  (band, row, column) in the order of the file; places in degrees, whatever the file's projection.
Source:  GDAL raster data model (affine transform, nodata, scale and offset, unit of a band) through rasterio; no coordinate
         system in the file counts as degrees where its corners can be degrees, else it is refused.
Use:     ``grid = read_raster(path); grid.points(grid.band(0), "a map")``; needs ``pip install "calcisol[maps]"``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...emulator.contract.extras import sentence
from ..errors import CalcisolError, UnsupportedError
from ..units import UnitError, convert
from . import products
from .missing import missing
from .places import Points, check_places, east

DEGREES = "EPSG:4326"
MOST_PIXELS = 60_000_000  # of one band; finer maps hold nothing that a cell of half a degree could show
BLOCK = 1_000_000  # pixels
AROUND_EUROPE = (-30.0, 25.0, 50.0, 75.0)  # west, south, east, north: what is read of a map of the globe that is finer than that


class RasterError(CalcisolError):
    """A raster cannot be used; the text names the file, the fault and how to fix it."""


@dataclass(frozen=True)
class Raster:
    """A raster in memory: values (band, row, column) with NaN where the file declares none, before scale and offset."""

    name: str
    values: np.ndarray
    transform: Any  # affine.Affine: (column, row) -> coordinates
    crs: Any  # None: degrees
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    units: tuple[str, ...]
    descriptions: tuple[str, ...]

    def band(self, index: int) -> np.ndarray:
        """A band in its unit, scale and offset applied."""
        return self.scaled(self.values[index], index)

    def scaled(self, values: np.ndarray, index: int) -> np.ndarray:
        """Values of a band in its unit."""
        scale, offset = self.scales[index], self.offsets[index]
        raw = values.astype(float)
        return raw if (scale, offset) == (1.0, 0.0) else raw * scale + offset

    def places(self, row: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Latitude and longitude of the centres of some pixels."""
        x, y = _multiply(self.transform, column + 0.5, row + 0.5)
        if self.crs is None:
            return y, x
        from rasterio.warp import transform

        lon, lat = transform(self.crs, DEGREES, x, y)
        return np.asarray(lat), np.asarray(lon)

    def _pixel_degrees(self) -> tuple[float, float]:
        """Height and width of the pixel in the middle of the raster, in degrees."""
        row, column = (n // 2 for n in self.values.shape[1:])
        lat, lon = self.places(np.array([row, row + 1.0, row]), np.array([column, column, column + 1.0]))
        return tuple(float(np.abs(x[1:] - x[0]).max()) for x in (lat, lon))  # type: ignore[return-value]

    def pixel(self, lat: np.ndarray, lon: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Row, column of the pixel that covers each place, and whether there is one."""
        x, y = np.asarray(lon, float), np.asarray(lat, float)
        if self.crs is not None:
            from rasterio.warp import transform

            x, y = (np.asarray(v) for v in transform(DEGREES, self.crs, x, y))
        inverse = ~self.transform
        found = np.zeros(len(y), bool)
        row, column = np.zeros(len(y), int), np.zeros(len(y), int)
        for turn in (0.0, 360.0, -360.0) if self.crs is None or self.crs.is_geographic else (0.0,):  # either convention
            c, r = (np.floor(v + 1e-9) for v in _multiply(inverse, x + turn, y))
            inside = np.isfinite(c + r) & (r >= 0) & (c >= 0) & (r < self.values.shape[1]) & (c < self.values.shape[2]) & ~found
            row[inside], column[inside] = r[inside].astype(int), c[inside].astype(int)
            found |= inside
        return row, column, found

    def at(self, values: np.ndarray, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
        """Of (row, column) values, those of the pixels that cover places; NaN outside."""
        row, column, found = self.pixel(lat, lon)
        return np.where(found, values[row, column], np.nan)

    def points(self, values: np.ndarray, product: str, licence: str = "that of the product") -> Points:
        """The pixels that have a value, as points."""
        lats, lons, found = [], [], []
        rows = max(1, BLOCK // values.shape[1])
        for begin in range(0, len(values), rows):  # GDAL transforms lists of Python numbers: some at a time
            block = values[begin : begin + rows]
            row, column = np.nonzero(np.isfinite(block))
            lat, lon = self.places(row + begin, column)
            here = np.isfinite(lat) & np.isfinite(lon)
            lats.append(lat[here])
            lons.append(lon[here])
            found.append(block[row, column][here])
        north, there, kept = (np.concatenate(x) for x in (lats, lons, found))
        check_places(north, there, self.name)
        tall, wide = self._pixel_degrees()
        at = lambda a, b: self.at(values, a, b)  # noqa: E731
        return Points(north, east(there), kept, tall, product, licence, wide, at, lost=values.size - len(kept))


def _multiply(transform: Any, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b, c, d, e, f = tuple(transform)[:6]
    return a * x + b * y + c, d * x + e * y + f


def read_raster(path: Path) -> Raster:
    """All bands of a raster. Raises RasterError, and UnsupportedError where rasterio is not installed."""
    try:
        import rasterio
        from rasterio.errors import RasterioError, RasterioIOError
    except ImportError:
        raise UnsupportedError(f"{sentence(path.name, 'rasterio', 'maps')}, or give the map as NetCDF") from None
    if not path.is_file():
        raise RasterError(f"{path} does not exist; give the path of a GeoTIFF")
    try:
        with rasterio.open(path) as file:
            return _read(file, path)
    except (RasterioIOError, RasterioError) as error:
        text = " ".join(str(error).split())
        raise RasterError(f"{path} is damaged, cut short or no raster that GDAL reads ({text}); copy it again") from None


def _europe(file: Any) -> Any:
    """The part of a large map in degrees, north up, that lies around Europe; None for any other."""
    from rasterio.windows import Window

    north_up = file.transform.b == file.transform.d == 0 and file.transform.e < 0 < file.transform.a
    if not north_up or not (file.crs is None or file.crs.is_geographic):
        return None
    west, south, east_, north = AROUND_EUROPE
    left, top = (int(np.floor(x)) for x in _multiply(~file.transform, np.array(west), np.array(north)))
    right, bottom = (int(np.ceil(x)) for x in _multiply(~file.transform, np.array(east_), np.array(south)))
    left, top = max(left, 0), max(top, 0)
    right, bottom = min(right, file.width), min(bottom, file.height)
    return Window(left, top, right - left, bottom - top) if right > left and bottom > top else None


def _read(file: Any, path: Path) -> Raster:
    window = _europe(file) if file.width * file.height > MOST_PIXELS else None
    wide, tall = (int(window.width), int(window.height)) if window else (file.width, file.height)
    if wide * tall > MOST_PIXELS:
        raise RasterError(
            f"{path.name} has {file.width} x {file.height} pixels; make it coarser, e.g. gdalwarp -r average -tr 0.05 0.05"
        )
    if file.transform.is_identity:
        raise RasterError(f"{path.name} has no coordinates (no transform); write it as a GeoTIFF with its place")
    kinds = [c.name for c in file.colorinterp]
    if "palette" in kinds:
        raise RasterError(f"{path.name} holds colours of a picture, not values; export the values")
    bands = [i + 1 for i, k in enumerate(kinds) if k != "alpha"]
    kind = np.result_type(*(file.dtypes[b - 1] for b in bands), np.float32)
    values = np.empty((len(bands), tall, wide), kind)
    for into, band in zip(values, bands, strict=True):  # one at a time: GDAL's mask and what it masks are copies
        into[:] = np.ma.filled(file.read(band, masked=True, window=window).astype(kind), np.nan)
    crs = file.crs
    if crs is None:
        left, bottom, right, top = file.bounds
        if not (
            -360.5 <= min(left, right) and max(left, right) <= 540.5 and -90.5 <= min(bottom, top) <= max(bottom, top) <= 90.5
        ):
            raise RasterError(
                f"{path.name} names no coordinate system and reaches {max(map(abs, file.bounds)):g}, which are no degrees; "
                "set it, e.g. gdal_edit.py -a_srs EPSG:3035"
            )
    pick = lambda of, default: tuple((of[b - 1] if of[b - 1] is not None else default) for b in bands)  # noqa: E731
    return Raster(
        path.name,
        values,
        file.window_transform(window) if window else file.transform,
        None if crs is None or crs == DEGREES else crs,
        scales=pick(file.scales, 1.0),
        offsets=pick(file.offsets, 0.0),
        units=pick(file.units, ""),
        descriptions=pick(file.descriptions, ""),
    )


def _band_of(grid: Raster, names: tuple[str, ...], field: str) -> int:
    """The band of a field: the only one, or the one described by its name. Raises RasterError."""
    if len(grid.values) == 1:
        return 0
    said = [d.strip().lower() for d in grid.descriptions]
    mine = [i for i, d in enumerate(said) if d in {n.lower() for n in names}]
    if len(mine) != 1:
        raise RasterError(
            f"{grid.name} has {len(grid.values)} bands and {len(mine) or 'none'} of them is described as {field}; "
            "write that band alone, or name it by its description"
        )
    return mine[0]


def read_tiff(path: Path, field: str) -> Points:
    """A field from a GeoTIFF: of SoilGrids by its file name, else in the unit of the band, else in the run's own.

    Raises RasterError, UnsupportedError.
    """
    named = path.name.split("_", 1)[0]
    product = products.soilgrids(named, named) if named in products.SOILGRIDS else None
    if product is not None and field not in product.fields:
        raise RasterError(f"{path.name} gives no {field}; it gives {', '.join(product.fields)}")
    grid = read_raster(path)
    index = _band_of(grid, (field, named), field)
    raw, own = grid.band(index), products.FIELD_UNITS[field]
    packed = (grid.scales[index], grid.offsets[index]) != (1.0, 0.0)
    source = product.fields[field] if product else None
    unit, factor = grid.units[index] or (source.unit if source else own), source.factor if source else 1.0
    if packed and source is not None and own == "1":
        factor = 1.0  # the file's own scale makes pH of the integers
    elif packed and source is not None and not grid.units[index]:
        raise RasterError(f"{path.name} has a scale of its own beside the integers of SoilGrids; set the unit of its band")
    try:
        values = np.asarray(convert(raw * factor, unit, own, products.SUBSTANCE.get(field)), float)
    except UnitError as error:
        raise RasterError(f"{path.name}: {field}: {error}") from None
    values[missing(grid.values[index], field, values, packed)] = np.nan
    if product is not None:
        return grid.points(values, f"{product.name}; {product.cite}", product.licence)
    return grid.points(values, path.name)


def values_at(path: Path, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Values at points, (band, point); NaN where there is no pixel or it holds none. Raises as read_raster."""
    grid = read_raster(path)
    row, column, found = grid.pixel(lat, lon)
    return np.stack([np.where(found, grid.scaled(values[row, column], i), np.nan) for i, values in enumerate(grid.values)])

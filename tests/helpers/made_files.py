"""Small made files in the layouts of the public products; every number is ours.

Use:     ``forcing_in(path, "rotated")``; ``era5(path)``; ``write_tiff(path, values, west, north, step)``.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import xarray as xr

LAT, LON = np.array([46.0, 45.5]), np.array([4.0, 4.5, 5.0])
SEA = 4  # flat place in the 2 x 3 grid that holds nothing


def field(shape: tuple[int, ...], start: float) -> np.ndarray:
    """Numbers that differ in every place."""
    return start + 0.01 * np.arange(int(np.prod(shape)), dtype=float).reshape(shape)


def forcing_in(path: Path, kind: str, calendar: str = "noleap") -> Path:
    """The same six places (one is sea on grids), three months, two layers, in another layout each time."""
    water, flow, carbon = field((3, 2, 6), 50.0), field((3, 6), 1e-5), field((3, 6), 1e-8)
    water[..., SEA] = flow[..., SEA] = carbon[..., SEA] = np.nan
    north, east = (m.ravel() for m in np.meshgrid(LAT, LON, indexing="ij"))
    keep = np.delete(np.arange(6), SEA)
    data = xr.Dataset()
    shape = lambda a: a.reshape(*a.shape[:-1], 2, 3)  # noqa: E731
    if kind == "regular":
        place, cut = ("lat", "lon"), shape
        data.coords["lat"] = ("lat", LAT, {"standard_name": "latitude", "units": "degrees_north"})
        data.coords["lon"] = ("lon", LON, {"standard_name": "longitude", "units": "degrees_east"})
    elif kind == "rotated":
        place, cut = ("rlat", "rlon"), shape
        for name, values in (("rlat", [-4.0, -4.5]), ("rlon", [1.0, 1.5, 2.0])):
            data.coords[name] = (
                name,
                values,
                {"standard_name": f"grid_{'lat' if name == 'rlat' else 'long'}itude", "units": "degrees"},
            )
        for name, values, unit, word in (("lat", north, "degrees_north", "latitude"), ("lon", east, "degrees_east", "longitude")):
            data[name] = (place, values.reshape(2, 3), {"standard_name": word, "units": unit})
        data["rotated_pole"] = ((), 0, {"grid_mapping_name": "rotated_latitude_longitude"})
    elif kind in ("cf", "orchidee"):  # gathered land points, counted from 0 (CF) or 1 (ORCHIDEE, ALMA)
        place, cut = ("land",), lambda a: a[..., keep]
        if kind == "cf":
            data["land"] = ("land", keep.astype("i4"), {"compress": "lat lon"})
            data.coords["lat"] = ("lat", LAT, {"units": "degrees_north"})
            data.coords["lon"] = ("lon", LON, {"units": "degrees_east"})
        else:
            data["land"] = ("land", (keep + 1).astype("i4"), {"compress": "y x"})
            data["nav_lat"] = (("y", "x"), north.reshape(2, 3), {"units": "degrees_north"})
            data["nav_lon"] = (("y", "x"), east.reshape(2, 3), {"units": "degrees_east"})
    else:
        place, cut = ("station",), lambda a: a[..., keep]
        data["lat"] = ("station", north[keep], {"standard_name": "latitude", "units": "degrees_north"})
        data["lon"] = ("station", east[keep], {"standard_name": "longitude", "units": "degrees_east"})
    time, depth = ("time_counter", "solay") if kind == "orchidee" else ("time", "depth")
    data.coords[time] = (
        time,
        [30.0, 60.0, 90.0],
        {"units": "days since 2001-01-01", "calendar": calendar, "standard_name": "time"},
    )
    data.coords[depth] = (depth, [0.1, 0.6], {"units": "m", "positive": "down", "standard_name": "depth"})
    data["dz"] = (depth, [0.2, 0.8], {"units": "m"})
    liquid = {"standard_name": "liquid_water_content_of_soil_layer", "units": "kg m-2"}
    warm = {"standard_name": "soil_temperature", "units": "degC"}
    layers = (time, depth, *place)
    data["mrsll"] = (layers, cut(water), liquid)
    data["tsl"] = (layers, cut(water / 5), warm)
    data["q_bot" if kind != "orchidee" else "drainage"] = ((time, *place), cut(flow * 86400), {"units": "mm/d"})
    data["co2_src_total"] = ((time, *place), cut(carbon), {"units": "kg/m2/s"})
    data.to_netcdf(path)
    return path


def series(path: Path, variables: dict[str, tuple[np.ndarray, dict[str, str]]], days: np.ndarray, **time: str) -> Path:
    """A regular grid over France with one value a step (the same everywhere) for each variable."""
    lat, lon = np.arange(44.25, 48.0, 0.5), np.arange(1.25, 6.0, 0.5)
    name = time.pop("name", "time")
    data = xr.Dataset(coords={name: (name, days, {"units": "days since 2001-01-01", "standard_name": "time", **time})})
    data.coords["latitude"] = ("latitude", lat, {"units": "degrees_north"})
    data.coords["longitude"] = ("longitude", lon, {"units": "degrees_east"})
    for variable, (values, attributes) in variables.items():
        full = np.broadcast_to(values[:, None, None], (len(values), len(lat), len(lon)))
        data[variable] = ((name, "latitude", "longitude"), full, attributes)
    data.to_netcdf(path)
    return path


def write_tiff(path: Path, values: np.ndarray, west: float, north: float, step: float) -> Path:
    """An uncompressed 16-bit GeoTIFF of one strip, as GDAL writes it."""
    rows, columns = values.shape
    data = values.astype("<i2").tobytes()
    doubles = struct.pack("<3d", step, step, 0.0) + struct.pack("<6d", 0, 0, 0, west, north, 0)
    tags = [
        (256, 3, 1, columns), (257, 3, 1, rows), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8 + len(doubles)),
        (277, 3, 1, 1), (278, 3, 1, rows), (279, 4, 1, len(data)), (339, 3, 1, 2), (33550, 12, 3, 8), (33922, 12, 6, 32),
    ]  # fmt: skip
    at = 8 + len(doubles) + len(data)
    directory = struct.pack("<H", len(tags)) + b"".join(
        struct.pack("<HHI", tag, kind, count) + (struct.pack("<HH", value, 0) if kind == 3 else struct.pack("<I", value))
        for tag, kind, count, value in tags
    )
    path.write_bytes(b"II*\0" + struct.pack("<I", at) + doubles + data + directory + struct.pack("<I", 0))
    return path

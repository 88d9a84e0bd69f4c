"""Small maps of the user: the same 24 pixels as NetCDF or GeoTIFF of any kind, and the cells they lie in.

Use:     ``netcdf(path)``; ``geotiff(path, VALUES[::-1], transform)``; ``on_cells(path)`` reads one onto the cells.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from calcisol.coupler.input_maps.places import cell_mean
from calcisol.coupler.input_maps.readers import read_field

WGS84 = "EPSG:4326"
LAT, LON = np.array([44.25, 44.75, 45.25, 45.75]), np.array([-1.25, -0.75, -0.25, 0.25, 0.75, 1.25])  # cells of half a degree
VALUES = 0.01 * np.arange(24.0).reshape(4, 6)  # (lat ascending, lon ascending), kg/kg; the first is 0, a value of carbonate
CELLS = tuple(m.ravel() for m in np.meshgrid(LAT, LON, indexing="ij"))
FLOAT32 = 1e-6


def on_cells(path, field="caco3"):
    """A field of a file on the cells."""
    return cell_mean(read_field(path, field), *CELLS, 0.5)


def geotiff(path, values, transform, crs=WGS84, dtype="float32", tags=None, **profile):
    """A GeoTIFF written by GDAL; ``tags``: attributes of the file such as scales."""
    import rasterio

    values = np.asarray(values)
    values = values if values.ndim == 3 else values[None]
    profile = {"driver": "GTiff", "count": len(values), "height": values.shape[1], "width": values.shape[2], **profile}
    with rasterio.open(path, "w", crs=crs, transform=transform, dtype=dtype, **profile) as file:
        file.write(values.astype(dtype))
        for name, value in (tags or {}).items():
            setattr(file, name, value)
    return path


def netcdf(path, values=VALUES, lat=LAT, lon=LON, name="caco3", order=("lat", "lon"), axes=None, **attributes):
    """A CF map; ``axes``: further dimensions before lat and lon, as (values, attributes)."""
    data = xr.Dataset(coords={"lat": ("lat", lat, {"units": "degrees_north"}), "lon": ("lon", lon, {"units": "degrees_east"})})
    for axis, (numbers, about) in (axes or {}).items():
        data.coords[axis] = (axis, numbers, about)
    full = xr.DataArray(values, dims=(*(axes or {}), "lat", "lon"), attrs={"units": "1", **attributes})
    data[name] = full.transpose(*order) if len(order) == full.ndim else full
    data.to_netcdf(path)
    return path

"""How a NetCDF file lays its places out, found from CF attributes: columns, regular or rotated grid, land points, point list.

What:    ``find(dataset)`` -> Layout; ``layout.stack(array, rest)`` turns any of them into (rest..., column) in file order.
Shapes:  column = the horizontal cells flattened with the last dimension fastest; lat and lon (column,) in degrees.
Source:  CF conventions 1.11, sections 4-6 (coordinates, rotated pole) and 8.2 (compression by gathering). ORCHIDEE and ALMA files
         count the gathered index from 1, CF from 0: told apart by the values, else by the ALMA names nav_lat, nav_lon.
Use:     ``with xarray.open_dataset(path, decode_times=False) as ds: layout = find(ds)``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from .axes import coordinate, depth_dim, time_dim

__all__ = ["KINDS", "Layout", "depth_dim", "find", "time_dim"]
KINDS = {
    "columns": "columns",
    "regular": "regular grid",
    "rotated": "rotated or curvilinear grid",
    "compressed": "land points (gathered)",
    "points": "point list",
    "single": "one column",
}


@dataclass(frozen=True)
class Layout:
    """Where the columns of a file are."""

    kind: str
    dims: tuple[str, ...]  # horizontal dimensions of the variables, in file order
    shape: tuple[int, ...]  # of the grid behind them; the same as of ``dims`` unless gathered
    grid: tuple[str, ...]  # names of the grid's dimensions
    lat: np.ndarray | None
    lon: np.ndarray | None
    cell: np.ndarray | None  # (column,) place in the flattened grid, counted from 0; None = all in order
    axes: dict[str, xr.DataArray]  # coordinate variables of the grid, to be written beside results

    def __len__(self) -> int:
        """Number of columns, sea included."""
        return int(np.prod(self.shape)) if self.cell is None else len(self.cell)

    def stack(self, array: xr.DataArray, rest: tuple[str, ...]) -> xr.Variable:
        """Lazily (rest..., column); dimensions of ``rest`` the array lacks are left out. Coordinates are left behind.

        Raises ValueError where the array has a dimension that is neither.
        """
        variable = array.variable
        have = [d for d in self.dims if d in variable.dims]
        for name in [d for d in variable.dims if d not in have and d not in rest]:
            if variable.sizes[name] != 1:
                have_dims = ", ".join(map(str, variable.dims))
                raise ValueError(
                    f"has dims ({have_dims}), of which {name} is not understood; call places column, layers soil_layer and time "
                    "time, or give places lat and lon with their standard names"
                )
            variable = variable.isel({name: 0})
        if have and len(have) != len(self.dims):
            raise ValueError(f"has dims ({', '.join(map(str, variable.dims))}), not all of ({', '.join(self.dims)}); reshape it")
        variable = variable.transpose(*(d for d in rest if d in variable.dims), *have)
        return variable if have in ([], ["column"]) else variable.stack(column=have)


def _gathered(dataset: xr.Dataset) -> str:
    return next((str(n) for n, v in dataset.variables.items() if "compress" in v.attrs and v.dims == (n,)), "")


def find(dataset: xr.Dataset) -> Layout:
    """Layout of a dataset. A file without any horizontal dimension is one column."""
    lat = coordinate(dataset, "latitude")
    lon = coordinate(dataset, "longitude")
    for axis in (lat, lon):
        if axis is not None and axis.dtype.kind not in "fiu":
            raise ValueError(f"{axis.name} holds no numbers")
        if axis is not None and str(axis.attrs.get("units", "")).lower().startswith("rad"):
            raise ValueError(f"{axis.name} is in {axis.attrs['units']}; give it in degrees")
    flat = lambda a: None if a is None else np.asarray(a.values, float).ravel()  # noqa: E731
    land = _gathered(dataset)
    if land:
        return _compressed(dataset, land, lat, lon)
    if "column" in dataset.dims:
        here = [a if a is not None and a.dims == ("column",) else None for a in (lat, lon)]
        return Layout("columns", ("column",), (dataset.sizes["column"],), ("column",), flat(here[0]), flat(here[1]), None, {})
    if lat is None or lon is None or (lat.ndim == 0 and lon.ndim == 0):
        return Layout("single", (), (1,), (), flat(lat), flat(lon), None, {})
    if lat.ndim == 0 or lon.ndim == 0:  # places along a meridian or a parallel, the other coordinate given once
        lat, lon = xr.broadcast(lat, lon)
    if lat.ndim == 1 and lon.ndim == 1 and lat.dims != lon.dims:
        dims = _file_order(dataset, (str(lat.dims[0]), str(lon.dims[0])))
        north, east = np.meshgrid(lat.values, lon.values, indexing="ij")
        if dims[0] != lat.dims[0]:
            north, east = north.T, east.T
        shape = tuple(dataset.sizes[d] for d in dims)
        axes = {str(a.dims[0]): a for a in (lat, lon)}
        return Layout("regular", dims, shape, dims, north.ravel(), east.ravel(), None, axes)
    if set(lat.dims) != set(lon.dims):
        raise ValueError(f"lat has dims ({', '.join(map(str, lat.dims))}), but lon ({', '.join(map(str, lon.dims))})")
    lon = lon.transpose(*lat.dims)
    dims = tuple(str(d) for d in lat.dims)
    shape = tuple(dataset.sizes[d] for d in dims)
    if lat.ndim == 1:
        return Layout("points", dims, shape, dims, flat(lat), flat(lon), None, {})
    axes = {d: dataset[d] for d in dims if d in dataset.variables}
    return Layout("rotated", dims, shape, dims, flat(lat), flat(lon), None, {**axes, "lat": lat, "lon": lon})


def _file_order(dataset: xr.Dataset, dims: tuple[str, str]) -> tuple[str, ...]:
    """The two dims as the variables have them."""
    for variable in dataset.data_vars.values():
        if set(dims) <= set(variable.dims):
            return tuple(str(d) for d in variable.dims if d in dims)
    return dims


def _compressed(dataset: xr.Dataset, land: str, lat: xr.DataArray | None, lon: xr.DataArray | None) -> Layout:
    index = np.asarray(dataset[land].values, int)
    grid = tuple(str(dataset[land].attrs["compress"]).split())
    sizes: list[int] = []
    if len(grid) < 2:
        raise ValueError(f"{land} has compress = {dataset[land].attrs['compress']!r}; name the two dimensions of its grid")
    for position, name in enumerate(grid):
        if name in dataset.sizes:
            sizes.append(dataset.sizes[name])
        elif lat is not None and lat.ndim == 2:
            sizes.append(lat.shape[position])
        else:
            raise ValueError(f"{land} is compressed over {name}, a dimension the file does not have")
    total = int(np.prod(sizes))
    alma = "nav_lat" in dataset.variables
    first = 1 if index.max(initial=0) >= total or (index.min(initial=1) >= 1 and alma) else 0
    cell = index - first
    axes: dict[str, xr.DataArray] = {}
    north = east = None
    outside = cell[(cell < 0) | (cell >= total)]
    if outside.size:
        raise ValueError(f"{land} holds {outside[0] + first}, which is no place of the {total} of ({', '.join(grid)})")
    if lat is not None and lon is not None:
        if lat.ndim != 2 and lat.dims != (land,) and {*lat.dims, *lon.dims} != set(grid):
            raise ValueError(
                f"lat and lon lie on ({', '.join(map(str, (*lat.dims, *lon.dims)))}), but {land} on ({', '.join(grid)})"
            )
        if lat.dims == (land,):
            north, east = np.asarray(lat.values, float), np.asarray(lon.values, float)
        elif lat.ndim == 1:
            mesh = list(np.meshgrid(lat.values, lon.values, indexing="ij"))
            if lat.dims[0] != grid[0]:
                mesh = [m.T for m in mesh]
            north, east = (np.asarray(m, float).ravel()[cell] for m in mesh)
            axes = {str(a.dims[0]): a for a in (lat, lon)}
        else:
            north, east = (np.asarray(a.values, float).ravel()[cell] for a in (lat, lon))
            axes = {"lat": lat, "lon": lon}
    return Layout("compressed", (land,), tuple(sizes), grid, north, east, cell, axes)

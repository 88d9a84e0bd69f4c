"""Which dimensions and coordinates of a file are time, depth, latitude and longitude.

What:    ``time_dim``, ``depth_dim``, ``coordinate``, ``bounds_of``: by CF attributes through
         cf_xarray, then by the names of the field.
Source:  CF conventions 1.11, chapter 4 (axis, standard_name, positive, units) and 7 (bounds); names of ALMA, CMIP,
         ERA5, ORCHIDEE.
Use:     ``name = time_dim(dataset)``; "" or None where the file has none.
"""

from __future__ import annotations

import cf_xarray  # noqa: F401  (gives datasets their accessor cf)
import xarray as xr

from .water_phases import SOIL_WATER

TIME_NAMES = ("time", "time_counter", "valid_time", "tstep", "t")
DEPTH_NAMES = (
    "soil_layer", "nslm", "solay", "solth", "levsoi", "depth", "soil_layers_stag", "layer", "lev", "z", "levgrnd", "nsoil",
    "nsoi", "sdepth", "soil_level", "soil_levels", "soil_layers",
)  # fmt: skip
NAMES = {
    "latitude": ("lat", "latitude", "nav_lat", "XLAT", "TH_LAT"),
    "longitude": ("lon", "longitude", "nav_lon", "XLONG", "TH_LONG"),
}
UNITS = {
    "latitude": ("degrees_north", "degree_north", "degrees_N", "degree_N"),
    "longitude": ("degrees_east", "degree_east", "degrees_E", "degree_E"),
}


def bounds_names(dataset: xr.Dataset) -> set[str]:
    """Variables that are bounds of others."""
    named = {str(v.attrs[k]) for v in dataset.variables.values() for k in ("bounds", "climatology") if k in v.attrs}
    return {name for name in named if name in dataset.variables} | {bounds_of(dataset, str(n)) for n in dataset.dims} - {""}


def bounds_of(dataset: xr.Dataset, name: str) -> str:
    """Name of the bounds of a coordinate, "" where it has none in the file.

    Tools that copy variables lose the attribute that names the bounds: then their usual names count, given the right shape.
    """
    if name not in dataset.variables:
        return ""
    attributes = dataset.variables[name].attrs
    if "bounds" in attributes or "climatology" in attributes:
        bounds = str(attributes.get("bounds", ""))
        return bounds if bounds in dataset.variables else ""
    usual = [n for n in (f"{name}_bnds", f"{name}_bounds", f"{name}_bnd") if n in dataset.variables]
    made = dataset.variables
    return next((n for n in usual if made[n].ndim == 2 and made[n].dims[0] == name and made[n].shape[1] == 2), "")


@xr.register_dataset_accessor("_calcisol_axes")
class _ByCf:
    """What cf_xarray finds in a dataset, looked for once: it asks every variable for every axis."""

    def __init__(self, dataset: xr.Dataset) -> None:
        bounds = bounds_names(dataset)
        everything = dataset.set_coords([n for n in dataset.data_vars if str(n) not in bounds]).cf
        self.axes, self.coordinates = everything.axes, everything.coordinates


def _by_cf(dataset: xr.Dataset, axis: str, kind: str) -> list[str]:
    """Variables that CF attributes make an axis ("T", "Z") or a coordinate ("time", "vertical", "latitude", ...)."""
    cf = dataset._calcisol_axes
    return list(dict.fromkeys(str(n) for n in (*cf.axes.get(axis, []), *cf.coordinates.get(kind, []))))


def time_dim(dataset: xr.Dataset) -> str:
    """Name of the time dimension, "" where there is none."""
    by_cf = [n for n in _by_cf(dataset, "T", "time") if n in dataset.dims]
    by_name = [str(n) for n in dataset.dims if str(n).lower() in TIME_NAMES]
    units = {str(n): str(v.attrs.get("units", "")) for n, v in dataset.variables.items() if n in dataset.dims}
    by_units = [str(n) for n in dataset.dims if " since " in units.get(str(n), "")]
    return next(iter((*by_cf, *by_units, *by_name)), "")


def depth_coordinates(dataset: xr.Dataset) -> list[str]:
    """One-dimensional coordinates of depth or height, the dimension's own first."""
    places = {d for kind in NAMES if (here := coordinate(dataset, kind)) is not None for d in here.dims}
    other = {time_dim(dataset), "column", *places}
    named = [str(n) for n in dataset.variables if n in DEPTH_NAMES]
    found = [n for n in dict.fromkeys((*_by_cf(dataset, "Z", "vertical"), *named)) if dataset[n].ndim == 1]
    return sorted((n for n in found if dataset[n].dims[0] not in other), key=lambda n: n not in dataset.dims)


def depth_dim(dataset: xr.Dataset) -> str:
    """Name of the soil layer dimension, "" where there is none: of several vertical axes the one of the soil's water."""
    dims = [str(dataset[n].dims[0]) for n in depth_coordinates(dataset)]
    found = list(dict.fromkeys((*dims, *(str(n) for n in DEPTH_NAMES if n in dataset.dims))))
    if len(found) > 1:
        wet = {d for n in SOIL_WATER if n in dataset.data_vars for d in map(str, dataset[n].dims)}
        found = [d for d in found if d in wet] or found
    return next(iter(found), "")


def coordinate(dataset: xr.Dataset, kind: str) -> xr.DataArray | None:
    """The latitude or longitude of the places of a file; None where it has none."""
    bounds = bounds_names(dataset)

    def usable(name: str) -> bool:
        return name not in bounds and "grid" not in str(dataset[name].attrs.get("standard_name", "")) and "_bnds" not in name

    standard = [str(n) for n, v in dataset.variables.items() if v.attrs.get("standard_name") == kind]
    units = [str(n) for n, v in dataset.variables.items() if str(v.attrs.get("units")) in UNITS[kind]]
    named = [str(n) for k in NAMES[kind] for n in dataset.variables if str(n).lower() == k.lower()]
    found = [n for n in (*standard, *units, *_by_cf(dataset, "", kind), *named) if usable(n)]
    return dataset[found[0]] if found else None

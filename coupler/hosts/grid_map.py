"""Soil maps on the grid of a land model: what its adapter reads at the start.

What:    ``write_map`` puts pH, carbonate and other fields of any known file on the grid of a host's own file: a cell takes the
         mean of the pixels or points that lie nearest to it, else the pixel that covers it, else nothing (-9999). Survey pH
         becomes that of pore water (``ph0``), the one the adapters ask for; the survey's own pH is kept beside it. Exchange
         capacity and its variable share are those of the European run, so that a host and the driver have the same soil.
Shapes:  that of latitude and longitude in the host's file, (lat,lon) or (south_north,west_east); Units: variables.toml.
Source:  input_maps/readers.py (what is read), spinup.match_survey (pH), land/exchanger.py and land/parameters.py (capacity);
         search by scipy's k-d tree on the sphere.
Use:     ``write_map(Path("wrfinput_d01"), {"ph_survey": soil, "caco3": soil}, Path("calcisol_soil.nc"))``; a number in the place
         of a file holds everywhere
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..forcing.open_files import open_files
from ..input_maps import products
from ..input_maps.readers import FieldError, read_field
from ..input_maps.tables import Points
from ..land.exchanger import capacity
from ..land.parameters import SoilParameters
from ..library.columns import table
from ..library.model import Model
from .maps import HostError
from .spinup import match_survey

Floats = NDArray[np.float64]
MISSING = -9999.0
LATITUDES = ("lat", "latitude", "nav_lat", "xlat", "xlat_m", "lat_cell", "lsmlat", "latixy")
LONGITUDES = ("lon", "longitude", "nav_lon", "xlong", "xlong_m", "lon_cell", "lsmlon", "longxy")

# mean topsoil in which a survey's pH is turned into that of pore water: 0.3 m, moist, 10 degC, 0.5 kg C m-2 a-1 respired
TOPSOIL = {"dz": np.array([[0.3]])}
MEAN = {"w_liq": 75.0, "t_soil": 283.15, "co2_src_total": 0.5 / (365.25 * 86400.0), "q_bot": 0.0}


def host_grid(path: Path) -> tuple[xr.DataArray, xr.DataArray, dict[str, xr.DataArray]]:
    """Latitude and longitude of a host's file, both of the grid's shape, and the coordinates to write. Raises HostError."""
    with open_files(path) as file:
        found = []
        for names, standard in ((LATITUDES, "latitude"), (LONGITUDES, "longitude")):
            match = [v for v in file.variables if str(v).lower() in names or file[v].attrs.get("standard_name") == standard]
            if not match:
                raise HostError(f"{path.name} has no {standard}; give a file of the host that holds its grid")
            array = file[match[0]].load()
            found.append(array.isel({d: 0 for d in array.dims if str(d).lower() in ("time", "t")}))
    lat, lon = found
    attributes = (
        {"units": "degrees_north", "standard_name": "latitude"},
        {"units": "degrees_east", "standard_name": "longitude"},
    )
    lat.attrs, lon.attrs = attributes
    own = {str(a.name): a.drop_vars([c for c in a.coords if c != a.name]) for a in (lat, lon)}
    if lat.ndim == 1 and lon.ndim == 1 and lat.dims != lon.dims:
        lat, lon = xr.broadcast(lat, lon)
    if lat.shape != lon.shape:
        raise HostError(f"{path.name} has latitude {lat.shape} and longitude {lon.shape}; they must lie on one grid")
    return lat, lon, own


def _on_sphere(lat: Floats, lon: Floats) -> Floats:
    a, b = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)], axis=-1)


def cell_means(points: Points, lat: Floats, lon: Floats) -> Floats:
    """Mean of the points that lie in each cell (nearest to its centre), else the pixel that covers the centre, else NaN."""
    try:
        from scipy.spatial import cKDTree
    except ImportError:
        raise HostError("maps on a host's grid need scipy; pip install scipy") from None
    cells, source = _on_sphere(lat, lon), _on_sphere(points.lat, points.lon)
    tree = cKDTree(cells)
    away, cell = tree.query(source)
    if len(cells) > 1:  # beyond half a diagonal from its centre nothing belongs to a cell at the edge of the grid
        reach = 0.75 * tree.query(cells, k=2)[0][:, 1]
    else:
        reach = np.array([np.radians(0.5)])
    near = away <= np.maximum(reach[cell], np.radians(points.spacing) / 2)
    count = np.bincount(cell[near], minlength=len(cells))
    with np.errstate(invalid="ignore"):
        mean = np.bincount(cell[near], weights=points.values[near], minlength=len(cells)) / count
    empty = np.flatnonzero(count == 0)
    if empty.size and points.spacing > 0:
        away, nearest = cKDTree(source).query(cells[empty])
        covered = away <= np.radians(points.spacing) * np.sqrt(0.5)
        mean[empty[covered]] = points.values[nearest[covered]]
    return mean


def pore_water_ph(survey: Floats, caco3: Floats, cec: Floats | None = None) -> Floats:
    """pH of pore water whose suspension in water has the survey's pH, in a mean topsoil; NaN stays NaN."""
    good = np.isfinite(survey) & np.isfinite(caco3)
    ph = np.full(survey.shape, np.nan)
    if good.any():
        n = int(good.sum())
        soil = {"dz": np.repeat(TOPSOIL["dz"], n, axis=0), "caco3": caco3[good][:, None]}
        if cec is not None:
            soil |= {"cec": cec[good][:, None], "cec_variable": np.full((n, 1), SoilParameters.cec_variable)}
        forcing = {name: np.full((n, 1) if name in ("w_liq", "t_soil") else n, value) for name, value in MEAN.items()}
        with Model() as model:
            ph[good] = match_survey(model, soil, survey[good][:, None], forcing, "ph_h2o")[:, 0]
    return ph


def exchanger(fields: dict[str, Floats]) -> dict[str, Floats]:
    """Capacity [mol kg-1] and its variable share where there is a survey; by default texture and carbon without a map."""

    def known(name: str) -> Floats:
        default = next(v.fill for v in table().select("static") if v.name == name)
        return np.where(np.isfinite(fields.get(name, np.nan)), fields.get(name, np.nan), default)

    nothing = np.where(np.isfinite(fields["ph_survey"]), 0.0, np.nan)
    return {"cec": capacity(known("clay"), known("soc")) + nothing, "cec_variable": SoilParameters.cec_variable + nothing}


def _values(field: str, given: Path, lat: Floats, lon: Floats) -> tuple[Floats, str]:
    """One field at the cells, from a file or one number for all, and what it came from. Raises as write_map."""
    try:
        values, source = np.full(lat.shape, float(str(given))), "one number"
    except ValueError:
        points = read_field(given, field)
        values, source = cell_means(points, lat, lon), points.product
    low, high = products.VALID[field]
    if not np.isfinite(values).any():
        raise FieldError(f"{given.name} gives {field} at none of the {lat.size} cells of the grid; check coordinates")
    if np.nanmin(values) < low or np.nanmax(values) > high:
        raise FieldError(f"{field} of {given.name} must lie between {low:g} and {high:g}; give it in its unit")
    return values, source


def write_map(grid: Path, files: dict[str, Path], out: Path) -> list[str]:
    """Write the fields on the host's grid; one line per field says how many cells got a value.

    Raises:  FieldError for a file without such a field or with an impossible value; HostError for a file without a grid.
    """
    lat, lon, coordinates = host_grid(grid)
    flat = lat.values.astype(float).ravel(), lon.values.astype(float).ravel()
    fields: dict[str, Floats] = {}
    said = []
    for field, given in files.items():
        fields[field], source = _values(field, given, *flat)
        said.append(f"{field}: {int(np.isfinite(fields[field]).sum())} of {lat.size} cells from {source}")
    fields |= exchanger(fields)
    fields["ph0"] = pore_water_ph(fields["ph_survey"], fields["caco3"], fields["cec"])
    attributes = {
        "ph0": ("1", "pH of pore water at the start, for calcisol"),
        "ph_survey": ("1", "pH of the survey, in suspension"),
        "caco3": ("kg kg-1", "mass fraction of calcium carbonate in fine earth"),
        "clay": ("kg kg-1", "mass fraction of clay in fine earth"),
        "soc": ("kg kg-1", "mass fraction of organic carbon in fine earth"),
        "bulk_density": ("kg m-3", "dry bulk density of the soil"),
        "cec": ("mol kg-1", "cation exchange capacity (moles of charge per kg of fine earth)"),
        "cec_variable": ("1", "share of the capacity on sites that bind protons"),
    }
    data = xr.Dataset(attrs={"Conventions": "CF-1.11", "title": "soil map for calcisol", "source": "; ".join(said)})
    for name, values in fields.items():
        units, long_name = attributes[name]
        array = np.where(np.isfinite(values), values, MISSING).reshape(lat.shape)
        data[name] = (lat.dims, array, {"units": units, "long_name": long_name})
    data = data.assign_coords(coordinates)
    encoding = {name: {"_FillValue": MISSING, "dtype": "float64"} for name in fields}
    temporary = out.with_name(out.name + ".part")
    data.to_netcdf(temporary, encoding=encoding)
    temporary.replace(out)
    return [*said, f"written: {out}"]

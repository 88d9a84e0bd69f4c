"""One field read from a file of any known kind: NetCDF maps and series, GeoTIFF, tables of points.

What:    ``read_field`` gives the annual mean of a field at the places of the file.
Shapes:  points of places.Points. Units: converted to the field's (products.FIELD_UNITS).
Source:  series.py (NetCDF), raster.py (GeoTIFF), tables.py.
Use:     ``read_field(Path("lucas.csv"), "caco3").values``
"""

from __future__ import annotations

from pathlib import Path

from . import products, tables
from .months import FieldError
from .places import Points
from .raster import read_tiff
from .series import Climate, read_series

__all__ = ["TABLES", "TIFFS", "Climate", "FieldError", "Points", "read_field", "read_series"]
TABLES, TIFFS = (".csv", ".tsv", ".txt"), (".tif", ".tiff")


def read_field(path: Path, field: str) -> Points:
    """One field from any known file, at the file's own places. Raises FieldError, TableError, RasterError."""
    if field not in products.FIELD_UNITS:
        raise FieldError(f"{field} is no field of a run; known are {', '.join(products.FIELD_UNITS)}")
    if path.suffix.lower() in TABLES:
        return tables.read_points(path, field)
    if path.suffix.lower() in TIFFS:
        return read_tiff(path, field)
    return read_series(path, field).annual

"""HWSD 2.0: a table of soil units and the raster of their numbers.

What:    ``read_layers`` gives a field of the dominant soil of each unit in the top layer (D1, 0-20 cm).
Units:   of the table: %, g/cm3, pH; below zero are its codes for no value.
Source:  HWSD 2.0 technical report, FAO and IIASA 2023: the sequence with the largest share; of equal shares the mean.
Use:     through tables.read_points, with HWSD2.bil and HWSD2.hdr beside the table.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..units import convert
from . import products
from .places import Points
from .table_columns import find, plain
from .table_text import TableError, decimal_sign, numbers

FIELDS = {
    "caco3": ("TCARBON_EQ", "%"),
    "soc": ("ORG_CARBON", "%"),
    "ph_survey": ("PH_WATER", "1"),
    "clay": ("CLAY", "%"),
    "sand": ("SAND", "%"),
    "bulk_density": ("BULK", "g cm-3"),
}
NAME = "HWSD 2.0, FAO and IIASA 2023 (dominant soil, 0-20 cm)"


def read_layers(path: Path, frame: pd.DataFrame, field: str) -> Points:
    """A field at the pixels of the raster beside the table. Raises TableError, CalcisolError."""
    from .raster import read_raster

    if field not in FIELDS:
        raise TableError(f"{path.name} is a HWSD2 table and holds no {field}; it gives {', '.join(FIELDS)}")
    name, unit = FIELDS[field]
    raster = next((p for p in sorted(path.parent.glob("*.bil"))), None)
    if raster is None:
        raise TableError(f"{path.name} needs the HWSD2 raster (HWSD2.bil and HWSD2.hdr) in the same folder; put it there")
    by = {plain(str(h)): str(h) for h in frame.columns}
    header, share_header = find(frame, (name,), field, path)[0], find(frame, ("SHARE",), "share of the unit, %", path)[0]
    sign = decimal_sign([frame[header], frame[share_header]], 0, path)
    rows = pd.DataFrame(
        {
            "unit": numbers(frame[by["hwsd2smuid"]], sign, path),
            "share": numbers(frame[share_header], sign, path),
            "value": numbers(frame[header], sign, path),
            "layer": frame[by["layer"]].str.upper() if "layer" in by else "D1",
        }
    )
    rows = rows[(rows["layer"] == "D1") & (rows["value"] >= 0) & rows["unit"].notna()]
    most = rows.groupby("unit")["share"].transform("max")
    best = rows[(rows["share"] == most) | most.isna()].sort_values(["unit", "value"]).groupby("unit")["value"].mean()
    grid = read_raster(raster)
    ids = grid.band(0)
    values = best.reindex(ids[np.isfinite(ids)].astype(int)).to_numpy(float)
    full = np.full(ids.shape, np.nan)
    full[np.isfinite(ids)] = np.asarray(convert(values, unit, products.FIELD_UNITS[field]), float)
    return grid.points(full, NAME)

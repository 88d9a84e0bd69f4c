"""Nitrogen by country: tables of Eurostat (gross nutrient balance) and of FAOSTAT (fertilisers by nutrient).

What:    ``read_countries`` gives {ISO3: value} of the last year each country has; ``kind`` tells such tables from points.
Units:   kg N per hectare; a table in another unit is refused.
Source:  Eurostat aei_pr_gnb, as TSV or SDMX-CSV, with its flags (b break, e estimated, p provisional, c confidential, ...);
         FAOSTAT RFN, element "Use per area of cropland".
Use:     ``read_countries(Path("faostat.csv"), "mineral_n")``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from .country_codes import EUROSTAT, M49
from .table_columns import plain
from .table_text import TableError, decimal_sign, numbers, read_table

GNB = {"mineral_n": "I_MIN", "manure_n": "I_MAN", "fixed_n": "I_BIO", "deposition_n": "I_ATM"}
FLAGS = "bcdefinprsuz"  # Eurostat's, behind a number or a colon
FAO_ELEMENT, FAO_UNITS = "use per area of cropland", ("", "kg/ha", "kgha1", "kgha")
FAO_CODES = ("areacodem49", "areacodeiso3", "areacode")


def kind(frame: pd.DataFrame) -> str:
    """ "hwsd2", "eurostat", "faostat" or "points", by the header."""
    head = {plain(str(h)) for h in frame.columns}
    if "hwsd2smuid" in head:
        return "hwsd2"
    if {"element", "item"} <= head:
        return "faostat"
    keys = [str(h).lower().replace(" ", "") for h in frame.columns]
    if "geo" in head or any(h.startswith("freq,") or (h.endswith("time_period") and "," in h) for h in keys):
        return "eurostat"
    return "points"


def _years(column: pd.Series, path: Path) -> np.ndarray:
    found = column.str.extract(r"^(\d{4})(?:\.0)?$", expand=False)
    if found.isna().any():
        row = int(np.flatnonzero(found.isna())[0])
        raise TableError(
            f"table {path.name}: {column.name} = {column.iloc[row]!r} in row {column.index[row]} is no year; write one, like 2019"
        )
    return found.astype(int).to_numpy()


def _faostat(frame: pd.DataFrame, field: str, path: Path) -> pd.DataFrame:
    if field != "mineral_n":
        raise TableError(f"{path.name} is a FAOSTAT fertiliser table and gives mineral_n, not {field}")
    by = {plain(str(h)): str(h) for h in frame.columns}
    code = next((by[c] for c in FAO_CODES if c in by), None)
    if code is None or "year" not in by or "value" not in by:
        raise TableError(f"table {path.name} has no columns Area Code (M49), Year and Value; export it again with them")
    rows = frame[(frame[by["element"]].str.lower() == FAO_ELEMENT) & frame[by["item"]].str.lower().str.contains("nitrogen")]
    units = rows[by["unit"]].str.lower() if "unit" in by else pd.Series("", index=rows.index)
    odd = rows[~units.isin(FAO_UNITS)]
    if len(odd):
        raise TableError(f"table {path.name}: nitrogen per area is in {odd[by['unit']].iloc[0]!r}; give it in kg/ha")
    iso = rows[code].map(lambda c: c.upper() if len(c) == 3 and c.isalpha() else M49.get(c.lstrip("'0"), ""))
    return pd.DataFrame({"iso": iso, "year": _years(rows[by["year"]], path), "text": rows[by["value"]]})


def _eurostat(frame: pd.DataFrame, field: str, path: Path) -> pd.DataFrame:
    if field not in GNB:
        raise TableError(f"{path.name} is a Eurostat nutrient table and gives {', '.join(GNB)}, not {field}")
    by = {str(h).lower(): str(h) for h in frame.columns}
    if "obs_value" in by:  # SDMX-CSV
        keys = pd.DataFrame({k: frame[v] for k, v in by.items()})
        years = frame[by["time_period"]] if "time_period" in by else pd.Series("", index=frame.index)
        long = keys.assign(year=years, text=frame[by["obs_value"]])
    else:  # TSV: keys in the first column, one column a year
        first = str(frame.columns[0])
        names = [n.strip().lower() for n in first.split("\\")[0].split(",")]
        keys = frame[first].str.split(",", expand=True).reindex(columns=range(len(names))).fillna("").set_axis(names, axis=1)
        years = [str(h) for h in frame.columns[1:] if str(h).strip().isdigit()]
        long = pd.concat([keys.assign(year=year.strip(), text=frame[year]) for year in years] or [keys.assign(year="", text="")])

    def code(name: str, other: str) -> pd.Series:
        """A key without its label ("FR:France"), or ``other`` where the table has no such key."""
        return long[name].str.split(":").str[0].str.strip() if name in long else pd.Series(other, index=long.index)

    mine = (code("indic_ag", "") == GNB[field]) & (code("nutrient", "N") == "N") & (code("unit", "KG_HA") == "KG_HA")
    rows = long[mine]
    geo = code("geo", "")[mine]
    return pd.DataFrame({"iso": geo.map(lambda g: EUROSTAT.get(g, "")), "year": _years(rows["year"], path), "text": rows["text"]})


def read_countries(path: Path, field: str) -> dict[str, float]:
    """Nitrogen by ISO3 country, kg N ha-1 year-1, the last year of the table that holds a number. Raises TableError."""
    frame = read_table(path)
    rows = (_faostat if kind(frame) == "faostat" else _eurostat)(frame, field, path)
    rows = rows[rows["iso"] != ""].rename(columns={"text": field})
    if len(rows):
        sign = decimal_sign([rows[field]], 0, path)
        rows = rows.assign(value=numbers(rows[field], sign, path, flags=FLAGS)).dropna(subset=["value"])
        rows = rows[rows["value"] >= 0]  # -1 and -9999 are codes: no field is applied less than nothing
        several = rows.groupby(["iso", "year"])["value"].nunique()
        if (several > 1).any():
            iso, year = several[several > 1].index[0]
            raise TableError(f"table {path.name} holds {field} of {iso} in {year} more than once, and not the same; keep one row")
    if not len(rows):
        raise TableError(f"table {path.name} holds no {field} of a European country in kg per hectare; export that indicator")
    last = rows.sort_values("year").groupby("iso")["value"].last()
    return {str(iso): float(value) for iso, value in last.items()}

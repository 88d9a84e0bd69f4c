"""Tables a user may have: LUCAS points, HWSD2 layers with their raster, nitrogen by country of Eurostat or FAOSTAT.

What:    ``read_points`` (lat, lon, value) and ``read_countries`` ({ISO3: value}) in the units of a run's fields.
Units:   LUCAS: CaCO3 and OC in g/kg, clay and sand in %; HWSD2: %, g/cm3, pH; Eurostat and FAOSTAT: kg N per hectare.
Source:  LUCAS topsoil 2009-2018 (ESDAC; "< LOD" counts as 0); HWSD 2.0 technical report, FAO and IIASA 2023 (layer D1, 0-20 cm,
         the sequence with the largest share); Eurostat aei_pr_gnb; FAOSTAT RFN "Use per area of cropland".
Use:     ``points = read_points(Path("LUCAS.csv"), "caco3")``; ``read_countries(Path("faostat.csv"), "mineral_n")``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import CalcisolError

LUCAS = {
    "caco3": (("CaCO3",), 1e-3),
    "soc": (("OC",), 1e-3),
    "ph_survey": (("pH_H2O", "pH_in_H2O", "pH(H2O)"), 1.0),
    "clay": (("clay", "Clay"), 1e-2),
    "sand": (("sand", "Sand"), 1e-2),
}
HWSD2 = {
    "caco3": ("TCARBON_EQ", 1e-2),
    "soc": ("ORG_CARBON", 1e-2),
    "ph_survey": ("PH_WATER", 1.0),
    "clay": ("CLAY", 1e-2),
    "sand": ("SAND", 1e-2),
    "bulk_density": ("BULK", 1e3),
}
LATITUDE, LONGITUDE = ("TH_LAT", "GPS_LAT", "lat", "latitude"), ("TH_LONG", "GPS_LONG", "lon", "longitude")
# Eurostat writes two letters, FAOSTAT the M49 number or the name; ISO3 for the countries of the embedded grid
EUROSTAT = {
    "AT": "AUT", "BE": "BEL", "BG": "BGR", "CH": "CHE", "CY": "CYP", "CZ": "CZE", "DE": "DEU", "DK": "DNK", "EE": "EST",
    "EL": "GRC", "ES": "ESP", "FI": "FIN", "FR": "FRA", "HR": "HRV", "HU": "HUN", "IE": "IRL", "IT": "ITA", "LT": "LTU",
    "LU": "LUX", "LV": "LVA", "MT": "MLT", "NL": "NLD", "NO": "NOR", "PL": "POL", "PT": "PRT", "RO": "ROU", "SE": "SWE",
    "SI": "SVN", "SK": "SVK", "UK": "GBR",
}  # fmt: skip
M49 = {
    "40": "AUT", "56": "BEL", "100": "BGR", "756": "CHE", "196": "CYP", "203": "CZE", "276": "DEU", "208": "DNK", "233": "EST",
    "300": "GRC", "724": "ESP", "246": "FIN", "250": "FRA", "191": "HRV", "348": "HUN", "372": "IRL", "380": "ITA", "440": "LTU",
    "442": "LUX", "428": "LVA", "470": "MLT", "528": "NLD", "578": "NOR", "616": "POL", "620": "PRT", "642": "ROU", "752": "SWE",
    "705": "SVN", "703": "SVK", "826": "GBR",
}  # fmt: skip
GNB = {"mineral_n": "I_MIN", "manure_n": "I_MAN", "fixed_n": "I_BIO", "deposition_n": "I_ATM"}


class TableError(CalcisolError):
    """A table cannot be used; the text says which column is missing."""


@dataclass(frozen=True)
class Points:
    """Values at places, (point,) each; ``spacing`` in degrees is the size of a pixel, 0 for samples."""

    lat: np.ndarray
    lon: np.ndarray
    values: np.ndarray
    spacing: float
    product: str
    licence: str = "that of the product"


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV or TSV file with a header. Raises TableError."""
    if not path.is_file():
        raise TableError(f"table {path} does not exist; give the path of a CSV file")
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    head = text.split("\n", 1)[0]
    separator = "\t" if "\t" in head else ";" if head.count(";") > head.count(",") else ","
    try:
        found = list(csv.DictReader(text.splitlines(), delimiter=separator))
    except csv.Error as error:
        raise TableError(f"table {path.name} is no CSV or TSV file ({error}); export it again") from None
    for row in found:
        row.pop(None, None)  # values beyond the header
    if not found:
        raise TableError(f"table {path.name} holds no rows; export it again")
    return found


def number(text: str | None) -> float:
    """A number of a table: below the limit of detection is 0, empty or marked is NaN; Eurostat puts flags behind it."""
    value = (text or "").strip()
    if value.startswith("<"):
        return 0.0
    try:
        return float(value.split(" ")[0].replace(",", ".")) if value not in ("", ":", "NA", "-999") else float("nan")
    except ValueError:
        return float("nan")


def column(found: list[dict[str, str]], names: tuple[str, ...], what: str, path: Path) -> np.ndarray:
    """One column of a table as numbers, by the first of its possible names. Raises TableError."""
    name = next((n for n in names if n in found[0]), None)
    if name is None:
        raise TableError(f"table {path.name} has no column {' or '.join(names)} ({what}); its columns are {', '.join(found[0])}")
    return np.array([number(r[name]) for r in found])


def kind(path: Path) -> str:
    """ "hwsd2", "eurostat", "faostat" or "points", by the header. Raises TableError."""
    head = set(rows(path)[0])
    if "HWSD2_SMU_ID" in head:
        return "hwsd2"
    if "Element" in head and "Item" in head:
        return "faostat"
    if "geo" in head or any(h.startswith("freq,") or (h.endswith("TIME_PERIOD") and "," in h) for h in head):
        return "eurostat"
    return "points"


def has(path: Path, field: str) -> bool:
    """True where a table of points has a column of the field."""
    return any(name in rows(path)[0] for name in (field, *LUCAS.get(field, ((), 0))[0]))


def read_points(path: Path, field: str) -> Points:
    """A field from a point table (LUCAS or any with lat, lon and the field's name) or from HWSD2 layers."""
    found = rows(path)
    if "HWSD2_SMU_ID" in found[0]:
        return _hwsd2(path, found, field)
    names, factor = LUCAS.get(field, ((field,), 1.0))
    if field in found[0]:  # a table in the run's own units
        names, factor = (field,), 1.0
    lat, lon = column(found, LATITUDE, "latitude", path), column(found, LONGITUDE, "longitude", path)
    values = column(found, names, field, path) * factor
    good = np.isfinite(lat) & np.isfinite(lon) & np.isfinite(values)
    return Points(lat[good], lon[good], values[good], 0.0, "LUCAS topsoil" if names[0] != field else "a table of points")


def _hwsd2(path: Path, found: list[dict[str, str]], field: str) -> Points:
    if field not in HWSD2:
        raise TableError(f"{path.name} is a HWSD2 table and holds no {field}; it gives {', '.join(HWSD2)}")
    name, factor = HWSD2[field]
    raster = next((p for p in sorted(path.parent.glob("*.bil"))), None)
    if raster is None:
        raise TableError(f"{path.name} needs the HWSD2 raster (HWSD2.bil and HWSD2.hdr) in the same folder; put it there")
    best: dict[int, tuple[float, float]] = {}
    for r in found:
        share, value = number(r.get("SHARE")), number(r.get(name))
        if r.get("LAYER", "D1") == "D1" and np.isfinite(value) and value >= 0:
            unit = int(r["HWSD2_SMU_ID"])
            if unit not in best or share > best[unit][0]:
                best[unit] = (share, value * factor)
    ids, lat, lon, spacing = read_bil(raster)
    table = np.full(int(max(ids.max(initial=0), max(best, default=0))) + 1, np.nan)
    for unit, (_, value) in best.items():
        table[unit] = value
    values = table[ids]
    north, east = np.meshgrid(lat, lon, indexing="ij")
    good = np.isfinite(values)
    return Points(north[good], east[good], values[good], spacing, "HWSD 2.0, FAO and IIASA 2023 (dominant soil, 0-20 cm)")


def read_bil(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Unsigned integers of an ESRI BIL raster with its .hdr: values (lat, lon), lat, lon of the centres, cell size."""
    lines = path.with_suffix(".hdr").read_text(encoding="utf-8").split("\n")
    head = {k.upper(): v for k, v in (line.split(None, 1) for line in lines if len(line.split(None, 1)) == 2)}
    shape = int(head["NROWS"]), int(head["NCOLS"])
    order = ">" if head.get("BYTEORDER", "I").strip().upper() == "M" else "<"
    values = np.fromfile(path, dtype=f"{order}u{int(head['NBITS']) // 8}").reshape(shape).astype(np.int64)
    step = float(head["XDIM"])
    lat = float(head["ULYMAP"]) - float(head["YDIM"]) * np.arange(shape[0])
    return values, lat, float(head["ULXMAP"]) + step * np.arange(shape[1]), step


def read_countries(path: Path, field: str) -> dict[str, float]:
    """Nitrogen by ISO3 country, kg N ha-1 year-1, the last year of the table. Raises TableError."""
    found, table = rows(path), kind(path)
    latest: dict[str, tuple[int, float]] = {}

    def keep(iso: str | None, year: int, value: float) -> None:
        if iso and np.isfinite(value) and year >= latest.get(iso, (-1, 0.0))[0]:
            latest[iso] = (year, value)

    if table == "faostat":
        if field != "mineral_n":
            raise TableError(f"{path.name} is a FAOSTAT fertiliser table and gives mineral_n, not {field}")
        for r in found:
            if r["Element"] == "Use per area of cropland" and "nitrogen" in r["Item"].lower():
                code = next((r[c] for c in ("Area Code (M49)", "Area Code (ISO3)", "Area Code") if c in r), "")
                iso = code if len(code) == 3 and code.isalpha() else M49.get(code.lstrip("'0"))
                keep(iso, int(r["Year"]), number(r["Value"]))
    elif field not in GNB:
        raise TableError(f"{path.name} is a Eurostat nutrient table and gives {', '.join(GNB)}, not {field}")
    elif "OBS_VALUE" in found[0]:  # SDMX-CSV
        for r in found:
            if r.get("indic_ag") == GNB[field] and r.get("nutrient", "N") == "N" and r.get("unit", "KG_HA") == "KG_HA":
                keep(EUROSTAT.get(r["geo"]), int(r["TIME_PERIOD"]), number(r["OBS_VALUE"]))
    else:  # TSV: keys in the first column, one column a year
        first = next(iter(found[0]))
        keys = first.split("\\")[0].split(",")
        for r in found:
            key = dict(zip(keys, r[first].split(","), strict=False))
            if key.get("indic_ag") == GNB[field] and key.get("nutrient", "N") == "N" and key.get("unit", "KG_HA") == "KG_HA":
                for year, text in r.items():
                    if year.strip().isdigit():
                        keep(EUROSTAT.get(key.get("geo", "")), int(year), number(text))
    if not latest:
        raise TableError(f"table {path.name} holds no {field} of a European country in kg per hectare; export that indicator")
    return {iso: value for iso, (_, value) in latest.items()}

"""The small tables of a plot: what was done each year, and what was measured.

What:    ``lines`` of the history (tables of the TOML, or a CSV), ``readings`` (CSV), depths of the samples.
Units:   as the columns say; inside as in site.py.
Errors:  SiteError with file and line.
Use:     ``lines(raw, folder, treatments, years, "[[history]]")``
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CalcisolError
from ..land import harvest, lime
from ..land.nitrogen_forms import mixture, salts
from .read_toml import SiteError, Table
from .site import ALL, Line, Reading

NUMBERS = (
    "dry_matter_t_ha", "n_kg_ha", "lime_t_ha", "lime_depth_cm", "n_removed_kg_ha", "fixed_n_kg_ha", "plough_cm",
    "organic_carbon_percent",
)  # fmt: skip
MOST = {"organic_carbon_percent": 60.0}  # 1e4 for the others
QUANTITIES = {  # column of a file of observations -> what it is
    "ph_h2o": 1.0, "ph_cacl2": 1.0, "ca_mmolc_kg": 1.0, "mg_mmolc_kg": 1.0, "k_mmolc_kg": 1.0, "na_mmolc_kg": 1.0,
    "caco3_percent": 1.0,
}  # fmt: skip
LIME_MONTH = 10  # November, after the harvest, where a line gives a year alone
FERTILISER = "ammonium_nitrate"  # where a line names no form


def _rows(raw: Any, folder: Path, where: str) -> list[tuple[str, dict[str, Any]]]:
    """Lines with their names: from tables of the TOML or, where ``raw`` is the name of a CSV, from that."""
    if isinstance(raw, str):
        found = read_csv(folder / raw)
        return [(f"{raw} line {i + 2}", {k: _value(v) for k, v in row.items() if v != ""}) for i, row in enumerate(found)]
    if not isinstance(raw, list):
        raise SiteError(f"{where} must be a list of tables or the name of a CSV file")
    return [(f"{where} {i + 1}", row) for i, row in enumerate(raw)]


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV with a head line, cells without blanks around."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(row for row in file if not row.startswith("#")))
    except FileNotFoundError:
        raise SiteError(f"{path} does not exist; paths count from the folder of the plot's file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SiteError(f"{path} cannot be read ({error}); save it as CSV with commas, UTF-8") from None
    return [{str(k).strip(): (v or "").strip() for k, v in row.items() if k is not None} for row in rows]


def _value(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _years(t: Table, span: tuple[int, int]) -> tuple[int, int, int]:
    """First year, last year, and month of a line."""
    date, years = t.get("date"), t.get("years", t.get("year"))
    if (date is None) == (years is None):
        raise SiteError(f"{t.where}: give years = [1962, 1994], year = 1962 or date = 1962-03-05, one of them")
    if date is not None:
        match = re.fullmatch(r"(\d{4})-(\d\d?)(-\d\d?)?", str(date))
        if not match or not 1 <= int(match[2]) <= 12:
            raise SiteError(f"{t.where}: date = {date!r} must be like 1962-03-05")
        first = last = int(match[1])
        month = int(match[2]) - 1
    else:
        ends = years if isinstance(years, list) else re.findall(r"\d{4}", str(int(years) if isinstance(years, float) else years))
        if not 1 <= len(ends) <= 2:
            raise SiteError(f"{t.where}: years = {years!r} must be like [1962, 1994] or 1962-1994")
        first, last, month = int(ends[0]), int(ends[-1]), LIME_MONTH
    if last < first or last < span[0] or first > span[1]:
        raise SiteError(f"{t.where}: {first}-{last} lies outside the run, {span[0]}-{span[1]}")
    return first, last, month


def _amounts(t: Table, key: str, example: str) -> dict[str, float]:
    """Names with numbers: a word (1), ``a 0.5 b 0.5``, or a table."""
    value = t.get(key)
    if isinstance(value, str):
        words = re.split(r"[\s+,:=]+", value.strip())
        if len(words) == 1:
            value = {words[0]: 1.0}
        elif len(words) % 2 == 0:
            value = dict(zip(words[::2], [_value(x) for x in words[1::2]], strict=True))
    if not isinstance(value, dict) or not all(isinstance(x, (int, float)) and x >= 0 for x in value.values()):
        raise SiteError(f"{t.where}: {key} = {value!r} must be like {example}")
    return {k: float(v) for k, v in value.items()}


def _checked(t: Table, check: Callable[[dict[str, float]], object], found: dict[str, float]) -> dict[str, float]:
    """The same, once ``check`` has not refused it."""
    try:
        check(found)
    except CalcisolError as error:
        raise SiteError(f"{t.where}: {error}") from None
    return found


def _form(t: Table) -> dict[str, float]:
    """Shares of the forms of nitrogen."""
    if "n_form" not in t:
        return {FERTILISER: 1.0}
    return _checked(t, mixture, _amounts(t, "n_form", '"urea" or { urea = 0.5, can = 0.5 }'))


def _line(t: Table, names: tuple[str, ...], span: tuple[int, int]) -> Line:
    of = t.get("treatment", ALL)
    chosen = tuple(of) if isinstance(of, list) else tuple(x.strip() for x in str(_plain(of)).split("|") if x.strip()) or names
    for name in chosen:
        if name not in names:
            raise SiteError(f"{t.where}: treatment {name!r} is not in the list of treatments: {', '.join(names)}")
    first, last, month = _years(t, span)
    value = {k: t.number(k, 0, MOST.get(k, 1e4), np.nan) for k in NUMBERS}
    spread = 0.0 if np.isnan(value["lime_t_ha"]) else value["lime_t_ha"]
    nitrogen = 0.0 if np.isnan(value["n_kg_ha"]) else value["n_kg_ha"]
    form = _form(t)
    other = _checked(t, salts, _amounts(t, "salts_kg_ha", "{ gypsum = 500 }")) if "salts_kg_ha" in t else {}
    made = Line(
        chosen, (first, last), month, t.text("crop", ("", *harvest.CROPS), ""), value["dry_matter_t_ha"], nitrogen,
        form if nitrogen else {}, spread, t.text("lime", tuple(lime.KINDS), "ground_limestone"), value["lime_depth_cm"] / 100,
        value["n_removed_kg_ha"], value["fixed_n_kg_ha"], other, t.number("humus_n_kg_ha", -300, 300, 0.0), _yes(t, "potash"),
        value["plough_cm"] / 100, value["organic_carbon_percent"] / 100,
    )  # fmt: skip
    t.done()
    return made


def _yes(t: Table, key: str) -> bool:
    """True, false, or the words yes and no of a CSV."""
    value = t.get(key, False)
    if str(value).lower() in ("true", "yes", "1", "1.0"):
        return True
    if str(value).lower() in ("false", "no", "0", "0.0", ""):
        return False
    raise SiteError(f"{t.where}: {key} = {value!r} must be true or false")


def _plain(value: Any) -> Any:
    """A treatment called 3 in a CSV is "3", not "3.0"."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def lines(raw: Any, folder: Path, names: tuple[str, ...], span: tuple[int, int], where: str) -> tuple[Line, ...]:
    """The history. Raises SiteError where no line says what grew."""
    made = tuple(_line(Table(row, at), names, span) for at, row in _rows(raw, folder, where))
    for name in names:
        if not any(name in x.treatments and x.crop for x in made):
            raise SiteError(f"{where}: no line says what grows on {name!r}; add crop, one of {', '.join(harvest.CROPS)}")
    return made


def grass(history: tuple[Line, ...]) -> bool:
    """Whether all that grows is grass: then nothing is ploughed, unless the file says so."""
    return all(harvest.CROPS[x.crop].grass for x in history if x.crop)


def _when(row: dict[str, str], where: str) -> float:
    text = row.get("date") or row.get("year") or ""
    try:
        if "-" in text:
            day = dt.date.fromisoformat(text[:10] if len(text) >= 10 else text + "-15")
            return day.year + (day.timetuple().tm_yday - 1) / 365.0
        return float(text)
    except ValueError:
        raise SiteError(f"{where}: year {text!r} must be like 1962, 1962.8 or 1962-10-15") from None


def readings(name: Any, folder: Path, treatments: tuple[str, ...]) -> tuple[Reading, ...]:
    """Observations of a CSV: treatment, year or date, top_cm, bottom_cm, and columns of QUANTITIES; empty cells are skipped."""
    if not name:
        return ()
    found = []
    for i, row in enumerate(read_csv(folder / str(name))):
        where = f"{name} line {i + 2}"
        unknown = [k for k in row if k not in (*QUANTITIES, "treatment", "year", "date", "top_cm", "bottom_cm", "note")]
        if unknown:
            raise SiteError(f"{where}: column {unknown[0]!r} is not known; known are {', '.join(QUANTITIES)}")
        of = row.get("treatment") or treatments[0]
        if of not in treatments:
            raise SiteError(f"{where}: treatment {of!r} is not in the list of treatments: {', '.join(treatments)}")
        try:
            top, bottom = float(row.get("top_cm") or 0) / 100, float(row["bottom_cm"]) / 100
            found += [Reading(of, _when(row, where), top, bottom, k, float(row[k])) for k in QUANTITIES if row.get(k, "") != ""]
        except (KeyError, ValueError) as error:
            raise SiteError(f"{where} cannot be read ({error}); give numbers, and the depth as top_cm and bottom_cm") from None
    return tuple(found)


def depths(raw: Any, edges: np.ndarray, found: tuple[Reading, ...], where: str) -> tuple[tuple[float, float], ...]:
    """Depths of the samples: as given, else those of the readings, else the surveyed layers."""
    if raw is not None:
        if not isinstance(raw, list) or not all(isinstance(x, list) and len(x) == 2 and 0 <= x[0] < x[1] for x in raw):
            raise SiteError(f"{where}: sampling_cm = {raw!r} must be like [[0, 23], [23, 46]]")
        return tuple((a / 100, b / 100) for a, b in raw)
    if found:
        return tuple(sorted({(r.top, r.bottom) for r in found}))
    return tuple(zip([0.0, *edges[:-1].tolist()], edges.tolist(), strict=True))

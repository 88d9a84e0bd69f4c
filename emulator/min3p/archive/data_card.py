"""The data card of a learning file: what its columns cover, what it lacks of a domain, what the flag will call outside.

What:    ranges over columns of drivers, soil and state; where a domain is given (Europe's arable cells, by the command), the
         share of it that lies within them; how the columns are split.
Units:   of a reader in the field: mm, degC, g C, kg N and kg CaCO3 by area and year, pH of pore water.
Source:  the idea of data cards: Gebru et al. (2021, https://doi.org/10.1145/3458723).
Use:     ``path = write_card(Path("learning.nc"), domain={"mean temperature": array})``
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ...contract.constants import DAYS_PER_YEAR, MOLAR_MASS_C, MOLAR_MASS_CACO3, MOLAR_MASS_N
from ...training.dataset import split_of

FLAG = (
    "A bundle trained on this file flags a cell whose temperature, percolation or supplied alkalinity, as means of two years,",
    "leave the range of the training columns, and one whose features do (water, carbonate, pH, CO2, acid of the step,",
    "depth). From the table: anything colder, warmer, wetter, drier, deeper or richer in nitrogen than its ends say.",
)
QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)


def _yearly(values: np.ndarray, years: float) -> np.ndarray:
    """Amount per year [member] from amounts per interval [member, time]."""
    return np.nansum(values[:, 1:], axis=1) / years


def _layered(values: np.ndarray, years: float) -> np.ndarray:
    """The same of [member, time, layer]."""
    return _yearly(np.nansum(values, axis=2), years)


def ranges(ds: xr.Dataset) -> dict[str, tuple[str, np.ndarray]]:
    """Quantity -> (unit, value of each column)."""
    years = float(ds.time[-1] - ds.time[0]) / DAYS_PER_YEAR
    read = lambda name: ds[name].values.astype(float)  # noqa: E731
    thick = read("thickness")
    depth = np.nansum(thick, axis=1)
    nitrogen = _yearly(read("flux_in_nh4+1") + read("flux_in_no3-1"), years) + _layered(read("lsrc_x-min"), years)
    calcite = read("pool_calcite")
    return {
        "mean temperature": ("degC", np.nanmean(read("temperature"), axis=(1, 2))),
        "drainage": ("mm/year", 1e3 * _yearly(read("water_out"), years)),
        "respiration": ("g C/m2/year", 1e3 * MOLAR_MASS_C * _layered(read("lsrc_x-resp"), years)),
        "nitrogen supplied": ("kg N/ha/year", 1e4 * MOLAR_MASS_N * nitrogen),
        "CaCO3, first layer": ("%", 100.0 * read("caco3")[:, 0]),
        "exchange capacity, first layer": ("mmol_c/kg", 10.0 * read("cec")[:, 0]),
        "its variable share": ("%", 100.0 * read("cec_variable")[:, 0]),
        "depth of the column": ("m", depth),
        "thinnest layer": ("m", np.nanmin(thick, axis=1)),
        "pore-water pH, first layer, start": ("1", read("pH")[:, 0, 0]),
        "pore-water pH, first layer, end": ("1", read("pH")[:, -1, 0]),
        "highest pCO2": ("atm", np.nanmax(read("p_co2(g)")[:, 1:], axis=(1, 2))),
        "CaCO3 lost": (
            "kg/ha/year",
            1e4 * MOLAR_MASS_CACO3 * (np.nansum(calcite[:, 0], axis=1) - np.nansum(calcite[:, -1], axis=1)) / years,
        ),
        "layers without CaCO3 at the end": ("%", 100.0 * np.array([np.mean(c[np.isfinite(c)] < 1e-2) for c in calcite[:, -1]])),
    }


def _table(rows: list[list[str]], head: list[str]) -> list[str]:
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(r) + " |" for r in rows), ""]


def _coverage(found: Mapping[str, tuple[str, np.ndarray]], domain: Mapping[str, np.ndarray]) -> list[str]:
    """Share of a domain within the ranges, and what lies outside."""
    rows = []
    for name, values in domain.items():
        if name not in found:
            continue
        unit, ours = found[name]
        low, high = float(ours.min()), float(ours.max())
        inside = np.mean((values >= low) & (values <= high))
        usual = " to ".join(f"{q:.3g}" for q in np.quantile(values, [0.05, 0.95]))
        beyond = f"{np.mean(values < low):.0%} / {np.mean(values > high):.0%}"
        rows.append([name, unit, f"{low:.3g} to {high:.3g}", usual, f"{inside:.0%}", beyond])
    return _table(rows, ["quantity", "unit", "columns", "domain, 5 to 95 %", "of the domain inside", "below / above"])


def write_card(path: Path, domain: Mapping[str, np.ndarray] | None = None) -> Path:
    """Write the card of a learning file beside it and return its path."""
    with xr.open_dataset(path, decode_times=False) as ds:
        found, attributes = ranges(ds), dict(ds.attrs)
        parts = Counter(split_of(int(i)) for i in ds.member_id.values)
        years = float(ds.time[-1] - ds.time[0]) / DAYS_PER_YEAR
        interval = float(np.median(np.diff(ds.time.values)))
        layers = Counter(int(n) for n in ds.n_layer.values)
    lines = _head(path, attributes, sum(parts.values()), years, interval)
    lines += ["Layers: " + ", ".join(f"{n} ({k} columns)" for n, k in layers.items()) + ". Split by column: "
              + ", ".join(f"{k} {n}" for n, k in parts.most_common()) + ".", ""]  # fmt: skip
    lines += ["## What the columns cover", ""]
    rows = [[name, unit, *(f"{q:.3g}" for q in np.quantile(values, QUANTILES))] for name, (unit, values) in found.items()]
    lines += _table(rows, ["quantity", "unit", "min", "5 %", "median", "95 %", "max"])
    if domain:
        lines += ["## Of Europe's calcareous arable cells", "", *_coverage(found, domain)]
    lines += ["## What the flag will call outside", "", *FLAG, ""]
    card = path.with_suffix(".card.md")
    card.write_text("\n".join(lines), encoding="utf-8")
    return card


def _head(path: Path, attributes: dict[str, Any], columns: int, years: float, interval: float) -> list[str]:
    """Title, origin, what was refused and why."""
    refused: dict[str, str] = json.loads(attributes.get("refused", "{}"))
    lines = [
        f"# Data card: {path.name}", "",
        f"{columns} columns of {years:.3g} years, intervals of {interval:.4g} days; "
        f"MIN3P {attributes.get('min3p_version', 'unknown')}; "
        f"constants: {attributes.get('database_sha256', 'unknown')}.", "",
    ]  # fmt: skip
    lines += [f"* {note}" for note in json.loads(attributes.get("notes", "[]"))]
    if refused:
        lines += ["", f"Left out: {len(refused)} runs.", ""]
        lines += _table([[n, w.replace("|", "/")[:160]] for n, w in refused.items()], ["run", "why"])
    return [*lines, ""]

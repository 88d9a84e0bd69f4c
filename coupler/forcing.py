"""Forcing files of the user: CF NetCDF of columns, checked, converted, read step by step.

What:    ``inspect`` says of every contract variable what the file holds; ``Forcing`` gives static soil and one step at a time.
Shapes:  file dims time, column, soil_layer in any order (a file of one column may leave column out); (column, soil_layer) inside.
Units:   whatever units.py can convert; times in any CF calendar; rates are means over the step that ends at ``time``.
Source:  variables are found by standard_name first, then by name (DESIGN.md 4); dt from time bounds, else from differences.
Use:     ``with Forcing(path) as f: f.static(); dt, values = f.step(0)``; raises ForcingError, one sentence.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

from ..emulator.variables import Variable, load_table
from .errors import CalcisolError
from .units import UnitError, convert

SENTINELS = (-9999.0, -999.0, 1e20, 999999.0, 1e36, 9.96921e36)  # -999: seen in station files
WATER = ("w_liq", "w_ice")
STEP_SECONDS = (60.0, 2678400.0)  # what the library takes: one minute to 31 days


class ForcingError(CalcisolError):
    """The forcing file cannot be used; the text names the variable, the fault and the mend."""


@dataclass(frozen=True)
class Finding:
    """What a file holds of one contract variable."""

    variable: Variable
    found: str  # name in the file, "" where absent
    status: str  # given | converted | default | derived | missing | wrong unit | wrong shape
    note: str = ""
    problem: str = ""  # one sentence where the file cannot run

    def line(self) -> str:
        """One row of ``calcisol check``."""
        return f"{self.variable.name:16s} {self.variable.units:12s} {self.status:12s} {self.found:16s} {self.note}".rstrip()


class Forcing:
    """An open forcing file."""

    def __init__(self, path: Path) -> None:
        """Open and find variables. Raises ForcingError when the file is no NetCDF or has no time axis."""
        self.path = path
        if not path.is_file():
            raise ForcingError(f"forcing {path} does not exist; give the path of a NetCDF file")
        try:
            self.file = netCDF4.Dataset(path)
        except OSError as error:
            raise ForcingError(f"forcing {path} is no NetCDF file that can be read ({error}); write it again") from None
        self.names = self._find()
        self.layers = len(self.file.dimensions["soil_layer"]) if "soil_layer" in self.file.dimensions else 1
        self.ncol = len(self.file.dimensions["column"]) if "column" in self.file.dimensions else 1

    def _find(self) -> dict[str, str]:
        """Contract name -> name in the file."""
        found = {}
        inputs = [v for v in load_table().variables if v.role in ("static", "forcing")]
        by_standard: dict[str, list[str]] = {}
        for name, variable in self.file.variables.items():
            by_standard.setdefault(getattr(variable, "standard_name", ""), []).append(name)
        for v in inputs:
            if v.name in self.file.variables:
                found[v.name] = v.name
            elif v.standard_name and len(by_standard.get(v.standard_name, [])) == 1:
                found[v.name] = by_standard[v.standard_name][0]
        return found

    def dimensions(self, variable: Variable) -> tuple[str, ...]:
        """Dims this variable must have, in the order used inside (time first for forcing)."""
        dims: tuple[str, ...] = ("time",) if variable.role == "forcing" else ()
        dims += ("column",) if "column" in self.file.dimensions else ()
        return dims + (("soil_layer",) if variable.dims == "layer" else ())

    def read(self, variable: Variable, step: int | None = None) -> np.ndarray:
        """Values in contract units, (column, soil_layer) or (column,); all steps first where ``step`` is None.

        Raises ForcingError (shape) and UnitError.
        """
        raw = self.file.variables[self.names[variable.name]]
        want, have = self.dimensions(variable), raw.dimensions
        if sorted(want) != sorted(have):
            # static properties may be the same for all columns, as (soil_layer,)
            if not (variable.role == "static" and set(have) <= set(want)):
                raise ForcingError(f"{variable.name} has dims ({', '.join(have)}), not ({', '.join(want)}); reshape it")
        index: list = [slice(None)] * raw.ndim
        order = [d for d in want if d in have]
        if step is not None and "time" in have:
            index[have.index("time")] = slice(step, step + 1)
        values = np.ma.filled(np.ma.asarray(raw[tuple(index)], dtype=np.float64), np.nan)
        values = values.transpose([have.index(d) for d in order])
        if "column" not in self.file.dimensions:
            values = np.expand_dims(values, 1 if variable.role == "forcing" else 0)
        try:
            values = convert(values, getattr(raw, "units", variable.units), variable.units)
        except UnitError as error:
            raise ForcingError(f"{variable.name}: {error}") from None
        if variable.role == "static":
            return np.broadcast_to(values, (self.ncol, self.layers))
        return values if step is None else values[0]

    def times(self) -> np.ndarray:
        """Length of every step [s], (time,). Raises ForcingError where it is not 60 s to 31 days."""
        if "time" not in self.file.variables:
            raise ForcingError(
                f"forcing {self.path.name} has no variable time; add one with CF units such as days since 2000-01-01"
            )
        time = self.file.variables["time"]
        units, calendar = getattr(time, "units", ""), getattr(time, "calendar", "standard")
        bounds = getattr(time, "bounds", "")
        try:
            if bounds in self.file.variables:
                dates = np.array(
                    netCDF4.num2date(np.asarray(self.file.variables[bounds][:]), units, calendar), dtype=object, ndmin=2
                )
                dt = np.array([(b - a).total_seconds() for a, b in dates])
            else:
                dates = np.array(netCDF4.num2date(np.asarray(time[:]), units, calendar), dtype=object, ndmin=1)
                dt = np.array([(b - a).total_seconds() for a, b in itertools.pairwise(dates)])
                dt = np.concatenate([dt[:1], dt]) if dt.size else dt
        except (ValueError, TypeError) as error:
            raise ForcingError(
                f"time has units {units!r} and calendar {calendar!r}, which cannot be read ({error}); use CF units"
            ) from None
        if not dt.size:
            raise ForcingError("time has one value and no bounds, so the step is unknown; add a second step or time bounds")
        bad = np.flatnonzero(~((dt >= STEP_SECONDS[0]) & (dt <= STEP_SECONDS[1])))
        if bad.size:
            raise ForcingError(f"time: step {bad[0] + 1} lasts {dt[bad[0]]:g} s; the library takes steps of 60 s to 31 days")
        return dt

    def static(self) -> dict[str, np.ndarray]:
        """All static properties the file holds, (column, soil_layer)."""
        return {v.name: self.read(v) for v in load_table().select("static") if v.name in self.names}

    def step(self, i: int) -> dict[str, np.ndarray]:
        """Forcing of step ``i`` by contract name."""
        return {v.name: self.read(v, i) for v in load_table().select("forcing") if v.name in self.names}

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def __enter__(self) -> Forcing:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def faults(variable: Variable, values: np.ndarray) -> tuple[str, str]:
    """(note, problem) of a variable's values: NaN, sentinels and negative water are problems, values out of range a note."""
    nan = int(np.isnan(values).sum())
    if nan:
        return "", f"{variable.name} holds {nan} missing values (NaN or fill) of {values.size}; fill them or set active = 0 there"
    infinite = int(np.isinf(values).sum())
    if infinite:
        return "", f"{variable.name} holds {infinite} infinite values; remove them"
    for sentinel in SENTINELS:
        count = int(np.isclose(values, sentinel, rtol=1e-6, atol=0).sum())
        if count:
            return (
                "",
                f"{variable.name} holds {count} times {sentinel:g}, a code for missing data; declare it as _FillValue or fill it",
            )
    if variable.name in WATER and values.min() < 0:
        return "", f"{variable.name} is negative ({values.min():g} {variable.units}); water amounts must be 0 or more"
    span = f"{values.min():.4g} to {values.max():.4g}"
    if variable.valid is not None:
        low, high = variable.valid
        outside = int(((values < low) | (values > high)).sum())
        if outside:
            return f"{outside} of {values.size} values outside {low:g} to {high:g} will be clipped ({span})", ""
    return span, ""


def inspect(path: Path) -> list[Finding]:
    """What a file holds of every input of the contract. Raises ForcingError where the file itself cannot be read."""
    findings = []
    with Forcing(path) as forcing:
        forcing.times()
        for v in [v for v in load_table().variables if v.role in ("static", "forcing")]:
            if v.name not in forcing.names:
                if v.default == "required":
                    text = f"{v.name} [{v.units}] is missing; add it ({v.long_name})"
                    findings.append(Finding(v, "", "missing", "", text))
                else:
                    note = v.note or "" if v.default == "derived" else f"{v.default:g}"
                    findings.append(Finding(v, "", "derived" if v.default == "derived" else "default", note))
                continue
            name = forcing.names[v.name]
            units = getattr(forcing.file.variables[name], "units", "")
            try:
                values = forcing.read(v)
            except ForcingError as error:
                findings.append(Finding(v, name, "wrong shape" if "has dims" in str(error) else "wrong unit", "", str(error)))
                continue
            note, problem = faults(v, values)
            status = "given" if units in ("", v.units) else "converted"
            origin = f"from {units}; " if status == "converted" else ""
            note = origin + note + ("" if units else "; no units given, taken as is")
            findings.append(Finding(v, name, status, note, problem))
    return findings
